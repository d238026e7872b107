//! Functions that run at the end of the program, however it ends.
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
//! - A second signal changes nothing: the program is ending already. A guard dropped meanwhile waits for the end, so a
//!   function must not wait for a thread that holds a guard.
//! - Handlers that were there before still run, when the signal arrives. A signal that is ignored (`nohup`) stays
//!   ignored. When no function is left for a signal and it had no handler before, its default action is taken.
//! - In a forked child signals mean what they meant before, from its first instruction on, and none of the functions
//!   runs. The child can register its own.
//! - Out of reach: `SIGKILL`, `SIGSTOP`, `_exit`, and [`std::process::exit`] called by the program itself.
//!
//! Windows has no signals, but tells a program of a console: Ctrl+C arrives as [`Signal::INT`], Ctrl+Break as
//! `Signal::BREAK`, the end of the console as [`Signal::HUP`], and the end of the session or of the machine as
//! [`Signal::TERM`]; the last two leave a program some seconds. Handlers that were there before run where no function
//! is left, and a program that dies by a signal exits with 0xC000013A, as one that Ctrl+C ends.
//! `TerminateProcess`, which is all that one program can do to another that shares no console, is out of reach.

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

/// A function to run at the end, and when. See the [module](self).
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
    /// `fun` runs at the end or on [`Signal::TERM`], which is then told on standard error.
    ///
    /// It failed if it panics or returns what [`main`](Termination) would fail with; an error is printed.
    pub fn new(fun: F) -> Self {
        let log = |message: &str| {
            // There is nowhere left to say that standard error is closed.
            let _ = writeln!(io::stderr(), "{message}");
        };
        Self { fun, signals: vec![Signal::TERM], log: Some(Box::new(log)), die_by_signal: false }
    }

    /// Runs it on these signals instead; on none, the guard alone runs it.
    pub fn signals(mut self, signals: impl IntoIterator<Item = Signal>) -> Self {
        self.signals = signals.into_iter().collect();
        self
    }

    /// Tells `log` instead of standard error: `signal SIGTERM received by process with PID 42`.
    pub fn log(mut self, log: impl FnOnce(&str) + Send + 'static) -> Self {
        self.log = Some(Box::new(log));
        self
    }

    /// Tells nobody.
    pub fn silent(mut self) -> Self {
        self.log = None;
        self
    }

    /// Ends the program by the signal itself, so that its parent sees it killed by that signal.
    pub fn die_by_signal(mut self) -> Self {
        self.die_by_signal = true;
        self
    }

    /// From here on the function runs when the program ends.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for signals that cannot be caught and numbers that are none;
    /// [`Io`](crate::ErrorKind::Io) if the system refuses the thread that waits for signals. Nothing is registered
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

/// Runs its function when it is dropped, unless a signal has done so.
#[derive(Debug)]
#[must_use = "the function runs when the guard is dropped, which is at once if nobody holds it"]
pub struct Guard {
    id: u64,
    /// The process whose end is meant; a forked child has a copy of the guard.
    owner: u32,
}

impl Guard {
    /// Runs the function now; what it came to is a status to end `main` with.
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

/// Runs every function and ends the program; returns if none is for this signal.
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

/// Another thread ends the program.
fn wait_for_the_end(registry: MutexGuard<'_, Registry>) -> ! {
    drop(registry);
    loop {
        thread::park();
    }
}

/// What `fun` returns, `None` if it panics; the panic hook has printed that.
fn caught<T>(fun: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(fun)).ok()
}

/// The functions of this program that have not run yet, oldest first.
struct Registry {
    entries: Vec<Entry>,
    next_id: u64,
    /// How many guards are at work.
    running: usize,
    /// The thread that ends the program, once a signal has come.
    ending: Option<ThreadId>,
    watch: Option<system::Watch>,
}

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { entries: Vec::new(), next_id: 0, running: 0, ending: None, watch: None });

/// Notified when no guard is at work any more.
static IDLE: Condvar = Condvar::new();

/// The registry is whole between any two statements, so a panic elsewhere does not matter.
fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}
