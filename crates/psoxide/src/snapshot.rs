//! Many processes, chosen fields, one pass; and rates from two passes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use once_cell::race::OnceBox;

use crate::process::explain;
use crate::sys::{
    self, CpuReadings as _, DiskReadings as _, Handle, NetReadings as _, Os, Platform as _, ProcessReadings, Scope,
    SystemReadings as _,
};
use crate::value::{ToValue, Value};
use crate::{
    Cgroup, CpuTimes, CtxSwitches, DiskIo, Error, ErrorKind, Ids, IoCounters, MemoryFootprint, MemoryInfo, NetIo,
    PageFaults, Pid, Process, ProcessCpuTimes, ProcessStatus, Result, Scheduling, System, ThreadDetails,
};

/// One field of one process: a value, or why there is none. A field that is refused never costs the row.
#[derive(Debug, Default)]
pub enum Reading<T> {
    /// It was not asked for.
    #[default]
    NotAsked,
    /// The value.
    Value(T),
    /// The system refuses it to this user.
    Denied,
    /// The process ended (or is a zombie, which no longer has this) before it was read.
    Gone,
    /// The system does not have it.
    Unsupported,
    /// Any other error.
    Failed(Error),
}

impl<T> From<Result<T>> for Reading<T> {
    fn from(result: Result<T>) -> Self {
        match result {
            Ok(value) => Self::Value(value),
            Err(error) => match error.kind() {
                ErrorKind::AccessDenied => Self::Denied,
                ErrorKind::NoSuchProcess | ErrorKind::ZombieProcess => Self::Gone,
                ErrorKind::Unsupported => Self::Unsupported,
                _ => Self::Failed(error),
            },
        }
    }
}

impl<T> Reading<T> {
    /// The same reading of something else, if there is a value.
    #[must_use]
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::NotAsked => Reading::NotAsked,
            Self::Value(value) => Reading::Value(f(value)),
            Self::Denied => Reading::Denied,
            Self::Gone => Reading::Gone,
            Self::Unsupported => Reading::Unsupported,
            Self::Failed(error) => Reading::Failed(error),
        }
    }

    /// Borrows the value. An error is cloned.
    #[must_use]
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::NotAsked => Reading::NotAsked,
            Self::Value(value) => Reading::Value(value),
            Self::Denied => Reading::Denied,
            Self::Gone => Reading::Gone,
            Self::Unsupported => Reading::Unsupported,
            Self::Failed(error) => Reading::Failed(error.clone()),
        }
    }

    /// The value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Why there is no value though one was asked for.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::NotAsked | Self::Value(_) => None,
            Self::Denied => Some("permission denied".into()),
            Self::Gone => Some("the process has ended".into()),
            Self::Unsupported => Some("not supported here".into()),
            Self::Failed(error) => Some(error.to_string()),
        }
    }
}

