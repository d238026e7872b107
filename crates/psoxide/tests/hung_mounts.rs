//! A file system that stops answering, and a process that uses it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

use std::path::Path;
use std::time::Duration;

use psoxide::{Backend, ErrorKind, Field, Query, System};
use psoxide_testing::hung_mount::{HungMount, passes_in_a_mount_namespace};

#[test]
fn a_file_system_that_never_answers_is_not_waited_for() {
    match passes_in_a_mount_namespace("in_a_mount_namespace") {
        Some(passed) => assert!(passed),
        None => psoxide_testing::skip("mounting FUSE needs root and /dev/fuse"),
    }
}

/// No test of its own: what the other runs in a mount namespace of its own.
#[test]
#[ignore = "another test starts it"]
fn in_a_mount_namespace() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().to_owned();
    let hung = HungMount::start(&dir).unwrap();
    for backend in [Backend::Proc, Backend::Auto, Backend::Bpf] {
        look_at(&System::host().with_backend(backend), &hung);
    }
    let system = System::host();
    for _ in 0..2 {
        let error = system.disk_usage_within(&dir, Duration::from_millis(300)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains("not answering"), "{error}");
    }
    assert!(system.disk_usage_within("/", Duration::from_secs(20)).unwrap().total > 0);
    let error = system.real_path_within(dir.join("data"), Duration::from_millis(300)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(system.real_path_within("/proc/self/../self/..", Duration::from_secs(20)).unwrap(), Path::new("/proc"));
    assert!(system.may_wait(dir.join("data")) && !system.may_wait("/"));
    drop(hung);
}

fn look_at(system: &System, hung: &HungMount) {
    let process = system.process(hung.victim.id()).unwrap();
    assert_eq!(process.exe().unwrap(), hung.dir.join("program"));
    assert_eq!(process.cwd().unwrap(), hung.dir);
    let files = process.open_files().unwrap();
    let paths: Vec<_> = files.iter().map(|file| (file.fd, file.path.clone())).collect();
    assert_eq!(paths, [(Some(0), hung.dir.join("data")), (Some(1), hung.dir.join("data (deleted)"))]);
    assert!(process.memory_maps().unwrap().iter().any(|map| map.path == hung.dir.join("program")));
    assert!(process.num_fds().unwrap() >= 3);
    let snapshot = system.snapshot(Query::from(Field::ALL.iter().copied())).unwrap();
    assert!(snapshot.processes.iter().any(|row| row.cwd.value() == Some(&hung.dir)));
}
