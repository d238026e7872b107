//! Processes that begin and end between two samples.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]
#![cfg(target_os = "linux")]

mod common;

use std::process::Command;

use common::all;
use psoxide::{ProcessStatus, System};
use psoxide_history::{Options, Recorder};

#[test]
fn a_process_that_lives_between_two_samples_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::open(&System::host(), folder.path().join("history"), &Options::default()).unwrap();
    recorder.record().unwrap();
    if let Some(note) = recorder.notes().first() {
        return psoxide_testing::skip(note);
    }
    // A name that no other process has, with a thread of its own.
    let program = folder.path().join("briefly-here");
    std::fs::copy("/bin/sh", &program).unwrap();
    let mut child =
        Command::new(&program).args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]).spawn().unwrap();
    let pid = child.id();
    assert!(child.wait().unwrap().success());
    recorder.record().unwrap();
    recorder.record().unwrap();
    let samples = all(&folder.path().join("history")).unwrap();
    let find = |sample: usize| samples[sample].rows().into_iter().find(|row| row.pid == pid);
    assert!(find(0).is_none() && find(2).is_none());
    let row = find(1).unwrap();
    assert_eq!(row.name.value().unwrap(), "briefly-here");
    assert_eq!((row.status.value(), row.ppid.value()), (Some(&ProcessStatus::Dead), Some(&std::process::id())));
    assert!(!row.cpu_times.value().unwrap().user.is_zero());
    assert!(row.page_faults.value().unwrap().minor > 0);
    let created = row.create_time.value().unwrap();
    let age = std::time::SystemTime::now().duration_since(*created).unwrap();
    assert!(age.as_secs() < 3600, "{age:?}");
    // This process is in every sample, and is not dead.
    let me = samples[1].rows().into_iter().filter(|row| row.pid == std::process::id()).collect::<Vec<_>>();
    assert_eq!(me.len(), 1);
    assert_ne!(me[0].status.value(), Some(&ProcessStatus::Dead));
}
