//! Where readings come from: this kernel's files, or copies of another one's.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use psoxide_parse::{Cursor, ParseError, decimal, lines};
use rustix::fs::{CWD, FileType, Mode, OFlags, Stat};
use rustix::path::DecInt;
use rustix::process::{PidfdFlags, pidfd_open};

#[cfg(feature = "bpf")]
use super::live::bpf_programs::Bpf;
use super::live::ffi::{self, PidfdInfo};
use super::live::helper::Unanswered;
use super::live::memo::Memo;
use super::live::{files, raw_pid, tree};
use super::user_names::UserNames;
#[cfg(feature = "capture")]
use crate::sys::question::Capture;
use crate::{Backend, Error, Pid, Result};

/// A tree of kernel files, and the constants that their numbers are in.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    root: PathBuf,
    procfs: PathBuf,
    page_size: u64,
    clock_ticks: u64,
    little_endian: bool,
    live: bool,
    memo: Arc<Memo>,
    unanswered: Arc<Unanswered>,
    backend: Backend,
    user_names: Arc<UserNames>,
    #[cfg(feature = "bpf")]
    bpf: Arc<Bpf>,
    /// The directory that a capture was unpacked into, for as long as it is read.
    #[cfg(feature = "capture")]
    #[allow(dead_code)] // deleted when the last source drops it
    unpacked: Option<Arc<tempfile::TempDir>>,
}

impl Source {
    pub(crate) fn host() -> Self {
        Self {
            root: PathBuf::from("/"),
            procfs: PathBuf::from("/proc"),
            page_size: u64::try_from(rustix::param::page_size()).unwrap_or(4096),
            clock_ticks: rustix::param::clock_ticks_per_second(),
            little_endian: cfg!(target_endian = "little"),
            live: true,
            memo: Arc::default(),
            unanswered: Arc::default(),
            backend: Backend::from_env().ok().flatten().unwrap_or_default(),
            user_names: Arc::default(),
            #[cfg(feature = "bpf")]
            bpf: Arc::default(),
            #[cfg(feature = "capture")]
            unpacked: None,
        }
    }

    pub(crate) fn with_procfs(procfs: &Path) -> Result<Self> {
        Ok(Self { procfs: procfs.to_owned(), ..Self::host() })
    }

    pub(crate) fn at_root(root: &Path) -> Result<Self> {
        let procfs = root.join("proc");
        if tree::open_dir(root, &procfs).is_err() {
            return Err(
                Error::invalid("not a directory: a copied machine has its files in proc and sys").with_path(procfs)
            );
        }
        let mut source = Self {
            root: root.to_owned(),
            procfs,
            page_size: 4096,
            clock_ticks: 100,
            little_endian: cfg!(target_endian = "little"),
            live: false,
            memo: Arc::default(),
            unanswered: Arc::default(),
            backend: Backend::Proc,
            user_names: Arc::default(),
            #[cfg(feature = "bpf")]
            bpf: Arc::default(),
            #[cfg(feature = "capture")]
            unpacked: None,
        };
        let constants = root.join(".psoxide");
        match source.read_one(&constants, |bytes| Ok(bytes.to_vec())) {
            Ok(bytes) => source.take_constants(&bytes).map_err(|e| e.with_path(constants))?,
            Err(error) if error.is_missing() => source.guess_constants()?,
            Err(error) => return Err(error),
        }
        Ok(source)
    }

    /// The machine of a capture, whose files are put into a temporary directory.
    #[cfg(feature = "capture")]
    pub(crate) fn unpack(capture: &Capture) -> Result<Self> {
        let dir = tempfile::tempdir().map_err(Error::io)?;
        capture.unpack(dir.path()).map_err(Error::io)?;
        let source = Self::at_root(dir.path())?;
        Ok(Self { unpacked: Some(Arc::new(dir)), ..source })
    }

    pub(crate) fn with_backend(&self, backend: Backend) -> Self {
        Self {
            backend,
            memo: Arc::default(),
            #[cfg(feature = "bpf")]
            bpf: Arc::default(),
            ..self.clone()
        }
    }

    pub(super) fn backend_choice(&self) -> Backend {
        self.backend
    }

    #[cfg(feature = "bpf")]
    pub(super) fn bpf(&self) -> &Bpf {
        &self.bpf
    }

    /// Whether `procfs` is a procfs, and no copy of one.
    pub(super) fn is_procfs(&self) -> bool {
        self.live && (self.procfs == Path::new("/proc") || files::is_procfs(&self.procfs))
    }