/// The one list of what a snapshot can hold: the field, its type, its getter.
macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $variant:ident, $field:ident: $type:ty = $getter:ident;)+) => {
        /// A field of a process that a snapshot can hold.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Field { $($(#[doc = $doc])+ $variant,)+ }

        impl Field {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name, that of the getter.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)+ }
            }

            /// Its documentation.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)+ }
            }
        }

        /// A process in a snapshot.
        #[derive(Debug, Default)]
        #[non_exhaustive]
        pub struct Row {
            /// Its pid.
            pub pid: Pid,
            /// With the pid, its identity: [`Process::start`](crate::Process::start). `None` where the system refuses it,
            /// and where no field is read.
            pub start: Option<u64>,
            $($(#[doc = $doc])+ pub $field: Reading<$type>,)+
        }

        impl Row {
            /// A row in which no field was read.
            #[must_use]
            pub fn new(pid: Pid, start: Option<u64>) -> Self {
                Self { pid, start, ..Self::default() }
            }

            fn read(&mut self, fields: FieldSet, handle: &Handle<'_>) {
                $(if fields.contains(Field::$variant) {
                    self.$field = Reading::from(<Os as ProcessReadings>::$getter(handle).map_err(|error| explain(handle, error)));
                })+
            }

            /// A field's value in the form that every face of psoxide can show.
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
    /// The executable.
    Exe, exe: PathBuf = exe;
    /// The command line.
    Cmdline, cmdline: Vec<OsString> = cmdline;
    /// What it is doing.
    Status, status: ProcessStatus = status;
    /// The real user's name.
    Username, username: OsString = username;
    /// User ids.
    Uids, uids: Ids = uids;
    /// Group ids.
    Gids, gids: Ids = gids;
    /// The controlling terminal.
    Terminal, terminal: Option<PathBuf> = terminal;
    /// When it began.
    CreateTime, create_time: SystemTime = create_time;
    /// The working directory.
    Cwd, cwd: PathBuf = cwd;
    /// The nice value.
    Nice, nice: i32 = nice;
    /// The CPU last run on.
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
    /// What the memory really costs.
    MemoryFootprint, memory_footprint: MemoryFootprint = memory_footprint;
    /// Page faults.
    PageFaults, page_faults: PageFaults = page_faults;
    /// I/O.
    IoCounters, io_counters: IoCounters = io_counters;
    /// Scheduling policy and priority.
    Scheduling, scheduling: Scheduling = scheduling;
    /// Whether it is a thread of the kernel.
    IsKernelThread, is_kernel_thread: bool = is_kernel_thread;
    /// Control group, systemd unit and container.
    Cgroup, cgroup: Cgroup = cgroup;
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
    /// Whether `field` is in the set.
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

/// What a snapshot shall hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Query {
    /// Fields of each process; with none, only pids are listed.
    pub fields: FieldSet,
    /// Counters of the machine: CPUs, disks, interfaces.
    pub counters: bool,
    /// How many threads read at the same time; 1 starts none. 0, the default, leaves it to psoxide: one for each CPU that
    /// this program may use, up to four, where a thousand processes or more are read one by one, else 1.
    ///
    /// They end with the call. Where the system refuses a thread, those that there are do all the work.
    pub threads: usize,
}

impl Query {
    /// Reads the counters of the machine too.
    #[must_use]
    pub const fn with_counters(mut self) -> Self {
        self.counters = true;
        self
    }

    /// Reads with so many threads: see [`threads`](Self::threads).
    #[must_use]
    pub const fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

impl<I: IntoIterator<Item = Field>> From<I> for Query {
    fn from(fields: I) -> Self {
        Self { fields: fields.into_iter().collect(), ..Self::default() }
    }
}

/// How many threads shall read `count` processes.
fn threads(count: usize, query: &Query, pass: &sys::Pass) -> usize {
    /// What is worth a thread: some milliseconds of reading.
    const WORTH: usize = 500;
    const MOST: usize = 4;
    match query.threads {
        0 if count >= 2 * WORTH && query.fields != FieldSet::default() && Os::reads_each(pass) => {
            // The CPUs of the affinity mask, and no more than the quota of the cgroup.
            let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
            cpus.min(count / WORTH).min(MOST)
        }
        0 => 1,
        threads => threads.min(count).max(1),
    }
}

/// Counters of the machine at one moment.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// All CPUs together.
    pub cpu: CpuTimes,
    /// Each CPU, with its number.
    pub cpus: Vec<(u32, CpuTimes)>,
    /// Each disk.
    pub disks: Reading<Vec<(OsString, DiskIo)>>,
    /// Each interface.
    pub nics: Reading<Vec<(OsString, NetIo)>>,
}

/// Processes at one moment.
#[derive(Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub taken: Instant,
    /// A row for each process, by pid.
    pub processes: Vec<Row>,
    /// Counters of the machine, if they were asked for.
    pub counters: Option<Counters>,
    /// When a copied machine was copied, as time since its boot.
    copied: Option<Duration>,
}

/// What many processes of one [`System`] have in common, read once: the boot time, and the names of users. See
/// [`Process::row`].
///
/// It holds no file open, so that a program may keep it for as long as it likes.
#[derive(Debug, Clone, Default)]
pub struct Pass(Arc<OnceBox<(System, Arc<sys::Pass>)>>);

impl Pass {
    fn new(system: &System, pass: sys::Pass) -> Self {
        Self(Arc::new(OnceBox::with_value(Box::new((system.clone(), Arc::new(pass))))))
    }

    /// The pass, if it is one over processes of this machine. A new one becomes a pass over the first that is asked for.
    fn over(&self, system: &System) -> Option<&Arc<sys::Pass>> {
        let new = || Box::new((system.clone(), Arc::new(Os::pass(system.source(), Scope::Some))));
        let (of, pass) = self.0.get_or_init(new);
        of.is(system).then_some(pass)
    }
}

impl Process {
    /// The chosen fields of this process alone, each kernel source read at most once, as in a row of a [`Snapshot`].
    ///
    /// A program that goes through processes one by one gives the same `pass` to all of them. With a pass over another
    /// machine, nothing is shared.
    #[must_use]
    pub fn row(&self, fields: FieldSet, pass: &Pass) -> Row {
        let mut row = Row { pid: self.pid(), start: self.start(), ..Row::default() };
        let source = self.system().source();
        let cache = match pass.over(self.system()) {
            Some(pass) => Os::cache_in(source, pass, self.pid(), fields),
            None => Os::cache(source, true),
        };
        row.read(fields, &self.handle(&cache));
        row
    }
}

impl System {
    /// A pass over all or most processes, of which these fields will be asked: with what the kernel can tell of all of
    /// them at once, as it is now, if that is how they are read ([`Backend::Bpf`](crate::Backend::Bpf)).
    #[must_use]
    pub fn pass(&self, fields: FieldSet) -> Pass {
        Pass::new(self, Os::pass(self.source(), Scope::Kept(fields)))
    }

    /// The pids of all processes, ascending: those that the kernel has told of already in this pass are not listed anew.
    pub fn pids_in(&self, pass: &Pass) -> Result<Vec<Pid>> {
        match pass.over(self) {
            Some(pass) => Os::pids_in(self.source(), pass),
            None => self.pids(),
        }
    }

    /// Reads the chosen fields of all processes, each kernel source at most once for each of them.
    ///
    /// Processes that end before anything of them is read have no row.
    ///
    /// ```
    /// use psoxide::{Field, System};
    ///
    /// # fn main() -> psoxide::Result<()> {
    /// let snapshot = System::host().snapshot([Field::Name, Field::MemoryInfo])?;
    /// for row in &snapshot.processes {
    ///     if let (Some(name), Some(memory)) = (row.name.value(), row.memory_info.value()) {
    ///         println!("{} {} {}", row.pid, name.display(), memory.rss);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot(&self, query: impl Into<Query>) -> Result<Snapshot> {
        let query = query.into();
        let taken = Instant::now();
        let pass = Os::pass(self.source(), Scope::All(query.fields));
        let pids = Os::pids_in(self.source(), &pass)?;
        self.read(taken, &pids, query, pass)
    }

    /// As [`snapshot`](Self::snapshot), of these processes only. One that does not exist has no row, if any field of
    /// it is asked for.
    pub fn snapshot_of(&self, pids: &[Pid], query: impl Into<Query>) -> Result<Snapshot> {
        self.read(Instant::now(), pids, query.into(), Os::pass(self.source(), Scope::Some))
    }

    fn read(&self, taken: Instant, pids: &[Pid], query: Query, pass: sys::Pass) -> Result<Snapshot> {
        let pass = &Arc::new(pass);
        let counters = if query.counters { Some(self.counters()?) } else { None };
        let processes = match threads(pids.len(), &query, pass) {
            1 => self.rows(pids, query.fields, pass)?,
            threads => self.rows_by(threads, pids, query.fields, pass)?,
        };
        // Nothing passes on a copied machine: the time between two copies is the machine's own.
        let copied = if self.is_live() { None } else { self.uptime().ok() };
        Ok(Snapshot { taken, processes, counters, copied })
    }

    /// As [`rows`](Self::rows), by so many threads, this one among them. Each takes a few pids at a time, so that one that
    /// has to wait for a CPU keeps nobody waiting for it.
    fn rows_by(&self, threads: usize, pids: &[Pid], fields: FieldSet, pass: &Arc<sys::Pass>) -> Result<Vec<Row>> {
        const FEW: usize = 64;
        let few = (pids.len() / threads).clamp(1, FEW);
        // This process is read before it has the threads.
        let me = Os::current_pid(self.source()).ok();
        let place = pids.iter().position(|pid| Some(*pid) == me);
        let (before, from) = pids.split_at(place.unwrap_or_default());
        let (own, after) = from.split_at(place.iter().len());
        let mine = before.chunks(few).len();
        let mut read = vec![(mine, self.rows(own, fields, pass)?)];
        let parts: Vec<&[Pid]> = before.chunks(few).chain([own]).chain(after.chunks(few)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut read = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(pids) = parts.get(at) else { return Ok::<_, Error>(read) };
                if at != mine {
                    read.push((at, self.rows(pids, fields, pass)?));
                }
            }
        };
        std::thread::scope(|scope| {
            let start = || std::thread::Builder::new().name("psoxide-pass".into()).spawn_scoped(scope, work);
            // One that may not be started is done without.
            let workers: Vec<_> = (1..threads).map_while(|_| start().ok()).collect();
            read.extend(work()?);
            for worker in workers {
                match worker.join() {
                    Ok(part) => read.extend(part?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok::<_, Error>(())
        })?;
        read.sort_unstable_by_key(|(at, _)| *at);
        Ok(read.into_iter().flat_map(|(_, rows)| rows).collect())
    }

    fn rows(&self, pids: &[Pid], fields: FieldSet, pass: &Arc<sys::Pass>) -> Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(pids.len());
        for &pid in pids {
            // A row is large: it is made in its place.
            rows.push(Row { pid, ..Row::default() });
            if fields != FieldSet::default()
                && let Some(row) = rows.last_mut()
            {
                let cache = Os::cache_in(self.source(), pass, pid, fields);
                let mut handle = Handle { source: self.source(), pid, start: None, unique: None, cache: &cache };
                match Os::start(&handle).map_err(|error| explain(&handle, error)) {
                    Ok(start) => row.start = Some(start),
                    Err(error) if error.is_no_such_process() => {
                        rows.pop();
                        continue;
                    }
                    // The process is there: each field says what it is refused for.
                    Err(_) => {}
                }
                handle.start = row.start;
                row.read(fields, &handle);
            }
        }
        Ok(rows)
    }

    fn counters(&self) -> Result<Counters> {
        Ok(Counters {
            cpu: self.cpu_times()?,
            cpus: Os::cpu_times_per_cpu(self.source())?,
            disks: Reading::from(Os::disk_io_counters(self.source())),
            nics: Reading::from(Os::net_io_counters(self.source())),
        })
    }
}

/// What happened between two snapshots.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rates {
    /// The time between them.
    pub elapsed: Duration,
    /// Busy part of all CPUs in percent; `None` without counters or when no time has passed.
    pub cpu_percent: Option<f64>,
    /// Busy part of each CPU in percent, with its number. A CPU that was not online at both moments has `None`.
    pub cpu_percents: Vec<(u32, Option<f64>)>,
    /// What each disk did.
    pub disks: Vec<(OsString, DiskIo)>,
    /// What each interface carried.
    pub nics: Vec<(OsString, NetIo)>,
    /// The processes that are in both.
    pub processes: Vec<ProcessRates>,
}

