//! System calls that NetBSD and OpenBSD share: each turns one question into one call, and returns the bytes or the error
//! number. Only they and the calls of `netbsd::live` and `openbsd::live` are unsafe.
#![allow(unsafe_code)]

use std::ffi::{CString, OsStr, c_int, c_void};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::ptr;
use std::time::Duration;

use crate::sys::bsd::ffi::filled;
pub(crate) use crate::sys::bsd::ffi::{about_interface, last_errno as errno};
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