    /// The file systems that did not answer.
    pub(super) fn unanswered(&self) -> &Unanswered {
        &self.unanswered
    }

    pub(super) fn user_names(&self) -> &UserNames {
        &self.user_names
    }

    /// Whether the kernel may be asked of processes in other ways than by its files.
    pub(crate) fn may_ask_kernel(&self) -> bool {
        self.backend != Backend::Proc && self.has_own_pids()
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

    /// Whether a pid in this /proc means the same process to a system call. A container may have been given the /proc of
    /// another pid namespace, which has other pids.
    ///
    /// This is remembered for the process and for the file system that is mounted at /proc: chroot(2), unshare(2) and
    /// setns(2) may put another one there.
    pub(super) fn has_own_pids(&self) -> bool {
        if !self.live {
            return false;
        }
        let Ok(device) = rustix::fs::stat(&self.procfs).map(|procfs| procfs.st_dev) else {
            // A filter refuses stat(2): nothing can be remembered.
            return self.own_pids().or_else(|_| self.links_to_own_pid()).unwrap_or(false);
        };
        if let Some(own) = self.memo.own_pids(device) {
            return own;
        }
        match self.own_pids() {
            Ok(own) => {
                self.memo.set_own_pids(device, own);
                own
            }
            // No descriptor is free, say: a reason to try again, and nothing to remember. A link needs none.
            Err(_) => self.links_to_own_pid().unwrap_or(false),
        }
    }

    fn own_pids(&self) -> Result<bool> {
        // One pid for each namespace from the one of this /proc to the process's own (since Linux 4.1).
        let pids = self.read(&self.procfs("self/status"), |bytes| {
            Ok(lines(bytes)
                .find_map(|line| line.strip_prefix(b"NSpid:"))
                .map(|pids| Cursor::new(pids).tokens().count()))
        })?;
        match pids {
            Some(pids) => Ok(pids == 1),
            None => self.links_to_own_pid(),
        }
    }

    /// Whether this /proc gives the calling process the pid that it has for itself.
    fn links_to_own_pid(&self) -> Result<bool> {
        Ok(*self.link(&self.procfs("self"))? == *std::process::id().to_string())
    }

    /// Whether the kernel describes a process through a pidfd, and this process may ask it to.
    pub(super) fn pidfds_describe(&self) -> bool {
        if !self.may_ask_kernel() {
            return false;
        }
        self.memo.pidfds_describe().unwrap_or_else(|| match pidfd_info(std::process::id()) {
            Ok(info) => {
                self.memo.set_pidfds_describe(info.is_some());
                info.is_some()
            }
            // No descriptor is free, or a filter refuses the call: nothing to remember.
            Err(_) => false,
        })
    }

    /// Pages as bytes.
    pub(crate) fn pages(&self, pages: u64) -> u64 {
        pages.saturating_mul(self.page_size)
    }

    pub(crate) fn page_size(&self) -> u64 {
        self.page_size
    }

    /// The order of the bytes in what the kernel writes as it has it in memory.
    pub(crate) fn little_endian(&self) -> bool {
        self.little_endian
    }

    /// Clock ticks as time.
    pub(crate) fn ticks(&self, ticks: u64) -> Duration {
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.clock_ticks);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Clock ticks in a second.
    #[cfg(any(feature = "bpf", feature = "capture"))]
    pub(super) fn clock_ticks(&self) -> u64 {
        self.clock_ticks
    }

    /// A file of /proc.
    pub(crate) fn procfs(&self, file: &str) -> PathBuf {
        self.procfs.join(file)
    }

    /// A file of /proc/PID.
    pub(crate) fn process(&self, pid: Pid, file: &str) -> PathBuf {
        let mut path = PathBuf::with_capacity(self.procfs.as_os_str().len() + file.len() + 12);
        path.push(&self.procfs);
        path.push(DecInt::new(pid));
        path.push(file);
        path
    }

    /// The place of an absolute path of the machine that is read.
    pub(super) fn within(&self, path: &Path) -> PathBuf {
        self.file(path.strip_prefix("/").unwrap_or(path))
    }

    /// Returns the place of an absolute path of the machine that is read, also where /proc is mounted elsewhere.
    pub(super) fn kernel(&self, path: &Path) -> PathBuf {
        path.strip_prefix("/proc").map_or_else(|_| self.within(path), |rest| self.procfs.join(rest))
    }

    /// A file outside /proc, given without its leading slash.
    pub(crate) fn file(&self, file: impl AsRef<Path>) -> PathBuf {
        self.root.join(file)
    }

    /// Opens a file; of a copied machine only a regular one of at most `limit` bytes.
    pub(super) fn open(&self, path: &Path, limit: u64) -> Result<OwnedFd> {
        if self.live { files::open(CWD, path) } else { tree::open_file(&self.root, path, limit) }
    }

    /// Opens a directory.
    pub(super) fn open_dir(&self, path: &Path) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match self.live {
            true => rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(Error::io),
            false => tree::open_dir(&self.root, path),
        }
    }