/// What one process did between two snapshots.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProcessRates {
    /// Its pid.
    pub pid: Pid,
    /// Its identity.
    pub start: Option<u64>,
    /// CPU time used in percent of one CPU; `None` where it was not read or no time has passed.
    pub cpu_percent: Option<f64>,
    /// Time spent waiting for storage in percent of the time between the snapshots; `None` where the system does not count
    /// it.
    pub iowait_percent: Option<f64>,
    /// Bytes read from storage per second.
    pub read_bytes_per_second: Option<f64>,
    /// Bytes written to storage per second.
    pub write_bytes_per_second: Option<f64>,
}

impl ProcessRates {
    /// Rates of a process, none of which is known.
    #[must_use]
    pub const fn new(pid: Pid, start: Option<u64>) -> Self {
        Self {
            pid,
            start,
            cpu_percent: None,
            iowait_percent: None,
            read_bytes_per_second: None,
            write_bytes_per_second: None,
        }
    }
}

impl Snapshot {
    /// A snapshot with these rows, taken at this moment.
    #[must_use]
    pub const fn new(taken: Instant, processes: Vec<Row>, counters: Option<Counters>) -> Self {
        Self { taken, processes, counters, copied: None }
    }

    /// Computes what happened since an earlier snapshot. A pid that another process has taken is not taken for the same.
    ///
    /// Of two copies of one machine, the time between them is the machine's own.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Rates {
        let elapsed = match (self.copied, earlier.copied) {
            (Some(now), Some(then)) => now.saturating_sub(then),
            _ => self.taken.saturating_duration_since(earlier.taken),
        };
        let mut rates = Rates {
            elapsed,
            cpu_percent: None,
            cpu_percents: Vec::new(),
            disks: Vec::new(),
            nics: Vec::new(),
            processes: Vec::new(),
        };
        if let (Some(now), Some(then)) = (&self.counters, &earlier.counters) {
            rates.cpu_percent = now.cpu.since(&then.cpu).busy_percent();
            rates.cpu_percents = cpu_percents(&now.cpus, &then.cpus);
            rates.disks = paired(&now.disks, &then.disks, DiskIo::since);
            rates.nics = paired(&now.nics, &then.nics, NetIo::since);
        }
        let before: HashMap<(Pid, Option<u64>), &Row> =
            earlier.processes.iter().map(|r| ((r.pid, r.start), r)).collect();
        rates.processes = self
            .processes
            .iter()
            .filter_map(|row| Some(row.since(before.get(&(row.pid, row.start))?, elapsed)))
            .collect();
        rates
    }
}

