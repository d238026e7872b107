//! A machine: this one, or one whose /proc and /sys were copied.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::sys::{self, SystemReadings as _};
use crate::{Backend, Pid, Process, Result};

/// A machine to read: this host, or a directory that holds a copy of another one's /proc and /sys.
///
/// It is cheap to clone. It remembers the names of users until /etc/passwd changes. It holds nothing open, except the programs
/// of [`Backend::Bpf`] if the caller chose that.
#[derive(Debug, Clone)]
pub struct System {
    source: Arc<sys::Source>,
}

impl System {
    /// This host, read through the backend that `PSOXIDE_BACKEND` names (see [`Backend::from_env`]), else [`Backend::Auto`].
    #[must_use]
    pub fn host() -> Self {
        Self { source: Arc::new(sys::Source::host()) }
    }

    /// The machine whose `/proc` and `/sys` were copied to `root` (as `root/proc` and `root/sys`).
    ///
    /// Readings that only a running kernel can answer are [`Unsupported`](crate::ErrorKind::Unsupported) there. Page
    /// size, clock ticks and byte order come from `root/.psoxide`, which a capture writes, else from any
    /// `proc/PID/auxv`, else they are 4096, 100 and this machine's.
    ///
    /// # Errors
    /// `root/proc` is no directory; `root/.psoxide` cannot be understood; this OS keeps no such files.
    pub fn at_root(root: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { source: Arc::new(sys::Source::at_root(root.as_ref())?) })
    }

    /// This host, its process information read from `procfs` instead of `/proc`: the /proc of a container or of
    /// the host, mounted elsewhere. The kernel is still this one.
    ///
    /// # Errors
    /// This OS has no procfs.
    pub fn with_procfs(procfs: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { source: Arc::new(sys::Source::with_procfs(procfs.as_ref())?) })
    }

    /// The same machine, read through `backend` whatever the environment says.
    #[must_use]
    pub fn with_backend(&self, backend: Backend) -> Self {
        Self { source: Arc::new(self.source.with_backend(backend)) }
    }

    /// How passes over many processes are read now: [`Backend::Bpf`] or [`Backend::Proc`].
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.source.backend()
    }

    /// Says in one sentence why the chosen backend is not used; `None` if it is, or if none was chosen.
    ///
    /// The readings then come from /proc, and are the same.
    #[must_use]
    pub fn backend_refusal(&self) -> Option<String> {
        self.source.backend_refusal()
    }

    pub(crate) fn source(&self) -> &sys::Source {
        &self.source
    }

    /// Whether this is the running kernel, not a copy.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.source.is_live()
    }

    /// When the machine was booted.
    ///
    /// Linux: `btime` of `/proc/stat`, whole seconds.
    pub fn boot_time(&self) -> Result<SystemTime> {
        sys::Os::boot_time(self.source())
    }

    /// How long ago the machine was booted; of a copied one, when it was copied.
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

    /// The pids of all processes that this user can see, ascending.
    pub fn pids(&self) -> Result<Vec<Pid>> {
        sys::Os::pids(self.source())
    }

    /// Whether a process (not merely a thread) has this pid.
    pub fn pid_exists(&self, pid: Pid) -> Result<bool> {
        sys::Os::pid_exists(self.source(), pid)
    }

    /// The process `pid`.
    ///
    /// # Errors
    /// [`NoSuchProcess`](crate::ErrorKind::NoSuchProcess).
    pub fn process(&self, pid: Pid) -> Result<Process> {
        Process::open(self, pid)
    }

    /// The calling process.
    pub fn current_process(&self) -> Result<Process> {
        self.process(sys::Os::current_pid(self.source())?)
    }

    /// All processes; those that end meanwhile are left out.
    pub fn processes(&self) -> Result<Vec<Process>> {
        let mut processes = Vec::new();
        for pid in self.pids()? {
            match self.process(pid) {
                Ok(process) => processes.push(process),
                Err(error) if error.is_no_such_process() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(processes)
    }
}
