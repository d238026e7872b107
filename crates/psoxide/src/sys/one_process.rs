//! A pid that another process takes while a system that reads by pid is read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::path::Path;
use std::time::SystemTime;

use psoxide_capture::{Answer, Capture};

use super::any;
use super::question::Kernel;
use crate::{Error, Field, FieldSet, Pid, Process, System};

type Getter = fn(&Process) -> Result<(), Error>;

/// A captured machine, and a process of it.
struct Case {
    capture: &'static str,
    pid: Pid,
    /// The question for the record of the process.
    record: &'static str,
    table: Option<Table>,
    /// Getters that ask the kernel about the pid.
    getters: &'static [Getter],
}

/// The question for all records, their size, and where in a record the pid is.
struct Table {
    question: &'static str,
    size: usize,
    pid_at: usize,
}

const CASES: [Case; 5] = [
    Case {
        capture: "freebsd/12.1-amd64-recorded.txt.gz",
        pid: 1,
        record: "sysctl kern.proc.pid.1",
        table: Some(Table { question: "sysctl kern.proc.proc", size: 1088, pid_at: 72 }),
        getters: &[
            |process| process.exe().map(drop),
            |process| process.cmdline().map(drop),
            |process| process.cwd().map(drop),
            |process| process.num_fds().map(drop),
            |process| process.open_files().map(drop),
            |process| process.cpu_affinity().map(drop),
            |process| process.net_connections(crate::ConnectionKind::All).map(drop),
            |process| process.rlimit(crate::Resource::Nofile).map(drop),
        ],
    },
    Case {
        capture: "netbsd/10.99.12-amd64-recorded.txt.gz",
        pid: 112,
        record: "sysctl kern.proc2.1.112.680",
        table: Some(Table { question: "sysctl kern.proc2.0.0.680", size: 680, pid_at: 116 }),
        getters: &[
            |process| process.exe().map(drop),
            |process| process.cmdline().map(drop),
            |process| process.thread_details().map(drop),
        ],
    },
    Case {
        capture: "openbsd/8.0-amd64-recorded.txt.gz",
        pid: 79312,
        record: "sysctl kern.proc.1.79312.648",
        table: Some(Table { question: "sysctl kern.proc.7.0.648", size: 648, pid_at: 108 }),
        getters: &[
            |process| process.cmdline().map(drop),
            |process| process.cwd().map(drop),
            |process| process.thread_details().map(drop),
        ],
    },
    Case {
        capture: "macos/14.1-arm64-built.txt",
        pid: 501,
        record: "sysctl kern.proc.pid.501",
        table: Some(Table { question: "sysctl kern.proc.all", size: 648, pid_at: 40 }),
        getters: &[
            |process| process.exe().map(drop),
            |process| process.cmdline().map(drop),
            |process| process.environ().map(drop),
            |process| process.cwd().map(drop),
            |process| process.io_counters().map(drop),
            |process| process.num_fds().map(drop),
        ],
    },
    Case {
        capture: "sunos/5.11-i86pc-built.txt",
        pid: 700,
        record: "file /proc/700/psinfo",
        table: None,
        getters: &[|process| process.cmdline().map(drop), |process| process.page_faults().map(drop)],
    },
];

/// Fields of which one is not in the record.
const BY_PID: [Field; 2] = [Field::Ppid, Field::Cmdline];

impl Case {
    fn open(&self) -> System {
        System::at_root(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(self.capture)).unwrap()
    }

    /// Changes a record to that of a process that started later.
    fn restart(&self, system: &System, record: &mut [u8]) {
        let started = system.process(self.pid).unwrap().create_time().unwrap();
        let seconds = started.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let seconds = u32::try_from(seconds).unwrap();
        let places = |record: &[u8]| record.windows(4).position(|bytes| bytes == seconds.to_le_bytes());
        let mut count = 0;
        while let Some(place) = places(record) {
            record[place..place + 4].copy_from_slice(&(seconds + 100).to_le_bytes());
            count += 1;
        }
        assert!(count > 0, "{}: no start in the record", self.capture);
    }

    /// Opens the machine. Another process has the pid in all records but the first.
    fn taken_over(&self) -> System {
        let system = self.open();
        let mut record = answer(&system, self.record);
        self.restart(&system, &mut record);
        answer_later(&system, self.record, record);
        system
    }

    /// Opens the machine. `change` changes the record of the process in all tables but the first.
    fn with_later_table(&self, table: &Table, change: impl Fn(&System, &[u8]) -> Vec<u8>) -> System {
        let system = self.open();
        let is_it = |record: &[u8]| record[table.pid_at..table.pid_at + 4] == self.pid.to_le_bytes();
        let later = answer(&system, table.question)
            .chunks(table.size)
            .flat_map(|record| if is_it(record) { change(&system, record) } else { record.to_vec() })
            .collect();
        // The boot time is remembered.
        system.pids().unwrap();
        answer_later(&system, table.question, later);
        system
    }
}

