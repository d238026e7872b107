//! Opens a directory once, so that the kernel looks up its path once.

use std::path::PathBuf;

use psoxide_parse::decimal;

use super::Source;
use super::abi::OpenFileInfo;
use super::source::AnyDir;
use crate::sys::text;
use crate::{Error, Result};

/// An open directory.
pub(super) struct Dir<'a> {
    source: &'a Source,
    /// `None` after it was closed to free a descriptor.
    opened: Option<AnyDir>,
    path: PathBuf,
}

impl<'a> Dir<'a> {
    pub(super) fn open(source: &'a Source, path: PathBuf) -> Result<Self> {
        Ok(Self { source, opened: Some(source.open_dir(&path)?), path })
    }

    /// Reads the target of a link.
    #[cfg(all(target_os = "linux", feature = "bpf"))]
    pub(super) fn link(&self, name: &[u8]) -> Result<Vec<u8>> {
        let target = match &self.opened {
            Some(AnyDir::Open(dir)) => dir.link(name),
            _ => self.source.link(&self.file(name)),
        };
        target.map_err(|error| error.with_path(self.file(name)))
    }

    /// Calls `each` with every numeric name, in the kernel's order. Descriptors are in ascending order, threads mostly.
    pub(super) fn each_number(&self, mut each: impl FnMut(u32) -> Result<()>) -> Result<()> {
        self.opened()?.each_name(&self.path, |name| {
            let number = decimal(name, "name").ok().and_then(|number| u32::try_from(number).ok());
            number.map_or(Ok(()), &mut each)
        })
    }

    /// Calls `each` with every numeric link and its target. Links that have disappeared are skipped.
    pub(super) fn each_link(&self, each: impl FnMut(u32, &[u8]) -> Result<()>) -> Result<()> {
        self.opened()?.each_link(&self.path, each)
    }

    /// Describes the open file behind a link of `/proc/PID/fd`, without a path lookup.
    pub(super) fn describe(&self, link: u32) -> Result<OpenFileInfo> {
        match self.opened()? {
            AnyDir::Open(dir) => dir.describe(link),
            #[cfg(feature = "capture")]
            AnyDir::Captured(_) => Err(Error::unsupported("open_files")),
        }
    }

    /// Reads a file that is one record. `file` is a path relative to this directory.
    ///
    /// If no descriptor is free, closes this directory, and opens this file and later ones by their whole paths.
    /// Therefore a caller must list the directory before.
    pub(super) fn read_record<T>(
        &mut self,
        file: &[u8],
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        let opened = match &self.opened {
            Some(AnyDir::Open(dir)) if self.source.is_live() => dir.open(file),
            _ => return self.source.read_one(&self.file(file), parse),
        };
        if opened.as_ref().is_err_and(Error::is_shortage) {
            self.opened = None;
            return self.source.read_one(&self.file(file), parse);
        }
        opened.and_then(|opened| opened.read_record(parse)).map_err(|error| error.with_path(self.file(file)))
    }

    fn opened(&self) -> Result<&AnyDir> {
        self.opened.as_ref().ok_or_else(|| Error::invalid("the directory is closed").with_path(&self.path))
    }

    fn file(&self, file: &[u8]) -> PathBuf {
        self.path.join(text::of(file))
    }
}
