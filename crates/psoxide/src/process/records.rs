//! The records that a process's getters return.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::record::record;
use crate::value::{ToValue, Value, text};
use crate::{Error, Process, Result, Signal};

record! {
    /// CPU time of a process.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct ProcessCpuTimes = "pcputimes" {
        /// CPU time in user mode.
        user: Duration, Seconds, ALL;
        /// CPU time in kernel mode.
        system: Duration, Seconds, ALL;
        /// CPU time in user mode of children that were waited for.
        children_user: Option<Duration>, Seconds, POSIX;
        /// CPU time in kernel mode of children that were waited for.
        children_system: Option<Duration>, Seconds, POSIX;
        /// Time waiting for block I/O (since Linux 2.6.18, with delay accounting).
        iowait: Option<Duration>, Seconds, LINUX;
    }
}

record! {
    /// Memory of a process.
    ///
    /// Linux: `/proc/PID/statm`, proc_pid_statm(5).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct MemoryInfo = "pmem" {
        /// Resident memory.
        rss: u64, Bytes, ALL;
        /// Virtual memory.
        vms: u64, Bytes, ALL;
        /// Resident memory backed by files or shared memory.
        shared: Option<u64>, Bytes, LINUX;
        /// Executable code.
        text: Option<u64>, Bytes, LINUX | BSD;
        /// Data and stack.
        data: Option<u64>, Bytes, LINUX | BSD;
        /// Stack.
        stack: Option<u64>, Bytes, BSD;
    }
}

record! {
    /// Parts of a process's memory, and their peaks.
    ///
    /// Linux: `/proc/PID/status`, proc_pid_status(5). A kernel thread has none. Windows: the system's table of processes.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct MemoryDetails = "pmem_ex" {
        /// Peak resident memory.
        peak_rss: Option<u64>, Bytes, LINUX | WINDOWS | BSD;
        /// Peak virtual memory.
        peak_vms: Option<u64>, Bytes, LINUX | WINDOWS;
        /// Resident memory backed by no file (since Linux 4.5).
        rss_anon: Option<u64>, Bytes, LINUX;
        /// Resident memory backed by files (since Linux 4.5).
        rss_file: Option<u64>, Bytes, LINUX;
        /// Resident shared memory (since Linux 4.5).
        rss_shmem: Option<u64>, Bytes, LINUX;
        /// Memory swapped out (since Linux 2.6.34).
        swap: Option<u64>, Bytes, LINUX;
        /// Memory in huge pages of hugetlbfs (since Linux 4.4).
        hugetlb: Option<u64>, Bytes, LINUX;
        /// Reserved address space, resident or not.
        virtual_size: Option<u64>, Bytes, WINDOWS;
        /// Peak reserved address space.
        peak_virtual_size: Option<u64>, Bytes, WINDOWS;
        /// Kernel memory of the process that can be paged out.
        paged_pool: Option<u64>, Bytes, WINDOWS;
        /// Kernel memory of the process that stays resident.
        nonpaged_pool: Option<u64>, Bytes, WINDOWS;
        /// Peak of paged_pool.
        peak_paged_pool: Option<u64>, Bytes, WINDOWS;
        /// Peak of nonpaged_pool.
        peak_nonpaged_pool: Option<u64>, Bytes, WINDOWS;
        /// Private memory, resident or not: the commit charge.
        private_bytes: Option<u64>, Bytes, WINDOWS;
        /// Memory that may not be paged out.
        wired: Option<u64>, Bytes, MACOS;
        /// Physical memory that the kernel charges to the process, compressed or not.
        phys_footprint: Option<u64>, Bytes, MACOS;
        /// Peak of phys_footprint.
        peak_phys_footprint: Option<u64>, Bytes, MACOS;
    }
}

record! {
    /// The physical memory that a process costs.
    ///
    /// Linux: `/proc/PID/smaps_rollup` (since 4.14), else `/proc/PID/smaps`. macOS: the physical footprint, which counts
    /// compressed memory as if it were not compressed.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct MemoryFootprint = "pfootprint" {
        /// Unique set size: memory that the end of the process would free.
        uss: u64, Bytes, LINUX | MACOS | WINDOWS;
        /// Proportional set size: each page divided by the number of processes that map it.
        pss: Option<u64>, Bytes, LINUX;
        /// Memory swapped out.
        swap: Option<u64>, Bytes, LINUX;
    }
}

