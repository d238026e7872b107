//! Counts the questions that readings ask of a capture.
#![cfg(feature = "capture")]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::path::{Path, PathBuf};

use psoxide_capture::Capture;

use crate::sys::any;
use crate::{ErrorKind, Field, Reading, System};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/macos").join(name)
}

fn machine() -> System {
    System::at_root(file("14.1-arm64-built.txt")).unwrap()
}

/// How many questions `read` asks.
fn questions<T>(system: &System, read: impl FnOnce(&System) -> T) -> usize {
    let any::Source::Macos(source) = system.source() else { panic!("not macOS") };
    let before = source.kernel().asked();
    read(system);
    source.kernel().asked() - before
}

/// Reads what is asked once for a machine: the unit of the Mach clock and the version of proc_pid_rusage(3).
fn warm(system: &System) {
    let process = system.process(501).unwrap();
    process.cpu_times().unwrap();
    process.io_counters().unwrap();
}

#[test]
fn a_snapshot_of_the_table_is_one_question() {
    let system = machine();
    let fields = [Field::Ppid, Field::Status, Field::Uids, Field::Gids, Field::CreateTime, Field::Nice];
    assert_eq!(questions(&system, |system| system.snapshot(fields).unwrap()), 1);
}

/// Eight fields: those of the table, and three of the task.
const EIGHT: [Field; 8] = [
    Field::Ppid,
    Field::Status,
    Field::Uids,
    Field::CreateTime,
    Field::Nice,
    Field::CpuTimes,
    Field::MemoryInfo,
    Field::NumThreads,
];

#[test]
fn the_counters_of_a_task_are_a_question_for_each_process() {
    let system = machine();
    warm(&system);
    let count = system.pids().unwrap().len();
    // A refusal is kept, and nothing is asked about the zombie.
    let mut rows = None;
    assert_eq!(questions(&system, |system| rows = Some(system.snapshot(EIGHT).unwrap())), 1 + count - 1);
    for row in rows.unwrap().processes {
        assert!(row.status.value().is_some() && row.uids.value().is_some(), "{row:?}");
        let expected = match row.pid {
            0 | 1 | 504 => "refused",
            502 | 505 => "gone",
            _ => "a value",
        };
        let found = match row.cpu_times {
            Reading::Value(_) => "a value",
            Reading::Denied => "refused",
            Reading::Gone => "gone",
            ref other => panic!("{}: {other:?}", row.pid),
        };
        assert_eq!(found, expected, "{}", row.pid);
    }
}

/// Builds a machine of many processes, each with the record, the task and the command line of process 501.
fn crowd(processes: u32) -> System {
    let mut capture = Capture::read(file("14.1-arm64-built.txt")).unwrap();
    let bytes = |capture: &Capture, question: &str| match capture.answer(question) {
        Some(psoxide_capture::Answer::Bytes(bytes)) => bytes.to_vec(),
        other => panic!("{question}: {other:?}"),
    };
    let (record, task, arguments) = (
        bytes(&capture, "sysctl kern.proc.pid.501"),
        bytes(&capture, "call proc_pidinfo taskallinfo 501"),
        bytes(&capture, "sysctl kern.procargs2.501"),
    );
    let mut all = Vec::new();
    for pid in 1000..1000 + processes {
        let mut one = record.clone();
        // kp_proc.p_pid
        one.splice(40..44, pid.to_le_bytes());
        all.extend(one);
        capture.record(format!("call proc_pidinfo taskallinfo {pid}"), Ok(task.clone()));
        capture.record(format!("sysctl kern.procargs2.{pid}"), Ok(arguments.clone()));
    }
    capture.answers.remove("sysctl kern.proc.all");
    capture.record("sysctl kern.proc.all", Ok(all));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.txt");
    std::fs::write(&path, capture.to_text()).unwrap();
    System::at_root(&path).unwrap()
}

#[test]
fn a_thousand_processes_cost_a_question_each_and_another_for_command_lines() {
    let system = crowd(1000);
    let process = system.process(1500);
    assert!(process.is_err_and(|error| error.kind() == ErrorKind::NotCaptured), "not of the table");
    // Once for the whole machine: whether the caller is translated, and the unit of the clock.
    assert_eq!(questions(&system, |system| system.snapshot(EIGHT).unwrap()), 1 + 1000 + 2);
    let with_command_lines = EIGHT.into_iter().chain([Field::Cmdline]);
    let mut rows = None;
    let asked = questions(&system, |system| rows = Some(system.snapshot(with_command_lines).unwrap()));
    // A command line does not say of which process it is. The table is read again at the end.
    assert_eq!(asked, 1 + 2 * 1000 + 1);
    let rows = rows.unwrap().processes;
    assert_eq!(rows.len(), 1000);
    for row in rows {
        assert!(
            row.cpu_times.value().is_some() && row.cmdline.value().is_some_and(|words| words.len() == 3),
            "{row:?}"
        );
    }
}

#[test]
fn a_oneshot_is_two_questions() {
    let system = machine();
    warm(&system);
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
    // Bytes of files, energy and the footprint have one answer too.
    let asked = questions(&system, |_| {
        process.io_counters().unwrap();
        process.energy().unwrap();
        process.memory_footprint().unwrap();
        process.memory_details().unwrap();
    });
    assert_eq!(asked, 1);
}

#[test]
fn what_is_refused_or_a_zombies_is_not_asked_again() {
    let system = machine();
    let read = |pid| {
        let process = system.process(pid).unwrap().oneshot();
        process.status().unwrap();
        questions(&system, |_| {
            process.cpu_times().unwrap_err();
            process.memory_info().unwrap_err();
            process.num_threads().unwrap_err();
            process.num_fds().unwrap_err();
            process.open_files().unwrap_err();
            process.cmdline().unwrap_err();
            process.environ().unwrap_err();
        })
    };
    // The task, the descriptors and the arguments.
    assert_eq!(read(504), 3);
    assert_eq!(read(502), 0);
}
