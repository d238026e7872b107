//! Samples of a machine that is written down, as any other source could give them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // in the helpers too, a failure is a failed test

use std::cell::RefCell;
use std::ffi::OsString;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use psoxide::{Field, MemoryInfo, Pid, Process, ProcessCpuTimes, Query, Reading, Record as _, Row, Snapshot};

use super::Monitor;
use super::source::{Fingerprints, Gauges, Sensors, Source};

/// A process at one moment: pid, start, CPU time in milliseconds.
type Written = (Pid, u64, u64);

/// A machine of which every second is written down.
struct Script {
    seconds: Vec<Vec<Written>>,
    begun: Instant,
    /// The present second, and of which processes memory was read in each.
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    second: usize,
    asked: Vec<Pid>,
    read: Vec<Pid>,
}

impl Script {
    fn row((pid, start, cpu): Written, query: &Query) -> Row {
        let mut row = Row::new(pid, Some(start));
        row.name = Reading::Value(format!("p{start}").into());
        row.cpu_times = Reading::Value(ProcessCpuTimes::with(|times| times.user = Duration::from_millis(cpu)));
        if query.fields.contains(Field::MemoryInfo) {
            row.memory_info = Reading::Value(MemoryInfo::with(|memory| memory.rss = cpu * 1024));
        }
        if query.fields.contains(Field::Cmdline) {
            row.cmdline = Reading::Value(vec!["p".into()]);
        }
        row
    }

    fn snapshot(&self, pids: Option<&[Pid]>, query: Query) -> Snapshot {
        let mut state = self.state.borrow_mut();
        let now = &self.seconds[state.second];
        let wanted = now.iter().filter(|(pid, ..)| pids.is_none_or(|pids| pids.contains(pid)));
        let processes: Vec<Row> = wanted.map(|process| Self::row(*process, &query)).collect();
        state.asked.extend(processes.iter().map(|row| row.pid));
        if query.fields.contains(Field::MemoryInfo) {
            state.read.extend(processes.iter().map(|row| row.pid));
        }
        let taken = self.begun + Duration::from_secs(state.second as u64);
        Snapshot::new(taken, processes, None)
    }
}

impl Source for Script {
    fn moves(&self) -> bool {
        true
    }
    fn fingerprints(&mut self) -> Option<Fingerprints> {
        let mut state = self.state.borrow_mut();
        let now = &self.seconds[state.second];
        state.asked.extend(now.iter().map(|(pid, ..)| *pid));
        Some(Fingerprints {
            taken: self.begun + Duration::from_secs(state.second as u64),
            by_pid: now.iter().map(|(pid, start, cpu)| (*pid, Some(start << 32 | cpu))).collect(),
        })
    }
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    fn processes(&mut self, query: Query) -> psoxide::Result<Snapshot> {
        Ok(self.snapshot(None, query))
    }
    fn some_processes(&mut self, pids: &[Pid], query: Query) -> psoxide::Result<Snapshot> {
        Ok(self.snapshot(Some(pids), query))
    }
    fn gauges(&mut self) -> Gauges {
        Gauges::default()
    }
    fn sensors(&mut self) -> Sensors {
        Sensors::default()
    }
    fn whole_disks(&mut self) -> Vec<OsString> {
        Vec::new()
    }
    fn process(&self, _: Pid) -> Option<Process> {
        None
    }
    fn counts_waits(&self) -> bool {
        false
    }
}

/// A monitor of these seconds, and what is asked of them.
fn monitor(seconds: Vec<Vec<Written>>) -> (Monitor, Rc<RefCell<State>>) {
    let state = Rc::new(RefCell::new(State::default()));
    let script = Script { seconds, begun: Instant::now(), state: Rc::clone(&state) };
    (Monitor::new(Box::new(script), "script"), state)
}

/// Takes the next sample; pid, CPU percent and resident KiB of each process.
fn next(monitor: &mut Monitor, state: &RefCell<State>, second: usize) -> Vec<(Pid, Option<f64>, u64)> {
    {
        let mut state = state.borrow_mut();
        (state.second, state.asked, state.read) = (second, Vec::new(), Vec::new());
    }
    monitor.sample(&[Field::MemoryInfo]).unwrap();
    let row = |entry: &super::Entry| {
        let process = &entry.proc;
        (process.row.pid, process.cpu_percent, process.row.memory_info.value().map_or(0, |memory| memory.rss / 1024))
    };
    monitor.entries.iter().map(|entry| row(entry)).collect()
}

