//! The file descriptors of a process: /proc/PID/fd and /proc/PID/fdinfo.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use psoxide_parse::linux::fdinfo;
use rustix::fs::FileType;
use rustix::path::DecInt;

use super::folder::Folder;
use super::source::if_any;
use super::{Cache, Handle, Linux, Source};
use crate::sys::ProcessReadings as _;
use crate::{Error, OpenFile, Result};

pub(super) fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
    let fds = Folder::open(process.source, process.path("fd"))?;
    if let Some(files) = process.source.bpf().files(process.source, process.pid, &fds) {
        return Ok(files);
    }
    let mut found = Vec::new();
    fds.each_link(|fd, target| {
        found.extend(regular(process.source, target)?.map(|path| (fd.number, path.to_vec())));
        Ok(())
    })?;
    drop(fds);
    // Since Linux 2.6.22; missing too when the process has just ended.
    let mut infos = if_any(Folder::open(process.source, process.path("fdinfo")))?;
    if infos.is_none() {
        Linux::start(&Handle { cache: &Cache::default(), ..*process })?;
    }
    let mut files = Vec::with_capacity(found.len());
    for (fd, path) in found {
        let info = match &mut infos {
            Some(infos) => match if_any(infos.read_record(DecInt::new(fd).as_bytes(), fdinfo::parse))? {
                Some(info) => Some((info.pos, info.flags)),
                // Closed since the folder was listed.
                None => continue,
            },
            None => None,
        };
        files.push(open_file(fd, path, info));
    }
    files.sort_unstable_by_key(|file| file.fd);
    Ok(files)
}

/// A descriptor and its path, and position and flags where the kernel tells them.
pub(super) fn open_file(fd: u32, path: Vec<u8>, info: Option<(u64, u64)>) -> OpenFile {
    OpenFile {
        path: OsString::from_vec(path).into(),
        fd: i32::try_from(fd).ok(),
        position: info.map(|(position, _)| position),
        mode: info.map(|(_, flags)| mode(flags)),
        flags: info.map(|(_, flags)| flags),
    }
}

pub(super) fn count(process: &Handle<'_>) -> Result<u64> {
    let folder = process.path("fd");
    // Since Linux 6.2 the size of the folder is their number; before, it is 0. A copy's folder has the size of any other.
    if process.source.is_procfs() {
        let size = rustix::fs::stat(&folder).map_err(|errno| Error::io(errno).with_path(&folder))?.st_size;
        if let Ok(size @ 1..) = u64::try_from(size) {
            return Ok(size);
        }
    }
    let mut count = 0;
    Folder::open(process.source, folder)?.each_number(|_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// Returns the path that a link shows if it is a regular file's: without the mark of a deleted file where a new one has
/// taken its place. A copied machine's files are mostly not there, which is no reason to doubt a path.
///
/// # Errors
/// The system refuses stat(2) altogether, as a seccomp filter can. Without it no file can be told from anything else.
pub(super) fn regular<'a>(source: &Source, target: &'a [u8]) -> Result<Option<&'a [u8]>> {
    let is_file = |path: &[u8]| {
        let path = Path::new(OsStr::from_bytes(path));
        match source.stat(&source.within(path)) {
            Ok(found) => Ok(Some(FileType::from_raw_mode(found.st_mode) == FileType::RegularFile)),
            // stat(2) itself fails with EACCES, never with EPERM.
            Err(error) if matches!(error.errno(), Some(libc::ENOSYS | libc::EPERM)) => Err(error.with_path(path)),
            Err(_) => Ok((!source.is_live()).then(|| !path.starts_with("/dev"))),
        }
    };
    if !target.starts_with(b"/") {
        return Ok(None);
    }
    if let Some(regular) = is_file(target)? {
        return Ok(regular.then_some(target));
    }
    let Some(path) = target.strip_suffix(b" (deleted)") else { return Ok(None) };
    Ok(is_file(path)?.filter(|regular| *regular).map(|_| path))
}

/// open(2) flags as the mode of fopen(3).
fn mode(flags: u64) -> &'static str {
    const O_ACCMODE: u64 = 0o3;
    const O_APPEND: u64 = 0o2000;
    match (flags & O_ACCMODE, flags & O_APPEND != 0) {
        (0, _) => "r",
        (1, false) => "w",
        (1, true) => "a",
        (_, false) => "r+",
        (_, true) => "a+",
    }
}
