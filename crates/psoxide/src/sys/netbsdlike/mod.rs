//! What the ports of NetBSD and OpenBSD share: both kernels answer the same questions with structs of their own.
//!
//! [`NetbsdLike`] lists what differs. From it [`process`] writes every reading of a process. The readings of the machine are
//! in each system's folder and call the helpers here.

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
compile_error!("psoxide reads the structs of 64-bit, little-endian BSDs only");

#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
pub(super) mod live;
pub(super) mod machine;
pub(super) mod process;
pub(super) mod question;
pub(super) mod record;
pub(super) mod sensors;
#[cfg(any(all(test, unix), target_os = "netbsd", target_os = "openbsd"))]
pub(super) mod terminal;
#[cfg(all(test, feature = "capture"))]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use std::sync::OnceLock;

use machine::Machine;
use psoxide_parse::bsd::interface::Interfaces;
use question::Question;
use record::Record;

use crate::sys::bsd::machine::cached;
use crate::sys::bsd::platform::{self, Bsd};
use crate::sys::{self, Parentage, Types};
use crate::{Connection, ConnectionKind, Error, Limit, MemoryMap, OpenFile, Os, Pid, Resource, Result, ThreadDetails};

/// One process.
pub(crate) type Handle<'a, P> = sys::Handle<'a, P>;

/// The processes of one moment, by pid.
pub(crate) type Table = Vec<Record>;
/// What a pass shares.
pub(crate) type Pass = platform::Pass<Table>;
/// What several readings of one process share: its record.
pub(crate) type Cache = platform::Cache<Table, OnceLock<Record>>;

/// A system whose process table this module reads.
pub(crate) trait NetbsdLike: Types<Source = Machine, Pass = Pass, Cache = Cache> {
    /// The system.
    const OS: Os;

    /// How the system describes its interfaces.
    const INTERFACES: Interfaces;

    /// How far apart two stamps of one process can be: what is lost where the kernel rounds times.
    const STAMP_ERROR: u64;

    /// Reads all processes.
    fn records(machine: &Machine) -> Result<Vec<Record>>;

    /// Reads one process; `None` if there is none with this pid. The stamp of the process should be `expected`, which saves
    /// OpenBSD a question.
    fn record(machine: &Machine, pid: Pid, expected: Option<u64>) -> Result<Option<Record>>;

    /// Reads the sockets of all processes.
    fn sockets(machine: &Machine, kind: ConnectionKind) -> Result<Vec<Connection>>;

    /// Reads when the machine was booted.
    fn boot_time(machine: &Machine) -> Result<Duration>;

    /// Converts a start stamp to the time since the boot.
    fn since_boot_of(machine: &Machine, stamp: u64) -> Result<Duration>;

    fn exe(process: &Handle<'_, Self>) -> Result<PathBuf>;

    fn cmdline(process: &Handle<'_, Self>) -> Result<Vec<OsString>>;

    fn environ(process: &Handle<'_, Self>) -> Result<Vec<(OsString, OsString)>>;

    fn cwd(process: &Handle<'_, Self>) -> Result<PathBuf>;

    fn num_threads(process: &Handle<'_, Self>) -> Result<u64>;

    /// Reads the threads, in any order.
    fn threads(process: &Handle<'_, Self>) -> Result<Vec<ThreadDetails>>;

    fn num_fds(process: &Handle<'_, Self>) -> Result<u64>;

    fn open_files(process: &Handle<'_, Self>) -> Result<Vec<OpenFile>>;

    fn net_connections(process: &Handle<'_, Self>, kind: ConnectionKind) -> Result<Vec<Connection>>;

    fn memory_maps(process: &Handle<'_, Self>) -> Result<Vec<MemoryMap>>;

    fn rlimit(process: &Handle<'_, Self>, resource: Resource) -> Result<Limit>;
}

impl<P: NetbsdLike> Bsd for P {
    const OS: Os = <P as NetbsdLike>::OS;
    const INTERFACES: Interfaces = <P as NetbsdLike>::INTERFACES;

    type Question = Question;
    type Table = Table;
    type Cells = OnceLock<Record>;

    fn table(machine: &Machine) -> Result<Table> {
        let mut records = P::records(machine)?;
        records.sort_unstable_by_key(|record| record.pid);
        Ok(records)
    }

    fn starts(table: &Table) -> Vec<(Pid, u64)> {
        table.iter().map(|record| (record.pid, record.stamp)).collect()
    }

    fn check(process: &Handle<'_, P>) -> Result<()> {
        process.record().map(drop)
    }

    fn parentage(table: &Table) -> Vec<Parentage> {
        // A process whose parent makes no sense is nobody's child.
        let parentage =
            |record: &Record| Some(Parentage { pid: record.pid, start: Some(record.stamp), ppid: record.ppid().ok()? });
        table.iter().filter_map(parentage).collect()
    }

    fn exists(machine: &Machine, pid: Pid) -> Result<bool> {
        Ok(<P as NetbsdLike>::record(machine, pid, None)?.is_some())
    }

    fn sockets(machine: &Machine, kind: ConnectionKind) -> Result<Vec<Connection>> {
        <P as NetbsdLike>::sockets(machine, kind)
    }

    fn boot(machine: &Machine) -> Result<Duration> {
        P::boot_time(machine)
    }

    /// The kernels return the environment for the operations `KERN_PROC_ENV` (3) and `KERN_PROC_NENV` (4).
    #[cfg(feature = "capture")]
    fn is_environment(question: &str) -> bool {
        question.starts_with("sysctl kern.proc_args.") && (question.ends_with(".3") || question.ends_with(".4"))
    }
}

impl<P: NetbsdLike> Handle<'_, P> {
    /// The process's record: that of the pass, or of a question of its own, which is asked once.
    pub(crate) fn record(&self) -> Result<&Record> {
        let gone = || Error::no_such_process(self.pid);
        let record = match self.table()? {
            Some(table) => {
                let place = table.binary_search_by_key(&self.pid, |record| record.pid).map_err(|_| gone())?;
                table.get(place).ok_or_else(gone)?
            }
            None => cached(&self.cache.cells, || {
                <P as NetbsdLike>::record(self.source, self.pid, self.start)?.ok_or_else(gone)
            })?,
        };
        match self.start {
            Some(start) if !process::is_same::<P>(record.stamp, start) => Err(gone()),
            _ => Ok(record),
        }
    }

    /// Whether the process has arguments and an environment. Those of a zombie are gone, and a part of the kernel has none.
    pub(crate) fn has_arguments(&self) -> Result<bool> {
        let record = self.record()?;
        if record.is_zombie() { Err(Error::zombie(self.pid)) } else { Ok(!record.is_kernel) }
    }

    /// Explains an error of a question about the process by its state: the kernel also refuses what a zombie or a part
    /// of the kernel does not have. `Ok` if it is a part of the kernel, which has none of what user processes have.
    pub(crate) fn excuse(&self, error: Error) -> Result<()> {
        if error.kind() != crate::ErrorKind::Io {
            return Err(error);
        }
        // What the cache holds may be older than the error.
        self.afresh(self.start, |now| match now.record() {
            Ok(record) if record.is_zombie() => Err(Error::zombie(self.pid)),
            Ok(record) if record.is_kernel => Ok(()),
            Ok(_) => Err(error),
            Err(gone) => Err(gone),
        })
    }
}
