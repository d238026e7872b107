//! What `support.rs` says of a system is what the system answers: the running one, and those that captures hold.
#![cfg(any(target_os = "linux", windows))]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use psoxide::support::{CALLS, PORTED};
use psoxide::{
    Child, ConnectionKind, MemoryType, Os, PressureOf, Process, Resource, Result, Signal, System, heap_info, heap_trim,
    wait_procs,
};

/// A signal that this test would not survive goes to a process made for it.
fn to_another(signal: impl FnOnce(&Process) -> Result<()>) -> Result<()> {
    // Neither ends before it is told to: one sleeps, the other waits for a key.
    let mut command = Command::new(if cfg!(windows) { "cmd" } else { "sleep" });
    command.args(if cfg!(windows) { ["/c", "pause"].as_slice() } else { ["60"].as_slice() });
    let mut child = Child::spawn(command.stdin(Stdio::piped()).stdout(Stdio::null()))?;
    let done = signal(&child);
    child.pipes().kill().unwrap();
    child.pipes().wait().unwrap();
    done
}

/// Makes the call of this name; `None` where this test does not know it.
fn make(name: &str, system: &System, me: &Process) -> Option<Result<()>> {
    Some(match name {
        "Process::abi" => me.abi().map(drop),
        "Process::jail" => me.jail().map(drop),
        "Process::cgroup" => me.cgroup().map(drop),
        "Process::children" => me.children(true).map(drop),
        "Process::cmdline" => me.cmdline().map(drop),
        "Process::comm" => me.comm().map(drop),
        "Process::cpu_affinity" => me.cpu_affinity().map(drop),
        "Process::cpu_num" => me.cpu_num().map(drop),
        "Process::cpu_times" => me.cpu_times().map(drop),
        "Process::create_time" => me.create_time().map(drop),
        "Process::cwd" => me.cwd().map(drop),
        "Process::energy" => me.energy().map(drop),
        "Process::environ" => me.environ().map(drop),
        "Process::exe" => me.exe().map(drop),
        "Process::gids" => me.gids().map(drop),
        "Process::io_counters" => me.io_counters().map(drop),
        "Process::ionice" => me.ionice().map(drop),
        "Process::is_kernel_thread" => me.is_kernel_thread().map(drop),
        "Process::is_running" => me.is_running().map(drop),
        "Process::kill" => to_another(Process::kill),
        "Process::memory_details" => me.memory_details().map(drop),
        "Process::memory_footprint" => me.memory_footprint().map(drop),
        "Process::memory_info" => me.memory_info().map(drop),
        "Process::memory_maps" => me.memory_maps().map(drop),
        "Process::memory_maps_grouped" => me.memory_maps_grouped().map(drop),
        "Process::memory_percent" => me.memory_percent(MemoryType::Rss).map(drop),
        "Process::name" => me.name().map(drop),
        "Process::net_connections" => me.net_connections(ConnectionKind::All).map(drop),
        "Process::net_namespace" => me.net_namespace().map(drop),
        "Process::nice" => me.nice().map(drop),
        "Process::num_ctx_switches" => me.num_ctx_switches().map(drop),
        "Process::num_fds" => me.num_fds().map(drop),
        "Process::num_handles" => me.num_handles().map(drop),
        "Process::num_threads" => me.num_threads().map(drop),
        "Process::oom_score" => me.oom_score().map(drop),
        "Process::open_files" => me.open_files().map(drop),
        "Process::page_faults" => me.page_faults().map(drop),
        "Process::parent" => me.parent().map(drop),
        "Process::parents" => me.parents().map(drop),
        "Process::ppid" => me.ppid().map(drop),
        "Process::resume" => me.resume(),
        "Process::rlimit" => me.rlimit(Resource::Nofile).map(drop),
        "Process::scheduling" => me.scheduling().map(drop),
        "Process::send_signal" => to_another(|process| process.send_signal(Signal::TERM)),
        // The setters set what is set already.
        "Process::set_cpu_affinity" => me.cpu_affinity().and_then(|cpus| me.set_cpu_affinity(&cpus)),
        "Process::set_ionice" => me.ionice().and_then(|priority| me.set_ionice(priority)),
        "Process::set_nice" => me.nice().and_then(|value| me.set_nice(value)),
        "Process::set_rlimit" => me.rlimit(Resource::Nofile).and_then(|limit| me.set_rlimit(Resource::Nofile, limit)),
        "Process::status" => me.status().map(drop),
        "Process::suspend" => to_another(Process::suspend),
        "Process::terminal" => me.terminal().map(drop),
        "Process::terminate" => to_another(Process::terminate),
        "Process::thread_details" => me.thread_details().map(drop),
        "Process::threads" => me.threads().map(drop),
        "Process::uids" => me.uids().map(drop),
        "Process::username" => me.username().map(drop),
        // It times out, and that is an answer.
        "Process::wait" => me.wait(Some(Duration::ZERO)).map(drop),
        "System::boot_time" => system.boot_time().map(drop),
        "System::core_kinds" => system.core_kinds().map(drop),
        "System::cpu_count" => system.cpu_count().map(drop),
        "System::cpu_count_cores" => system.cpu_count_cores().map(drop),
        "System::cpu_freq" => system.cpu_freq().map(drop),
        "System::cpu_stats" => system.cpu_stats().map(drop),
        "System::cpu_times" => system.cpu_times().map(drop),
        "System::cpu_times_per_cpu" => system.cpu_times_per_cpu().map(drop),
        "System::current_process" => system.current_process().map(drop),
        "System::delay_accounting" => system.delay_accounting().map(drop),
        "System::disk_io_counters" => system.disk_io_counters().map(drop),
        "System::disk_io_total" => system.disk_io_total().map(drop),
        "System::disk_partitions" => system.disk_partitions(true).map(drop),
        "System::disk_usage" => system.disk_usage("/").map(drop),
        "System::gpus" => system.gpus().map(drop),
        "System::host_info" => system.host_info().map(drop),
        "System::load_average" => system.load_average().map(drop),
        "System::net_connections" => system.net_connections(ConnectionKind::All).map(drop),
        "System::net_if_addrs" => system.net_if_addrs().map(drop),
        "System::net_if_stats" => system.net_if_stats().map(drop),
        "System::net_io_counters" => system.net_io_counters().map(drop),
        "System::net_io_total" => system.net_io_total().map(drop),
        "System::pid_exists" => system.pid_exists(me.pid()).map(drop),
        "System::pids" => system.pids().map(drop),
        "System::pressure" => system.pressure(PressureOf::Memory).map(drop),
        "System::process" => system.process(me.pid()).map(drop),
        "System::processes" => system.processes().map(drop),
        "System::run_queue" => system.run_queue().map(drop),
        "System::sensors_battery" => system.sensors_battery().map(drop),
        "System::sensors_fans" => system.sensors_fans().map(drop),
        "System::sensors_temperatures" => system.sensors_temperatures().map(drop),
        "System::service" => system.service("psoxide").map(drop),
        "System::services" => system.services().map(drop),
        "System::swap_memory" => system.swap_memory().map(drop),
        "System::uptime" => system.uptime().map(drop),
        "System::users" => system.users().map(drop),
        "System::virtual_memory" => system.virtual_memory().map(drop),
        "System::whole_disks" => system.whole_disks().map(drop),
        "heap_info" => heap_info().map(drop),
        "heap_trim" => heap_trim().map(drop),
        "wait_procs" => wait_procs(std::slice::from_ref(me), Some(Duration::ZERO), |_, _| {}).map(drop),
        _ => return None,
    })
}

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
    let listed = evidence(|line| line.ends_with(&format!(" {kind}")), &seen);
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
    const LIVE: [&str; 11] = [
        "Process::kill",
        "Process::resume",
        "Process::send_signal",
        "Process::suspend",
        "Process::terminate",
        "Process::wait",
        "System::current_process",
        "System::disk_usage",
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
