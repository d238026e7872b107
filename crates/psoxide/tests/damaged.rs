//! Answers that no kernel should give: cut off, shifted, filled with ones. A reading fails with the question and the field, or
//! returns what came before the damage.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use std::path::Path;

use psoxide::{ConnectionKind, ErrorKind, Field, Process, Resource, Result, System};
use psoxide_capture::{Capture, Entry};

/// A way to damage an answer.
type Damage = fn(&mut Vec<u8>);

const DAMAGES: [(&str, Damage); 5] = [
    ("one byte short", |bytes| bytes.truncate(bytes.len().saturating_sub(1))),
    ("half of it", |bytes| bytes.truncate(bytes.len() / 2)),
    ("nothing", Vec::clear),
    ("shifted by a byte", |bytes| bytes.insert(0, 1)),
    ("all ones", |bytes| bytes.fill(0xff)),
];

/// Whether no process is found without the answer to a question.
type IsTable = fn(&str) -> bool;

/// The captures whose answers are damaged.
const CAPTURES: [(&str, IsTable); 5] = [
    ("freebsd/12.1-amd64-recorded.txt.gz", |question| {
        matches!(question, "sysctl kern.proc.proc" | "sysctl kern.boottime")
    }),
    ("netbsd/10.99.12-amd64-recorded.txt.gz", |question| {
        matches!(question, "sysctl kern.proc2.0.0.680" | "sysctl kern.boottime")
    }),
    ("openbsd/8.0-amd64-recorded.txt.gz", |question| {
        matches!(question, "sysctl kern.proc.7.0.648" | "sysctl kern.boottime")
    }),
    ("macos/14.1-arm64-built.txt", |question| matches!(question, "sysctl kern.proc.all" | "sysctl kern.boottime")),
    ("sunos/5.11-i86pc-built.txt", |question| question.ends_with("/psinfo")),
];

/// A capture of a table of processes.
struct Machine {
    file: &'static str,
    /// The question that the table answers.
    table: &'static str,
    /// The size of a record.
    record: usize,
    /// Where in a record the pid is, and behind it the parent's.
    pid: usize,
}

const MACHINES: [Machine; 3] = [
    Machine { file: "freebsd/12.1-amd64-recorded.txt.gz", table: "sysctl kern.proc.proc", record: 1088, pid: 72 },
    Machine {
        file: "netbsd/10.99.12-amd64-recorded.txt.gz",
        table: "sysctl kern.proc2.0.0.680",
        record: 680,
        pid: 116,
    },
    Machine { file: "openbsd/8.0-amd64-recorded.txt.gz", table: "sysctl kern.proc.7.0.648", record: 648, pid: 108 },
];

fn capture(file: &str) -> Capture {
    Capture::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file)).unwrap()
}

/// Opens a machine of which the chosen answers are damaged.
fn damaged(capture: &Capture, damage: impl Fn(&mut Vec<u8>), is_chosen: impl Fn(&str) -> bool) -> System {
    let mut capture = capture.clone();
    for (question, answer) in &mut capture.answers {
        if let (true, Ok(bytes)) = (is_chosen(question), answer) {
            damage(bytes);
        }
    }
    for (path, entry) in &mut capture.entries {
        if let Entry::File(bytes) = entry
            && is_chosen(&format!("file /{}", String::from_utf8_lossy(path)))
        {
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
        let asked = ["sysctl ", "call ", "ioctl ", "file ", "stat ", "kstat ", "mib2"];
        let asked = asked.iter().any(|word| text.contains(word));
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
    expect_named(system.sensors_fans());
    expect_named(system.sensors_battery());
    expect_named(system.core_kinds());
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
    expect_named(process.uids());
    expect_named(process.num_ctx_switches());
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
    for (file, is_table) in CAPTURES {
        let capture = capture(file);
        for (_, damage) in DAMAGES {
            // With the table, the processes are found, and each of their other answers is damaged.
            let system = damaged(&capture, damage, |question| !is_table(question));
            read_system(&system);
            for process in system.processes().unwrap() {
                read_process(&process);
            }
            let system = damaged(&capture, damage, is_table);
            expect_named(system.pids());
            expect_named(system.boot_time());
            expect_named(system.processes());
        }
    }
}

#[test]
fn a_record_that_makes_no_sense_never_loses_the_others() {
    for machine in MACHINES {
        let Machine { file, table, record, pid } = machine;
        let capture = capture(file);
        let chosen = |question: &str| question == table;
        let whole = damaged(&capture, |_| {}, chosen).pids().unwrap();
        let number = |bytes: &[u8], at: usize| u32::from_le_bytes(*bytes.get(at..).unwrap().first_chunk().unwrap());
        let minus_one = |bytes: &mut Vec<u8>, at: usize| bytes.get_mut(at..at + 4).unwrap().fill(0xff);
        // The third record is of a process that is listed.
        let third = std::cell::Cell::new(0);
        damaged(&capture, |bytes| third.set(number(bytes, 2 * record + pid)), chosen);
        let others: Vec<u32> = whole.iter().copied().filter(|pid| *pid != third.get()).collect();
        assert_eq!(others.len() + 1, whole.len(), "{file}");

        let cut = damaged(&capture, |bytes| bytes.truncate(3 * record - 1), chosen);
        assert_eq!(cut.pids().unwrap().len(), 2, "{file}");
        assert_eq!(cut.processes().unwrap().len(), 2, "{file}");

        let nameless = damaged(&capture, |bytes| minus_one(bytes, 2 * record + pid), chosen);
        assert_eq!(nameless.pids().unwrap(), others, "{file}");
        assert_eq!(nameless.processes().unwrap().len(), others.len(), "{file}");
        nameless.process(1).unwrap().children(true).unwrap();

        let orphan = damaged(&capture, |bytes| minus_one(bytes, 2 * record + pid + 4), chosen);
        let rows = orphan.snapshot([Field::Ppid, Field::Name]).unwrap().processes;
        let row = rows.iter().find(|row| row.pid == third.get()).unwrap();
        assert!(row.ppid.value().is_none() && row.name.value().is_some(), "{file}");
        assert_eq!(rows.len(), whole.len(), "{file}");
        let children = orphan.process(1).unwrap().children(true).unwrap();
        assert!(children.iter().all(|child| child.pid() != third.get()), "{file}");
    }
}
