//! What the view shows: the machine and its processes, sampled again and again.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use psoxide::{
    Counters, CpuTimes, DiskIo, Field, LoadAverage, NetIo, Pid, Pressure, PressureOf, ProcessRates, ProcessStatus,
    Query, Reading, Row, Snapshot, SwapMemory, System, VirtualMemory,
};

use super::history::History;
use crate::process::Proc;
use crate::process::sample::{proc, query, thin};

/// What tells a process from a later one with its pid.
pub(crate) type Identity = (Pid, u64);

/// Facts of a process that seldom change, and cost a file each: they are read when it is first seen, when its name
/// changes (it has executed another program), and now and then.
#[derive(Debug)]
struct Facts {
    name: Option<OsString>,
    row: Row,
    seen: u64,
}

/// The fields that are kept as facts.
const FACTS: [Field; 6] = [Field::Cmdline, Field::Username, Field::Uids, Field::Gids, Field::Exe, Field::Cwd];

/// Every so many samples the facts of a process are read again.
const FRESH: u64 = 30;

/// The fields that every sample has: they come from a file that is read anyway.
const ALWAYS: [Field; 5] = [Field::Name, Field::Ppid, Field::Status, Field::CpuTimes, Field::CreateTime];

/// The figures of the machine.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(crate) host: String,
    pub(crate) uptime: Option<Duration>,
    pub(crate) load: Option<LoadAverage>,
    pub(crate) memory: Option<VirtualMemory>,
    pub(crate) swap: Option<SwapMemory>,
    pub(crate) pressure: Vec<(PressureOf, Pressure)>,
    /// Busy part of each CPU in percent.
    pub(crate) cpus: Vec<Option<f64>>,
    /// What the whole disks did since the sample before.
    pub(crate) disks: Vec<(OsString, DiskIo)>,
    pub(crate) nics: Vec<(OsString, NetIo)>,
    /// The time since the sample before.
    pub(crate) window: Duration,
    pub(crate) processes: usize,
    pub(crate) running: usize,
    pub(crate) history: Histories,
}

/// The graphs.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    pub(crate) cpu: History,
    pub(crate) memory: History,
    pub(crate) disk: History,
    pub(crate) net: History,
    /// Those of the process whose details are shown.
    pub(crate) process: ProcessHistory,
}

/// The graphs of one process.
#[derive(Debug, Default)]
pub(crate) struct ProcessHistory {
    pub(crate) of: Option<Identity>,
    pub(crate) cpu: History,
    pub(crate) memory: History,
    pub(crate) io: History,
}

/// Takes the samples.
pub(crate) struct Monitor {
    system: System,
    pub(crate) machine: Machine,
    pub(crate) processes: Vec<Proc>,
    /// Where the time of the machine was at the last sample.
    pub(crate) now: SystemTime,
    last: Option<Snapshot>,
    rates: HashMap<Identity, ProcessRates>,
    facts: HashMap<Identity, Facts>,
    whole: Vec<OsString>,
    turn: u64,
}

impl Monitor {
    pub(crate) fn new(system: &System, host: &str) -> Self {
        Self {
            system: system.clone(),
            machine: Machine { host: crate::output::escape(host.as_ref()), ..Machine::default() },
            processes: Vec::new(),
            now: SystemTime::now(),
            last: None,
            rates: HashMap::new(),
            facts: HashMap::new(),
            whole: Vec::new(),
            turn: 0,
        }
    }

    pub(crate) fn system(&self) -> &System {
        &self.system
    }

