//! Files that another process has open.

use std::ffi::OsString;
use std::fs::File;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_NAME_NORMALIZED, FILE_TYPE_DISK, GetFileType, GetFinalPathNameByHandleW, VOLUME_NAME_DOS,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::disk::owned;
use super::{check, length, text};
use crate::{Error, Result};

/// A handle of another process as one of this; whatever it is, it is only closed or asked for its path.
pub(crate) fn duplicate(process: BorrowedHandle<'_>, handle: u64) -> Result<File> {
    let handle: HANDLE = ptr::without_provenance_mut(usize::try_from(handle).unwrap_or(0));
    let mut own = ptr::null_mut();
    // SAFETY: the process handle is open, the other one is only looked up there, and the new one is alive.
    let answer = unsafe {
        let me = GetCurrentProcess();
        DuplicateHandle(process.as_raw_handle(), handle, me, &raw mut own, 0, 0, DUPLICATE_SAME_ACCESS)
    };
    check(answer).map_err(Error::io)?;
    // SAFETY: the handle is new and nobody else's.
    Ok(unsafe { owned(own) })
}

/// The path of a file on a disk; `None` for all else. It may wait for as long as a pipe has nothing to say.
pub(crate) fn file_path(file: &File) -> Option<OsString> {
    // SAFETY: the handle is open.
    if unsafe { GetFileType(file.as_raw_handle()) } != FILE_TYPE_DISK {
        return None;
    }
    let mut room = vec![0; 512];
    loop {
        let flags = FILE_NAME_NORMALIZED | VOLUME_NAME_DOS;
        // SAFETY: the handle is open, and the buffer has as many units as told.
        let units = unsafe { GetFinalPathNameByHandleW(file.as_raw_handle(), room.as_mut_ptr(), length(&room), flags) }
            as usize;
        match units {
            0 => return None,
            // Too small: the number counts the NUL.
            needed if needed >= room.len() && room.len() < 1 << 16 => room.resize(needed + 1, 0),
            _ => return Some(text(room.get(..units).unwrap_or(&room))),
        }
    }
}
