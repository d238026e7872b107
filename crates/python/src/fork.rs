//! Hooks that keep locks and signals usable when the process forks.

use std::cell::RefCell;

use pyo3::prelude::*;

use crate::cells::{Shared, intern};
use crate::ffi::SignalMask;

/// Hooks for `os.register_at_fork`.
///
/// They are native because the interpreter may run signal handlers during a Python hook, and it discards their
/// exceptions.
#[pyclass(frozen, module = "psoxide._psoxide")]
pub(crate) struct ForkHooks {
    /// Signals to block during a fork.
    signals: Shared<Vec<i32>>,
    /// Python locks that the forking thread acquires, innermost first.
    locks: Shared<Vec<Py<PyAny>>>,
    /// Functions that the child calls.
    functions: Shared<Vec<Py<PyAny>>>,
}

/// A fork that has begun on this thread.
struct Fork {
    before: SignalMask,
    /// Signals whose Python handler ran during the fork.
    postponed: Vec<i32>,
    locks: Vec<Py<PyAny>>,
}

thread_local! {
    /// The forks in progress. This is a stack, because several sets of hooks can be registered.
    static FORKS: RefCell<Vec<Fork>> = const { RefCell::new(Vec::new()) };
}

impl Fork {
    /// Releases the locks that were acquired for the fork.
    fn release(&mut self, py: Python<'_>) {
        for lock in self.locks.drain(..) {
            report(py, lock.call_method0(py, intern!(py, "release")));
        }
    }
}

/// Acquires a lock. No signal handler interrupts the wait for it.
fn acquire(py: Python<'_>, lock: &Py<PyAny>) -> PyResult<()> {
    let acquire = lock.bind(py).getattr(intern!(py, "acquire"))?;
    if !acquire.call1((false,))?.is_truthy()? {
        let before = SignalMask::block_all();
        let acquired = acquire.call0();
        before.restore();
        acquired?;
    }
    Ok(())
}

/// Reports the exception of a hook as unraisable, because a hook has no caller that could catch it.
fn report<T>(py: Python<'_>, result: PyResult<T>) {
    if let Err(error) = result {
        error.write_unraisable(py, None);
    }
}

#[pymethods]
impl ForkHooks {
    #[new]
    fn new() -> Self {
        Self { signals: Shared::new(Vec::new()), locks: Shared::new(Vec::new()), functions: Shared::new(Vec::new()) }
    }

    /// Blocks this signal during future forks.
    fn watch(&self, py: Python<'_>, signal: i32) {
        self.signals.with(py, |signals| {
            if !signals.contains(&signal) {
                signals.push(signal);
            }
        });
    }

    /// Makes forks wait for a reentrant lock. A thread that holds it must not wait for a lock that was passed later.
    fn hold(&self, py: Python<'_>, lock: Py<PyAny>) {
        self.locks.with(py, |locks| locks.push(lock));
    }

    /// Calls this function in future children.
    fn call_in_child(&self, py: Python<'_>, function: Py<PyAny>) {
        self.functions.with(py, |functions| functions.push(function));
    }

    /// Blocks the watched signals in this thread, and acquires the locks.
    fn before(&self, py: Python<'_>) {
        let before = SignalMask::block(&self.signals.with(py, |signals| signals.clone()));
        let wanted: Vec<Py<PyAny>> = self.locks.with(py, |locks| locks.iter().map(|lock| lock.clone_ref(py)).collect());
        let mut locks = Vec::with_capacity(wanted.len());
        for lock in wanted.into_iter().rev() {
            match acquire(py, &lock) {
                Ok(()) => locks.insert(0, lock),
                Err(error) => error.write_unraisable(py, None),
            }
        }
        FORKS.with_borrow_mut(|forks| forks.push(Fork { before, postponed: Vec::new(), locks }));
    }

    /// Returns whether this thread is forking. `in_parent` then sends the signal again.
    fn postpone(&self, signal: i32) -> bool {
        FORKS.with_borrow_mut(|forks| forks.last_mut().map(|fork| fork.postponed.push(signal))).is_some()
    }

    /// Releases the locks and unblocks the signals. The interpreter runs their handlers after the hooks.
    fn in_parent(&self, py: Python<'_>) {
        if let Some(mut fork) = FORKS.with_borrow_mut(Vec::pop) {
            fork.release(py);
            fork.before.restore();
            fork.postponed.into_iter().for_each(SignalMask::raise);
        }
    }

    /// Releases the locks, calls the functions and unblocks the signals. Postponed signals were the parent's.
    fn in_child(&self, py: Python<'_>) {
        let Some(mut fork) = FORKS.with_borrow_mut(Vec::pop) else { return };
        fork.release(py);
        let functions: Vec<Py<PyAny>> =
            self.functions.with(py, |functions| functions.iter().map(|function| function.clone_ref(py)).collect());
        for function in functions {
            report(py, function.call0(py));
        }
        // Unblocked last, so that a signal to the child finds the child's handlers.
        fork.before.restore();
    }
}