    /// Reads once more; `wanted` are the fields of the columns that are shown, sorted by or tested.
    pub(crate) fn sample(&mut self, wanted: &[Field]) -> psoxide::Result<()> {
        let mut snapshot = self.snapshot(wanted, true)?;
        self.rates.clear();
        if let Some(rates) = self.last.as_ref().map(|last| snapshot.since(last)) {
            self.machine.window = rates.elapsed;
            self.machine.cpus = rates.cpu_percents;
            self.machine.history.cpu.push(rates.cpu_percent.unwrap_or(0.0));
            self.read_devices(rates.disks, rates.nics, snapshot.counters.as_ref());
            self.rates.extend(rates.processes.into_iter().map(|rate| ((rate.pid, rate.start), rate)));
        } else if let Some(counters) = &snapshot.counters {
            // The first frame has no sample before it: what it shows is since boot, and only until the next one.
            self.machine.cpus = counters.cpus.iter().map(CpuTimes::busy_percent).collect();
        }
        self.read_machine();
        self.read_facts(wanted, &snapshot)?;
        let counters = snapshot.counters.take();
        self.last = Some(Snapshot { counters, ..thin(&snapshot) });
        self.show(snapshot);
        self.remember_process();
        self.turn += 1;
        Ok(())
    }

    /// Reads fields that are wanted all at once, between two samples: rates and histories stay as they are, as over so
    /// short a time they would say little.
    pub(crate) fn look_again(&mut self, wanted: &[Field]) -> psoxide::Result<()> {
        let snapshot = self.snapshot(wanted, false)?;
        self.read_facts(wanted, &snapshot)?;
        self.show(snapshot);
        Ok(())
    }

    fn snapshot(&mut self, wanted: &[Field], counters: bool) -> psoxide::Result<Snapshot> {
        let fields = wanted.iter().filter(|field| !FACTS.contains(field)).chain(&ALWAYS).copied();
        self.now = SystemTime::now();
        self.system.snapshot(Query { counters, ..query(fields) })
    }

    /// Makes the processes of a snapshot those that are shown.
    fn show(&mut self, snapshot: Snapshot) {
        let memory = self.machine.memory.as_ref().map(|memory| memory.total);
        let clock = self.system.boot_time().ok().zip(self.machine.uptime).and_then(|(boot, up)| boot.checked_add(up));
        let rows = snapshot.processes.into_iter().map(|mut row| {
            let id = (row.pid, row.start);
            if let Some(facts) = self.facts.get(&id) {
                add_facts(&mut row, &facts.row);
            }
            proc(row, self.rates.get(&id).cloned(), memory, clock)
        });
        self.processes = rows.collect();
        let running = |process: &&Proc| process.row.status.value() == Some(&ProcessStatus::Running);
        self.machine.processes = self.processes.len();
        self.machine.running = self.processes.iter().filter(running).count();
    }

    /// The row of a process, while it lives.
    pub(crate) fn find(&self, id: Identity) -> Option<&Proc> {
        self.processes.iter().find(|process| (process.row.pid, process.row.start) == id)
    }

    /// From now on the graphs of a process are of this one.
    pub(crate) fn watch(&mut self, id: Identity) {
        if self.machine.history.process.of != Some(id) {
            self.machine.history.process = ProcessHistory { of: Some(id), ..ProcessHistory::default() };
            self.remember_process();
        }
    }

    fn read_machine(&mut self) {
        let machine = &mut self.machine;
        machine.uptime = self.system.uptime().ok();
        machine.load = self.system.load_average().ok();
        machine.memory = self.system.virtual_memory().ok();
        machine.swap = self.system.swap_memory().ok();
        let pressure = PressureOf::ALL.iter().filter_map(|what| Some((*what, self.system.pressure(*what).ok()?)));
        machine.pressure = pressure.collect();
        machine.history.memory.push(machine.memory.as_ref().map_or(0.0, |memory| memory.percent));
    }

