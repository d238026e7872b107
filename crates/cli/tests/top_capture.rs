//! The full-screen view of a capture, in a pseudo-terminal: it stands still, so its pictures are kept.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a failure is a failed test

mod common;
#[path = "common/terminal.rs"]
mod terminal;

use common::Machine;
use pty_process::blocking::Command;
use terminal::Terminal;

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const LEFT: &str = "\x1b[D";
const RIGHT: &str = "\x1b[C";
const TAB: &str = "\t";

/// The view of the small machine, in an environment that is always the same.
struct Top {
    terminal: Terminal,
    _machine: Machine,
}

impl Top {
    fn new(columns: u16, lines: u16) -> Self {
        Self::with(columns, lines, &[], "C.UTF-8")
    }

    fn with(columns: u16, lines: u16, args: &[&str], locale: &str) -> Self {
        let machine = Machine::new();
        let command = Command::new(env!("CARGO_BIN_EXE_psoxide"))
            .env("TZ", "UTC")
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .env("LC_ALL", locale)
            .env_remove("PSOXIDE_CONFIG")
            .arg("--root")
            .arg(machine.root())
            .arg("top")
            .args(args);
        let terminal = Terminal::run(columns, lines, command);
        terminal.shows("? help");
        Self { terminal, _machine: machine }
    }

    fn keys(&self, keys: &str) {
        self.terminal.keys(keys);
    }

    #[track_caller]
    fn shows(&self, text: &str) -> String {
        self.terminal.shows(text).join("\n")
    }

    #[track_caller]
    fn hides(&self, text: &str) -> String {
        self.terminal.until(text, |screen| !screen.iter().any(|line| line.contains(text))).join("\n")
    }
}

