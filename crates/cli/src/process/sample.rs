//! Taking samples of processes.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use psoxide::{Field, Pid, ProcessRates, ProcessStatus, Query, Reading, Row, Snapshot, System};

use super::{Proc, ProcessArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::file;
use crate::listing::{Ask, Sample, Window};
use crate::output::human;

/// The rates of a process that has no earlier sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// Averages over its lifetime.
    Lifetime,
    /// Taken over a short window, for which the first sample waits.
    Window,
}

/// Takes one sample after another.
pub(crate) struct Sampler<'a> {
    context: &'a Context,
    select: ProcessArgs,
    first: First,
    /// Fields that are read though no column shows them.
    also: Vec<Field>,
    last: Option<Snapshot>,
}

/// Columns that are differences of two samples.
const RATES: [&str; 4] = ["cpu_percent", "iowait_percent", "read_rate", "write_rate"];

impl<'a> Sampler<'a> {
    pub(crate) fn new(context: &'a Context, select: &ProcessArgs, first: First) -> Self {
        Self { context, select: select.clone(), first, also: Vec::new(), last: None }
    }

    /// Reads these fields too.
    pub(crate) fn also(mut self, fields: &[Field]) -> Self {
        self.also.extend(fields);
        self
    }

    /// Takes a sample of the chosen processes that `pass` a test.
    pub(crate) fn matching(&mut self, pass: impl Fn(&Proc) -> bool) -> Result<Vec<Proc>, Failure> {
        let mut rows = self.sample(&Ask::default())?.rows;
        rows.retain(pass);
        Ok(rows)
    }

    /// Takes a sample with what `ask` wants.
    pub(crate) fn sample(&mut self, ask: &Ask) -> Result<Sample<Proc>, Failure> {
        let mut fields = ask.fields.clone();
        fields.extend(&self.also);
        if self.select.tree {
            fields.push(Field::Ppid);
        }
        if !self.select.chosen.user.is_empty() {
            fields.extend([Field::Username, Field::Uids]);
        }
        let rated = self.first == First::Window || ask.any(&RATES);
        let live = self.context.system.is_live();
        // A history has processes that ended between two samples, whose rates are taken in another way.
        if rated && self.context.sampled.is_some() {
            fields.push(Field::Status);
        }
        if let (true, Some(earlier)) = (rated, &self.context.earlier) {
            self.last = Some(self.snapshot(earlier, &fields)?);
        }
        if rated && live && self.first == First::Window && self.last.is_none() {
            self.last = Some(self.snapshot(&self.context.system, &fields)?);
            std::thread::sleep(self.context.first_window());
        }
        let snapshot = self.snapshot(&self.context.system, &fields)?;
        let rates = self.last.as_ref().filter(|_| rated).map(|last| snapshot.since(last));
        let window = match &rates {
            Some(rates) => Window::Over(rates.elapsed),
            None if rated => Window::Lifetime,
            None => Window::None,
        };
        let counts_waits = ask.any(&["iowait_percent"]) && counts_waits(&self.context.system);
        let memory = match ask.any(&["memory_percent"]) {
            true => self.context.system.virtual_memory().ok().map(|memory| memory.total),
            false => None,
        };
        let since = Since {
            clock: if rated { clock(&self.context.system) } else { None },
            window: rates.as_ref().map(|rates| rates.elapsed),
        };
        let rates = rates.into_iter().flat_map(|rates| rates.processes);
        let mut known: HashMap<(Pid, Option<u64>), ProcessRates> =
            rates.map(|rate| ((rate.pid, rate.start), rate)).collect();
        // Needed for the rates of the next sample.
        let kept = (rated && self.context.repeats()).then(|| thin(&snapshot));
        if self.last.is_none() || self.context.earlier.is_some() {
            self.check_users(&snapshot)?;
        }
        let all = snapshot.processes.len();
        let selected = snapshot.processes.into_iter().filter(|row| self.selected(row));
        let procs = selected.map(|row| {
            let rate = known.remove(&(row.pid, row.start));
            let mut proc = proc(row, rate, memory, since);
            proc.iowait_percent = proc.iowait_percent.filter(|_| counts_waits);
            proc
        });
        let sample = Sample { all, ..Sample::over(window, procs) };
        self.last = kept;
        Ok(sample)
    }

    fn snapshot(&self, system: &System, fields: &[Field]) -> Result<Snapshot, Failure> {
        let query = query(fields.iter().copied());
        Ok(match self.select.chosen.pid.as_slice() {
            [] => system.snapshot(query)?,
            pids => system.snapshot_of(pids, query)?,
        })
    }

    fn selected(&self, row: &Row) -> bool {
        let uid = || row.uids.value().map(|ids| ids.real.to_string());
        let user = |name: &String| {
            row.username.value().is_some_and(|user| user.as_os_str() == name.as_str()) || uid().as_ref() == Some(name)
        };
        self.select.chosen.user.is_empty() || self.select.chosen.user.iter().any(user)
    }

    /// Refuses names of users that neither a process nor /etc/passwd has. Where that file cannot be read, users come
    /// from elsewhere and no name is refused.
    fn check_users(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        let named = |name: &str| {
            let owns = |row: &Row| row.username.value().is_some_and(|user| user.as_os_str() == name);
            name.parse::<u32>().is_ok() || snapshot.processes.iter().any(owns)
        };
        for name in self.select.chosen.user.iter().filter(|name| !named(name)) {
            let root = self.context.root.as_deref().unwrap_or_else(|| Path::new("/"));
            let Ok(users) = file::read(&root.join("etc/passwd")) else { return Ok(()) };
            let mut names =
                users.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b':').next());
            if !names.any(|known| known == name.as_bytes()) {
                let reason = "no process and no line of /etc/passwd has this name";
                return Err(Failure::Usage(format!("unknown user {name:?}: {reason}")));
            }
        }
        Ok(())
    }
}

