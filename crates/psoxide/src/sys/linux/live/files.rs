//! Opens and reads files, and lists directories.

use std::ffi::CStr;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use psoxide_parse::decimal;
use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, Stat, StatxFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::path::DecInt;

use super::Live;
use crate::sys::linux::abi::{FileKind, OpenFileInfo};
use crate::sys::linux::user_names::Stamp;
use crate::{Error, Pid, Result};

/// The size of the first read, which suffices for most files.
const FIRST_READ: usize = 4096;
const NEXT_READ: usize = 64 * 1024;
/// The size of the buffer for directory listings: room for about 250 numeric names.
const LISTING: usize = 8192;
/// PATH_MAX: the kernel returns ENAMETOOLONG for a longer path.
const LONGEST_LINK: usize = 4096;

impl Live {
    /// Reads a file.
    pub(crate) fn read<T>(&self, path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        read(&open(CWD, path)?, u64::MAX, parse)
    }

    /// Reads a file that is one record.
    pub(crate) fn read_record<T>(
        &self,
        path: &Path,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        read_record(&open(CWD, path)?, u64::MAX, parse)
    }

    /// Opens a file that is one record, to read it again and again.
    pub(crate) fn open_to_keep(&self, path: &Path) -> Result<File> {
        open(CWD, path).map(File::from)
    }

    /// Reads a file of less than a page as it is now.
    pub(crate) fn read_again<T>(
        &self,
        file: &File,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        let mut space = [0; FIRST_READ];
        let n = retry_on_intr(|| rustix::io::pread(file, &mut space, 0)).map_err(Error::io)?;
        Ok(parse(space.get(..n).unwrap_or(&space))?)
    }

    /// Reads the target of a link.
    pub(crate) fn link(&self, path: &Path) -> Result<Vec<u8>> {
        let target = rustix::fs::readlinkat(CWD, path, Vec::with_capacity(256)).map_err(Error::io)?;
        Ok(target.into_bytes())
    }

    /// Returns the type of the file that a path leads to.
    pub(crate) fn kind(&self, path: &Path) -> Result<FileKind> {
        rustix::fs::stat(path).map(|found| kind(&found)).map_err(Error::io)
    }

    /// Describes the file behind a link of /proc, which leads to the open file itself.
    pub(crate) fn describe(&self, link: &Path) -> Result<OpenFileInfo> {
        describe(CWD, link)
    }

    /// Returns whether a file or link exists at a path.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Returns the size that the file system reports for a file or directory.
    pub(crate) fn size(&self, path: &Path) -> Result<u64> {
        let found = rustix::fs::stat(path).map_err(|errno| Error::io(errno).with_path(path))?;
        Ok(u64::try_from(found.st_size).unwrap_or(0))
    }

    /// Returns a stamp that changes when the file changes.
    pub(crate) fn stamp(&self, path: &Path) -> Option<Stamp> {
        rustix::fs::stat(path).ok().map(|found| stamp(&found))
    }

    pub(crate) fn open_dir(&self, path: &Path) -> Result<OpenDir> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(CWD, path, flags, Mode::empty()).map(OpenDir).map_err(Error::io)
    }

    /// Opens /proc for a pass over its processes. Returns `None` if that fails. Then each path is looked up from the
    /// root.
    pub(crate) fn open_procfs(&self) -> Option<OpenDir> {
        // The last free descriptor is left for reading files.
        Some(OpenDir(open_path(CWD, &self.procfs)?)).filter(|procfs| procfs.leaves(1))
    }

    /// Opens the directory of a process. What is read through it is of that process, or fails once that has ended.
    pub(crate) fn open_process(&self, pid: Pid) -> Option<OpenDir> {
        let process = open_path(CWD, self.procfs.join(DecInt::new(pid)))?;
        Some(OpenDir(process)).filter(|process| process.leaves(1))
    }
}

/// Opens a directory for nothing but paths from there.
fn open_path(dir: impl AsFd, path: impl rustix::path::Arg) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(dir, path, flags, Mode::empty()).ok()
}

/// An open directory.
#[derive(Debug)]
pub(crate) struct OpenDir(pub(super) OwnedFd);

/// An open file.
pub(crate) struct OpenFile(OwnedFd);

impl OpenDir {
    /// Whether so many descriptors more are free.
    pub(crate) fn leaves(&self, count: usize) -> bool {
        let more: Result<Vec<OwnedFd>, Errno> =
            (0..count).map(|_| rustix::io::fcntl_dupfd_cloexec(&self.0, 0)).collect();
        more.is_ok()
    }

    /// Opens the directory of a process, if this is /proc: see [`Live::open_process`].
    pub(crate) fn open_process(&self, pid: Pid) -> Option<OpenDir> {
        open_path(&self.0, DecInt::new(pid).as_c_str()).map(OpenDir)
    }

    /// Whether the process of this directory exists, running or zombie.
    pub(crate) fn is_of_a_process(&self) -> bool {
        let found = rustix::fs::statat(&self.0, c"stat", AtFlags::SYMLINK_NOFOLLOW);
        !matches!(found, Err(Errno::NOENT | Errno::SRCH))
    }

    /// Opens a file by its path relative to this directory.
    pub(crate) fn open(&self, file: &[u8]) -> Result<OpenFile> {
        open(&self.0, file).map(OpenFile)
    }

