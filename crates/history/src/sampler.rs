//! Taking samples of a machine: what changes each time, what seldom changes once for each process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use psoxide::{Field, Moment, Pid, PressureOf, Query, Reading, Result, Row, System};
use psoxide_scrub::Scrubber;

use crate::columns;
use crate::delta::New;
use crate::facts::{FACTS, Facts};

/// Mounts, disks and names of the machine are read again after so many samples.
const FRESH: u64 = 60;

/// The facts of a process are read again after 6 to 11 samples, then after twice as many each time, up to 120 to 239. A
/// process takes another user or moves to its control group soon after it began, and seldom later.
const SOON: u64 = 6;
const LATE: u64 = 120;

/// How long a file system may take to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Takes samples.
pub(crate) struct Sampler {
    system: System,
    fields: Vec<Field>,
    scrubber: Option<Scrubber>,
    known: foldhash::HashMap<(Pid, Option<u64>), Known>,
    /// Mounts, disks and names.
    slow: Option<Moment>,
    turn: u64,
    #[cfg(target_os = "linux")]
    ended: Option<crate::ended::Ended>,
    /// What went wrong besides the sample.
    pub(crate) notes: Vec<String>,
}

/// What is known of a process.
struct Known {
    facts: Arc<Facts>,
    /// The sample in which the process was last seen.
    seen: u64,
    /// The sample in which the facts are read again, and how many samples that is after they were read, at least.
    due: u64,
    wait: u64,
}

impl Known {
    fn new(facts: Facts, turn: u64) -> Self {
        let mut known = Self { facts: Arc::new(facts), seen: turn, due: 0, wait: SOON };
        known.put_off(turn);
        known
    }

    /// Sets when the facts are read again. The pid spreads the processes over the samples.
    fn put_off(&mut self, turn: u64) {
        self.due = turn + self.wait + u64::from(self.facts.pid) % self.wait;
        self.wait = (self.wait * 2).min(LATE);
    }

    /// Whether the facts need not be read in this sample.
    fn holds(&self, row: &Row, turn: u64) -> bool {
        // A process that executes another program nearly always gets another name.
        let is_named = || self.facts.name().map(Vec::as_slice) == row.name.value().map(|name| name.as_encoded_bytes());
        turn < self.due && is_named()
    }
}

impl Sampler {
    pub(crate) fn new(system: System, fields: Vec<Field>, scrubber: Option<Scrubber>) -> Self {
        Self {
            system,
            fields,
            scrubber,
            known: foldhash::HashMap::default(),
            slow: None,
            turn: 0,
            #[cfg(target_os = "linux")]
            ended: None,
            notes: Vec::new(),
        }
    }

    /// Begins to listen for processes that end between two samples.
    #[cfg(target_os = "linux")]
    pub(crate) fn listen(&mut self) {
        match crate::ended::Ended::listen() {
            Ok(ended) => self.ended = Some(ended),
            Err(error) => self.notes.push(format!(
                "processes that begin and end between two samples are not recorded: {error} (it takes CAP_NET_ADMIN, outside \
                 of containers)"
            )),
        }
    }

    /// Adds the processes that were in no sample and have ended.
    #[cfg(target_os = "linux")]
    fn ended(&mut self, moment: &Moment) -> Vec<New> {
        let Some(ended) = &mut self.ended else { return Vec::new() };
        let processes = match ended.take() {
            Ok((processes, false)) => processes,
            Ok((processes, true)) => {
                self.notes.push("more processes have ended than the kernel had room to report".to_owned());
                processes
            }
            Err(error) => {
                self.notes.push(format!("processes that have ended are no longer recorded: {error}"));
                self.ended = None;
                return Vec::new();
            }
        };
        if processes.is_empty() {
            return Vec::new();
        }
        let booted = moment.boot_time.value().map_or(0, |booted| crate::to_millis(*booted) / 1000);
        let booted = u64::try_from(booted).unwrap_or(0);
        let mut seen: HashMap<Pid, Vec<&Facts>> = HashMap::new();
        let mut users = HashMap::new();
        for known in self.known.values() {
            seen.entry(known.facts.pid).or_default().push(&known.facts);
            users.extend(known.facts.user());
        }
        let suspended = crate::ended::suspended();
        let is_known = |process: &crate::ended::Process| {
            let mut known = seen.get(&process.pid).into_iter().flatten().map(|facts| facts.created());
            known.any(|created| created.is_none_or(|created| process.may_have_begun(created, suspended)))
        };
        let new = processes.into_iter().filter(|process| !is_known(process));
        let rows = new.map(|process| {
            let username = users.get(&i64::from(process.uid)).map(|name| crate::text::os(name));
            process.row(booted, username)
        });
        rows.map(|row| (Arc::new(Facts::of(&row)), columns::store(&row, &self.fields))).collect()
    }

    /// Takes a sample.
    pub(crate) fn take(&mut self) -> Result<(Moment, Vec<New>)> {
        if self.turn.is_multiple_of(FRESH) {
            self.slow = None;
        }
        let moment = machine(&self.system, self.slow.take())?;
        // What ends from here on is in the snapshot, or in the next sample.
        #[cfg(target_os = "linux")]
        let ended = self.ended(&moment);
        #[cfg(not(target_os = "linux"))]
        let ended = Vec::new();
        let mut processes = self.processes()?;
        processes.extend(ended);
        self.slow = Some(slow(&moment));
        self.turn += 1;
        Ok((moment, processes))
    }

