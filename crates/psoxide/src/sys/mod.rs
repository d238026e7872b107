//! The contract between the public layer and an operating system, and the choice of the system.
//!
//! An operating system is one folder here. It provides `Source` (where its readings come from), `Pass` (what all
//! processes of one snapshot share, and which these are), `Cache` (one cell for each kernel source of a process) and a unit struct `Os` with
//! these traits. A method without a body is required, so that the compiler names what a new system still lacks; one that
//! not every system can have answers [`Unsupported`](crate::ErrorKind::Unsupported) by default, and `support.rs` says
//! which system has it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{
    Battery, Cgroup, Connection, ConnectionKind, CpuFreq, CpuStats, CpuTimes, CtxSwitches, DiskIo, DiskPartition,
    DiskUsage, Error, ExitStatus, Fan, HeapInfo, Ids, IoCounters, IoPriority, Limit, LoadAverage, MemoryDetails,
    MemoryFootprint, MemoryInfo, MemoryMap, NetIo, NicAddr, NicStats, OpenFile, PageFaults, Pid, Pressure, PressureOf,
    ProcessCpuTimes, ProcessStatus, Resource, Result, Scheduling, Service, Signal, SwapMemory, Temperature, Thread,
    ThreadDetails, User, VirtualMemory,
};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{Cache, Os, Pass, Source};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{Cache, Os, Pass, Source};

#[cfg(not(any(target_os = "linux", windows)))]
compile_error!("psoxide is not ported to this operating system yet: PORTING.md says how it is done");

/// One process as its getters see it: who it is, and the cells its kernel sources are read into.
pub(crate) struct Handle<'a> {
    pub(crate) source: &'a Source,
    pub(crate) pid: Pid,
    /// The start time that makes the pid unique, in the system's own unit; `None` while it is being found out.
    pub(crate) start: Option<u64>,
    pub(crate) cache: &'a Cache,
}

/// What places a process in the tree of processes.
pub(crate) struct Kin {
    pub(crate) pid: Pid,
    pub(crate) start: u64,
    pub(crate) ppid: Pid,
}

/// The machine as a whole.
pub(crate) trait SystemReadings {
    fn boot_time(source: &Source) -> Result<SystemTime>;
    fn uptime(source: &Source) -> Result<Duration>;
    fn pids(source: &Source) -> Result<Vec<Pid>>;
    /// Processes, among them all descendants of this one, or its children at least; those that end meanwhile are left out.
    fn family(source: &Source, of: Pid, recursive: bool) -> Result<Vec<Kin>>;
    fn pid_exists(source: &Source, pid: Pid) -> Result<bool>;
    fn current_pid(source: &Source) -> Result<Pid>;
    fn delay_accounting(_: &Source) -> Result<bool> {
        Err(Error::unsupported("delay_accounting"))
    }
}

/// The processors.
pub(crate) trait CpuReadings {
    fn cpu_times(source: &Source) -> Result<CpuTimes>;
    fn cpu_times_per_cpu(source: &Source) -> Result<Vec<CpuTimes>>;
    fn cpu_count(source: &Source) -> Result<Option<usize>>;
    fn cpu_count_cores(source: &Source) -> Result<Option<usize>>;
    fn cpu_stats(source: &Source) -> Result<CpuStats>;
    fn load_average(source: &Source) -> Result<LoadAverage>;
    fn cpu_freq(_: &Source) -> Result<Vec<CpuFreq>> {
        Err(Error::unsupported("cpu_freq"))
    }
}

/// Memory of the machine and of the calling process's allocator.
pub(crate) trait MemoryReadings {
    fn virtual_memory(source: &Source) -> Result<VirtualMemory>;
    fn swap_memory(source: &Source) -> Result<SwapMemory>;
    fn heap_info() -> Result<HeapInfo> {
        Err(Error::unsupported("heap_info"))
    }
    fn heap_trim() -> Result<bool> {
        Err(Error::unsupported("heap_trim"))
    }
}

