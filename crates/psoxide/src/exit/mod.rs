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
//! 1. The handler wakes a thread; nothing else runs in the handler, so the functions may do anything.
//! 2. Functions that chose this signal run, the newest first; then all the others, as the program is about to end.
//! 3. The program exits through [`std::process::exit`] with the signal's number as its status, or 1 when a function
//!    panicked or returned an error. With [`OnExit::die_by_signal`], and always for [`Signal::INT`] (so that shells
//!    see the interrupt), it ends by the signal itself, so that its parent sees it killed; what the program has not
//!    flushed is lost then.
//!
//! - A second signal changes nothing, because the program is already ending. A guard dropped meanwhile waits for the end,
//!   so a function must not wait for a thread that holds a guard.
//! - Handlers that were there before still run, when the signal arrives. A signal that is ignored (`nohup`) stays
//!   ignored. When no function is left for a signal and it had no handler before, its default action is taken.
//! - In a forked child signals mean what they meant before, from its first instruction on, and none of the functions
//!   runs. The child can register its own.
//! - No function runs on `SIGKILL`, `SIGSTOP`, `_exit`, and [`std::process::exit`] called by the program itself.
//!
//! Windows has no signals, but notifies a console program: Ctrl+C arrives as [`Signal::INT`], Ctrl+Break as
//! `Signal::BREAK`, the end of the console as [`Signal::HUP`], and the end of the session or of the machine as
//! [`Signal::TERM`]; the last two leave a program some seconds. Handlers that were there before run where no function
//! is left, and a program that dies by a signal exits with 0xC000013A, as one that Ctrl+C ends.
//! No function runs on `TerminateProcess`, the only way to end a program that shares no console.

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
    /// Makes a function that runs at the end or on [`Signal::TERM`], and logs the signal to standard error.
    ///
    /// The function fails if it panics or returns a value that [`main`](Termination) would fail with. An error is printed.
    pub fn new(fun: F) -> Self {
        let log = |message: &str| {
            // There is nowhere left to say that standard error is closed.
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

    /// Registers the function: from now on it runs when the program ends.
    ///
    /// # Errors
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) for a signal that cannot be caught or does not exist, and
    /// with [`Io`](crate::ErrorKind::Io) if the system refuses the thread that waits for signals. Nothing is registered
    /// then.
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

/// Runs the function when dropped, unless a signal already did.
#[derive(Debug)]
#[must_use = "the function runs when the guard is dropped, which is at once if nobody holds it"]
pub struct Guard {
    id: u64,
    /// The process that registered the function. A forked child has a copy of the guard.
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
            return true; // its turn came in the thread that waits for signals
        };
        let entry = registry.entries.remove(index);
        registry.running += 1;
        drop(registry);
        let done = entry.run();
        let mut registry = self::registry();
        // A child that the function forked starts from 0.
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
    /// Whether the function succeeded.
    fn run(self) -> bool {
        caught(self.fun).unwrap_or(false)
    }
}

/// Runs every function and ends the program. Returns if no function is for this signal.
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

/// Waits for ever: another thread ends the program.
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
    /// Number of guards that run their function now.
    running: usize,
    /// The thread that ends the program after a signal.
    ending: Option<ThreadId>,
    watch: Option<system::Watch>,
}

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { entries: Vec::new(), next_id: 0, running: 0, ending: None, watch: None });

/// Notified when no guard runs its function any more.
static IDLE: Condvar = Condvar::new();

/// Locks the registry. It is consistent between any two statements, so a panic elsewhere does not matter.
fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}
