//! Everyday handling of the command: what people type, and what they see on a terminal.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure is a failed test

mod common;
#[path = "common/terminal.rs"]
mod terminal;

use common::{Machine, Ran, psoxide, run};
use terminal::Terminal;

/// The command in a terminal of this size, in UTC, in UTF-8 and without the user's configuration.
fn on_terminal(columns: u16, lines: u16, args: &[&str]) -> Terminal {
    let command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_psoxide"));
    let command = command.env("TZ", "UTC").env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color");
    let command = command.env("XDG_CONFIG_HOME", "/nonexistent").env_remove("NO_COLOR").env_remove("COLUMNS");
    Terminal::run(columns, lines, command.args(args))
}

#[track_caller]
fn usage(args: &[&str], message: &str) {
    let ran = Machine::new().run(args);
    assert_eq!((ran.code, &*ran.stdout), (2, ""), "{args:?}");
    assert!(ran.one_line().contains(message), "{args:?}: {}", ran.stderr);
}

fn lines(ran: &Ran) -> Vec<&str> {
    ran.stdout.lines().collect()
}

#[test]
fn an_interval_redraws_the_rows_that_fit() {
    let terminal = on_terminal(60, 8, &["ps", "--interval", "50ms", "--sort=-pid"]);
    let screen = terminal.shows("more lines (--append shows all");
    assert!(screen[0].starts_with("USER"), "the heading is not at the top: {screen:?}");
    assert!(screen[6].starts_with("… "), "{screen:?}");
    // Later samples, under a heading with the window of their rates, take the place of the first.
    let screen = terminal.shows("rates over");
    assert!(screen[0].starts_with("rates over") && screen[1].starts_with("USER"), "{screen:?}");
    let mut appended = on_terminal(60, 8, &["free", "--count", "3", "--interval", "10ms", "--append"]);
    assert!(appended.end().success());
    let text = String::from_utf8(appended.bytes()).unwrap();
    assert!(text.matches("Mem:").count() == 3 && !text.contains("\x1b[H"), "{text:?}");
}

#[test]
fn commands_of_rates_are_live_on_a_terminal_only() {
    for command in ["iotop", "nettop", "disks"] {
        let terminal = on_terminal(80, 10, &[command, "--interval", "50ms"]);
        terminal.until("a second sample", |_| {
            String::from_utf8_lossy(&terminal.bytes()).matches("\x1b[?7l\x1b[H").count() > 1
        });
    }
    let terminal = on_terminal(200, 10, &["cpu"]);
    terminal.until("a second line", |screen| screen.iter().filter(|line| line.ends_with("0.0")).count() > 1);
    let mut once = on_terminal(80, 24, &["nettop", "--count", "1"]);
    assert!(once.end().success());
    // In a pipe they end after one sample.
    assert_eq!(run(psoxide().args(["nettop", "--columns", "name", "--no-header"])).stdout.matches("total").count(), 1);
}

#[test]
fn a_tree_is_drawn_in_whatever_columns() {
    let machine = Machine::new();
    let ran = machine.run(&["ps", "--tree", "--columns", "pid,name", "--filter", "pid in (512, 40)"]);
    assert_eq!(lines(&ran), ["PID  NAME", "512  server", " 40  └─ gone"]);
    let ran = machine.run(&["top", "--batch", "--tree", "--columns", "name,pid", "--no-header"]);
    assert!(ran.stdout.contains("└─ gone"), "{}", ran.stdout);
    let ran = machine.run(&["pstree", "512", "--columns", "rss,pid"]);
    assert_eq!(lines(&ran)[1..], ["250Mi  512", "   0B  └─ 40"]);
}

