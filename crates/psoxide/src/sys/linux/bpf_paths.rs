//! Completes the paths of one process's files. A walk prints some paths whole, and of others only the last part.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use foldhash::fast::FixedState;
use psoxide_bpf::{Directory, File, Path as Told};

use super::Source;
use super::deleted::RegularFiles;
use super::dir::Dir;
use crate::Result;

/// Finds the path of each file that a walk printed.
pub(super) struct Paths<'a> {
    source: &'a Source,
    links: &'a Dir<'a>,
    regular: &'a RegularFiles<'a>,
    /// The path of each directory, ending in a slash, and whether a lookup of the path finds that directory.
    directories: HashMap<Directory, (Vec<u8>, bool), FixedState>,
}

impl<'a> Paths<'a> {
    pub(super) fn new(source: &'a Source, links: &'a Dir<'a>, regular: &'a RegularFiles<'a>) -> Self {
        Self { source, links, regular, directories: HashMap::default() }
    }

    /// Returns the path of a regular file, or `None` for another kind. If a lookup finds the file's directory by its
    /// path, the files in it need no lookup each.
    pub(super) fn of(&mut self, file: &File<'_>) -> Result<Option<Vec<u8>>> {
        let Some((path, leads)) = self.path(file) else { return Ok(None) };
        if leads {
            return Ok(Some(path));
        }
        Ok(self.regular.path(self.links, file.fd, &path)?.map(<[u8]>::to_vec))
    }

    /// Returns the path of a file, and whether a lookup finds its directory by the directory's path.
    fn path(&mut self, file: &File<'_>) -> Option<(Vec<u8>, bool)> {
        Some(match (file.path, self.directories.get(&file.directory)) {
            (Told::Whole(path), _) if file.named => {
                let end = path.iter().rposition(|byte| *byte == b'/')?;
                let directory = path.get(..=end)?;
                (path.to_vec(), self.leads(directory, file.directory))
            }
            (Told::Whole(path), _) => (path.to_vec(), false),
            (Told::Name(name), Some((directory, leads))) => ([directory, name].concat(), *leads),
            // The path was too long for the program to print, or has changed. The file may be closed by now.
            _ => (self.links.link(file.fd.to_string().as_bytes()).ok()?, false),
        })
    }

    /// Returns whether a lookup of a path finds the directory. Keeps the result.
    fn leads(&mut self, path: &[u8], directory: Directory) -> bool {
        if let Some((known, leads)) = self.directories.get(&directory)
            && known == path
        {
            return *leads;
        }
        let (major, minor) = directory.device();
        let found = || rustix::fs::stat(self.source.within(Path::new(OsStr::from_bytes(path))));
        let leads = !self.regular.mounts().may_wait(path)
            && found().is_ok_and(|found| {
                (found.st_dev, found.st_ino) == (rustix::fs::makedev(major, minor), directory.inode)
            });
        self.directories.insert(directory, (path.to_vec(), leads));
        leads
    }
}
