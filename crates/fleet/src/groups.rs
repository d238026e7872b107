//! Groups of processes: what they use together, for as long as they exist.
//!
//! A counter of a group begins at 0 when the exporter starts, or with the group, and never goes back: the work of a
//! process that has ended stays in the counters of its group. A process is identified by pid and start.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use psoxide::{Field, FieldSet, Pid, ProcessStatus, Reading, Row, System};
use regex_lite::Regex;

use crate::text::lossy;

/// What makes processes one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// The container or the systemd unit; the name of a process that is in neither.
    #[default]
    Unit,
    /// The control group.
    Cgroup,
    /// The name.
    Name,
    /// The name as the kernel keeps it, cut after 15 bytes, which process-exporter goes by.
    Comm,
    /// The executable.
    Executable,
    /// The real user.
    User,
}

impl GroupBy {
    /// The names on the command line.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("unit", Self::Unit),
        ("cgroup", Self::Cgroup),
        ("name", Self::Name),
        ("comm", Self::Comm),
        ("exe", Self::Executable),
        ("user", Self::User),
    ];
}

/// A group that the user has named: processes whose name or command line match.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The name of the group.
    pub group: String,
    /// What matches.
    pub regex: Regex,
}

/// How processes are grouped.
#[derive(Debug, Clone)]
pub struct Grouping {
    /// What makes a group.
    pub by: GroupBy,
    /// Groups that come first.
    pub patterns: Vec<Pattern>,
    /// Whether threads of the kernel are a group too.
    pub kernel: bool,
    /// How long a group without processes is kept, so that its counters do not start again from zero.
    pub linger: Duration,
}

/// A group: what makes it one, and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// What only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) minor: u64,
    pub(crate) major: u64,
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
}

impl Counts {
    /// Counts of a row. A reading that was refused keeps the count before it.
    fn of(row: &Row, before: &Self) -> Self {
        let mut counts = *before;
        if let Some(times) = row.cpu_times.value() {
            (counts.user, counts.system) = (times.user, times.system);
        }
        if let Some(io) = row.io_counters.value() {
            counts.read = io.read_bytes.unwrap_or(counts.read);
            counts.written = io.write_bytes.unwrap_or(counts.written);
        }
        if let Some(faults) = row.page_faults.value() {
            (counts.minor, counts.major) = (faults.minor, faults.major);
        }
        if let Some(switches) = row.num_ctx_switches.value() {
            counts.voluntary = switches.voluntary;
            counts.involuntary = switches.involuntary.unwrap_or(counts.involuntary);
        }
        counts
    }

    fn zip(&self, other: &Self, count: fn(u64, u64) -> u64, time: fn(Duration, Duration) -> Duration) -> Self {
        Self {
            user: time(self.user, other.user),
            system: time(self.system, other.system),
            read: count(self.read, other.read),
            written: count(self.written, other.written),
            minor: count(self.minor, other.minor),
            major: count(self.major, other.major),
            voluntary: count(self.voluntary, other.voluntary),
            involuntary: count(self.involuntary, other.involuntary),
        }
    }

    fn since(&self, earlier: &Self) -> Self {
        self.zip(earlier, u64::saturating_sub, Duration::saturating_sub)
    }

    fn plus(&self, other: &Self) -> Self {
        self.zip(other, u64::saturating_add, Duration::saturating_add)
    }

    pub(crate) fn cpu(&self) -> Duration {
        self.user.saturating_add(self.system)
    }

    pub(crate) fn io(&self) -> u64 {
        self.read.saturating_add(self.written)
    }
}

/// What a group has at the moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Now {
    pub(crate) processes: u64,
    pub(crate) threads: u64,
    pub(crate) rss: u64,
    pub(crate) vms: u64,
    pub(crate) pss: Option<u64>,
    pub(crate) swap_pss: u64,
    pub(crate) swapped: u64,
    pub(crate) fds: Option<u64>,
    /// The largest part of its limit of open files that a process uses.
    pub(crate) worst_fd_ratio: f64,
    pub(crate) oldest: Option<SystemTime>,
    /// Processes that run, sleep, wait for storage, are zombies, and others.
    pub(crate) states: [u64; 5],
}

/// A group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) counts: Counts,
    pub(crate) now: Now,
    /// When its counters began.
    pub(crate) since: SystemTime,
    alive: Instant,
}

/// What is remembered of a process from one sample to the next.
#[derive(Debug)]
struct Known {
    group: Option<Arc<Key>>,
    name: OsString,
    counts: Counts,
    generation: u64,
    details: Details,
}

