//! A machine: this one, or a captured one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::sys::{self, Live as _, Platform as _, SystemReadings as _};
use crate::{Backend, FieldSet, Os, Pid, Process, Result};

/// A machine to read: this host, or a directory that holds a copy of another one's /proc and /sys.
///
/// It is cheap to clone. It remembers the names of users until /etc/passwd changes. It holds nothing open, except the programs
/// of [`Backend::Bpf`] if the caller chose that.
#[derive(Debug, Clone)]
pub struct System {
    source: Arc<sys::Source>,
    requested: Backend,
}

/// The name of a machine and of its kernel: uname(3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostInfo {
    /// The name of the machine in its network.
    pub hostname: String,
    /// The name of the operating system, such as `Linux`.
    pub system: String,
    /// The release of the kernel.
    pub release: String,
    /// The build of the kernel.
    pub version: String,
    /// The architecture, such as `x86_64`; `None` where the system does not tell.
    pub machine: Option<String>,
}

impl System {
    fn new(source: sys::Source, requested: Backend) -> Self {
        Self { source: Arc::new(source), requested }
    }

    /// A machine as it was at one moment.
    #[cfg(feature = "capture")]
    pub(crate) fn of_replay(moment: Arc<crate::Moment>) -> Self {
        Self::new(sys::replay(moment), Backend::Auto)
    }

    /// This host, read through the backend that `PSOXIDE_BACKEND` names (see [`Backend::from_env`]), else [`Backend::Auto`].
    #[must_use]
    pub fn host() -> Self {
        Self::new(sys::Os::host(), Backend::from_env().ok().flatten().unwrap_or_default())
    }

    /// Opens another machine: a directory that holds a copy of a Linux machine's `/proc` and `/sys` (as `root/proc` and
    /// `root/sys`), or a capture, which is one file (feature `capture`).
    ///
    /// A capture of any ported system is read on any machine, by that system's own code. Readings that only a running
    /// kernel can answer are [`Unsupported`](crate::ErrorKind::Unsupported). One that the capture does not hold fails
    /// with [`NotCaptured`](crate::ErrorKind::NotCaptured).
    ///
    /// The page size, clock ticks and byte order of a directory come from `root/.psoxide`, which a capture writes, else
    /// from any `proc/PID/auxv`, else they are 4096, 100 and those of this machine.
    ///
    /// # Errors
    /// `root` is neither; `root/proc` is not a directory; the file or `root/.psoxide` is malformed.
    pub fn at_root(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let source = if root.is_file() { Self::open_capture(root)? } else { sys::Os::at_root(root)? };
        Ok(Self::new(source, Backend::Auto))
    }

    #[cfg(feature = "capture")]
    fn open_capture(file: &Path) -> Result<sys::Source> {
        sys::question::read(file).and_then(sys::Os::open_capture).map_err(|error| error.with_path(file))
    }

    #[cfg(not(feature = "capture"))]
    fn open_capture(file: &Path) -> Result<sys::Source> {
        Err(crate::Error::unsupported("reading a capture without the feature `capture`").with_path(file))
    }