    fn processes(&mut self) -> Result<Vec<New>> {
        let turn = self.turn;
        let mut processes = Vec::with_capacity(self.known.len());
        let mut others = Vec::new();
        let (known, fields) = (&mut self.known, &self.fields);
        self.system.each_row(fields.iter().copied().chain([Field::Name]), |row| {
            let cells = columns::store(row, fields);
            match known.get_mut(&(row.pid, row.start)) {
                Some(known) if known.holds(row, turn) => {
                    known.seen = turn;
                    processes.push((Arc::clone(&known.facts), cells));
                }
                _ => others.push((row.pid, row.start, cells)),
            }
        })?;
        if !others.is_empty() {
            let pids: Vec<Pid> = others.iter().map(|(pid, ..)| *pid).collect();
            let facts = self.system.snapshot_of(&pids, Query::from(FACTS.iter().copied()).with_threads(1))?;
            for row in facts.processes {
                self.learn(&row);
            }
        }
        for (pid, start, cells) in others {
            // One that ended before its facts were read for the first time is left out.
            if let Some(known) = self.known.get_mut(&(pid, start)) {
                known.seen = turn;
                processes.push((Arc::clone(&known.facts), cells));
            }
        }
        self.known.retain(|_, known| known.seen == turn);
        Ok(processes)
    }

    /// Takes a sample from rows that hold facts and numbers.
    pub(crate) fn of(&mut self, rows: &[Row]) -> Vec<New> {
        self.turn += 1;
        rows.iter().for_each(|row| self.learn(row));
        let known = |row: &Row| self.known.get(&(row.pid, row.start)).map(|known| Arc::clone(&known.facts));
        let new = |row: &Row| Some((known(row)?, columns::store(row, &self.fields)));
        let processes = rows.iter().filter_map(new).collect();
        self.known.retain(|_, known| known.seen == self.turn);
        processes
    }

    fn learn(&mut self, row: &Row) {
        let mut facts = Facts::of(row);
        if let Some(scrubber) = &self.scrubber {
            facts.cmdline = facts.cmdline.map(|words| scrubber.scrub(words));
        }
        let key = (row.pid, row.start);
        match self.known.get_mut(&key) {
            Some(known) if *known.facts == facts => {
                known.seen = self.turn;
                known.put_off(self.turn);
            }
            _ => _ = self.known.insert(key, Known::new(facts, self.turn)),
        }
    }
}

fn copied<T: Clone>(reading: &Reading<T>) -> Reading<T> {
    reading.as_ref().map(T::clone)
}

/// The parts that are read seldom.
fn slow(moment: &Moment) -> Moment {
    let mut slow = Moment::new(moment.os);
    slow.host = copied(&moment.host);
    slow.delay_accounting = copied(&moment.delay_accounting);
    slow.partitions = copied(&moment.partitions);
    slow.whole_disks = copied(&moment.whole_disks);
    slow.disk_usage.clone_from(&moment.disk_usage);
    slow
}

/// Reads the machine, without its processes. `slow` holds what need not be read again.
pub(crate) fn machine(system: &System, slow: Option<Moment>) -> Result<Moment> {
    let mut moment = match slow {
        Some(slow) => slow,
        None => {
            let mut moment = Moment::new(system.os());
            moment.host = system.host_info().into();
            moment.delay_accounting = system.delay_accounting().into();
            moment.partitions = system.disk_partitions(false).into();
            moment.whole_disks = system.whole_disks().into();
            for partition in moment.partitions.value().into_iter().flatten() {
                // One that does not answer has no figures; the others have.
                if let Ok(usage) = system.disk_usage_within(&partition.mountpoint, TIMEOUT) {
                    moment.disk_usage.push((partition.mountpoint.clone(), usage));
                }
            }
            moment
        }
    };
    moment.boot_time = system.boot_time().into();
    moment.uptime = Reading::Value(system.uptime()?);
    moment.load_average = system.load_average().into();
    moment.run_queue = system.run_queue().into();
    moment.cpu_times = system.cpu_times().into();
    moment.cpus = system.cpu_times_per_cpu().into();
    moment.virtual_memory = system.virtual_memory().into();
    moment.swap_memory = system.swap_memory().into();
    moment.pressure = PressureOf::ALL.iter().filter_map(|what| Some((*what, system.pressure(*what).ok()?))).collect();
    moment.disks = system.disk_io_counters().into();
    moment.nics = system.net_io_counters().into();
    Ok(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_again_less_and_less_often_and_in_turns() {
        const PROCESSES: u32 = 1000;
        let facts = |pid| Facts { pid, ..Facts::default() };
        let mut all: Vec<Known> = (1..=PROCESSES).map(|pid| Known::new(facts(pid), 0)).collect();
        let mut read: Vec<Vec<u64>> = vec![vec![0]; all.len()];
        for turn in 1..2000 {
            let mut now = 0;
            for (known, read) in all.iter_mut().zip(&mut read) {
                if turn >= known.due {
                    known.put_off(turn);
                    read.push(turn);
                    now += 1;
                }
            }
            // All of them were seen in the first sample.
            assert!(turn < 500 || now <= PROCESSES / 20, "{now} in sample {turn}");
        }
        for turns in read {
            let gaps: Vec<u64> = turns.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!((SOON..2 * SOON).contains(&gaps[0]), "{gaps:?}");
            assert!(gaps.iter().all(|gap| *gap < 2 * LATE) && gaps.len() > 10, "{gaps:?}");
        }
    }
}