/// Declares the sizes that a mapping and a group of mappings share.
macro_rules! mappings {
    ($($(#[doc = $doc:literal])+ $size:ident, $($os:ident)|+;)+) => {
        record! {
            /// A mapping of a process.
            #[derive(Debug, Clone, Default, PartialEq, Eq)]
            pub struct MemoryMap = "pmmap_ext" {
                /// First address.
                start: u64, Plain, ALL;
                /// Address after the last one.
                end: u64, Plain, ALL;
                /// Permissions, such as `r-xp`.
                perms: String, Text, ALL;
                /// Path of the file, or a name in brackets.
                path: PathBuf, Text, ALL;
                $($(#[doc = $doc])+ $size: Option<u64>, Bytes, $($os)|+;)+
            }
        }

        record! {
            /// All mappings of one path.
            #[derive(Debug, Clone, Default, PartialEq, Eq)]
            pub struct MemoryMapGroup = "pmmap_grouped" {
                /// Path of the file, or a name in brackets.
                path: PathBuf, Text, ALL;
                $($(#[doc = $doc])+ $size: Option<u64>, Bytes, $($os)|+;)+
            }
        }

        impl From<MemoryMap> for MemoryMapGroup {
            /// Makes a group of this mapping only.
            fn from(map: MemoryMap) -> Self {
                Self { path: map.path, $($size: map.$size,)+ }
            }
        }

        impl MemoryMapGroup {
            /// Adds the sizes of another group. If either size is missing, the sum is `None`.
            pub fn add(&mut self, other: &Self) {
                $(self.$size = self.$size.zip(other.$size).map(|(sum, part)| sum.saturating_add(part));)+
            }
        }
    };
}

mappings! {
    /// Resident memory.
    rss, LINUX | WINDOWS | FREEBSD | SUNOS;
    /// Virtual memory.
    size, LINUX | NETBSD | OPENBSD;
    /// Proportional share of the resident pages.
    pss, LINUX;
    /// Unmodified pages that other processes map too.
    shared_clean, LINUX;
    /// Modified pages that other processes map too.
    shared_dirty, LINUX;
    /// Unmodified pages of this process only.
    private_clean, LINUX;
    /// Modified pages of this process only.
    private_dirty, LINUX;
    /// Recently accessed pages.
    referenced, LINUX;
    /// Pages that no file backs.
    anonymous, LINUX | SUNOS;
    /// Memory locked into RAM.
    locked, SUNOS;
    /// Memory swapped out.
    swap, LINUX;
    /// Resident memory of this process only.
    private, FREEBSD;
    /// Number of references to the mapped object.
    ref_count, FREEBSD | NETBSD;
    /// Number of shadow objects.
    shadow_count, FREEBSD;
}

record! {
    /// I/O counters of a process.
    ///
    /// Linux: `/proc/PID/io`, proc_pid_io(5). macOS: proc_pid_rusage(3), which counts bytes alone.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct IoCounters = "pio" {
        /// Read calls. On the BSDs, blocks read from storage.
        read_count: Option<u64>, Count, LINUX | WINDOWS | BSD;
        /// Write calls. On the BSDs, blocks written to storage.
        write_count: Option<u64>, Count, LINUX | WINDOWS | BSD;
        /// Bytes fetched from storage.
        read_bytes: Option<u64>, Bytes, LINUX | WINDOWS | MACOS;
        /// Bytes sent to storage.
        write_bytes: Option<u64>, Bytes, LINUX | WINDOWS | MACOS;
        /// Bytes passed to read calls, from storage or elsewhere.
        read_chars: Option<u64>, Bytes, LINUX;
        /// Bytes passed to write calls, to storage or elsewhere.
        write_chars: Option<u64>, Bytes, LINUX;
        /// I/O calls other than reads and writes.
        other_count: Option<u64>, Count, WINDOWS;
        /// Bytes that these other calls transferred.
        other_bytes: Option<u64>, Bytes, WINDOWS;
    }
}

record! {
    /// Energy that the cores have used to run a process, in joules.
    ///
    /// macOS 13 and later on Apple silicon: `ri_energy_nj` of proc_pid_rusage(3).
    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    pub struct Energy = "penergy" {
        /// Energy of all cores.
        total: f64, Plain, MACOS;
        /// Energy of the performance cores.
        performance: f64, Plain, MACOS;
    }
}

record! {
    /// Context switches.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct CtxSwitches = "pctxsw" {
        /// Voluntary context switches: the process waited. Windows: all of them.
        voluntary: u64, Count, ALL;
        /// Involuntary context switches: the time slice ended, or another process took the CPU.
        involuntary: Option<u64>, Count, POSIX;
    }
}

record! {
    /// Page faults.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct PageFaults = "ppagefaults" {
        /// Minor page faults: no disk read.
        minor: u64, Count, ALL;
        /// Major page faults: the page was read from disk.
        major: u64, Count, ALL;
    }
}

record! {
    /// User or group ids.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Ids = "puids" {
        /// Real id: the user or group that started the process.
        real: u32, Plain, POSIX;
        /// Effective id: the user or group whose permissions apply.
        effective: u32, Plain, POSIX;
        /// Saved id: an effective id that the process can return to. Absent where the system refuses it and shows the others.
        saved: Option<u32>, Plain, POSIX;
    }
}

record! {
    /// A thread.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Thread = "pthread" {
        /// Thread id.
        id: u32, Plain, ALL;
        /// CPU time in user mode.
        user_time: Duration, Seconds, ALL;
        /// CPU time in kernel mode.
        system_time: Duration, Seconds, ALL;
    }
}

record! {
    /// A thread with what a listing shows of it.
    ///
    /// Linux: `/proc/PID/task/TID/stat`, proc_pid_stat(5). macOS: `PROC_PIDTHREADID64INFO` of proc_pidinfo(3).
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ThreadDetails = "pthread_ex" {
        /// Thread id. macOS: of 64 bits.
        id: u64, Plain, LINUX | MACOS | BSD;
        /// Name, which a program can set for each thread.
        name: OsString, Text, LINUX | MACOS | BSD;
        /// State.
        status: ProcessStatus, Text, LINUX | MACOS | BSD;
        /// CPU time in user mode. NetBSD: in both modes.
        user_time: Duration, Seconds, LINUX | MACOS | BSD;
        /// CPU time in kernel mode. NetBSD does not separate it from `user_time`.
        system_time: Duration, Seconds, LINUX | MACOS | FREEBSD | OPENBSD;
        /// Time between the boot and the start of the thread, which identifies the thread together with its id. macOS
        /// never reuses an id.
        started: Option<Duration>, Seconds, LINUX;
        /// Nice value.
        nice: Option<i32>, Plain, LINUX;
        /// CPU that the thread last ran on.
        cpu_num: Option<u32>, Plain, LINUX | BSD;
    }
}

impl TryFrom<&ThreadDetails> for Thread {
    type Error = Error;

    /// Fails if the id has more than 32 bits, as some on macOS have.
    fn try_from(thread: &ThreadDetails) -> Result<Self> {
        let id = u32::try_from(thread.id).map_err(|_| Error::out_of_range("id", thread.id))?;
        Ok(Self { id, user_time: thread.user_time, system_time: thread.system_time })
    }
}

record! {
    /// How the kernel schedules a process.
    ///
    /// Linux: `/proc/PID/stat`, sched(7).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Scheduling = "pscheduling" {
        /// The scheduling policy.
        policy: SchedulingPolicy, Text, LINUX;
        /// The priority of the kernel: 20 plus the nice value, or negative for a real-time process.
        priority: i32, Plain, LINUX;
        /// The real-time priority, 1 to 99, or 0 for a process that is not real-time.
        realtime: u32, Plain, LINUX;
    }
}

