//! Opens files of a copied machine. No link leads out of the copy, and only regular files and directories are opened,
//! because a copy may hold links to devices, FIFOs and endless files.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use super::files::{self, OpenDir};
use crate::sys::linux::abi::FileKind;
use crate::sys::linux::user_names::Stamp;
use crate::{Error, Result};

/// The limit of a file that is one record. Command lines and environments are the longest that the kernel writes.
const RECORD: u64 = 8 << 20;
/// The limit of a file of many records, such as mappings or sockets.
const LIST: u64 = 64 << 20;

/// The number of links that are followed on the way to one file, as in the kernel.
const LINKS: u32 = 40;

/// A directory that holds copies of a machine's files.
#[derive(Debug, Clone)]
pub(crate) struct CopiedTree {
    root: PathBuf,
}

impl CopiedTree {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Reads a file of many records.
    pub(crate) fn read<T>(&self, path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        files::read(&open_file(&self.root, path, LIST)?, LIST, parse)
    }

    /// Reads a file that is one record.
    pub(crate) fn read_record<T>(
        &self,
        path: &Path,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        files::read_record(&open_file(&self.root, path, RECORD)?, RECORD, parse)
    }

    /// Reads the target of a link.
    pub(crate) fn link(&self, path: &Path) -> Result<Vec<u8>> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Error::io(Errno::INVAL));
        };
        let parent = open(&self.root, parent, OFlags::PATH | OFlags::DIRECTORY)?;
        let target = rustix::fs::readlinkat(&parent, name, Vec::with_capacity(256)).map_err(Error::io)?;
        Ok(target.into_bytes())
    }

    /// Returns the type of the file that a path leads to.
    pub(crate) fn kind(&self, path: &Path) -> Result<FileKind> {
        stat(&self.root, path).map(|found| files::kind(&found))
    }

    /// Returns a stamp that changes when the file changes.
    pub(crate) fn stamp(&self, path: &Path) -> Option<Stamp> {
        stat(&self.root, path).ok().map(|found| files::stamp(&found))
    }

    pub(crate) fn open_dir(&self, path: &Path) -> Result<OpenDir> {
        open(&self.root, path, OFlags::RDONLY | OFlags::DIRECTORY).map(OpenDir)
    }
}

/// Opens a regular file below `root` of at most `limit` bytes.
fn open_file(root: &Path, path: &Path, limit: u64) -> Result<OwnedFd> {
    // Check the type first, because opening a device can have effects.
    let found = stat(root, path)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(Error::io(io::Error::new(io::ErrorKind::InvalidData, "not a regular file")));
    }
    if u64::try_from(found.st_size).is_ok_and(|size| size > limit) {
        return Err(Error::io(Errno::FBIG));
    }
    open(root, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
}

/// Describes the file that a path below `root` leads to.
fn stat(root: &Path, path: &Path) -> Result<Stat> {
    rustix::fs::fstat(open(root, path, OFlags::PATH)?).map_err(Error::io)
}

fn open(root: &Path, path: &Path, flags: OFlags) -> Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    let root_flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let top = rustix::fs::openat(CWD, root, root_flags, Mode::empty()).map_err(Error::io)?;
    let path = match path.strip_prefix(root) {
        Ok(path) if path.as_os_str().is_empty() => Path::new("."),
        Ok(path) => path,
        Err(_) => return Err(Error::io(Errno::XDEV)),
    };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(&top, path, flags, Mode::empty(), resolve) {
        // Linux before 5.6 lacks the call, or a filter does not know it.
        Err(Errno::NOSYS | Errno::PERM) => open_by_hand(top, path, flags),
        opened => opened.map_err(Error::io),
    }
}

