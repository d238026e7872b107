//! Takes a sample of the machine and its processes, and names it.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use psoxide::{Field, FieldSet, Query, Row, System};
use psoxide_scrub::Scrubber;

use crate::filesystems::{self, FileSystems};
use crate::groups::{self, Details, GroupBy, Grouping, Groups, Seen};
use crate::metric::{Families, Family, Kind, Label, Point};
use crate::names::{Names, node, otel};
use crate::refused::Refused;
use crate::resource;
use crate::scrub;
use crate::slow::Slow;
use crate::sources::{Fared, Outcome, Sources, State};

/// What is sampled, and how it is named.
#[derive(Debug, Clone)]
pub struct Config {
    /// The names.
    pub names: Names,
    /// How processes are grouped.
    pub grouping: Grouping,
    /// How many processes by each of CPU, memory and I/O have series of their own.
    pub top: usize,
    /// What a process must use to have series of its own besides.
    pub above: Above,
    /// The most series.
    pub series: usize,
    /// Whether each CPU has series of its own under the names of OpenTelemetry.
    pub per_cpu: bool,
    /// Whether file descriptors and context switches are read, which cost a file of each process.
    pub details: bool,
    /// The time for reading the proportional memory of processes in one sample; zero: it is not read.
    pub smaps: Duration,
    /// Whether command lines of single processes are shown, secrets removed.
    pub command_lines: bool,
    /// A directory of text files that other programs write; their series are added to those of node_exporter.
    pub textfiles: Option<PathBuf>,
    /// Sources that the user has turned on or off.
    pub sources: Vec<(String, bool)>,
}

/// Thresholds: a process that reaches one of them has series of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Above {
    /// CPU time in a second since the last sample, in seconds: 1 is a whole CPU.
    pub cpu: Option<f64>,
    /// Resident memory in bytes.
    pub memory: Option<u64>,
    /// Bytes read from and written to storage in a second since the last sample.
    pub io: Option<u64>,
}

/// The names of all sources: those of OpenTelemetry's names, those of node_exporter's, and those of both.
pub const SOURCES: &[&str] = &[
    "connections",
    "cpu",
    "cpufreq",
    "disk",
    "load",
    "memory",
    "network",
    "paging",
    "pressure",
    "sensors",
    "stat",
    "uptime",
    "arp",
    "conntrack",
    "diskstats",
    "entropy",
    "filefd",
    "hwmon",
    "interrupts",
    "loadavg",
    "meminfo",
    "netclass",
    "netdev",
    "netstat",
    "os",
    "powersupplyclass",
    "schedstat",
    "self",
    "selinux",
    "sockstat",
    "softnet",
    "systemd",
    "tcpstat",
    "textfile",
    "thermal_zone",
    "time",
    "timex",
    "udp_queues",
    "uname",
    "units",
    "vmstat",
    "filesystem",
    "processes",
];

/// Sources that are read only if the user turns them on: each adds many series or takes long.
pub const OFF: &[&str] = &["connections", "interrupts", "systemd", "tcpstat"];

impl Default for Config {
    /// Everything under the names of OpenTelemetry, processes by unit.
    fn default() -> Self {
        Self {
            names: Names::Otel,
            grouping: Grouping {
                by: GroupBy::Unit,
                patterns: Vec::new(),
                kernel: true,
                linger: Duration::from_secs(300),
            },
            top: 5,
            above: Above::default(),
            series: 10_000,
            per_cpu: false,
            details: false,
            smaps: Duration::ZERO,
            command_lines: false,
            textfiles: None,
            sources: Vec::new(),
        }
    }
}

impl Config {
    fn is_on(&self, source: &str) -> bool {
        let chosen = self.sources.iter().rev().find(|(name, _)| name == source);
        chosen.map_or_else(|| !OFF.contains(&source), |(_, on)| *on)
    }
}

/// A sample: all series of one moment.
#[derive(Debug)]
pub struct Sample {
    /// When it was taken.
    pub taken: SystemTime,
    /// When the machine was booted: counters of the machine began then.
    pub booted: Option<SystemTime>,
    /// The series, by name.
    pub families: Vec<Family>,
    /// What somebody should read, each sentence once.
    pub news: Vec<String>,
}

