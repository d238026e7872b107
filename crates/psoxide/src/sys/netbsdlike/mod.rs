//! What the ports of NetBSD and OpenBSD share: both kernels answer the same questions with structs of their own.
//!
//! [`NetbsdLike`] lists what differs. From it [`process`] writes every reading of a process, and [`platform`] the pass and
//! the cache. The readings of the machine are in each system's folder and call the helpers here.

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
compile_error!("psoxide reads the structs of 64-bit, little-endian BSDs only");

pub(super) mod disk;
#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
pub(super) mod live;
pub(super) mod machine;
pub(super) mod net;
pub(super) mod platform;
pub(super) mod process;
pub(super) mod question;
pub(super) mod record;
#[cfg(all(test, feature = "capture"))]
mod tests;
pub(super) mod users;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use machine::Machine;
use platform::{Cache, Table};
use record::Record;

#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
use crate::sys::bsd::control;
use crate::sys::{self, Types};
use crate::{Connection, ConnectionKind, Limit, MemoryMap, OpenFile, Os, Pid, Resource, Result, Thread};
#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
use crate::{ExitStatus, Signal};

/// One process.
pub(crate) type Handle<'a, P> = sys::Handle<'a, P>;

/// A system whose process table this module reads.
pub(crate) trait NetbsdLike: Types<Source = Machine, Pass = Table, Cache = Cache> {
    /// The system.
    const OS: Os;

    /// How far apart two stamps of one process can be: what is lost where the kernel rounds times.
    const STAMP_ERROR: u64;

    /// Reads all processes.
    fn records(machine: &Machine) -> Result<Vec<Record>>;

    /// Reads one process; `None` if there is none with this pid.
    fn record(machine: &Machine, pid: Pid) -> Result<Option<Record>>;

    /// Reads when the machine was booted.
    fn boot_time(machine: &Machine) -> Result<Duration>;

    /// Converts a start stamp to the time since the boot.
    fn since_boot_of(machine: &Machine, stamp: u64) -> Result<Duration>;

    fn exe(process: &Handle<'_, Self>) -> Result<PathBuf>;

    fn cmdline(process: &Handle<'_, Self>) -> Result<Vec<OsString>>;

    fn environ(process: &Handle<'_, Self>) -> Result<Vec<(OsString, OsString)>>;

    fn cwd(process: &Handle<'_, Self>) -> Result<PathBuf>;

    fn num_threads(process: &Handle<'_, Self>) -> Result<u64>;

    fn threads(process: &Handle<'_, Self>) -> Result<Vec<Thread>>;

    fn num_fds(process: &Handle<'_, Self>) -> Result<u64>;

    fn open_files(process: &Handle<'_, Self>) -> Result<Vec<OpenFile>>;

    fn net_connections(process: &Handle<'_, Self>, kind: ConnectionKind) -> Result<Vec<Connection>>;

    fn memory_maps(process: &Handle<'_, Self>) -> Result<Vec<MemoryMap>>;

    fn rlimit(process: &Handle<'_, Self>, resource: Resource) -> Result<Limit>;
}

/// A capture cannot be acted on.
#[cfg(not(any(target_os = "netbsd", target_os = "openbsd")))]
impl<P: NetbsdLike> sys::Control for P {}

/// Neither system can hold on to a process: its identity is checked immediately before each action.
#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
impl<P: NetbsdLike> sys::Control for P {
    fn send_signal(process: &Handle<'_, P>, signal: Signal) -> Result<()> {
        control::send_signal(process, signal)
    }

    fn suspend(process: &Handle<'_, P>) -> Result<()> {
        control::send_signal(process, Signal(libc::SIGSTOP))
    }

    fn resume(process: &Handle<'_, P>) -> Result<()> {
        control::send_signal(process, Signal(libc::SIGCONT))
    }

    fn wait_each(
        processes: &[Handle<'_, P>],
        timeout: Option<Duration>,
        done: &mut dyn FnMut(usize, Option<ExitStatus>),
    ) -> Result<()> {
        control::wait_each(processes, timeout, done)
    }

    fn set_nice(process: &Handle<'_, P>, value: i32) -> Result<()> {
        control::set_nice(process, value)
    }
}
