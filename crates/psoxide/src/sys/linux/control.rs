//! Changes a process and waits for its end, through pidfds.

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid as RawPid, PidfdFlags, WaitOptions, pidfd_open};
use rustix::time::Timespec;

use super::abi::{IOPRIO_CLASS_SHIFT, another_namespace};
use super::cache::Cache;
use super::live::{ffi, resource_number};
use super::{Handle, Linux};
use crate::sys::{Control, ProcessReadings as _, posix};
use crate::{Error, ExitStatus, IoPriority, Limit, Os, ProcessStatus, Resource, Result, Signal};

/// The interval at which processes are polled if pidfds are not available.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Returns the pid that system calls use for this process.
fn raw(process: &Handle<'_>) -> Result<RawPid> {
    if !process.source.require_live("acting on a process")?.has_own_pids() {
        return Err(another_namespace(process.pid));
    }
    posix::control::raw(process.pid)
}

/// Fails unless the handle's process still has its pid.
fn check_identity(process: &Handle<'_>) -> Result<()> {
    check_start(process)?;
    if process.unique.is_some() && pidfd(process)?.is_none() {
        return Err(Error::io(Errno::MFILE));
    }
    Ok(())
}

/// Fails unless the process with this pid has the handle's start time.
fn check_start(process: &Handle<'_>) -> Result<()> {
    let cache = Cache::default();
    Linux::start(&Handle { cache: &cache, ..*process }).map(drop)
}

