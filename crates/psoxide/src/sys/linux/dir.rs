//! A directory of kernel files that is opened once, so that the kernel looks up its path once.

use std::ffi::{CStr, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use psoxide_parse::decimal;
use rustix::io::Errno;

use super::Source;
use super::live::files;
use crate::{Error, Result};

/// PATH_MAX: the kernel returns ENAMETOOLONG for a longer path.
const LONGEST_LINK: usize = 4096;

/// An open directory.
pub(super) struct Dir<'a> {
    source: &'a Source,
    /// `None` once it was closed to free a descriptor.
    fd: Option<OwnedFd>,
    path: PathBuf,
}

/// A name that is a number: of a process, a thread, a descriptor.
#[derive(Clone, Copy)]
pub(super) struct Numbered<'a> {
    pub(super) number: u32,
    pub(super) name: &'a CStr,
}

impl<'a> Dir<'a> {
    pub(super) fn open(source: &'a Source, path: PathBuf) -> Result<Self> {
        match source.open_dir(&path) {
            Ok(fd) => Ok(Self { source, fd: Some(fd), path }),
            Err(error) => Err(error.with_path(path)),
        }
    }

    /// Reads the target of a link.
    #[cfg(feature = "bpf")]
    pub(super) fn link(&self, name: &[u8]) -> Result<Vec<u8>> {
        match rustix::fs::readlinkat(self.fd()?, name, Vec::new()) {
            Ok(target) => Ok(target.into_bytes()),
            Err(errno) => Err(Error::io(errno).with_path(self.file(name))),
        }
    }

    /// Calls `each` with every name, in the kernel's order.
    fn each_name(&self, each: impl FnMut(&CStr) -> Result<()>) -> Result<()> {
        files::each_name(self.fd()?, &self.path, each)
    }

    /// Calls `each` with every name that is a number, in the kernel's order: ascending for descriptors, mostly so for threads.
    pub(super) fn each_number(&self, mut each: impl FnMut(Numbered<'_>) -> Result<()>) -> Result<()> {
        self.each_name(|name| {
            let number = decimal(name.to_bytes(), "name").ok().and_then(|number| u32::try_from(number).ok());
            number.map_or(Ok(()), |number| each(Numbered { number, name }))
        })
    }

    /// Calls `each` with every link whose name is a number, and its target. A link that is gone by then is skipped.
    pub(super) fn each_link(&self, mut each: impl FnMut(Numbered<'_>, &[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = [0; LONGEST_LINK];
        let dir = self.fd()?;
        self.each_number(|at| match rustix::fs::readlinkat_raw(dir, at.name, &mut buffer) {
            Ok(length) => each(at, buffer.get(..length).unwrap_or_default()),
            // Closed since the directory was listed, longer than a path may be, or (in a copied tree) not a link.
            Err(Errno::NOENT | Errno::NAMETOOLONG | Errno::INVAL) => Ok(()),
            Err(errno) => Err(Error::io(errno).with_path(self.file(at.name.to_bytes()))),
        })
    }

    /// Reads a file that is one record; `file` is its path from here.
    ///
    /// If this directory has the last free descriptor, it is closed, and this file and later ones are opened by their
    /// whole path. A caller that lists the directory must do so before.
    pub(super) fn read_record<T>(
        &mut self,
        file: &[u8],
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        let opened = match &self.fd {
            Some(dir) if self.source.is_live() => files::open(dir, file),
            _ => return self.source.read_one(&self.file(file), parse),
        };
        if opened.as_ref().is_err_and(Error::is_shortage) {
            self.fd = None;
            return self.source.read_one(&self.file(file), parse);
        }
        opened
            .and_then(|opened| files::read_record(&opened, u64::MAX, parse))
            .map_err(|error| error.with_path(self.file(file)))
    }

    pub(super) fn fd(&self) -> Result<&OwnedFd> {
        self.fd.as_ref().ok_or_else(|| Error::io(Errno::BADF).with_path(&self.path))
    }

    fn file(&self, file: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(file))
    }
}
