//! The machine and its processes, sampled again and again.

mod changes;
mod facts;
pub(crate) mod history;
#[cfg(all(feature = "history", target_os = "linux"))]
pub(crate) mod playback;
pub(crate) mod source;
mod threads;

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

use psoxide::{Counters, DiskIo, Field, NetIo, Pid, Process, ProcessRates, ProcessStatus, Reading, Row, Snapshot};

use self::changes::Changes;
use self::facts::{FRESH, Facts};
use self::history::History;
use self::source::{Fingerprint, Gauges, Sensors, Source, Step};
use self::threads::Threads;
use crate::process::Proc;
use crate::process::sample::{Since, proc, query};

/// The pid and the start of a process, which no later process shares.
pub(crate) type Identity = (Pid, Option<u64>);

/// The sensors are read at most this often.
const SENSORS: Duration = Duration::from_secs(2);

/// A row of the table: a process, or one of its threads.
pub(crate) struct Entry {
    pub(crate) proc: Proc,
    /// The process of a thread.
    pub(crate) thread_of: Option<Identity>,
    /// When its counters were last read.
    read: Instant,
    /// The fingerprint of the process when its fields were read.
    fingerprint: Fingerprint,
}

/// Rows, in the order of the pids. They are large, and handed on by the thousand.
#[allow(clippy::vec_box)]
pub(crate) type Entries = Vec<Box<Entry>>;

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
    /// Processes and, if threads are rows, their threads.
    pub(crate) entries: Entries,
    /// The time of the machine at the last sample.
    pub(crate) now: SystemTime,
    /// The counters of the machine at the last sample.
    last: Option<Snapshot>,
    /// The fields that the entries have.
    held: Vec<Field>,
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
            held: Vec::new(),
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

    /// Returns when the sample was taken that is shown, if it is recorded.
    pub(crate) fn recorded(&self) -> Option<SystemTime> {
        self.source.recorded()
    }

    /// Moves to another recorded sample. Returns whether there is one.
    pub(crate) fn step(&mut self, step: Step) -> Result<bool, String> {
        self.source.step(step)
    }

    /// Forgets the samples so far: the next one does not follow them.
    pub(crate) fn forget(&mut self) {
        self.last = None;
        self.entries.clear();
        let of = self.machine.history.process.of;
        self.machine.history = Histories::default();
        self.machine.history.process.of = of;
    }

    /// Opens a process, if it has not ended and the source can.
    pub(crate) fn open(&self, pid: Pid) -> Option<Process> {
        self.source.process(pid)
    }

    /// Reads once more. `wanted` are the fields of the columns that are shown, sorted by or tested.
    pub(crate) fn sample(&mut self, wanted: &[Field]) -> psoxide::Result<()> {
        let fields = fields(wanted);
        let mut before = std::mem::take(&mut self.entries);
        before.retain(|entry| entry.thread_of.is_none());
        if self.held != fields {
            before.iter_mut().for_each(|entry| entry.fingerprint = None);
        }
        self.now = self.source.now();
        let is_apart = fields.iter().any(|field| APART.contains(field));
        let fingerprints = if is_apart { None } else { self.source.fingerprints() };
        let mut changes = match fingerprints {
            Some(fingerprints) => Changes::read(&mut *self.source, fingerprints, before, &fields)?,
            None => Changes::read_all(&mut *self.source, before, &fields)?,
        };
        self.read_counters(changes.taken, changes.counters);
        self.read_machine();
        self.facts.read(&mut *self.source, wanted, &changes.rows, &mut changes.same, self.turn)?;
        self.threads.turn();
        let mut before = changes.before.into_iter().peekable();
        let earlier = |row: &Row, taken: Instant| {
            while before.next_if(|entry| entry.proc.row.pid < row.pid).is_some() {}
            let entry = before.next_if(|entry| entry.id() == (row.pid, row.start))?;
            Some(row.since(&entry.proc.row, taken.saturating_duration_since(entry.read)))
        };
        self.show(changes.rows, changes.same, changes.taken, earlier);
        let mut fingerprints = changes.fingerprints.into_iter().peekable();
        for entry in self.entries.iter_mut().filter(|entry| entry.thread_of.is_none()) {
            while fingerprints.next_if(|(pid, _)| *pid < entry.proc.row.pid).is_some() {}
            entry.fingerprint = fingerprints.next_if(|(pid, _)| *pid == entry.proc.row.pid).and_then(|(_, of)| of);
        }
        self.held = fields;
        self.remember_process();
        self.turn += 1;
        Ok(())
    }

    /// Reads fields that have come to be wanted between two samples. Rates and graphs stay as they are, because over so
    /// short a time they would mean little.
    pub(crate) fn look_again(&mut self, wanted: &[Field]) -> psoxide::Result<()> {
        let fields = fields(wanted);
        self.now = self.source.now();
        let mut rows = self.source.processes(query(fields.iter().copied()))?.processes;
        self.facts.read(&mut *self.source, wanted, &rows, &mut Entries::new(), self.turn)?;
        let before: HashMap<Identity, Box<Entry>> =
            std::mem::take(&mut self.entries).into_iter().map(|entry| (entry.id(), entry)).collect();
        for row in &mut rows {
            if let Some(entry) = before.get(&(row.pid, row.start)) {
                keep(&mut row.cpu_times, &entry.proc.row.cpu_times);
                keep(&mut row.io_counters, &entry.proc.row.io_counters);
            }
        }
        self.show(rows, Vec::new(), Instant::now(), |_, _| None);
        for entry in &mut self.entries {
            if let Some(known) = before.get(&entry.id()) {
                // What has changed since that fingerprint is read again by the next sample.
                (entry.read, entry.fingerprint) = (known.read, known.fingerprint);
                let (proc, known) = (&mut entry.proc, &known.proc);
                proc.cpu_percent = known.cpu_percent;
                proc.iowait_percent = known.iowait_percent;
                proc.read_rate = known.read_rate.or(proc.read_rate);
                proc.write_rate = known.write_rate.or(proc.write_rate);
            }
        }
        self.held = fields;
        Ok(())
    }

    /// Takes the rates of the machine from its counters.
    fn read_counters(&mut self, taken: Instant, counters: Option<Counters>) {
        let snapshot = Snapshot::new(taken, Vec::new(), counters);
        if self.last.is_none() {
            self.machine.window = Duration::ZERO;
        }
        if let Some(rates) = self.last.as_ref().map(|last| snapshot.since(last)) {
            self.machine.window = rates.elapsed;
            self.machine.cpus = rates.cpu_percents;
            self.machine.history.cpu.push(rates.cpu_percent.unwrap_or(0.0));
            self.read_devices(rates.disks, rates.nics, snapshot.counters.as_ref());
        } else if let Some(counters) = &snapshot.counters {
            // Without a sample before it, the first frame shows the averages since boot.
            self.machine.cpus = counters.cpus.iter().map(|(cpu, times)| (*cpu, times.busy_percent())).collect();
            if !self.source.moves() {
                self.machine.history.cpu.push(counters.cpu.busy_percent().unwrap_or(0.0));
            }
        }
        self.last = Some(snapshot);
    }

    /// Makes these rows and the entries that are the same those that are shown.
    fn show(
        &mut self,
        rows: Vec<Row>,
        same: Entries,
        taken: Instant,
        mut rates: impl FnMut(&Row, Instant) -> Option<ProcessRates>,
    ) {
        let gauges = &self.machine.gauges;
        let memory = gauges.memory.as_ref().map(|memory| memory.total);
        let counts_waits = self.source.counts_waits();
        let window = Some(self.machine.window).filter(|window| !window.is_zero());
        let since = Since { clock: Some(self.now), window };
        let mut entries = Vec::with_capacity(rows.len() + same.len());
        let mut same = same.into_iter().peekable();
        for mut row in rows {
            entries.extend(std::iter::from_fn(|| same.next_if(|entry| entry.proc.row.pid < row.pid)));
            self.facts.add_to(&mut row);
            let rate = rates(&row, taken);
            let mut proc = proc(row, rate, memory, since);
            proc.iowait_percent = proc.iowait_percent.filter(|_| counts_waits);
            let threads = self.threads.entries(&mut proc, self.machine.window);
            entries.push(Box::new(Entry { proc, thread_of: None, read: taken, fingerprint: None }));
            entries.extend(threads);
        }
        entries.extend(same);
        self.entries = entries;
        self.facts.forget(self.entries.iter().map(|entry| entry.id()));
        let machine = &mut self.machine;
        (machine.processes, machine.kernel_threads, machine.running) = (0, 0, 0);
        for entry in self.entries.iter().filter(|entry| entry.thread_of.is_none()) {
            *(if entry.is_kernel() { &mut machine.kernel_threads } else { &mut machine.processes }) += 1;
            let is_running = entry.proc.row.status.value() == Some(&ProcessStatus::Running);
            machine.running += usize::from(is_running);
        }
    }

    /// The row with this identity, while there is one.
    pub(crate) fn find(&self, id: Identity) -> Option<&Entry> {
        self.entries.iter().map(|entry| &**entry).find(|entry| entry.id() == id)
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

/// The fields that the view always needs. On Linux all but the last come from one file.
const ALWAYS: [Field; 9] = [
    Field::Name,
    Field::Ppid,
    Field::Status,
    Field::CpuTimes,
    Field::PageFaults,
    Field::Nice,
    Field::NumThreads,
    Field::IsKernelThread,
    Field::CreateTime,
];

/// The fields that can change while the fingerprint of a process stays the same.
const APART: [Field; 7] = [
    Field::NumCtxSwitches,
    Field::NumFds,
    Field::NumHandles,
    Field::IoCounters,
    Field::MemoryFootprint,
    Field::OomScore,
    Field::ThreadDetails,
];

/// The fields to read of each process for these columns.
fn fields(wanted: &[Field]) -> Vec<Field> {
    let mut fields: Vec<Field> = wanted.iter().copied().filter(|field| !Facts::keep(*field)).collect();
    fields.extend(ALWAYS);
    fields
}

/// Puts an earlier value in the place of a later one.
fn keep<T: Clone>(now: &mut Reading<T>, then: &Reading<T>) {
    if let Reading::Value(value) = then {
        *now = Reading::Value(value.clone());
    }
}

fn count_of<'a, T>(counters: Option<&'a Vec<(OsString, T)>>, name: &OsString) -> Option<&'a T> {
    counters?.iter().find(|(known, _)| known == name).map(|(_, count)| count)
}

#[cfg(test)]
mod tests;
