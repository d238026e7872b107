//! Captures: of this machine, and of other systems.
//!
//! After a wanted change of the output: `INSTA_UPDATE=always cargo test -p psoxide-cli --test capture`, and read the diff.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure is a failed test

mod common;

use common::{psoxide, run};

#[test]
fn this_machine_is_captured_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machine.txt");
    let me = std::process::id().to_string();
    let capture = || run(psoxide().args(["capture", "--pid", &me]).arg(&file));
    let ran = capture();
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{}", ran.stderr);
    assert!(ran.one_line().contains("read it before you give it away"));
    let read = |args: &[&str]| run(psoxide().arg("--root").arg(&file).args(args));
    let ps = read(&["ps", "--json", "--columns", "pid,name"]);
    assert_eq!(ps.json()["rows"][0]["pid"], std::process::id(), "{}", ps.stdout);
    assert!(read(&["free"]).stdout.contains("Mem:"));
    assert!(read(&["procinfo", &me]).stdout.contains(&me));
    // A capture is neither overwritten nor captured.
    assert_eq!(capture().code, 1);
    assert_eq!(read(&["capture", "-"]).code, 2);
    let text = run(psoxide().args(["capture", "--pid", &me, "-"])).stdout;
    assert!(text.starts_with("psoxide-capture 1\norigin recorded\nsystem linux\n"), "{text}");
}

/// What the command prints of a recorded machine of another system.
#[track_caller]
fn snapshot(name: &str, file: &str, args: &[&str]) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/");
    let ran = run(psoxide().arg("--root").arg([root, file].concat()).args(args));
    let mut text = format!("$ psoxide --root {file} {}\n{}", args.join(" "), ran.stdout);
    if !ran.stderr.is_empty() {
        text.push_str(&format!("[stderr]\n{}", ran.stderr.replace(root, "")));
    }
    text.push_str(&format!("[exit {}]\n", ran.code));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

macro_rules! snapshots {
    ($file:literal: $($name:ident: $($arg:literal)*;)+) => {
        $(#[test]
        fn $name() {
            snapshot(stringify!($name), $file, &[$($arg),*]);
        })+
    };
}

snapshots! {
    "freebsd/12.1-amd64-recorded.txt.gz":
    freebsd_glance: ;
    freebsd_ps: "ps";
    freebsd_ps_json: "ps" "--json" "--pid" "0,17,22,40";
    freebsd_procinfo: "procinfo" "22" "--verbose";
    freebsd_procinfo_kernel: "procinfo" "0";
    freebsd_procinfo_zombie: "procinfo" "17";
    freebsd_procinfo_json: "procinfo" "40" "--json";
    freebsd_free: "free";
    freebsd_meminfo: "meminfo";
    freebsd_cpu: "cpu";
    freebsd_netstat: "netstat";
    freebsd_netstat_unix: "netstat" "--kind" "unix";
    freebsd_disks: "disks";
    freebsd_ifconfig: "ifconfig";
    freebsd_top: "top" "--batch";
    freebsd_pmap: "pmap" "22";
    freebsd_who: "who";
    freebsd_sensors: "sensors";
    freebsd_pstree: "pstree";
    freebsd_iotop: "iotop" "--pid" "0,1,17,22";
    freebsd_iotop_only: "iotop" "--only";
}

snapshots! {
    "netbsd/10.99.12-amd64-recorded.txt.gz":
    netbsd_ps: "ps";
    netbsd_ps_json: "ps" "--json" "--pid" "0,89,113,121";
    netbsd_procinfo: "procinfo" "119" "--verbose";
    netbsd_procinfo_kernel: "procinfo" "0";
    netbsd_procinfo_zombie: "procinfo" "113";
    netbsd_free: "free";
    netbsd_cpu: "cpu";
    netbsd_procsmem: "procsmem";
    netbsd_netstat: "netstat";
    netbsd_netstat_unix: "netstat" "--kind" "unix";
    netbsd_disks: "disks";
    netbsd_ifconfig: "ifconfig";
    netbsd_top: "top" "--batch";
    netbsd_who: "who";
    netbsd_lsof: "lsof";
}

snapshots! {
    "openbsd/8.0-amd64-recorded.txt.gz":
    openbsd_ps: "ps";
    openbsd_procinfo: "procinfo" "94270" "--verbose";
    openbsd_procinfo_kernel: "procinfo" "0";
    openbsd_procinfo_zombie: "procinfo" "13327";
    openbsd_free: "free";
    openbsd_cpu: "cpu";
    openbsd_netstat: "netstat";
    openbsd_netstat_unix: "netstat" "--kind" "unix";
    openbsd_disks: "disks";
    openbsd_ifconfig: "ifconfig";
    openbsd_top: "top" "--batch";
    openbsd_pmap: "pmap" "79312";
    openbsd_who: "who";
    openbsd_sensors: "sensors";
}