/// Resolves a path as openat2(2) does, one component after the other.
fn open_by_hand(top: OwnedFd, path: &Path, flags: OFlags) -> Result<OwnedFd> {
    let mut dirs = vec![top];
    let mut rest = components(path);
    let mut links = LINKS;
    while let Some(name) = rest.pop() {
        if name == ".." {
            if dirs.len() > 1 {
                dirs.pop();
            }
            continue;
        }
        let Some(dir) = dirs.last() else { break };
        let here = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = rustix::fs::openat(dir, &name, here, Mode::empty()).map_err(Error::io)?;
        match FileType::from_raw_mode(rustix::fs::fstat(&found).map_err(Error::io)?.st_mode) {
            FileType::Symlink => {
                links = links.checked_sub(1).ok_or_else(|| Error::io(Errno::LOOP))?;
                let target = rustix::fs::readlinkat(&found, "", Vec::new()).map_err(Error::io)?.into_bytes();
                if target.starts_with(b"/") {
                    dirs.truncate(1);
                }
                rest.extend(components(Path::new(OsStr::from_bytes(&target))));
            }
            FileType::Directory => dirs.push(found),
            _ if rest.is_empty() => {
                return rustix::fs::openat(dir, &name, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(Error::io);
            }
            _ => return Err(Error::io(Errno::NOTDIR)),
        }
    }
    let dir = dirs.last().ok_or_else(|| Error::io(Errno::NOENT))?;
    rustix::fs::openat(dir, ".", flags, Mode::empty()).map_err(Error::io)
}

/// Splits a path into its names and `..`, last name first.
fn components(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    let mut names: Vec<OsString> = names.collect();
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    type Way<'a> = dyn Fn(&Path, OFlags) -> Result<OwnedFd> + 'a;

    #[test]
    fn links_stay_in_the_copy() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("etc/deep")).unwrap();
        fs::write(root.join("etc/name"), "inside").unwrap();
        symlink(outside.path().join("secret"), root.join("absolute")).unwrap();
        symlink("../../../../../../etc/name", root.join("etc/deep/up")).unwrap();
        symlink("/etc/name", root.join("top")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink(outside.path(), root.join("etc/out")).unwrap();
        symlink("/dev/zero", root.join("zero")).unwrap();
        symlink("../../../../../../../../dev/random", root.join("random")).unwrap();
        let top = || rustix::fs::openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let by_hand = |path: &Path, flags| open_by_hand(top(), path.strip_prefix(root).unwrap(), flags);
        let by_kernel = |path: &Path, flags| open(root, path, flags);
        let ways: [&Way<'_>; 2] = [&by_kernel, &by_hand];
        for way in ways {
            let read = |path: &str| {
                let file = way(&root.join(path), OFlags::RDONLY | OFlags::CLOEXEC)?;
                Ok::<_, Error>(io::read_to_string(fs::File::from(file)).unwrap())
            };
            assert_eq!([read("etc/name").unwrap(), read("etc/deep/up").unwrap(), read("top").unwrap()], ["inside"; 3]);
            assert_eq!(read("etc/deep/../name").unwrap(), "inside");
            for missing in ["absolute", "etc/out/secret", "zero", "random", "none"] {
                assert!(read(missing).unwrap_err().is_missing(), "{missing}");
            }
            assert_eq!(read("loop").unwrap_err().errno(), Some(libc::ELOOP));
            assert_eq!(read("etc/name/x").unwrap_err().errno(), Some(libc::ENOTDIR));
            assert!(way(root, OFlags::RDONLY | OFlags::DIRECTORY).is_ok());
        }
        assert!(open(root, outside.path(), OFlags::PATH).is_err());
        assert_eq!(CopiedTree::new(root).link(&root.join("top")).unwrap(), b"/etc/name");
    }

    #[test]
    fn only_regular_files_of_a_bearable_size_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        rustix::fs::mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        fs::create_dir(root.join("dir")).unwrap();
        fs::File::create(root.join("sparse")).unwrap().set_len(20 << 30).unwrap();
        fs::write(root.join("file"), "x").unwrap();
        let mut odd = vec!["fifo", "dir"];
        // A copy that root made can have the device itself. Its number 1:8 is that of /dev/random.
        let random = rustix::fs::makedev(1, 8);
        if rustix::fs::mknodat(CWD, root.join("random"), FileType::CharacterDevice, Mode::RUSR, random).is_ok() {
            symlink("random", root.join("link")).unwrap();
            odd.extend(["random", "link"]);
        }
        for odd in odd {
            let error = open_file(root, &root.join(odd), LIST).unwrap_err();
            assert!(error.to_string().contains("not a regular file"), "{error}");
        }
        assert_eq!(open_file(root, &root.join("sparse"), LIST).unwrap_err().errno(), Some(libc::EFBIG));
        assert!(open_file(root, &root.join("file"), LIST).is_ok());
    }
}
