//! Pids for system calls, and the exit status of children.

use rustix::io::Errno;
use rustix::process::{Pid as RawPid, WaitOptions, waitpid};

#[cfg(not(target_os = "linux"))]
use crate::sys::{Handle, ProcessReadings};
use crate::{Error, ExitStatus, Pid, Result, Signal};

/// Converts a pid for a system call. Refuses 0, which would name the process group of the caller.
pub(crate) fn raw(pid: Pid) -> Result<RawPid> {
    let raw = i32::try_from(pid).ok().and_then(RawPid::from_raw);
    raw.ok_or_else(|| Error::invalid("pid 0 and pids out of range name no single process").with_pid(pid))
}

/// Fails unless the handle's process still has its pid.
#[cfg(not(target_os = "linux"))] // it holds a pidfd
pub(crate) fn check_identity<P: ProcessReadings>(process: &Handle<'_, P>) -> Result<()> {
    process.afresh(process.start, P::start).map(drop)
}

/// Reaps a child of the caller and returns its exit status. Returns `None` for a child that still runs (with
/// `WaitOptions::NOHANG`), and for a process that is not a child of the caller or was reaped before.
pub(crate) fn reap(pid: RawPid, options: WaitOptions) -> Result<Option<ExitStatus>> {
    loop {
        match waitpid(Some(pid), options) {
            Ok(Some((_, status))) => {
                let signal = status.terminating_signal().map(|number| ExitStatus::Signal(Signal(number)));
                return Ok(status.exit_status().map(ExitStatus::Code).or(signal));
            }
            Ok(None) | Err(Errno::CHILD) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Error::io(errno)),
        }
    }
}
