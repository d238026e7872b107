//! libproc: one process.

use crate::Pid;
use crate::sys::bsd::ffi::last_errno;
use crate::sys::question::Answer;

/// Sets the error number to 0. libproc returns 0 for a failure and for an empty answer, and only a failure sets the number.
fn clear_errno() {
    // SAFETY: the function returns the address of this thread's error number.
    unsafe { *libc::__error() = 0 };
}

/// proc_pidinfo(3) of a record of `size` bytes.
pub(super) fn info(pid: Pid, flavor: i32, argument: u64, size: usize) -> Answer {
    let mut buffer = vec![0u8; size];
    let Ok(length) = i32::try_from(size) else { return Err(libc::EINVAL) };
    clear_errno();
    // SAFETY: the kernel writes at most `length` bytes to the buffer.
    let written =
        unsafe { libc::proc_pidinfo(pid.cast_signed(), flavor, argument, buffer.as_mut_ptr().cast(), length) };
    written_part(buffer, written)
}

/// proc_pidinfo(3) of a list, with room for what is added meanwhile.
pub(super) fn list(pid: Pid, flavor: i32, record: usize) -> Answer {
    let mut room = 64usize;
    loop {
        let size = room.saturating_mul(record);
        let answer = info(pid, flavor, 0, size)?;
        // A full buffer may have lost the end of the list.
        if answer.len() < size || room > 1 << 20 {
            return Ok(answer);
        }
        room *= 4;
    }
}

/// proc_pidfdinfo(3)
pub(super) fn file_info(pid: Pid, fd: i32, flavor: i32, size: usize) -> Answer {
    let mut buffer = vec![0u8; size];
    let Ok(length) = i32::try_from(size) else { return Err(libc::EINVAL) };
    clear_errno();
    // SAFETY: the kernel writes at most `length` bytes to the buffer.
    let written = unsafe { libc::proc_pidfdinfo(pid.cast_signed(), fd, flavor, buffer.as_mut_ptr().cast(), length) };
    written_part(buffer, written)
}

/// proc_pidpath(3)
pub(super) fn path(pid: Pid) -> Answer {
    let mut buffer = vec![0u8; 4096];
    let length = u32::try_from(buffer.len()).map_err(|_| libc::EINVAL)?;
    clear_errno();
    // SAFETY: the kernel writes at most `length` bytes to the buffer.
    let written = unsafe { libc::proc_pidpath(pid.cast_signed(), buffer.as_mut_ptr().cast(), length) };
    written_part(buffer, written)
}

/// What a call of libproc wrote. It returns 0, or less, for a failure.
fn written_part(mut buffer: Vec<u8>, written: libc::c_int) -> Answer {
    match usize::try_from(written) {
        Ok(written) if written > 0 => {
            buffer.truncate(written);
            Ok(buffer)
        }
        _ => match last_errno() {
            // An empty list is no failure.
            0 => Ok(Vec::new()),
            errno => Err(errno),
        },
    }
}

/// proc_pid_rusage(3) of a version.
pub(super) fn usage(pid: Pid, version: u8) -> Answer {
    // Version 6 is the longest.
    let mut buffer = vec![0u8; 464];
    // SAFETY: no version up to 6 has more bytes than the buffer. The parameter's type is a pointer to a pointer, but the
    // function writes the record to where it points.
    let done = unsafe { libc::proc_pid_rusage(pid.cast_signed(), version.into(), buffer.as_mut_ptr().cast()) };
    if done != 0 {
        return Err(last_errno());
    }
    if version < 6 {
        buffer.truncate(296);
    }
    Ok(buffer)
}
