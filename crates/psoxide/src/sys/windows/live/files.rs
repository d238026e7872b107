//! Lists the files that a process has open.
//!
//! Asking for the type of a handle can block forever. For example, a pipe answers only after another thread's read of
//! it has ended. Therefore a separate thread asks, and is abandoned if it does not return.

use std::fs::File;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _};
use std::path::Path;
use std::ptr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use psoxide_parse::windows::handle_table;
use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_NAME_NORMALIZED, FILE_TYPE_DISK, GetFileType, GetFinalPathNameByHandleW, VOLUME_NAME_DOS,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::machine::query;
use super::{check, fill, length, terminated};
use crate::Pid;
use crate::sys::question::Answer;

/// The time to wait for an answer. A file on a disk or in a network answers sooner.
const PATIENCE: Duration = Duration::from_millis(200);
/// `SystemExtendedHandleInformation`.
const HANDLES: i32 = 64;
/// ERROR_INVALID_DATA and ERROR_NOT_ENOUGH_MEMORY of winerror.h.
const INVALID_DATA: i32 = 13;
const NOT_ENOUGH_MEMORY: i32 = 8;

/// A thread that asks about one handle after the other.
struct Asker {
    files: Sender<File>,
    paths: Receiver<Option<Vec<u16>>>,
}

impl Asker {
    fn start() -> Result<Self, i32> {
        let (files, asked) = channel::<File>();
        let (answer, paths) = channel();
        let ask = move || {
            for file in asked {
                if answer.send(path(&file)).is_err() {
                    return; // nobody waits any more
                }
            }
        };
        let started = thread::Builder::new().name("psoxide-files".into()).spawn(ask);
        started.map_err(|error| error.raw_os_error().unwrap_or(NOT_ENOUGH_MEMORY))?;
        Ok(Self { files, paths })
    }
}

/// Returns the paths of the regular files among a process's handles. The process is open with the right to duplicate
/// them.
pub(super) fn of_process(process: BorrowedHandle<'_>, pid: Pid) -> Answer {
    let table = fill(1 << 20, query(HANDLES))?;
    let handles = handle_table::of_process(&table, pid).map_err(|_| INVALID_DATA)?;
    drop(table);
    let mut asker = Asker::start()?;
    let mut paths = Vec::new();
    for handle in handles {
        // The handle has been closed, or cannot be duplicated. For example, that of a process's own token cannot.
        let Ok(file) = duplicate(process, handle.value) else { continue };
        if asker.files.send(file).is_err() {
            asker = Asker::start()?;
            continue;
        }
        match asker.paths.recv_timeout(PATIENCE) {
            Ok(path) => {
                let path = path.filter(|path| is_file(path));
                paths.extend(path.into_iter().flat_map(|path| terminated(&path)));
            }
            // The thread keeps waiting, and ends when it gets an answer. A new thread replaces it.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => asker = Asker::start()?,
        }
    }
    Ok(paths)
}

fn is_file(path: &[u16]) -> bool {
    let path: std::ffi::OsString = std::os::windows::ffi::OsStringExt::from_wide(path);
    Path::new(&path).is_file()
}

/// Duplicates a handle of another process. The new handle may be of any kind. It is only asked for its path, and
/// closed.
fn duplicate(process: BorrowedHandle<'_>, handle: u64) -> Result<File, i32> {
    let handle: HANDLE = ptr::without_provenance_mut(usize::try_from(handle).unwrap_or(0));
    let mut own = ptr::null_mut();
    // SAFETY: the process handle is open, the other handle is only looked up there, and the pointer for the new one is
    // live.
    let answer = unsafe {
        let me = GetCurrentProcess();
        DuplicateHandle(process.as_raw_handle(), handle, me, &raw mut own, 0, 0, DUPLICATE_SAME_ACCESS)
    };
    check(answer)?;
    // SAFETY: the handle is new and has no other owner.
    Ok(unsafe { File::from_raw_handle(own) })
}

/// Returns the path of a file on a disk, or `None` for any other handle. The call can block as long as a pipe has no
/// data.
fn path(file: &File) -> Option<Vec<u16>> {
    // SAFETY: the handle is open.
    if unsafe { GetFileType(file.as_raw_handle()) } != FILE_TYPE_DISK {
        return None;
    }
    let mut room = vec![0; 512];
    loop {
        let flags = FILE_NAME_NORMALIZED | VOLUME_NAME_DOS;
        // SAFETY: the handle is open, and the buffer has the length passed to the call.
        let units = unsafe { GetFinalPathNameByHandleW(file.as_raw_handle(), room.as_mut_ptr(), length(&room), flags) }
            as usize;
        match units {
            0 => return None,
            // The buffer is too small. The number includes the NUL.
            needed if needed >= room.len() && room.len() < 1 << 16 => room.resize(needed + 1, 0),
            _ => {
                room.truncate(units);
                return Some(room);
            }
        }
    }
}
