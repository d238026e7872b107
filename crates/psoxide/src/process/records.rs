//! What the getters of a process answer.

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
        /// In user mode.
        user: Duration, Seconds, ALL;
        /// In kernel mode.
        system: Duration, Seconds, ALL;
        /// In user mode, of children that ended and were waited for.
        children_user: Option<Duration>, Seconds, POSIX;
        /// In kernel mode, of children that ended and were waited for.
        children_system: Option<Duration>, Seconds, POSIX;
        /// Waiting for block I/O (since Linux 2.6.18, with delay accounting).
        iowait: Option<Duration>, Seconds, LINUX;
    }
}

record! {
    /// Memory of a process.
    ///
    /// Linux: `/proc/PID/statm`, proc_pid_statm(5).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct MemoryInfo = "pmem" {
        /// Resident in physical memory.
        rss: u64, Bytes, ALL;
        /// Virtual memory.
        vms: u64, Bytes, ALL;
        /// Resident and backed by files or shared memory.
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
    /// What the memory of a process is made of, and the most it ever was.
    ///
    /// Linux: `/proc/PID/status`, proc_pid_status(5). A kernel thread has none. Windows: the system's table of processes.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct MemoryDetails = "pmem_ex" {
        /// The most that was ever resident.
        peak_rss: Option<u64>, Bytes, LINUX | WINDOWS | BSD;
        /// The most virtual memory it ever had.
        peak_vms: Option<u64>, Bytes, LINUX | WINDOWS;
        /// Resident and backed by no file (since Linux 4.5).
        rss_anon: Option<u64>, Bytes, LINUX;
        /// Resident and backed by files (since Linux 4.5).
        rss_file: Option<u64>, Bytes, LINUX;
        /// Resident shared memory (since Linux 4.5).
        rss_shmem: Option<u64>, Bytes, LINUX;
        /// Swapped out (since Linux 2.6.34).
        swap: Option<u64>, Bytes, LINUX;
        /// Huge pages of hugetlbfs (since Linux 4.4).
        hugetlb: Option<u64>, Bytes, LINUX;
        /// Address space in use, be there memory behind it or not.
        virtual_size: Option<u64>, Bytes, WINDOWS;
        /// The most address space it ever used.
        peak_virtual_size: Option<u64>, Bytes, WINDOWS;
        /// The kernel's memory for it that can be paged out.
        paged_pool: Option<u64>, Bytes, WINDOWS;
        /// The kernel's memory for it that stays in physical memory.
        nonpaged_pool: Option<u64>, Bytes, WINDOWS;
        /// The most of the paged pool it ever used.
        peak_paged_pool: Option<u64>, Bytes, WINDOWS;
        /// The most of the nonpaged pool it ever used.
        peak_nonpaged_pool: Option<u64>, Bytes, WINDOWS;
        /// Memory that no other process can use, in physical memory or not: the commit charge.
        private_bytes: Option<u64>, Bytes, WINDOWS;
    }
}

record! {
    /// What the memory of a process really costs.
    ///
    /// Linux: `/proc/PID/smaps_rollup` (since 4.14), else `/proc/PID/smaps`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct MemoryFootprint = "pfootprint" {
        /// Used by nobody else: what would be freed if it ended now.
        uss: u64, Bytes, LINUX | MACOS | WINDOWS;
        /// Its share: each page divided by the number of processes that map it.
        pss: Option<u64>, Bytes, LINUX;
        /// Swapped out.
        swap: Option<u64>, Bytes, LINUX;
    }
}

