//! A folder of kernel files that is opened once: what is in it is read without walking the way there again.

use std::ffi::{CStr, OsStr};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use psoxide_parse::decimal;
use rustix::fs::RawDir;
use rustix::io::Errno;

use super::source::{self, Source};
use crate::{Error, Result};

/// PATH_MAX: the kernel answers ENAMETOOLONG for what is longer.
const LONGEST_LINK: usize = 4096;
/// Some 250 names of numbers.
const LISTING: usize = 8192;

pub(super) struct Folder<'a> {
    source: &'a Source,
    /// `None` once it was closed to free a descriptor.
    folder: Option<OwnedFd>,
    path: PathBuf,
}

/// A name in a folder that is a number: of a process, a thread, a descriptor.
#[derive(Clone, Copy)]
pub(super) struct Numbered<'a> {
    pub(super) number: u32,
    pub(super) name: &'a CStr,
}

impl<'a> Folder<'a> {
    pub(super) fn open(source: &'a Source, path: PathBuf) -> Result<Self> {
        match source.open_dir(&path) {
            Ok(folder) => Ok(Self { source, folder: Some(folder), path }),
            Err(error) => Err(error.with_path(path)),
        }
    }

    /// Where a link points.
    #[cfg(feature = "bpf")]
    pub(super) fn link(&self, name: &[u8]) -> Result<Vec<u8>> {
        match rustix::fs::readlinkat(self.folder()?, name, Vec::new()) {
            Ok(target) => Ok(target.into_bytes()),
            Err(errno) => Err(Error::io(errno).with_path(self.file(name))),
        }
    }

    /// The names in it, in the kernel's order.
    pub(super) fn each_name(&self, mut each: impl FnMut(&CStr) -> Result<()>) -> Result<()> {
        let mut buffer = [MaybeUninit::uninit(); LISTING];
        let mut entries = RawDir::new(self.folder()?, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|errno| Error::io(errno).with_path(&self.path))?;
            match entry.file_name() {
                name if name == c"." || name == c".." => {}
                name => each(name)?,
            }
        }
        Ok(())
    }

    /// The names that are numbers, in the kernel's order: ascending for descriptors, mostly so for threads.
    pub(super) fn each_number(&self, mut each: impl FnMut(Numbered<'_>) -> Result<()>) -> Result<()> {
        self.each_name(|name| {
            let number = decimal(name.to_bytes(), "name").ok().and_then(|number| u32::try_from(number).ok());
            number.map_or(Ok(()), |number| each(Numbered { number, name }))
        })
    }

    /// The names that are numbers and where the links so named point, of those that are there and can be told.
    pub(super) fn each_link(&self, mut each: impl FnMut(Numbered<'_>, &[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = [0; LONGEST_LINK];
        let folder = self.folder()?;
        self.each_number(|at| match rustix::fs::readlinkat_raw(folder, at.name, &mut buffer) {
            Ok(length) => each(at, buffer.get(..length).unwrap_or_default()),
            // Closed since it was listed; longer than a path may be; in a copied tree, no link.
            Err(Errno::NOENT | Errno::NAMETOOLONG | Errno::INVAL) => Ok(()),
            Err(errno) => Err(Error::io(errno).with_path(self.file(at.name.to_bytes()))),
        })
    }

    /// Reads a file that is one record; `file` is its path from here.
    ///
    /// If this folder has the last free descriptor, it is closed, and this file and later ones are opened by their whole
    /// path. So the folder must be listed before.
    pub(super) fn read_record<T>(
        &mut self,
        file: &[u8],
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        let opened = match &self.folder {
            Some(folder) if self.source.is_live() => source::open(folder, file),
            _ => return self.source.read_one(&self.file(file), parse),
        };
        if opened.as_ref().is_err_and(Error::is_shortage) {
            self.folder = None;
            return self.source.read_one(&self.file(file), parse);
        }
        opened
            .and_then(|opened| source::read_record(&opened, u64::MAX, parse))
            .map_err(|error| error.with_path(self.file(file)))
    }

    fn folder(&self) -> Result<&OwnedFd> {
        self.folder.as_ref().ok_or_else(|| Error::io(Errno::BADF).with_path(&self.path))
    }

    fn file(&self, file: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(file))
    }
}
