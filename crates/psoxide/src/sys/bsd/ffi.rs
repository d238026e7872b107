//! The calls of all these systems that rustix does not wrap, or not safely.
#![allow(unsafe_code)]

use std::ffi::OsStr;
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
use std::path::Path;
use std::time::Duration;

use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::Pid as RawPid;

#[cfg(any(target_os = "freebsd", target_os = "macos"))]
use super::grow::grown;
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

/// Lists the mounted file systems by getfsstat(2), without asking the file systems themselves.
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
pub(crate) fn mounts() -> Answer {
    let size = size_of::<libc::statfs>();
    let mut room = 16usize;
    loop {
        let mut buffer = vec![0u8; room.saturating_mul(size)];
        let Ok(bytes) = buffer.len().try_into() else { return Err(libc::ENOMEM) };
        // SAFETY: the kernel writes whole records, at most `bytes` bytes. The buffer need not be aligned for it.
        let count = unsafe { libc::getfsstat(buffer.as_mut_ptr().cast(), bytes, libc::MNT_NOWAIT) };
        let Ok(count) = usize::try_from(count) else { return Err(last_errno()) };
        if count < room {
            buffer.truncate(count * size);
            return Ok(buffer);
        }
        room *= 2;
    }
}

/// Reads the file system of a path by statfs(2).
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
pub(crate) fn file_system(path: &Path) -> Answer {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    let mut buffer = vec![0u8; size_of::<libc::statfs>()];
    // SAFETY: the path ends with a NUL, and the kernel writes one record, as long as the buffer.
    let done = unsafe { libc::statfs(path.as_ptr(), buffer.as_mut_ptr().cast()) };
    if done == 0 { Ok(buffer) } else { Err(last_errno()) }
}

/// Asks `SIOCGIFMEDIA`, or a like request whose struct of `size` bytes begins with the interface's name.
pub(crate) fn about_interface(request: libc::c_ulong, name: &OsStr, size: usize) -> Answer {
    /// `IFNAMSIZ`, the last byte of which is a NUL.
    const NAME: usize = 16;
    let name = name.as_bytes();
    if name.len() >= NAME {
        return Err(libc::ENXIO);
    }
    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None).map_err(|errno| errno.raw_os_error())?;
    // Of numbers as wide as any in the struct, so that it is aligned.
    let mut words = vec![0u64; size.div_ceil(8)];
    for (word, bytes) in words.iter_mut().zip(name.chunks(8)) {
        let mut part = [0; 8];
        part.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        *word = u64::from_ne_bytes(part);
    }
    // SAFETY: the request reads and writes `size` bytes, which `words` has. Its own pointer and count are 0: no list of
    // media is wanted.
    let code = unsafe { libc::ioctl(socket.as_raw_fd(), request, words.as_mut_ptr()) };
    if code == -1 {
        return Err(last_errno());
    }
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_ne_bytes).collect();
    bytes.truncate(size);
    Ok(bytes)
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
