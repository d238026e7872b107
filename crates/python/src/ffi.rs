//! Fills named tuples in place, without calling Python code and without copying a tuple. Also blocks signals and polls.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::Object;

/// The way in which this interpreter makes an instance of a subclass of `tuple`.
#[derive(Clone, Copy)]
pub(crate) enum Maker {
    /// Allocates the instance and fills it, which is all that `tuple.__new__` does before Python 3.14.
    InPlace,
    /// Calls the slot behind `tuple.__new__`, because newer interpreters store a hash in each tuple.
    Slot(ffi::newfunc),
}

impl Maker {
    pub(crate) fn of(py: Python<'_>) -> PyResult<Self> {
        if py.version_info() < (3, 14) {
            return Ok(Self::InPlace);
        }
        let tuple = py.get_type::<PyTuple>();
        // SAFETY: `tuple` is a type. Since Python 3.10 PyType_GetSlot accepts static types too.
        let slot = unsafe { ffi::PyType_GetSlot(tuple.as_type_ptr(), ffi::Py_tp_new) };
        if slot.is_null() {
            return Err(PyErr::fetch(py));
        }
        // SAFETY: the slot `tp_new` holds a `newfunc`.
        Ok(Self::Slot(unsafe { std::mem::transmute::<*mut std::ffi::c_void, ffi::newfunc>(slot) }))
    }

    /// Makes an instance of `class`, a subclass of `tuple` that adds nothing to its layout.
    pub(crate) fn make<'py>(
        self,
        class: &Bound<'py, PyType>,
        values: impl IntoIterator<Item = Bound<'py, PyAny>, IntoIter: ExactSizeIterator>,
    ) -> Object<'py> {
        let py = class.py();
        let values = values.into_iter();
        let size = isize::try_from(values.len())?;
        let made = match self {
            // SAFETY: `type` made the class, so this is its allocator. The collector may visit, and a drop may free, a
            // tuple whose items are still null.
            Self::InPlace => unsafe {
                Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class.as_type_ptr(), size))?
            },
            // SAFETY: PyTuple_New returns a new tuple, or null with an exception set.
            Self::Slot(_) => unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(size))? },
        };
        for (place, value) in (0..).zip(values) {
            // SAFETY: no other reference to the tuple exists yet. The call checks the index, and takes the value in any
            // case.
            if unsafe { ffi::PyTuple_SetItem(made.as_ptr(), place, value.into_ptr()) } != 0 {
                return Err(PyErr::fetch(py));
            }
        }
        let made = match self {
            Self::InPlace => made,
            Self::Slot(new) => {
                let arguments = PyTuple::new(py, [made])?;
                // SAFETY: these are the arguments with which `tuple.__new__(class, made)` calls the slot.
                unsafe {
                    let made = new(class.as_type_ptr(), arguments.as_ptr(), std::ptr::null_mut());
                    Bound::from_owned_ptr_or_err(py, made)?
                }
            }
        };
        // Numbers, strings, enum members and tuples of these are in no reference cycle. Untracking spares the
        // collector, which runs every few hundred allocations, from visiting them. Python untracks plain tuples in the
        // same way.
        // SAFETY: the object's type supports collection and the object is complete. Tuples do not change, so it cannot
        // get into a cycle later.
        unsafe { ffi::PyObject_GC_UnTrack(made.as_ptr().cast()) };
        Ok(made)
    }
}

/// The signals that a thread blocks, see pthread_sigmask(3).
#[cfg(unix)]
pub(crate) struct SignalMask(libc::sigset_t);

#[cfg(unix)]
impl SignalMask {
    /// Blocks these signals in addition. Returns the previous mask.
    pub(crate) fn block(signals: &[i32]) -> Self {
        // SAFETY: a sigset_t consists of integers, for which zero is a value. Each call writes only to the sets that it
        // is given. It refuses a number that is not a signal and changes nothing.
        unsafe {
            let (mut set, mut before) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigemptyset(&raw mut set);
            for signal in signals {
                libc::sigaddset(&raw mut set, *signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before);
            Self(before)
        }
    }

    /// Blocks all signals except those of faults. Returns the previous mask.
    pub(crate) fn block_all() -> Self {
        const FAULTS: [i32; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL];
        // SAFETY: as in `block`.
        unsafe {
            let (mut set, mut before) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigfillset(&raw mut set);
            for signal in FAULTS {
                libc::sigdelset(&raw mut set, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before);
            Self(before)
        }
    }

    /// Restores this mask. A pending signal that it permits arrives before the call returns.
    pub(crate) fn restore(&self) {
        // SAFETY: the call only reads the set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }

    /// Sends a signal to the calling thread.
    pub(crate) fn raise(signal: i32) {
        // SAFETY: raise accepts any number. Python's signal handlers may run at any time.
        unsafe { libc::raise(signal) };
    }
}

/// The result of poll(2).
#[cfg(unix)]
pub(crate) enum PollEnd {
    Readable,
    TimedOut,
    Interrupted,
}

/// Waits with poll(2) until a descriptor is readable, or its other end is closed.
#[cfg(unix)]
pub(crate) fn poll_in(fd: i32, timeout: std::time::Duration) -> std::io::Result<PollEnd> {
    let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // Rounded up: a timeout below one millisecond must not become 0, because callers would spin.
    let milliseconds = timeout.as_micros().div_ceil(1000);
    let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
    // SAFETY: there is one pollfd, which outlives the call. The kernel refuses a number that is not a descriptor.
    match unsafe { libc::poll(&raw mut polled, 1, milliseconds) } {
        0 => Ok(PollEnd::TimedOut),
        found if found > 0 => Ok(PollEnd::Readable),
        _ => match std::io::Error::last_os_error() {
            error if error.kind() == std::io::ErrorKind::Interrupted => Ok(PollEnd::Interrupted),
            error => Err(error),
        },
    }
}
