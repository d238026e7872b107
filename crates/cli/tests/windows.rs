//! The command on a running Windows, or on Wine: what it prints, and how it exits.
#![cfg(windows)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure is a failed test

mod common;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use common::{Ran, psoxide, run};
use serde_json::json;

fn ran(args: &[&str]) -> Ran {
    run(psoxide().args(args))
}

/// The command itself, waiting for a process that does not end: this one.
struct Waiting(Child);

impl Waiting {
    fn new() -> Self {
        let me = std::process::id().to_string();
        let mut command = psoxide();
        let child = Self(command.args(["wait", &me, "--timeout", "60"]).spawn().unwrap());
        // It has read its own command line when others can.
        while ran(&["ps", "--pid", &child.pid(), "--filter", "cmdline ~ wait"]).code != 0 {}
        child
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It may have been ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_command_answers() {
    for args in [
        &[][..],
        &["ps"],
        &["ps", "--csv"],
        &["ps", "--tree"],
        &["pstree"],
        &["procinfo"],
        &["procinfo", "--verbose"],
        &["procsmem"],
        &["pmap"],
        &["pmap", "--grouped"],
        &["iotop"],
        &["free"],
        &["meminfo"],
        &["cpu"],
        &["cpu", "--each"],
        &["disk-usage"],
        &["ifconfig"],
        &["services"],
        &["who"],
        &["top", "--json"],
        &["free", "--count", "2", "--interval", "10ms"],
    ] {
        let me = std::process::id().to_string();
        let whole = if args.first() == Some(&"pmap") { [args, &[&*me]].concat() } else { args.to_vec() };
        let ran = ran(&whole);
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{args:?}");
        assert!(ran.stdout.lines().count() > 1 || args.contains(&"--json"), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn what_a_machine_does_not_have_is_1_and_said_in_a_line() {
    for args in [&["sensors"][..], &["cpu-distribution"]] {
        let ran = ran(args);
        assert_eq!((ran.code, &*ran.stdout), (1, ""), "{args:?}");
        assert!(ran.one_line().starts_with("psoxide: "), "{args:?}");
    }
    // These depend on the machine.
    for args in ["disks", "battery", "nettop", "netstat"] {
        let ran = ran(&[args]);
        assert!(ran.code <= 1, "{args}: {}", ran.stderr);
    }
}

#[test]
fn a_process_is_read_as_it_was_started() {
    let child = Waiting::new();
    let pid = child.pid();
    let found = ran(&["procinfo", &pid, "--json"]);
    assert_eq!(found.code, 0, "{}", found.stderr);
    let rows =
        ran(&["ps", "--json", "--pid", &pid, "--columns", "pid,ppid,name,exe,cmdline,cwd,username,num_threads"]).json();
    let row = &rows["rows"][0];
    assert_eq!((&row["name"], &row["ppid"]), (&json!("psoxide.exe"), &json!(std::process::id())));
    assert_eq!(
        row["cmdline"].as_array().unwrap()[1..],
        [json!("wait"), json!(std::process::id().to_string()), json!("--timeout"), json!("60")]
    );
    assert_eq!(row["cwd"], json!(std::env::current_dir().unwrap().to_str().unwrap()));
    assert!(row["exe"].as_str().unwrap().ends_with("psoxide.exe") && row["num_threads"].as_u64() > Some(0), "{row}");
    assert!(ran(&["pidof", "psoxide.exe"]).stdout.split_whitespace().any(|word| word == pid));
    let tree = ran(&["pstree", &std::process::id().to_string()]).stdout;
    assert!(tree.contains(&pid), "{tree}");
}

#[test]
fn processes_are_ended_by_name_and_waited_for() {
    let name = format!("psoxide-{}.exe", std::process::id());
    let copy = std::env::temp_dir().join(&name);
    std::fs::copy(env!("CARGO_BIN_EXE_psoxide"), &copy).unwrap();
    let me = std::process::id().to_string();
    let mut child = Command::new(&copy).args(["wait", &me]).stdout(Stdio::null()).spawn().unwrap();
    let pid = child.id().to_string();
    let waits = ran(&["wait", &pid, "--timeout", "20ms"]);
    assert_eq!((waits.code, waits.stdout.contains("no")), (1, true), "{}", waits.stdout);
    let dry = ran(&["killall", "-n", &name]);
    assert_eq!((dry.code, dry.stdout.matches("not sent").count()), (0, 1), "{}{}", dry.stdout, dry.stderr);
    assert_eq!(ran(&["killall", &name]).code, 0);
    assert_eq!(child.wait().unwrap().code(), Some(15));
    assert_eq!((ran(&["killall", &name]).code, ran(&["wait", &pid]).code), (1, 4));
    std::fs::remove_file(copy).unwrap();
}

#[test]
fn sockets_have_holders() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let found = ran(&["netstat", "--json", "--kind", "tcp4"]).json();
    let rows = found["rows"].as_array().unwrap();
    let mine = |row: &&serde_json::Value| row["pid"] == json!(std::process::id());
    assert!(rows.iter().filter(mine).any(|row| row.to_string().contains(&port.to_string())), "{found:#}");
}

#[test]
fn wrong_usage_is_2_and_nobody_is_4() {
    for args in
        [&["nothing"][..], &["ps", "--nothing"], &["ps", "--filter", "name =="], &["ps", "--columns", "nothing"]]
    {
        let ran = ran(args);
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{args:?}");
    }
    for command in ["procinfo", "pmap", "wait"] {
        let ran = ran(&[command, "4294967292"]);
        assert_eq!(ran.code, 4, "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("no such process") || command == "wait", "{}", ran.stderr);
    }
    let root = ran(&["--root", "C:\\", "free"]);
    let said = "psoxide: C:\\proc: not a directory: a copied machine has its files in proc and sys";
    assert_eq!((root.code, root.one_line()), (2, said));
    assert_eq!(ran(&["ps", "--filter", "name == nobody"]).code, 1);
}

#[test]
fn this_machine_is_captured_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machine.txt");
    let captured = run(psoxide().arg("capture").arg(&file));
    assert_eq!((captured.code, &*captured.stdout), (0, ""), "{}", captured.stderr);
    let read = |args: &[&str]| run(psoxide().arg("--root").arg(&file).args(args));
    let rows = read(&["ps", "--json", "--columns", "pid,name,cmdline"]).json();
    let mine = rows["rows"].as_array().unwrap().iter().find(|row| row["name"] == "psoxide.exe").unwrap();
    assert_eq!(mine["cmdline"][1], "capture", "{mine}");
    assert!(read(&["free"]).stdout.contains("Mem:"));
    let me = mine["pid"].to_string();
    assert!(read(&["procinfo", &me, "--verbose"]).stdout.contains("psoxide.exe"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("psoxide-capture 1\norigin recorded\nsystem windows\n"), "{text:.200}");
}