record! {
    /// The zone, project, task and contract that a process belongs to: zones(7), project(5), contract(5).
    ///
    /// SunOS: `/proc/PID/psinfo`, proc(5).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Containment = "pcontainment" {
        /// Name of the zone. Absent if the zone has been halted, or is not visible from this one.
        zone: Option<OsString>, Text, SUNOS;
        /// Id of the zone; 0 for the global zone.
        zone_id: u32, Plain, SUNOS;
        /// Id of the project.
        project: u32, Plain, SUNOS;
        /// Id of the task.
        task: u32, Plain, SUNOS;
        /// Id of the process contract. Absent for a process that is in none.
        contract: Option<u32>, Plain, SUNOS;
    }
}

record! {
    /// The control group of a process.
    ///
    /// Linux: `/proc/PID/cgroup`, cgroups(7).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Cgroup = "pcgroup" {
        /// The path of the control group.
        path: OsString, Text, LINUX;
        /// The systemd unit of the process, if any.
        unit: Option<OsString>, Text, LINUX;
        /// The id or name of the process's container, if any.
        container: Option<OsString>, Text, LINUX;
    }
}

record! {
    /// An open file.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct OpenFile = "popenfile" {
        /// Path. Empty on NetBSD and OpenBSD, whose kernels do not return it.
        path: PathBuf, Text, ALL;
        /// File descriptor. Absent if the system does not report it.
        fd: Option<i32>, Plain, ALL;
        /// Offset.
        position: Option<u64>, Bytes, LINUX;
        /// Mode: r, w, a, r+ or a+.
        mode: Option<&'static str>, Text, LINUX;
        /// Flags of open(2).
        flags: Option<u64>, Plain, LINUX;
    }
}

