//! Paths that the kernel shows for open files, and its mark " (deleted)".
//!
//! A lookup of such a path can wait for a server for ever. The kernel is then asked about the open file itself.

use std::ffi::{CStr, OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, StatxFlags};

use super::mounts::Mounts;
use super::{Linux, Source};
use crate::sys;
use crate::{Error, Result};

/// What the kernel appends to the path of a file that its directory no longer has.
const MARK: &[u8] = b" (deleted)";

impl sys::Handle<'_, Linux> {
    /// Reads the target of `exe` or `cwd`, without the mark of a deleted file.
    pub(super) fn target(&self, link: &str) -> Result<PathBuf> {
        let path = self.path(link);
        match self.source.link(&path) {
            Ok(target) => {
                let is_linked = || describe(CWD, path.as_path()).is_ok_and(|file| file.links > 0);
                Ok(undeleted(&Mounts::new(self.source), self.source, target, is_linked).into())
            }
            // A process that lives without this link is a kernel thread, or of another pid namespace.
            Err(error) if error.is_missing() => self.missing(PathBuf::new()),
            Err(error) => Err(error),
        }
    }
}

/// Removes the mark, unless it is part of the name of a real file. `is_linked` tells without a lookup of the path whether some
/// directory has the file.
pub(super) fn undeleted(
    mounts: &Mounts<'_>,
    source: &Source,
    target: OsString,
    is_linked: impl FnOnce() -> bool,
) -> OsString {
    let Some(path) = target.as_bytes().strip_suffix(MARK) else { return target };
    let is_name = if mounts.may_wait(path) { is_linked() } else { exists(source, Path::new(&target)) };
    if is_name { target } else { OsStr::from_bytes(path).to_owned() }
}

fn exists(source: &Source, path: &Path) -> bool {
    let path = source.within(path);
    if source.is_live() { path.symlink_metadata().is_ok() } else { source.stat(&path).is_ok() }
}

/// What is known about an open file without a lookup of its path.
struct Described {
    is_regular: bool,
    /// The number of names that directories have for it.
    links: u32,
}

/// Asks for the file behind a link of /proc, which leads to the open file itself. Without a synchronization the kernel answers
/// from what it knows, and asks no server.
fn describe(dir: impl AsFd, link: impl rustix::path::Arg) -> Result<Described> {
    let wanted = StatxFlags::TYPE | StatxFlags::NLINK;
    let found = rustix::fs::statx(dir, link, AtFlags::STATX_DONT_SYNC, wanted).map_err(Error::io)?;
    let mode = found.stx_mode.into();
    Ok(Described { is_regular: FileType::from_raw_mode(mode) == FileType::RegularFile, links: found.stx_nlink })
}

/// Finds out which open files of one process are regular ones.
pub(super) struct RegularFiles<'a> {
    source: &'a Source,
    mounts: Mounts<'a>,
}

impl<'a> RegularFiles<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, mounts: Mounts::new(source) }
    }

    #[cfg(feature = "bpf")]
    pub(super) fn mounts(&self) -> &Mounts<'a> {
        &self.mounts
    }

    /// Returns the path that a link in `fd` shows if it is a regular file's: without the mark of a deleted file where a new
    /// one has taken its place.
    ///
    /// # Errors
    /// The system refuses to describe files, as a seccomp filter can. Without it no file can be told from anything else.
    pub(super) fn path<'b>(&self, dir: impl AsFd, link: &CStr, target: &'b [u8]) -> Result<Option<&'b [u8]>> {
        if !target.starts_with(b"/") {
            return Ok(None);
        }
        if !self.mounts.may_wait(target) {
            return self.looked_up(target);
        }
        match describe(dir, link) {
            Ok(file) => Ok((file.is_regular && (file.links > 0 || !target.ends_with(MARK))).then_some(target)),
            // Closed since the directory was listed.
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.with_path(OsStr::from_bytes(target))),
        }
    }

    /// The same by a lookup of the path. A copied machine's files are mostly not there, which is no reason to doubt a path.
    fn looked_up<'b>(&self, target: &'b [u8]) -> Result<Option<&'b [u8]>> {
        let is_file = |path: &[u8]| {
            let path = Path::new(OsStr::from_bytes(path));
            match self.source.stat(&self.source.within(path)) {
                Ok(found) => Ok(Some(FileType::from_raw_mode(found.st_mode) == FileType::RegularFile)),
                // stat(2) itself fails with EACCES, never with EPERM.
                Err(error) if matches!(error.errno(), Some(libc::ENOSYS | libc::EPERM)) => Err(error.with_path(path)),
                Err(_) => Ok((!self.source.is_live()).then(|| !path.starts_with("/dev"))),
            }
        };
        if let Some(regular) = is_file(target)? {
            return Ok(regular.then_some(target));
        }
        let Some(path) = target.strip_suffix(MARK) else { return Ok(None) };
        Ok(is_file(path)?.filter(|regular| *regular).map(|_| path))
    }
}