snapshots! {
    "freebsd/14.0-amd64-built.txt":
    freebsd_built_battery: "battery";
}

snapshots! {
    "freebsd/15.0-amd64-built.txt":
    freebsd_built_sensors: "sensors";
    freebsd_built_ifconfig: "ifconfig";
    freebsd_built_meminfo: "meminfo";
}

snapshots! {
    "netbsd/10.1-amd64-built.txt":
    netbsd_sensors: "sensors";
    netbsd_built_battery: "battery";
    netbsd_pmap: "pmap" "3";
    netbsd_built_ifconfig: "ifconfig";
    netbsd_built_netstat: "netstat" "--kind" "tcp6";
}

snapshots! {
    "openbsd/7.8-amd64-built.txt":
    openbsd_built_sensors: "sensors";
    openbsd_built_battery: "battery";
    openbsd_built_ifconfig: "ifconfig";
    openbsd_built_pmap: "pmap" "3";
    openbsd_built_netstat: "netstat";
}

#[test]
fn rates_are_since_an_earlier_capture() {
    let folder = tempfile::tempdir().unwrap();
    let capture = |name: &str, uptime: u32, ticks: u32| {
        let file = folder.path().join(name);
        let text = format!(
            "psoxide-capture 1\nsystem linux\nfile proc/stat\n|cpu {ticks} 0 0 {ticks}\n|cpu0 {ticks} 0 0 {ticks}\n|btime 9\n\
             file proc/uptime\n|{uptime}.00 1.00\nfile proc/1/stat\n\
             |1 (init) S 0 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 5 0 0\n\
             file proc/net/dev\n|a\n|b\n| eth0: {}00 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
            uptime * 10
        );
        std::fs::write(&file, text).unwrap();
        file
    };
    let (earlier, later) = (capture("a", 100, 1000), capture("b", 110, 1500));
    let read = |args: &[&str]| run(psoxide().arg("--root").arg(&later).arg("--since").arg(&earlier).args(args)).json();
    assert_eq!(read(&["ps", "--json", "--columns", "pid,cpu_percent"])["rows"][0]["cpu_percent"], 50.0);
    assert_eq!(read(&["nettop", "--json"])["rows"][0]["recv_rate"], 1000.0);
    let alone = run(psoxide().arg("--since").arg(&earlier).arg("ps"));
    assert_eq!(alone.code, 2, "{}", alone.stderr);
}

#[test]
fn a_copied_tree_of_sunos_prints_what_its_capture_prints() {
    let text = include_str!("../../../testdata/sunos/5.11-i86pc-built.txt");
    let tree = psoxide_capture::unpacked(text).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/sunos/5.11-i86pc-built.txt");
    let commands: [&[&str]; 9] = [
        &["ps", "--columns", "pid,name,zone,username,status,rss,cpu_time,cmdline"],
        &["procinfo", "700", "--verbose"],
        &["procinfo", "704"],
        &["pmap", "700"],
        &["pstree"],
        &["netstat", "--unix"],
        &["lsof"],
        &["top", "--batch"],
        &["disks", "--all"],
    ];
    for args in commands {
        let [from_tree, from_file] =
            [tree.path().as_os_str(), file.as_ref()].map(|root| run(psoxide().arg("--root").arg(root).args(args)));
        assert_eq!((from_tree.code, from_tree.stdout), (0, from_file.stdout), "{args:?}");
    }
}

snapshots! {
    "sunos/5.11-i86pc-built.txt":
    sunos_ps: "ps";
    sunos_procinfo: "procinfo" "700" "--verbose";
    sunos_procinfo_zombie: "procinfo" "702";
    sunos_procinfo_refused: "procinfo" "704";
    sunos_pmap: "pmap" "700";
    sunos_pstree: "pstree";
    sunos_free: "free";
    sunos_cpu: "cpu";
    sunos_netstat: "netstat";
    sunos_ifconfig: "ifconfig";
    sunos_disks: "disks" "--all";
    sunos_top: "top" "--batch";
    sunos_who: "who";
    sunos_uptime: "uptime";
    sunos_glance: ;
    sunos_ps_zones: "ps" "--columns" "pid,ppid,zone,zone_id,project,task,contract,username,cmdline" "--sort" "-zone_id";
    sunos_netstat_unix: "netstat" "--unix";
    sunos_cpu_distribution: "cpu-distribution";
    sunos_disk_usage: "disk-usage";
    sunos_doctor: "doctor";
    sunos_lsof: "lsof";
    sunos_iotop: "iotop";
    sunos_iotop_json: "iotop" "--json";
    sunos_meminfo: "meminfo";
    sunos_nettop: "nettop";
    sunos_pgrep: "pgrep" "--list-name" "bash";
    sunos_pidof: "pidof" "vi";
    sunos_sensors: "sensors";
    sunos_battery: "battery";
    sunos_services: "services";
}