#[test]
fn texts_are_compared_without_regard_to_case() {
    let machine = Machine::new();
    let pids = |filter: &str| {
        let ran = machine.run(&["ps", "--columns", "pid", "--no-header", "--filter", filter]);
        assert_eq!(&*ran.stderr, "", "{filter}");
        ran.stdout.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(pids("user == ROOT && status == Sleeping"), ["1", "2"]);
    assert_eq!(pids("user in (Anna, 33)"), ["40", "300", "512"]);
    assert_eq!(pids("user not in (anna, root)"), ["512"]);
    assert_eq!(pids("rss > 0.2GiB"), ["512"]);
    assert_eq!(pids("started < 10m ago").len(), 5);
    assert_eq!(pids("started > 10m ago").len(), 0);
}

#[test]
fn an_unknown_user_is_an_error() {
    usage(&["ps", "--user", "anne"], "unknown user \"anne\"");
    assert_eq!(Machine::new().run(&["ps", "--user", "4711"]).code, 1, "a number needs no name");
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    for (args, message) in [
        (&["ps", "--json", "--bytes"][..], "--bytes is for tables"),
        (&["ps", "--csv", "-h"], "--human is for tables"),
        (&["ps", "--json", "--no-header"], "--no-header is for tables and CSV"),
        (&["ps", "--jsonl", "--wide"], "--wide is for tables"),
        (&["who", "--bytes"], "--bytes changes nothing: who shows no sizes"),
        (&["ps", "--append"], "--append needs --interval or --count"),
        (&["free", "--json", "--count", "2", "--append"], "--append is for tables"),
        (&["man", "--json"], "man"),
        (&["schema", "--interval", "1"], "schema"),
        (&["completions", "bash", "--csv"], "completions"),
        (&["killall", "--tree", "-n", "x"], "unexpected argument '--tree'"),
        (&["pkill", "--tree", "-n", "x"], "unexpected argument '--tree'"),
        (&["pidof", "--human", "server"], "--human is for tables"),
        (&["pidof", "--no-header", "server"], "--no-header is for tables"),
    ] {
        usage(args, message);
    }
    for (args, message) in [
        (&["ps", "--history", "/tmp"][..], "--history needs --at"),
        (&["free", "--backend", "proc"], "free takes no --backend"),
    ] {
        let ran = run(psoxide().args(args));
        assert!(ran.code == 2 && ran.one_line().contains(message), "{args:?}: {}", ran.stderr);
    }
    for args in
        [&["--limit", "3"][..], &["--wide"], &["--no-header"], &["--bytes"], &["-h"], &["--append", "--count", "2"]]
    {
        let mut terminal = on_terminal(80, 24, &[&["top"], args].concat());
        assert_eq!(terminal.end().code(), Some(2), "{args:?}");
        terminal.shows("is for --batch");
    }
}

#[test]
fn the_summary_counts_all_times_since_the_boot_of_a_capture() {
    let machine = Machine::new();
    let times = std::fs::read_to_string(machine.path("proc/stat")).unwrap();
    let times: Vec<f64> =
        times.lines().next().unwrap().split_whitespace().skip(1).map(|n| n.parse().unwrap()).collect();
    let (total, idle) = (times.iter().take(8).sum::<f64>(), times[3] + times[4]);
    let expected = format!("cpu {:.1}% busy (", (total - idle) * 100.0 / total);
    let page = machine.run(&["top", "--batch"]).stdout;
    assert!(page.contains(&expected), "{expected} is not in {page}");
    assert!(machine.run(&["top", "--batch", "--pid", "512"]).stdout.starts_with("1 process, up"));
}

#[test]
fn pidof_writes_the_pids_that_are_asked_for_in_their_order() {
    let machine = Machine::new();
    let pids = |args: &[&str]| machine.run(&[&["pidof", "server", "init"], args].concat()).stdout;
    assert_eq!(pids(&[]), "1 512\n");
    assert_eq!(pids(&["--sort=-pid"]), "512 1\n");
    assert_eq!(pids(&["--limit", "1"]), "1\n");
    assert_eq!(pids(&["--filter", "user != root"]), "512\n");
}

#[test]
fn tables_fit_the_terminal() {
    let machine = Machine::new();
    let root = machine.root().to_str().unwrap();
    let screen = |columns: u16, args: &[&str]| {
        let mut terminal = on_terminal(columns, 80, &[&["--root", root], args].concat());
        terminal.end();
        terminal.screen().iter().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
    };
    // Ports are read: nothing is cut while a column that matters less is there.
    let sockets = screen(80, &["netstat", "-t"]);
    assert!(sockets[0].contains("STATUS") && !sockets.iter().any(|line| line.contains('…')), "{sockets:#?}");
    let sockets = screen(40, &["netstat", "-tlnp"]);
    assert!(sockets[0].starts_with("LADDR") && sockets[0].ends_with("NAME"), "{sockets:#?}");
    assert!(screen(40, &["iotop", "--count", "1"]).iter().any(|line| line.ends_with("COMMAND")));
    for (command, heading) in [("nettop", "INTERFACE"), ("ifconfig", "INTERFACE")] {
        assert!(screen(40, &[command]).iter().any(|line| line.starts_with(heading)), "{command}");
    }
    // What explains is not cut at all.
    let figures = screen(60, &["meminfo", "--no-pager"]).join(" ");
    assert!(!figures.contains('…') && figures.contains("without swapping."), "{figures}");
    assert!(!screen(80, &["doctor"]).join(" ").contains('…'));
    // No word of the glance is torn.
    let glance = screen(40, &[]).join("\n");
    assert!(glance.contains("since boot") && glance.contains("\n         "), "{glance}");
}

#[test]
fn help_can_be_read_on_a_narrow_terminal() {
    let mut terminal = on_terminal(40, 200, &["ps", "--help"]);
    assert!(terminal.end().success());
    let screen = terminal.screen();
    for line in ["  psoxide ps --tree", "      children below their parents", "      The parent's pid."] {
        assert!(screen.iter().any(|shown| shown.trim_end() == line), "{line:?} is not in {screen:#?}");
    }
}

#[test]
fn wait_with_a_timeout_of_zero_only_looks() {
    let own = std::process::id().to_string();
    let ran = run(psoxide().args(["wait", "-t", "0", &own]));
    assert_eq!((ran.code, ran.stdout.contains("no")), (1, true), "{}", ran.stderr);
}

#[test]
fn the_c_locale_is_ascii() {
    let machine = Machine::new();
    for args in [
        &["pstree"][..],
        &["ps"],
        &["procinfo", "512"],
        &["procinfo", "300"],
        &["sensors"],
        &["ps", "--help"],
        &["--help"],
        &["ps", "--pid", "x"],
        &[],
    ] {
        let ran = run(machine.command(args).env("LC_ALL", "C"));
        assert!(ran.stdout.is_ascii() && ran.stderr.is_ascii(), "{args:?}: {}{}", ran.stdout, ran.stderr);
    }
    assert!(run(machine.command(&["pstree"]).env("LC_ALL", "C")).stdout.contains("`- gone"));
}

#[test]
fn rows_are_limited_and_wide_ones_are_not_cut() {
    let machine = Machine::new();
    let ran = machine.run(&["ps", "--sort=-pid", "--limit", "2", "--columns", "pid"]);
    assert_eq!(lines(&ran), ["PID", "512", "300"]);
    let args = ["--root", machine.root().to_str().unwrap(), "ps", "--pid", "512", "--columns", "cmdline,name"];
    let mut cut = on_terminal(24, 10, &args);
    assert!(cut.end().success() && cut.screen()[1].contains('…'), "{:?}", cut.screen());
    let mut wide = on_terminal(24, 10, &[&args[..], &["--wide"]].concat());
    assert!(wide.end().success());
    let text = String::from_utf8(wide.bytes()).unwrap();
    assert!(text.contains("/usr/sbin/server --listen [::]:443") && !text.contains('…'), "{text:?}");
}

#[test]
fn tables_are_coloured_on_a_terminal() {
    let machine = Machine::new();
    let colours = |args: &[&str]| {
        let command = &mut machine.command(&[&["ps", "--columns", "user,status,name"], args].concat());
        run(command.env_remove("NO_COLOR")).stdout
    };
    assert!(!colours(&[]).contains('\x1b') && !colours(&["--color=never"]).contains('\x1b'));
    let shown = colours(&["--color=always"]);
    for part in ["\x1b[33mroot\x1b[0m", "\x1b[36manna\x1b[0m", "\x1b[31mzombie\x1b[0m", "\x1b[32mrunning\x1b[0m"] {
        assert!(shown.contains(part), "{part:?} is not in {shown:?}");
    }
}

#[test]
fn free_takes_the_options_of_procps() {
    let machine = Machine::new();
    let ran = machine.run(&["free", "--columns", "used"]);
    assert!(lines(&ran)[1].starts_with("Mem:") && lines(&ran)[2].starts_with("Swap:"), "{}", ran.stdout);
    let total = |args: &[&str]| {
        let ran = machine.run(&[&["free", "--columns", "total"], args].concat());
        lines(&ran)[1].split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let bytes = total(&["-b"]);
    assert_eq!(
        [total(&[]), total(&["-k"]), total(&["-m"]), total(&["-g"])],
        [bytes >> 10, bytes >> 10, bytes >> 20, bytes >> 30]
    );
    for args in [&["-s", "0.01", "-c", "3"][..], &["-hs", "0.01", "-c3"], &["--human", "-s0.01", "--count", "3"]] {
        let ran = machine.run(&[&["free"], args].concat());
        assert_eq!((ran.code, ran.stdout.matches("Mem:").count()), (0, 3), "{args:?}: {}", ran.stderr);
    }
    usage(&["free", "-m", "-g"], "cannot be used with");
}

#[test]
fn a_rate_is_never_called_as_a_total() {
    let machine = Machine::new();
    let heading = |args: &[&str]| lines(&machine.run(args)).iter().find(|l| l.contains("READ")).unwrap().to_string();
    let words = |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for command in ["cpu", "disks", "iotop"] {
        let words = words(heading(&[command]));
        assert!(words.contains(&"READ/s".into()) && words.contains(&"WRITE/s".into()), "{command}: {words:?}");
    }
    assert_eq!(words(heading(&["disks", "--columns", "read_bytes,write_bytes"])), ["READ", "WRITTEN"]);
}

#[test]
fn pressure_has_one_name() {
    let machine = Machine::new();
    for args in [&[][..], &["meminfo"], &["doctor"]] {
        let ran = machine.run(args);
        assert!(ran.stdout.contains("pressure") && !ran.stdout.contains("PSI:"), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn counts_name_what_was_left_out() {
    let machine = Machine::new();
    let first = |args: &[&str]| lines(&machine.run(args))[0].to_owned();
    assert!(first(&["top", "-b"]).starts_with("5 processes, "));
    assert!(first(&["top", "-b", "--filter", "user == anna"]).starts_with("2 of 5 processes, "));
    assert!(first(&["top", "-b", "--user", "anna"]).starts_with("2 of 5 processes, "));
}

#[test]
fn only_a_regular_file_of_limited_size_is_a_configuration() {
    let machine = Machine::new();
    let fifo = machine.path("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    let large = machine.path("large.toml");
    std::fs::File::create(&large).unwrap().set_len(20 << 30).unwrap();
    let link = machine.path("link.toml");
    std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
    for (path, message) in [
        (fifo.to_str().unwrap(), "not a regular file"),
        (link.to_str().unwrap(), "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("/dev", "not a regular file"),
        (large.to_str().unwrap(), "larger than 1 MiB"),
    ] {
        let ran = machine.run(&["--config", path, "free"]);
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{path}");
        assert!(ran.one_line().ends_with(message), "{}", ran.stderr);
    }
}

#[test]
fn no_output_acts_on_a_terminal() {
    let machine = Machine::new();
    let odd = "a\u{9b}31m\u{7f}\u{202e}\u{200b}";
    std::fs::write(machine.path("proc/512/cmdline"), format!("{odd}\0")).unwrap();
    for form in [&[][..], &["--json"], &["--jsonl"], &["--csv"]] {
        let ran = machine.run(&[&["ps", "--pid", "512", "--columns", "pid,cmdline"][..], form].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let acts =
            ran.stdout.chars().any(|c| (c.is_control() && !"\r\n".contains(c)) || (odd.contains(c) && !c.is_ascii()));
        assert!(!acts, "{form:?}: {:?}", ran.stdout);
        if form == ["--json"] {
            assert_eq!(ran.json()["rows"][0]["cmdline"][0], odd, "programs still read the text");
        }
    }
}

#[test]
fn suggestions_are_never_dangerous() {
    for wrong in ["kil", "killal", "pkil"] {
        let ran = run(psoxide().arg(wrong));
        assert_eq!(ran.code, 2);
        assert!(!ran.stderr.contains("did you mean"), "{}", ran.stderr);
    }
}

/// A program that nobody else runs under its name, and its pid.
struct Sleeper {
    child: std::process::Child,
    name: String,
    _directory: tempfile::TempDir,
}

impl Sleeper {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let name = format!("slp{}", std::process::id());
        let program = directory.path().join(&name);
        std::fs::copy("/bin/sleep", &program).unwrap();
        let child = std::process::Command::new(&program).arg("600").spawn().unwrap();
        // It has its name once it executes the copy.
        while run(psoxide().args(["pidof", &name])).code != 0 {}
        Self { child, name, _directory: directory }
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn kill_takes_signals_as_people_type_them() {
    use std::os::unix::process::ExitStatusExt as _;
    let mut sleeper = Sleeper::start();
    let pid = sleeper.pid();
    let dry = run(psoxide().args(["kill", "-n", "-9", &pid, "--json"]));
    let row = &dry.json()["rows"][0];
    assert_eq!((&row["signal"], &row["result"], &row["matched"]), (&"KILL".into(), &"not sent".into(), &"pid".into()));
    assert_eq!(run(psoxide().args(["kill", &pid, "4294967295"])).code, 4, "nothing is sent unless all exist");
    assert!(sleeper.child.try_wait().unwrap().is_none());
    assert_eq!(run(psoxide().args(["kill", "-USR1", &pid])).code, 0);
    assert_eq!(sleeper.child.wait().unwrap().signal(), Some(10));
}

#[test]
fn wrong_options_are_refused_before_anything_is_signalled_or_waited_for() {
    let mut sleeper = Sleeper::start();
    let pid = sleeper.pid();
    for (args, message) in [
        (&["--filter", "nosuch == 1"][..], "unknown column \"nosuch\""),
        (&["--filter", "pid >"], "expected a value"),
        (&["--sort", "zz"], "unknown column \"zz\""),
        (&["--filter", "result != sent"], "--filter cannot use result"),
        (&["--sort", "result"], "--sort cannot use result"),
        (&["--bytes"], "--bytes changes nothing"),
        (&["--json", "--wide"], "--wide is for tables"),
    ] {
        let ran = run(psoxide().args(["kill", &pid]).args(args));
        assert!(ran.code == 2 && ran.stderr.contains(message), "{args:?}: {}", ran.stderr);
        assert!(sleeper.child.try_wait().unwrap().is_none(), "{args:?} ended the process");
    }
    for args in [&["--filter", "nosuch == 1"][..], &["--bytes"]] {
        let ran = run(psoxide().args(["wait", &pid]).args(args));
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_filter_and_a_limit_choose_who_is_signalled() {
    let mut sleepers = [Sleeper::start(), Sleeper::start()];
    let pids = [sleepers[0].pid(), sleepers[1].pid()];
    let ran = run(psoxide().args(["kill", "--filter", "name == another"]).args(&pids));
    assert_eq!((ran.code, lines(&ran).len()), (1, 1), "{}", ran.stdout);
    let ran = run(psoxide().args(["kill", "--limit", "1", "--columns", "pid,result", "--no-header"]).args(&pids));
    assert_eq!((ran.code, &*ran.stdout), (0, &*format!("{}  sent\n", pids[0])), "{}", ran.stderr);
    sleepers[0].child.wait().unwrap();
    assert!(sleepers[1].child.try_wait().unwrap().is_none(), "the second was signalled too");
}

#[test]
fn killall_says_what_matched_and_asks() {
    let mut sleeper = Sleeper::start();
    let name = sleeper.name.clone();
    let matched = |args: &[&str]| {
        let ran = run(psoxide().args(["killall", "-n", "--json"]).args(args));
        ran.json()["rows"].as_array().unwrap().iter().map(|row| row["matched"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(matched(&[&name]), ["name"]);
    let exe = std::fs::read_link(format!("/proc/{}/exe", sleeper.pid())).unwrap();
    assert_eq!(matched(&["-e", exe.to_str().unwrap()]), ["path"]);
    // Nobody answers: standard input is empty.
    let ran = run(psoxide().args(["killall", "-i", &name, "--json"]));
    assert_eq!(ran.json()["rows"][0]["result"], "not sent");
    assert!(ran.stderr.contains(&format!("send TERM to {} {name}? [y/N]", sleeper.pid())), "{}", ran.stderr);
    assert!(sleeper.child.try_wait().unwrap().is_none());
}

#[test]
fn pgrep_and_pkill_match_patterns() {
    let machine = Machine::new();
    let pids = |args: &[&str]| machine.run(args).stdout;
    assert_eq!(pids(&["pgrep", "serv"]), "512\n");
    assert_eq!(pids(&["pgrep", "-l", "^SERVER$", "-I"]), "512  server\n");
    assert_eq!(pids(&["pgrep", "-f", "listen"]), "512\n");
    assert_eq!(pids(&["pgrep", "-x", "serv"]), "");
    assert_eq!(pids(&["pgrep", "-P", "512"]), " 40\n".trim_start());
    assert_eq!(pids(&["pgrep", "-u", "anna", "--newest"]).lines().count(), 1);
    usage(&["pgrep"], "expected a PATTERN, --parent or --user");
    let dry = machine.run(&["pkill", "-n", "-HUP", "serv", "--columns", "pid,matched,signal,result", "--no-header"]);
    assert_eq!(dry.stdout, "512  name  HUP  not sent\n");
}

#[test]
fn ps_finds_by_words() {
    let machine = Machine::new();
    let pids = |words: &[&str]| {
        let ran = machine.run(&[&["ps", "--columns", "pid", "--no-header"], words].concat());
        ran.stdout.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(pids(&["SERVER"]), ["512"]);
    assert_eq!(pids(&["listen"]), ["512"]);
    assert_eq!(pids(&["anna"]), ["40", "300"]);
    assert_eq!(pids(&["300"]), ["300"]);
    assert_eq!(pids(&["server", "anna"]), [""; 0]);
    assert_eq!(pids(&[":443"]), ["512"]);
}

#[test]
fn ps_finds_by_container_and_unit() {
    let machine = Machine::new();
    let id = "0123456789abcdef".repeat(4);
    for (pid, path) in [("512", format!("/docker/{id}")), ("300", "/system.slice/ssh.service".into())] {
        std::fs::write(machine.path(&format!("proc/{pid}/cgroup")), format!("0::{path}\n")).unwrap();
    }
    let pids = |args: &[&str]| {
        let ran = machine.run(&[&["ps", "--columns", "pid", "--no-header"], args].concat());
        ran.stdout.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(pids(&["--container", "01234"]), ["512"]);
    assert_eq!(pids(&["--unit", "ssh"]), ["300"]);
    assert_eq!(pids(&["--unit", "ssh.service"]), ["300"]);
    assert_eq!(pids(&["--unit", "cron"]), [""; 0]);
    let ran = machine.run(&["ps", "--pid", "512,300", "--columns", "pid,unit,container", "--sort=-pid"]);
    assert_eq!(lines(&ran)[1..], ["512  -            0123456789ab", "300  ssh.service  -"]);
}

#[test]
fn lsof_finds_files_and_ports() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let own = std::process::id().to_string();
    // A child of another test has these files too until it executes its program.
    let mine = format!("pid == {own}");
    let find = |what: &str, options: &[&str]| run(psoxide().args(["lsof", what, "--filter", &mine]).args(options));
    let columns = ["--columns", "pid,kind,file", "--no-header"];
    let path = file.path().to_str().unwrap();
    let ran = find(path, &columns);
    assert_eq!((ran.code, ran.stdout.trim()), (0, &*format!("{own}  file  {path}")), "{}", ran.stderr);
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    let bound = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [&*socket, directory.path()] {
        let ran = find(path.to_str().unwrap(), &columns);
        assert_eq!(ran.stdout.trim(), format!("{own}  unix  {}", socket.display()), "{}", ran.stderr);
    }
    drop(bound);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!(":{}", listener.local_addr().unwrap().port());
    let ran = find(&port, &["--json"]);
    let row = &ran.json()["rows"][0];
    assert_eq!(
        (&row["pid"], &row["kind"], &row["status"]),
        (&std::process::id().into(), &"tcp".into(), &"LISTEN".into())
    );
    assert!(run(psoxide().args(["lsof", &own])).stdout.contains("cwd"));
    assert_eq!(run(psoxide().args(["lsof", "/nonexistent"])).code, 1);
    assert_eq!(run(psoxide().args(["lsof", ":99999"])).code, 2);
}

#[test]
fn familiar_names_are_aliases() {
    let machine = Machine::new();
    for (alias, command) in [("df", "disk-usage"), ("ss", "netstat"), ("vmstat", "cpu"), ("iostat", "disks")] {
        assert_eq!(machine.run(&[alias]), machine.run(&[command]), "{alias}");
    }
    let ran = machine.run(&["vmstat", "0.01", "3"]);
    assert_eq!((ran.code, lines(&ran).len()), (0, 5), "{}", ran.stdout);
    assert!(machine.run(&["uptime"]).stdout.starts_with(" up "));
}

#[test]
fn several_processes_at_once() {
    let machine = Machine::new();
    let ran = machine.run(&["procinfo", "1", "512"]);
    assert_eq!(ran.stdout.matches("cmdline ").count(), 2);
    assert_eq!(machine.run(&["procinfo", "1", "512", "--json"]).json()["data"][1]["pid"], 512);
    let ran = machine.run(&["pmap", "512", "300", "--json"]);
    let json = ran.json();
    let pids: Vec<_> = json["rows"].as_array().unwrap().iter().map(|row| row["pid"].as_u64().unwrap()).collect();
    assert!(pids.first() == Some(&512) && pids.last() == Some(&300), "{pids:?}");
}

#[test]
fn a_local_login_has_no_host() {
    let machine = Machine::new();
    let all = machine.run(&["who", "--json"]).json()["rows"].as_array().unwrap().clone();
    let remote = machine.run(&["who", "--filter", "host != null", "--json"]);
    assert!(!remote.stdout.contains("localhost"), "{}", remote.stdout);
    assert!(all.iter().all(|row| row["host"] != "localhost"), "{all:?}");
}

#[test]
fn the_glance_shows_rates() {
    let ran = run(&mut psoxide());
    assert!(ran.stdout.contains("%CPU") && ran.stdout.contains("/s received"), "{}", ran.stdout);
    let json = run(psoxide().arg("--json")).json();
    assert!(json["data"]["top_rss"][0]["cpu_percent"].is_number(), "{json:#}");
}

#[test]
fn the_doctor_has_a_line_for_each_check() {
    let ran = run(psoxide().args(["doctor", "--json"]));
    let json = ran.json();
    let names: Vec<_> = json["rows"].as_array().unwrap().iter().map(|row| row["check"].as_str().unwrap()).collect();
    for name in ["kernel", "privileges", "BPF", "hidepid", "cgroups", "pressure", "delay accounting", "sensors"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
}

#[test]
fn long_values_of_procinfo_continue_below_themselves() {
    let machine = Machine::new();
    let args = ["--root", machine.root().to_str().unwrap(), "procinfo", "512"];
    let mut terminal = on_terminal(50, 200, &args);
    assert!(terminal.end().success());
    let screen = terminal.screen();
    let place = screen.iter().position(|line| line.starts_with("memory  ")).unwrap();
    assert!(screen[place + 1].starts_with("              ") && screen[place + 1].contains('='), "{screen:?}");
    assert!(screen.iter().all(|line| line.trim_end().chars().count() <= 50));
}

#[test]
fn netstat_takes_the_options_of_others() {
    let machine = Machine::new();
    let protocols = |args: &[&str]| {
        let ran = machine.run(&[&["netstat", "--no-header", "--columns", "proto,status"], args].concat());
        let mut words: Vec<_> =
            ran.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        words.dedup();
        words
    };
    assert_eq!(protocols(&["-tlnp"]), ["tcp LISTEN", "tcp6 LISTEN"]);
    assert_eq!(protocols(&["-u"]), ["udp NONE"]);
    assert!(protocols(&["-x"]).iter().all(|line| line.starts_with("unix")));
    assert!(protocols(&["-tan"]).contains(&"tcp ESTABLISHED".into()));
    usage(&["netstat", "-l", "-a"], "cannot be used with");
}

#[test]
fn netstat_shows_queues_and_unix_listeners() {
    let machine = Machine::new();
    let heading = |args: &[&str]| lines(&machine.run(args))[0].split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(heading(&["netstat", "-tlnp"]).starts_with("PROTO RECV-Q SEND-Q LADDR RADDR STATUS PID"));
    let ran = machine.run(&["netstat", "-xl", "--columns", "proto,status,laddr", "--no-header"]);
    let expected = ["unix  LISTEN  /run/\\xff.sock", "unix  LISTEN  @hidden"];
    assert_eq!(lines(&ran), expected, "{}", ran.stdout);
    // Connections that wait to be accepted are a listener's receive queue; bytes that nobody has read a connection's.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let waits = std::net::TcpStream::connect(address).unwrap();
    let port = format!("laddr ~ :{}$ && status == LISTEN", address.port());
    let args = ["netstat", "-t", "--filter", &port, "--columns", "recv_queue,send_queue", "--no-header"];
    let begun = std::time::Instant::now();
    while run(psoxide().args(args)).stdout.split_whitespace().collect::<Vec<_>>() != ["1", "0"] {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", run(psoxide().args(args)));
    }
    drop(waits);
}

#[test]
fn a_timeout_is_spelled_out_and_t_is_tcp() {
    let own = std::process::id().to_string();
    // waitpid(1) spells it so.
    for timeout in [&["--timeout", "0"][..], &["-t", "0"], &["-t0"]] {
        assert_eq!(run(psoxide().args(["wait"]).args(timeout).arg(&own)).code, 1, "{timeout:?}");
    }
    let help = run(psoxide().args(["wait", "--help"])).stdout;
    assert!(help.contains("--timeout <TIME>") && !help.contains("-t, "), "{help}");
    assert!(run(psoxide().args(["netstat", "--help"])).stdout.contains("-t, --tcp"));
}

#[test]
fn cpu_counts_running_and_blocked_threads() {
    let machine = Machine::new();
    let json = machine.run(&["cpu", "--json", "--columns", "running,blocked"]).json();
    let stat = std::fs::read_to_string(machine.path("proc/stat")).unwrap();
    let count = |name: &str| {
        let line = stat.lines().find(|line| line.starts_with(name));
        line.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
    };
    assert_eq!(json["rows"][0]["running"].as_u64(), count("procs_running"));
    assert_eq!(json["rows"][0]["blocked"].as_u64(), count("procs_blocked"));
    assert!(lines(&run(psoxide().args(["vmstat", "--count", "1"])))[1].trim_start().starts_with("R  "));
}

#[test]
fn one_bad_process_costs_a_row_its_fields_only() {
    let machine = Machine::new();
    std::fs::write(machine.path("proc/300/stat"), "garbage").unwrap();
    for command in ["ps", "pstree"] {
        let ran = machine.run(&[command]);
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        assert!(ran.stdout.contains("server") && ran.stdout.contains("300"), "{command}: {}", ran.stdout);
    }
    let ran = machine.run(&["ps"]);
    assert!(ran.one_line().starts_with("psoxide: 1 row is incomplete: "), "{}", ran.stderr);
}

/// Runs a script of a shell that completes command lines of psoxide; `None` if the shell is not installed.
fn shell(shell: &str, script: &str) -> Option<String> {
    let directory = std::path::Path::new(env!("CARGO_BIN_EXE_psoxide")).parent().unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let mut command = std::process::Command::new(shell);
    command.args(["-c", script]).env("PATH", path).env("XDG_CONFIG_HOME", "/nonexistent").env("HOME", "/nonexistent");
    match command.output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{shell}: {error}");
            psoxide_testing::skip(format!("{shell} is not installed"));
            None
        }
    }
}

/// Command lines that end in a word to be completed, and one of its completions.
fn completions() -> Vec<(String, String)> {
    let own = std::process::id().to_string();
    let user = run(psoxide().args(["ps", "--pid", &own, "--columns", "user", "--no-header"])).stdout.trim().to_owned();
    let cases = [
        ("psoxide netst", "netstat"),
        ("psoxide ps --columns pid,rs", "pid,rss"),
        ("psoxide ps --sort -memory_p", "-memory_percent"),
        ("psoxide ps --sort rss,memory_p", "rss,memory_percent"),
        ("psoxide kill -s HU", "HUP"),
        ("psoxide man netst", "netstat"),
        ("psoxide ps --user ", &user),
        ("psoxide procinfo ", &own),
    ];
    cases.iter().map(|(line, value)| ((*line).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn bash_completes_values() {
    for (line, expected) in completions() {
        let script = format!(
            "source <(psoxide completions bash); read -r -a COMP_WORDS <<< '{line}'; \
             [[ '{line}' == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _clap_complete_psoxide psoxide \"${{COMP_WORDS[COMP_CWORD]}}\" ''; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let Some(shown) = shell("bash", &script) else { return };
        assert!(shown.lines().any(|word| word.trim() == expected), "{line}: {shown}");
    }
}

#[test]
fn fish_completes_values() {
    for (line, expected) in completions() {
        let script = format!("psoxide completions fish | source; complete -C '{line}'");
        let Some(shown) = shell("fish", &script) else { return };
        assert!(shown.lines().any(|word| word.split('\t').next() == Some(&expected)), "{line}: {shown}");
    }
}

#[test]
fn zsh_completes_values() {
    let Some(_) = shell("zsh", "psoxide completions zsh | zsh -n") else { return };
    for (line, expected) in completions() {
        // What the script runs when the user presses Tab.
        let mut words: Vec<&str> = line.split(' ').collect();
        let index = words.len() - 1;
        let mut command = psoxide();
        command.env("PSOXIDE_COMPLETE", "zsh").env("_CLAP_COMPLETE_INDEX", index.to_string()).env("_CLAP_IFS", "\n");
        words.insert(0, "--");
        let shown = run(command.args(&words)).stdout;
        // An explanation stands behind a colon.
        let fits = |word: &str| word.trim() == expected || word.starts_with(&format!("{expected}:"));
        assert!(shown.lines().any(fits), "{line}: {shown}");
    }
}

/// A manual page as man(1) shows it in 80 columns; `None` without groff.
fn rendered(page: &str) -> Option<String> {
    let groff = "groff -man -Tascii -P-cbou -rLL=78n -rHY=0";
    let text = shell("sh", &format!("command -v groff >/dev/null && psoxide man {page} | {groff} -ww 2>&1"))?;
    if text.is_empty() {
        psoxide_testing::skip("groff is not installed");
        return None;
    }
    Some(text)
}

#[test]
fn manual_pages_are_readable() {
    for page in ["", "ps", "free", "killall"] {
        let Some(text) = rendered(page) else { return };
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
            .bind(|| insta::assert_snapshot!(format!("man_{}", if page.is_empty() { "psoxide" } else { page }), text));
    }
}
