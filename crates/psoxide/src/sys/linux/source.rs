//! Where readings come from: this kernel's files, or copies of another one's.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use psoxide_parse::{Cursor, decimal, lines};
use rustix::fs::{CWD, Dir, Mode, OFlags};

use crate::{Error, Pid, Result};

/// A tree of kernel files, and the constants that their numbers are in.
#[derive(Debug)]
pub(crate) struct Source {
    root: PathBuf,
    procfs: PathBuf,
    page_size: u64,
    clock_ticks: u64,
    live: bool,
}

/// Enough for every file about one process that the kernel writes in one go.
const FIRST_READ: usize = 4096;
const NEXT_READ: usize = 64 * 1024;

impl Source {
    pub(crate) fn host() -> Self {
        Self {
            root: PathBuf::from("/"),
            procfs: PathBuf::from("/proc"),
            page_size: u64::try_from(rustix::param::page_size()).unwrap_or(4096),
            clock_ticks: rustix::param::clock_ticks_per_second(),
            live: true,
        }
    }

    pub(crate) fn with_procfs(procfs: &Path) -> Result<Self> {
        Ok(Self { procfs: procfs.to_owned(), ..Self::host() })
    }

    pub(crate) fn at_root(root: &Path) -> Result<Self> {
        let procfs = root.join("proc");
        if !procfs.is_dir() {
            return Err(
                Error::invalid("not a directory: a copied machine has its files in proc and sys").with_path(procfs)
            );
        }
        let mut source = Self { root: root.to_owned(), procfs, page_size: 4096, clock_ticks: 100, live: false };
        let constants = root.join(".psoxide");
        match source.read(&constants, |bytes| Ok(bytes.to_vec())) {
            Ok(bytes) => source.take_constants(&bytes).map_err(|e| e.with_path(constants))?,
            Err(error) if error.is_missing() => source.guess_constants()?,
            Err(error) => return Err(error),
        }
        Ok(source)
    }

    fn take_constants(&mut self, bytes: &[u8]) -> Result<()> {
        for line in lines(bytes) {
            let mut cursor = Cursor::new(line);
            match cursor.token() {
                Some(b"page_size") => self.page_size = cursor.decimal("page_size")?.max(1),
                Some(b"clock_ticks") => self.clock_ticks = cursor.decimal("clock_ticks")?.max(1),
                _ => {}
            }
        }
        Ok(())
    }

    /// The auxiliary vector that the kernel gave some copied process holds both, getauxval(3).
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
        self.live
    }

    /// Refuses a `reading` that only a running kernel can answer.
    pub(crate) fn require_live(&self, reading: &'static str) -> Result<()> {
        if self.live { Ok(()) } else { Err(Error::unsupported(reading)) }
    }

    /// Pages as bytes.
    pub(crate) fn pages(&self, pages: u64) -> u64 {
        pages.saturating_mul(self.page_size)
    }

    pub(crate) fn page_size(&self) -> u64 {
        self.page_size
    }

    /// Clock ticks as time.
    pub(crate) fn ticks(&self, ticks: u64) -> Duration {
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.clock_ticks);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// A file of /proc.
    pub(crate) fn procfs(&self, file: &str) -> PathBuf {
        self.procfs.join(file)
    }

    /// A file of /proc/PID.
    pub(crate) fn process(&self, pid: Pid, file: &str) -> PathBuf {
        let mut path = PathBuf::with_capacity(self.procfs.as_os_str().len() + file.len() + 12);
        path.push(&self.procfs);
        path.push(pid.to_string());
        path.push(file);
        path
    }

    /// A file outside /proc, given without its leading slash.
    pub(crate) fn file(&self, file: impl AsRef<Path>) -> PathBuf {
        self.root.join(file)
    }

    /// Reads a file and parses it; errors name the file.
    pub(crate) fn read<T>(&self, path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        read(path, false, parse).map_err(|error| error.with_path(path))
    }

    /// As [`read`](Self::read), for a file that is one record: the kernel gives all of it in one read if it fits.
    pub(crate) fn read_record<T>(
        &self,
        path: &Path,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        read(path, true, parse).map_err(|error| error.with_path(path))
    }

    /// As [`read`](Self::read), but a file that is not there is no error.
    pub(crate) fn read_if_any<T>(
        &self,
        path: &Path,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<Option<T>> {
        if_any(self.read(path, parse))
    }

    /// The one line of a file, without white space around it, if the file is there.
    pub(crate) fn line(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        self.read_if_any(path, |bytes| Ok(psoxide_parse::trim(bytes).to_vec()))
    }

    /// The one number of a file, if the file is there and holds one.
    pub(crate) fn number(&self, path: &Path) -> Option<u64> {
        self.read(path, |bytes| decimal(psoxide_parse::trim(bytes), "value")).ok()
    }

    /// Where a link points.
    pub(crate) fn link(&self, path: &Path) -> Result<OsString> {
        rustix::fs::readlinkat(CWD, path, Vec::with_capacity(256))
            .map(|target| OsString::from_vec(target.into_bytes()))
            .map_err(|errno| Error::io(errno).with_path(path))
    }

    /// The names in a folder, in the kernel's order.
    pub(crate) fn names(&self, path: &Path) -> Result<Vec<OsString>> {
        let mut names = Vec::new();
        self.each_name(path, |name| names.push(OsStr::from_bytes(name).to_owned()))?;
        Ok(names)
    }

    /// The names in a folder that are numbers.
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
        let mut list = || -> rustix::io::Result<()> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
            for entry in Dir::new(folder)? {
                match entry?.file_name().to_bytes() {
                    b"." | b".." => {}
                    name => each(name),
                }
            }
            Ok(())
        };
        list().map_err(|errno| Error::io(errno).with_path(path))
    }

    /// The pids in /proc, ascending.
    pub(crate) fn pids(&self) -> Result<Vec<Pid>> {
        let mut pids = self.numbers(&self.procfs)?;
        pids.sort_unstable();
        Ok(pids)
    }
}

/// A value that may be missing.
pub(crate) fn if_any<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// One open, as few reads as the file needs, one close.
fn read<T>(path: &Path, record: bool, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
    let file = rustix::fs::openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(Error::io)?;
    let mut first = [0u8; FIRST_READ];
    let n = read_some(&file, &mut first)?;
    let Some(start) = first.get(..n) else { return Err(Error::io(io::ErrorKind::InvalidData)) };
    if record && n < FIRST_READ {
        return Ok(parse(start)?);
    }
    // Only an empty read means the end: files of many records (maps, sockets) come a page or less at a time.
    let mut rest = [0u8; 256];
    let more = read_some(&file, &mut rest)?;
    if more == 0 {
        return Ok(parse(start)?);
    }
    let mut all = start.to_vec();
    all.extend(rest.iter().take(more));
    let mut filled = all.len();
    loop {
        all.resize(filled + NEXT_READ, 0);
        let Some(space) = all.get_mut(filled..) else { break };
        match read_some(&file, space)? {
            0 => break,
            n => filled += n,
        }
    }
    all.truncate(filled);
    Ok(parse(&all)?)
}

fn read_some(file: &impl std::os::fd::AsFd, space: &mut [u8]) -> Result<usize> {
    loop {
        match rustix::io::read(file, &mut *space) {
            Ok(n) => return Ok(n),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(Error::io(errno)),
        }
    }
}
