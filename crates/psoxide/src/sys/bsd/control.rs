//! Signals and waiting, for the systems that have kqueue(2). They have no descriptor for a process that somebody else
//! started, so the identity is checked immediately before each call.

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use rustix::event::kqueue::kqueue;
use rustix::process::{Pid as RawPid, WaitOptions, setpriority_process};

use super::platform::Bsd;
use super::{ffi, wait};
use crate::sys::posix::control::{check_identity, raw, reap};
use crate::sys::{Control, Handle, ProcessReadings, posix};
use crate::{Error, ExitStatus, Limit, ProcessStatus, Resource, Result, Signal};

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
        let pids = processes.iter().map(|process| raw(process.pid)).collect::<Result<Vec<_>>>()?;
        let end = |place: usize| processes.get(place).map_or(Ok(None), end);
        wait::wait_each(&Live { queue: kqueue().map_err(Error::io)?, end: &end }, &pids, timeout, done)
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

/// The running kernel, whose queue of events is a kqueue.
struct Live<'a> {
    queue: OwnedFd,
    end: &'a dyn Fn(usize) -> Result<Option<Option<ExitStatus>>>,
}

impl wait::Kernel for Live<'_> {
    fn watch(&self, pid: RawPid) -> rustix::io::Result<()> {
        ffi::watch(self.queue.as_fd(), pid)
    }

    fn ended(&self, timeout: Option<Duration>) -> rustix::io::Result<Vec<RawPid>> {
        ffi::ended(self.queue.as_fd(), timeout)
    }

    fn end(&self, place: usize) -> Result<Option<Option<ExitStatus>>> {
        (self.end)(place)
    }

    fn reap(&self, pid: RawPid) -> Result<Option<ExitStatus>> {
        reap(pid, WaitOptions::empty())
    }
}

/// How a process ended that is gone or a zombie, or whose pid another one has. A kqueue reports an exit shortly before the
/// process can be waited for. `reap` waits for the rest.
fn end<P: ProcessReadings>(process: &Handle<'_, P>) -> Result<Option<Option<ExitStatus>>> {
    if has_ended(process)? { reap(raw(process.pid)?, WaitOptions::empty()).map(Some) } else { Ok(None) }
}

/// Whether the process is gone, a zombie, or another one has its pid.
fn has_ended<P: ProcessReadings>(process: &Handle<'_, P>) -> Result<bool> {
    match process.afresh(process.start, P::status) {
        Ok(status) => Ok(status == ProcessStatus::Zombie),
        Err(error) if error.is_no_such_process() || error.is_missing() => Ok(true),
        Err(error) => Err(error),
    }
}
