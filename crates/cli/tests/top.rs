//! The full-screen view in a pseudo-terminal: keys in, screen out.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a failure is a failed test

#[path = "common/terminal.rs"]
mod terminal;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command as Plain, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use psoxide::System;
use pty_process::blocking::Command;
use terminal::{Terminal, ended_by};

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const DOWN: &str = "\x1b[B";
const TAB: &str = "\t";

/// The command, in an environment that is always the same.
fn psoxide() -> Command {
    Command::new(env!("CARGO_BIN_EXE_psoxide"))
        .env("TZ", "UTC")
        .env("TERM", "xterm-256color")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("NO_COLOR")
        .env_remove("COLORTERM")
        .env_remove("PAGER")
        .env_remove("PSOXIDE_PAGER")
        .env_remove("PSOXIDE_CONFIG")
}

fn top(columns: u16, lines: u16) -> Terminal {
    let terminal = Terminal::run(columns, lines, psoxide().args(["top", "--interval", "500ms"]));
    terminal.shows("? help");
    terminal
}

/// A process to look for, which ends with the test.
struct Sleeper {
    child: Child,
    /// An argument that no other process has.
    mark: String,
}

impl Sleeper {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("86400.{}{:03}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let child = Plain::new("sleep").arg(&mark).stdout(Stdio::null()).spawn().unwrap();
        Self { child, mark }
    }