/// What is read of a process beside its row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Details {
    pub(crate) pss: Option<u64>,
    pub(crate) swap_pss: u64,
    pub(crate) swapped: u64,
    pub(crate) fd_limit: Option<u64>,
}

/// A process of a sample, with what it did since the one before.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) row: &'a Row,
    pub(crate) counts: Counts,
    pub(crate) since: Counts,
}

impl Group {
    fn new(alive: Instant) -> Self {
        Self { counts: Counts::default(), now: Now::default(), since: SystemTime::now(), alive }
    }
}

impl Known {
    /// Adds what the process did since `before` to its group.
    fn see<'a>(
        &mut self,
        row: &'a Row,
        before: &Counts,
        groups: &mut BTreeMap<Arc<Key>, Group>,
        moment: Instant,
        details: &mut dyn FnMut(&Row, &mut Details),
    ) -> Seen<'a> {
        let counts = Counts::of(row, before);
        let since = counts.since(before);
        details(row, &mut self.details);
        if let Some(key) = &self.group {
            let group = groups.entry(Arc::clone(key)).or_insert_with(|| Group::new(moment));
            group.counts = group.counts.plus(&since);
            group.alive = moment;
            group.now.add(row, &self.details);
        }
        self.counts = counts;
        Seen { row, counts, since }
    }
}

/// The group of all processes for whose group there is no room.
const OTHER: &str = "other";

/// All groups, and the processes in them.
#[derive(Debug)]
pub(crate) struct Groups {
    grouping: Grouping,
    started: SystemTime,
    known: HashMap<(Pid, u64), Known>,
    pub(crate) groups: BTreeMap<Arc<Key>, Group>,
    folded: HashSet<Key>,
    /// How many groups were ever folded into `other`.
    pub(crate) folded_count: u64,
    generation: u64,
}

/// What is read of each process at least.
pub(crate) const FIELDS: &[Field] = &[
    Field::Name,
    Field::Status,
    Field::CpuTimes,
    Field::MemoryInfo,
    Field::PageFaults,
    Field::NumThreads,
    Field::IoCounters,
    Field::CreateTime,
    Field::IsKernelThread,
];

impl Groups {
    pub(crate) fn new(grouping: Grouping, started: SystemTime) -> Self {
        Self {
            grouping,
            started,
            known: HashMap::new(),
            groups: BTreeMap::new(),
            folded: HashSet::new(),
            folded_count: 0,
            generation: 0,
        }
    }

