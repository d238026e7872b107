//! How many questions readings cost, counted on a captured kernel.
#![cfg(feature = "capture")]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::path::Path;

use super::Source;
use crate::sys::any;
use crate::{ConnectionKind, Field, System};

fn machine() -> System {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/freebsd");
    let system = System::at_root(testdata.join("12.1-amd64-recorded.txt.gz")).unwrap();
    // The boot time is asked for once, and again only when the start of the kernel's own process has moved.
    assert_eq!(questions(&system, |system| system.pids().unwrap()), 2);
    system
}

/// How many questions `read` asks.
fn questions<T>(system: &System, read: impl FnOnce(&System) -> T) -> usize {
    let any::Source::Freebsd(source) = system.source() else { panic!("not FreeBSD") };
    let asked = |source: &Source| source.kernel().asked();
    let before = asked(source);
    read(system);
    asked(source) - before
}

const EIGHT: [Field; 8] = [
    Field::Name,
    Field::Ppid,
    Field::Status,
    Field::Uids,
    Field::CpuTimes,
    Field::MemoryInfo,
    Field::NumThreads,
    Field::CreateTime,
];

#[test]
fn a_snapshot_is_one_question() {
    let system = machine();
    let fields = EIGHT.into_iter().filter(|field| *field != Field::Name).chain([Field::Nice]);
    assert_eq!(questions(&system, |system| system.snapshot(fields.collect::<Vec<_>>()).unwrap()), 1);
    // One of the processes has a name so long that the kernel has truncated it. The rest is in its arguments. The table is
    // read again at the end, to check that no other process has taken the pid.
    assert_eq!(questions(&system, |system| system.snapshot(EIGHT).unwrap()), 1 + 1 + 1);
}

#[test]
fn command_lines_are_a_question_for_each_process() {
    let system = machine();
    let count = system.pids().unwrap().len();
    let fields: Vec<Field> = EIGHT.into_iter().chain([Field::Cmdline]).collect();
    // The table is read again at the end, to check that each process still has its pid.
    assert_eq!(questions(&system, |system| system.snapshot(fields).unwrap()), 1 + count + 1);
}

#[test]
fn listings_are_one_question() {
    let system = machine();
    assert_eq!(questions(&system, |system| system.pids().unwrap()), 1);
    assert_eq!(questions(&system, |system| system.processes().unwrap()), 1);
    let init = system.process(1).unwrap();
    // The others make sure that the parent is still the same process: its record and the boot time.
    assert_eq!(questions(&system, |_| init.children(true).unwrap()), 3);
}

#[test]
fn a_oneshot_of_the_record_is_one_question() {
    let system = machine();
    let process = system.process(16).unwrap().oneshot();
    let asked = questions(&system, |_| {
        process.ppid().unwrap();
        process.status().unwrap();
        process.uids().unwrap();
        process.gids().unwrap();
        process.create_time().unwrap();
        process.num_ctx_switches().unwrap();
        process.io_counters().unwrap();
        process.cpu_times().unwrap();
        process.memory_info().unwrap();
        process.cpu_num().unwrap();
        process.name().unwrap();
        process.num_threads().unwrap();
        process.page_faults().unwrap();
        process.nice().unwrap();
        assert_eq!(process.terminal().unwrap(), None);
    });
    assert_eq!(asked, 1);
    // All that is about its files costs one more.
    let asked = questions(&system, |_| {
        process.num_fds().unwrap();
        process.open_files().unwrap();
        process.net_connections(ConnectionKind::Unix).unwrap();
    });
    assert_eq!(asked, 1);
}

#[test]
fn one_answer_holds_the_interfaces() {
    let system = machine();
    assert_eq!(questions(&system, |system| system.net_io_counters().unwrap()), 1);
    assert_eq!(questions(&system, |system| system.net_if_addrs().unwrap()), 1);
}
