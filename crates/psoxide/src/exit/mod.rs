//! Runs functions at the end of the program, however it ends.
//!
//! An [`OnExit`] is a function that runs exactly once: when its [`Guard`] is dropped or finished, or when one of the
//! chosen signals arrives.
//!
//! ```
//! use psoxide::Signal;
//! use psoxide::exit::OnExit;
//!
//! # fn main() -> psoxide::Result<()> {
//! let guard = OnExit::new(|| println!("the terminal is as it was"))
//!     .signals([Signal::INT, Signal::TERM, Signal::HUP])
//!     .silent()
//!     .register()?;
//! // … the work of the program …
//! drop(guard); // or the end of the scope, or a panic
//! # Ok(())
//! # }
//! ```
//!
//! # What happens when a signal arrives
//!
//! 1. The handler only wakes a thread. The functions run in that thread, so they may do anything.
//! 2. Functions that chose this signal run, newest first. Then all other functions run, because the program ends.
//! 3. The program exits through [`std::process::exit`] with the signal's number as its status, or 1 if a function
//!    panicked or returned an error. With [`OnExit::die_by_signal`], and always for [`Signal::INT`] (so that shells see
//!    the interrupt), it ends by the signal itself, so that its parent sees it killed. Unflushed output is lost then.
//!
//! - A second signal changes nothing, because the program is already ending. A guard that is dropped during this time
//!   waits for the end of the program. Therefore a function must not wait for a thread that holds a guard.
//! - Handlers that were installed before still run when the signal arrives. A signal that is ignored (`nohup`) stays
//!   ignored. If no function is left for a signal, and it had no handler before, its default action is taken.
//! - In a forked child, signals have their previous handlers from its first instruction on, and none of the functions
//!   runs. The child can register its own functions.
//! - No function runs on `SIGKILL`, `SIGSTOP` and `_exit`, or if the program itself calls [`std::process::exit`].
//!
//! Windows has no signals, but notifies a console program. Ctrl+C arrives as [`Signal::INT`], Ctrl+Break as
//! `Signal::BREAK`, and the end of the console as [`Signal::HUP`]. The end of the session or of the machine arrives as
//! [`Signal::TERM`]. The last two leave a program some seconds. If no function is left, previous handlers run. A
//! program that dies by a signal exits with 0xC000013A, as after Ctrl+C. No function runs on `TerminateProcess`, which
//! is the only way to end a program that shares no console.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, ExitCode, Termination};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::{Result, Signal};

type Log = Box<dyn FnOnce(&str) + Send>;

/// A function to run at the end of the program, and the signals that trigger it. See the [module](self).
#[must_use = "nothing runs before `register`"]
pub struct OnExit<F> {
    fun: F,
    signals: Vec<Signal>,
    log: Option<Log>,
    die_by_signal: bool,
}

impl<F, T> OnExit<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Termination,
{
    /// Makes a function that runs at the end or on [`Signal::TERM`]. It logs the signal to standard error.
    ///
    /// The function fails if it panics or returns an error as `main` can ([`Termination`]). The error is printed.
    pub fn new(fun: F) -> Self {
        let log = |message: &str| {
            // If standard error is closed, the failure cannot be reported anywhere.
            let _ = writeln!(io::stderr(), "{message}");
        };
        Self { fun, signals: vec![Signal::TERM], log: Some(Box::new(log)), die_by_signal: false }
    }

    /// Replaces the signals. Without any, only the guard runs the function.
    pub fn signals(mut self, signals: impl IntoIterator<Item = Signal>) -> Self {
        self.signals = signals.into_iter().collect();
        self
    }

    /// Logs to `log` instead of standard error: `signal SIGTERM received by process with PID 42`.
    pub fn log(mut self, log: impl FnOnce(&str) + Send + 'static) -> Self {
        self.log = Some(Box::new(log));
        self
    }

    /// Logs nothing.
    pub fn silent(mut self) -> Self {
        self.log = None;
        self
    }

    /// Ends the program by the signal itself, so that its parent sees it killed by that signal.
    pub fn die_by_signal(mut self) -> Self {
        self.die_by_signal = true;
        self
    }

