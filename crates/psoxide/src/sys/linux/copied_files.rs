//! The files of a copied machine, for the other system whose processes are files.

use std::ffi::OsString;
use std::path::Path;

use super::Source;
use super::abi::FileKind;
use crate::Result;

/// Files below a directory, by the absolute paths that they had. No link leads out of the directory, and only regular files
/// of a limited size are read.
#[derive(Debug, Clone)]
pub(crate) struct CopiedFiles(Source);

impl CopiedFiles {
    pub(crate) fn open(root: &Path) -> Result<Self> {
        Source::copied(root, root.join("proc")).map(Self)
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>> {
        self.0.read(&self.0.within(Path::new(path)), |bytes| Ok(bytes.to_vec()))
    }

    /// Reads the target of a link.
    pub(crate) fn link(&self, path: &str) -> Result<Vec<u8>> {
        self.0.link(&self.0.within(Path::new(path)))
    }

    /// Lists the names in a directory.
    pub(crate) fn names(&self, path: &str) -> Result<Vec<OsString>> {
        self.0.names(&self.0.within(Path::new(path)))
    }

    /// Whether a path leads to a directory.
    pub(crate) fn is_dir(&self, path: &str) -> bool {
        self.0.is_dir(&self.0.within(Path::new(path)))
    }

    /// Whether a path leads to a regular file.
    pub(crate) fn is_regular(&self, path: &str) -> Result<bool> {
        Ok(self.0.kind(&self.0.within(Path::new(path)))? == FileKind::Regular)
    }
}
