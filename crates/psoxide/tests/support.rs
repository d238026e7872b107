//! What `support.rs` says of a system is what the system answers: the running one, and those that captures hold.
#![cfg(any(target_os = "linux", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", windows))]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

#[path = "common/calls.rs"]
mod calls;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use calls::make;
use psoxide::support::{CALLS, PORTED};
use psoxide::{Os, Result, System};

#[test]
fn calls_are_supported_where_support_rs_says_so() {
    let system = System::host();
    let me = system.current_process().unwrap();
    let kind = if std::env::var_os("PSOXIDE_WINE").is_some() { "wine" } else { "live" };
    let mut seen = BTreeSet::new();
    for call in CALLS {
        let answer =
            make(call.name, &system, &me).unwrap_or_else(|| panic!("this test does not know {}: add it", call.name));
        // Other C libraries of Linux have no statistics of their allocator.
        let absent = match call.name {
            name if name.starts_with("heap_") => cfg!(all(target_os = "linux", not(target_env = "gnu"))),
            // A kernel without pressure accounting, or with psi=0.
            "System::pressure" => std::fs::read("/proc/pressure/memory").is_err(),
            // Wine, which `cargo xtask windows` names.
            "Process::ionice" | "Process::set_ionice" => std::env::var_os("PSOXIDE_WINE").is_some(),
            _ => false,
        };
        if answer.is_ok() {
            seen.insert(format!("{} {} {kind}", Os::HOST.name(), call.name));
        }
        let listed = call.is_ported(Os::HOST) && !absent;
        let unsupported = answer.as_ref().is_err_and(psoxide::Error::is_unsupported);
        assert_eq!(unsupported, !listed, "{}: listed for this system: {listed}, answered {answer:?}", call.name);
    }
    // Another machine or user may see less.
    let (os, kind) = (format!("{} ", Os::HOST.name()), format!(" {kind}"));
    let listed = evidence(|line| line.starts_with(&os) && line.ends_with(&kind), &seen);
    assert!(seen.is_subset(&listed), "testdata/evidence.txt lacks {:?}", seen.difference(&listed));
}

/// Returns the chosen lines of `testdata/evidence.txt`: `SYSTEM CALL KIND` for each call that a test has made. With
/// `PSOXIDE_EVIDENCE=write` replaces them by `seen` first.
fn evidence(chosen: impl Fn(&str) -> bool, seen: &BTreeSet<String>) -> BTreeSet<String> {
    static FILE: Mutex<()> = Mutex::new(());
    let _alone = FILE.lock().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/evidence.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let (mut mine, others): (BTreeSet<String>, BTreeSet<String>) =
        text.lines().map(str::to_owned).partition(|line| chosen(line));
    if std::env::var_os("PSOXIDE_EVIDENCE").is_some_and(|value| value == "write") {
        mine.clone_from(seen);
        let lines: Vec<&str> = mine.union(&others).map(String::as_str).collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    mine
}

/// Calls that need the running kernel, whatever the capture holds.
fn is_live_only(name: &str) -> bool {
    const LIVE: [&str; 10] = [
        "Process::kill",
        "Process::resume",
        "Process::send_signal",
        "Process::suspend",
        "Process::terminate",
        "Process::wait",
        "System::current_process",
        "heap_info",
        "heap_trim",
        "wait_procs",
    ];
    LIVE.contains(&name) || name.starts_with("Process::set_")
}

/// The captures of systems that answer questions. Those of Linux are trees of a few files each.
fn captures() -> Vec<PathBuf> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let ported = Os::ALL.into_iter().filter(|os| *os != Os::Linux && PORTED.contains(*os));
    let folders = ported.map(|os| testdata.join(os.name().to_lowercase()));
    let files = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    // What is true of a machine lies beside its captures.
    let is_capture = |file: &PathBuf| {
        let name = file.to_string_lossy();
        !name.ends_with(".truth.txt") && !name.ends_with(".c") && !name.ends_with(".h")
    };
    files.map(|file| file.unwrap().path()).filter(is_capture).collect()
}

