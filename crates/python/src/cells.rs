//! Values that threads share, in cells that a fork never leaves locked.
//!
//! A child process has only the thread that called fork. A lock that another thread held stays locked in the child, and
//! waiting for it never ends. PyO3's `PyOnceLock` and `intern!` are such locks: while they initialise themselves, other
//! threads can run Python and fork.

use std::sync::{Mutex, PoisonError};

use once_cell::race::OnceBox;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// A value that is made on first use. If two threads make it, the first value is kept. Nobody waits.
pub(crate) struct Lazy<T>(OnceBox<T>);

impl<T> Lazy<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceBox::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    /// Returns the existing value, or stores this one.
    pub(crate) fn get_or_keep(&self, value: T) -> &T {
        self.0.get_or_init(|| Box::new(value))
    }
}

/// A Python string that is made once, on first use.
pub(crate) struct Interned(&'static str, Lazy<Py<PyString>>);

impl Interned {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self(text, Lazy::new())
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
        let known = self.1.get().unwrap_or_else(|| self.1.get_or_keep(PyString::intern(py, self.0).unbind()));
        known.bind(py)
    }
}

/// Interns a string literal without waiting, in place of `pyo3::intern!`.
macro_rules! intern {
    ($py:expr, $text:literal) => {{
        static INTERNED: $crate::cells::Interned = $crate::cells::Interned::new($text);
        INTERNED.get($py)
    }};
}
pub(crate) use intern;

/// A value that one attached thread at a time uses, for a moment.
///
/// The interpreter forks only while no other attached thread runs. So a fork finds the lock free, provided that no
/// thread detaches while it holds the lock.
pub(crate) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Passes the value to `change`, which must not detach from the interpreter, and so must not run Python code.
    pub(crate) fn with<R>(&self, _py: Python<'_>, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
