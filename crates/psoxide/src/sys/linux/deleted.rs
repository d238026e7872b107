//! Paths that the kernel shows for open files, and its mark " (deleted)".
//!
//! A lookup of such a path can wait for a server for ever. The kernel is then asked about the open file itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::abi::{ENOSYS, EPERM, FileKind};
use super::dir::Dir;
use super::mounts::Mounts;
use super::{Linux, Source};
use crate::Result;
use crate::sys::{self, text};

/// What the kernel appends to the path of a file that its directory no longer has.
const MARK: &[u8] = b" (deleted)";

impl sys::Handle<'_, Linux> {
    /// Reads the target of `exe` or `cwd`, without the mark of a deleted file.
    pub(super) fn target(&self, link: &str) -> Result<PathBuf> {
        let path = self.path(link);
        match self.source.link(&path) {
            Ok(target) => {
                let is_linked = || {
                    let file = self.source.live().and_then(|kernel| kernel.describe(&path).ok());
                    file.is_some_and(|file| file.links > 0)
                };
                Ok(undeleted(&Mounts::new(self.source), self.source, &target, is_linked).into())
            }
            // A process that lives without this link is a kernel thread, or of another pid namespace.
            Err(error) if error.is_missing() => self.missing(PathBuf::new()),
            Err(error) => Err(error),
        }
    }
}

/// Removes the mark, unless it is part of the name of a real file. `is_linked` returns without a lookup of the path whether some
/// directory has the file.
pub(super) fn undeleted(
    mounts: &Mounts<'_>,
    source: &Source,
    target: &[u8],
    is_linked: impl FnOnce() -> bool,
) -> OsString {
    let whole = text::of(target);
    let Some(path) = target.strip_suffix(MARK) else { return whole };
    let is_name = if mounts.may_wait(path) { is_linked() } else { exists(source, Path::new(&whole)) };
    if is_name { whole } else { text::of(path) }
}

fn exists(source: &Source, path: &Path) -> bool {
    let path = source.within(path);
    match source.live() {
        Some(kernel) => kernel.exists(&path),
        None => source.kind(&path).is_ok(),
    }
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

    #[cfg(all(target_os = "linux", feature = "bpf"))]
    pub(super) fn mounts(&self) -> &Mounts<'a> {
        &self.mounts
    }

    /// Returns the path that the link of a descriptor shows if it is a regular file's: without the mark of a deleted file where a new
    /// one has taken its place.
    ///
    /// # Errors
    /// The system refuses to describe files, as a seccomp filter can. Without that no regular file can be recognized.
    pub(super) fn path<'b>(&self, links: &Dir<'_>, fd: u32, target: &'b [u8]) -> Result<Option<&'b [u8]>> {
        if !target.starts_with(b"/") {
            return Ok(None);
        }
        if !self.mounts.may_wait(target) {
            return self.looked_up(target);
        }
        match links.describe(fd) {
            Ok(file) => Ok((file.is_regular && (file.links > 0 || !target.ends_with(MARK))).then_some(target)),
            // Closed since the directory was listed.
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.with_path(text::of(target))),
        }
    }

    /// The same by a lookup of the path. A copied machine's files are mostly not there, which is no reason to doubt a path.
    fn looked_up<'b>(&self, target: &'b [u8]) -> Result<Option<&'b [u8]>> {
        let is_file = |path: &[u8]| {
            let path = &PathBuf::from(text::of(path));
            match self.source.kind(&self.source.within(path)) {
                Ok(kind) => Ok(Some(kind == FileKind::Regular)),
                // stat(2) itself fails with EACCES, never with EPERM.
                Err(error) if matches!(error.errno(), Some(ENOSYS | EPERM)) => Err(error.with_path(path)),
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