    /// Registers the function, which then runs when the program ends.
    ///
    /// # Errors
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) for a signal that cannot be caught or does not
    /// exist. Fails with [`Io`](crate::ErrorKind::Io) if the thread that waits for signals cannot be started. Nothing
    /// is registered then.
    pub fn register(self) -> Result<Guard> {
        let Self { fun, signals, log, die_by_signal } = self;
        let mut registry = registry();
        system::signals(&mut registry.watch, &signals)?;
        let id = registry.next_id;
        registry.next_id += 1;
        let fun = Box::new(move || fun().report() == ExitCode::SUCCESS);
        registry.entries.push(Entry { id, fun, signals, log, die_by_signal });
        Ok(Guard { id, owner: process::id() })
    }
}

/// Runs the function when dropped, unless a signal already ran it.
#[derive(Debug)]
#[must_use = "the function runs when the guard is dropped, which is at once if nobody holds it"]
pub struct Guard {
    id: u64,
    /// The pid of the process that registered the function. A forked child has a copy of the guard.
    owner: u32,
}

impl Guard {
    /// Runs the function now, and returns a status to end `main` with.
    pub fn finish(self) -> ExitCode {
        let done = self.run();
        std::mem::forget(self);
        if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn run(&self) -> bool {
        if process::id() != self.owner {
            return true;
        }
        let mut registry = registry();
        match registry.ending {
            Some(thread) if thread != thread::current().id() => wait_for_the_end(registry),
            _ => {}
        }
        let Some(index) = registry.entries.iter().position(|entry| entry.id == self.id) else {
            return true; // the thread that waits for signals has run it
        };
        let entry = registry.entries.remove(index);
        registry.running += 1;
        drop(registry);
        let done = entry.run();
        let mut registry = self::registry();
        // A child that the function forked has reset the counter.
        registry.running = registry.running.saturating_sub(1);
        drop(registry);
        IDLE.notify_all();
        done
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.run();
    }
}

struct Entry {
    id: u64,
    fun: Box<dyn FnOnce() -> bool + Send>,
    signals: Vec<Signal>,
    log: Option<Log>,
    die_by_signal: bool,
}

impl Entry {
    /// Runs the function. Returns whether it succeeded.
    fn run(self) -> bool {
        caught(self.fun).unwrap_or(false)
    }
}

/// Runs every function and ends the program. Returns if no function chose this signal.
fn run_all(signal: Signal) {
    let mut registry = registry();
    while registry.running > 0 && registry.ending.is_none() {
        registry = IDLE.wait(registry).unwrap_or_else(PoisonError::into_inner);
    }
    if registry.ending.is_some() {
        wait_for_the_end(registry);
    }
    if !registry.entries.iter().any(|entry| entry.signals.contains(&signal)) {
        return;
    }
    registry.ending = Some(thread::current().id());
    let all = std::mem::take(&mut registry.entries);
    drop(registry);

    let (chosen, others): (Vec<_>, Vec<_>) = all.into_iter().rev().partition(|entry| entry.signals.contains(&signal));
    let message = format!("signal {} received by process with PID {}", system::name(signal.0), process::id());
    let mut succeeded = true;
    let mut die = signal == Signal::INT;
    for mut entry in chosen {
        die |= entry.die_by_signal;
        if let Some(log) = entry.log.take() {
            succeeded &= caught(|| log(&message)).is_some();
        }
        succeeded &= entry.run();
    }
    for entry in others {
        succeeded &= entry.run();
    }
    if die {
        system::die_of(signal);
    }
    process::exit(if succeeded { signal.0 } else { 1 });
}

/// Waits forever, because another thread ends the program.
fn wait_for_the_end(registry: MutexGuard<'_, Registry>) -> ! {
    drop(registry);
    loop {
        thread::park();
    }
}

/// Returns the function's result, or `None` after a panic, which the panic hook has printed.
fn caught<T>(fun: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(fun)).ok()
}

/// The registered functions that have not run yet, oldest first.
struct Registry {
    entries: Vec<Entry>,
    next_id: u64,
    /// The number of guards that are running their function.
    running: usize,
    /// The thread that ends the program after a signal.
    ending: Option<ThreadId>,
    watch: Option<system::Watch>,
}

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { entries: Vec::new(), next_id: 0, running: 0, ending: None, watch: None });

/// Notified when a guard has run its function.
static IDLE: Condvar = Condvar::new();

/// Locks the registry. A poisoned lock is usable, because the registry is consistent between any two statements.
fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}