/// Takes samples. It remembers what groups of processes have used.
#[derive(Debug)]
pub struct Collector {
    system: System,
    config: Config,
    groups: Groups,
    refused: Refused,
    filesystems: FileSystems,
    sensors: Slow<(Families, Outcome)>,
    node_sensors: Slow<(Families, Outcome)>,
    reported: HashSet<String>,
    resource: Vec<Label>,
    smaps_next: psoxide::Pid,
    /// When the processes were read last.
    last: Option<Instant>,
    /// `None` where command lines are left out.
    scrubber: Option<Scrubber>,
}

/// How long sensors may take.
const SENSORS: Duration = Duration::from_secs(1);

/// How long systemd may take.
const SYSTEMD: Duration = Duration::from_secs(2);

impl Collector {
    /// Prepares to sample `system`.
    #[must_use]
    pub fn new(system: System, config: Config) -> Self {
        let groups = Groups::new(config.grouping.clone(), now(&system));
        let resource = resource::of(&system);
        Self {
            scrubber: config.command_lines.then(Scrubber::new),
            system,
            config,
            groups,
            refused: Refused::default(),
            filesystems: FileSystems::default(),
            sensors: Slow::default(),
            node_sensors: Slow::default(),
            reported: HashSet::new(),
            resource,
            smaps_next: 0,
            last: None,
        }
    }

    /// What identifies the machine and this service: attributes of a resource in OpenTelemetry.
    #[must_use]
    pub fn resource(&self) -> &[Label] {
        &self.resource
    }

    /// Takes a sample. Sources that do not answer before `deadline` are left out.
    pub fn sample(&mut self, deadline: Instant) -> Sample {
        let (system, config) = (self.system.clone(), self.config.clone());
        let is_on = |name: &str| config.is_on(name);
        let taken = SystemTime::now();
        let mut sources = Sources::new(&system, &is_on);
        if config.names.otel() {
            otel::machine::read(&mut sources, config.per_cpu);
        }
        let otel_sources = sources.fared.len();
        if config.names.node() {
            node::read(&mut sources);
            self.textfiles(&mut sources);
            systemd(&mut sources, deadline);
        }
        self.filesystems(&mut sources, deadline);
        let within = SENSORS.min(deadline.saturating_duration_since(Instant::now()));
        if config.names.otel() {
            slow(&mut sources, "sensors", &mut self.sensors, within, otel::machine::sensors);
        }
        if config.names.node() {
            slow(&mut sources, "hwmon", &mut self.node_sensors, within, node::sensors::hwmon);
        }
        let mut news = Vec::new();
        if sources.is_on("processes") {
            let begun = Instant::now();
            let done = self.processes(&config, &mut sources.out, &mut news);
            sources.note("processes", begun, done.into());
        }
        let Sources { mut out, fared, .. } = sources;
        self.fared(&mut out, &fared, otel_sources, &mut news);
        out.family("target_info", Kind::Info, "", "The machine and the service that describes it.").push(Point {
            labels: self.resource.clone(),
            resource: 0,
            value: true.into(),
            start: None,
        });
        self.limit(&mut out, &mut news);
        Sample { taken, booted: system.boot_time().ok(), families: out.finish(), news }
    }

    /// Keeps to the limit of series where the machine alone has more: a thousand interfaces, say.
    fn limit(&mut self, out: &mut Families, news: &mut Vec<String>) {
        // One is for the number of those that are left out.
        let left_out = out.limit(self.config.series.saturating_sub(1));
        if self.config.names.otel() || left_out > 0 {
            out.add(&otel::LEFT_OUT, &[], left_out);
        }
        if left_out > 0 && self.reported.insert("series".to_owned()) {
            news.push(format!("{left_out} series are left out, as there are more than the limit (--max-series)"));
        }
    }

    fn textfiles(&self, sources: &mut Sources<'_>) {
        const NAME: &str = "textfile";
        if !sources.is_on(NAME) {
            return;
        }
        let begun = Instant::now();
        let state = match &self.config.textfiles {
            Some(folder) => match node::textfile::read(folder, &mut sources.out).into_iter().next() {
                Some(problem) => State::Down(problem),
                None => State::Up,
            },
            None => {
                node::textfile::none(&mut sources.out);
                State::Up
            }
        };
        sources.note(NAME, begun, state);
    }