    /// What the devices did. Loop devices and interfaces that have never been used would only take the place of others.
    fn read_devices(&mut self, disks: Vec<(OsString, DiskIo)>, nics: Vec<(OsString, NetIo)>, now: Option<&Counters>) {
        if self.turn.is_multiple_of(FRESH) || self.whole.is_empty() {
            self.whole = self.system.whole_disks().unwrap_or_default();
        }
        let now_disks = now.and_then(|counters| counters.disks.value());
        let now_nics = now.and_then(|counters| counters.nics.value());
        let machine = &mut self.machine;
        machine.disks = disks;
        machine.disks.retain(|(name, _)| {
            self.whole.contains(name)
                && count_of(now_disks, name).is_some_and(|io| io.read_count > 0 || io.write_count > 0)
        });
        machine.nics = nics;
        machine
            .nics
            .retain(|(name, _)| count_of(now_nics, name).is_some_and(|io| io.bytes_recv > 0 || io.bytes_sent > 0));
        let seconds = machine.window.as_secs_f64();
        if seconds > 0.0 {
            let moved = machine.disks.iter().map(|(_, io)| io.read_bytes.saturating_add(io.write_bytes));
            machine.history.disk.push(moved.sum::<u64>() as f64 / seconds);
            let carried = machine.nics.iter().map(|(_, io)| io.bytes_recv.saturating_add(io.bytes_sent));
            machine.history.net.push(carried.sum::<u64>() as f64 / seconds);
        }
    }

    fn remember_process(&mut self) {
        let Some(id) = self.machine.history.process.of else { return };
        let Some(process) = self.find(id) else { return };
        let cpu = process.cpu_percent.unwrap_or(0.0);
        let rss = process.row.memory_info.value().map_or(0.0, |memory| memory.rss as f64);
        let io = process.read_rate.unwrap_or(0.0) + process.write_rate.unwrap_or(0.0);
        let history = &mut self.machine.history.process;
        history.cpu.push(cpu);
        history.memory.push(rss);
        history.io.push(io);
    }

    /// Reads the facts of those that are new, have another name, or have not been looked at for long.
    fn read_facts(&mut self, wanted: &[Field], snapshot: &Snapshot) -> psoxide::Result<()> {
        let fields: Vec<Field> = wanted.iter().copied().filter(|field| FACTS.contains(field)).collect();
        if fields.is_empty() {
            return Ok(());
        }
        let turn = self.turn;
        let stale: Vec<Pid> = snapshot
            .processes
            .iter()
            .filter(|row| match self.facts.get(&(row.pid, row.start)) {
                Some(facts) => {
                    // Not all at once: each in its own turn.
                    let due = (turn + u64::from(row.pid)).is_multiple_of(FRESH) && facts.seen != turn;
                    due || facts.name.as_ref() != row.name.value()
                        || fields.iter().any(|field| matches!(facts.row.get(*field), Reading::NotAsked))
                }
                None => true,
            })
            .map(|row| row.pid)
            .collect();
        if !stale.is_empty() {
            let names: HashMap<Identity, Option<OsString>> =
                snapshot.processes.iter().map(|row| ((row.pid, row.start), row.name.value().cloned())).collect();
            for row in self.system.snapshot_of(&stale, query(fields))?.processes {
                let id = (row.pid, row.start);
                let name = names.get(&id).cloned().flatten();
                self.facts.insert(id, Facts { name, row, seen: turn });
            }
        }
        if self.facts.len() > snapshot.processes.len() {
            let alive: std::collections::HashSet<Identity> =
                snapshot.processes.iter().map(|row| (row.pid, row.start)).collect();
            self.facts.retain(|id, _| alive.contains(id));
        }
        Ok(())
    }
}

fn count_of<'a, T>(counters: Option<&'a Vec<(OsString, T)>>, name: &OsString) -> Option<&'a T> {
    counters?.iter().find(|(known, _)| known == name).map(|(_, count)| count)
}

fn add_facts(row: &mut Row, facts: &Row) {
    fn copy<T: Clone>(to: &mut Reading<T>, from: &Reading<T>) {
        *to = from.as_ref().map(T::clone);
    }
    copy(&mut row.cmdline, &facts.cmdline);
    copy(&mut row.username, &facts.username);
    copy(&mut row.uids, &facts.uids);
    copy(&mut row.gids, &facts.gids);
    copy(&mut row.exe, &facts.exe);
    copy(&mut row.cwd, &facts.cwd);
}
