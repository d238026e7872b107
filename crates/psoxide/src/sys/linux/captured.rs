//! Reads the files of a capture from memory, on any machine.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use psoxide_capture::{Entry, Origin};
use psoxide_parse::decimal;

use super::abi::{EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, FileKind, error};
use super::files;
use crate::sys::question::Capture;
use crate::{Error, Result};

/// The number of links that are followed on the way to one file, as in the kernel.
const MOST_LINKS: u32 = 40;

/// The question whose answer lists the pids to which a recording was limited.
pub(super) const ONLY: &str = "pids";

/// A tree of files, by path without the leading slash.
#[derive(Debug, Default)]
pub(super) struct CapturedTree {
    /// The entry at each path, or the error number with which the kernel refused it.
    entries: BTreeMap<Vec<u8>, Result<Entry, i32>>,
    /// Whether the recorder wrote the capture. Then its list of files decides which files were never asked for.
    is_recorded: bool,
    /// The directories of the recorded processes below /proc, if only some were to be recorded.
    only: Option<Vec<Vec<u8>>>,
}

/// A directory of a captured tree.
#[derive(Debug)]
pub(super) struct CapturedDir {
    tree: Arc<CapturedTree>,
    path: Vec<u8>,
}

/// The entry that a path leads to.
enum Found<'a> {
    File(&'a [u8]),
    Link(&'a [u8]),
    Dir,
    Refused(i32),
}

impl CapturedTree {
    /// Makes the tree of a copied machine. Its files are complete.
    #[cfg(any(test, not(target_os = "linux")))]
    pub(super) fn new(entries: BTreeMap<Vec<u8>, Entry>) -> Self {
        Self { entries: entries.into_iter().map(|(path, entry)| (path, Ok(entry))).collect(), ..Self::default() }
    }

    /// Makes the tree of a capture. Its answers to questions about files are the kernel's refusals.
    pub(super) fn of(capture: Capture) -> Self {
        let only = capture.answers.get(ONLY).and_then(|answer| answer.as_ref().ok());
        let only = only.map(|pids| pids.split(u8::is_ascii_whitespace).map(<[u8]>::to_vec).collect());
        let refused = capture.answers.into_iter().filter_map(|(question, answer)| {
            let (_, path) = question.split_once(" /")?;
            Some((path.into(), Err(answer.err()?)))
        });
        Self {
            only,
            is_recorded: capture.header.origin == Origin::Recorded,
            entries: refused.chain(capture.entries.into_iter().map(|(path, entry)| (path, Ok(entry)))).collect(),
        }
    }

    /// Returns the bytes of a file.
    pub(super) fn read(&self, path: &Path) -> Result<&[u8]> {
        self.find(path, true).and_then(|(_, found)| match found {
            Found::File(bytes) => Ok(bytes),
            Found::Dir | Found::Link(_) => Err(error(EISDIR)),
            Found::Refused(errno) => Err(error(errno)),
        })
    }

    /// Returns the target of a link.
    pub(super) fn link(&self, path: &Path) -> Result<&[u8]> {
        self.find(path, false).and_then(|(_, found)| match found {
            Found::Link(target) => Ok(target),
            Found::File(_) | Found::Dir => Err(error(EINVAL)),
            Found::Refused(errno) => Err(error(errno)),
        })
    }

    /// Returns the type of the file that a path leads to.
    pub(super) fn kind(&self, path: &Path) -> Result<FileKind> {
        self.find(path, true).and_then(|(_, found)| match found {
            Found::File(_) => Ok(FileKind::Regular),
            Found::Dir => Ok(FileKind::Directory),
            Found::Link(_) => Ok(FileKind::Other),
            Found::Refused(errno) => Err(error(errno)),
        })
    }

    pub(super) fn open_dir(self: &Arc<Self>, path: &Path) -> Result<CapturedDir> {
        match self.find(path, true)? {
            (path, Found::Dir) => Ok(CapturedDir { tree: Arc::clone(self), path }),
            (_, Found::Refused(errno)) => Err(error(errno)),
            _ => Err(error(ENOTDIR)),
        }
    }

    /// Resolves a path. Returns the path without links, and its entry. No link leads out of the tree. The last link is
    /// followed only with `follow`.
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
            found = self.at(&next).ok_or_else(|| self.absent(&next, &rest))?;
            match found {
                Found::Refused(errno) => return Err(error(errno)),
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

    /// Returns the error for a path without an entry: the machine had no such file, or the recorder did not look for
    /// it. `rest` holds the names below the path that were to follow, last name first.
    fn absent(&self, path: &[u8], rest: &[Vec<u8>]) -> Error {
        if self.is_recorded {
            let names = path.split(|byte| *byte == b'/').chain(rest.iter().rev().map(Vec::as_slice));
            let names = names.collect::<Vec<_>>();
            if self.leaves_out(&names) || !files::are_recorded(&names) {
                return Error::not_captured(format!("file /{}", String::from_utf8_lossy(path)));
            }
        }
        error(ENOENT)
    }

    /// Whether a path is that of a process that was not to be recorded.
    fn leaves_out(&self, names: &[&[u8]]) -> bool {
        match (&self.only, names) {
            (Some(pids), [b"proc", pid, ..]) => {
                pid.iter().all(u8::is_ascii_digit) && !pids.iter().any(|recorded| recorded == pid)
            }
            _ => false,
        }
    }

    /// Returns the entry at a path whose directories are not links.
    fn at(&self, path: &[u8]) -> Option<Found<'_>> {
        match self.entries.get(path) {
            Some(Ok(Entry::File(bytes))) => Some(Found::File(bytes)),
            Some(Ok(Entry::Link(target))) => Some(Found::Link(target)),
            Some(Ok(Entry::Dir)) => Some(Found::Dir),
            Some(Err(errno)) => Some(Found::Refused(*errno)),
            // A directory that is not empty needs no entry of its own.
            None => self.below(path).next().map(|_| Found::Dir),
        }
    }

    /// Lists the entries below a directory, by their paths relative to it.
    fn below(&self, dir: &[u8]) -> impl Iterator<Item = (&[u8], &Result<Entry, i32>)> {
        let prefix = join(dir, b"");
        self.entries.range(prefix.clone()..).map_while(move |(path, entry)| Some((path.strip_prefix(&*prefix)?, entry)))
    }
}

impl CapturedDir {
    /// Calls `each` with every name, in sorted order.
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

    /// Calls `each` with every link whose name is a number, and its target, in ascending order.
    pub(super) fn each_link(&self, mut each: impl FnMut(u32, &[u8]) -> Result<()>) -> Result<()> {
        let number = |name| decimal(name, "name").ok().and_then(|number| u32::try_from(number).ok());
        let links = self.tree.below(&self.path).filter_map(|(name, entry)| match entry {
            Ok(Entry::Link(target)) => Some((number(name)?, Ok(target))),
            Ok(Entry::File(_) | Entry::Dir) => None,
            Err(errno) => Some((number(name)?, Err(error(*errno)))),
        });
        let mut links: Vec<_> = links.collect();
        links.sort_unstable_by_key(|(number, _)| *number);
        links.into_iter().try_for_each(|(number, target)| each(number, target?))
    }
}

/// Joins `dir` and `name`, without a leading slash.
fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    if dir.is_empty() { name.to_vec() } else { [dir, b"/", name].concat() }
}