    fn filesystems(&mut self, sources: &mut Sources<'_>, deadline: Instant) {
        if !sources.is_on("filesystem") {
            return;
        }
        let begun = Instant::now();
        let state = match self.filesystems.read(&self.system, deadline) {
            Ok(all) => {
                if self.config.names.otel() {
                    otel::machine::filesystems(&mut sources.out, &all);
                }
                if self.config.names.node() {
                    node::disk::filesystems(&self.system, &mut sources.out, &all);
                }
                filesystems::silent(&all).map_or(State::Up, State::Down)
            }
            Err(error) => State::from(Err(error)),
        };
        sources.note("filesystem", begun, state);
    }

    /// Reads all processes and adds their groups, and those that use most.
    fn processes(&mut self, config: &Config, out: &mut Families, news: &mut Vec<String>) -> Outcome {
        let mut fields = groups::FIELDS.to_vec();
        if config.details || config.names.node() {
            fields.extend([Field::NumFds, Field::NumCtxSwitches]);
        }
        // One thread reads: an exporter must not take several CPUs at once, and each thread would keep rows of its own.
        let snapshot = self.system.snapshot(Query::from(fields.iter().copied()).with_threads(1))?;
        let rows = &snapshot.processes;
        for row in rows {
            news.extend(self.refused.count(row, &fields));
        }
        let mut per_group = 0;
        if config.names.otel() {
            per_group += otel::processes::GROUP_SERIES;
        }
        if config.names.node() {
            per_group += node::processes::GROUP_SERIES;
        }
        // The tracker needs a place for `other`, and the exporter for what it says of itself.
        const OWN: usize = 250;
        let tops = config.top.saturating_mul(3).saturating_mul(otel::processes::PROCESS_SERIES);
        let room = config.series.saturating_sub(out.points() + OWN);
        let most = (room.saturating_sub(tops.min(room / 2)) / per_group.max(1)).max(1);
        let mut reader = DetailReader::new(&self.system, config, self.smaps_next);
        let passed = self.last.replace(Instant::now()).map(|last| last.elapsed());
        let seen = self.groups.update(&self.system, rows, most, &mut |row, details| reader.read(row, details));
        self.smaps_next = reader.smaps_next();
        let now = now(&self.system);
        if config.names.otel() {
            otel::processes::states(out, &seen);
            for (key, group) in &self.groups.groups {
                otel::processes::group(out, key, group);
            }
            out.add(&otel::FOLDED, &[], self.groups.folded_count);
            for row in chosen(&seen, config.top, &config.above, passed) {
                if out.points() + otel::processes::PROCESS_SERIES + OWN > config.series {
                    break;
                }
                let line = self.scrubber.as_ref().and_then(|scrubber| scrub::command_line(&self.system, row, scrubber));
                otel::processes::process(out, row, line, now);
            }
        }
        if config.names.node() {
            for (key, group) in &self.groups.groups {
                node::processes::group(out, &key.name, group);
            }
            node::processes::states(&self.system, out, rows)?;
        }
        self.refused.add_to(out);
        Ok(())
    }

    /// Adds how the sources fared. A source that fails is logged once, until it answers again.
    fn fared(&mut self, out: &mut Families, fared: &[Fared], otel_sources: usize, news: &mut Vec<String>) {
        for (number, Fared { name, duration, state }) in fared.iter().enumerate() {
            match state {
                State::Down(why) => {
                    if self.reported.insert((*name).to_owned()) {
                        news.push(format!("{name}: {why}"));
                    }
                }
                State::Up | State::Absent => _ = self.reported.remove(*name),
            }
            let is_shared = matches!(*name, "filesystem" | "sensors" | "processes");
            if self.config.names.otel() && (number < otel_sources || is_shared) && *state != State::Absent {
                out.add(&otel::SOURCE_UP, &[("psoxide.source", name)], *state == State::Up);
                out.add(&otel::SOURCE_DURATION, &[("psoxide.source", name)], *duration);
            }
            if self.config.names.node() && number >= otel_sources && *name != "sensors" {
                node::collector(out, name, *duration, *state == State::Up);
            }
        }
    }
}

