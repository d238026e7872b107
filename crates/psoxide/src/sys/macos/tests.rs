//! How many questions readings cost, counted on a capture.
#![cfg(feature = "capture")]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::path::Path;

use crate::sys::any;
use crate::{Field, System};

fn machine() -> System {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/macos");
    System::at_root(testdata.join("23.1.0-arm64-headers.txt")).unwrap()
}

/// How many questions `read` asks.
fn questions<T>(system: &System, read: impl FnOnce(&System) -> T) -> usize {
    let any::Source::Macos(source) = system.source() else { panic!("not macOS") };
    let before = source.kernel().asked();
    read(system);
    source.kernel().asked() - before
}

#[test]
fn a_snapshot_of_the_table_is_one_question() {
    let system = machine();
    let fields = [Field::Ppid, Field::Status, Field::Uids, Field::Gids, Field::CreateTime, Field::Nice];
    assert_eq!(questions(&system, |system| system.snapshot(fields).unwrap()), 1);
}

#[test]
fn the_counters_of_a_task_are_a_question_for_each_process() {
    let system = machine();
    // Once for the whole machine, what the units of the Mach clock are.
    system.snapshot([Field::CpuTimes]).unwrap();
    let count = system.pids().unwrap().len();
    let fields = [Field::Ppid, Field::Status, Field::Uids, Field::CpuTimes, Field::MemoryInfo, Field::NumThreads];
    // A failure is not remembered, so it is met by each of the three fields: for three processes that are refused and for
    // the zombie, which is looked at again each time.
    let failures = 2 * 3 + 2 + 3;
    assert_eq!(questions(&system, |system| system.snapshot(fields).unwrap()), 1 + count + failures);
}

#[test]
fn a_oneshot_is_two_questions() {
    let system = machine();
    system.process(501).unwrap().cpu_times().unwrap();
    let process = system.process(501).unwrap().oneshot();
    let asked = questions(&system, |_| {
        process.ppid().unwrap();
        process.status().unwrap();
        process.uids().unwrap();
        process.gids().unwrap();
        process.create_time().unwrap();
        process.nice().unwrap();
        process.cpu_times().unwrap();
        process.memory_info().unwrap();
        process.num_threads().unwrap();
        process.num_ctx_switches().unwrap();
        process.page_faults().unwrap();
    });
    assert_eq!(asked, 2);
}