/// Returns the time of a machine by the clock that the starts of its processes are counted by, in whole seconds or not.
pub(crate) fn clock(system: &System) -> Option<SystemTime> {
    system.boot_time().ok()?.checked_add(system.uptime().ok()?)
}

/// What the rates of a process that has no earlier sample are averaged over.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Since {
    /// The time of the machine, to which a process that runs has lived.
    pub(crate) clock: Option<SystemTime>,
    /// The time since the sample before. A process that began and ended within it used all that it used in that time.
    pub(crate) window: Option<Duration>,
}

/// Tells whether the kernel counts how long processes wait for storage. Kernels that cannot be asked do.
pub(crate) fn counts_waits(system: &psoxide::System) -> bool {
    system.delay_accounting().unwrap_or(true)
}

/// A query for these fields by one thread: more of them are faster but cost more CPU time.
pub(crate) fn query(fields: impl IntoIterator<Item = Field>) -> Query {
    Query::from(fields).with_threads(1)
}

/// The counters of a snapshot, from which the next rates are computed.
pub(crate) fn thin(snapshot: &Snapshot) -> Snapshot {
    fn copied<T: Clone>(reading: &Reading<T>) -> Reading<T> {
        reading.value().cloned().map_or(Reading::NotAsked, Reading::Value)
    }
    let row = |row: &Row| {
        let mut thin = Row::new(row.pid, row.start);
        thin.cpu_times = copied(&row.cpu_times);
        thin.io_counters = copied(&row.io_counters);
        thin
    };
    Snapshot::new(snapshot.taken, snapshot.processes.iter().map(row).collect(), None)
}

/// A row with its rates: over the window, or over its lifetime if it has no earlier sample.
pub(crate) fn proc(row: Row, rate: Option<ProcessRates>, memory: Option<u64>, since: Since) -> Proc {
    let is_dead = matches!(row.status, Reading::Value(ProcessStatus::Dead));
    let lived = || since.clock?.duration_since(*row.create_time.value()?).ok();
    let age = || if is_dead { since.window } else { lived() }.filter(|age| !age.is_zero());
    let average = |amount: Option<f64>| Some(amount? / age()?.as_secs_f64());
    let io = row.io_counters.value();
    let cpu = row.cpu_times.value().map(|times| (times.user + times.system).as_secs_f64() * 100.0);
    let waited = row.cpu_times.value().and_then(|times| times.iowait).map(|time| time.as_secs_f64() * 100.0);
    let (cpu_percent, iowait_percent, read_rate, write_rate) = match rate {
        Some(rate) => (rate.cpu_percent, rate.iowait_percent, rate.read_bytes_per_second, rate.write_bytes_per_second),
        None => (
            average(cpu),
            average(waited),
            average(io.and_then(|io| io.read_bytes).map(|bytes| bytes as f64)),
            average(io.and_then(|io| io.write_bytes).map(|bytes| bytes as f64)),
        ),
    };
    let memory_percent = row.memory_info.value().zip(memory).map(|(info, total)| human::percent(info.rss, total));
    Proc { memory_percent, cpu_percent, iowait_percent, read_rate, write_rate, row }
}

#[cfg(test)]
mod tests {
    use psoxide::Record as _;

    use super::*;

    #[test]
    fn without_a_sample_before_rates_are_lifetime_averages() {
        let start = SystemTime::UNIX_EPOCH;
        let times = psoxide::ProcessCpuTimes::with(|times| times.user = Duration::from_secs(5));
        let row = |times: &psoxide::ProcessCpuTimes| {
            let mut row = Row::default();
            row.cpu_times = Reading::Value(times.clone());
            row.create_time = Reading::Value(start);
            row
        };
        let later = |seconds| Since { clock: Some(start + Duration::from_secs(seconds)), window: None };
        assert_eq!(proc(row(&times), None, None, later(10)).cpu_percent, Some(50.0));
        // One that has just begun has no average yet, and nothing is shown for it.
        assert_eq!(proc(row(&times), None, None, later(0)).cpu_percent, None);
        let mut rate = ProcessRates::new(0, Some(0));
        rate.cpu_percent = Some(7.0);
        assert_eq!(proc(row(&times), Some(rate), None, later(10)).cpu_percent, Some(7.0));
    }

    #[test]
    fn a_process_that_lived_between_two_samples_is_rated_over_the_time_between_them() {
        let row = || {
            let mut row = Row::default();
            row.status = Reading::Value(ProcessStatus::Dead);
            // A history knows its start to a second.
            row.create_time = Reading::Value(SystemTime::UNIX_EPOCH);
            let times = psoxide::ProcessCpuTimes::with(|times| times.user = Duration::from_millis(500));
            row.cpu_times = Reading::Value(times);
            row
        };
        let clock = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(50));
        let percent = |window| proc(row(), None, None, Since { clock, window }).cpu_percent;
        assert_eq!(percent(Some(Duration::from_secs(5))), Some(10.0));
        // Of one that ended before the first sample nobody knows how long it lived.
        assert_eq!(percent(None), None);
    }
}