/// The screen as it is kept: without the blanks at the ends of its lines.
fn picture(top: &Top) -> String {
    let lines: Vec<String> = top.terminal.screen().iter().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

#[test]
fn pictures_on_screens_of_three_sizes() {
    for (columns, lines) in [(40, 10), (80, 24), (200, 60)] {
        insta::assert_snapshot!(format!("top_screen_{columns}x{lines}"), picture(&Top::new(columns, lines)));
    }
}

#[test]
fn a_picture_in_ascii() {
    let top = Top::with(80, 24, &["--tree"], "C");
    let picture = picture(&top);
    assert!(picture.is_ascii(), "{picture}");
    insta::assert_snapshot!("top_screen_ascii", picture);
}

#[test]
fn forty_columns_show_the_command() {
    let screen = Top::new(40, 10).shows("COMMAND");
    assert!(screen.contains("server --listen"), "{screen}");
}

#[test]
fn an_invalid_filter_keeps_the_prompt_with_the_error() {
    let top = Top::new(100, 24);
    top.keys(&format!("/{TAB}{TAB}"));
    top.shows("[test]");
    top.keys(&format!("pid =={ENTER}"));
    let screen = top.shows("[test] pid ==");
    assert!(screen.contains("a value is expected") || screen.contains("value"), "{screen}");
    // It is corrected where it is.
    top.keys(&format!(" 512{ENTER}"));
    let screen = top.shows("? help");
    assert!(screen.contains("1 of 4  test: pid == 512"), "{screen}");
    // The next one starts as text, and the test counts until something is typed.
    top.keys("/");
    let screen = top.shows("[text]");
    assert!(screen.contains("test: pid == 512"), "{screen}");
    top.keys("init");
    assert!(top.shows("text: init").contains("/sbin/init"));
}

#[test]
fn kernel_threads_users_and_presets() {
    let top = Top::new(100, 24);
    assert!(!top.shows("? help").contains("[kthreadd]"));
    top.keys("K");
    top.shows("[kthreadd]");
    top.keys("u");
    top.shows("Processes of");
    top.keys(&format!("3{ENTER}"));
    let screen = top.shows("user: anna");
    assert!(!screen.contains("server --listen") && screen.contains("2 of 5"), "{screen}");
    top.keys(ESCAPE);
    top.shows("server --listen");
    top.keys("p");
    top.shows("Presets");
    top.keys(&format!("4{ENTER}"));
    top.shows("POLICY");
    top.keys(&format!("p3{ENTER}"));
    top.shows("WRITE/s▼");
    // The usual columns come with the usual order.
    top.keys(&format!("p1{ENTER}"));
    top.shows("%CPU▼");
    // An order by a column that is not shown is named above.
    top.keys(&format!("s32{ENTER}"));
    top.shows("by ");
}

#[test]
fn branches_fold_by_arrow() {
    let top = Top::with(100, 24, &["--tree", "--sort", "pid"], "C.UTF-8");
    top.shows("└─ [gone]");
    top.keys(&format!("g{LEFT}"));
    top.hides("[gone]");
    top.shows("[+3] /sbin/init");
    top.keys(RIGHT);
    top.shows("└─ [gone]");
}

#[test]
fn threads_are_rows() {
    let top = Top::new(120, 24);
    top.keys("H");
    top.shows("(thread of 512)");
    top.keys("t");
    top.shows("├─ ");
    top.keys("tH");
    top.hides("(thread of 512)");
}

#[test]
fn environment_and_files_of_a_process() {
    let top = Top::new(100, 24);
    top.keys("/server");
    top.shows("1 of 4");
    top.keys(&format!("{ENTER}e"));
    top.shows("Environment of 512 server");
    top.keys(ESCAPE);
    top.shows("? help");
    top.keys("l");
    let screen = top.shows("Open files and sockets of 512 server");
    assert!(screen.contains("/var/log/server.log") && screen.contains("0.0.0.0:8080"), "{screen}");
}

#[test]
fn digits_and_g_jump() {
    let top = Top::new(100, 30);
    top.keys("Gk");
    top.shows("Signal to");
    top.keys(&format!("9{ENTER}"));
    top.shows("Send KILL to");
    top.keys("n");
    top.shows("nothing was sent");
}

#[test]
fn the_machine_folds_to_a_line_and_away() {
    let top = Top::new(100, 24);
    top.shows("╭─ CPU");
    top.keys("m");
    top.hides("╭─ CPU");
    top.shows("mem 2.9Gi/7.6Gi");
    top.keys("m");
    top.hides("mem 2.9Gi/7.6Gi");
    top.keys("m");
    top.shows("╭─ CPU");
}

#[test]
fn settings_are_written_and_comments_stay() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    std::fs::write(&file, "# mine\npager = \"\" # none\n\n[columns]\nps = [\"pid\"] # short\n").unwrap();
    let config = file.to_str().unwrap();
    let top = Top::with(100, 24, &["--config", config], "C.UTF-8");
    top.keys(&format!("tKp2{ENTER}"));
    top.shows("PSS");
    top.keys("tw");
    top.shows("settings written to");
    let written = std::fs::read_to_string(&file).unwrap();
    for part in
        ["# mine\n", "pager = \"\" # none\n", "ps = [\"pid\"] # short\n", "top = [\"pid\", \"username\", \"rss\""]
    {
        assert!(written.contains(part), "{part}:\n{written}");
    }
    // The next run begins with them.
    let top = Top::with(100, 24, &["--config", config], "C.UTF-8");
    let screen = top.shows("RSS▼");
    assert!(screen.contains("[kthreadd]") && screen.contains("PSS"), "{screen}");
}

#[test]
#[cfg(feature = "history")]
fn a_history_is_stepped_through_and_played() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    let psoxide = |args: &[&str]| {
        let ran = common::run(machine.command(args).env("PSOXIDE_HISTORY", folder.path()));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    };
    // Each in another second.
    psoxide(&["record", "--count", "4", "--interval", "1.05"]);
    let mut export = common::psoxide();
    export.env("PSOXIDE_HISTORY", folder.path());
    let rows = common::run(export.args(["history", "export", "--table", "system", "--to", "csv"])).stdout;
    let mut times: Vec<String> = rows
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(1).and_then(|time| time.get(..19)).unwrap().replace('T', " "))
        .collect();
    times.dedup();
    assert_eq!(times.len(), 4, "{times:?}");
    let command = Command::new(env!("CARGO_BIN_EXE_psoxide"))
        .env("TZ", "UTC")
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("PSOXIDE_CONFIG")
        .args(["top", "--at", "now", "--history"])
        .arg(folder.path());
    let mut terminal = Terminal::run(120, 24, command);
    let screen = terminal.shows(&times[3]).join("\n");
    assert!(screen.contains("paused"), "{screen}");
    terminal.shows("server");
    terminal.keys("[");
    terminal.shows(&times[2]);
    terminal.keys("[[");
    terminal.shows(&times[0]);
    terminal.keys("]");
    terminal.shows(&times[1]);
    // It plays to the end.
    terminal.keys("Z");
    terminal.shows(&times[3]);
    terminal.keys("q");
    assert_eq!(terminal.end().code(), Some(0));
}