impl Row {
    /// Computes what the process did since an earlier row of the same process, `elapsed` ago.
    ///
    /// [`Snapshot::since`] does this for all processes of two snapshots.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // a rate needs no more than 53 bits
    pub fn since(&self, earlier: &Self, elapsed: Duration) -> ProcessRates {
        let seconds = elapsed.as_secs_f64();
        let rate = |now: f64| (seconds > 0.0).then(|| now / seconds);
        let used = |times: &ProcessCpuTimes| times.user + times.system;
        let cpu = self.cpu_times.value().zip(earlier.cpu_times.value());
        let waited = cpu.and_then(|(n, t)| n.iowait.zip(t.iowait));
        let io = self.io_counters.value().zip(earlier.io_counters.value());
        ProcessRates {
            pid: self.pid,
            start: self.start,
            cpu_percent: cpu.and_then(|(n, t)| rate(used(n).saturating_sub(used(t)).as_secs_f64() * 100.0)),
            iowait_percent: waited.and_then(|(n, t)| rate(n.saturating_sub(t).as_secs_f64() * 100.0)),
            read_bytes_per_second: io.and_then(|(n, t)| rate(n.read_bytes?.saturating_sub(t.read_bytes?) as f64)),
            write_bytes_per_second: io.and_then(|(n, t)| rate(n.write_bytes?.saturating_sub(t.write_bytes?) as f64)),
        }
    }
}

