//! The machine that is read: its files, and the units of their numbers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use psoxide_parse::{Cursor, ParseError, decimal, lines};

use super::abi::FileKind;
#[cfg(feature = "capture")]
use super::captured::{CapturedDir, CapturedTree};
use super::live::{CopiedTree, Live, OpenDir};
use super::user_names::{Stamp, UserNames};
#[cfg(target_os = "linux")]
use crate::Backend;
#[cfg(feature = "capture")]
use crate::sys::question::Capture;
use crate::sys::text;
use crate::{Error, Pid, Result};

/// A Linux machine.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    root: PathBuf,
    procfs: PathBuf,
    page_size: u64,
    clock_ticks: u64,
    little_endian: bool,
    files: Files,
    user_names: Arc<UserNames>,
}

/// The location of a machine's files.
#[derive(Debug, Clone)]
enum Files {
    /// The files of the running kernel.
    Live(Live),
    /// Copied files in a directory.
    Copied(CopiedTree),
    /// The files of a capture, in memory.
    #[cfg(feature = "capture")]
    Captured(Arc<CapturedTree>),
}

/// An open directory of a machine.
pub(super) enum AnyDir {
    /// A directory of the running kernel or of a copy.
    Open(OpenDir),
    #[cfg(feature = "capture")]
    Captured(CapturedDir),
}

