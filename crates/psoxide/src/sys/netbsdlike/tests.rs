//! How many questions the readings ask.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::path::Path;

use super::machine::Machine;
use crate::sys::netbsd::Netbsd;
use crate::sys::openbsd::Openbsd;
use crate::sys::question::Capture;
use crate::sys::{self, Platform as _, ProcessReadings as _, Scope, SensorReadings as _, SystemReadings as _};
use crate::{Field, FieldSet};

fn open<P: super::NetbsdLike>(file: &str) -> Machine {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file);
    let machine = P::open_capture(Capture::read(file).unwrap()).unwrap();
    // OpenBSD is asked for the boot time once, and again only when the start of the kernel's own process has moved.
    P::pids(&machine).unwrap();
    machine
}

/// Counts the questions of a snapshot of eight fields, with command lines if `with_arguments`.
fn asked_by_snapshot<P: super::NetbsdLike>(file: &str, with_arguments: bool) -> (usize, usize) {
    let machine = open::<P>(file);
    let fields = FieldSet::from_iter([Field::Name]);
    let before = machine.kernel().asked();
    let pass = std::sync::Arc::new(P::pass(&machine, Scope::All { fields, kept: false }));
    let pids = P::pids_in(&machine, &pass).unwrap();
    for pid in &pids {
        let cache = P::cache_in(&machine, &pass, *pid, fields);
        let mut process = sys::Handle::<P> { source: &machine, pid: *pid, start: None, unique: None, cache: &cache };
        process.start = Some(P::start(&process).unwrap());
        let _ = (P::name(&process), P::ppid(&process), P::status(&process), P::uids(&process));
        let _ = (P::cpu_times(&process), P::memory_info(&process), P::nice(&process), P::create_time(&process));
        if with_arguments {
            let _ = <P as sys::ProcessReadings>::cmdline(&process);
        }
    }
    (machine.kernel().asked() - before, pids.len())
}

#[test]
fn a_snapshot_asks_for_all_processes_at_once() {
    assert_eq!(asked_by_snapshot::<Netbsd>("netbsd/10.99.12-amd64-recorded.txt.gz", false).0, 1);
    assert_eq!(asked_by_snapshot::<Openbsd>("openbsd/8.0-amd64-recorded.txt.gz", false).0, 1);
}

#[test]
fn command_lines_are_a_question_for_each_process() {
    let (asked, processes) = asked_by_snapshot::<Netbsd>("netbsd/10.99.12-amd64-recorded.txt.gz", true);
    // The two zombies and the kernel have none.
    assert_eq!(asked, 1 + processes - 3);
    let (asked, processes) = asked_by_snapshot::<Openbsd>("openbsd/8.0-amd64-recorded.txt.gz", true);
    assert_eq!(asked, 1 + processes - 3);
}

/// psutil's group of a oneshot: what it reads from the one record.
fn asked_by_oneshot<P: super::NetbsdLike>(file: &str, pid: u32) -> usize {
    let machine = open::<P>(file);
    let cache = P::cache(&machine, true);
    let mut process = sys::Handle::<P> { source: &machine, pid, start: None, unique: None, cache: &cache };
    let start = process.afresh(None, P::start).unwrap();
    process.start = Some(start);
    let before = machine.kernel().asked();
    let _ = (P::ppid(&process).unwrap(), P::status(&process).unwrap(), P::name(&process).unwrap());
    let _ = (P::uids(&process).unwrap(), P::gids(&process).unwrap(), P::create_time(&process).unwrap());
    let _ = (P::num_ctx_switches(&process).unwrap(), P::io_counters(&process).unwrap());
    let _ = (P::cpu_times(&process).unwrap(), P::memory_info(&process).unwrap(), P::terminal(&process).unwrap());
    machine.kernel().asked() - before
}

#[test]
fn a_oneshot_asks_once() {
    assert_eq!(asked_by_oneshot::<Netbsd>("netbsd/10.99.12-amd64-recorded.txt.gz", 112), 1);
    assert_eq!(asked_by_oneshot::<Openbsd>("openbsd/8.0-amd64-recorded.txt.gz", 79312), 1);
}

#[test]
fn a_fan_with_a_negative_speed_is_left_out() {
    let machine = open::<Openbsd>("openbsd/7.8-amd64-built.txt");
    let value = 48;
    let mut sensor = vec![0; 72];
    sensor.splice(value..value + 8, (-5_i64).to_le_bytes());
    machine.kernel().answer_later("sysctl hw.sensors.0.1.0", Ok(sensor));
    assert_eq!(Openbsd::sensors_fans(&machine).unwrap().len(), 1);
    assert_eq!(Openbsd::sensors_fans(&machine).unwrap(), []);
}
