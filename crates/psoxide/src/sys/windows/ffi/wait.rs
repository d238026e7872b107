//! Waiting for any number of processes at the same time.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle as _, OwnedHandle};
use std::sync::mpsc::{Receiver, Sender, channel};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEONLYONCE,
};

use super::check;
use crate::{Error, Result};

/// Whom to tell, and of what.
struct Context {
    place: usize,
    tell: Sender<usize>,
}

/// A wait that the pool of threads has taken on.
struct Registered {
    wait: HANDLE,
    /// Freed when the wait is over.
    context: *mut Context,
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: the wait is registered; with this argument the call returns only when the callback is not running and
        // will not run, so that nobody uses the context any more.
        unsafe { UnregisterWaitEx(self.wait, INVALID_HANDLE_VALUE) };
        // SAFETY: it came from a box, once.
        drop(unsafe { Box::from_raw(self.context) });
    }
}

unsafe extern "system" fn ended(context: *mut c_void, _timed_out: bool) {
    // SAFETY: the context lives until the wait has been unregistered.
    let context = unsafe { &*context.cast::<Context>() };
    // Nobody listens any more when the time is over.
    let _ = context.tell.send(context.place);
}

/// The waits for all of `handles`, which the pool of threads shares among as few threads as it can; and where the place
/// of each that is signalled arrives.
pub(crate) fn each(handles: &[(usize, OwnedHandle)]) -> Result<(impl Drop + use<>, Receiver<usize>)> {
    let (tell, told) = channel();
    let mut waits = Vec::with_capacity(handles.len());
    for (place, handle) in handles {
        let context = Box::into_raw(Box::new(Context { place: *place, tell: tell.clone() }));
        let mut wait = std::ptr::null_mut();
        // SAFETY: the process handle is open and outlives the wait, as does the context.
        let answer = unsafe {
            RegisterWaitForSingleObject(
                &raw mut wait,
                handle.as_raw_handle(),
                Some(ended),
                context.cast(),
                INFINITE,
                WT_EXECUTEONLYONCE,
            )
        };
        if let Err(error) = check(answer) {
            // SAFETY: no wait took it on.
            drop(unsafe { Box::from_raw(context) });
            return Err(Error::io(io::Error::other(error)));
        }
        waits.push(Registered { wait, context });
    }
    Ok((Waits(waits), told))
}

/// All of them.
struct Waits(Vec<Registered>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.clear();
    }
}
