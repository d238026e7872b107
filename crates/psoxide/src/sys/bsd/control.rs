//! Signals and waiting, for the systems that have kqueue(2). They have no descriptor for a process that somebody else
//! started, so the identity is checked immediately before each call.

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use rustix::event::kqueue::kqueue;
use rustix::io::Errno;
use rustix::process::{WaitOptions, setpriority_process};

use super::ffi;
use super::platform::Bsd;
use crate::sys::posix::control::{check_identity, raw, reap};
use crate::sys::{Control, Handle, ProcessReadings, posix};
use crate::{Error, ExitStatus, Limit, Pid, ProcessStatus, Resource, Result, Signal};

impl<P: Bsd + ProcessReadings> Control for P {
    fn send_signal(process: &Handle<'_, P>, signal: Signal) -> Result<()> {
        let pid = raw(process.pid)?;
        check_identity(process)?;
        posix::ffi::kill(pid, signal.0)
    }

    fn suspend(process: &Handle<'_, P>) -> Result<()> {
        Self::send_signal(process, Signal(libc::SIGSTOP))
    }

    fn resume(process: &Handle<'_, P>) -> Result<()> {
        Self::send_signal(process, Signal(libc::SIGCONT))
    }

    fn wait_each(
        processes: &[Handle<'_, P>],
        timeout: Option<Duration>,
        done: &mut dyn FnMut(usize, Option<ExitStatus>),
    ) -> Result<()> {
        wait_each(processes, timeout, done)
    }

    fn set_nice(process: &Handle<'_, P>, value: i32) -> Result<()> {
        let pid = raw(process.pid)?;
        check_identity(process)?;
        setpriority_process(Some(pid), value).map_err(Error::io)
    }

    fn set_rlimit(process: &Handle<'_, P>, resource: Resource, limit: Limit) -> Result<()> {
        check_identity(process)?;
        P::set_limit(process.pid, resource, limit)
    }

    fn set_cpu_affinity(process: &Handle<'_, P>, cpus: &[u32]) -> Result<()> {
        check_identity(process)?;
        P::set_cpus(process.pid, cpus)
    }
}

/// Waits until all of the processes have ended or the timeout is over, by one kqueue.
fn wait_each<P: ProcessReadings>(
    processes: &[Handle<'_, P>],
    timeout: Option<Duration>,
    done: &mut dyn FnMut(usize, Option<ExitStatus>),
) -> Result<()> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let queue = kqueue().map_err(Error::io)?;
    // The same process may be waited for twice.
    let mut watched: BTreeMap<Pid, Vec<usize>> = BTreeMap::new();
    for (place, process) in processes.iter().enumerate() {
        let pid = raw(process.pid)?;
        match ffi::watch(queue.as_fd(), pid) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(errno) => return Err(Error::io(errno).with_pid(process.pid)),
        }
        // A kqueue reports an exit shortly before the process can be waited for. `reap` waits for the rest.
        // The check comes after the watch, so that no end is missed.
        if has_ended(process)? {
            done(place, reap(pid, WaitOptions::empty())?);
        } else {
            watched.entry(process.pid).or_default().push(place);
        }
    }
    while !watched.is_empty() {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let ended = match ffi::ended(queue.as_fd(), left) {
            Err(Errno::INTR) => continue,
            ended => ended.map_err(Error::io)?,
        };
        if ended.is_empty() && left.is_some_and(|left| left.is_zero()) {
            return Ok(());
        }
        for pid in ended {
            let places = watched.remove(&pid.as_raw_pid().unsigned_abs()).unwrap_or_default();
            let status = if places.is_empty() { None } else { reap(pid, WaitOptions::empty())? };
            places.into_iter().for_each(|place| done(place, status));
        }
    }
    Ok(())
}

/// Whether the process is gone, a zombie, or another one has its pid.
fn has_ended<P: ProcessReadings>(process: &Handle<'_, P>) -> Result<bool> {
    match process.afresh(process.start, P::status) {
        Ok(status) => Ok(status == ProcessStatus::Zombie),
        Err(error) if error.is_no_such_process() || error.is_missing() => Ok(true),
        Err(error) => Err(error),
    }
}
