//! Waits for any number of processes at the same time.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle};
use std::sync::mpsc::{Receiver, Sender, channel};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEONLYONCE,
};

use super::check;

/// The argument of a wait's callback: the position of the handle, and the channel to report it.
struct Context {
    place: usize,
    tell: Sender<usize>,
}

/// A wait that is registered with the system's thread pool.
struct Registered {
    wait: HANDLE,
    /// Freed when the wait has been unregistered.
    context: *mut Context,
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: the wait is registered. With this argument the call returns only when the callback is not running and
        // will not run, so nobody uses the context any more.
        unsafe { UnregisterWaitEx(self.wait, INVALID_HANDLE_VALUE) };
        // SAFETY: the pointer came from a box, and is freed once.
        drop(unsafe { Box::from_raw(self.context) });
    }
}

unsafe extern "system" fn ended(context: *mut c_void, _timed_out: bool) {
    // SAFETY: the context lives until the wait has been unregistered.
    let context = unsafe { &*context.cast::<Context>() };
    // After the timeout nobody receives any more.
    let _ = context.tell.send(context.place);
}

/// The result of [`each`]: the waits, and the channel on which positions arrive.
pub(in super::super) type Waiting<'a> = (Waits<'a>, Receiver<usize>);

/// Waits for all of `handles`. The system's thread pool distributes them over as few threads as it can. When a handle
/// is signalled, its position is sent to the receiver.
pub(in super::super) fn each<'a>(
    handles: impl Iterator<Item = (usize, BorrowedHandle<'a>)>,
) -> Result<Waiting<'a>, i32> {
    let (tell, told) = channel();
    let mut waits = Waits(Vec::new(), PhantomData);
    for (place, handle) in handles {
        let context = Box::into_raw(Box::new(Context { place, tell: tell.clone() }));
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
            // SAFETY: the registration failed, so nobody else has the context.
            drop(unsafe { Box::from_raw(context) });
            return Err(error);
        }
        waits.0.push(Registered { wait, context });
    }
    Ok((waits, told))
}

/// All registered waits. They end before the handles are closed.
pub(in super::super) struct Waits<'a>(Vec<Registered>, PhantomData<BorrowedHandle<'a>>);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}
