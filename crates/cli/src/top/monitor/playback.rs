//! A history as a source: one sample after another, forward and back.

use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

use psoxide::{Pid, Process, Query, Snapshot};
use psoxide_history::{History, Sample};

use super::source::{Gauges, Machine, Sensors, Source, Step};
use crate::failure::Failure;

/// A history, and the sample of it that is shown.
pub(crate) struct Playback {
    history: History,
    sample: Sample,
    machine: Machine,
    /// The moment that stands for the time `zero`.
    origin: Instant,
    zero: i64,
}

impl Playback {
    pub(crate) fn new(mut history: History, sample: Sample) -> Result<Self, Failure> {
        let cannot = crate::recorded::cannot_read(&history);
        let zero = history.list().map_err(cannot)?.iter().map(|segment| segment.first).min().unwrap_or(sample.time);
        let machine = Machine::new(sample.system());
        Ok(Self { history, sample, machine, origin: Instant::now(), zero })
    }

    fn show(&mut self, sample: Sample) {
        self.machine = Machine::new(sample.system());
        self.sample = sample;
    }

    /// The snapshot as one that was taken at the time of the sample.
    fn dated(&self, mut snapshot: Snapshot) -> Snapshot {
        let since = u64::try_from(self.sample.time.saturating_sub(self.zero)).unwrap_or(0);
        snapshot.taken = self.origin.checked_add(Duration::from_millis(since)).unwrap_or(self.origin);
        snapshot
    }

    fn found(&mut self, step: Step) -> std::io::Result<Option<Sample>> {
        match step {
            Step::Before => self.history.before(&self.sample),
            Step::After => self.history.after(&self.sample),
            Step::By(seconds) => {
                self.history.refresh()?;
                let wanted = self.sample.time.saturating_add(seconds.saturating_mul(1000));
                // Before the first sample there is none.
                let found = self.history.at(wanted)?;
                Ok(found.filter(|found| found.sequence != self.sample.sequence))
            }
        }
    }
}

impl Source for Playback {
    fn moves(&self) -> bool {
        true
    }

    fn recorded(&self) -> Option<SystemTime> {
        Some(self.sample.taken())
    }

    fn step(&mut self, step: Step) -> Result<bool, String> {
        let found = self.found(step).map_err(|error| error.to_string())?;
        let is_found = found.is_some();
        found.into_iter().for_each(|sample| self.show(sample));
        Ok(is_found)
    }

    fn now(&self) -> SystemTime {
        self.machine.now()
    }

    fn processes(&mut self, query: Query) -> psoxide::Result<Snapshot> {
        self.machine.processes(query).map(|snapshot| self.dated(snapshot))
    }

    fn some_processes(&mut self, pids: &[Pid], query: Query) -> psoxide::Result<Snapshot> {
        self.machine.some_processes(pids, query).map(|snapshot| self.dated(snapshot))
    }

    fn gauges(&mut self) -> Gauges {
        self.machine.gauges()
    }

    fn sensors(&mut self) -> Sensors {
        self.machine.sensors()
    }

    fn whole_disks(&mut self) -> Vec<OsString> {
        self.machine.whole_disks()
    }

    fn process(&self, pid: Pid) -> Option<Process> {
        self.machine.process(pid)
    }

    fn counts_waits(&self) -> bool {
        self.machine.counts_waits()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a failure is a failed test
mod tests {
    use psoxide::{Moment, Os, Reading, System};
    use psoxide_history::{Options, Recorder};

    use super::*;

    #[test]
    fn the_time_of_a_sample_is_by_the_clock_that_starts_are_counted_by() {
        let folder = tempfile::tempdir().unwrap();
        let booted = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let up = Duration::from_millis(10_500);
        let mut moment = Moment::new(Os::Linux);
        moment.host = Reading::Value(psoxide::HostInfo::default());
        (moment.boot_time, moment.uptime) = (Reading::Value(booted), Reading::Value(up));
        let mut recorder = Recorder::open(&System::replay(moment), folder.path(), &Options::default()).unwrap();
        let mut moment = Moment::new(Os::Linux);
        (moment.boot_time, moment.uptime) = (Reading::Value(booted), Reading::Value(up));
        // The kernel's time of boot is in whole seconds, this clock is not.
        recorder.append(booted + up + Duration::from_millis(900), &moment).unwrap();
        let mut history = History::open(folder.path()).unwrap();
        let sample = history.at(i64::MAX).unwrap().unwrap();
        assert_eq!(Playback::new(history, sample).unwrap().now(), booted + up);
    }
}
