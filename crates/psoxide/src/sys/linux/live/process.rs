//! Reads processes by system calls.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::io::Errno;
use rustix::process::{PidfdFlags, pidfd_open};

use super::{Live, ffi, raw_pid};
use crate::sys::linux::abi::PidfdInfo;
use crate::sys::posix;
use crate::{Error, Limit, Os, Pid, Resource, Result};

impl Live {
    /// Returns whether a process has this pid, and not only a thread. Returns `None` if system calls cannot tell.
    pub(crate) fn is_process(&self, pid: Pid) -> Option<bool> {
        let raw = raw_pid(pid)?;
        ffi::is_process(raw).or_else(|| match pidfd_open(raw, PidfdFlags::empty()) {
            Ok(_) => Some(true),
            Err(Errno::SRCH) => Some(false),
            // The pid is a thread's, no descriptor is free, or the kernel is old.
            Err(_) => None,
        })
    }

    /// Opens a pidfd, which refers to one process even after it has ended. Returns `None` for a number that no pid has.
    ///
    /// # Errors
    /// Fails if the call is refused, if no descriptor is free, or if the process is gone.
    pub(crate) fn pidfd(&self, pid: Pid) -> Result<Option<Pidfd>> {
        let Some(raw) = raw_pid(pid) else { return Ok(None) };
        Ok(Some(Pidfd(pidfd_open(raw, PidfdFlags::empty()).map_err(Error::io)?)))
    }

    /// Describes a process through a pidfd. Returns `None` if this kernel cannot. Call it only if
    /// [`pidfds_describe`](Self::pidfds_describe) returns true.
    ///
    /// # Errors
    /// Fails as [`pidfd`](Self::pidfd) and [`Pidfd::info`] do.
    pub(crate) fn pidfd_info(&self, pid: Pid) -> Result<Option<PidfdInfo>> {
        self.pidfd(pid)?.map_or(Ok(None), |pidfd| pidfd.info())
    }

    /// Reads a limit by prlimit(2), which needs the permission to change it.
    pub(crate) fn rlimit(&self, pid: Pid, resource: Resource) -> Result<Limit> {
        ffi::rlimit(posix::control::raw(pid)?, resource_number(resource)?)
    }

    /// Reads the CPUs that a process may run on, by sched_getaffinity(2).
    pub(crate) fn cpu_affinity(&self, pid: Pid) -> Result<Vec<u32>> {
        ffi::cpu_affinity(posix::control::raw(pid)?)
    }

    /// Reads I/O class and level as the kernel packs them, by ioprio_get(2).
    pub(crate) fn ioprio(&self, pid: Pid) -> Result<i32> {
        ffi::ioprio_get(posix::control::raw(pid)?)
    }

    /// Finds the name of a user in the user database. Returns `None` if no user has the id.
    pub(crate) fn user_name(&self, uid: u32) -> Result<Option<OsString>> {
        match posix::user_names::name(uid) {
            Ok(name) => Ok(Some(OsStr::from_bytes(&name).to_owned())),
            Err(libc::ENOENT) => Ok(None),
            Err(errno) => Err(Error::io(io::Error::from_raw_os_error(errno))),
        }
    }
}

/// A pidfd: pidfd_open(2).
#[derive(Debug)]
pub(crate) struct Pidfd(OwnedFd);

impl Pidfd {
    /// Describes the process. Returns `None` if this kernel cannot.
    ///
    /// # Errors
    /// Fails if the call is refused, or if the process has ended and been waited for.
    pub(crate) fn info(&self) -> Result<Option<PidfdInfo>> {
        ffi::pidfd_info(self.0.as_fd())
    }
}

/// Returns the number of a resource for prlimit(2).
pub(crate) fn resource_number(resource: Resource) -> Result<u32> {
    Os::Linux.resource_number(resource).ok_or_else(|| Error::unsupported("rlimit").with_field(resource.name()))
}