/// A mapping, and many of one path: the sizes that both have.
macro_rules! mappings {
    ($($(#[doc = $doc:literal])+ $size:ident, $($os:ident)|+;)+) => {
        record! {
            /// A mapping of a process.
            #[derive(Debug, Clone, Default, PartialEq, Eq)]
            pub struct MemoryMap = "pmmap_ext" {
                /// First address.
                start: u64, Plain, ALL;
                /// The address after the last.
                end: u64, Plain, ALL;
                /// Permissions as `r-xp`.
                perms: String, Text, ALL;
                /// The file, or a name in brackets.
                path: PathBuf, Text, ALL;
                $($(#[doc = $doc])+ $size: Option<u64>, Bytes, $($os)|+;)+
            }
        }

        record! {
            /// All mappings of one path.
            #[derive(Debug, Clone, Default, PartialEq, Eq)]
            pub struct MemoryMapGroup = "pmmap_grouped" {
                /// The file, or a name in brackets.
                path: PathBuf, Text, ALL;
                $($(#[doc = $doc])+ $size: Option<u64>, Bytes, $($os)|+;)+
            }
        }

        impl From<MemoryMap> for MemoryMapGroup {
            /// The group of this mapping alone.
            fn from(map: MemoryMap) -> Self {
                Self { path: map.path, $($size: map.$size,)+ }
            }
        }

        impl MemoryMapGroup {
            /// Adds the sizes of another group; one that is not known of both is not known of the sum.
            pub fn add(&mut self, other: &Self) {
                $(self.$size = self.$size.zip(other.$size).map(|(sum, part)| sum.saturating_add(part));)+
            }
        }
    };
}

mappings! {
    /// Resident.
    rss, LINUX | WINDOWS | FREEBSD | SUNOS;
    /// Virtual.
    size, LINUX | NETBSD | OPENBSD;
    /// Its share of the resident pages.
    pss, LINUX;
    /// Mapped by others too, unmodified.
    shared_clean, LINUX;
    /// Mapped by others too, modified.
    shared_dirty, LINUX;
    /// Mapped by it alone, unmodified.
    private_clean, LINUX;
    /// Mapped by it alone, modified.
    private_dirty, LINUX;
    /// Accessed lately.
    referenced, LINUX;
    /// Not backed by a file.
    anonymous, LINUX | SUNOS;
    /// Swapped out.
    swap, LINUX;
    /// Resident and used by no other process.
    private, FREEBSD;
    /// References to the object that is mapped: a count, not bytes.
    ref_count, FREEBSD | NETBSD;
    /// Objects that shadow it: a count, not bytes.
    shadow_count, FREEBSD;
}

record! {
    /// I/O of a process.
    ///
    /// Linux: `/proc/PID/io`, proc_pid_io(5).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct IoCounters = "pio" {
        /// Read calls; on the BSDs, blocks read from storage.
        read_count: u64, Count, ALL;
        /// Write calls; on the BSDs, blocks written to storage.
        write_count: u64, Count, ALL;
        /// Bytes fetched from storage.
        read_bytes: Option<u64>, Bytes, LINUX | WINDOWS;
        /// Bytes sent to storage.
        write_bytes: Option<u64>, Bytes, LINUX | WINDOWS;
        /// Bytes passed to read calls, wherever they came from.
        read_chars: Option<u64>, Bytes, LINUX;
        /// Bytes passed to write calls, wherever they went.
        write_chars: Option<u64>, Bytes, LINUX;
        /// Calls that neither read nor write.
        other_count: Option<u64>, Count, WINDOWS;
        /// Bytes that these transferred.
        other_bytes: Option<u64>, Bytes, WINDOWS;
    }
}

record! {
    /// Context switches.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct CtxSwitches = "pctxsw" {
        /// It had to wait; on Windows, for whatever reason.
        voluntary: u64, Count, ALL;
        /// Its time slice was over.
        involuntary: Option<u64>, Count, POSIX;
    }
}

record! {
    /// Page faults.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct PageFaults = "ppagefaults" {
        /// The page was in memory.
        minor: u64, Count, ALL;
        /// The page had to be loaded.
        major: u64, Count, ALL;
    }
}

record! {
    /// User or group ids.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Ids = "puids" {
        /// Who started it.
        real: u32, Plain, POSIX;
        /// Whose rights it has.
        effective: u32, Plain, POSIX;
        /// Whose rights it may take again.
        saved: u32, Plain, POSIX;
    }
}

record! {
    /// A thread.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Thread = "pthread" {
        /// Its id.
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
    /// Linux: `/proc/PID/task/TID/stat`, proc_pid_stat(5).
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ThreadDetails = "pthread_ex" {
        /// Its id.
        id: u32, Plain, LINUX;
        /// Its name, which a program can set for each of its threads.
        name: OsString, Text, LINUX;
        /// What it is doing.
        status: ProcessStatus, Text, LINUX;
        /// CPU time in user mode.
        user_time: Duration, Seconds, LINUX;
        /// CPU time in kernel mode.
        system_time: Duration, Seconds, LINUX;
        /// Time between the boot and the start of the thread. With the id, the identity of the thread.
        started: Duration, Seconds, LINUX;
        /// The nice value.
        nice: i32, Plain, LINUX;
        /// The CPU it last ran on.
        cpu_num: Option<u32>, Plain, LINUX;
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
    /// The control group of a process.
    ///
    /// Linux: `/proc/PID/cgroup`, cgroups(7).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Cgroup = "pcgroup" {
        /// The path of the control group.
        path: OsString, Text, LINUX;
        /// The systemd unit that the process belongs to, unless it is in none.
        unit: Option<OsString>, Text, LINUX;
        /// The id or name of the container that the process runs in, unless it runs in none.
        container: Option<OsString>, Text, LINUX;
    }
}

record! {
    /// An open file.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct OpenFile = "popenfile" {
        /// Its path.
        path: PathBuf, Text, ALL;
        /// Its number in the process; `None` where the system does not tell.
        fd: Option<i32>, Plain, ALL;
        /// Offset.
        position: Option<u64>, Bytes, LINUX;
        /// How it was opened: r, w, a, r+ or a+.
        mode: Option<&'static str>, Text, LINUX;
        /// The flags of open(2).
        flags: Option<u64>, Plain, LINUX;
    }
}

record! {
    /// I/O scheduling: ioprio_get(2), or the I/O priority of Windows, which is a class alone.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct IoPriority = "pionice" {
        /// The class.
        class: IoPriorityClass, Text, LINUX | WINDOWS;
        /// The priority within the class, 0 (first) to 7.
        value: Option<u8>, Plain, LINUX;
    }
}

