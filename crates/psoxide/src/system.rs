//! A machine: this host, or a captured one.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::sys::{self, Live as _, Platform as _, SystemReadings as _};
use crate::{Backend, FieldSet, Os, Pid, Process, Result};

/// A machine to read: this host, or a captured machine.
///
/// Cloning is cheap. A `System` remembers the names of users until /etc/passwd changes. It keeps no file open, except
/// the programs of [`Backend::Bpf`] if the caller chose that backend.
#[derive(Debug, Clone)]
pub struct System {
    source: Arc<sys::Source>,
    requested: Backend,
}

/// The names of a machine and of its kernel, see uname(3).
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
    /// The architecture, such as `x86_64`. `None` if the system does not report it.
    pub machine: Option<String>,
}

/// The fingerprints of all processes at one moment: [`System::fingerprints`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Fingerprints {
    /// The fingerprint of each process, by pid. The number stays the same as long as the process does nothing and nothing
    /// is done to it. `None` means that the system denied access.
    pub by_pid: Vec<(Pid, Option<u64>)>,
    /// How many processes and threads the machine had started before they were listed.
    pub(crate) started: Option<u64>,
    pub(crate) kept: KeptFiles,
}

/// Files of processes that stay open.
#[derive(Debug, Default)]
pub(crate) struct KeptFiles {
    /// How many may stay open.
    pub(crate) most: usize,
    pub(crate) by_pid: HashMap<Pid, File>,
    /// The effective user who opened them.
    pub(crate) opened_by: u32,
}

impl Fingerprints {
    /// Keeps a file of at most so many processes open from one call to the next (Linux). Reading an open file costs less
    /// than half of opening, reading and closing it. The kernel holds about 5 KiB for each. [`Default`] keeps none open.
    #[must_use]
    pub fn keeping(most_files: usize) -> Self {
        Self { kept: KeptFiles { most: most_files, ..KeptFiles::default() }, ..Self::default() }
    }
}

impl System {
    fn new(source: sys::Source, requested: Backend) -> Self {
        Self { source: Arc::new(source), requested }
    }

    /// Makes a machine that answers from the readings of one moment.
    #[cfg(feature = "capture")]
    pub(crate) fn of_replay(moment: Arc<crate::Moment>) -> Self {
        Self::new(sys::replay(moment), Backend::Auto)
    }

    /// Opens this host. The backend is the one that `PSOXIDE_BACKEND` names (see [`Backend::from_env`]), else
    /// [`Backend::Auto`].
    #[must_use]
    pub fn host() -> Self {
        Self::new(sys::Os::host(), Backend::from_env().ok().flatten().unwrap_or_default())
    }

    /// Opens a captured machine. `root` is a capture, which is one file (feature `capture`), or a directory with a copy
    /// of a Linux machine's `/proc` and `/sys` (as `root/proc` and `root/sys`), or of a SunOS machine's `/proc` (feature
    /// `capture`).
    ///
    /// The code of the captured system reads its capture on any machine. A reading that needs the running kernel fails
    /// with [`Unsupported`](crate::ErrorKind::Unsupported). A reading that the capture does not hold fails with
    /// [`NotCaptured`](crate::ErrorKind::NotCaptured).
    ///
    /// The page size, clock ticks and byte order of a directory come from `root/.psoxide`, which a capture writes, else
    /// from any `proc/PID/auxv`. Without both, they are 4096, 100 and this machine's byte order. For SunOS `root/.psoxide`
    /// also holds answers that are no files, such as kstats. `root/etc/mnttab`, `root/etc/passwd` and
    /// `root/var/adm/utmpx` are read too.
    ///
    /// # Errors
    /// Fails if `root` is neither, if `root/proc` is not a directory, or if the file or `root/.psoxide` is malformed.
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

