//! What has changed since the sample before.
//!
//! On most machines few of a thousand processes run between two samples. Every sample takes the fingerprint of every process.
//! The fields of a process are read again only if its fingerprint has changed.

use std::time::Instant;

use psoxide::{Counters, Field, Pid, Row};

use super::source::{Fingerprint, Fingerprints, Source};
use super::{Entries, Entry};
use crate::process::sample::query;

/// What a sample has read. Everything is in the order of the pids.
pub(super) struct Changes {
    pub(super) taken: Instant,
    pub(super) counters: Option<Counters>,
    /// The processes that are new or have changed.
    pub(super) rows: Vec<Row>,
    /// The fingerprints of all processes; empty if the source has none.
    pub(super) fingerprints: Vec<(Pid, Fingerprint)>,
    /// What the changed processes were before.
    pub(super) before: Entries,
    /// The processes that are the same.
    pub(super) same: Entries,
}

impl Changes {
    /// Reads `fields` of the processes that have changed since the entries `before` were read. `before` is in the order of the
    /// pids, as the fingerprints are.
    pub(super) fn read(
        source: &mut dyn Source,
        Fingerprints { taken, by_pid: fingerprints }: Fingerprints,
        before: Entries,
        fields: &[Field],
    ) -> psoxide::Result<Self> {
        let mut changed: Vec<Pid> = Vec::new();
        let (mut before_changed, mut same) = (Entries::new(), Entries::with_capacity(before.len()));
        let mut before = before.into_iter().peekable();
        for (pid, fingerprint) in &fingerprints {
            while before.next_if(|entry| entry.proc.row.pid < *pid).is_some() {}
            match before.next_if(|entry| entry.proc.row.pid == *pid) {
                Some(mut entry) if fingerprint.is_some() && entry.fingerprint == *fingerprint => {
                    entry.was_idle(taken);
                    same.push(entry);
                }
                entry => {
                    changed.push(*pid);
                    before_changed.extend(entry);
                }
            }
        }
        let read = source.some_processes(&changed, query(fields.iter().copied()).with_counters())?;
        Ok(Self {
            taken: read.taken,
            counters: read.counters,
            rows: read.processes,
            fingerprints,
            before: before_changed,
            same,
        })
    }

    /// Reads `fields` of all processes.
    pub(super) fn read_all(source: &mut dyn Source, before: Entries, fields: &[Field]) -> psoxide::Result<Self> {
        let all = source.processes(query(fields.iter().copied()).with_counters())?;
        Ok(Self {
            taken: all.taken,
            counters: all.counters,
            rows: all.processes,
            fingerprints: Vec::new(),
            before,
            same: Entries::new(),
        })
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
