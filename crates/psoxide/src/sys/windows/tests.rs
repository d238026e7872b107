//! Counts the questions that readings ask of a capture.
#![cfg(feature = "capture")]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::path::Path;

use crate::sys::any;
use crate::{Field, Pid, System};

fn machine() -> System {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/windows");
    System::at_root(testdata.join("10.0.19043-amd64-wine-recorded.txt.gz")).unwrap()
}

/// Counts the questions that `read` asks.
fn questions<T>(system: &System, read: impl FnOnce(&System) -> T) -> usize {
    let any::Source::Windows(source) = system.source() else { panic!("not Windows") };
    let before = source.kernel().asked();
    read(system);
    source.kernel().asked() - before
}

/// Returns the pid of a process that may be opened.
fn probe(system: &System) -> Pid {
    let mut processes = system.processes().unwrap().into_iter();
    processes.find(|process| process.name().unwrap() == "probe.exe").unwrap().pid()
}

#[test]
fn one_table_serves_a_snapshot() {
    let fields = [
        Field::Name,
        Field::Ppid,
        Field::Status,
        Field::CreateTime,
        Field::CpuTimes,
        Field::MemoryInfo,
        Field::IoCounters,
        Field::NumThreads,
        Field::NumHandles,
        Field::NumCtxSwitches,
        Field::PageFaults,
    ];
    let system = machine();
    assert_eq!(questions(&system, |system| system.snapshot(fields).unwrap()), 1);
}

#[test]
fn a_process_is_opened_once_in_a_snapshot() {
    let system = machine();
    let processes = system.pids().unwrap().len();
    // One for the table, and two for each process: the handle and its priority. One process cannot be opened.
    assert_eq!(questions(&system, |system| system.snapshot([Field::Nice]).unwrap()), 1 + 2 * processes - 1);
}

#[test]
fn a_oneshot_reads_the_table_once_and_opens_the_process_once() {
    let system = machine();
    let probe = system.process(probe(&system)).unwrap();
    let all = |p: &crate::Process| {
        p.name().unwrap();
        p.ppid().unwrap();
        p.status().unwrap();
        p.num_threads().unwrap();
        p.threads().unwrap();
        p.num_ctx_switches().unwrap();
        p.page_faults().unwrap();
        p.memory_details().unwrap();
        p.cpu_times().unwrap();
        p.memory_info().unwrap();
        p.io_counters().unwrap();
        p.num_handles().unwrap();
        p.nice().unwrap();
        p.exe().unwrap();
        p.username().unwrap();
    };
    // The table, the handle, and values that only the handle has: priority, executable, account and its name.
    assert_eq!(questions(&system, |_| all(&probe.oneshot())), 6);
    // Read separately, eight values come from the table and the others through a handle.
    assert_eq!(questions(&system, |_| all(&probe)), 8 + (1 + 2 + 2 + 2) + (2 + 2 + 3));
}

#[test]
fn a_single_reading_of_the_handle_needs_no_table() {
    let system = machine();
    let probe = system.process(probe(&system)).unwrap();
    assert_eq!(questions(&system, |_| probe.cpu_times().unwrap()), 1);
    assert_eq!(questions(&system, |_| probe.memory_info().unwrap()), 2);
    assert_eq!(questions(&system, |_| probe.name().unwrap()), 1);
}

#[test]
fn listings_are_one_question() {
    let system = machine();
    assert_eq!(questions(&system, |system| system.pids().unwrap()), 1);
    assert_eq!(questions(&system, |system| system.processes().unwrap()), 1);
    let probe = system.process(probe(&system)).unwrap();
    // The second question makes sure that the parent is still the same process.
    assert_eq!(questions(&system, |_| probe.children(true).unwrap()), 2);
}
