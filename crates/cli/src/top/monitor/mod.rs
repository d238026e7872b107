//! The machine and its processes, sampled again and again.

mod facts;
pub(crate) mod history;
pub(crate) mod source;
mod threads;

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use psoxide::{Counters, DiskIo, Field, NetIo, Pid, Process, ProcessRates, ProcessStatus, Snapshot};

use self::facts::{FRESH, Facts};
use self::history::History;
use self::source::{Gauges, Sensors, Source};
use self::threads::Threads;
use crate::process::Proc;
use crate::process::sample::{proc, query, thin};

/// The pid and the start of a process, which no later process shares.
pub(crate) type Identity = (Pid, Option<u64>);

/// The sensors are read at most this often.
const SENSORS: Duration = Duration::from_secs(2);

/// The fields that every sample has, as they come from a file that is read anyway.
const ALWAYS: [Field; 6] =
    [Field::Name, Field::Ppid, Field::Status, Field::CpuTimes, Field::CreateTime, Field::IsKernelThread];

/// A row of the table: a process, or one of its threads.
pub(crate) struct Entry {
    pub(crate) proc: Proc,
    /// The process of a thread.
    pub(crate) thread_of: Option<Identity>,
}

impl Entry {
    /// The identity of the row.
    pub(crate) fn id(&self) -> Identity {
        (self.proc.row.pid, self.proc.row.start)
    }

    /// The identity of the process.
    pub(crate) fn process(&self) -> Identity {
        self.thread_of.unwrap_or_else(|| self.id())
    }

    /// Whether it is a thread of the kernel.
    pub(crate) fn is_kernel(&self) -> bool {
        self.proc.row.is_kernel_thread.value().is_some_and(|kernel| *kernel)
    }
}

/// The figures of the machine.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(crate) host: String,
    pub(crate) gauges: Gauges,
    pub(crate) sensors: Sensors,
    /// Busy part of each CPU in percent.
    pub(crate) cpus: Vec<(u32, Option<f64>)>,
    /// What the whole disks did since the sample before.
    pub(crate) disks: Vec<(OsString, DiskIo)>,
    pub(crate) nics: Vec<(OsString, NetIo)>,
    /// The time since the sample before.
    pub(crate) window: Duration,
    /// Processes, without the threads of the kernel.
    pub(crate) processes: usize,
    pub(crate) kernel_threads: usize,
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
    source: Box<dyn Source>,
    pub(crate) machine: Machine,
    /// Processes and, if they are wanted, their threads.
    pub(crate) entries: Vec<Entry>,
    /// The time of the machine at the last sample.
    pub(crate) now: SystemTime,
    last: Option<Snapshot>,
    rates: HashMap<Identity, ProcessRates>,
    facts: Facts,
    threads: Threads,
    whole_disks: Vec<OsString>,
    sensors_read: Option<SystemTime>,
    turn: u64,
}

impl Monitor {
    pub(crate) fn new(source: Box<dyn Source>, host: &str) -> Self {
        Self {
            now: source.now(),
            source,
            machine: Machine { host: crate::output::escape(host.as_ref()), ..Machine::default() },
            entries: Vec::new(),
            last: None,
            rates: HashMap::new(),
            facts: Facts::default(),
            threads: Threads::default(),
            whole_disks: Vec::new(),
            sensors_read: None,
            turn: 0,
        }
    }

    /// Whether a later sample differs from an earlier one.
    pub(crate) fn moves(&self) -> bool {
        self.source.moves()
    }

    /// Opens a process.
    pub(crate) fn open(&self, pid: Pid) -> psoxide::Result<Process> {
        self.source.process(pid)
    }

