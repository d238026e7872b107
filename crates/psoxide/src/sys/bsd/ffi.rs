//! The calls of all these systems that rustix does not wrap, or not safely.
#![allow(unsafe_code)]

#[cfg(any(target_os = "freebsd", target_os = "macos"))]
use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent};
use rustix::process::Pid as RawPid;

#[cfg(any(target_os = "freebsd", target_os = "macos"))]
use super::grow::grown;
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
use crate::sys::question::Answer;

/// The error number of the call that failed last.
pub(crate) fn last_errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Makes a kqueue report the end of a process.
pub(crate) fn watch(kqueue: BorrowedFd<'_>, pid: RawPid) -> rustix::io::Result<()> {
    let filter = EventFilter::Proc { pid, flags: ProcessEvents::EXIT };
    let event = Event::new(filter, EventFlags::ADD | EventFlags::ONESHOT, std::ptr::null_mut());
    let none: &mut [Event] = &mut [];
    // SAFETY: the event refers to a process, not to a descriptor.
    unsafe { kevent(kqueue, &[event], none, Some(Duration::ZERO)) }.map(drop)
}

/// Waits until some of the watched processes have ended, and returns them; none if the timeout is over.
pub(crate) fn ended(kqueue: BorrowedFd<'_>, timeout: Option<Duration>) -> rustix::io::Result<Vec<RawPid>> {
    let mut events = [const { MaybeUninit::<Event>::uninit() }; 64];
    // SAFETY: there is no event to register.
    let (events, _) = unsafe { kevent(kqueue, &[], &mut events, timeout) }?;
    let pid = |event: &Event| match event.filter() {
        EventFilter::Proc { pid, .. } => Some(pid),
        _ => None,
    };
    Ok(events.iter().filter_map(pid).collect())
}

/// Asks a sysctl by number. `expected` is the size of the answer, or 0 if the kernel has to return it first.
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
pub(crate) fn sysctl(mib: &[i32], expected: usize, slack: usize) -> Answer {
    // OpenBSD and macOS declare the name writable, and none writes to it.
    let mut mib = mib.to_vec();
    let Ok(length) = u32::try_from(mib.len()) else { return Err(libc::EINVAL) };
    grown(expected, slack, |buffer| {
        filled(buffer, |buffer, size| {
            // SAFETY: the name has `length` numbers. The kernel writes at most `size` bytes to `buffer`, which is null or
            // has as many, and sets `size` to the number. Nothing is set.
            unsafe { libc::sysctl(mib.as_mut_ptr(), length, buffer, size, std::ptr::null_mut(), 0) }
        })
    })
}

/// Asks a sysctl by name.
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
pub(crate) fn sysctl_by_name(name: &CStr, expected: usize, slack: usize) -> Answer {
    grown(expected, slack, |buffer| {
        filled(buffer, |buffer, size| {
            // SAFETY: the name ends with a NUL. The kernel writes at most `size` bytes to `buffer`, which is null or has
            // as many, and sets `size` to the number. Nothing is set.
            unsafe { libc::sysctlbyname(name.as_ptr(), buffer, size, std::ptr::null_mut(), 0) }
        })
    })
}

/// Calls `call` with a buffer and its size, or with neither. Returns the size that the kernel has set.
pub(crate) fn filled(
    buffer: Option<&mut [u8]>,
    call: impl FnOnce(*mut libc::c_void, *mut libc::size_t) -> libc::c_int,
) -> Result<usize, i32> {
    let (pointer, mut size) = match buffer {
        Some(buffer) => (buffer.as_mut_ptr().cast(), buffer.len()),
        None => (std::ptr::null_mut(), 0),
    };
    if call(pointer, &raw mut size) == 0 { Ok(size) } else { Err(last_errno()) }
}
