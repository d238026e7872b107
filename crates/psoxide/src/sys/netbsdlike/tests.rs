//! How many questions the readings ask.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::path::Path;

use super::machine::Machine;
use crate::sys::netbsd::Netbsd;
use crate::sys::openbsd::Openbsd;
use crate::sys::question::Capture;
use crate::sys::{self, Platform, ProcessReadings as _, Scope};
use crate::{Field, FieldSet};

fn open<P: Platform<Source = Machine>>(file: &str) -> Machine {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file);
    P::open_capture(Capture::read(file).unwrap()).unwrap()
}

/// Counts the questions of a snapshot of eight fields, with command lines if `with_arguments`.
fn asked_by_snapshot<P: super::NetbsdLike>(file: &str, with_arguments: bool) -> (usize, usize) {
    let machine = open::<P>(file);
    let fields = FieldSet::from_iter([Field::Name]);
    let pass = std::sync::Arc::new(P::pass(&machine, Scope::All(fields)));
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
    (machine.kernel().asked(), pids.len())
}

#[test]
fn a_snapshot_asks_for_all_processes_at_once() {
    assert_eq!(asked_by_snapshot::<Netbsd>("netbsd/10.99.12-amd64-recorded.txt.gz", false).0, 1);
    // The second is for the boot time, without which stamps would move with the clock.
    assert_eq!(asked_by_snapshot::<Openbsd>("openbsd/8.0-amd64-recorded.txt.gz", false).0, 2);
}

#[test]
fn command_lines_are_a_question_for_each_process() {
    let (asked, processes) = asked_by_snapshot::<Netbsd>("netbsd/10.99.12-amd64-recorded.txt.gz", true);
    // Zombies and process 0 are looked at again to explain the kernel's error: 2 zombies, the kernel.
    assert_eq!(asked, 1 + processes + 3);
    let (asked, processes) = asked_by_snapshot::<Openbsd>("openbsd/8.0-amd64-recorded.txt.gz", true);
    assert_eq!(asked, 2 + processes + 3 * 2);
}

/// psutil's group of a oneshot: what it reads from the one record.
fn asked_by_oneshot<P: super::NetbsdLike>(file: &str, pid: u32) -> usize {
    let machine = open::<P>(file);
    let cache = P::cache(&machine, true);
    let process = sys::Handle::<P> { source: &machine, pid, start: None, unique: None, cache: &cache };
    let _ = (P::ppid(&process).unwrap(), P::status(&process).unwrap(), P::name(&process).unwrap());
    let _ = (P::uids(&process).unwrap(), P::gids(&process).unwrap(), P::create_time(&process).unwrap());
    let _ = (P::num_ctx_switches(&process).unwrap(), P::io_counters(&process).unwrap());
    let _ = (P::cpu_times(&process).unwrap(), P::memory_info(&process).unwrap(), P::terminal(&process).unwrap());
    machine.kernel().asked()
}

#[test]
fn a_oneshot_asks_once() {
    assert_eq!(asked_by_oneshot::<Netbsd>("netbsd/10.99.12-amd64-recorded.txt.gz", 112), 1);
    assert_eq!(asked_by_oneshot::<Openbsd>("openbsd/8.0-amd64-recorded.txt.gz", 79312), 2);
}
