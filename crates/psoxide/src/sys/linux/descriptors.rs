//! The file descriptors of a process: /proc/PID/fd and /proc/PID/fdinfo.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use psoxide_parse::linux::fdinfo;

use super::folder::Folder;
use super::process::within;
use super::source::if_any;
use super::{Cache, Os, Source};
use crate::sys::{Handle, ProcessReadings as _};
use crate::{Error, OpenFile, Result};

pub(super) fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
    let fds = Folder::open(process.path("fd"))?;
    let mut files = Vec::new();
    // Since Linux 2.6.22; missing too when the process has just ended.
    let infos = if_any(Folder::open(process.path("fdinfo")))?;
    if infos.is_none() {
        Os::start(&Handle { cache: &Cache::default(), ..*process })?;
    }
    fds.each_link(|fd, target| {
        let path = Path::new(OsStr::from_bytes(target));
        if !target.starts_with(b"/") || !is_regular(process.source, path) {
            return Ok(());
        }
        let info = match &infos {
            Some(infos) => match if_any(infos.read_record(fd.name.to_bytes(), fdinfo::parse))? {
                Some(info) => Some(info),
                // Closed since the folder was listed.
                None => return Ok(()),
            },
            None => None,
        };
        files.push(OpenFile {
            path: path.to_owned(),
            fd: i32::try_from(fd.number).ok(),
            position: info.as_ref().map(|info| info.pos),
            mode: info.as_ref().map(|info| mode(info.flags)),
            flags: info.as_ref().map(|info| info.flags),
        });
        Ok(())
    })?;
    files.sort_unstable_by_key(|file| file.fd);
    Ok(files)
}

pub(super) fn count(process: &Handle<'_>) -> Result<u64> {
    let folder = process.path("fd");
    // Since Linux 6.2 the size of the folder is their number; before, it is 0.
    if process.source.is_live() {
        let size = rustix::fs::stat(&folder).map_err(|errno| Error::io(errno).with_path(&folder))?.st_size;
        if let Ok(size @ 1..) = u64::try_from(size) {
            return Ok(size);
        }
    }
    let mut count = 0;
    Folder::open(folder)?.each_number(|_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// Whether `path` is a regular file. A copied machine's files are mostly not there: no reason to doubt a path.
fn is_regular(source: &Source, path: &Path) -> bool {
    match within(source, path).metadata() {
        Ok(metadata) => metadata.is_file(),
        Err(_) => !source.is_live() && !path.starts_with("/dev"),
    }
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