/// What waiting costs.
pub(crate) trait PressureReadings {
    fn pressure(_: &Source, _: PressureOf) -> Result<Pressure> {
        Err(Error::unsupported("pressure"))
    }
}

/// Disks and file systems.
pub(crate) trait DiskReadings {
    fn disk_partitions(source: &Source, all: bool) -> Result<Vec<DiskPartition>>;
    fn disk_usage(source: &Source, path: &Path) -> Result<DiskUsage>;
    fn disk_io_counters(source: &Source) -> Result<Vec<(OsString, DiskIo)>>;
    fn whole_disks(source: &Source) -> Result<Vec<OsString>>;
}

/// Interfaces and sockets.
pub(crate) trait NetReadings {
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>>;
    fn net_connections(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>>;
    fn net_if_addrs(source: &Source) -> Result<Vec<(OsString, Vec<NicAddr>)>>;
    fn net_if_stats(source: &Source) -> Result<Vec<(OsString, NicStats)>>;
}

/// Temperatures, fans, battery.
pub(crate) trait SensorReadings {
    fn sensors_temperatures(_: &Source) -> Result<Vec<(String, Vec<Temperature>)>> {
        Err(Error::unsupported("sensors_temperatures"))
    }
    fn sensors_fans(_: &Source) -> Result<Vec<(String, Vec<Fan>)>> {
        Err(Error::unsupported("sensors_fans"))
    }
    fn sensors_battery(_: &Source) -> Result<Option<Battery>> {
        Err(Error::unsupported("sensors_battery"))
    }
}

/// Who is logged in.
pub(crate) trait UserReadings {
    fn users(source: &Source) -> Result<Vec<User>>;
}

/// Services, where the system has a manager of them.
pub(crate) trait ServiceReadings {
    /// Name and display name of each.
    fn services(_: &Source) -> Result<Vec<(OsString, OsString)>> {
        Err(Error::unsupported("services"))
    }
    fn service(_: &Source, _: &OsStr) -> Result<Service> {
        Err(Error::unsupported("service"))
    }
}

/// One process. A getter reads each kernel source at most once, into the handle's cache.
pub(crate) trait ProcessReadings {
    /// The start time that, with the pid, is a process's identity.
    fn start(process: &Handle<'_>) -> Result<u64>;
    /// The time between the boot and a start time.
    fn since_boot(source: &Source, start: u64) -> Result<Duration>;
    fn ppid(process: &Handle<'_>) -> Result<Pid>;
    fn name(process: &Handle<'_>) -> Result<OsString>;
    /// The name as the kernel keeps it, which may be cut short.
    fn comm(process: &Handle<'_>) -> Result<OsString>;
    fn exe(process: &Handle<'_>) -> Result<PathBuf>;
    fn cmdline(process: &Handle<'_>) -> Result<Vec<OsString>>;
    fn status(process: &Handle<'_>) -> Result<ProcessStatus>;
    fn username(process: &Handle<'_>) -> Result<OsString>;
    fn create_time(process: &Handle<'_>) -> Result<SystemTime>;
    fn cwd(process: &Handle<'_>) -> Result<PathBuf>;
    fn environ(process: &Handle<'_>) -> Result<Vec<(OsString, OsString)>>;
    fn nice(process: &Handle<'_>) -> Result<i32>;
    fn num_threads(process: &Handle<'_>) -> Result<u64>;
    fn num_ctx_switches(process: &Handle<'_>) -> Result<CtxSwitches>;
    fn threads(process: &Handle<'_>) -> Result<Vec<Thread>>;
    fn cpu_times(process: &Handle<'_>) -> Result<ProcessCpuTimes>;
    fn memory_info(process: &Handle<'_>) -> Result<MemoryInfo>;
    fn page_faults(process: &Handle<'_>) -> Result<PageFaults>;
    fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>>;
    fn net_connections(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>>;
    fn memory_details(_: &Handle<'_>) -> Result<MemoryDetails> {
        Err(Error::unsupported("memory_details"))
    }
    fn memory_footprint(_: &Handle<'_>) -> Result<MemoryFootprint> {
        Err(Error::unsupported("memory_footprint"))
    }
    fn memory_maps(_: &Handle<'_>) -> Result<Vec<MemoryMap>> {
        Err(Error::unsupported("memory_maps"))
    }
    fn io_counters(_: &Handle<'_>) -> Result<IoCounters> {
        Err(Error::unsupported("io_counters"))
    }
    fn uids(_: &Handle<'_>) -> Result<Ids> {
        Err(Error::unsupported("uids"))
    }
    fn gids(_: &Handle<'_>) -> Result<Ids> {
        Err(Error::unsupported("gids"))
    }
    fn terminal(_: &Handle<'_>) -> Result<Option<PathBuf>> {
        Err(Error::unsupported("terminal"))
    }
    fn num_fds(_: &Handle<'_>) -> Result<u64> {
        Err(Error::unsupported("num_fds"))
    }
    fn num_handles(_: &Handle<'_>) -> Result<u64> {
        Err(Error::unsupported("num_handles"))
    }
    fn cpu_num(_: &Handle<'_>) -> Result<u32> {
        Err(Error::unsupported("cpu_num"))
    }
    fn cpu_affinity(_: &Handle<'_>) -> Result<Vec<u32>> {
        Err(Error::unsupported("cpu_affinity"))
    }
    fn ionice(_: &Handle<'_>) -> Result<IoPriority> {
        Err(Error::unsupported("ionice"))
    }
    fn rlimit(_: &Handle<'_>, _: Resource) -> Result<Limit> {
        Err(Error::unsupported("rlimit"))
    }
    fn thread_details(_: &Handle<'_>) -> Result<Vec<ThreadDetails>> {
        Err(Error::unsupported("thread_details"))
    }
    fn scheduling(_: &Handle<'_>) -> Result<Scheduling> {
        Err(Error::unsupported("scheduling"))
    }
    fn is_kernel_thread(_: &Handle<'_>) -> Result<bool> {
        Err(Error::unsupported("is_kernel_thread"))
    }
    fn cgroup(_: &Handle<'_>) -> Result<Cgroup> {
        Err(Error::unsupported("cgroup"))
    }
    fn net_namespace(_: &Handle<'_>) -> Result<u64> {
        Err(Error::unsupported("net_namespace"))
    }
    fn oom_score(_: &Handle<'_>) -> Result<u64> {
        Err(Error::unsupported("oom_score"))
    }
}

/// Changing a process, and waiting for its end. The callers have checked that the source is live.
pub(crate) trait Control {
    /// Sends a signal to this very process: never to another one that has taken its pid.
    fn send_signal(process: &Handle<'_>, signal: Signal) -> Result<()>;
    /// Stops this very process.
    fn suspend(process: &Handle<'_>) -> Result<()>;
    /// Lets this very process go on.
    fn resume(process: &Handle<'_>) -> Result<()>;
    /// Waits until all of the processes have ended, or the time is over. `done` is told the position of each as it
    /// ends and, for a child of the caller, how.
    fn wait_each(
        processes: &[Handle<'_>],
        timeout: Option<Duration>,
        done: &mut dyn FnMut(usize, Option<ExitStatus>),
    ) -> Result<()>;
    fn set_nice(process: &Handle<'_>, value: i32) -> Result<()>;
    fn set_ionice(_: &Handle<'_>, _: IoPriority) -> Result<()> {
        Err(Error::unsupported("set_ionice"))
    }
    fn set_rlimit(_: &Handle<'_>, _: Resource, _: Limit) -> Result<()> {
        Err(Error::unsupported("set_rlimit"))
    }
    fn set_cpu_affinity(_: &Handle<'_>, _: &[u32]) -> Result<()> {
        Err(Error::unsupported("set_cpu_affinity"))
    }
}
