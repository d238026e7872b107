//! System calls that NetBSD and OpenBSD share: each turns one question into one call, and returns the bytes or the error
//! number. Only they and the calls of `netbsd::live` and `openbsd::live` are unsafe.
#![allow(unsafe_code)]

use std::ffi::{CString, OsStr, c_int, c_void};
use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::ptr;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, socket};

use crate::sys::bsd::ffi::filled;
pub(crate) use crate::sys::bsd::ffi::last_errno as errno;
use crate::sys::bsd::grow::grown;
use crate::sys::posix::user_names;
use crate::sys::question::Answer;

/// How often a call is made again that another process disturbed.
const TRIES: usize = 16;
/// Enough bytes for everything but tables.
const FIRST: usize = 64 << 10;
/// How much more than a table's size is offered, as it may grow meanwhile.
const SLACK: usize = 16 << 10;

/// Asks a sysctl. `element` is the size of an element where the kernel wants their number as the last of `mib`.
pub(crate) fn sysctl(mib: &[c_int], element: Option<usize>) -> Answer {
    // Only of tables the kernel says reliably how large they are.
    let expected = if element.is_some() { 0 } else { FIRST };
    for _ in 0..TRIES {
        let answer = grown(expected, SLACK, |buffer| {
            let room = buffer.as_ref().map_or(0, |buffer| buffer.len());
            let count = element.map(|element| c_int::try_from(room / element.max(1)).unwrap_or(c_int::MAX));
            let mib: Vec<c_int> = mib.iter().copied().chain(count).collect();
            filled(buffer, |buffer, size| call_sysctl(&mib, buffer, size))
        });
        match answer {
            // Another process is just reading or replacing the same arguments.
            Err(libc::EBUSY | libc::EINTR) => std::thread::sleep(Duration::from_millis(1)),
            answer => return answer,
        }
    }
    Err(libc::EBUSY)
}

/// Calls sysctl(3) with `size` bytes at `buffer`.
pub(crate) fn call_sysctl(mib: &[c_int], buffer: *mut c_void, size: *mut usize) -> c_int {
    // No name is that long.
    let length = u32::try_from(mib.len()).unwrap_or(u32::MAX);
    // OpenBSD declares the name writable, and does not write to it.
    let mut mib = mib.to_vec();
    // SAFETY: the kernel reads `length` numbers of the name, and writes at most `size` bytes at `buffer`, which the callers
    // own, or none if it is null. Nothing is set.
    unsafe { libc::sysctl(mib.as_mut_ptr(), length, buffer, size, ptr::null_mut(), 0) }
}

/// Reads a file.
pub(crate) fn file(path: &str) -> Answer {
    fs::read(path).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))
}

/// A path or a name for a call.
pub(crate) fn c_string(text: &OsStr) -> Result<CString, i32> {
    CString::new(text.as_bytes()).map_err(|_| libc::EINVAL)
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
        *word = u64::from_le_bytes(part);
    }
    // SAFETY: the request reads and writes `size` bytes, which `words` has. Its own pointer and count are 0: no list of
    // media is wanted.
    let code = unsafe { libc::ioctl(socket.as_raw_fd(), request, words.as_mut_ptr()) };
    if code == -1 {
        return Err(errno());
    }
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
    bytes.truncate(size);
    Ok(bytes)
}

/// Fills a buffer with as many structs of `size` bytes as `count` says; `fill` returns how many it wrote.
pub(crate) fn structs(size: usize, count: impl Fn() -> c_int, fill: impl Fn(*mut c_void, usize) -> c_int) -> Answer {
    for _ in 0..TRIES {
        let Ok(expected) = usize::try_from(count()) else { return Err(errno()) };
        // One more shows whether there are more by now.
        let room = expected.saturating_add(1);
        let mut words = vec![0u64; room.saturating_mul(size).div_ceil(8)];
        let Ok(written) = usize::try_from(fill(words.as_mut_ptr().cast(), room)) else { return Err(errno()) };
        if written < room {
            let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
            bytes.truncate(written.saturating_mul(size));
            return Ok(bytes);
        }
    }
    Err(libc::EAGAIN)
}

/// Finds the name of a user.
pub(crate) fn user_name(uid: &OsStr) -> Answer {
    user_names::name(uid.to_str().and_then(|uid| uid.parse().ok()).ok_or(libc::EINVAL)?)
}
