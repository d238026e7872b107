//! Computes rates between two snapshots.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::{Counters, Reading, Row, Snapshot};
use crate::{CpuTimes, DiskIo, NetIo, Pid, ProcessCpuTimes};

/// The changes between two snapshots.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rates {
    /// The time between the snapshots.
    pub elapsed: Duration,
    /// Busy share of all CPUs in percent. `None` without counters, or if no time has passed.
    pub cpu_percent: Option<f64>,
    /// Busy share of each CPU in percent, with its number. `None` if the CPU was not online in both snapshots.
    pub cpu_percents: Vec<(u32, Option<f64>)>,
    /// The I/O of each disk.
    pub disks: Vec<(OsString, DiskIo)>,
    /// The traffic of each interface.
    pub nics: Vec<(OsString, NetIo)>,
    /// The processes that are in both snapshots.
    pub processes: Vec<ProcessRates>,
}

/// The changes of one process between two snapshots.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProcessRates {
    /// The pid.
    pub pid: Pid,
    /// The start stamp, which with the pid identifies the process.
    pub start: Option<u64>,
    /// CPU time used in percent of one CPU. `None` if it was not read, or if no time has passed.
    pub cpu_percent: Option<f64>,
    /// Time spent waiting for storage, in percent of the time between the snapshots. `None` if the system does not
    /// count it.
    pub iowait_percent: Option<f64>,
    /// Bytes read from storage per second.
    pub read_bytes_per_second: Option<f64>,
    /// Bytes written to storage per second.
    pub write_bytes_per_second: Option<f64>,
}

impl ProcessRates {
    /// Makes the rates of a process with all rates unknown.
    #[must_use]
    pub const fn new(pid: Pid, start: Option<u64>) -> Self {
        Self {
            pid,
            start,
            cpu_percent: None,
            iowait_percent: None,
            read_bytes_per_second: None,
            write_bytes_per_second: None,
        }
    }
}

impl Snapshot {
    /// Makes a snapshot of these rows, taken at this moment.
    #[must_use]
    pub const fn new(taken: Instant, processes: Vec<Row>, counters: Option<Counters>) -> Self {
        Self { taken, processes, counters, copy: None }
    }

    /// Computes the changes since an earlier snapshot. Rows are paired by pid and start stamp.
    ///
    /// For two captures of one machine, the elapsed time is the difference of their uptimes.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Rates {
        // Read here, because most snapshots of captures are never compared.
        let copied = |snapshot: &Self| snapshot.copy.as_ref()?.uptime().ok();
        let elapsed = match (copied(self), copied(earlier)) {
            (Some(now), Some(then)) => now.saturating_sub(then),
            _ => self.taken.saturating_duration_since(earlier.taken),
        };
        let mut rates = Rates {
            elapsed,
            cpu_percent: None,
            cpu_percents: Vec::new(),
            disks: Vec::new(),
            nics: Vec::new(),
            processes: Vec::new(),
        };
        if let (Some(now), Some(then)) = (&self.counters, &earlier.counters) {
            rates.cpu_percent = now.cpu.since(&then.cpu).busy_percent();
            rates.cpu_percents = cpu_percents(&now.cpus, &then.cpus);
            rates.disks = paired(&now.disks, &then.disks, DiskIo::since);
            rates.nics = paired(&now.nics, &then.nics, NetIo::since);
        }
        let before: HashMap<(Pid, Option<u64>), &Row> =
            earlier.processes.iter().map(|r| ((r.pid, r.start), r)).collect();
        rates.processes = self
            .processes
            .iter()
            .filter_map(|row| Some(row.since(before.get(&(row.pid, row.start))?, elapsed)))
            .collect();
        rates
    }
}

impl Row {
    /// Computes what the process did since an earlier row of the same process, `elapsed` ago.
    ///
    /// [`Snapshot::since`] does this for all processes of two snapshots.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // a rate needs no more than 53 bits
    pub fn since(&self, earlier: &Self, elapsed: Duration) -> ProcessRates {
        let seconds = elapsed.as_secs_f64();
        let rate = |now: f64| (seconds > 0.0).then(|| now / seconds);
        let used = |times: &ProcessCpuTimes| times.user + times.system;
        let cpu = self.cpu_times.value().zip(earlier.cpu_times.value());
        let waited = cpu.and_then(|(n, t)| n.iowait.zip(t.iowait));
        let io = self.io_counters.value().zip(earlier.io_counters.value());
        ProcessRates {
            pid: self.pid,
            start: self.start,
            cpu_percent: cpu.and_then(|(n, t)| rate(used(n).saturating_sub(used(t)).as_secs_f64() * 100.0)),
            iowait_percent: waited.and_then(|(n, t)| rate(n.saturating_sub(t).as_secs_f64() * 100.0)),
            read_bytes_per_second: io.and_then(|(n, t)| rate(n.read_bytes?.saturating_sub(t.read_bytes?) as f64)),
            write_bytes_per_second: io.and_then(|(n, t)| rate(n.write_bytes?.saturating_sub(t.write_bytes?) as f64)),
        }
    }
}

/// Computes the busy share of each CPU. CPUs are paired by number, so an unplugged CPU does not shift the others.
fn cpu_percents(now: &[(u32, CpuTimes)], then: &[(u32, CpuTimes)]) -> Vec<(u32, Option<f64>)> {
    let then: HashMap<u32, &CpuTimes> = then.iter().map(|(cpu, times)| (*cpu, times)).collect();
    now.iter().map(|(cpu, times)| (*cpu, then.get(cpu).and_then(|then| times.since(then).busy_percent()))).collect()
}

/// Computes the differences of entries that are in both lists, paired by name.
fn paired<T>(
    now: &Reading<Vec<(OsString, T)>>,
    then: &Reading<Vec<(OsString, T)>>,
    since: fn(&T, &T) -> T,
) -> Vec<(OsString, T)> {
    let (Some(now), Some(then)) = (now.value(), then.value()) else { return Vec::new() };
    now.iter()
        .filter_map(|(name, now)| {
            let (_, then) = then.iter().find(|(known, _)| known == name)?;
            Some((name.clone(), since(now, then)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_that_was_unplugged_shifts_no_other() {
        let cpu = |number, user, idle| {
            let [user, idle] = [user, idle].map(Duration::from_secs);
            (number, CpuTimes { user, idle, ..CpuTimes::default() })
        };
        let then = [cpu(0, 10, 10), cpu(1, 500, 0), cpu(2, 20, 80)];
        let now = [cpu(0, 11, 11), cpu(2, 21, 82), cpu(3, 1, 1)];
        let percents = cpu_percents(&now, &then);
        assert_eq!(percents.iter().map(|(cpu, _)| *cpu).collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(
            percents.iter().map(|(_, busy)| busy.map(f64::round)).collect::<Vec<_>>(),
            [Some(50.0), Some(33.0), None]
        );
    }
}
