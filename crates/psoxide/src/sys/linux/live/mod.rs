//! The running kernel and its system calls. `no_live.rs` replaces this directory on other systems.

#[cfg(feature = "bpf")]
mod bpf_programs;
mod clocks;
mod copied;
pub(crate) mod ffi;
mod files;
mod helper;
mod memo;
mod namespaces;
mod net;
mod process;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "bpf")]
use bpf_programs::Bpf;
use helper::Unanswered;
use memo::Memo;

pub(crate) use copied::CopiedTree;
pub(crate) use files::{OpenDir, OpenFile};
pub(crate) use net::NetlinkSocket;
pub(crate) use process::{Pidfd, resource_number};

use crate::sys::posix::disk;
use crate::{Backend, DiskUsage, Pid, Result};

/// The running kernel, and what is cached about it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    procfs: PathBuf,
    backend: Backend,
    memo: Arc<Memo>,
    unanswered: Arc<Unanswered>,
    #[cfg(feature = "bpf")]
    bpf: Arc<Bpf>,
}

impl Live {
    pub(crate) fn new(procfs: PathBuf) -> Self {
        Self {
            procfs,
            backend: Backend::from_env().ok().flatten().unwrap_or_default(),
            memo: Arc::default(),
            unanswered: Arc::default(),
            #[cfg(feature = "bpf")]
            bpf: Arc::default(),
        }
    }

    /// Returns the same kernel with another backend, and an empty cache for it.
    pub(crate) fn with_backend(&self, backend: Backend) -> Self {
        Self {
            backend,
            memo: Arc::default(),
            #[cfg(feature = "bpf")]
            bpf: Arc::default(),
            ..self.clone()
        }
    }

    /// Returns the backend that the caller chose.
    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    #[cfg(feature = "bpf")]
    pub(crate) fn bpf(&self) -> &Bpf {
        &self.bpf
    }

    /// Returns the page size, and the number of clock ticks per second.
    pub(crate) fn constants() -> (u64, u64) {
        let page_size = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        (page_size, rustix::param::clock_ticks_per_second())
    }

    /// Returns the user whose rights the calling process has.
    pub(crate) fn effective_user(&self) -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// Counts the online CPUs, including those that this process may not use.
    pub(crate) fn online_cpus(&self) -> Option<usize> {
        ffi::online_cpus()
    }

    /// Reads total and free memory in bytes, by sysinfo(2). `None` if the call is refused or returns 0.
    pub(crate) fn memory(&self) -> (Option<u64>, Option<u64>) {
        ffi::memory()
    }

    /// Reads total and free swap space in bytes, by sysinfo(2).
    pub(crate) fn swap(&self) -> Result<(u64, u64)> {
        ffi::swap()
    }

    /// Reads the architecture, by uname(2).
    pub(crate) fn machine(&self) -> String {
        rustix::system::uname().machine().to_string_lossy().into_owned()
    }

    /// Reads the space of the file system that holds `path`.
    pub(crate) fn disk_usage(&self, path: &Path) -> Result<DiskUsage> {
        disk::usage(path)
    }

    /// Reads the space of a file system that may not answer, in a child process.
    pub(crate) fn disk_usage_within(&self, path: &Path, timeout: Duration) -> Result<DiskUsage> {
        let space = self.unanswered.space(path, timeout).map_err(|error| error.with_path(path))?;
        let [size, blocks, unused, available] = space;
        Ok(DiskUsage::of_blocks(size, blocks, unused, available))
    }

    /// Resolves the links of `path`, in a child process.
    pub(crate) fn real_path_within(&self, path: &Path, timeout: Duration) -> Result<PathBuf> {
        self.unanswered.real_path(path, timeout).map_err(|error| error.with_path(path))
    }

    /// Returns the major and minor device number of the root file system.
    pub(crate) fn root_device(&self) -> Option<(u32, u32)> {
        let device = rustix::fs::stat("/").ok()?.st_dev;
        Some((rustix::fs::major(device), rustix::fs::minor(device)))
    }
}

/// Converts a pid for system calls. Returns `None` for a number that does not name a single process.
fn raw_pid(pid: Pid) -> Option<rustix::process::Pid> {
    i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw)
}
