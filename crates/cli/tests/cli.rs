//! The command as it is used: what it prints, and how it exits, on a small machine read from an archive.
//!
//! After a wanted change of the output: `INSTA_UPDATE=always cargo test -p psoxide-cli`, and read the diff.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure is a failed test

mod common;

use std::fs::File;
use std::io::pipe;

use common::{Machine, Ran, psoxide, run};
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
    let refused = |ran: Ran, pid: &str, args: &[&str]| {
        assert_eq!((ran.code, &*ran.stdout), (4, ""), "{args:?}");
        assert_eq!(ran.one_line(), format!("psoxide: no such process: {pid} (psoxide ps lists the running ones)"));
    };
    for command in ["procinfo", "pmap", "lsof"] {
        for args in [&[command, "99999"][..], &[command, "99999", "--json"]] {
            refused(Machine::new().run(args), "99999", args);
        }
    }
    // No machine has a process with the largest pid: one that never was has not "ended".
    for command in ["procinfo", "pmap", "lsof", "kill", "wait"] {
        let args = [command, "4294967295"];
        refused(run(psoxide().args(args)), "4294967295", &args);
    }
}

/// A folder that everybody can use, with a copy of the command in it.
fn for_everybody() -> (tempfile::TempDir, std::path::PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join("psoxide");
    // By another process: a child that a test forks meanwhile would hold the open file, and the kernel executes no file
    // that is open for writing.
    let copied = std::process::Command::new("cp").arg(env!("CARGO_BIN_EXE_psoxide")).arg(&copy).status().unwrap();
    assert!(copied.success());
    (folder, copy)
}

