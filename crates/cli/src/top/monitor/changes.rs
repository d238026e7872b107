//! What has changed since the sample before.
//!
//! On most machines few of a thousand processes run between two samples. Every process is compared in every sample, by one
//! file. Everything else about it is read again only if that file has changed, or after [`FRESH`] samples.

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

/// What a sample has read. Everything is in the order of the pids.
pub(super) struct Changes {
    pub(super) taken: Instant,
    pub(super) counters: Option<Counters>,
    /// The processes that are new or have changed.
    pub(super) rows: Vec<Row>,
    /// What these were before.
    pub(super) before: Entries,
    /// The processes that are the same.
    pub(super) same: Entries,
}

impl Changes {
    /// Reads what has changed since the entries `before` were read, which are in the order of their pids.
    pub(super) fn read(source: &mut dyn Source, before: Entries, wanted: &[Field], turn: u64) -> psoxide::Result<Self> {
        let compared = source.processes(query(COMPARED).with_counters())?;
        let mut changed: Vec<Pid> = Vec::new();
        let mut changes = Self {
            taken: compared.taken,
            counters: compared.counters,
            rows: Vec::new(),
            before: Vec::new(),
            same: Vec::with_capacity(before.len()),
        };
        let mut before = before.into_iter().peekable();
        for row in &compared.processes {
            while before.next_if(|entry| entry.proc.row.pid < row.pid).is_some() {}
            let entry = before.next_if(|entry| entry.proc.row.pid == row.pid);
            // The pid spreads the processes over the samples.
            let is_fresh = !(turn + u64::from(row.pid)).is_multiple_of(FRESH);
            match entry {
                Some(mut entry) if is_fresh && is_same(row, &entry.proc.row) => {
                    entry.was_idle(changes.taken);
                    changes.same.push(entry);
                }
                entry => {
                    changed.push(row.pid);
                    changes.before.extend(entry);
                }
            }
        }
        if !changed.is_empty() {
            changes.rows = source.some_processes(&changed, query(wanted.iter().copied()))?.processes;
        }
        Ok(changes)
    }
}

impl Entry {
    /// Takes note that the process has done nothing until now.
    fn was_idle(&mut self, now: Instant) {
        let idle = |rate: &mut Option<f64>| *rate = rate.map(|_| 0.0);
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
