//! Reads drives, volumes and disks.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::AsRawHandle as _;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    FindFirstVolumeW, FindNextVolumeW, FindVolumeClose, GetDiskFreeSpaceExW, GetDriveTypeW, GetLogicalDrives,
    GetVolumeInformationW, GetVolumePathNamesForVolumeNameW, QueryDosDeviceW,
};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::{DISK_PERFORMANCE, IOCTL_DISK_PERFORMANCE};

use super::{Filled, check, fill, last_error, length, size_of_u32, terminated, text, too_small, wide};
use crate::sys::question::Answer;

/// Checks the offset of the last field that `psoxide_parse` reads.
const _: () = assert!(std::mem::offset_of!(DISK_PERFORMANCE, WriteCount) == 44);

pub(super) fn drives() -> Answer {
    // SAFETY: the call takes no arguments and returns bits.
    match unsafe { GetLogicalDrives() } {
        0 => Err(last_error()),
        letters => Ok(letters.to_le_bytes().to_vec()),
    }
}

pub(super) fn drive_type(root: &OsStr) -> u32 {
    let name = wide(root);
    // SAFETY: the name is a NUL-terminated text.
    unsafe { GetDriveTypeW(name.as_ptr()) }
}

/// Returns the flags of a volume, and the name of its file system. Fails if the drive has no medium.
pub(super) fn volume(root: &OsStr) -> Answer {
    let name = wide(root);
    let mut kind = vec![0; 64];
    let mut flags = 0u32;
    // SAFETY: the name is a NUL-terminated text, and the only buffer has the length passed to the call.
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
    check(answer)?;
    Ok([flags.to_le_bytes().to_vec(), text(&kind)].concat())
}

/// Lists the names of all volumes, such as `\\?\Volume{…}\`.
pub(super) fn volumes() -> Answer {
    struct Search(HANDLE);
    impl Drop for Search {
        fn drop(&mut self) {
            // SAFETY: the handle is of an open search, and is closed once.
            unsafe { FindVolumeClose(self.0) };
        }
    }
    let mut name = vec![0; 64];
    // SAFETY: the buffer has the length passed to the call.
    let handle = unsafe { FindFirstVolumeW(name.as_mut_ptr(), length(&name)) };
    if handle == INVALID_HANDLE_VALUE {
        return Err(last_error());
    }
    let search = Search(handle);
    let mut names = terminated(&name);
    // SAFETY: the search is open, and the buffer has the length passed to the call.
    while unsafe { FindNextVolumeW(search.0, name.as_mut_ptr(), length(&name)) } != 0 {
        names.extend(terminated(&name));
    }
    Ok(names)
}

/// Lists the mount points of a volume: drive letters and directories.
pub(super) fn mount_points(volume: &OsStr) -> Answer {
    let name = wide(volume);
    let mut room = vec![0; 512];
    loop {
        let mut needed = 0;
        // SAFETY: the name is a NUL-terminated text, and the buffer has the length passed to the call.
        let answer = unsafe {
            GetVolumePathNamesForVolumeNameW(name.as_ptr(), room.as_mut_ptr(), length(&room), &raw mut needed)
        };
        match check(answer) {
            Ok(()) => return Ok(texts(&room)),
            Err(error) if error == ERROR_MORE_DATA.cast_signed() && room.len() < needed as usize => {
                room.resize(needed as usize, 0);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Lists the devices of a drive, such as `C:`.
pub(super) fn device_names(drive: &OsStr) -> Answer {
    let name = wide(drive);
    let mut room = vec![0; 1024];
    // SAFETY: the name is a NUL-terminated text, and the buffer has the length passed to the call.
    match unsafe { QueryDosDeviceW(name.as_ptr(), room.as_mut_ptr(), length(&room)) } {
        0 => Err(last_error()),
        units => Ok(texts(room.get(..units as usize).unwrap_or(&[]))),
    }
}

/// Returns a list of NUL-terminated texts, up to an empty one.
fn texts(units: &[u16]) -> Vec<u8> {
    units.split(|unit| *unit == 0).take_while(|text| !text.is_empty()).flat_map(terminated).collect()
}

pub(super) fn free_space(path: &Path) -> Answer {
    let name = wide(path.as_os_str());
    let (mut callers, mut total, mut free) = (0u64, 0u64, 0u64);
    // SAFETY: the name is a NUL-terminated text, and the pointers to numbers are live.
    check(unsafe { GetDiskFreeSpaceExW(name.as_ptr(), &raw mut callers, &raw mut total, &raw mut free) })?;
    Ok([callers, total, free].map(u64::to_le_bytes).concat())
}

pub(super) fn performance(number: u32) -> Answer {
    let path = format!(r"\\.\PhysicalDrive{number}");
    // The disk is opened without any access right, because everybody may read the counters.
    let disk: File = match OpenOptions::new().access_mode(0).open(path) {
        Ok(disk) => disk,
        Err(error) => return Err(error.raw_os_error().unwrap_or(0)),
    };
    fill(size_of::<DISK_PERFORMANCE>(), |buffer, room| {
        let mut written = 0;
        // SAFETY: the handle is open, there is no input, and the buffer has `room` bytes.
        let answer = unsafe {
            DeviceIoControl(
                disk.as_raw_handle(),
                IOCTL_DISK_PERFORMANCE,
                ptr::null(),
                0,
                buffer,
                room,
                &raw mut written,
                ptr::null_mut(),
            )
        };
        match answer {
            0 if too_small() => Filled::TooSmall(size_of_u32::<DISK_PERFORMANCE>() * 2),
            0 => Filled::Failed(last_error()),
            _ => Filled::Done(written),
        }
    })
}