    /// Takes in a sample. No more than `most` groups are kept apart.
    pub(crate) fn update<'a>(
        &mut self,
        system: &System,
        rows: &'a [Row],
        most: usize,
        details: &mut dyn FnMut(&Row, &mut Details),
    ) -> Vec<Seen<'a>> {
        self.generation += 1;
        let moment = Instant::now();
        for group in self.groups.values_mut() {
            group.now = Now::default();
        }
        let mut all = Vec::with_capacity(rows.len());
        // A process that executes another program gets another name, and may get into another group.
        let mut new = Vec::new();
        for row in rows {
            let (Some(start), Some(name)) = (row.start, row.name.value()) else { continue };
            match self.known.get_mut(&(row.pid, start)) {
                Some(known) if known.name == *name => {
                    known.generation = self.generation;
                    let before = known.counts;
                    all.push(known.see(row, &before, &mut self.groups, moment, details));
                }
                _ => new.push((row, start, name)),
            }
        }
        // Where there is no room for all groups, those of the largest processes have it.
        new.sort_by_cached_key(|(row, ..)| std::cmp::Reverse(row.memory_info.value().map_or(0, |memory| memory.rss)));
        // Not a pass over all processes, which would read each of them again.
        let pass = psoxide::Pass::default();
        for (row, start, name) in new {
            let known = self.known.get(&(row.pid, start));
            let before = known.map_or_else(|| self.baseline(row), |known| known.counts);
            let mut known = Known {
                group: self.group_of(system, row, &pass).map(|key| self.room(key, most)),
                name: name.clone(),
                counts: Counts::default(),
                generation: self.generation,
                details: Details::default(),
            };
            all.push(known.see(row, &before, &mut self.groups, moment, details));
            self.known.insert((row.pid, start), known);
        }
        self.known.retain(|_, known| known.generation == self.generation);
        let linger = self.grouping.linger;
        self.groups.retain(|_, group| moment.saturating_duration_since(group.alive) <= linger);
        if self.folded.len() > 100_000 {
            self.folded.clear();
        }
        all
    }

    /// What a process that was not seen before counts from: from 0 if it began after the exporter did.
    fn baseline(&self, row: &Row) -> Counts {
        match row.create_time.value() {
            Some(created) if *created >= self.started => Counts::default(),
            _ => Counts::of(row, &Counts::default()),
        }
    }

    /// The group itself, or `other` if there is no room for one more.
    fn room(&mut self, key: Key, most: usize) -> Arc<Key> {
        if let Some((known, _)) = self.groups.get_key_value(&key) {
            return Arc::clone(known);
        }
        // One place is for `other`.
        if self.groups.len() + 1 < most {
            let key = Arc::new(key);
            self.groups.insert(Arc::clone(&key), Group::new(Instant::now()));
            return key;
        }
        if self.folded.insert(key) {
            self.folded_count += 1;
        }
        Arc::new(Key { kind: OTHER, name: OTHER.to_owned() })
    }

    /// The group of a process; `None` for one that is left out.
    fn group_of(&self, system: &System, row: &Row, pass: &psoxide::Pass) -> Option<Key> {
        let name = row.name.value().map(lossy).unwrap_or_default();
        let key = |kind, name: String| Some(Key { kind, name });
        if row.is_kernel_thread.value() == Some(&true) {
            return if self.grouping.kernel { key("kernel", "kernel".to_owned()) } else { None };
        }
        // A process that ends now, or that refuses this, is grouped by its name.
        let one = |fields: FieldSet| {
            Some(system.process(row.pid).ok()?.row(fields, pass)).filter(|one| one.start == row.start)
        };
        if !self.grouping.patterns.is_empty() {
            let cmdline = one([Field::Cmdline].into_iter().collect()).and_then(|row| match row.cmdline {
                Reading::Value(words) => Some(words.iter().map(lossy).collect::<Vec<_>>().join(" ")),
                _ => None,
            });
            let matches =
                |regex: &Regex| regex.is_match(&name) || cmdline.as_ref().is_some_and(|line| regex.is_match(line));
            if let Some(pattern) = self.grouping.patterns.iter().find(|pattern| matches(&pattern.regex)) {
                return key("pattern", pattern.group.clone());
            }
        }
        let by = match self.grouping.by {
            GroupBy::Name => None,
            GroupBy::Comm => {
                let name = row.name.value().map(|name| name.as_encoded_bytes()).unwrap_or_default();
                key("name", crate::text::utf8(name.get(..15).unwrap_or(name)))
            }
            GroupBy::Unit | GroupBy::Cgroup => {
                let row = one([Field::Cgroup].into_iter().collect());
                match row.map(|row| row.cgroup) {
                    Some(Reading::Value(cgroup)) if self.grouping.by == GroupBy::Cgroup => {
                        key("cgroup", lossy(cgroup.path))
                    }
                    Some(Reading::Value(cgroup)) => match (cgroup.container, cgroup.unit) {
                        (Some(container), _) => key("container", lossy(container)),
                        (None, Some(unit)) => key("unit", lossy(unit)),
                        (None, None) => None,
                    },
                    _ => None,
                }
            }
            GroupBy::Executable => match one([Field::Exe].into_iter().collect()).map(|row| row.exe) {
                Some(Reading::Value(exe)) => key("exe", lossy(exe)),
                _ => None,
            },
            GroupBy::User => match one([Field::Username].into_iter().collect()).map(|row| row.username) {
                Some(Reading::Value(user)) => key("user", lossy(user)),
                _ => None,
            },
        };
        by.or_else(|| key("name", name))
    }
}