/// The busy part of each CPU, paired by number: one that was unplugged meanwhile shifts no other.
fn cpu_percents(now: &[(u32, CpuTimes)], then: &[(u32, CpuTimes)]) -> Vec<(u32, Option<f64>)> {
    let then: HashMap<u32, &CpuTimes> = then.iter().map(|(cpu, times)| (*cpu, times)).collect();
    now.iter().map(|(cpu, times)| (*cpu, then.get(cpu).and_then(|then| times.since(then).busy_percent()))).collect()
}

/// The differences of what is in both, by name.
fn paired<T>(
    now: &Reading<Vec<(OsString, T)>>,
    then: &Reading<Vec<(OsString, T)>>,
    since: fn(&T, &T) -> T,
) -> Vec<(OsString, T)> {
    let (Some(now), Some(then)) = (now.value(), then.value()) else { return Vec::new() };
    now.iter()
        .filter_map(|(name, now)| {
            let (_, then) = then.iter().find(|(known, _)| known == name)?;
            Some((name.clone(), since(now, then)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_that_was_unplugged_shifts_no_other() {
        let cpu = |number, user, idle| {
            let [user, idle] = [user, idle].map(Duration::from_secs);
            (number, CpuTimes { user, idle, ..CpuTimes::default() })
        };
        let then = [cpu(0, 10, 10), cpu(1, 500, 0), cpu(2, 20, 80)];
        let now = [cpu(0, 11, 11), cpu(2, 21, 82), cpu(3, 1, 1)];
        let percents = cpu_percents(&now, &then);
        assert_eq!(percents.iter().map(|(cpu, _)| *cpu).collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(
            percents.iter().map(|(_, busy)| busy.map(f64::round)).collect::<Vec<_>>(),
            [Some(50.0), Some(33.0), None]
        );
    }

    #[test]
    fn a_borrowed_reading_fails_for_the_same_reason() {
        let failed = Reading::<u32>::Failed(Error::out_of_range("nice", 1_u64 << 40).with_pid(7));
        let Reading::Failed(error) = failed.as_ref() else { panic!("{failed:?}") };
        assert_eq!((error.kind(), error.pid(), error.field()), (ErrorKind::OutOfRange, Some(7), Some("nice")));
    }

    #[test]
    fn threads_are_for_passes_that_are_worth_it() {
        let pass = Os::pass(System::host().source(), Scope::Some);
        let query = |threads| Query { threads, ..Query::from([Field::Name]) };
        let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
        let each = if Os::reads_each(&pass) { cpus } else { 1 };
        for (count, most) in [(0, 1), (999, 1), (1000, 2), (1500, 3), (32_000, 4)] {
            assert_eq!(threads(count, &query(0), &pass), each.min(most), "{count}");
        }
        assert_eq!(threads(32_000, &Query::default(), &pass), 1, "pids alone are listed by one");
        for (asked, count, got) in [(1, 32_000, 1), (3, 100, 3), (64, 10, 10), (5, 0, 1)] {
            assert_eq!(threads(count, &query(asked), &pass), got);
        }
    }
}