#[test]
fn what_is_the_same_is_not_read_again() {
    let quiet = |pid| (pid, 1, 100);
    let seconds = (0..6).map(|second| vec![quiet(1), (2, 1, second * 500), quiet(301)]).collect();
    let (mut monitor, state) = monitor(seconds);
    next(&mut monitor, &state, 0);
    assert_eq!(state.borrow().read, [1, 2, 301]);
    for second in 1..6 {
        let shown = next(&mut monitor, &state, second);
        assert_eq!(state.borrow().read, [2], "second {second}");
        assert_eq!(shown, [(1, Some(0.0), 100), (2, Some(50.0), second as u64 * 500), (301, Some(0.0), 100)]);
    }
}

#[test]
fn what_the_fingerprint_does_not_cover_is_read_in_every_sample() {
    let (mut monitor, state) = monitor(vec![vec![(1, 1, 100), (2, 1, 100)]; 3]);
    for _ in 0..3 {
        state.borrow_mut().read.clear();
        // A process can read a few bytes within one tick of its CPU time.
        monitor.sample(&[Field::MemoryInfo, Field::IoCounters]).unwrap();
        assert_eq!(state.borrow().read, [1, 2]);
    }
}

#[test]
fn facts_of_an_idle_process_are_read_again_now_and_then() {
    let (mut monitor, state) = monitor(vec![vec![(1, 1, 100), (2, 1, 100)]]);
    let mut read = 0;
    for _ in 0..61 {
        state.borrow_mut().asked.clear();
        monitor.sample(&[Field::Cmdline]).unwrap();
        // Once by its fingerprint; what is more is for the facts.
        read += state.borrow().asked.iter().filter(|pid| **pid == 2).count() - 1;
    }
    // In the first sample, and twice since. The first also reads the fields.
    assert_eq!(read, 4);
}

#[test]
fn an_idle_process_that_runs_again_is_seen_in_the_same_second() {
    // They do nothing for ten seconds, and then half a second of work in each.
    let cpu = |second: u64| 100 + second.saturating_sub(10) * 500;
    let idle = [2, 3, 4, 5];
    let seconds: Vec<Vec<Written>> =
        (0..16).map(|second| idle.iter().map(|pid| (*pid, 1, cpu(second))).collect()).collect();
    let (mut monitor, state) = monitor(seconds);
    for second in 0..16 {
        let shown = next(&mut monitor, &state, second);
        let seen: std::collections::BTreeSet<Pid> = state.borrow().asked.iter().copied().collect();
        assert!(seen.into_iter().eq(idle), "second {second}");
        let percent = if second > 10 { Some(50.0) } else { Some(0.0) }.filter(|_| second > 0);
        assert_eq!(shown, idle.map(|pid| (pid, percent, cpu(second as u64))), "second {second}");
    }
}

#[test]
fn processes_begin_end_and_take_pids_over() {
    let seconds =
        vec![vec![(1, 1, 100), (2, 1, 100)], vec![(1, 1, 100), (2, 7, 30), (5, 8, 10)], vec![(2, 7, 80), (5, 8, 10)]];
    let (mut monitor, state) = monitor(seconds);
    next(&mut monitor, &state, 0);
    let shown = next(&mut monitor, &state, 1);
    // The new ones have no sample before, and no clock to tell how long they have run.
    assert_eq!(shown, [(1, Some(0.0), 100), (2, None, 30), (5, None, 10)]);
    assert_eq!(next(&mut monitor, &state, 2), [(2, Some(5.0), 80), (5, Some(0.0), 10)]);
}

#[test]
fn looking_again_keeps_the_rates() {
    let (mut monitor, state) = monitor(vec![vec![(2, 1, 0)], vec![(2, 1, 300)], vec![(2, 1, 400)]]);
    next(&mut monitor, &state, 0);
    next(&mut monitor, &state, 1);
    monitor.look_again(&[Field::MemoryInfo, Field::NumFds]).unwrap();
    assert_eq!(monitor.entries[0].proc.cpu_percent, Some(30.0));
    assert_eq!(next(&mut monitor, &state, 2)[0].1, Some(10.0));
}
