//! System calls that rustix lacks, or does not offer in the form needed here.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;

use rustix::process::Pid as RawPid;

use crate::sys::question::Answer;
use crate::{Error, Result};

/// Calls kill(2).
pub(crate) fn kill(pid: RawPid, signal: i32) -> Result<()> {
    // SAFETY: kill takes no pointers.
    let done = unsafe { libc::kill(pid.as_raw_pid(), signal) };
    if done == 0 { Ok(()) } else { Err(Error::io(io::Error::last_os_error())) }
}

/// Returns the name of a user in the C library's user database, by getpwuid_r(3). `ENOENT` means that no user has the
/// id.
pub(crate) fn user_name(uid: u32) -> Answer {
    const LARGEST: usize = 1 << 20;
    let mut buffer = vec![0u8; 1024];
    loop {
        let mut entry = MaybeUninit::<libc::passwd>::uninit();
        let mut found: *mut libc::passwd = std::ptr::null_mut();
        // SAFETY: the entry and the buffer are writable, and the length is the buffer's. The call sets `found` to the
        // entry or to null.
        let errno = unsafe {
            libc::getpwuid_r(uid, entry.as_mut_ptr(), buffer.as_mut_ptr().cast(), buffer.len(), &raw mut found)
        };
        match errno {
            0 if found.is_null() => return Err(libc::ENOENT),
            0 => {
                // SAFETY: `found` points to the entry, which the call has filled.
                let name = unsafe { (*found).pw_name };
                if name.is_null() {
                    return Err(libc::ENOENT);
                }
                // SAFETY: the name is a NUL-terminated text within the buffer.
                return Ok(unsafe { CStr::from_ptr(name) }.to_bytes().to_vec());
            }
            libc::EINTR => {}
            libc::ERANGE if buffer.len() < LARGEST => buffer.resize(buffer.len() * 4, 0),
            // getpwuid_r(3) lists these numbers in its NOTES as "not found".
            libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => return Err(libc::ENOENT),
            errno => return Err(errno),
        }
    }
}

/// Makes fork(2) call `prepare` before the fork, and afterwards `parent` and `child` in the thread that forked.
pub(crate) fn at_fork(
    prepare: unsafe extern "C" fn(),
    parent: unsafe extern "C" fn(),
    child: unsafe extern "C" fn(),
) -> io::Result<()> {
    // SAFETY: the functions belong to this program, and stay valid as long as it runs.
    match unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