/// Readings that the machine of a capture lacks, though others of its system have them.
const LACKING: &[(&str, &str)] = &[
    // The kernel of Intel does not count interrupts.
    ("13.6-amd64-built.txt", "System::cpu_stats"),
    // A virtual machine with macOS 11.
    ("11.7-arm64-vm-built.txt", "System::core_kinds"),
    ("11.7-arm64-vm-built.txt", "System::cpu_freq"),
    ("11.7-arm64-vm-built.txt", "System::sensors_fans"),
    ("11.7-arm64-vm-built.txt", "System::sensors_temperatures"),
    // Apple silicon that answers for no known key.
    ("15.1-arm64-charging-built.txt", "System::sensors_temperatures"),
];

#[test]
fn captures_answer_what_support_rs_lists() {
    let mut seen = BTreeSet::new();
    for file in captures() {
        let origin = match psoxide_capture::Capture::read(&file).unwrap().header.origin {
            psoxide_capture::Origin::Recorded => "recorded",
            _ => "built",
        };
        let system = System::at_root(&file).unwrap();
        let os = system.os();
        let processes = system.processes().unwrap();
        for call in CALLS.iter().filter(|call| !is_live_only(call.name)) {
            // One process may have what another lacks.
            let answers: Vec<Result<()>> =
                processes.iter().map(|process| make(call.name, &system, process).unwrap()).collect();
            if answers.iter().any(Result::is_ok) {
                seen.insert(format!("{} {} {origin}", os.name(), call.name));
            }
            let unsupported = answers.iter().all(|answer| answer.as_ref().is_err_and(psoxide::Error::is_unsupported));
            let lacking = LACKING.iter().any(|(name, lacks)| file.ends_with(name) && *lacks == call.name);
            let listed = call.is_ported(os) && !lacking;
            assert_eq!(unsupported, !listed, "{}: {}: listed: {listed}", file.display(), call.name);
        }
    }
    let listed = evidence(|line| line.ends_with(" recorded") || line.ends_with(" built"), &seen);
    assert_eq!(seen, listed, "testdata/evidence.txt is not current: run this test with PSOXIDE_EVIDENCE=write");
}

/// The kinds of questions of SunOS that no copied file answers, by the beginning of their keys.
#[cfg(target_os = "linux")]
const QUESTIONS_OF_SUNOS: [&str; 17] = [
    "stat ",
    "kstat module cpu\n",
    "kstat module cpu_info",
    "kstat module unix",
    "kstat class disk",
    "kstat class net",
    "kstat raw",
    "call swapctl",
    "call statvfs",
    "call getpwuid",
    "call getzonenamebyid",
    "call uname",
    "mib2",
    "ioctl SIOCGLIFCONF",
    "ioctl SIOCGLIFNETMASK",
    "ioctl SIOCGLIFFLAGS",
    "ioctl SIOCGLIFMTU",
];

/// `cargo xtask live-report` makes these calls, and is to show what each call of the live file answers.
#[cfg(target_os = "linux")]
#[test]
fn the_calls_ask_every_kind_of_question_of_sunos() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/sunos/5.11-i86pc-built.txt");
    let whole = psoxide_capture::Capture::read(&testdata).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture.txt");
    for kind in QUESTIONS_OF_SUNOS {
        let mut capture = whole.clone();
        capture.answers.retain(|question, _| !format!("{question}\n").starts_with(kind));
        assert_ne!(capture.answers.len(), whole.answers.len(), "the capture has no {kind}");
        std::fs::write(&file, capture.to_text()).unwrap();
        let system = System::at_root(&file).unwrap();
        let processes = system.processes().unwrap();
        let is_asked = |answer: Result<()>| {
            answer.is_err_and(|error| {
                error.kind() == psoxide::ErrorKind::NotCaptured && error.to_string().contains(kind.trim())
            })
        };
        let asks = CALLS
            .iter()
            .filter(|call| !is_live_only(call.name))
            .any(|call| processes.iter().any(|process| is_asked(make(call.name, &system, process).unwrap())));
        assert!(asks, "no call asks {kind}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_capture_of_linux_is_read_from_its_file() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/linux/process-in-full.txt");
    let system = System::at_root(file).unwrap();
    assert_eq!((system.os(), system.is_live()), (Os::Linux, false));
    let process = system.processes().unwrap().remove(0);
    assert!(!process.name().unwrap().is_empty());
    assert!(system.clone().pids().is_ok());
    // The files are deleted with the last clone.
    drop((system, process));
}

#[test]
fn a_file_that_is_no_capture_says_so() {
    let error = System::at_root("tests/support.rs").unwrap_err();
    assert_eq!(error.kind(), psoxide::ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with("tests/support.rs: "), "{error}");
}