/// Splits a path of this machine into names, last name first.
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

/// Splits the target of a link into names, last name first.
fn split(target: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let names = target.split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".");
    names.map(<[u8]>::to_vec).collect::<Vec<_>>().into_iter().rev()
}

/// Reads the files of a copied machine into memory: those below `proc`, `sys`, `run` and `var/run`, and a few others.
/// Links are not followed. Entries other than files, links and directories are left out.
#[cfg(not(target_os = "linux"))]
pub(super) fn load(root: &Path) -> Result<BTreeMap<Vec<u8>, Entry>> {
    /// The limit at which Linux stops reading a copied file.
    const LONGEST: u64 = 64 << 20;
    let mut entries = BTreeMap::new();
    // The last ones of these are files of SunOS.
    let names = ["proc", "sys", "run", "var/run", "etc/passwd", ".psoxide", "etc/mnttab", "var/adm/utmpx"];
    let mut waiting = names.map(str::to_owned).to_vec();
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
    use crate::ErrorKind;

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
    fn what_was_refused_or_never_asked_is_not_missing() {
        let text = "psoxide-capture 1\norigin recorded\nfile proc/7/stat\n>7 (x)\ndir proc/7/fd\n\
                    ask link /proc/7/exe\nerrno 13 EACCES\nask file /proc/7/io\nerrno 13 EACCES\n\
                    ask dir /proc/8/fd\nerrno 13 EACCES\n";
        let tree = Arc::new(CapturedTree::of(Capture::parse(text).unwrap()));
        for refused in [
            tree.read(Path::new("/proc/7/io")).map(drop),
            tree.link(Path::new("/proc/7/exe")).map(drop),
            tree.open_dir(Path::new("/proc/8/fd")).map(drop),
            tree.link(Path::new("/proc/8/fd/3")).map(drop),
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::AccessDenied);
        }
        for missing in ["/proc/7/cwd", "/proc/7/fd/3", "/proc/9/stat", "/proc/uptime"] {
            assert!(tree.read(Path::new(missing)).unwrap_err().is_missing(), "{missing}");
        }
        for never_asked in ["/proc/7/net/tcp", "/proc/modules", "/home"] {
            let error = tree.read(Path::new(never_asked)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotCaptured, "{never_asked}");
        }
    }

    #[test]
    fn processes_that_were_not_to_be_recorded_are_not_gone() {
        let text = "psoxide-capture 1\norigin recorded\nfile proc/7/stat\n>7 (x)\nask pids\n>7 12\n";
        let tree = CapturedTree::of(Capture::parse(text).unwrap());
        assert!(tree.read(Path::new("/proc/7/stat")).is_ok());
        assert!(tree.read(Path::new("/proc/12/stat")).unwrap_err().is_missing());
        for left_out in ["/proc/1/stat", "/proc/1"] {
            assert_eq!(tree.kind(Path::new(left_out)).unwrap_err().kind(), ErrorKind::NotCaptured, "{left_out}");
        }
        assert!(tree.read(Path::new("/proc/uptime")).unwrap_err().is_missing());
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
