//! Process ids of system calls, signals, and how children end.

use rustix::io::Errno;
use rustix::process::{Pid as RawPid, WaitOptions, waitpid};

use crate::{Error, ExitStatus, Pid, Result, Signal};

/// The pid as system calls take it. 0 would name the process group of the caller.
pub(crate) fn raw(pid: Pid) -> Result<RawPid> {
    let raw = i32::try_from(pid).ok().and_then(RawPid::from_raw);
    raw.ok_or_else(|| Error::invalid("pid 0 and pids out of range name no single process").with_pid(pid))
}

/// Reads how a child of the caller ended, and lets the kernel forget it. `None` for a child that runs (with
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