/// Returns the number that the kernel gives to this process only: the inode of its pidfd (since Linux 6.9). Returns
/// `None` for a process that is older than a second. An earlier owner of its pid and start time is then long forgotten.
pub(super) fn unique(process: &Handle<'_>) -> Result<Option<u64>> {
    if !process.source.is_live() || process.unique.is_none() && !process.is_young() {
        return Ok(None);
    }
    match pidfd(process) {
        Ok(Some(fd)) => Ok(ffi::pidfd_number(fd.as_fd())),
        Ok(None) => Ok(None),
        Err(error) if error.is_unsupported() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a pidfd of the handle's process. Returns `None` if that is not possible: before Linux 5.3, under seccomp, or
/// without a free descriptor.
fn pidfd(process: &Handle<'_>) -> Result<Option<OwnedFd>> {
    match pidfd_open(raw(process)?, PidfdFlags::empty()) {
        // Another process may have taken the pid before the pidfd was opened, but not after. So check the start time
        // now.
        Ok(fd) => match check_start(process) {
            Ok(()) if process.unique.is_some() && ffi::pidfd_number(fd.as_fd()) != process.unique => {
                Err(Error::no_such_process(process.pid))
            }
            Ok(()) => Ok(Some(fd)),
            // The pidfd took the last free descriptor, which reading the process needs.
            Err(error) if error.is_shortage() => Ok(None),
            Err(error) => Err(error),
        },
        // ENOENT and, before Linux 6.13, EINVAL: the pid is a thread's. kill(2) signals the thread's process.
        Err(Errno::NOSYS | Errno::PERM | Errno::MFILE | Errno::NFILE | Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(errno) => Err(Error::io(errno)),
    }
}

/// Reaps a child of the caller and returns its exit status. Returns `None` if it has not ended, or cannot be reaped.
fn reap(process: &Handle<'_>) -> Result<Option<ExitStatus>> {
    posix::control::reap(raw(process)?, WaitOptions::NOHANG)
}

/// Returns whether the process has ended: it is gone or a zombie, or its pid is another process's.
fn ended(process: &Handle<'_>) -> Result<bool> {
    let cache = Cache::default();
    match Linux::status(&Handle { cache: &cache, ..*process }) {
        Ok(status) => Ok(status == ProcessStatus::Zombie),
        Err(error) if error.is_no_such_process() || error.is_missing() => Ok(true),
        // Another thread may hold the last descriptor for a moment. The caller polls again.
        Err(error) if error.is_shortage() => Ok(false),
        Err(error) => Err(error),
    }
}

impl Control for Linux {
    fn send_signal(process: &Handle<'_>, signal: Signal) -> Result<()> {
        match pidfd(process)? {
            // The pidfd refers to the process itself, so another process cannot receive the signal.
            Some(fd) => match ffi::pidfd_send_signal(fd.as_fd(), signal.0) {
                // A seccomp filter may permit kill(2) but not this call. Without permission, both calls fail.
                Err(error) if matches!(error.errno(), Some(libc::ENOSYS | libc::EPERM)) => {
                    check_identity(process)?;
                    posix::ffi::kill(raw(process)?, signal.0)
                }
                sent => sent,
            },
            None => {
                check_identity(process)?;
                posix::ffi::kill(raw(process)?, signal.0)
            }
        }
    }

    fn suspend(process: &Handle<'_>) -> Result<()> {
        Self::send_signal(process, Signal::STOP)
    }

    fn resume(process: &Handle<'_>) -> Result<()> {
        Self::send_signal(process, Signal::CONT)
    }

    fn wait_each(
        processes: &[Handle<'_>],
        timeout: Option<Duration>,
        done: &mut dyn FnMut(usize, Option<ExitStatus>),
    ) -> Result<()> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut watched = Vec::with_capacity(processes.len());
        let mut unwatched = Vec::new();
        for (place, process) in processes.iter().enumerate() {
            match pidfd(process) {
                Ok(Some(fd)) => watched.push((place, process, fd)),
                Ok(None) => unwatched.push((place, process)),
                Err(error) if error.is_no_such_process() || error.is_missing() => done(place, reap(process)?),
                Err(error) => return Err(error),
            }
        }
        loop {
            let mut failed = None;
            // Reports a process that has ended. Returns whether it has.
            let mut tell = |place, process: &Handle<'_>, has_ended: Result<bool>| {
                let told = has_ended.and_then(|ended| {
                    if ended {
                        done(place, reap(process)?);
                    }
                    Ok(ended)
                });
                told.unwrap_or_else(|error| {
                    failed = Some(error);
                    false
                })
            };
            unwatched.retain(|&(place, process)| !tell(place, process, ended(process)));
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let slice = match (watched.is_empty(), unwatched.is_empty()) {
                (true, true) => Some(Duration::ZERO),
                (false, true) => left,
                (_, false) => Some(left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN))),
            };
            let ready: Vec<bool> = {
                let mut fds: Vec<_> = watched.iter().map(|(_, _, fd)| PollFd::new(fd, PollFlags::IN)).collect();
                let slice = slice.and_then(|slice| Timespec::try_from(slice).ok());
                match poll(&mut fds, slice.as_ref()) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(errno) => return Err(Error::io(errno)),
                }
                fds.iter().map(|fd| !fd.revents().is_empty()).collect()
            };
            let mut ready = ready.into_iter();
            watched.retain(|&(place, process, _)| !tell(place, process, Ok(ready.next().unwrap_or(false))));
            if let Some(error) = failed {
                return Err(error);
            }
            if (watched.is_empty() && unwatched.is_empty()) || left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
        }
    }

    fn set_nice(process: &Handle<'_>, value: i32) -> Result<()> {
        check_identity(process)?;
        rustix::process::setpriority_process(Some(raw(process)?), value).map_err(Error::io)
    }

    fn set_ionice(process: &Handle<'_>, priority: IoPriority) -> Result<()> {
        check_identity(process)?;
        let class = Os::Linux.io_class_number(priority.class);
        let class = class.ok_or_else(|| Error::invalid(format!("{} is not an I/O class of Linux", priority.class)))?;
        let level = u32::from(priority.value.unwrap_or(0));
        ffi::ioprio_set(raw(process)?, ((class << IOPRIO_CLASS_SHIFT) | level).cast_signed())
    }

    fn set_rlimit(process: &Handle<'_>, resource: Resource, limit: Limit) -> Result<()> {
        check_identity(process)?;
        ffi::set_rlimit(raw(process)?, resource_number(resource)?, limit)
    }

    fn set_cpu_affinity(process: &Handle<'_>, cpus: &[u32]) -> Result<()> {
        check_identity(process)?;
        ffi::set_cpu_affinity(raw(process)?, cpus)
    }
}
