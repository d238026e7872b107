//! The fields that a snapshot can hold, and a row of them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

use super::Reading;
use crate::process::explain;
use crate::sys::{Handle, Os, ProcessReadings};
use crate::value::{ToValue, Value};
use crate::{
    Cgroup, Containment, CtxSwitches, Ids, IoCounters, MemoryFootprint, MemoryInfo, PageFaults, Pid, ProcessCpuTimes,
    ProcessStatus, Scheduling, ThreadDetails,
};

/// Lists the fields that a snapshot can hold: the field, its type, its getter.
macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $variant:ident, $field:ident: $type:ty = $getter:ident;)+) => {
        /// A field of a process that a snapshot can hold.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Field { $($(#[doc = $doc])+ $variant,)+ }

        impl Field {
            /// All fields.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the name, which is that of the getter.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)+ }
            }

            /// Returns the documentation.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)+ }
            }
        }

        /// A process in a snapshot.
        #[derive(Debug, Default)]
        #[non_exhaustive]
        pub struct Row {
            /// The pid.
            pub pid: Pid,
            /// The start stamp, which with the pid identifies the process: [`Process::start`](crate::Process::start).
            /// `None` if the system denied access, or if no field was read.
            pub start: Option<u64>,
            $($(#[doc = $doc])+ pub $field: Reading<$type>,)+
        }

        impl Row {
            /// Makes a row in which no field was read.
            #[must_use]
            pub fn new(pid: Pid, start: Option<u64>) -> Self {
                Self { pid, start, ..Self::default() }
            }

            /// A row of a process that ended while it was read.
            pub(super) fn gone(pid: Pid, start: Option<u64>, fields: FieldSet) -> Self {
                let mut row = Self::new(pid, start);
                $(if fields.contains(Field::$variant) {
                    row.$field = Reading::Gone;
                })+
                row
            }

            /// Whether the process had ended when some field was read.
            pub(super) fn has_gone(&self, fields: FieldSet) -> bool {
                $(fields.contains(Field::$variant) && matches!(self.$field, Reading::Gone) ||)+ false
            }

            pub(super) fn read(&mut self, fields: FieldSet, handle: &Handle<'_>) {
                $(if fields.contains(Field::$variant) {
                    self.$field = Reading::from(<Os as ProcessReadings>::$getter(handle).map_err(|error| explain(handle, error)));
                })+
            }

            /// Returns whether a field has a value, and why not if it has none.
            #[must_use]
            pub fn outcome(&self, field: Field) -> Reading<()> {
                match field { $(Field::$variant => self.$field.as_ref().map(|_| ()),)+ }
            }

            /// Returns a field's value in the common form that the command, JSON and Python show.
            #[must_use]
            pub fn get(&self, field: Field) -> Reading<Value<'_>> {
                match field { $(Field::$variant => self.$field.as_ref().map(ToValue::to_value),)+ }
            }
        }
    };
}

fields! {
    /// The parent's pid.
    Ppid, ppid: Pid = ppid;
    /// The name.
    Name, name: OsString = name;
    /// Path of the executable.
    Exe, exe: PathBuf = exe;
    /// The command line.
    Cmdline, cmdline: Vec<OsString> = cmdline;
    /// State of the process.
    Status, status: ProcessStatus = status;
    /// Name of the real user.
    Username, username: OsString = username;
    /// User ids.
    Uids, uids: Ids = uids;
    /// Group ids.
    Gids, gids: Ids = gids;
    /// The controlling terminal.
    Terminal, terminal: Option<PathBuf> = terminal;
    /// Start time.
    CreateTime, create_time: SystemTime = create_time;
    /// The working directory.
    Cwd, cwd: PathBuf = cwd;
    /// The nice value.
    Nice, nice: i32 = nice;
    /// CPU on which the process last ran.
    CpuNum, cpu_num: u32 = cpu_num;
    /// Context switches.
    NumCtxSwitches, num_ctx_switches: CtxSwitches = num_ctx_switches;
    /// Open file descriptors.
    NumFds, num_fds: u64 = num_fds;
    /// Open handles (Windows).
    NumHandles, num_handles: u64 = num_handles;
    /// Threads.
    NumThreads, num_threads: u64 = num_threads;
    /// CPU time.
    CpuTimes, cpu_times: ProcessCpuTimes = cpu_times;
    /// Memory.
    MemoryInfo, memory_info: MemoryInfo = memory_info;
    /// USS, PSS and swap.
    MemoryFootprint, memory_footprint: MemoryFootprint = memory_footprint;
    /// Page faults.
    PageFaults, page_faults: PageFaults = page_faults;
    /// I/O.
    IoCounters, io_counters: IoCounters = io_counters;
    /// Scheduling policy and priority.
    Scheduling, scheduling: Scheduling = scheduling;
    /// Whether it is a kernel thread.
    IsKernelThread, is_kernel_thread: bool = is_kernel_thread;
    /// Control group, systemd unit and container.
    Cgroup, cgroup: Cgroup = cgroup;
    /// Zone, project, task and contract (SunOS).
    Containment, containment: Containment = containment;
    /// The inode number of the network namespace.
    NetNamespace, net_namespace: u64 = net_namespace;
    /// The score by which the kernel chooses a process to kill when memory runs out.
    OomScore, oom_score: u64 = oom_score;
    /// The threads, each with its name, state and times.
    ThreadDetails, thread_details: Vec<ThreadDetails> = thread_details;
}

/// A set of [`Field`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u64);

impl FieldSet {
    /// The set of these fields.
    pub(crate) const fn of(mut fields: &[Field]) -> Self {
        let mut set = 0;
        while let [field, rest @ ..] = fields {
            set |= 1 << *field as u8;
            fields = rest;
        }
        Self(set)
    }

    /// Whether `other` has every field of this set.
    pub(crate) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Returns whether `field` is in the set.
    #[must_use]
    pub fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u8) != 0
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Self(fields.into_iter().fold(0, |set, field| set | (1 << field as u8)))
    }
}