    /// This host, its process information read from `procfs` instead of `/proc`: the /proc of a container or of
    /// the host, mounted elsewhere. The kernel is still this one.
    ///
    /// # Errors
    /// This OS has no procfs.
    pub fn with_procfs(procfs: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new(sys::Os::with_procfs(procfs.as_ref())?, Backend::Auto))
    }

    /// The same machine, read through `backend` whatever the environment says.
    #[must_use]
    pub fn with_backend(&self, backend: Backend) -> Self {
        Self::new(sys::Os::with_backend(&self.source, backend), backend)
    }

    /// The same machine, read through another source.
    #[cfg(feature = "capture")]
    pub(crate) fn with_source(&self, source: sys::Source) -> Self {
        Self::new(source, self.requested)
    }

    /// How passes over many processes are read now: [`Backend::Bpf`] or [`Backend::Proc`].
    #[must_use]
    pub fn backend(&self) -> Backend {
        sys::Os::backend(&self.source)
    }

    /// Whether both are one `System`, or one is a clone of the other.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }

    /// Whether both read the same machine.
    pub(crate) fn is_same_machine(&self, other: &Self) -> bool {
        self.is(other) || sys::Os::is_same_machine(&self.source, &other.source)
    }

    /// Says in one sentence why the chosen backend is not used; `None` if it is, or if none was chosen.
    ///
    /// The readings then come from /proc, and are the same.
    #[must_use]
    pub fn backend_refusal(&self) -> Option<String> {
        if self.os() != Os::Linux && self.requested == Backend::Bpf {
            return Some("BPF is a part of Linux".to_owned());
        }
        sys::Os::backend_refusal(&self.source)
    }

    pub(crate) fn source(&self) -> &sys::Source {
        &self.source
    }

    /// The system of the machine, which need not be the one this program runs on.
    #[must_use]
    pub fn os(&self) -> Os {
        sys::Os::os(&self.source)
    }

    /// Returns whether this is the running machine, not a capture.
    #[must_use]
    pub fn is_live(&self) -> bool {
        sys::Os::is_live(&self.source)
    }

    /// Reads the names of the machine and of its kernel.
    ///
    /// Linux: `/proc/sys/kernel`. Bytes that are not UTF-8 are replaced.
    pub fn host_info(&self) -> Result<HostInfo> {
        sys::Os::host_info(self.source())
    }

    /// Reads the boot time.
    ///
    /// Linux: `btime` of `/proc/stat`, whole seconds.
    pub fn boot_time(&self) -> Result<SystemTime> {
        sys::Os::boot_time(self.source())
    }

    /// Reads the time since boot; of a capture, at the time of capture.
    ///
    /// Linux: `/proc/uptime`, which counts the time in suspend too.
    pub fn uptime(&self) -> Result<Duration> {
        sys::Os::uptime(self.source())
    }

    /// Tells whether the kernel counts how long processes wait for storage:
    /// [`ProcessCpuTimes::iowait`](crate::ProcessCpuTimes::iowait) stays 0 while it does not.
    ///
    /// Linux: the sysctl `kernel.task_delayacct` (since 5.14). Older kernels do not tell, and fail with
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    pub fn delay_accounting(&self) -> Result<bool> {
        sys::Os::delay_accounting(self.source())
    }

    /// Reads a file of `/proc` or `/sys` that no other reading covers, such as `/proc/net/snmp` (Linux).
    ///
    /// Of a copied machine only a regular file inside its directory is read.
    ///
    /// # Errors
    /// Fails with [`Io`](crate::ErrorKind::Io) if the file does not exist or refuses to be read.
    pub fn kernel_file(&self, path: impl AsRef<Path>) -> Result<Vec<u8>> {
        sys::Os::kernel_file(self.source(), path.as_ref())
    }

    /// Lists the names in a directory of `/proc` or `/sys`, in the kernel's order (Linux).
    pub fn kernel_names(&self, path: impl AsRef<Path>) -> Result<Vec<OsString>> {
        sys::Os::kernel_names(self.source(), path.as_ref())
    }

    /// Reads the target of a symbolic link of `/proc` or `/sys` (Linux).
    pub fn kernel_link(&self, path: impl AsRef<Path>) -> Result<PathBuf> {
        sys::Os::kernel_link(self.source(), path.as_ref())
    }

    /// Lists the pids of all processes that this user can see, ascending.
    pub fn pids(&self) -> Result<Vec<Pid>> {
        sys::Os::pids(self.source())
    }

    /// Returns a fingerprint of each process, by pid: a number that stays the same as long as the process does nothing and
    /// nothing is done to it. `None` stands for a process that refuses it.
    ///
    /// A monitor saves work by this: it reads the fields of a process again only if the fingerprint has changed.
    ///
    /// Linux: a hash of `/proc/PID/stat`, which has CPU times, page faults, memory sizes, state, name and parent. CPU time
    /// counts in ticks of usually 10 ms.
    ///
    /// # Errors
    /// Fails with [`Unsupported`](crate::ErrorKind::Unsupported) on systems that return all processes in one call.
    pub fn fingerprints(&self) -> Result<Vec<(Pid, Option<u64>)>> {
        sys::Os::fingerprints(self.source())
    }

    /// Returns whether a process, not merely a thread, has this pid.
    pub fn pid_exists(&self, pid: Pid) -> Result<bool> {
        sys::Os::pid_exists(self.source(), pid)
    }

    /// Opens the process `pid`.
    ///
    /// # Errors
    /// [`NoSuchProcess`](crate::ErrorKind::NoSuchProcess).
    pub fn process(&self, pid: Pid) -> Result<Process> {
        Process::open(self, pid)
    }

    /// Opens the calling process.
    pub fn current_process(&self) -> Result<Process> {
        self.process(sys::Os::current_pid(self.source())?)
    }

    /// Opens all processes. Processes that end meanwhile are left out.
    pub fn processes(&self) -> Result<Vec<Process>> {
        let pass = Arc::new(sys::Os::pass(self.source(), sys::Scope::All { fields: FieldSet::default(), kept: false }));
        let mut processes = Vec::new();
        for pid in sys::Os::pids_in(self.source(), &pass)? {
            let cache = sys::Os::cache_in(self.source(), &pass, pid, FieldSet::default());
            match Process::open_with(self, pid, &cache) {
                Ok(process) => processes.push(process),
                Err(error) if error.is_no_such_process() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(processes)
    }
}