/// Reads the units of systemd, for the names of two exporters.
fn systemd(sources: &mut Sources<'_>, deadline: Instant) {
    let (units, collector) = (sources.is_on("units"), sources.is_on("systemd"));
    // A copy has no bus.
    if !(units || collector) || !sources.system.is_live() {
        return;
    }
    let begun = Instant::now();
    let state = match crate::systemd::read(deadline.min(begun + SYSTEMD)) {
        Ok(Some(systemd)) => {
            if units {
                node::systemd::units(&mut sources.out, &systemd);
            }
            if collector {
                node::systemd::collector(&mut sources.out, &systemd);
            }
            State::Up
        }
        Ok(None) => State::Absent,
        Err(error) => State::Down(error.to_string()),
    };
    for (name, is_on) in [("units", units), ("systemd", collector)] {
        if is_on {
            sources.note(name, begun, state.clone());
        }
    }
}

/// The time of the machine, which in a copy stands still.
fn now(system: &System) -> SystemTime {
    let copied = || system.boot_time().ok()?.checked_add(system.uptime().ok()?);
    if system.is_live() { SystemTime::now() } else { copied().unwrap_or_else(SystemTime::now) }
}

/// Reads a source on a thread of its own.
fn slow(
    sources: &mut Sources<'_>,
    name: &'static str,
    slow: &mut Slow<(Families, Outcome)>,
    within: Duration,
    read: fn(&System, &mut Families) -> Outcome,
) {
    if !sources.is_on(name) {
        return;
    }
    // A copy answers.
    if !sources.system.is_live() {
        return sources.read(name, read);
    }
    let begun = Instant::now();
    let system = sources.system.clone();
    let job = move || {
        let mut out = Families::default();
        let done = read(&system, &mut out);
        (out, done)
    };
    let state = match slow.run(within, job) {
        Some((out, done)) => {
            sources.out.merge(out);
            done.into()
        }
        None => State::Down("does not answer".to_owned()),
    };
    sources.note(name, begun, state);
}

impl Above {
    /// Whether a process reaches a threshold. `passed` is the time since the last sample.
    fn is_reached(&self, seen: &Seen<'_>, passed: Option<Duration>) -> bool {
        let seconds = passed.map(|passed| passed.as_secs_f64()).filter(|seconds| *seconds > 0.0);
        let memory = seen.row.memory_info.value().map_or(0, |memory| memory.rss);
        #[allow(clippy::cast_precision_loss)] // a rate
        let rate = |most: u64, seconds: f64| seen.since.io() as f64 >= most as f64 * seconds;
        self.memory.is_some_and(|most| memory >= most)
            || self.cpu.zip(seconds).is_some_and(|(most, seconds)| seen.since.cpu().as_secs_f64() >= most * seconds)
            || self.io.zip(seconds).is_some_and(|(most, seconds)| rate(most, seconds))
    }
}

/// The processes that have used most CPU time, hold most memory, and moved most data since the last sample, and those
/// that reach a threshold.
fn chosen<'a>(seen: &[Seen<'a>], count: usize, above: &Above, passed: Option<Duration>) -> Vec<&'a Row> {
    let mut chosen = Vec::new();
    let mut pids = HashSet::new();
    for seen in seen.iter().filter(|seen| above.is_reached(seen, passed)) {
        pids.insert(seen.row.pid);
        chosen.push(seen.row);
    }
    let keys: [fn(&Seen<'_>) -> u128; 3] = [
        |seen| seen.since.cpu().as_nanos() + seen.counts.cpu().as_nanos() / 1_000_000,
        |seen| seen.row.memory_info.value().map_or(0, |memory| memory.rss.into()),
        |seen| seen.since.io().into(),
    ];
    for key in keys {
        let order = |seen: &&Seen<'a>| (std::cmp::Reverse(key(seen)), seen.row.pid);
        let mut most: Vec<&Seen<'a>> = seen.iter().filter(|seen| key(seen) > 0).collect();
        if most.len() > count {
            most.select_nth_unstable_by_key(count, order);
            most.truncate(count);
        }
        chosen.extend(most.into_iter().filter(|seen| pids.insert(seen.row.pid)).map(|seen| seen.row));
    }
    chosen.sort_by_key(|row| row.pid);
    chosen
}

