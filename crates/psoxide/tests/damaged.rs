//! Answers that no kernel should give: cut off, shifted, filled with ones. A reading fails with the question and the field, or
//! returns what came before the damage.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use std::path::Path;

use psoxide::{ConnectionKind, ErrorKind, Process, Resource, Result, System};
use psoxide_capture::Capture;

/// A way to damage an answer.
type Damage = fn(&mut Vec<u8>);

const DAMAGES: [(&str, Damage); 5] = [
    ("one byte short", |bytes| bytes.truncate(bytes.len().saturating_sub(1))),
    ("half of it", |bytes| bytes.truncate(bytes.len() / 2)),
    ("nothing", Vec::clear),
    ("shifted by a byte", |bytes| bytes.insert(0, 1)),
    ("all ones", |bytes| bytes.fill(0xff)),
];

/// The captures, and the question that each answers with its table of processes.
const MACHINES: [(&str, &str); 3] = [
    ("freebsd/12.1-amd64-recorded.txt.gz", "sysctl kern.proc.proc"),
    ("netbsd/10.99.12-amd64-recorded.txt.gz", "sysctl kern.proc2.0.0.680"),
    ("openbsd/8.0-amd64-recorded.txt.gz", "sysctl kern.proc.7.0.648"),
];

/// Opens a machine of which the chosen answers are damaged.
fn damaged(file: &str, damage: Damage, is_chosen: impl Fn(&str) -> bool) -> System {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let mut capture = Capture::read(testdata.join(file)).unwrap();
    for (question, answer) in &mut capture.answers {
        if let (true, Ok(bytes)) = (is_chosen(question), answer) {
            damage(bytes);
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), capture.to_text()).unwrap();
    System::at_root(file.path()).unwrap()
}

/// Fails unless an error about the form of an answer names the question and the field.
#[track_caller]
fn expect_named<T>(answer: Result<T>) {
    let Err(error) = answer else { return };
    if error.kind() == ErrorKind::Parse {
        let text = error.to_string();
        let asked = ["sysctl ", "call ", "ioctl ", "file "].iter().any(|word| text.contains(word));
        assert!(asked && error.field().is_some(), "{text} (field {:?})", error.field());
    }
}

fn read_system(system: &System) {
    expect_named(system.cpu_times());
    expect_named(system.cpu_times_per_cpu());
    expect_named(system.cpu_count());
    expect_named(system.cpu_count_cores());
    expect_named(system.cpu_stats());
    expect_named(system.cpu_freq());
    expect_named(system.load_average());
    expect_named(system.virtual_memory());
    expect_named(system.swap_memory());
    expect_named(system.disk_partitions(true));
    expect_named(system.disk_usage("/"));
    expect_named(system.disk_io_counters());
    expect_named(system.net_io_counters());
    expect_named(system.net_if_addrs());
    expect_named(system.net_if_stats());
    expect_named(system.net_connections(ConnectionKind::All));
    expect_named(system.sensors_temperatures());
    expect_named(system.sensors_battery());
    expect_named(system.users());
    expect_named(system.boot_time());
    expect_named(system.host_info());
    expect_named(system.pids());
}

fn read_process(process: &Process) {
    expect_named(process.name());
    expect_named(process.exe());
    expect_named(process.cmdline());
    expect_named(process.environ());
    expect_named(process.cwd());
    expect_named(process.status());
    expect_named(process.cpu_times());
    expect_named(process.memory_info());
    expect_named(process.threads());
    expect_named(process.num_fds());
    expect_named(process.open_files());
    expect_named(process.net_connections(ConnectionKind::All));
    expect_named(process.memory_maps());
    expect_named(process.rlimit(Resource::Nofile));
    expect_named(process.cpu_affinity());
    expect_named(process.terminal());
    expect_named(process.username());
}

#[test]
fn damaged_answers_are_errors_that_name_question_and_field() {
    for (file, table) in MACHINES {
        for (_, damage) in DAMAGES {
            // With the table, the processes are found, and each of their other answers is damaged.
            let system = damaged(file, damage, |question| question != table && question != "sysctl kern.boottime");
            read_system(&system);
            for process in system.processes().unwrap() {
                read_process(&process);
            }
            let system = damaged(file, damage, |question| question == table || question == "sysctl kern.boottime");
            expect_named(system.pids());
            expect_named(system.boot_time());
            expect_named(system.processes());
        }
    }
}
