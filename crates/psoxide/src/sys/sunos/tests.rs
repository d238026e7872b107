//! How many questions readings cost, counted on a captured kernel.
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::path::Path;

use super::source::Source;
use crate::sys::any;
use crate::{Field, System};

fn machine() -> System {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/sunos");
    System::at_root(testdata.join("5.11-i86pc-built.txt")).unwrap()
}

/// Counts the questions that `read` asks.
fn questions<T>(system: &System, read: impl FnOnce(&System) -> T) -> usize {
    let any::Source::Sunos(source) = system.source() else { panic!("not SunOS") };
    let asked = |source: &Source| source.kernel().asked();
    let before = asked(source);
    read(system);
    asked(source) - before
}

#[test]
fn a_snapshot_reads_one_file_of_each_process() {
    let system = machine();
    let count = system.pids().unwrap().len();
    let fields = [
        Field::Name,
        Field::Ppid,
        Field::Status,
        Field::CreateTime,
        Field::MemoryInfo,
        Field::NumThreads,
        Field::Nice,
        Field::CpuNum,
    ];
    assert_eq!(questions(&system, |system| system.snapshot(fields).unwrap()), 1 + count);
    let with_usage = [Field::Name, Field::Status, Field::NumCtxSwitches, Field::PageFaults];
    // `psinfo` is read again at the end of a row, to check that the process still has its pid.
    assert_eq!(questions(&system, |system| system.snapshot(with_usage).unwrap()), 1 + 3 * count);
}

/// psutil opens `psinfo` seven times for these.
#[test]
fn a_oneshot_opens_psinfo_once() {
    let system = machine();
    let process = system.process(700).unwrap().oneshot();
    let asked = questions(&system, |_| {
        process.name().unwrap();
        process.create_time().unwrap();
        process.ppid().unwrap();
        process.memory_info().unwrap();
        process.num_threads().unwrap();
        process.status().unwrap();
        process.cpu_num().unwrap();
        assert_eq!(process.terminal().unwrap(), None);
    });
    assert_eq!(asked, 1);
    let asked = questions(&system, |_| (process.uids().unwrap(), process.gids().unwrap()));
    assert_eq!(asked, 1, "cred");
    let asked = questions(&system, |_| (process.num_ctx_switches().unwrap(), process.page_faults().unwrap()));
    assert_eq!(asked, 1, "usage");
    assert_eq!(questions(&system, |_| process.cmdline().unwrap()), 1, "argv");
    assert_eq!(questions(&system, |_| process.environ().unwrap()), 1, "the stack");
    assert_eq!(questions(&system, |_| process.containment().unwrap()), 1, "the name of the zone");
    assert_eq!(questions(&system, |_| process.threads().unwrap()), 1, "lusage");
}

#[test]
fn a_process_that_cannot_be_read_is_left_out_of_its_family() {
    const ENOENT: i32 = 2;
    const EIO: i32 = 5;
    const EMFILE: i32 = 24;
    let family = |later| {
        let system = machine();
        let init = system.process(1).unwrap();
        system.process(703).unwrap();
        let any::Source::Sunos(source) = system.source() else { panic!("not SunOS") };
        source.kernel().answer_later("file /proc/703/psinfo", later);
        init.children(true).unwrap();
        init.children(true).map(|family| family.len())
    };
    let all = machine().process(1).unwrap().children(true).unwrap().len();
    assert_eq!(family(Ok(vec![0; 7])).unwrap(), all - 1);
    assert_eq!(family(Err(ENOENT)).unwrap(), all - 1);
    assert_eq!(family(Err(EIO)).unwrap(), all - 1);
    assert_eq!(family(Err(EMFILE)).unwrap_err().errno(), Some(EMFILE));
}

#[test]
fn a_pass_asks_for_each_name_once() {
    let system = machine();
    let count = system.pids().unwrap().len();
    // Four users and two zones, of which one has a process alone.
    assert_eq!(questions(&system, |system| system.snapshot([Field::Username]).unwrap()), 1 + count + 4);
    assert_eq!(questions(&system, |system| system.snapshot([Field::Containment]).unwrap()), 1 + count + 2);
}

#[test]
fn one_answer_holds_the_sockets() {
    let system = machine();
    assert_eq!(questions(&system, |system| system.net_connections(crate::ConnectionKind::Inet).unwrap()), 1);
    assert_eq!(questions(&system, |system| system.net_connections(crate::ConnectionKind::Unix).unwrap()), 1);
    assert_eq!(questions(&system, |system| system.cpu_times_per_cpu().unwrap()), 1);
}
