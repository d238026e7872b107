//! Processes that do nothing, which need not be read as often as the others.
//!
//! On most machines few of a thousand processes run between two samples. A process is compared by one file. All else of it
//! is read again only if that has changed, or after [`FRESH`] samples. One that has long been quiet is compared only in
//! every third sample. When it runs again, its rates are over the time since it was last compared.

use std::time::Instant;

use psoxide::{Counters, Field, Pid, Row};

use super::facts::FRESH;
use super::source::Source;
use super::{Entries, Entry};
use crate::process::sample::query;

/// The fields that a process is compared by. All come from one file.
pub(super) const COMPARED: [Field; 8] = [
    Field::Name,
    Field::Ppid,
    Field::Status,
    Field::CpuTimes,
    Field::PageFaults,
    Field::Nice,
    Field::NumThreads,
    Field::IsKernelThread,
];

/// A process that has been the same so many times is quiet.
const QUIET: u32 = 4;

/// Quiet processes are compared once in so many samples.
const STRIDE: u64 = 4;

/// What a sample has read. Everything is in the order of the pids.
pub(super) struct Changes {
    pub(super) taken: Instant,
    pub(super) counters: Option<Counters>,
    /// The processes that are new or have changed.
    pub(super) rows: Vec<Row>,
    /// What these were before.
    pub(super) before: Entries,
    /// The processes that are the same, or were not compared.
    pub(super) same: Entries,
}

impl Changes {
    /// Reads what has changed since the entries `before` were read, which are in the order of their pids.
    pub(super) fn read(source: &mut dyn Source, before: Entries, wanted: &[Field], turn: u64) -> psoxide::Result<Self> {
        let entry = |pid: Pid| before.get(before.binary_search_by_key(&pid, |entry| entry.proc.row.pid).ok()?);
        // The pid spreads the processes over the samples.
        let spread = |pid: Pid, every: u64| (turn + u64::from(pid)).is_multiple_of(every);
        let is_due = |pid: &Pid| {
            entry(*pid).is_none_or(|entry| entry.quiet < QUIET) || spread(*pid, STRIDE) || spread(*pid, FRESH)
        };
        let (due, skipped): (Vec<Pid>, Vec<Pid>) = source.pids()?.into_iter().partition(is_due);
        let compared = source.some_processes(&due, query(COMPARED).with_counters())?;
        let (same, changed): (Vec<&Row>, Vec<&Row>) = compared.processes.iter().partition(|row| {
            !spread(row.pid, FRESH) && entry(row.pid).is_some_and(|entry| is_same(row, &entry.proc.row))
        });
        let pids = |rows: &[&Row]| rows.iter().map(|row| row.pid).collect::<Vec<_>>();
        let (same, changed) = (pids(&same), pids(&changed));
        let rows = match changed.as_slice() {
            [] => Vec::new(),
            changed => source.some_processes(changed, query(wanted.iter().copied()))?.processes,
        };
        let mut changes = Self {
            taken: compared.taken,
            counters: compared.counters,
            rows,
            before: Vec::with_capacity(changed.len()),
            same: Vec::with_capacity(before.len()),
        };
        for mut entry in before {
            let pid = entry.proc.row.pid;
            if same.binary_search(&pid).is_ok() {
                entry.was_quiet(changes.taken);
                changes.same.push(entry);
            } else if skipped.binary_search(&pid).is_ok() {
                changes.same.push(entry);
            } else {
                changes.before.push(entry);
            }
        }
        Ok(changes)
    }
}

impl Entry {
    /// Takes note that the process has done nothing until now.
    fn was_quiet(&mut self, now: Instant) {
        let idle = |rate: &mut Option<f64>| *rate = rate.map(|_| 0.0);
        self.quiet = self.quiet.saturating_add(1);
        self.read = now;
        self.proc.cpu_percent = Some(0.0);
        idle(&mut self.proc.iowait_percent);
        idle(&mut self.proc.read_rate);
        idle(&mut self.proc.write_rate);
    }
}

/// Whether a process is as it was in everything that it is compared by.
fn is_same(now: &Row, then: &Row) -> bool {
    now.start == then.start
        && now.cpu_times.value() == then.cpu_times.value()
        && now.page_faults.value() == then.page_faults.value()
        && now.status.value() == then.status.value()
        && now.name.value() == then.name.value()
        && now.ppid.value() == then.ppid.value()
        && now.nice.value() == then.nice.value()
        && now.num_threads.value() == then.num_threads.value()
}