    /// Reads the target of a link.
    #[cfg(feature = "bpf")]
    pub(crate) fn link(&self, name: &[u8]) -> Result<Vec<u8>> {
        rustix::fs::readlinkat(&self.0, name, Vec::new()).map(std::ffi::CString::into_bytes).map_err(Error::io)
    }

    /// Describes the file behind a numeric link, which leads to the open file itself.
    pub(crate) fn describe(&self, link: u32) -> Result<OpenFileInfo> {
        describe(&self.0, DecInt::new(link).as_c_str())
    }

    /// Calls `each` with every name, in the kernel's order. `path` is the directory's path, for errors.
    pub(crate) fn each_name(&self, path: &Path, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.each_entry(path, |name| each(name.to_bytes()))
    }

    /// Calls `each` with every numeric link and its target. Links that have disappeared are skipped.
    pub(crate) fn each_link(&self, path: &Path, mut each: impl FnMut(u32, &[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = [0; LONGEST_LINK];
        self.each_entry(path, |name| {
            let number = decimal(name.to_bytes(), "name").ok().and_then(|number| u32::try_from(number).ok());
            let Some(number) = number else { return Ok(()) };
            match rustix::fs::readlinkat_raw(&self.0, name, &mut buffer) {
                Ok(length) => each(number, buffer.get(..length).unwrap_or_default()),
                // Closed since the listing, longer than PATH_MAX, or (in a copied tree) not a link.
                Err(Errno::NOENT | Errno::NAMETOOLONG | Errno::INVAL) => Ok(()),
                Err(errno) => Err(Error::io(errno).with_path(path.join(number.to_string()))),
            }
        })
    }

    fn each_entry(&self, path: &Path, mut each: impl FnMut(&CStr) -> Result<()>) -> Result<()> {
        let mut buffer = [MaybeUninit::uninit(); LISTING];
        let mut entries = RawDir::new(&self.0, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|errno| Error::io(errno).with_path(path))?;
            match entry.file_name() {
                name if name == c"." || name == c".." => {}
                name => each(name)?,
            }
        }
        Ok(())
    }
}

impl OpenFile {
    /// Reads the file.
    pub(crate) fn read<T>(&self, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        read(&self.0, u64::MAX, parse)
    }

    /// Reads the file as one record.
    pub(crate) fn read_record<T>(&self, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        read_record(&self.0, u64::MAX, parse)
    }
}

/// Describes the file behind a link of /proc. Without synchronization the kernel answers from its cache, and asks no
/// server.
fn describe(dir: impl AsFd, link: impl rustix::path::Arg) -> Result<OpenFileInfo> {
    let wanted = StatxFlags::TYPE | StatxFlags::NLINK;
    let found = rustix::fs::statx(dir, link, AtFlags::STATX_DONT_SYNC, wanted).map_err(Error::io)?;
    let mode = found.stx_mode.into();
    Ok(OpenFileInfo { is_regular: FileType::from_raw_mode(mode) == FileType::RegularFile, links: found.stx_nlink })
}

/// Opens a file below a directory.
fn open(dir: impl AsFd, path: impl rustix::path::Arg) -> Result<OwnedFd> {
    rustix::fs::openat(dir, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(Error::io)
}

pub(super) fn kind(found: &Stat) -> FileKind {
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => FileKind::Regular,
        FileType::Directory => FileKind::Directory,
        _ => FileKind::Other,
    }
}

/// Returns device, inode, size, modification time and change time.
#[allow(clippy::useless_conversion)] // the types differ between architectures
pub(super) fn stamp(found: &Stat) -> Stamp {
    let times = [found.st_mtime, found.st_ctime].map(i128::from);
    let parts = [found.st_mtime_nsec, found.st_ctime_nsec].map(i128::from);
    let [modified, changed] = times;
    let [modified_part, changed_part] = parts;
    [found.st_dev.into(), found.st_ino.into(), found.st_size.into(), modified, modified_part, changed, changed_part]
}

/// Returns whether a file or directory belongs to a procfs. A file that is mounted over another file does not.
pub(super) fn is_procfs(path: &Path) -> bool {
    /// linux/magic.h: PROC_SUPER_MAGIC
    const PROC: u64 = 0x9fa0;
    rustix::fs::statfs(path).is_ok_and(|fs| u64::try_from(fs.f_type) == Ok(PROC))
}

/// Reads a file with as few calls as possible.
pub(super) fn read<T>(file: &OwnedFd, limit: u64, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
    let mut first = [0; FIRST_READ];
    let first = read_some(file, &mut first)?;
    read_on(file, first, limit, parse)
}

/// Reads a file that is one record. It ends at the first short read.
pub(super) fn read_record<T>(
    file: &OwnedFd,
    limit: u64,
    parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
) -> Result<T> {
    let mut first = [0; FIRST_READ];
    let first = read_some(file, &mut first)?;
    if first.len() < FIRST_READ { Ok(parse(first)?) } else { read_on(file, first, limit, parse) }
}

/// Reads the rest of a file after `first`. Only an empty read means the end, because the kernel returns files of many
/// records (maps, sockets) in pieces of a page or less.
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

/// Calls read(2) once.
fn read_some<'a>(file: &OwnedFd, space: &'a mut [u8]) -> Result<&'a [u8]> {
    let n = retry_on_intr(|| rustix::io::read(file, &mut *space)).map_err(Error::io)?;
    // read(2) returns at most the size of the buffer.
    Ok(space.get(..n).unwrap_or(space))
}
