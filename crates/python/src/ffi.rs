//! Named tuples that are filled in place, without a call of Python and without a tuple to copy from.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::Object;

/// How this interpreter makes an instance of a subclass of `tuple`.
#[derive(Clone, Copy)]
pub(crate) enum Maker {
    /// Allocated, then filled: all that `tuple.__new__` does before Python 3.14.
    InPlace,
    /// By the slot behind `tuple.__new__`, as newer ones keep a hash in each tuple.
    Slot(ffi::newfunc),
}

impl Maker {
    pub(crate) fn of(py: Python<'_>) -> PyResult<Self> {
        if py.version_info() < (3, 14) {
            return Ok(Self::InPlace);
        }
        let tuple = py.get_type::<PyTuple>();
        // SAFETY: `tuple` is a type, and since Python 3.10 the types that are part of the interpreter may be asked too.
        let slot = unsafe { ffi::PyType_GetSlot(tuple.as_type_ptr(), ffi::Py_tp_new) };
        if slot.is_null() {
            return Err(PyErr::fetch(py));
        }
        // SAFETY: what is in the slot `tp_new` is a `newfunc`.
        Ok(Self::Slot(unsafe { std::mem::transmute::<*mut std::ffi::c_void, ffi::newfunc>(slot) }))
    }

    /// An instance of `class`, which is a subclass of `tuple` without a layout of its own.
    pub(crate) fn make<'py>(
        self,
        class: &Bound<'py, PyType>,
        values: impl IntoIterator<Item = Bound<'py, PyAny>, IntoIter: ExactSizeIterator>,
    ) -> Object<'py> {
        let py = class.py();
        let values = values.into_iter();
        let size = isize::try_from(values.len())?;
        let made = match self {
            // SAFETY: the class allocates its instances in this way, as `type` has made it; an instance with places
            // that are null may be dropped and visited by the collector.
            Self::InPlace => unsafe {
                Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class.as_type_ptr(), size))?
            },
            // SAFETY: a new tuple, or null and an exception.
            Self::Slot(_) => unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(size))? },
        };
        for (place, value) in (0..).zip(values) {
            // SAFETY: nobody else has the tuple yet. A place beyond its end is refused; the value is taken in any case.
            if unsafe { ffi::PyTuple_SetItem(made.as_ptr(), place, value.into_ptr()) } != 0 {
                return Err(PyErr::fetch(py));
            }
        }
        let made = match self {
            Self::InPlace => made,
            Self::Slot(new) => {
                let arguments = PyTuple::new(py, [made])?;
                // SAFETY: called as `tuple.__new__(class, made)` would call it.
                unsafe {
                    let made = new(class.as_type_ptr(), arguments.as_ptr(), std::ptr::null_mut());
                    Bound::from_owned_ptr_or_err(py, made)?
                }
            }
        };
        // Numbers, texts, members of enums and tuples of these lead nowhere: the collector, which comes by whenever some
        // hundreds of objects were made, need not look at them, as it does not at plain tuples of such.
        // SAFETY: it is an object of a type that is collected, is complete, and does not come into a ring later, as
        // tuples do not change.
        unsafe { ffi::PyObject_GC_UnTrack(made.as_ptr().cast()) };
        Ok(made)
    }
}

/// Which signals this thread blocks: pthread_sigmask(3).
#[cfg(unix)]
pub(crate) struct SignalMask(libc::sigset_t);

#[cfg(unix)]
impl SignalMask {
    /// Blocks these signals as well. Returns the mask from before.
    pub(crate) fn block(signals: &[i32]) -> Self {
        // SAFETY: a sigset_t is integers, of which zero is a value; each call only writes to the sets it is given. A
        // number that is no signal is refused and changes nothing.
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

    /// Blocks all signals but those of faults. Returns the mask from before.
    pub(crate) fn block_all() -> Self {
        const FAULTS: [i32; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL];
        // SAFETY: as above.
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

    /// Makes this the mask again. A pending signal that it lets through arrives before the call returns.
    pub(crate) fn restore(&self) {
        // SAFETY: the call only reads the set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }

    /// Sends this thread a signal.
    pub(crate) fn raise(signal: i32) {
        // SAFETY: raise takes any number; the handlers of Python may run at any time.
        unsafe { libc::raise(signal) };
    }
}

/// How poll(2) ended.
#[cfg(unix)]
pub(crate) enum PollEnd {
    Readable,
    TimedOut,
    Interrupted,
}

/// Waits with poll(2) until a descriptor is readable or closed at its other end.
#[cfg(unix)]
pub(crate) fn poll_in(fd: i32, timeout: std::time::Duration) -> std::io::Result<PollEnd> {
    let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // Rounded up: a timeout of less than a millisecond is not 0, with which callers would spin.
    let milliseconds = timeout.as_micros().div_ceil(1000);
    let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
    // SAFETY: one pollfd, which outlives the call. The kernel refuses a number that is no descriptor.
    match unsafe { libc::poll(&raw mut polled, 1, milliseconds) } {
        0 => Ok(PollEnd::TimedOut),
        found if found > 0 => Ok(PollEnd::Readable),
        _ => match std::io::Error::last_os_error() {
            error if error.kind() == std::io::ErrorKind::Interrupted => Ok(PollEnd::Interrupted),
            error => Err(error),
        },
    }
}