snapshots! {
    "macos/14.1-arm64-built.txt":
    macos_ps: "ps";
    macos_procinfo: "procinfo" "501" "--verbose";
    macos_procinfo_zombie: "procinfo" "502";
    macos_procinfo_refused: "procinfo" "504";
    macos_free: "free";
    macos_netstat: "netstat";
    macos_ifconfig: "ifconfig";
    macos_disks: "disks";
    macos_top: "top" "--batch";
    macos_who: "who";
    macos_sensors: "sensors";
    macos_battery: "battery";
    macos_cpu: "cpu";
    macos_cpu_each: "cpu" "--each";
    macos_glance: ;
    macos_iotop: "iotop";
    macos_meminfo: "meminfo";
    macos_netstat_unix: "netstat" "--unix";
    macos_nettop: "nettop";
    macos_pidof: "pidof" "other";
    macos_pmap: "pmap" "501";
    macos_procsmem: "procsmem";
    macos_pstree: "pstree";
    macos_services: "services";
    macos_disk_usage: "disk-usage" "/";
    macos_ps_json: "ps" "--json";
    macos_lsof: "lsof";
    macos_lsof_of_a_port: "lsof" ":22";
    macos_pgrep: "pgrep" "--list-name" "s";
    macos_uptime: "uptime";
    macos_cpu_distribution: "cpu-distribution";
    macos_kill: "kill" "501";
    macos_kill_dry_run: "kill" "--dry-run" "501";
    macos_killall: "killall" "--dry-run" "stopped";
    macos_pkill: "pkill" "--dry-run" "z";
    macos_wait: "wait" "501";
    macos_capture: "capture" "-";
}

/// Subcommands without a snapshot of a macOS capture.
const WITHOUT_SNAPSHOT_OF_MACOS: &[(&str, &str)] = &[
    ("completions", "the same text on all systems"),
    ("doctor", "depends on the terminal and on who runs it"),
    ("help", "the same text on all systems"),
    ("history", "Linux"),
    ("man", "the same text on all systems"),
    ("push", "Linux"),
    ("record", "Linux"),
    ("schema", "the same text on all systems"),
    ("serve", "Linux"),
];

#[test]
fn every_subcommand_has_a_snapshot_of_macos() {
    let help = run(psoxide().arg("--help")).stdout;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut missing: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(missing.len() > 30, "{missing:?}");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let words = text.split("$ psoxide --root macos/").nth(1).and_then(|line| line.split_whitespace().nth(1));
        missing.retain(|subcommand| Some(*subcommand) != words);
    }
    let explained: Vec<&str> = WITHOUT_SNAPSHOT_OF_MACOS.iter().map(|(subcommand, _)| *subcommand).collect();
    missing.sort_unstable();
    assert_eq!(missing, explained);
}

snapshots! {
    "macos/13.6-amd64-built.txt":
    intel_cpu: "cpu";
    intel_disks: "disks";
    intel_ifconfig: "ifconfig";
    intel_netstat: "netstat" "--all";
    intel_procinfo: "procinfo" "700";
    intel_ps: "ps";
    intel_sensors: "sensors";
    intel_netstat_udp: "netstat" "--kind" "udp";
}

snapshots! {
    "macos/15.1-arm64-charging-built.txt":
    macos_sensors_of_no_temperature: "sensors";
    macos_battery_charging: "battery";
    macos_cpu_idle: "cpu";
}

snapshots! {
    "windows/10.0.19043-amd64-wine-recorded.txt.gz":
    windows_glance: ;
    windows_ps: "ps";
    windows_ps_json: "ps" "--json" "--filter" "name == probe.exe";
    windows_pstree: "pstree";
    windows_procinfo: "procinfo" "32" "--verbose";
    windows_procinfo_32_bit: "procinfo" "312";
    windows_procinfo_refused: "procinfo" "296";
    windows_pmap: "pmap" "--grouped" "288";
    windows_free: "free";
    windows_meminfo: "meminfo";
    windows_cpu: "cpu";
    windows_netstat: "netstat";
    windows_disks: "disks";
    windows_ifconfig: "ifconfig";
    windows_services: "services";
    windows_who: "who";
    windows_battery: "battery";
    windows_sensors: "sensors";
    windows_top: "top" "--batch";
}
