//! Signals during a fork, for `psoxide.exit`.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;

use crate::ffi::SignalMask;

/// Holds signals back in the thread that forks.
///
/// `begin`, `in_parent` and `in_child` are hooks for `os.register_at_fork`. They are native because a Python hook gives
/// the interpreter a chance to run signal handlers, and the interpreter discards what a hook raises.
#[pyclass(frozen, module = "psoxide._psoxide")]
pub(crate) struct ForkWindow {
    signals: Mutex<Vec<i32>>,
}

/// A fork that this thread has begun.
struct Fork {
    before: SignalMask,
    /// Signals whose Python handler was called meanwhile.
    postponed: Vec<i32>,
}

thread_local! {
    /// A stack, as each copy of the package has a window of its own.
    static FORKS: RefCell<Vec<Fork>> = const { RefCell::new(Vec::new()) };
}

impl ForkWindow {
    fn signals(&self) -> std::sync::MutexGuard<'_, Vec<i32>> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl ForkWindow {
    #[new]
    fn new() -> Self {
        Self { signals: Mutex::new(Vec::new()) }
    }

    /// Holds this signal back in forks to come.
    fn watch(&self, signal: i32) {
        let mut signals = self.signals();
        if !signals.contains(&signal) {
            signals.push(signal);
        }
    }

    /// Blocks the watched signals in this thread.
    fn begin(&self) {
        let before = SignalMask::block(&self.signals());
        FORKS.with_borrow_mut(|forks| forks.push(Fork { before, postponed: Vec::new() }));
    }

    /// Whether this thread is forking. The signal is then sent again by `in_parent`.
    fn postpone(&self, signal: i32) -> bool {
        FORKS.with_borrow_mut(|forks| forks.last_mut().map(|fork| fork.postponed.push(signal))).is_some()
    }

    /// Lets the signals through. The interpreter calls their handlers once it is back from the hooks.
    fn in_parent(&self) {
        if let Some(fork) = FORKS.with_borrow_mut(Vec::pop) {
            fork.before.restore();
            fork.postponed.into_iter().for_each(SignalMask::raise);
        }
    }

    /// Lets the signals through. What was postponed was the parent's.
    fn in_child(&self) {
        if let Some(fork) = FORKS.with_borrow_mut(Vec::pop) {
            fork.before.restore();
        }
    }
}
