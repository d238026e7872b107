//! Commands beside a file system that stops answering.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use psoxide_testing::hung_mount::{HungMount, passes_in_a_mount_namespace};

#[test]
fn no_command_waits_for_a_file_system_that_never_answers() {
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
    let hung = HungMount::start(&temp.path().join("hung")).unwrap();
    let (pid, dir) = (hung.victim.id().to_string(), hung.dir.to_str().unwrap());
    let data = format!("{dir}/data");
    // What each command prints about the file system or the process.
    let commands: &[(&[&str], &str)] = &[
        (&[], ""),
        (&["--json"], "psoxide/1"),
        (&["procinfo", &pid], "program"),
        (&["procinfo", "--json", &pid], &data),
        (&["lsof", "--csv", &pid], "data (deleted)"),
        (&["lsof", "--csv"], &data),
        (&["lsof", "--csv", &data], &data),
        (&["pmap", &pid], "ld-linux"),
        (&["ps", "--csv"], &pid),
        (&["disk-usage", "--all", "--csv"], dir),
        (&["disk-usage", dir], "not answering"),
        (&["top", "--batch", "--count", "1"], ""),
    ];
    for (arguments, expected) in commands {
        let mut command = Command::new(env!("CARGO_BIN_EXE_psoxide"));
        command.args(*arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let command = command.spawn().unwrap();
        // The pipes must end too: a helper that waits for the file system must not hold them.
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(command.wait_with_output().unwrap()));
        let output = receiver.recv_timeout(Duration::from_secs(30));
        let output = output.unwrap_or_else(|_| panic!("{arguments:?} waits"));
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(said.contains(expected), "{arguments:?} does not say {expected:?}:\n{said}");
    }
}
