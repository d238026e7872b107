//! Removes the mark " (deleted)" that the kernel appends to paths of open files.
//!
//! Looking up such a path can block forever if a server is gone. Then the kernel describes the open file itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::abi::{ENOSYS, EPERM, FileKind};
use super::dir::Dir;
use super::mounts::Mounts;
use super::{Linux, Source};
use crate::Result;
use crate::sys::{self, text};

/// The text that the kernel appends to the path of a file that is no longer in its directory.
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
            // The process lives and lacks this link, so it is a kernel thread or belongs to another pid namespace.
            Err(error) if error.is_missing() => self.missing(PathBuf::new()),
            Err(error) => Err(error),
        }
    }
}

/// Removes the mark, unless it is part of a real file's name. `is_linked` returns, without a path lookup, whether a
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

/// Decides which open files of one process are regular files.
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

    /// Returns the path of a descriptor's link if it is a regular file. Removes the mark of a deleted file if a new
    /// file has taken its place.
    ///
    /// # Errors
    /// Fails if the system refuses to describe files, as a seccomp filter can. Regular files cannot be recognized then.
    pub(super) fn path<'b>(&self, links: &Dir<'_>, fd: u32, target: &'b [u8]) -> Result<Option<&'b [u8]>> {
        if !target.starts_with(b"/") {
            return Ok(None);
        }
        if !self.mounts.may_wait(target) {
            return self.looked_up(target);
        }
        match links.describe(fd) {
            Ok(file) => Ok((file.is_regular && (file.links > 0 || !target.ends_with(MARK))).then_some(target)),
            // The descriptor was closed after the directory was listed.
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.with_path(text::of(target))),
        }
    }

    /// Implements `path` by a path lookup. Most files of a copied machine do not exist here, which does not invalidate
    /// a path.
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
