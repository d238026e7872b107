//! Taking samples of a machine: what changes each time, what seldom changes once for each process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use psoxide::{Field, Moment, Pid, PressureOf, Query, Reading, Result, Row, System};
use psoxide_scrub::Scrubber;

use crate::columns;
use crate::delta::New;
use crate::facts::{FACTS, Facts};

/// Mounts, disks, names and the facts of processes are read again after so many samples.
const FRESH: u64 = 60;

/// How long a file system may take to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Takes samples.
pub(crate) struct Sampler {
    system: System,
    fields: Vec<Field>,
    scrubber: Option<Scrubber>,
    known: HashMap<(Pid, Option<u64>), Known>,
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
}

impl Sampler {
    pub(crate) fn new(system: System, fields: Vec<Field>, scrubber: Option<Scrubber>) -> Self {
        Self {
            system,
            fields,
            scrubber,
            known: HashMap::new(),
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
        // The time of a start is in whole seconds here.
        let is_same = |facts: &&Facts, began: u64| {
            facts.created().is_none_or(|created| created.abs_diff(i64::try_from(began).unwrap_or(0)) <= 2)
        };
        let new = processes
            .into_iter()
            .filter(|process| !seen.get(&process.pid).into_iter().flatten().any(|facts| is_same(facts, process.began)));
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
        // Told by the name: a process that executes another program nearly always gets another one.
        let dynamic = self.fields.iter().copied().chain([Field::Name]);
        let query = Query::from(dynamic).with_threads(1);
        let rows = self.system.snapshot(query)?.processes;
        let turn = self.turn;
        let is_known = |row: &&Row| {
            let known = self.known.get(&(row.pid, row.start));
            // The pid spreads the processes over the samples.
            let is_due = (turn + u64::from(row.pid)).is_multiple_of(FRESH);
            let name = row.name.value().map(|name| crate::text::of(name));
            known.is_some_and(|known| !is_due && known.facts.name() == name.as_ref())
        };
        let new: Vec<Pid> = rows.iter().filter(|row| !is_known(row)).map(|row| row.pid).collect();
        if !new.is_empty() {
            let facts = self.system.snapshot_of(&new, Query::from(FACTS.iter().copied()).with_threads(1))?;
            for row in facts.processes {
                self.learn(&row);
            }
        }
        let mut processes = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(known) = self.known.get_mut(&(row.pid, row.start)) else {
                // It ended before its facts were read.
                continue;
            };
            known.seen = turn;
            processes.push((Arc::clone(&known.facts), columns::store(row, &self.fields)));
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
            Some(known) if *known.facts == facts => known.seen = self.turn,
            _ => _ = self.known.insert(key, Known { facts: Arc::new(facts), seen: self.turn }),
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
