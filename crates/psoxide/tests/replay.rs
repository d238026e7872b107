//! Measures what a snapshot of 5,000 processes costs on a captured BSD, where the kernel's part is a copy of its answer.
//!
//! `cargo xtask bench` runs it, and names in `PSOXIDE_REPORT` the file whose section with the table is written.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a failure ends the measurement

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use psoxide::{Field, System};
use psoxide_capture::{Answer, Capture};

/// How many processes the synthetic tables have.
const PROCESSES: u32 = 5000;
/// How often each table is read. The fastest reading counts, as others may have been interrupted.
const ROUNDS: usize = 100;

/// The fields that are read of each process.
const FIELDS: [Field; 8] = [
    Field::Name,
    Field::Ppid,
    Field::Status,
    Field::Uids,
    Field::CpuTimes,
    Field::MemoryInfo,
    Field::CreateTime,
    Field::Nice,
];

/// A recorded table of processes.
struct Table {
    system: &'static str,
    file: &'static str,
    question: &'static str,
    /// The size of a record, and where the pid lies in it.
    record: usize,
    pid: usize,
}

const TABLES: [Table; 3] = [
    Table {
        system: "FreeBSD",
        file: "freebsd/12.1-amd64-recorded.txt.gz",
        question: "sysctl kern.proc.proc",
        record: 1088,
        pid: 72,
    },
    Table {
        system: "NetBSD",
        file: "netbsd/10.99.12-amd64-recorded.txt.gz",
        question: "sysctl kern.proc2.0.0.680",
        record: 680,
        pid: 116,
    },
    Table {
        system: "OpenBSD",
        file: "openbsd/8.0-amd64-recorded.txt.gz",
        question: "sysctl kern.proc.7.0.648",
        record: 648,
        pid: 108,
    },
];

impl Table {
    /// Writes a capture in which many processes have the record of process 1.
    fn synthetic(&self, to: &Path) {
        let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
        let mut capture = Capture::read(testdata.join(self.file)).unwrap();
        let Some(Answer::Bytes(answer)) = capture.answer(self.question) else { return };
        let pid_of = |record: &[u8]| record.get(self.pid..).and_then(|rest| rest.first_chunk()).copied();
        let is_first = |record: &&[u8]| pid_of(record) == Some(1u32.to_le_bytes());
        let first = answer.chunks_exact(self.record).find(is_first).unwrap();
        let mut records = Vec::new();
        for pid in 1..=PROCESSES {
            let mut record = first.to_vec();
            record.get_mut(self.pid..self.pid + 4).unwrap().copy_from_slice(&pid.to_le_bytes());
            records.extend(record);
        }
        capture.record(self.question, Ok(records));
        fs::write(to, capture.to_text()).unwrap();
    }
}

/// The heading of the section.
const HEADING: &str = "\n## Snapshots of the BSDs\n";

/// Puts `section` in the place of the section with the same heading, or at the end.
fn with_section(text: &str, section: &str) -> String {
    let (before, old) = text.split_once(HEADING).unwrap_or((text, ""));
    let after = old.find("\n## ").and_then(|next| old.get(next..)).unwrap_or_default();
    [before, section, after].concat()
}

#[test]
fn a_section_is_replaced_in_its_place() {
    let section = |body: &str| format!("{HEADING}{body}\n");
    let first = with_section("# A\n", &section("old"));
    assert_eq!(first, "# A\n\n## Snapshots of the BSDs\nold\n");
    let other = first + "\n## B\ntext\n";
    assert_eq!(with_section(&other, &section("new")), "# A\n\n## Snapshots of the BSDs\nnew\n\n## B\ntext\n");
}

#[test]
#[ignore = "it measures time, which cargo xtask bench does"]
fn snapshots_of_five_thousand_processes() {
    let mut report = format!(
        "{HEADING}\nA snapshot of eight fields of {PROCESSES} processes, without command lines, from a capture. The time covers \
         copying the kernel's answer, parsing it and making the rows. It is that of the fastest of {ROUNDS} rounds.\n\n\
         | system | a process |\n|---|---:|\n"
    );
    let folder = tempfile::tempdir().unwrap();
    for table in &TABLES {
        let file = folder.path().join(table.system);
        table.synthetic(&file);
        let system = System::at_root(&file).unwrap();
        let fastest = (0..ROUNDS).map(|_| {
            let start = Instant::now();
            let snapshot = system.snapshot(FIELDS).unwrap();
            let time = start.elapsed();
            assert_eq!(snapshot.processes.len(), PROCESSES as usize);
            time
        });
        let fastest = fastest.min().unwrap_or_default().as_secs_f64() * 1e6 / f64::from(PROCESSES);
        println!("{:<10}{fastest:.2} µs a process", table.system);
        let _ = writeln!(report, "| {} | {fastest:.2} µs |", table.system);
    }
    if let Some(path) = std::env::var_os("PSOXIDE_REPORT") {
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, with_section(&text, &report)).unwrap();
    }
}