impl IoPriority {
    /// A class, and the priority within it where the class has priorities.
    #[must_use]
    pub const fn new(class: IoPriorityClass, value: Option<u8>) -> Self {
        Self { class, value }
    }
}

impl Ids {
    /// The real, effective and saved id.
    #[must_use]
    pub const fn new(real: u32, effective: u32, saved: u32) -> Self {
        Self { real, effective, saved }
    }
}

/// I/O scheduling classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IoPriorityClass {
    /// Follows the nice value.
    None,
    /// Real time.
    Realtime,
    /// Best effort.
    BestEffort,
    /// Only when nobody else asks.
    Idle,
    /// Windows: for work in the background.
    VeryLow,
    /// Windows.
    Low,
    /// Windows: what a process starts with.
    Normal,
    /// Windows.
    High,
}

/// A resource limit; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// What is enforced.
    pub soft: Option<u64>,
    /// How far soft may be raised.
    pub hard: Option<u64>,
}

macro_rules! named {
    ($(#[$attr:meta])* pub enum $name:ident { $($(#[$vattr:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$attr])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vattr])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its usual name.
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
    /// What a process is doing.
    pub enum ProcessStatus {
        /// On a CPU or ready for one.
        Running = "running",
        /// Waiting for an event.
        Sleeping = "sleeping",
        /// Waiting for I/O, not to be interrupted.
        DiskSleep = "disk-sleep",
        /// Stopped by a signal.
        Stopped = "stopped",
        /// Stopped by a debugger.
        TracingStop = "tracing-stop",
        /// Ended, not yet reaped.
        Zombie = "zombie",
        /// Ending.
        Dead = "dead",
        /// Linux 2.6.33 to 3.13.
        WakeKill = "wake-kill",
        /// Linux 2.6.33 to 3.13.
        Waking = "waking",
        /// A kernel thread with nothing to do.
        Idle = "idle",
        /// Waiting for a lock (FreeBSD).
        Locked = "locked",
        /// Waiting (FreeBSD).
        Waiting = "waiting",
        /// Suspended (NetBSD, Windows).
        Suspended = "suspended",
        /// A kernel thread put aside (Linux 3.9 to 3.13, and later).
        Parked = "parked",
        /// A state that psoxide has no name for.
        Unknown = "?",
    }
}

named! {
    /// A scheduling policy: sched(7).
    pub enum SchedulingPolicy {
        /// The usual one, `SCHED_OTHER`.
        Other = "other",
        /// Real time, first in first out.
        Fifo = "fifo",
        /// Real time, round robin.
        RoundRobin = "rr",
        /// For work that runs long without a user waiting.
        Batch = "batch",
        /// Only when no other process wants the CPU.
        Idle = "idle",
        /// Real time with deadlines.
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
        /// How far it may lower its nice value: 20 less the limit.
        Nice = "nice",
        /// Open files.
        Nofile = "nofile",
        /// Processes of its user.
        Nproc = "nproc",
        /// Resident memory, bytes; not enforced.
        Rss = "rss",
        /// Real-time priority.
        Rtprio = "rtprio",
        /// Real-time CPU without a pause, microseconds.
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
    /// A kind of a process's memory.
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

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(Signal),
}
