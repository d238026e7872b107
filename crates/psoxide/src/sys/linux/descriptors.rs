//! Reads the file descriptors of a process: /proc/PID/fd and /proc/PID/fdinfo.

use psoxide_parse::linux::fdinfo;

use super::cache::Cache;
use super::deleted::RegularFiles;
use super::dir::Dir;
use super::source::if_any;
use super::{Handle, bpf};
use crate::sys::text;
use crate::{OpenFile, Result};

/// Reads the regular files that a process has open.
pub(super) fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
    let fds = Dir::open(process.source, process.path("fd"))?;
    let regular = RegularFiles::new(process.source);
    if let Some(files) = bpf::files(process.source, process.pid, &fds, &regular) {
        return Ok(files.into_iter().map(|(fd, path, info)| open_file(fd, path, Some(info))).collect());
    }
    let mut found = Vec::new();
    fds.each_link(|fd, target| {
        found.extend(regular.path(&fds, fd, target)?.map(|path| (fd, path.to_vec())));
        Ok(())
    })?;
    drop(fds);
    // fdinfo exists since Linux 2.6.22. It is also missing if the process has just ended.
    let mut infos = if_any(Dir::open(process.source, process.path("fdinfo")))?;
    if infos.is_none() {
        process.with_cache(&Cache::default()).stat()?;
    }
    let mut files = Vec::with_capacity(found.len());
    for (fd, path) in found {
        let info = match &mut infos {
            Some(infos) => match if_any(infos.read_record(fd.to_string().as_bytes(), fdinfo::parse))? {
                Some(info) => Some((info.pos, info.flags)),
                // The descriptor was closed after the directory was listed.
                None => continue,
            },
            None => None,
        };
        files.push(open_file(fd, path, info));
    }
    files.sort_unstable_by_key(|file| file.fd);
    Ok(files)
}

/// Makes the record of a descriptor from its path, and its position and flags if the kernel reports them.
fn open_file(fd: u32, path: Vec<u8>, info: Option<(u64, u64)>) -> OpenFile {
    OpenFile {
        path: text::owned(path).into(),
        fd: i32::try_from(fd).ok(),
        position: info.map(|(position, _)| position),
        mode: info.map(|(_, flags)| mode(flags)),
        flags: info.map(|(_, flags)| flags),
    }
}

/// Counts the descriptors of a process.
pub(super) fn count(process: &Handle<'_>) -> Result<u64> {
    let dir = process.path("fd");
    // Since Linux 6.2 the size of the directory is the number of descriptors. Before, it is 0. In a copy it means
    // nothing.
    if let Some(kernel) = process.source.live().filter(|kernel| kernel.has_procfs())
        && let Ok(size @ 1..) = kernel.size(&dir)
    {
        return Ok(size);
    }
    let mut count = 0;
    Dir::open(process.source, dir)?.each_number(|_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// Converts flags of open(2) to a mode of fopen(3).
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