    /// Opens this host with another mount of /proc, such as that of a container. All readings of processes come from
    /// `procfs`. The kernel is this host's.
    ///
    /// # Errors
    /// Fails if the operating system has no procfs.
    pub fn with_procfs(procfs: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new(sys::Os::with_procfs(procfs.as_ref())?, Backend::Auto))
    }

    /// Returns the same machine, read through `backend`. The environment is ignored.
    #[must_use]
    pub fn with_backend(&self, backend: Backend) -> Self {
        Self::new(sys::Os::with_backend(&self.source, backend), backend)
    }

    /// Returns the same machine, read through another source.
    #[cfg(feature = "capture")]
    pub(crate) fn with_source(&self, source: sys::Source) -> Self {
        Self::new(source, self.requested)
    }

    /// Returns the backend that passes over many processes use now: [`Backend::Bpf`] or [`Backend::Proc`].
    #[must_use]
    pub fn backend(&self) -> Backend {
        sys::Os::backend(&self.source)
    }

    /// Returns whether both are clones of one `System`.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }

    /// Returns whether both read the same machine.
    pub(crate) fn is_same_machine(&self, other: &Self) -> bool {
        self.is(other) || sys::Os::is_same_machine(&self.source, &other.source)
    }

    /// Returns one sentence that says why the chosen backend is not in use. Returns `None` if it is, or if none was
    /// chosen.
    ///
    /// Readings then come from /proc. They have the same values.
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

    /// Returns the operating system of the machine. For a capture it may differ from this program's.
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

    /// Reads the time since boot. For a capture, this is the time at which it was taken.
    ///
    /// Linux: `/proc/uptime`, which includes the time in suspend.
    pub fn uptime(&self) -> Result<Duration> {
        sys::Os::uptime(self.source())
    }

    /// Returns whether the kernel counts the time that processes wait for storage. If not,
    /// [`ProcessCpuTimes::iowait`](crate::ProcessCpuTimes::iowait) stays 0.
    ///
    /// Linux: the sysctl `kernel.task_delayacct` (since 5.14). On older kernels the call fails with
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    pub fn delay_accounting(&self) -> Result<bool> {
        sys::Os::delay_accounting(self.source())
    }

    /// Reads a file of `/proc` or `/sys` that no other reading covers, such as `/proc/net/snmp` (Linux).
    ///
    /// On a captured machine, only regular files inside its directory are read.
    ///
    /// # Errors
    /// Fails with [`Io`](crate::ErrorKind::Io) if the file does not exist or cannot be read.
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

    /// Reads the fingerprint of each process. `known` holds what an earlier call read of this machine, or nothing.
    ///
    /// With fingerprints a monitor saves work: it reads the fields of a process again only if its fingerprint has
    /// changed.
    ///
    /// Linux: a hash of `/proc/PID/stat`, which has CPU times, page faults, memory sizes, state, name and parent. CPU
    /// times are counted in ticks of usually 10 ms. The processes are not listed again if the kernel has started none
    /// since the earlier call.
    ///
    /// # Errors
    /// Fails with [`Unsupported`](crate::ErrorKind::Unsupported) on systems that return all processes in one call.
    pub fn fingerprints(&self, known: &mut Fingerprints) -> Result<()> {
        sys::Os::fingerprints(self.source(), known)
    }

    /// Returns whether a process has this pid. A thread id does not count.
    pub fn pid_exists(&self, pid: Pid) -> Result<bool> {
        sys::Os::pid_exists(self.source(), pid)
    }

    /// Opens the process `pid`.
    ///
    /// # Errors
    /// Fails with [`NoSuchProcess`](crate::ErrorKind::NoSuchProcess).
    pub fn process(&self, pid: Pid) -> Result<Process> {
        Process::open(self, pid)
    }

    /// Opens the calling process.
    pub fn current_process(&self) -> Result<Process> {
        self.process(sys::Os::current_pid(self.source())?)
    }

    /// Opens all processes. A process that ends during the call is left out.
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
