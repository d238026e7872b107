//! Opens and reads files of a running kernel, and lists its directories.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{Mode, OFlags, RawDir};
use rustix::io::{Errno, retry_on_intr};

use crate::{Error, Result};

/// Enough for most files.
const FIRST_READ: usize = 4096;
const NEXT_READ: usize = 64 * 1024;
/// Room for about 250 names that are numbers.
const LISTING: usize = 8192;

/// Opens a file below a directory.
pub(crate) fn open(dir: impl AsFd, path: impl rustix::path::Arg) -> Result<OwnedFd> {
    rustix::fs::openat(dir, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(Error::io)
}

/// Whether a file or directory belongs to a procfs. A file that is mounted over another one does not.
pub(crate) fn is_procfs(path: &Path) -> bool {
    /// linux/magic.h: PROC_SUPER_MAGIC
    const PROC: u64 = 0x9fa0;
    rustix::fs::statfs(path).is_ok_and(|fs| u64::try_from(fs.f_type) == Ok(PROC))
}

/// Calls `each` with every name in a directory, in the kernel's order. `path` is the directory's, for errors.
pub(crate) fn each_name(dir: &OwnedFd, path: &Path, mut each: impl FnMut(&CStr) -> Result<()>) -> Result<()> {
    let mut buffer = [MaybeUninit::uninit(); LISTING];
    let mut entries = RawDir::new(dir, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(|errno| Error::io(errno).with_path(path))?;
        match entry.file_name() {
            name if name == c"." || name == c".." => {}
            name => each(name)?,
        }
    }
    Ok(())
}

/// Reads a file with as few calls as it needs.
pub(crate) fn read<T>(file: &OwnedFd, limit: u64, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
    let mut first = [0; FIRST_READ];
    let first = read_some(file, &mut first)?;
    read_on(file, first, limit, parse)
}

/// Reads a file that is one record: it ends where a read stops short.
pub(crate) fn read_record<T>(
    file: &OwnedFd,
    limit: u64,
    parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
) -> Result<T> {
    let mut first = [0; FIRST_READ];
    let first = read_some(file, &mut first)?;
    if first.len() < FIRST_READ { Ok(parse(first)?) } else { read_on(file, first, limit, parse) }
}

/// Reads what follows `first`. Only an empty read means the end: the kernel returns files of many records (maps, sockets)
/// in pieces of a page or less.
fn read_on<T>(
    file: &OwnedFd,
    first: &[u8],
    limit: u64,
    parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
) -> Result<T> {
    let mut more = [0; 256];
    let more = read_some(file, &mut more)?;
    if more.is_empty() {
        return Ok(parse(first)?);
    }
    let mut all = [first, more].concat();
    loop {
        all.reserve(NEXT_READ);
        if retry_on_intr(|| rustix::io::read(file, spare_capacity(&mut all))).map_err(Error::io)? == 0 {
            return Ok(parse(&all)?);
        }
        if u64::try_from(all.len()).is_ok_and(|length| length > limit) {
            return Err(Error::io(Errno::FBIG));
        }
    }
}

/// Reads once.
fn read_some<'a>(file: &OwnedFd, space: &'a mut [u8]) -> Result<&'a [u8]> {
    let n = retry_on_intr(|| rustix::io::read(file, &mut *space)).map_err(Error::io)?;
    // read(2) returns at most the size of the buffer.
    Ok(space.get(..n).unwrap_or(space))
}