    /// Filters the view until this process alone is in it.
    #[track_caller]
    fn alone_in(&self, terminal: &Terminal) {
        terminal.keys("/");
        terminal.shows("[text]");
        terminal.keys(&self.mark);
        terminal.until("the sleeper alone", |screen| rows(screen) == [self.child.id()]);
        terminal.keys(ENTER);
        terminal.shows("? help");
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The line of the headings.
fn headings(screen: &[String]) -> Option<usize> {
    screen.iter().position(|line| line.contains("PID") && line.contains("COMMAND"))
}

/// The pids of the table.
fn rows(screen: &[String]) -> Vec<u32> {
    let Some(at) = headings(screen) else { return Vec::new() };
    screen[at + 1..]
        .iter()
        .map_while(|line| line.trim_start_matches('●').split_whitespace().next()?.parse().ok())
        .collect()
}

#[test]
fn the_machine_and_its_processes_on_a_small_screen() {
    let mut terminal = top(80, 24);
    let screen = terminal.until("processes", |screen| rows(screen).len() > 5);
    for part in ["load", "processes", "CPU", "mem", "disk", "net"] {
        assert!(screen.iter().any(|line| line.contains(part)), "{part}:\n{}", screen.join("\n"));
    }
    assert!(screen[23].contains("? help"), "{}", screen.join("\n"));
    terminal.keys("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn a_narrow_screen_names_the_program() {
    let sleeper = Sleeper::new();
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("a-folder-whose-name-takes-the-whole-screen");
    std::fs::create_dir(&folder).unwrap();
    let program = folder.join("napper");
    std::fs::copy("/bin/sleep", &program).unwrap();
    let mut napper = Plain::new(&program).arg(&sleeper.mark).stdout(Stdio::null()).spawn().unwrap();
    let filter = format!("cmdline ~ napper.{}", sleeper.mark);
    let args = ["top", "--interval", "500ms", "--filter", &filter];
    let mut terminal = Terminal::run(40, 10, psoxide().args(args));
    terminal.until("the name of the program", |screen| screen.iter().any(|line| line.contains(" napper ")));
    terminal.keys("?");
    terminal.shows("wheel");
    terminal.keys("qq");
    assert_eq!(terminal.end().code(), Some(0));
    napper.kill().unwrap();
    napper.wait().unwrap();
}

#[test]
fn a_large_screen_is_used() {
    let mut terminal = top(300, 100);
    let screen = terminal.until("processes", |screen| !rows(screen).is_empty());
    let head = &screen[headings(&screen).unwrap()];
    for title in ["PPID", "NI", "THR", "SHR", "STARTED"] {
        assert!(head.contains(title), "{title} is not in {head}");
    }
    assert!(screen.iter().any(|line| line.contains("Disks") && line.contains("Net")));
    assert!(screen[99].contains("? help"));
    terminal.keys("\x03");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let terminal = top(80, 24);
    terminal.resize(150, 40);
    terminal.until("the last line", |screen| screen[39].contains("? help") && screen[39].contains("q quit"));
    terminal.resize(60, 15);
    terminal.until("the last line", |screen| screen[14].contains("? help"));
    terminal.resize(20, 5);
    terminal.shows("is too small");
    terminal.resize(80, 24);
    terminal.until("the last line", |screen| screen[23].contains("? help"));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for (signal, number) in [(psoxide::Signal::TERM, 15), (psoxide::Signal::HUP, 1), (psoxide::Signal::INT, 2)] {
        let mut terminal = top(80, 24);
        System::host().process(terminal.pid()).unwrap().send_signal(signal).unwrap();
        let status = terminal.end();
        assert!(ended_by(status, number), "{status:?}");
    }
}

#[test]
fn help_explains_the_keys() {
    let terminal = top(100, 40);
    terminal.keys("?");
    let screen = terminal.shows("send a signal to the tagged or the chosen");
    assert!(screen.iter().any(|line| line.contains("filter as you type")));
    terminal.keys("x");
    terminal.until("the table", |screen| !screen.iter().any(|line| line.contains("filter as you type")));
}

#[test]
fn filter_as_you_type_plain_regex_and_test() {
    let sleeper = Sleeper::new();
    let terminal = top(120, 30);
    sleeper.alone_in(&terminal);
    terminal.keys("/");
    terminal.shows("[text]");
    // As a regular expression it matches too, and an unfinished one says so and changes nothing.
    terminal.keys(TAB);
    terminal.shows("[regex]");
    terminal.until("the sleeper", |screen| rows(screen) == [sleeper.child.id()]);
    terminal.keys("(");
    terminal.shows("open group");
    terminal.until("the sleeper", |screen| rows(screen) == [sleeper.child.id()]);
    // Ctrl-U empties it; a test is of columns.
    terminal.keys("\x15");
    terminal.until("all", |screen| rows(screen).len() > 1);
    terminal.keys(TAB);
    terminal.shows("[test]");
    terminal.keys(&format!("pid == {}", sleeper.child.id()));
    terminal.until("the sleeper", |screen| rows(screen) == [sleeper.child.id()]);
    terminal.keys(ESCAPE);
    terminal.until("all", |screen| rows(screen).len() > 1);
}

#[test]
fn a_signal_is_sent_after_a_question() {
    let mut sleeper = Sleeper::new();
    let terminal = top(120, 30);
    sleeper.alone_in(&terminal);
    terminal.keys("k");
    terminal.shows("terminate; the");
    terminal.keys(ENTER);
    terminal.shows(&format!("Send TERM to {} sleep?", sleeper.child.id()));
    terminal.keys("n");
    terminal.shows("nothing was sent");
    assert!(sleeper.child.try_wait().unwrap().is_none());
    // The next signal in the list is not TERM.
    terminal.keys("k");
    terminal.shows("terminate; the");
    terminal.keys(&format!("{DOWN}{DOWN}{ENTER}"));
    terminal.shows("Send STOP");
    terminal.keys("n");
    terminal.keys("k");
    terminal.shows("terminate; the");
    terminal.keys(ENTER);
    terminal.shows("Send TERM");
    terminal.keys("y");
    terminal.shows("TERM sent");
    assert_eq!(sleeper.child.wait().unwrap().signal(), Some(15));
}

#[test]
fn several_are_tagged_and_signalled() {
    let mut sleepers = [Sleeper::new(), Sleeper::new()];
    let terminal = top(120, 30);
    // What both marks begin with.
    let common: String =
        sleepers[0].mark.chars().zip(sleepers[1].mark.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    terminal.keys(&format!("/{common}"));
    let both = |screen: &[String]| sleepers.iter().all(|sleeper| rows(screen).contains(&sleeper.child.id()));
    terminal.until("both", both);
    terminal.keys(ENTER);
    terminal.shows("? help");
    // Tests that run beside this one have sleepers too.
    let mut tagged = 0;
    for sleeper in &sleepers {
        terminal.keys(&format!("/\x15{}", sleeper.mark));
        terminal.until("one", |screen| rows(screen) == [sleeper.child.id()]);
        terminal.keys(ENTER);
        terminal.shows("? help");
        terminal.keys(" ");
        tagged += 1;
        terminal.shows(&format!("{tagged} tagged"));
    }
    terminal.keys("k");
    terminal.shows("Signal to 2 processes");
    terminal.keys(ENTER);
    terminal.shows("Send TERM to 2 processes?");
    terminal.keys("y");
    terminal.shows("2 processes: TERM sent");
    for sleeper in &mut sleepers {
        assert_eq!(sleeper.child.wait().unwrap().signal(), Some(15));
    }
}

#[test]
fn cpus_and_io_priority_are_changed() {
    let sleeper = Sleeper::new();
    let terminal = top(120, 30);
    sleeper.alone_in(&terminal);
    let process = System::host().process(sleeper.child.id()).unwrap();
    terminal.keys("i");
    terminal.shows("Change ");
    terminal.keys(&format!("3{ENTER}"));
    terminal.shows("CPUs of");
    let first = process.cpu_affinity().unwrap()[0];
    let rubout = "\x7f".repeat(30);
    terminal.keys(&format!("{rubout}x,{ENTER}"));
    terminal.shows("numbers and ranges");
    terminal.keys(&format!("{rubout}{first}{ENTER}"));
    terminal.shows(&format!("runs on CPUs {first} now"));
    assert_eq!(process.cpu_affinity().unwrap(), [first]);
    terminal.keys(&format!("i2{ENTER}"));
    terminal.shows("I/O priority of");
    terminal.keys(&format!("10{ENTER}"));
    terminal.shows("I/O priority is now idle");
    assert_eq!(process.ionice().unwrap().class, psoxide::IoPriorityClass::Idle);
}

#[test]
fn the_nice_value_is_changed() {
    let sleeper = Sleeper::new();
    let terminal = top(120, 30);
    sleeper.alone_in(&terminal);
    let process = System::host().process(sleeper.child.id()).unwrap();
    let nice = process.nice().unwrap();
    terminal.keys("n");
    terminal.shows("Nice value of");
    terminal.keys(&format!("99{ENTER}"));
    terminal.shows("from -20 to 19");
    assert_eq!(process.nice().unwrap(), nice);
    terminal.keys(&format!("\x7f\x7f19{ENTER}"));
    terminal.shows("nice value is now 19");
    assert_eq!(process.nice().unwrap(), 19);
}

#[test]
fn details_of_a_process() {
    let mut sleeper = Sleeper::new();
    let terminal = top(120, 40);
    sleeper.alone_in(&terminal);
    terminal.keys(ENTER);
    terminal.shows("cpu-times");
    let screen = terminal.shows(&format!("sleep {}", sleeper.mark));
    for part in ["RSS", "I/O", "res-limits", "ctx-switches"] {
        assert!(screen.iter().any(|line| line.contains(part)), "{part}:\n{}", screen.join("\n"));
    }
    sleeper.child.kill().unwrap();
    sleeper.child.wait().unwrap();
    terminal.shows("exited; showing the last known values");
    terminal.keys(ESCAPE);
    terminal.shows("no process passes the filter");
}

#[test]
fn order_by_keys_menu_and_mouse() {
    let terminal = top(120, 30);
    let sorted = |mark: &str| {
        terminal.until(mark, |screen| headings(screen).is_some_and(|at| screen[at].contains(mark)));
    };
    sorted("%CPU▼");
    terminal.keys("M");
    sorted("%MEM▼");
    terminal.keys("r");
    sorted("%MEM▲");
    terminal.keys("<");
    sorted("%CPU▼");
    terminal.keys("s");
    terminal.shows("Order by");
    terminal.keys(&format!("\x1b[H{ENTER}"));
    sorted("PID▼");
    terminal.keys("r");
    sorted("PID▲");
    let screen = terminal.until("order", |screen| rows(screen).len() > 2 && rows(screen).is_sorted());
    // A click on a heading; terminals count from one.
    let line = headings(&screen).unwrap();
    let column = screen[line].find("RSS").unwrap();
    terminal.keys(&format!("\x1b[<0;{};{}M", column + 1, line + 1));
    sorted("RSS▼");
}

#[test]
fn columns_can_be_chosen() {
    let terminal = top(120, 50);
    terminal.keys("c");
    terminal.shows("Columns:");
    // The third one is the name.
    terminal.keys(&format!("3 {ENTER}"));
    terminal.until("NAME", |screen| headings(screen).is_some_and(|at| screen[at].contains("NAME")));
}

#[test]
fn children_stand_below_their_parents() {
    let terminal = top(120, 30);
    terminal.keys("t");
    terminal.shows("├─");
    terminal.keys("t");
    terminal.until("no tree", |screen| !screen.iter().any(|line| line.contains("├─")));
}

#[test]
fn the_chosen_process_can_be_followed() {
    let sleeper = Sleeper::new();
    let terminal = top(120, 30);
    sleeper.alone_in(&terminal);
    terminal.keys("f");
    // Without the filter the screen moves to where the process is.
    terminal.keys("/\x15\r");
    terminal.until("it is in sight", |screen| rows(screen).len() > 1 && rows(screen).contains(&sleeper.child.id()));
}

#[test]
fn paused_it_stands_still() {
    let terminal = top(120, 30);
    terminal.keys("Z");
    terminal.shows("paused");
    terminal.keys("Z");
    terminal.until("it goes on", |screen| !screen[0].contains("paused"));
    terminal.keys("-");
    terminal.shows("every 1s");
}

#[test]
fn colours_are_those_that_the_terminal_has() {
    let run = |set: &[(&str, &str)]| {
        let terminal = Terminal::run(100, 30, psoxide().arg("top").envs(set.iter().copied()));
        terminal.until("processes", |screen| rows(screen).len() > 3);
        String::from_utf8_lossy(&terminal.bytes()).into_owned()
    };
    let plain = run(&[("NO_COLOR", "1")]);
    let coloured = regex_lite::Regex::new("\x1b\\[[0-9;]*\\b(3[0-8]|4[0-8]|9[0-7])[0-9;]*m").unwrap();
    assert!(!coloured.is_match(&plain), "{plain:?}");
    let sixteen = run(&[("TERM", "xterm")]);
    assert!(!sixteen.contains("38;2;"));
    let indices = sixteen.split("38;5;").skip(1).map(|rest| rest.split('m').next().unwrap());
    assert!(indices.map(|index| index.split(';').next().unwrap().parse::<u8>().unwrap()).all(|index| index < 16));
    let indexed = run(&[("TERM", "xterm-256color")]);
    assert!(indexed.contains("38;5;") && !indexed.contains("38;2;"));
    assert!(run(&[("COLORTERM", "truecolor")]).contains("38;2;"));
}

#[test]
fn it_needs_a_terminal_and_says_what_to_do_without() {
    let ran = Plain::new(env!("CARGO_BIN_EXE_psoxide")).arg("top").stdin(Stdio::null()).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("--batch"));
}

#[test]
fn plain_pages_have_the_summary_of_the_machine() {
    let batch = |args: &[&str]| {
        let ran = Plain::new(env!("CARGO_BIN_EXE_psoxide")).arg("top").args(args).output().unwrap();
        assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let pages = batch(&["--batch", "--count", "2", "--interval", "100ms"]);
    assert_eq!(pages.matches("rates over").count(), 2, "{pages}");
    assert_eq!(pages.matches("%CPU").count(), 2);
    assert!(pages.contains(" processes, up ") && pages.contains("memory "));
    assert!(pages.contains(" running") && pages.contains("% busy (") && pages.contains("cache "), "{pages}");
    let own = std::process::id().to_string();
    let filtered = batch(&["--batch", "--filter", &format!("pid == {own}")]);
    assert!(filtered.starts_with("1 of "), "{filtered}");
    let csv = batch(&["--csv", "--columns", "pid,cpu_percent"]);
    assert!(csv.starts_with("pid,cpu_percent\r\n") && csv.lines().count() > 2);
}

#[test]
fn suspended_it_lends_the_terminal_back() {
    let mut terminal = top(80, 24);
    let process = System::host().process(terminal.pid()).unwrap();
    terminal.keys("\x1a");
    terminal.until("it stands still", |_| process.status().unwrap() == psoxide::ProcessStatus::Stopped);
    // Whoever has the terminal now finds it as it was.
    terminal.until("the usual screen", |screen| screen.iter().all(|line| !line.contains("? help")));
    process.resume().unwrap();
    terminal.shows("? help");
    terminal.keys("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn a_repeated_table_takes_the_place_of_the_last_one() {
    for colours in ["", "1"] {
        let free = psoxide().args(["free", "--count", "3", "--interval", "50ms"]).env("NO_COLOR", colours);
        let mut terminal = Terminal::run(80, 24, free);
        assert_eq!(terminal.end().code(), Some(0));
        let screen = terminal.screen();
        assert_eq!(screen.iter().filter(|line| line.contains("Mem:")).count(), 1, "{}", screen.join("\n"));
    }
    // Lines of one header follow each other.
    let mut terminal = Terminal::run(120, 24, psoxide().args(["cpu", "--count", "3", "--interval", "50ms"]));
    assert_eq!(terminal.end().code(), Some(0));
    let screen = terminal.screen();
    assert_eq!(
        screen.iter().filter(|line| line.contains("Gi") || line.contains("Mi")).count(),
        3,
        "{}",
        screen.join("\n")
    );
}

#[test]
fn a_count_ends_it() {
    let mut terminal = Terminal::run(80, 24, psoxide().args(["top", "--count", "2", "--interval", "200ms"]));
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn tables_are_cut_to_the_terminal_and_long_ones_go_through_the_pager() {
    let run = |args: &[&str], pager: &str| {
        let mut terminal = Terminal::run(80, 24, psoxide().args(args).env("PSOXIDE_PAGER", pager));
        assert_eq!(terminal.end().code(), Some(0));
        String::from_utf8(terminal.bytes()).unwrap()
    };
    let through = run(&["ps"], "echo PAGED; cat");
    assert!(through.contains("PAGED") && through.contains("COMMAND"));
    assert!(!run(&["free"], "echo PAGED; cat").contains("PAGED"));
    assert!(!run(&["ps", "--no-pager"], "echo PAGED; cat").contains("PAGED"));
    assert!(!run(&["ps", "--count", "1"], "echo PAGED; cat").contains("PAGED"));
    assert!(run(&["ps"], "no-such-pager-of-psoxide").contains("COMMAND"), "without the pager it is printed");
    let mut screen = terminal::parser(200, 2000);
    screen.process(through.as_bytes());
    for line in screen.screen().rows(0, 200) {
        assert!(line.trim_end().chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_narrow_terminal_keeps_what_matters() {
    let headings = |columns: u16, args: &[&str]| {
        let mut terminal = Terminal::run(columns, 24, psoxide().args(args).env("NO_COLOR", "1"));
        terminal.end();
        let screen = terminal.screen();
        let line = screen.iter().find(|line| {
            line.split_whitespace()
                .all(|word| word.trim_end_matches("/s") == word.trim_end_matches("/s").to_uppercase())
        });
        line.cloned().unwrap_or_else(|| panic!("{args:?}: {}", screen.join("\n")))
    };
    let own = std::process::id().to_string();
    let ps = |columns, more: &[&str]| headings(columns, &[&["ps", "--pid", &own][..], more].concat());
    assert!(ps(40, &[]).trim_end().ends_with("COMMAND"));
    assert!(ps(80, &[]).contains("STATUS") && !ps(80, &[]).contains("VSZ"));
    assert!(ps(80, &["--sort=-vms"]).contains("VSZ"), "what it is ordered by is seen");
    assert!(headings(80, &["cpu", "--count", "1"]).trim_end().ends_with("%STEAL"));
    assert!(headings(40, &["cpu", "--count", "1"]).trim_end().ends_with("%WAIT"));
    assert!(headings(40, &["disk-usage"]).contains("MOUNT"));
}