#[test]
fn refused_is_3_and_says_who_may() {
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65534;
    let (_folder, copy) = for_everybody();
    let root = rustix::process::geteuid().is_root();
    let as_nobody = |args: &[&str]| {
        let mut command = std::process::Command::new(&copy);
        command.args(args).env("XDG_CONFIG_HOME", "/nonexistent");
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        run(&mut command)
    };
    // A process of somebody else: that of this test, or the first one.
    let other = if root { std::process::id().to_string() } else { "1".into() };
    let ran = as_nobody(&["pmap", &other]);
    assert_eq!((ran.code, &*ran.stdout), (3, ""), "{}", ran.stderr);
    assert!(ran.one_line().ends_with("permission denied (try as root)"), "{}", ran.stderr);
    // A refused field costs neither the row nor the answer.
    let ran = as_nobody(&["ps", "--pid", &other, "--columns", "pid,exe", "--json"]);
    assert_eq!(ran.code, 0);
    let row = &ran.json()["rows"][0];
    assert_eq!((&row["exe"], &row["errors"]["exe"]), (&serde_json::Value::Null, &"permission denied".into()), "{row}");
    if root {
        let mut child = std::process::Command::new(&copy).args(["wait", &other]).spawn().unwrap();
        while run(psoxide().args(["ps", "--pid", &child.id().to_string(), "--filter", "name == psoxide"])).code != 0 {}
        let path = copy.to_str().unwrap();
        let ran = as_nobody(&["killall", path]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
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
        let line = ran.one_line();
        assert!(line.starts_with("psoxide: ") && line.contains(named), "{args:?}: {line}");
    }
}

#[test]
fn wrong_columns_orders_and_filters_are_2_and_say_where() {
    let machine = Machine::new();
    for (args, message) in [
        (
            &["ps", "--sort", "-rsss"][..],
            "psoxide: unknown column \"rsss\" (did you mean \"rss\"?); the columns are pid, ppid, ",
        ),
        (
            &["ps", "--filter", "rss > 100X"],
            "psoxide: --filter, column 7: \"100X\" is not a size; rss is compared with ",
        ),
        (&["ps", "--filter", "name ~ ^py && cpu"], "psoxide: --filter, column 18: expected one of ~ !~ == != "),
        (&["free", "--filter", "used > 1", "--csv", "--sort", "x"], "psoxide: unknown column \"x\""),
        (&["procinfo", "1", "--csv"], "psoxide: --csv needs rows, and procinfo has none; use --json"),
        (&["--csv"], "psoxide: --csv needs rows, and glance has none; use --json"),
        (&["killall", "x", "-n", "--count", "2"], "psoxide: killall takes no --count"),
        (&["top"], "psoxide: the full-screen view needs a terminal; --batch prints plain pages"),
    ] {
        let ran = machine.run(args);
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{args:?}");
        assert!(ran.one_line().starts_with(message), "{args:?}: {}", ran.stderr);
    }
    let ran = machine.run(&["ps", "--columns", "pid,rsss"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("unknown column \"rsss\" (did you mean \"rss\"?)"),
        "a similar one is named: {}",
        ran.stderr
    );
    for interval in ["0", "-1", "soon"] {
        let ran = machine.run(&["free", &format!("--interval={interval}")]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("2, 0.5, 500ms, 1m"), "{}", ran.stderr);
    }
}

#[test]
fn nothing_passes_the_filter_is_1() {
    let ran = Machine::new().run(&["ps", "--filter", "pid == 7", "--columns", "pid"]);
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (1, "PID\n", ""));
}

#[test]
fn formats_exclude_each_other() {
    for two in [["--json", "--csv"], ["--jsonl", "--json"], ["--csv", "--jsonl"]] {
        let ran = Machine::new().run(&[&["free"][..], &two].concat());
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{two:?}");
    }
}

#[test]
fn repeated_as_often_as_wanted() {
    let machine = Machine::new();
    let ran = machine.run(&["free", "--count", "3", "--interval", "10ms"]);
    assert_eq!((ran.code, ran.stdout.matches("Mem:").count(), ran.stdout.matches("available").count()), (0, 3, 3));
    // One line a sample stands under one header.
    let ran = machine.run(&["cpu", "--count", "3", "--interval", "10ms"]);
    assert_eq!((ran.stdout.matches("%IDLE").count(), ran.stdout.lines().count()), (1, 5), "{}", ran.stdout);
    let ran = machine.run(&["free", "--count", "2", "--interval", "10ms", "--csv", "--columns", "name"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!((lines.len(), lines[0]), (5, "sampled,name"));
    assert!(lines[1].ends_with(",memory") && lines[4].ends_with("Z,swap"), "{lines:?}");
    let ran = machine.run(&["--json", "--count", "2", "--interval", "10ms"]);
    let samples: Vec<_> = serde_json::Deserializer::from_str(&ran.stdout).into_iter::<serde_json::Value>().collect();
    let samples: Vec<_> = samples.into_iter().map(|sample| sample.unwrap()["sample"].as_u64()).collect();
    assert_eq!(samples, [Some(0), Some(1)]);
}

#[test]
fn rates_of_a_running_machine_have_a_window() {
    for command in ["cpu", "disks", "nettop", "cpu-distribution", "iotop"] {
        let ran = run(psoxide().args([command, "--jsonl", "--count", "2", "--interval", "50ms"]));
        // A machine may have no disk, and a container no counters of them.
        for line in ran.stdout.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(row["window"].as_f64().is_some_and(|window| window > 0.04), "{command}: {line}");
        }
    }
}

#[test]
fn configuration_says_what_is_shown() {
    let machine = Machine::new();
    let config = machine.path("config.toml");
    let ran = |text: &str, args: &[&str]| {
        std::fs::write(&config, text).unwrap();
        machine.run(&[&["--config", config.to_str().unwrap()][..], args].concat())
    };
    let text = "[columns]\nps = [\"pid\", \"NAME\"]\n[sort]\nps = \"-pid\"\n";
    let shown = ran(text, &["ps"]);
    assert_eq!(shown.stdout.lines().take(2).collect::<Vec<_>>(), ["PID  NAME", "512  server"]);
    // What is said on the command line counts more, and what programs read stays the same.
    assert!(ran(text, &["ps", "--columns", "ppid"]).stdout.starts_with("PPID\n"));
    assert!(ran(text, &["ps", "--json"]).stdout.contains("\"username\""));
    let wrong = ran("# mine\n[columns]\nps = [\"pid\", \"nmae\"]\n", &["free"]);
    assert_eq!((wrong.code, &*wrong.stdout), (2, ""));
    let line = wrong.one_line();
    assert!(
        line.starts_with(
            "psoxide: ROOT/config.toml:3:14: unknown column \"nmae\" (did you mean \"name\"?); the columns are pid"
        ),
        "{line}"
    );
    std::fs::write(&config, b"# caf\xc3\xa9\ncolor = \"\xff\"\n").unwrap();
    let binary = machine.run(&["--config", config.to_str().unwrap(), "free"]);
    assert_eq!((binary.code, binary.one_line()), (2, "psoxide: ROOT/config.toml:2:10: not UTF-8"));
    let missing = machine.run(&["--config", "/nonexistent/psoxide.toml", "free"]);
    assert_eq!(missing.code, 2);
    assert!(missing.one_line().contains("/nonexistent/psoxide.toml: "), "{}", missing.stderr);
}

#[test]
fn a_configuration_out_of_reach_is_none() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let home = machine.path("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o000)).unwrap();
    for folder in [home.as_path(), "/dev/null".as_ref()] {
        let ran = run(machine.command(&["free"]).env("XDG_CONFIG_HOME", folder));
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{}", folder.display());
    }
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(psoxide().args(["man", "--out"]).arg(folder.path()));
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(page("psoxide.1").contains("\\fBpsoxide\\-ps\\fR(1)"));
    let ps = page("psoxide-ps.1");
    assert!(ps.starts_with(".TH \"PSOXIDE\\-PS\" 1"), "{ps}");
    for section in ["OPTIONS", "COLUMNS", "FILTERS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"] {
        assert!(ps.contains(&format!("\n.SH {section}\n")), "{section}");
    }
    // No page refers to one that does not exist.
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for part in text.split("\\fBpsoxide\\-").skip(1).filter(|part| part.contains("\\fR(1)")) {
            let Some((name, rest)) = part.split_once("\\fR") else { continue };
            if rest.starts_with("(1)") {
                page(&format!("psoxide-{}.1", name.replace("\\-", "-")));
            }
        }
    }
    assert_eq!(run(psoxide().args(["man", "ps"])).stdout, ps);
}

#[test]
fn help_of_every_command_teaches() {
    let help = run(psoxide().arg("--help")).stdout;
    assert!(help.starts_with("Shows this machine at a glance"), "{help}");
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let ran = run(psoxide().args([command, "--help"]));
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{command}");
        assert!(ran.stdout.contains("Examples:\n  psoxide "), "{command}");
        assert_eq!(ran.stdout.contains("Columns:\n"), ran.stdout.contains("\n  COLUMN ~ REGEX"), "{command}");
    }
}