impl Now {
    fn add(&mut self, row: &Row, details: &Details) {
        self.processes += 1;
        self.threads += row.num_threads.value().copied().unwrap_or(0);
        if let Some(memory) = row.memory_info.value() {
            self.rss = self.rss.saturating_add(memory.rss);
            self.vms = self.vms.saturating_add(memory.vms);
        }
        if let Some(pss) = details.pss {
            self.pss = Some(self.pss.unwrap_or(0).saturating_add(pss));
        }
        self.swap_pss = self.swap_pss.saturating_add(details.swap_pss);
        self.swapped = self.swapped.saturating_add(details.swapped);
        if let Some(fds) = row.num_fds.value() {
            self.fds = Some(self.fds.unwrap_or(0) + fds);
            if let Some(limit) = details.fd_limit.filter(|limit| *limit > 0) {
                #[allow(clippy::cast_precision_loss)] // a ratio
                let ratio = *fds as f64 / limit as f64;
                self.worst_fd_ratio = self.worst_fd_ratio.max(ratio);
            }
        }
        if let Some(created) = row.create_time.value() {
            self.oldest = Some(self.oldest.map_or(*created, |oldest| oldest.min(*created)));
        }
        let state = match row.status.value() {
            Some(ProcessStatus::Running) => 0,
            Some(ProcessStatus::Sleeping) => 1,
            Some(ProcessStatus::DiskSleep) => 2,
            Some(ProcessStatus::Zombie) => 3,
            _ => 4,
        };
        if let Some(count) = self.states.get_mut(state) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use psoxide::{IoCounters, MemoryInfo, ProcessCpuTimes};

    fn grouping() -> Grouping {
        Grouping { by: GroupBy::Name, patterns: Vec::new(), kernel: true, linger: Duration::ZERO }
    }

    fn row(pid: Pid, name: &str, seconds: u64, rss: u64, created: SystemTime) -> Row {
        let mut row = Row::new(pid, Some(1));
        row.name = Reading::Value(name.into());
        let mut times = ProcessCpuTimes::default();
        times.user = Duration::from_secs(seconds);
        row.cpu_times = Reading::Value(times);
        let mut memory = MemoryInfo::default();
        memory.rss = rss;
        row.memory_info = Reading::Value(memory);
        row.create_time = Reading::Value(created);
        row
    }

    fn seconds(groups: &Groups, name: &str) -> Option<u64> {
        let group = groups.groups.iter().find(|(key, _)| key.name == name)?;
        Some(group.1.counts.user.as_secs())
    }

    const OLD: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn counters_begin_with_the_exporter_and_never_go_back() {
        let system = System::host();
        let started = SystemTime::now();
        let mut groups = Groups::new(grouping(), started);
        let sample = |groups: &mut Groups, rows: &[Row]| {
            groups.update(&system, rows, 100, &mut |_, _| {});
        };
        sample(&mut groups, &[row(1, "a", 100, 1, OLD), row(2, "b", 5, 1, OLD)]);
        assert_eq!((seconds(&groups, "a"), seconds(&groups, "b")), (Some(0), Some(0)));
        // A process that began since then counts whole; one that has ended stays counted.
        sample(&mut groups, &[row(1, "a", 103, 1, OLD), row(3, "a", 7, 1, started), row(2, "b", 6, 1, OLD)]);
        assert_eq!((seconds(&groups, "a"), seconds(&groups, "b")), (Some(10), Some(1)));
        sample(&mut groups, &[row(1, "a", 104, 1, OLD)]);
        assert_eq!((seconds(&groups, "a"), seconds(&groups, "b")), (Some(11), None));
        // The program that a process executes is another group, and gets what was used from then on.
        sample(&mut groups, &[row(1, "c", 106, 1, OLD)]);
        assert_eq!((seconds(&groups, "a"), seconds(&groups, "c")), (None, Some(2)));
    }

    #[test]
    fn refused_readings_keep_the_count() {
        let before = Counts { read: 5, ..Counts::default() };
        let mut refused = row(1, "a", 1, 1, OLD);
        refused.io_counters = Reading::Denied;
        assert_eq!(Counts::of(&refused, &before).read, 5);
        let mut io = IoCounters::default();
        io.read_bytes = Some(9);
        refused.io_counters = Reading::Value(io);
        assert_eq!(Counts::of(&refused, &before).read, 9);
    }

    #[test]
    fn groups_beyond_the_limit_are_folded() {
        let system = System::host();
        let mut groups = Groups::new(grouping(), SystemTime::now());
        let rows: Vec<Row> = (1..=10).map(|n| row(n, &format!("p{n}"), 1, u64::from(n), OLD)).collect();
        for _ in 0..2 {
            groups.update(&system, &rows, 4, &mut |_, _| {});
            let names: Vec<&str> = groups.groups.keys().map(|key| &*key.name).collect();
            // The largest have groups of their own.
            assert_eq!(names, ["p10", "p8", "p9", "other"]);
            assert_eq!(groups.folded_count, 7);
            let other = groups.groups.iter().find(|(key, _)| key.name == "other").unwrap();
            assert_eq!((other.1.now.processes, other.1.now.rss), (7, 28));
        }
    }

    #[test]
    fn the_first_pattern_that_matches_names_the_group() {
        let patterns = [("databases", "^(postgres|mysqld)$"), ("all", ".")]
            .map(|(group, regex)| Pattern { group: group.to_owned(), regex: Regex::new(regex).unwrap() });
        let grouping = Grouping { patterns: patterns.to_vec(), ..grouping() };
        let mut groups = Groups::new(grouping, SystemTime::now());
        let rows = [row(1, "postgres", 1, 1, OLD), row(2, "sh", 1, 1, OLD)];
        groups.update(&System::host(), &rows, 10, &mut |_, _| {});
        let names: Vec<_> = groups.groups.keys().map(|key| (key.kind, &*key.name)).collect();
        assert_eq!(names, [("pattern", "all"), ("pattern", "databases")]);
    }
}