/// Reads what a row does not have, of each process in turn.
struct DetailReader<'a> {
    system: &'a System,
    limits: bool,
    swap: bool,
    smaps_until: Option<Instant>,
    smaps_from: psoxide::Pid,
    smaps_stopped: Option<psoxide::Pid>,
}

impl<'a> DetailReader<'a> {
    fn new(system: &'a System, config: &Config, smaps_from: psoxide::Pid) -> Self {
        let node = config.names.node();
        // Without swap in use nothing of a process can be swapped out.
        let swap = node && system.swap_memory().is_ok_and(|swap| swap.used > 0);
        let smaps_until = (!config.smaps.is_zero()).then(|| Instant::now() + config.smaps);
        Self { system, limits: node, swap, smaps_until, smaps_from, smaps_stopped: None }
    }

    fn read(&mut self, row: &Row, details: &mut Details) {
        if row.is_kernel_thread.value() == Some(&true) {
            return;
        }
        let process = || self.system.process(row.pid).ok().filter(|process| process.start() == row.start);
        // A limit is rarely changed: it is read once.
        if self.limits && details.fd_limit.is_none() {
            details.fd_limit = process()
                .and_then(|process| process.rlimit(psoxide::Resource::Nofile).ok())
                .and_then(|limit| limit.soft)
                .or(Some(0));
        }
        if self.swap {
            let memory = process().and_then(|process| process.memory_details().ok());
            details.swapped = memory.and_then(|memory| memory.swap).unwrap_or(0);
        }
        // Where the time is over, the next sample goes on.
        if let Some(until) = self.smaps_until
            && row.pid >= self.smaps_from
            && self.smaps_stopped.is_none()
        {
            if Instant::now() >= until {
                self.smaps_stopped = Some(row.pid);
                return;
            }
            let fields: FieldSet = [Field::MemoryFootprint].into_iter().collect();
            let read = process().map(|process| process.row(fields, &psoxide::Pass::default()));
            if let Some(footprint) = read.as_ref().and_then(|row| row.memory_footprint.value()) {
                details.pss = footprint.pss;
                details.swap_pss = footprint.swap.unwrap_or(0);
            }
        }
    }

    fn smaps_next(&self) -> psoxide::Pid {
        self.smaps_stopped.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Counts;

    #[test]
    fn a_process_above_a_threshold_has_series_of_its_own() {
        let row = |pid, rss| {
            let mut row = Row::new(pid, Some(1));
            let mut memory = psoxide::MemoryInfo::default();
            memory.rss = rss;
            row.memory_info = psoxide::Reading::Value(memory);
            row
        };
        let rows = [row(1, 10), row(2, 2000), row(3, 10), row(4, 10)];
        let used = [(0, 0), (0, 0), (600, 0), (0, 5000)];
        let seen: Vec<Seen<'_>> = rows
            .iter()
            .zip(used)
            .map(|(row, (millis, read))| {
                let since = Counts { user: Duration::from_millis(millis), read, ..Counts::default() };
                Seen { row, counts: since, since }
            })
            .collect();
        let pids = |above: Above, passed: Option<u64>| -> Vec<u32> {
            chosen(&seen, 0, &above, passed.map(Duration::from_secs)).iter().map(|row| row.pid).collect()
        };
        let above = Above { cpu: Some(0.3), memory: Some(1000), io: Some(2000) };
        assert_eq!(pids(above, Some(1)), [2, 3, 4]);
        // The same use in twice the time is half the rate.
        assert_eq!(pids(above, Some(2)), [2, 3, 4]);
        assert_eq!(pids(above, Some(3)), [2]);
        // The first sample has no rates.
        assert_eq!(pids(above, None), [2]);
        assert_eq!(pids(Above::default(), Some(1)), [0; 0]);
    }
}