    /// Describes what a path leads to.
    pub(super) fn stat(&self, path: &Path) -> Result<Stat> {
        if self.live { rustix::fs::stat(path).map_err(Error::io) } else { tree::stat(&self.root, path) }
    }

    pub(super) fn is_dir(&self, path: &Path) -> bool {
        self.stat(path).is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Directory)
    }

    /// How many bytes of a file are read. The kernel's own files have no limit.
    fn limit(&self, of_copy: u64) -> u64 {
        if self.live { u64::MAX } else { of_copy }
    }

    /// Reads a file and parses it; errors name the file.
    pub(crate) fn read<T>(&self, path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        self.open(path, tree::LIST)
            .and_then(|file| files::read(&file, self.limit(tree::LIST), parse))
            .map_err(|error| error.with_path(path))
    }

    /// As [`read`](Self::read), for a file that is one record, as those of /sys and, in /proc, what fs/seq_file.c's
    /// single_open has opened (`stat`, `meminfo`): the kernel gives all of it in one read if it fits.
    pub(crate) fn read_one<T>(&self, path: &Path, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        self.open(path, tree::RECORD)
            .and_then(|file| files::read_record(&file, self.limit(tree::RECORD), parse))
            .map_err(|error| error.with_path(path))
    }

    /// /proc itself, for a pass over its processes; `None` where it cannot be opened, and each path is looked up whole.
    pub(crate) fn open_procfs(&self) -> Option<OwnedFd> {
        if !self.live {
            return None;
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let procfs = rustix::fs::openat(CWD, &self.procfs, flags, Mode::empty()).ok()?;
        // The last free descriptor is left for the files.
        rustix::io::fcntl_dupfd_cloexec(&procfs, 0).is_ok().then_some(procfs)
    }

    /// As [`read`](Self::read), for a file of a process that is one record: the kernel gives all of it in one read if
    /// it fits. `procfs` is the folder of [`open_procfs`](Self::open_procfs), if it is at hand.
    pub(crate) fn read_process<T>(
        &self,
        procfs: Option<BorrowedFd<'_>>,
        pid: Pid,
        file: &str,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        let opened = match procfs {
            Some(procfs) => files::open(procfs, [DecInt::new(pid).as_bytes(), b"/", file.as_bytes()].concat()),
            None => self.open(&self.process(pid, file), tree::RECORD),
        };
        opened
            .and_then(|opened| files::read_record(&opened, self.limit(tree::RECORD), parse))
            .map_err(|error| error.with_path(self.process(pid, file)))
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
        if_any(self.read_one(path, |bytes| Ok(psoxide_parse::trim(bytes).to_vec())))
    }

    /// The one number of a file, if the file is there and holds one.
    pub(crate) fn number(&self, path: &Path) -> Option<u64> {
        self.read_one(path, |bytes| decimal(psoxide_parse::trim(bytes), "value")).ok()
    }

    /// Where a link points.
    pub(crate) fn link(&self, path: &Path) -> Result<OsString> {
        if !self.live {
            return tree::link(&self.root, path).map_err(|error| error.with_path(path));
        }
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
        let dir = self.open_dir(path).map_err(|error| error.with_path(path))?;
        files::each_name(&dir, path, |name| {
            each(name.to_bytes());
            Ok(())
        })
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

/// Describes a process through a pidfd; `None` if this kernel does not. To be asked if [`Source::pidfds_describe`].
///
/// # Errors
/// A call is refused, no descriptor is free, or the process is gone.
pub(super) fn pidfd_info(pid: Pid) -> Result<Option<PidfdInfo>> {
    let Some(raw) = raw_pid(pid) else { return Ok(None) };
    let pidfd = pidfd_open(raw, PidfdFlags::empty()).map_err(Error::io)?;
    ffi::pidfd_info(pidfd.as_fd())
}
