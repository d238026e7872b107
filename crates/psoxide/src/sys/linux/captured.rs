//! The files of a capture, in memory. They are read on any machine.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use psoxide_capture::Entry;
use psoxide_parse::decimal;

use super::abi::{EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, FileKind, error};
use crate::Result;

/// Links that are followed on the way to one file, as in the kernel.
const MOST_LINKS: u32 = 40;

/// A tree of files, by path without the leading slash.
#[derive(Debug)]
pub(super) struct CapturedTree(BTreeMap<Vec<u8>, Entry>);

/// A directory of a captured tree.
#[derive(Debug)]
pub(super) struct CapturedDir {
    tree: Arc<CapturedTree>,
    path: Vec<u8>,
}

/// What a path leads to.
enum Found<'a> {
    File(&'a [u8]),
    Link(&'a [u8]),
    Dir,
}

impl CapturedTree {
    pub(super) fn new(entries: BTreeMap<Vec<u8>, Entry>) -> Self {
        Self(entries)
    }

    /// Returns the bytes of a file.
    pub(super) fn read(&self, path: &Path) -> Result<&[u8]> {
        self.find(path, true).and_then(|(_, found)| match found {
            Found::File(bytes) => Ok(bytes),
            Found::Dir | Found::Link(_) => Err(error(EISDIR)),
        })
    }

    /// Returns the target of a link.
    pub(super) fn link(&self, path: &Path) -> Result<&[u8]> {
        self.find(path, false).and_then(|(_, found)| match found {
            Found::Link(target) => Ok(target),
            Found::File(_) | Found::Dir => Err(error(EINVAL)),
        })
    }

    /// Returns the type of the file that a path leads to.
    pub(super) fn kind(&self, path: &Path) -> Result<FileKind> {
        self.find(path, true).map(|(_, found)| match found {
            Found::File(_) => FileKind::Regular,
            Found::Dir => FileKind::Directory,
            Found::Link(_) => FileKind::Other,
        })
    }

    pub(super) fn open_dir(self: &Arc<Self>, path: &Path) -> Result<CapturedDir> {
        match self.find(path, true)? {
            (path, Found::Dir) => Ok(CapturedDir { tree: Arc::clone(self), path }),
            _ => Err(error(ENOTDIR)),
        }
    }

    /// Finds what a path leads to, and its path without links. No link leads out of the tree. The last link is followed
    /// only with `follow`.
    fn find(&self, path: &Path, follow: bool) -> Result<(Vec<u8>, Found<'_>)> {
        let mut rest = names(path);
        let mut here = Vec::new();
        let mut found = Found::Dir;
        let mut links = MOST_LINKS;
        while let Some(name) = rest.pop() {
            if matches!(found, Found::File(_)) {
                return Err(error(ENOTDIR));
            }
            if name == b".." {
                here.truncate(here.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
                continue;
            }
            let next = join(&here, &name);
            found = self.at(&next).ok_or_else(|| error(ENOENT))?;
            match found {
                Found::Link(target) if follow || !rest.is_empty() => {
                    links = links.checked_sub(1).ok_or_else(|| error(ELOOP))?;
                    if target.starts_with(b"/") {
                        here.clear();
                    }
                    rest.extend(split(target));
                    found = Found::Dir;
                }
                _ => here = next,
            }
        }
        Ok((here, found))
    }

    /// What is at a path whose directories are no links.
    fn at(&self, path: &[u8]) -> Option<Found<'_>> {
        match self.0.get(path) {
            Some(Entry::File(bytes)) => Some(Found::File(bytes)),
            Some(Entry::Link(target)) => Some(Found::Link(target)),
            Some(Entry::Dir) => Some(Found::Dir),
            // A directory that holds something needs no entry.
            None => self.below(path).next().map(|_| Found::Dir),
        }
    }

    /// The entries below a directory, by their paths from there.
    fn below(&self, dir: &[u8]) -> impl Iterator<Item = (&[u8], &Entry)> {
        let prefix = join(dir, b"");
        self.0.range(prefix.clone()..).map_while(move |(path, entry)| Some((path.strip_prefix(&*prefix)?, entry)))
    }
}

impl CapturedDir {
    /// Calls `each` with every name, sorted.
    pub(super) fn each_name(&self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut last: &[u8] = b"";
        for (path, _) in self.tree.below(&self.path) {
            let name = path.split(|byte| *byte == b'/').next().unwrap_or_default();
            if name != last {
                each(name)?;
                last = name;
            }
        }
        Ok(())
    }

    /// Calls `each` with every link whose name is a number, and its target; ascending.
    pub(super) fn each_link(&self, mut each: impl FnMut(u32, &[u8]) -> Result<()>) -> Result<()> {
        let number = |name| decimal(name, "name").ok().and_then(|number| u32::try_from(number).ok());
        let links = self.tree.below(&self.path).filter_map(|(name, entry)| match entry {
            Entry::Link(target) => Some((number(name)?, target)),
            Entry::File(_) | Entry::Dir => None,
        });
        let mut links: Vec<_> = links.collect();
        links.sort_unstable_by_key(|(number, _)| *number);
        links.into_iter().try_for_each(|(number, target)| each(number, target))
    }
}

/// `dir/name`, without a slash in front.
fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    if dir.is_empty() { name.to_vec() } else { [dir, b"/", name].concat() }
}