record! {
    /// I/O scheduling class and priority: ioprio_get(2). Windows has a class only.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct IoPriority = "pionice" {
        /// Scheduling class.
        class: IoPriorityClass, Text, LINUX | WINDOWS;
        /// Priority within the class, 0 (highest) to 7.
        value: Option<u8>, Plain, LINUX;
    }
}

impl IoPriority {
    /// Makes an I/O priority: a class, and the priority within it if the class has priorities.
    #[must_use]
    pub const fn new(class: IoPriorityClass, value: Option<u8>) -> Self {
        Self { class, value }
    }
}

impl Scheduling {
    /// Makes a scheduling: a policy, the kernel's priority and the real-time priority.
    #[must_use]
    pub const fn new(policy: SchedulingPolicy, priority: i32, realtime: u32) -> Self {
        Self { policy, priority, realtime }
    }
}

impl Ids {
    /// Makes ids from the real, effective and saved id.
    #[must_use]
    pub const fn new(real: u32, effective: u32, saved: Option<u32>) -> Self {
        Self { real, effective, saved }
    }
}

/// An I/O scheduling class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IoPriorityClass {
    /// Follows the nice value.
    None,
    /// Real time.
    Realtime,
    /// Best effort.
    BestEffort,
    /// Idle: served when no other process needs the disk.
    Idle,
    /// Windows: very low, for background work.
    VeryLow,
    /// Windows: low.
    Low,
    /// Windows: normal, the default.
    Normal,
    /// Windows: high.
    High,
}

/// A resource limit. `None` means unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// The enforced limit.
    pub soft: Option<u64>,
    /// The ceiling of the soft limit.
    pub hard: Option<u64>,
}

macro_rules! named {
    ($(#[$attr:meta])* pub enum $name:ident { $($(#[$vattr:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$attr])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vattr])* $variant,)+ }

        impl $name {
            /// All values.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the usual name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(name: &str) -> Result<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|known| known.name()).collect();
                    Error::invalid(format!("invalid name {name:?}; it is one of {}", names.join(", ")))
                })
            }
        }

        impl ToValue for $name {
            fn to_value(&self) -> Value<'_> {
                text(self)
            }
        }
    };
}

named! {
    /// The state of a process.
    pub enum ProcessStatus {
        /// Running, or ready to run.
        Running = "running",
        /// Waiting for an event (interruptible).
        Sleeping = "sleeping",
        /// Waiting for I/O (uninterruptible).
        DiskSleep = "disk-sleep",
        /// Stopped by a signal.
        Stopped = "stopped",
        /// Stopped by a debugger.
        TracingStop = "tracing-stop",
        /// Ended and not yet reaped by the parent.
        Zombie = "zombie",
        /// Ending.
        Dead = "dead",
        /// Linux 2.6.33 to 3.13.
        WakeKill = "wake-kill",
        /// Linux 2.6.33 to 3.13.
        Waking = "waking",
        /// An idle kernel thread.
        Idle = "idle",
        /// Waiting for a lock (FreeBSD).
        Locked = "locked",
        /// Waiting (FreeBSD).
        Waiting = "waiting",
        /// Suspended (NetBSD, Windows).
        Suspended = "suspended",
        /// A parked kernel thread (Linux 3.9 and later).
        Parked = "parked",
        /// A state that psoxide has no name for.
        Unknown = "?",
    }
}

