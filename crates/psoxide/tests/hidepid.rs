//! A /proc that hides the processes of others: proc(5), `hidepid`. A refused process loses its fields, not its row, and never
//! makes a listing fail.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use psoxide::{Backend, ErrorKind, Field, Reading, System};

/// Runs the test `name` of this file as the user nobody, in a mount namespace whose /proc has this option. The parent of
/// that process is root's.
fn as_nobody(name: &str, hidepid: &str) {
    if !common::is_root() {
        psoxide_testing::skip("mounting a /proc needs root");
        return;
    }
    // Where another user can execute it.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let script = format!(
        "mount -t proc -o hidepid={hidepid} proc /proc || exit 77\n\
         setpriv --reuid 65534 --regid 65534 --clear-groups \"$0\" --exact {name} --nocapture --test-threads=1"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", &script]).arg(&program);
    let output = command.env("ANIMAL", hidepid).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) {
        psoxide_testing::skip("this machine refuses to mount a /proc with hidepid");
        return;
    }
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn systems() -> [System; 2] {
    [System::host().with_backend(Backend::Proc), System::host().with_backend(Backend::Auto)]
}

#[test]
fn a_refused_process_keeps_its_row() {
    let Some(hidepid) = common::this_animal() else {
        for hidepid in ["1", "2"] {
            as_nobody("a_refused_process_keeps_its_row", hidepid);
        }
        return;
    };
    let me = std::process::id();
    for system in systems() {
        let fields = [Field::Name, Field::Uids, Field::MemoryInfo, Field::Status];
        let snapshot = system.snapshot(fields).unwrap();
        let mine = snapshot.processes.iter().find(|row| row.pid == me).unwrap();
        assert!(mine.name.value().is_some() && mine.start.is_some());
        let init = snapshot.processes.iter().find(|row| row.pid == 1);
        if hidepid == "1" {
            let init = init.unwrap();
            assert!(matches!(init.name, Reading::Denied) && matches!(init.memory_info, Reading::Denied), "{init:?}");
            assert_eq!(init.start, None);
        } else {
            assert!(init.is_none());
        }
        // With nothing asked for, there is still a row for each.
        assert!(system.snapshot([]).unwrap().processes.iter().any(|row| row.pid == me));

        let processes = system.processes().unwrap();
        assert!(processes.iter().any(|process| process.pid() == me));
        match processes.iter().find(|process| process.pid() == 1) {
            Some(init) => {
                assert_eq!(hidepid, "1");
                assert_eq!(init.start(), None);
                assert_eq!(init.name().unwrap_err().kind(), ErrorKind::AccessDenied);
                assert!(init.is_running().unwrap());
                assert!(init.parent().is_err_and(|error| error.is_access_denied()));
                assert_eq!(*init, system.process(1).unwrap());
            }
            None => assert_eq!(hidepid, "2"),
        }
        let myself = system.current_process().unwrap();
        assert!(myself.children(true).unwrap().is_empty());
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let children = myself.children(true).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(children.iter().map(psoxide::Process::pid).collect::<Vec<_>>(), [child.id()]);
    }
}

#[test]
fn a_refused_child_is_a_child() {
    let Some(_) = common::this_animal() else {
        as_nobody("a_refused_child_is_a_child", "1");
        return;
    };
    let system = System::host();
    // The shell that started this one is root's, and so is its /proc entry: only the kernel tells whose child it is.
    let shell = system.current_process().unwrap().ppid().unwrap();
    let Ok(shell) = system.process(shell) else { return };
    assert_eq!(shell.start(), None);
    assert!(shell.children(false).is_ok());
}
