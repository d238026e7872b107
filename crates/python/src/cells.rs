//! Values that threads share, in places that a fork never leaves locked.
//!
//! A child process has only the thread that forked. A lock or a once cell that another thread was in stays as it was, and
//! waiting for it never ends. PyO3's `PyOnceLock` and `intern!` are such cells: they let other threads run Python, which
//! may fork, while they fill themselves.

use std::sync::{Mutex, PoisonError};

use once_cell::race::OnceBox;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// A value that is made when first needed. Two threads may both make it; the first value is kept, and nobody waits.
pub(crate) struct Lazy<T>(OnceBox<T>);

impl<T> Lazy<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceBox::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    /// Returns the kept value, or keeps this one.
    pub(crate) fn get_or_keep(&self, value: T) -> &T {
        self.0.get_or_init(|| Box::new(value))
    }
}

/// A Python string that is made once.
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

/// Interns a string literal, as `pyo3::intern!` does, without waiting.
macro_rules! intern {
    ($py:expr, $text:literal) => {{
        static INTERNED: $crate::cells::Interned = $crate::cells::Interned::new($text);
        INTERNED.get($py)
    }};
}
pub(crate) use intern;

/// A value that one attached thread at a time uses, for a moment.
///
/// The interpreter forks while no other thread is attached, or at least none runs. So a fork finds the lock free, if no
/// thread detaches while it has the lock.
pub(crate) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Passes the value to `change`, which must not detach, and so not run Python.
    pub(crate) fn with<R>(&self, _py: Python<'_>, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