    /// Reads once more. `wanted` are the fields of the columns that are shown, sorted by or tested.
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
            // Without a sample before it, the first frame shows the averages since boot.
            self.machine.cpus = counters.cpus.iter().map(|(cpu, times)| (*cpu, times.busy_percent())).collect();
            if !self.source.moves() {
                self.machine.history.cpu.push(counters.cpu.busy_percent().unwrap_or(0.0));
            }
        }
        self.read_machine();
        self.facts.read(&mut *self.source, wanted, &snapshot, self.turn)?;
        let counters = snapshot.counters.take();
        let mut last = thin(&snapshot);
        last.counters = counters;
        self.last = Some(last);
        self.threads.turn();
        self.show(snapshot);
        self.remember_process();
        self.turn += 1;
        Ok(())
    }

    /// Reads fields that have come to be wanted between two samples. Rates and graphs stay as they are, because over so
    /// short a time they would mean little.
    pub(crate) fn look_again(&mut self, wanted: &[Field]) -> psoxide::Result<()> {
        let snapshot = self.snapshot(wanted, false)?;
        self.facts.read(&mut *self.source, wanted, &snapshot, self.turn)?;
        self.show(snapshot);
        Ok(())
    }

    fn snapshot(&mut self, wanted: &[Field], counters: bool) -> psoxide::Result<Snapshot> {
        let fields = wanted.iter().filter(|field| !Facts::keep(**field)).chain(&ALWAYS).copied();
        self.now = self.source.now();
        let query = query(fields);
        self.source.processes(if counters { query.with_counters() } else { query })
    }

    /// Makes the processes of a snapshot those that are shown.
    fn show(&mut self, snapshot: Snapshot) {
        let gauges = &self.machine.gauges;
        let memory = gauges.memory.as_ref().map(|memory| memory.total);
        let clock = gauges.boot_time.zip(gauges.uptime).and_then(|(boot, up)| boot.checked_add(up));
        let counts_waits = self.source.counts_waits();
        let mut entries = Vec::with_capacity(snapshot.processes.len());
        for mut row in snapshot.processes {
            self.facts.add_to(&mut row);
            let rate = self.rates.get(&(row.pid, row.start)).cloned();
            let mut proc = proc(row, rate, memory, clock);
            proc.iowait_percent = proc.iowait_percent.filter(|_| counts_waits);
            let threads = self.threads.entries(&mut proc, self.machine.window);
            entries.push(Entry { proc, thread_of: None });
            entries.extend(threads);
        }
        self.entries = entries;
        let processes = || self.entries.iter().filter(|entry| entry.thread_of.is_none());
        let running = |entry: &&Entry| entry.proc.row.status.value() == Some(&ProcessStatus::Running);
        self.machine.kernel_threads = processes().filter(|entry| entry.is_kernel()).count();
        self.machine.processes = processes().count() - self.machine.kernel_threads;
        self.machine.running = processes().filter(running).count();
    }

    /// The row with this identity, while there is one.
    pub(crate) fn find(&self, id: Identity) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id() == id)
    }

    /// Makes this process the one whose graphs are kept.
    pub(crate) fn watch(&mut self, id: Identity) {
        if self.machine.history.process.of != Some(id) {
            self.machine.history.process = ProcessHistory { of: Some(id), ..ProcessHistory::default() };
            self.remember_process();
        }
    }

    fn read_machine(&mut self) {
        let machine = &mut self.machine;
        machine.gauges = self.source.gauges();
        machine.history.memory.push(machine.gauges.memory.as_ref().map_or(0.0, |memory| memory.percent));
        let age = self.sensors_read.map(|read| self.now.duration_since(read).unwrap_or(SENSORS));
        if age.is_none_or(|age| age >= SENSORS) {
            machine.sensors = self.source.sensors();
            self.sensors_read = Some(self.now);
        }
    }

    /// Keeps what the devices did. Loop devices and interfaces that have never been used are left out.
    fn read_devices(&mut self, disks: Vec<(OsString, DiskIo)>, nics: Vec<(OsString, NetIo)>, now: Option<&Counters>) {
        if self.turn.is_multiple_of(FRESH) || self.whole_disks.is_empty() {
            self.whole_disks = self.source.whole_disks();
        }
        let now_disks = now.and_then(|counters| counters.disks.value());
        let now_nics = now.and_then(|counters| counters.nics.value());
        let machine = &mut self.machine;
        machine.disks = disks;
        machine.disks.retain(|(name, _)| {
            self.whole_disks.contains(name)
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
        let Some(process) = self.find(id).map(|entry| &entry.proc) else { return };
        let cpu = process.cpu_percent.unwrap_or(0.0);
        let rss = process.row.memory_info.value().map_or(0.0, |memory| memory.rss as f64);
        let io = process.read_rate.unwrap_or(0.0) + process.write_rate.unwrap_or(0.0);
        let history = &mut self.machine.history.process;
        history.cpu.push(cpu);
        history.memory.push(rss);
        history.io.push(io);
    }
}

fn count_of<'a, T>(counters: Option<&'a Vec<(OsString, T)>>, name: &OsString) -> Option<&'a T> {
    counters?.iter().find(|(known, _)| known == name).map(|(_, count)| count)
}