/// Calls `$call` with the kernel of a captured machine.
macro_rules! on_kernel {
    ($system:expr, |$kernel:ident| $call:expr) => {
        match $system.source() {
            any::Source::Freebsd(source) => on_kernel!(@ source, $kernel, $call),
            any::Source::Netbsd(source) | any::Source::Openbsd(source) => on_kernel!(@ source, $kernel, $call),
            any::Source::Macos(source) => on_kernel!(@ source, $kernel, $call),
            any::Source::Sunos(source) => on_kernel!(@ source, $kernel, $call),
            other => panic!("{other:?}"),
        }
    };
    (@ $source:ident, $kernel:ident, $call:expr) => {{
        let $kernel = $source.kernel();
        $call
    }};
}

fn answer(system: &System, question: &str) -> Vec<u8> {
    fn of<Q>(kernel: &Kernel<Q>) -> Option<&Capture> {
        kernel.capture()
    }
    match on_kernel!(system, |kernel| of(kernel)).unwrap().answer(question) {
        Some(Answer::Bytes(bytes)) => bytes.to_vec(),
        other => panic!("{question}: {other:?}"),
    }
}

fn answer_later(system: &System, question: &str, answer: Vec<u8>) {
    on_kernel!(system, |kernel| kernel.answer_later(question, Ok(answer)));
}

fn asked(system: &System) -> usize {
    on_kernel!(system, |kernel| kernel.asked())
}

fn pids_in_snapshot(system: &System, fields: impl IntoIterator<Item = Field>) -> Vec<Pid> {
    let fields: FieldSet = fields.into_iter().collect();
    let query = crate::Query { fields, ..crate::Query::default() };
    system.snapshot(query).unwrap().processes.iter().map(|row| row.pid).collect()
}

#[test]
fn a_row_whose_pid_another_process_took_is_left_out() {
    for case in CASES {
        let all = case.open().pids().unwrap();
        let others: Vec<Pid> = all.iter().copied().filter(|pid| *pid != case.pid).collect();
        let open = || match &case.table {
            Some(table) => case.with_later_table(table, |system, record| {
                let mut record = record.to_vec();
                case.restart(system, &mut record);
                record
            }),
            None => case.taken_over(),
        };
        assert_eq!(pids_in_snapshot(&open(), BY_PID), others, "{}", case.capture);
        let mut pids = Vec::new();
        open().each_row(BY_PID, |row| pids.push(row.pid)).unwrap();
        assert_eq!(pids, others, "{}", case.capture);
    }
}

#[test]
fn a_row_of_a_process_that_ended_meanwhile_is_left_out_if_the_pid_was_asked_about() {
    for case in CASES {
        let Some(table) = &case.table else { continue };
        let system = case.with_later_table(table, |_, _| Vec::new());
        let others: Vec<Pid> = case.open().pids().unwrap().into_iter().filter(|pid| *pid != case.pid).collect();
        assert_eq!(pids_in_snapshot(&system, BY_PID), others, "{}", case.capture);
        // One table is of one moment.
        let system = case.with_later_table(table, |_, _| Vec::new());
        let before = asked(&system);
        assert!(pids_in_snapshot(&system, [Field::Ppid, Field::Status]).contains(&case.pid), "{}", case.capture);
        assert_eq!(asked(&system) - before, 1, "{}", case.capture);
    }
}

#[test]
fn a_row_by_itself_is_of_one_process() {
    for case in CASES {
        let system = case.taken_over();
        let process = system.process(case.pid).unwrap();
        for pass in [crate::Pass::default(), system.pass(BY_PID.into_iter().collect())] {
            let row = process.whole_row(BY_PID.into_iter().collect(), &pass);
            assert!(row.is_err_and(|error| error.is_no_such_process()), "{}", case.capture);
        }
        if case.table.is_some() {
            let rows = case.taken_over().snapshot_of(&[case.pid], BY_PID).unwrap().processes;
            assert!(rows.is_empty(), "{}", case.capture);
        }
    }
}

#[test]
fn a_getter_never_answers_for_another_process() {
    for case in CASES {
        for (number, getter) in case.getters.iter().enumerate() {
            getter(&case.open().process(case.pid).unwrap()).unwrap();
            let process = case.taken_over().process(case.pid).unwrap();
            let error = getter(&process).unwrap_err();
            assert!(error.is_no_such_process(), "{}, getter {number}: {error:?}", case.capture);
        }
    }
}
