//! Drives, volumes and disks.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _};
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    FindFirstVolumeW, FindNextVolumeW, FindVolumeClose, GetDiskFreeSpaceExW, GetDriveTypeW, GetLogicalDrives,
    GetVolumeInformationW, GetVolumePathNamesForVolumeNameW, QueryDosDeviceW,
};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::{DISK_PERFORMANCE, IOCTL_DISK_PERFORMANCE};

use super::process::too_small;
use super::{Answer, Filled, check, fill, last_error, length, size_of, text, texts, wide};
use crate::{Error, Result};

/// The last field that `psoxide_parse` takes apart.
const _: () = assert!(std::mem::offset_of!(DISK_PERFORMANCE, WriteCount) == 44);

/// What a drive is: `GetDriveType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drive {
    Unknown,
    NoRoot,
    Removable,
    Fixed,
    Remote,
    Cdrom,
    RamDisk,
}

/// The letters that are in use, and what is there.
pub(crate) fn drives() -> Vec<(OsString, Drive)> {
    // SAFETY: it takes nothing and returns bits.
    let letters = unsafe { GetLogicalDrives() };
    let used = (b'A'..=b'Z').enumerate().filter(|(bit, _)| letters >> bit & 1 == 1);
    used.map(|(_, letter)| OsString::from(format!("{}:\\", char::from(letter))))
        .map(|root| {
            let name = wide(&root);
            // SAFETY: the name is a terminated text.
            let kind = match unsafe { GetDriveTypeW(name.as_ptr()) } {
                1 => Drive::NoRoot,
                2 => Drive::Removable,
                3 => Drive::Fixed,
                4 => Drive::Remote,
                5 => Drive::Cdrom,
                6 => Drive::RamDisk,
                _ => Drive::Unknown,
            };
            (root, kind)
        })
        .collect()
}

/// Type of the file system and its flags; an error where no medium is in.
pub(crate) fn volume_information(root: &OsStr) -> Result<(OsString, u32)> {
    let name = wide(root);
    let mut kind = vec![0; 64];
    let mut flags = 0;
    // SAFETY: the name is a terminated text, and the one buffer that is given has as many units as told.
    let answer = unsafe {
        GetVolumeInformationW(
            name.as_ptr(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut flags,
            kind.as_mut_ptr(),
            length(&kind),
        )
    };
    check(answer).map_err(Error::io)?;
    Ok((text(&kind), flags))
}

/// The names of all volumes, as `\\?\Volume{…}\`.
pub(crate) fn volumes() -> Vec<OsString> {
    struct Search(HANDLE);
    impl Drop for Search {
        fn drop(&mut self) {
            // SAFETY: the handle is of a search that began, once.
            unsafe { FindVolumeClose(self.0) };
        }
    }
    let mut name = vec![0; 64];
    // SAFETY: the buffer has as many units as told.
    let handle = unsafe { FindFirstVolumeW(name.as_mut_ptr(), length(&name)) };
    if handle == INVALID_HANDLE_VALUE {
        return Vec::new();
    }
    let search = Search(handle);
    let mut names = vec![text(&name)];
    // SAFETY: the search is open, and the buffer has as many units as told.
    while unsafe { FindNextVolumeW(search.0, name.as_mut_ptr(), length(&name)) } != 0 {
        names.push(text(&name));
    }
    names
}

/// Where a volume is mounted: letters and folders.
pub(crate) fn mount_points(volume: &OsStr) -> Vec<OsString> {
    let name = wide(volume);
    let mut room = vec![0; 512];
    loop {
        let mut needed = 0;
        // SAFETY: the name is a terminated text, and the buffer has as many units as told.
        let answer = unsafe {
            GetVolumePathNamesForVolumeNameW(name.as_ptr(), room.as_mut_ptr(), length(&room), &raw mut needed)
        };
        if answer != 0 {
            return texts(&room);
        }
        if last_error() != ERROR_MORE_DATA.cast_signed() || room.len() >= needed as usize {
            return Vec::new();
        }
        room.resize(needed as usize, 0);
    }
}

/// The devices that a drive, as `C:`, stands for; the first is the one it means.
pub(crate) fn device_names(drive: &OsStr) -> Vec<OsString> {
    let name = wide(drive);
    let mut room = vec![0; 1024];
    // SAFETY: the name is a terminated text, and the buffer has as many units as told.
    let units = unsafe { QueryDosDeviceW(name.as_ptr(), room.as_mut_ptr(), length(&room)) };
    texts(room.get(..units as usize).unwrap_or(&[]))
}

/// All bytes of the file system, and the free ones of these, for whomever.
pub(crate) fn free_space(path: &Path) -> Result<(u64, u64, u64)> {
    let name = wide(path.as_os_str());
    let (mut callers, mut total, mut free) = (0, 0, 0);
    // SAFETY: the name is a terminated text, and the numbers are alive.
    check(unsafe { GetDiskFreeSpaceExW(name.as_ptr(), &raw mut callers, &raw mut total, &raw mut free) })
        .map_err(|error| Error::io(error).with_path(path))?;
    Ok((total, free, callers))
}

/// The counters of a disk; `None` where there is none of this number.
pub(crate) fn disk_performance(number: u32) -> Result<Option<Filled>> {
    let path = format!(r"\\.\PhysicalDrive{number}");
    // No access is asked for: the counters are everybody's.
    let disk: File = match OpenOptions::new().access_mode(0).open(&path) {
        Ok(disk) => disk,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(error).with_path(path)),
    };
    let counters = fill(std::mem::size_of::<DISK_PERFORMANCE>(), |buffer, capacity| {
        let mut written = 0;
        // SAFETY: the handle is open, there is no input, and the buffer has the size that is told.
        let answer = unsafe {
            DeviceIoControl(
                disk.as_raw_handle(),
                IOCTL_DISK_PERFORMANCE,
                ptr::null(),
                0,
                buffer,
                capacity,
                &raw mut written,
                ptr::null_mut(),
            )
        };
        match answer {
            0 if too_small() => Answer::TooSmall(size_of::<DISK_PERFORMANCE>() * 2),
            0 => Answer::Failed(io::Error::last_os_error()),
            _ => Answer::Done(written),
        }
    });
    counters.map(Some).map_err(|error| error.with_path(path))
}

/// A file of a handle that is nobody else's.
///
/// # Safety
/// The handle is open, and nobody else closes it.
pub(super) unsafe fn owned(handle: HANDLE) -> File {
    // SAFETY: the caller's promise.
    unsafe { File::from_raw_handle(handle) }
}