impl Source {
    #[cfg(target_os = "linux")]
    pub(crate) fn host() -> Self {
        Self::running("/proc".into())
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn with_procfs(procfs: &Path) -> Self {
        Self::running(procfs.to_owned())
    }

    #[cfg(target_os = "linux")]
    fn running(procfs: PathBuf) -> Self {
        let (page_size, clock_ticks) = Live::constants();
        let files = Files::Live(Live::new(procfs.clone()));
        Self { page_size, clock_ticks, ..Self::of("/".into(), procfs, files) }
    }

    /// Makes a machine with the most common page size, clock ticks and byte order.
    fn of(root: PathBuf, procfs: PathBuf, files: Files) -> Self {
        let little_endian = cfg!(target_endian = "little");
        Self { root, procfs, page_size: 4096, clock_ticks: 100, little_endian, files, user_names: Arc::default() }
    }

    /// Opens a directory that holds a copy of a machine's files.
    pub(crate) fn at_root(root: &Path) -> Result<Self> {
        let procfs = root.join("proc");
        let mut source = Self::copied(root, procfs.clone())?;
        if !source.is_dir(&source.procfs) {
            let problem = "not a directory: a copied machine has its files in proc and sys";
            return Err(Error::invalid(problem).with_path(procfs));
        }
        let constants = source.file(".psoxide");
        match source.read_one(&constants, |bytes| Ok(bytes.to_vec())) {
            Ok(bytes) => source.take_constants(&bytes).map_err(|e| e.with_path(root.join(".psoxide")))?,
            Err(error) if error.is_missing() => source.guess_constants()?,
            Err(error) => return Err(error),
        }
        Ok(source)
    }

    #[cfg(target_os = "linux")]
    pub(super) fn copied(root: &Path, procfs: PathBuf) -> Result<Self> {
        Ok(Self::of(root.to_owned(), procfs, Files::Copied(CopiedTree::new(root))))
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn copied(root: &Path, _: PathBuf) -> Result<Self> {
        let tree = CapturedTree::new(super::captured::load(root)?);
        Ok(Self::of("/".into(), "/proc".into(), Files::Captured(Arc::new(tree))))
    }

    /// Opens a capture.
    #[cfg(feature = "capture")]
    pub(crate) fn captured(capture: Capture) -> Self {
        let header = capture.header.clone();
        let files = Files::Captured(Arc::new(CapturedTree::of(capture)));
        Self {
            page_size: header.page_size.max(1),
            clock_ticks: header.clock_ticks.max(1),
            little_endian: !header.big_endian,
            ..Self::of("/".into(), "/proc".into(), files)
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn with_backend(&self, backend: Backend) -> Self {
        let files = match &self.files {
            Files::Live(live) => Files::Live(live.with_backend(backend)),
            files => files.clone(),
        };
        Self { files, ..self.clone() }
    }

    fn take_constants(&mut self, bytes: &[u8]) -> Result<()> {
        for line in lines(bytes) {
            let mut cursor = Cursor::new(line);
            match cursor.token() {
                Some(b"page_size") => self.page_size = cursor.decimal("page_size")?.max(1),
                Some(b"clock_ticks") => self.clock_ticks = cursor.decimal("clock_ticks")?.max(1),
                Some(b"byte_order") => {
                    self.little_endian = match cursor.required("byte_order")? {
                        b"little" => true,
                        b"big" => false,
                        other => return Err(ParseError::malformed("byte_order", other).into()),
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the page size and clock ticks from the auxiliary vector of any copied process, see getauxval(3).
    fn guess_constants(&mut self) -> Result<()> {
        const AT_PAGESZ: u64 = 6;
        const AT_CLKTCK: u64 = 17;
        for pid in self.pids()? {
            let Ok(pairs) = self.read(&self.process(pid, "auxv"), |bytes| {
                let mut cursor = Cursor::new(bytes);
                let mut pairs = Vec::new();
                while let (Some(key), Some(value)) = (cursor.array::<8>(), cursor.array::<8>()) {
                    pairs.push((u64::from_ne_bytes(key), u64::from_ne_bytes(value)));
                }
                Ok(pairs)
            }) else {
                continue;
            };
            for (key, value) in pairs {
                match (key, value) {
                    (AT_PAGESZ, 1..) => self.page_size = value,
                    (AT_CLKTCK, 1..) => self.clock_ticks = value,
                    _ => {}
                }
            }
            break;
        }
        Ok(())
    }

    pub(crate) fn is_live(&self) -> bool {
        self.live().is_some()
    }

    /// Returns the running kernel, if that is the machine.
    pub(super) fn live(&self) -> Option<&Live> {
        match &self.files {
            Files::Live(live) => Some(live),
            _ => None,
        }
    }

    /// Returns the running kernel, if system calls may read processes: the pids are those of /proc, and the caller did
    /// not choose to read only files.
    pub(super) fn own_kernel(&self) -> Option<&Live> {
        self.live().filter(|live| live.may_ask())
    }

    /// Returns the running kernel. Fails for a `reading` that a capture cannot answer.
    pub(super) fn require_live(&self, reading: &'static str) -> Result<&Live> {
        self.live().ok_or_else(|| Error::unsupported(reading))
    }

    pub(super) fn user_names(&self) -> &UserNames {
        &self.user_names
    }

    /// Converts pages to bytes.
    pub(crate) fn pages(&self, pages: u64) -> u64 {
        pages.saturating_mul(self.page_size)
    }

    pub(crate) fn page_size(&self) -> u64 {
        self.page_size
    }

    /// Returns whether numbers of the kernel are little-endian.
    pub(crate) fn little_endian(&self) -> bool {
        self.little_endian
    }

    /// Converts clock ticks to time.
    pub(crate) fn ticks(&self, ticks: u64) -> Duration {
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.clock_ticks);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Returns the number of clock ticks per second.
    #[cfg(all(target_os = "linux", any(feature = "bpf", feature = "capture")))]
    pub(super) fn clock_ticks(&self) -> u64 {
        self.clock_ticks
    }

    /// Returns the path of a file in /proc.
    pub(crate) fn procfs(&self, file: &str) -> PathBuf {
        self.procfs.join(file)
    }

    /// Returns the path of a file in /proc/PID.
    pub(crate) fn process(&self, pid: Pid, file: &str) -> PathBuf {
        let mut path = OsString::with_capacity(self.procfs.as_os_str().len() + file.len() + 12);
        path.push(&self.procfs);
        path.push("/");
        path.push(Digits::of(pid).as_str());
        path.push("/");
        path.push(file);
        path.into()
    }

    /// Converts an absolute path of the machine to the path on this one.
    pub(super) fn within(&self, path: &Path) -> PathBuf {
        self.file(path.strip_prefix("/").unwrap_or(path))
    }

    /// Converts an absolute path of the machine to the path on this one, also if /proc is mounted elsewhere.
    pub(super) fn kernel(&self, path: &Path) -> PathBuf {
        path.strip_prefix("/proc").map_or_else(|_| self.within(path), |rest| self.procfs.join(rest))
    }

    /// Returns the path of a file outside /proc. `file` has no leading slash.
    pub(crate) fn file(&self, file: impl AsRef<Path>) -> PathBuf {
        self.root.join(file)
    }

    /// Opens a directory.
    pub(super) fn open_dir(&self, path: &Path) -> Result<AnyDir> {
        let opened = match &self.files {
            Files::Live(live) => live.open_dir(path).map(AnyDir::Open),
            Files::Copied(tree) => tree.open_dir(path).map(AnyDir::Open),
            #[cfg(feature = "capture")]
            Files::Captured(tree) => tree.open_dir(path).map(AnyDir::Captured),
        };
        opened.map_err(|error| error.with_path(path))
    }

    /// Returns the type of the file that a path leads to.
    pub(super) fn kind(&self, path: &Path) -> Result<FileKind> {
        match &self.files {
            Files::Live(live) => live.kind(path),
            Files::Copied(tree) => tree.kind(path),
            #[cfg(feature = "capture")]
            Files::Captured(tree) => tree.kind(path),
        }
    }

    pub(super) fn is_dir(&self, path: &Path) -> bool {
        matches!(self.kind(path), Ok(FileKind::Directory))
    }

    /// Reads a file and parses it. Errors name the file.
    pub(crate) fn read<T>(&self, path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        let read = match &self.files {
            Files::Live(live) => live.read(path, parse),
            Files::Copied(tree) => tree.read(path, parse),
            #[cfg(feature = "capture")]
            Files::Captured(tree) => tree.read(path).and_then(|bytes| Ok(parse(bytes)?)),
        };
        read.map_err(|error| error.with_path(path))
    }

    /// Reads a file that is one record, and parses it. Such files are those of /sys and those of /proc that
    /// fs/seq_file.c opens by single_open (`stat`, `meminfo`). The kernel returns all of it in one read if the buffer
    /// is large enough.
    pub(crate) fn read_one<T>(&self, path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        let read = match &self.files {
            Files::Live(live) => live.read_record(path, parse),
            Files::Copied(tree) => tree.read_record(path, parse),
            #[cfg(feature = "capture")]
            Files::Captured(tree) => tree.read(path).and_then(|bytes| Ok(parse(bytes)?)),
        };
        read.map_err(|error| error.with_path(path))
    }

    /// Reads a file of a process, which is one record. `procfs` is /proc, if the pass has opened it.
    pub(crate) fn read_process<T>(
        &self,
        procfs: Option<&OpenDir>,
        pid: Pid,
        file: &str,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        match procfs {
            Some(procfs) => procfs
                .open(&[Digits::of(pid).as_str().as_bytes(), b"/", file.as_bytes()].concat())
                .and_then(|opened| opened.read_record(parse))
                .map_err(|error| error.with_path(self.process(pid, file))),
            None => self.read_one(&self.process(pid, file), parse),
        }
    }

    /// Reads a file and parses it. Returns `None` if the file does not exist.
    pub(crate) fn read_if_any<T>(
        &self,
        path: &Path,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<Option<T>> {
        if_any(self.read(path, parse))
    }

    /// Reads the only line of a file without surrounding white space, if the file exists.
    pub(crate) fn line(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        if_any(self.read_one(path, |bytes| Ok(psoxide_parse::trim(bytes).to_vec())))
    }

    /// Reads the only number of a file, if the file exists and holds a number.
    pub(crate) fn number(&self, path: &Path) -> Option<u64> {
        self.read_one(path, |bytes| decimal(psoxide_parse::trim(bytes), "value")).ok()
    }

    /// Reads the target of a link.
    pub(crate) fn link(&self, path: &Path) -> Result<Vec<u8>> {
        let target = match &self.files {
            Files::Live(live) => live.link(path),
            Files::Copied(tree) => tree.link(path),
            #[cfg(feature = "capture")]
            Files::Captured(tree) => tree.link(path).map(<[u8]>::to_vec),
        };
        target.map_err(|error| error.with_path(path))
    }

    /// Lists the names in a directory, in the kernel's order.
    pub(crate) fn names(&self, path: &Path) -> Result<Vec<OsString>> {
        let mut names = Vec::new();
        self.each_name(path, |name| names.push(text::of(name)))?;
        Ok(names)
    }

    /// Lists the numeric names in a directory.
    pub(crate) fn numbers(&self, path: &Path) -> Result<Vec<u32>> {
        let mut numbers = Vec::new();
        self.each_name(path, |name| {
            if let Some(number) = decimal(name, "name").ok().and_then(|number| u32::try_from(number).ok()) {
                numbers.push(number);
            }
        })?;
        Ok(numbers)
    }

    fn each_name(&self, path: &Path, mut each: impl FnMut(&[u8])) -> Result<()> {
        self.open_dir(path)?.each_name(path, |name| {
            each(name);
            Ok(())
        })
    }

    /// Lists the pids in /proc in ascending order.
    pub(crate) fn pids(&self) -> Result<Vec<Pid>> {
        let mut pids = self.numbers(&self.procfs)?;
        pids.sort_unstable();
        Ok(pids)
    }

    /// Returns a stamp that changes whenever the user database changes. Returns `None` if the database is not a file.
    pub(super) fn user_database(&self) -> Option<Stamp> {
        match &self.files {
            Files::Live(live) => live.stamp(&self.file("etc/passwd")),
            Files::Copied(tree) => tree.stamp(&self.file("etc/passwd")),
            // A capture does not change.
            #[cfg(feature = "capture")]
            Files::Captured(_) => None,
        }
    }
}

impl AnyDir {
    /// Calls `each` with every name, in the kernel's order. `path` is the directory's path, for errors.
    pub(super) fn each_name(&self, path: &Path, each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Self::Open(dir) => dir.each_name(path, each),
            #[cfg(feature = "capture")]
            Self::Captured(dir) => dir.each_name(each),
        }
    }

    /// Calls `each` with every numeric link and its target. Links that have disappeared are skipped.
    pub(super) fn each_link(&self, path: &Path, each: impl FnMut(u32, &[u8]) -> Result<()>) -> Result<()> {
        match self {
            Self::Open(dir) => dir.each_link(path, each),
            #[cfg(feature = "capture")]
            Self::Captured(dir) => dir.each_link(each),
        }
    }
}

/// The decimal digits of a pid.
struct Digits {
    text: [u8; 10],
    start: usize,
}

impl Digits {
    fn of(pid: Pid) -> Self {
        let (mut text, mut start, mut rest) = ([b'0'; 10], 10, pid);
        for (place, digit) in text.iter_mut().enumerate().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            (start, rest) = (place, rest / 10);
            if rest == 0 {
                break;
            }
        }
        Self { text, start }
    }

    fn as_str(&self) -> &str {
        self.text.get(self.start..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
    }
}

/// Converts an error about a missing file to `None`.
pub(crate) fn if_any<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pids_are_written_in_decimal() {
        for pid in [0, 7, 10, 4_194_304, Pid::MAX] {
            assert_eq!(Digits::of(pid).as_str(), pid.to_string());
        }
    }
}