named! {
    /// A scheduling policy: sched(7).
    pub enum SchedulingPolicy {
        /// The default, `SCHED_OTHER`.
        Other = "other",
        /// Real time, first in first out.
        Fifo = "fifo",
        /// Real time, round robin.
        RoundRobin = "rr",
        /// Batch work, `SCHED_BATCH`.
        Batch = "batch",
        /// Idle: runs when no other process needs the CPU.
        Idle = "idle",
        /// Deadline scheduling.
        Deadline = "deadline",
        /// Decided by a BPF program, `SCHED_EXT` (since Linux 6.12).
        Ext = "ext",
        /// A policy that psoxide has no name for.
        Unknown = "?",
    }
}

named! {
    /// A resource that can be limited, getrlimit(2).
    pub enum Resource {
        /// Virtual memory, bytes.
        As = "as",
        /// Size of a core file, bytes.
        Core = "core",
        /// CPU time, seconds.
        Cpu = "cpu",
        /// Data segment, bytes.
        Data = "data",
        /// Size of a file it writes, bytes.
        Fsize = "fsize",
        /// File locks (Linux 2.4).
        Locks = "locks",
        /// Locked memory, bytes.
        Memlock = "memlock",
        /// POSIX message queues, bytes.
        Msgqueue = "msgqueue",
        /// Lowest nice value that the process may set, as 20 minus the value.
        Nice = "nice",
        /// Number of open files.
        Nofile = "nofile",
        /// Number of processes of the user.
        Nproc = "nproc",
        /// Resident memory, bytes; not enforced.
        Rss = "rss",
        /// Real-time priority.
        Rtprio = "rtprio",
        /// Real-time CPU time without a blocking call, microseconds.
        Rttime = "rttime",
        /// Queued signals.
        Sigpending = "sigpending",
        /// Stack, bytes.
        Stack = "stack",
        /// Socket buffers of its user, bytes (FreeBSD, NetBSD).
        Sbsize = "sbsize",
        /// Pseudo-terminals of its user (FreeBSD).
        Npts = "npts",
        /// Swap space of its user, bytes (FreeBSD).
        Swap = "swap",
        /// Kernel event queues of its user (FreeBSD).
        Kqueues = "kqueues",
        /// Shared locks of its user (FreeBSD).
        Umtxp = "umtxp",
        /// Threads of its user (NetBSD).
        Nthr = "nthr",
    }
}

named! {
    /// A kind of memory of a process.
    pub enum MemoryType {
        /// [`MemoryInfo::rss`]
        Rss = "rss",
        /// [`MemoryInfo::vms`]
        Vms = "vms",
        /// [`MemoryInfo::shared`]
        Shared = "shared",
        /// [`MemoryInfo::text`]
        Text = "text",
        /// [`MemoryInfo::data`]
        Data = "data",
        /// [`MemoryFootprint::uss`]
        Uss = "uss",
        /// [`MemoryFootprint::pss`]
        Pss = "pss",
        /// [`MemoryFootprint::swap`]
        Swap = "swap",
    }
}

impl MemoryType {
    pub(crate) fn of(self, process: &Process) -> Result<u64> {
        let info = || process.memory_info();
        let footprint = || process.memory_footprint();
        let value = match self {
            Self::Rss => Some(info()?.rss),
            Self::Vms => Some(info()?.vms),
            Self::Shared => info()?.shared,
            Self::Text => info()?.text,
            Self::Data => info()?.data,
            Self::Uss => Some(footprint()?.uss),
            Self::Pss => footprint()?.pss,
            Self::Swap => footprint()?.swap,
        };
        value.ok_or_else(|| Error::unsupported(self.name()))
    }
}

impl MemoryMapGroup {
    pub(crate) fn group(maps: Vec<MemoryMap>) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        let mut places: std::collections::HashMap<PathBuf, usize> = std::collections::HashMap::new();
        for map in maps {
            let place = *places.entry(map.path.clone()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.add(&map.into()),
                None => groups.push(map.into()),
            }
        }
        groups
    }
}

impl fmt::Display for IoPriorityClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Realtime => "realtime",
            Self::BestEffort => "best-effort",
            Self::Idle => "idle",
            Self::VeryLow => "very-low",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        })
    }
}

impl ToValue for IoPriorityClass {
    fn to_value(&self) -> Value<'_> {
        text(self)
    }
}

/// How a process ended: by exiting, or by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// The process exited with this code.
    Code(i32),
    /// This signal ended the process.
    Signal(Signal),
}
