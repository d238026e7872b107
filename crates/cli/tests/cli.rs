//! The command as it is used: what it prints, and how it exits, on a small machine read from an archive.
//!
//! After a wanted change of the output: `INSTA_UPDATE=always cargo test -p psoxide-cli`, and read the diff.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // in the helpers too, a failure is a failed test

mod common;

use std::fs::File;
use std::io::pipe;

use common::{Machine, psoxide, run};
use insta::Settings;

/// What it prints when run with these arguments on the small machine.
#[track_caller]
fn snapshot(name: &str, args: &[&str]) {
    let ran = Machine::new().run(args);
    let mut text = format!("$ psoxide {}\n{}", args.join(" "), ran.stdout);
    if !ran.stderr.is_empty() {
        text.push_str("[stderr]\n");
        text.push_str(&ran.stderr);
    }
    text.push_str(&format!("[exit {}]\n", ran.code));
    let mut settings = Settings::clone_current();
    // Absolute, so that nobody asks cargo where the workspace is: the tests may run where there is no cargo.
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

macro_rules! snapshots {
    ($($name:ident: $($arg:literal)*;)+) => {
        $(#[test]
        fn $name() {
            snapshot(stringify!($name), &[$($arg),*]);
        })+
    };
}

snapshots! {
    glance: ;
    glance_json: "--json";
    procinfo: "procinfo" "512";
    procinfo_verbose: "procinfo" "512" "--verbose";
    procinfo_json: "procinfo" "512" "--json";
    procinfo_first: "procinfo" "1";
    procinfo_kernel_thread: "procinfo" "2";
    procinfo_kernel_thread_json: "procinfo" "2" "--json";
    procinfo_zombie: "procinfo" "40";
    procinfo_zombie_json: "procinfo" "40" "--json";
    procinfo_odd_name: "procinfo" "300";
    procinfo_odd_name_json: "procinfo" "300" "--json";
    procsmem: "procsmem";
    procsmem_json: "procsmem" "--json";
    ps: "ps";
    ps_json: "ps" "--json";
    ps_jsonl: "ps" "--jsonl" "--pid" "1,300";
    ps_csv: "ps" "--csv";
    ps_tree: "ps" "--tree" "--columns" "pid,name,command";
    ps_filter: "ps" "--filter" "name ~ ^s && rss > 100M || user == anna" "--columns" "pid,USER,rss";
    ps_sort: "ps" "--sort=-rss,pid" "--columns" "pid,rss" "--bytes";
    ps_sort_missing_last: "ps" "--sort" "-swap" "--columns" "pid,swap" "--no-header";
    ps_user: "ps" "--user" "anna,33" "--columns" "pid,uid,username";
    ps_every_column: "ps" "--json" "--pid" "512" "--columns" "pid,ppid,name,username,status,cpu_percent,memory_percent,rss,vms,shared,text,data,uss,pss,swap,terminal,create_time,cpu_time,nice,num_threads,num_fds,cpu_num,voluntary,involuntary,minor,major,read_count,write_count,read_bytes,write_bytes,read_rate,write_rate,uid,euid,gid,exe,cwd,cmdline";
    pstree: "pstree";
    pstree_of_one: "pstree" "512";
    pidof: "pidof" "server" "init";
    pidof_json: "pidof" "/usr/sbin/server" "--json";
    pidof_nobody: "pidof" "nobody";
    killall_dry_run: "killall" "-n" "-s" "kill" "server";
    killall_nobody: "killall" "-n" "nobody";
    killall_of_a_copy: "killall" "server";
    iotop: "iotop";
    iotop_json: "iotop" "--json";
    meminfo: "meminfo";
    meminfo_json: "meminfo" "--json" "--filter" "of == swap";
    cpu: "cpu";
    cpu_json: "cpu" "--json";
    cpu_each: "cpu" "--each";
    cpu_distribution: "cpu-distribution";
    cpu_distribution_json: "cpu-distribution" "--json";
    disk_usage: "disk-usage";
    disk_usage_json: "disk-usage" "--json";
    disks: "disks";
    disks_all: "disks" "--all";
    disks_json: "disks" "--json";
    nettop: "nettop";
    nettop_json: "nettop" "--json";
    ifconfig: "ifconfig";
    ifconfig_json: "ifconfig" "--json";
    sensors: "sensors";
    sensors_json: "sensors" "--json";
    battery: "battery";
    battery_json: "battery" "--json";
    who: "who";
    who_json: "who" "--json";
    wait_copy: "wait" "1";
    services: "services";
    glance_jsonl: "--jsonl";
    free_csv: "free" "--csv";
    free: "free";
    free_bytes: "free" "-b";
    free_human: "free" "-h";
    free_json: "free" "--json";
    pmap: "pmap" "512";
    pmap_json: "pmap" "512" "--json";
    pmap_grouped: "pmap" "512" "--grouped";
    pmap_grouped_json: "pmap" "512" "--grouped" "--json";
    pmap_odd_name: "pmap" "300";
    pmap_kernel_thread: "pmap" "2";
    netstat: "netstat";
    netstat_json: "netstat" "--json";
    netstat_tcp6: "netstat" "--kind" "tcp6";
    netstat_unix: "netstat" "--kind" "unix";
    netstat_unix_json: "netstat" "--kind" "unix" "--json";
}

#[test]
fn options_may_stand_before_or_after_the_command() {
    let machine = Machine::new();
    let root = machine.root().to_str().unwrap();
    let before = run(psoxide().args(["--json", "--root", root, "free"]));
    let after = run(psoxide().args(["free", "--root", root, "--json"]));
    assert_eq!(before, after);
    assert_eq!(before.code, 0);
}

#[test]
fn unknown_process_is_4() {
    for command in ["procinfo", "pmap"] {
        for args in [&[command, "99999"][..], &[command, "99999", "--json"]] {
            let ran = Machine::new().run(args);
            assert_eq!((ran.code, &*ran.stdout), (4, ""), "{args:?}");
            assert_eq!(ran.one_line(), "psoxide: process 99999: ROOT/proc/99999/stat: the process no longer exists");
        }
    }
}

#[test]
fn maps_of_a_zombie_are_4() {
    let ran = Machine::new().run(&["pmap", "40"]);
    assert_eq!((ran.code, &*ran.stdout), (4, ""));
    assert_eq!(ran.one_line(), "psoxide: process 40: the process is a zombie");
}

#[test]
fn wrong_usage_is_2() {
    let machine = Machine::new();
    for (args, named) in [
        (&["--no-such-option"][..], "--no-such-option"),
        (&["ps", "--verbose"], "--verbose"),
        (&["nonsense"], "nonsense"),
        (&["procinfo", "one"], "one"),
        (&["procinfo", "-1"], "-1"),
        (&["procinfo", "4294967296"], "4294967296"),
        (&["procinfo"], "PID"),
        (&["pmap"], "<PID>"),
        (&["free", "-b", "-h"], "--human"),
        (&["netstat", "--kind"], "--kind"),
    ] {
        let ran = machine.run(args);
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{args:?}");
        assert!(ran.stderr.contains(named), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn wrong_kind_is_2_and_names_the_choices() {
    let ran = Machine::new().run(&["netstat", "--kind", "ipx"]);
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    assert!(ran.stderr.contains("ipx"), "{}", ran.stderr);
    for name in psoxide::ConnectionKind::names() {
        assert!(ran.stderr.contains(name), "{name} is not in {}", ran.stderr);
    }
}

#[test]
fn wrong_root_is_2_and_named_in_one_sentence() {
    let machine = Machine::new();
    for root in ["nowhere", "etc", "etc/passwd"] {
        let root = machine.path(root);
        for command in [&[][..], &["ps"], &["free", "--json"], &["procinfo", "1"]] {
            let ran = run(psoxide().arg("--root").arg(&root).args(command));
            assert_eq!((ran.code, &*ran.stdout), (2, ""), "{command:?}");
            let line = ran.one_line();
            assert!(line.starts_with("psoxide: ") && line.contains(root.to_str().unwrap()), "{line}");
        }
    }
}

#[test]
fn name_in_an_error_cannot_break_the_line() {
    let ran = run(psoxide().args(["--root", "/no\nwhere\x1b[2J", "ps"]));
    assert_eq!(ran.code, 2);
    assert!(ran.one_line().contains("/no\\nwhere\\x1b[2J/proc"), "{}", ran.stderr);
}

#[test]
fn nothing_found_is_1() {
    let machine = Machine::new();
    for file in ["tcp", "tcp6", "udp", "udp6"] {
        let path = machine.path(&format!("proc/net/{file}"));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.lines().next().unwrap()).unwrap();
    }
    let ran = machine.run(&["netstat"]);
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (1, "PROTO  LADDR  RADDR  STATUS  PID  NAME\n", ""));
    let ran = machine.run(&["netstat", "--json"]);
    assert_eq!((ran.code, &ran.json()["rows"]), (1, &serde_json::json!([])));
}

#[test]
fn help_and_version_go_to_standard_output() {
    for (args, named) in [
        (&["--help"][..], &["glance", "procinfo", "procsmem", "ps", "free", "pmap", "netstat", "Exit status"][1..]),
        (&["help", "ps"], &["--json"]),
        (&["procinfo", "--help"], &["--verbose", "Examples"]),
        (&["free", "--help"], &["--human", "--bytes"]),
        (&["--version"], &[env!("CARGO_PKG_VERSION")]),
    ] {
        let ran = run(psoxide().args(args));
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{args:?}");
        for name in named {
            assert!(ran.stdout.contains(name), "{args:?}: {name} is not in {}", ran.stdout);
        }
    }
}

#[test]
fn closed_pipe_is_quiet() {
    let machine = Machine::new();
    for args in [
        &["--help"][..],
        &[],
        &["--json"],
        &["ps"],
        &["ps", "--json"],
        &["procinfo", "512"],
        &["procsmem"],
        &["free"],
        &["pmap", "512"],
        &["netstat"],
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let ran = run(machine.command(args).stdout(writer));
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{args:?}");
    }
}

#[test]
fn full_disk_is_1() {
    let machine = Machine::new();
    for args in [&["ps"][..], &["ps", "--json"], &["procsmem"], &[]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = run(machine.command(args).stdout(full));
        assert_eq!(ran.code, 1, "{args:?}");
        let line = ran.one_line();
        assert!(line.starts_with("psoxide: the output could not be written: "), "{line}");
    }
}
