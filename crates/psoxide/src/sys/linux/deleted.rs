//! Paths that the kernel shows with the mark " (deleted)".

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::{Linux, Source};
use crate::Result;
use crate::sys;

impl sys::Handle<'_, Linux> {
    /// Reads the target of `exe` or `cwd`, without the mark of a deleted file.
    pub(super) fn target(&self, link: &str) -> Result<PathBuf> {
        match self.source.link(&self.path(link)) {
            Ok(target) => Ok(undeleted(self.source, target).into()),
            // A process that lives without this link is a kernel thread, or of another pid namespace.
            Err(error) if error.is_missing() => self.missing(PathBuf::new()),
            Err(error) => Err(error),
        }
    }
}

/// Removes the mark, unless it is part of the name of a real file.
pub(super) fn undeleted(source: &Source, target: OsString) -> OsString {
    match target.as_bytes().strip_suffix(b" (deleted)") {
        Some(path) if !exists(source, Path::new(&target)) => OsStr::from_bytes(path).to_owned(),
        _ => target,
    }
}

fn exists(source: &Source, path: &Path) -> bool {
    let path = source.within(path);
    if source.is_live() { path.symlink_metadata().is_ok() } else { source.stat(&path).is_ok() }
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