#[test]
fn waiting_for_processes() {
    let mut child = std::process::Command::new("sleep").arg("0.1").spawn().unwrap();
    let pid = child.id().to_string();
    let waiting = psoxide().args(["wait", &pid]).spawn().unwrap();
    child.wait().unwrap();
    let waited = waiting.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&waited.stdout).into_owned();
    // It may have begun to wait when the process had ended already.
    assert!(waited.status.code() == Some(4) || (text.contains("sleep") && text.contains("yes")), "{text}");
    let own = std::process::id().to_string();
    let ran = run(psoxide().args(["wait", &own, "--timeout", "50ms", "--json"]));
    assert_eq!((ran.code, &ran.json()["rows"][0]["ended"]), (1, &serde_json::json!(false)));
    assert_eq!(run(psoxide().args(["wait", "4294967295"])).code, 4);
}

#[test]
fn killall_ends_those_with_the_name_and_no_others() {
    // A copy of a program that nobody else runs under this name.
    let folder = tempfile::tempdir().unwrap();
    let name = format!("psx{}", std::process::id());
    let program = folder.path().join(&name);
    std::fs::copy("/bin/sleep", &program).unwrap();
    let mut children: Vec<_> =
        (0..2).map(|_| std::process::Command::new(&program).arg("600").spawn().unwrap()).collect();
    let mut other = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    // They have their name when they have executed the copy.
    while run(psoxide().args(["pidof", &name])).stdout.split_whitespace().count() < 2 {}
    let dry = run(psoxide().args(["killall", "-n", &name]));
    assert_eq!((dry.code, dry.stdout.matches("not sent").count()), (0, 2));
    let ran = run(psoxide().args(["killall", &name, "--json"]));
    let rows = ran.json()["rows"].as_array().unwrap().clone();
    assert!(rows.len() == 2 && rows.iter().all(|row| row["result"] == "sent" && row["signal"] == "TERM"), "{rows:?}");
    for child in &mut children {
        use std::os::unix::process::ExitStatusExt as _;
        assert_eq!(child.wait().unwrap().signal(), Some(15));
    }
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(run(psoxide().args(["killall", &name])).code, 1);
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
fn a_machine_without_something_says_so() {
    let machine = Machine::new();
    for folder in ["sys/class", "run", "var/run"] {
        let folder = machine.path(folder);
        if folder.exists() {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
    for (command, sentence) in
        [("sensors", "no sensor was found"), ("battery", "no battery was found"), ("who", "no login was found")]
    {
        let ran = machine.run(&[command]);
        assert_eq!((ran.code, ran.one_line()), (1, &*format!("psoxide: {sentence}")));
        let ran = machine.run(&[command, "--json"]);
        assert_eq!((ran.code, &*ran.stderr, &ran.json()["rows"]), (1, "", &serde_json::json!([])));
    }
}

#[test]
fn headings_are_names_too() {
    let ran = Machine::new().run(&["ps", "--columns", "pid,%cpu,%MEM,tty", "--sort=-%CPU", "--pid", "1"]);
    assert_eq!(ran.stdout.lines().next(), Some("PID  %CPU  %MEM  TTY"), "{}", ran.stderr);
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
    assert_eq!(
        (ran.code, &*ran.stdout, &*ran.stderr),
        (1, "PROTO  RECV-Q  SEND-Q  LADDR  RADDR  STATUS  PID  NAME\n", "")
    );
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
        &["ps", "--tree", "--csv"],
        &["pstree", "--jsonl"],
        &["iotop"],
        &["cpu", "--count", "2", "--interval", "10ms"],
        &["disks"],
        &["meminfo"],
        &["top", "--batch"],
        &["procinfo", "512", "--jsonl"],
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
    for args in [&["ps"][..], &["ps", "--json"], &["ps", "--csv"], &["ps", "--jsonl"], &["procsmem"], &[]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = run(machine.command(args).stdout(full));
        assert_eq!(ran.code, 1, "{args:?}");
        let line = ran.one_line();
        assert!(line.starts_with("psoxide: cannot write the output: "), "{line}");
    }
}

#[test]
fn a_backend_that_is_none_is_a_usage_error() {
    let ran = run(psoxide().args(["procinfo"]).env("PSOXIDE_BACKEND", "netlink"));
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("PSOXIDE_BACKEND: invalid backend \"netlink\"; use auto, proc, bpf"), "{}", ran.stderr);
    assert_eq!(run(psoxide().args(["procinfo"]).env("PSOXIDE_BACKEND", "proc")).code, 0);
    let ran = run(psoxide().args(["procinfo", "--backend", "netlink"]));
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("invalid backend \"netlink\"; use auto, proc, bpf"), "{}", ran.stderr);
    assert_eq!(run(psoxide().args(["procinfo", "--backend", "bpf"])).code, 0);
}