/// The names in a path of this machine, the last one first.
fn names(path: &Path) -> Vec<Vec<u8>> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.as_encoded_bytes().to_vec()),
        Component::ParentDir => Some(b"..".to_vec()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    let mut names: Vec<_> = names.collect();
    names.reverse();
    names
}

/// The names in the target of a link, the last one first.
fn split(target: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let names = target.split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".");
    names.map(<[u8]>::to_vec).collect::<Vec<_>>().into_iter().rev()
}

/// Reads the files of a copied machine into memory: those below `proc`, `sys`, `run` and `var/run`, and `/etc/passwd`.
/// Links are not followed, and what is neither a file, nor a link, nor a directory is left out.
#[cfg(not(target_os = "linux"))]
pub(super) fn load(root: &Path) -> Result<BTreeMap<Vec<u8>, Entry>> {
    use crate::Error;
    /// As much as a tree of files is read of on Linux.
    const LONGEST: u64 = 64 << 20;
    let mut entries = BTreeMap::new();
    let mut waiting = ["proc", "sys", "run", "var/run", "etc/passwd", ".psoxide"].map(str::to_owned).to_vec();
    while let Some(name) = waiting.pop() {
        let path = root.join(&name);
        let Ok(found) = path.symlink_metadata() else { continue };
        let entry = if found.is_symlink() {
            let target = std::fs::read_link(&path).map_err(|error| Error::io(error).with_path(&path))?;
            Entry::Link(target.as_os_str().as_encoded_bytes().to_vec())
        } else if found.is_dir() {
            for item in std::fs::read_dir(&path).map_err(|error| Error::io(error).with_path(&path))?.flatten() {
                waiting.extend(item.file_name().to_str().map(|item| format!("{name}/{item}")));
            }
            Entry::Dir
        } else if found.is_file() && found.len() <= LONGEST {
            Entry::File(std::fs::read(&path).map_err(|error| Error::io(error).with_path(&path))?)
        } else {
            continue;
        };
        entries.insert(name.into_bytes(), entry);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Arc<CapturedTree> {
        let file = |text: &str| Entry::File(text.into());
        let link = |target: &str| Entry::Link(target.into());
        let entries = [
            ("etc/name", file("inside")),
            ("etc/deep/up", link("../../../../../../etc/name")),
            ("top", link("/etc/name")),
            ("loop", link("loop")),
            ("out", link("/home/secret")),
            ("dirs", link("etc/./deep")),
            ("proc/1/fd", Entry::Dir),
            ("proc/2/fd/10", link("socket:[7]")),
            ("proc/2/fd/9", link("/tmp/x (deleted)")),
            ("proc/2/fd/odd", file("")),
        ];
        Arc::new(CapturedTree::new(entries.map(|(path, entry)| (path.into(), entry)).into()))
    }

    #[test]
    fn links_are_followed_and_stay_in_the_tree() {
        let tree = tree();
        for path in ["/etc/name", "etc/deep/up", "/top", "/etc/deep/../name", "/dirs/../name", "/../../top"] {
            assert_eq!(tree.read(Path::new(path)).unwrap(), b"inside", "{path}");
        }
        for path in ["/none", "/out", "/etc/none/name", "/etc/nam"] {
            assert!(tree.read(Path::new(path)).unwrap_err().is_missing(), "{path}");
        }
        assert_eq!(tree.read(Path::new("/loop")).unwrap_err().errno(), Some(ELOOP));
        assert_eq!(tree.read(Path::new("/etc/name/x")).unwrap_err().errno(), Some(ENOTDIR));
        assert_eq!(tree.read(Path::new("/etc")).unwrap_err().errno(), Some(EISDIR));
        assert_eq!(tree.link(Path::new("/top")).unwrap(), b"/etc/name");
        assert_eq!(tree.link(Path::new("/etc/name")).unwrap_err().errno(), Some(EINVAL));
        assert_eq!(tree.kind(Path::new("/dirs")).unwrap(), FileKind::Directory);
    }

    #[test]
    fn directories_are_listed() {
        let tree = tree();
        let names = |path: &str| {
            let mut names = Vec::new();
            tree.open_dir(Path::new(path))?.each_name(|name| {
                names.push(String::from_utf8_lossy(name).into_owned());
                Ok(())
            })?;
            Ok::<_, crate::Error>(names)
        };
        assert_eq!(names("/").unwrap(), ["dirs", "etc", "loop", "out", "proc", "top"]);
        assert_eq!(names("/proc").unwrap(), ["1", "2"]);
        assert_eq!(names("/proc/1/fd").unwrap(), [""; 0]);
        assert_eq!(names("/dirs").unwrap(), ["up"]);
        assert_eq!(names("/top").unwrap_err().errno(), Some(ENOTDIR));
        let mut links = Vec::new();
        let dir = tree.open_dir(Path::new("/proc/2/fd")).unwrap();
        dir.each_link(|number, target| {
            links.push((number, target.to_vec()));
            Ok(())
        })
        .unwrap();
        assert_eq!(links, [(9, b"/tmp/x (deleted)".to_vec()), (10, b"socket:[7]".to_vec())]);
    }
}
