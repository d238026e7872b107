//! Prints in one page what the library reads on this machine: every call with its outcome and how long it took, and every
//! reading of a process over all processes. `cargo xtask live-report` runs it.
//!
//! The page holds no value that was read, so it can be sent as it is.

#[path = "../tests/common/calls.rs"]
mod calls;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use psoxide::support::CALLS;
use psoxide::{Error, ErrorKind, Os, Process, Result, System};

fn main() {
    let system = System::host();
    let me = match system.current_process() {
        Ok(me) => me,
        Err(error) => {
            println!("The calling process cannot be read: {error}");
            return;
        }
    };
    println!("# psoxide {} on {}\n", env!("CARGO_PKG_VERSION"), Os::HOST.name());
    match system.host_info() {
        Ok(host) => {
            println!("{} {} {}", host.system, host.release, host.machine.as_deref().unwrap_or(std::env::consts::ARCH))
        }
        Err(error) => println!("{} ({error})", std::env::consts::ARCH),
    }
    println!("user id {}", me.uids().map_or_else(|_| "unknown".into(), |ids| ids.effective.to_string()));
    println!("built for {}\n", std::env::consts::ARCH);

    println!("| call | outcome | ms |\n| --- | --- | ---: |");
    let mut unexpected = Vec::new();
    for call in CALLS {
        let (outcome, time) = timed(|| calls::make(call.name, &system, &me).unwrap_or(Ok(())));
        let supported = !outcome.as_ref().is_err_and(Error::is_unsupported);
        if supported != call.is_ported(Os::HOST) || outcome.as_ref().is_err_and(|error| !is_expected(error)) {
            unexpected.push(call.name);
        }
        println!("| {} | {} | {} |", call.name, described(&outcome), milliseconds(time));
    }

    let processes = system.processes().unwrap_or_default();
    println!("\n## {} processes\n", processes.len());
    println!("| reading | answered | refused | ended or zombie | unsupported | failed | ms |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut failures = BTreeMap::new();
    for call in CALLS.iter().filter(|call| is_reading(call.name)) {
        let (counts, time) = timed(|| over_all(call.name, &system, &processes, &mut failures));
        let counts = counts.map(|count| count.to_string()).join(" | ");
        println!("| {} | {counts} | {} |", call.name, milliseconds(time));
    }
    if !failures.is_empty() {
        println!("\n## Failures\n");
        for (error, count) in failures {
            println!("- {count} times {error}");
        }
    }
    println!(
        "\n{}",
        match unexpected.as_slice() {
            [] => "Every call did what PLATFORM.md says.".to_owned(),
            names => format!("Other than PLATFORM.md says, or failed: {}.", names.join(", ")),
        }
    );
}

/// Calls `read` and measures it.
fn timed<T>(read: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = read();
    (value, start.elapsed())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

/// The outcome of a call, with the error number of a failure.
fn described(outcome: &Result<()>) -> String {
    match outcome {
        Ok(()) => "answered".into(),
        Err(error) if error.is_unsupported() => "unsupported".into(),
        // No value may be in it: an error names questions, files and fields.
        Err(error) => format!("failed: {}", with_number(error)),
    }
}

fn with_number(error: &Error) -> String {
    match error.io_error().and_then(std::io::Error::raw_os_error) {
        Some(number) => format!("{error} (error {number})"),
        None => error.to_string(),
    }
}

/// Whether a machine may answer so that has nothing wrong: a wait that times out, a refusal.
fn is_expected(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Timeout | ErrorKind::AccessDenied)
}

/// Whether a call reads a process and changes nothing.
fn is_reading(name: &str) -> bool {
    const ACTIONS: [&str; 6] = ["kill", "resume", "send_signal", "suspend", "terminate", "wait"];
    let Some(name) = name.strip_prefix("Process::") else { return false };
    !name.starts_with("set_") && !ACTIONS.contains(&name)
}

/// Makes a call for each process. Counts what was answered, refused, ended or a zombie, unsupported, failed.
fn over_all(name: &str, system: &System, processes: &[Process], failures: &mut BTreeMap<String, usize>) -> [usize; 5] {
    let mut counts = [0; 5];
    for process in processes {
        let Some(outcome) = calls::make(name, system, process) else { continue };
        let place = match outcome.as_ref().map_err(Error::kind) {
            Ok(()) => 0,
            Err(ErrorKind::AccessDenied) => 1,
            Err(ErrorKind::NoSuchProcess | ErrorKind::ZombieProcess) => 2,
            Err(ErrorKind::Unsupported) => 3,
            Err(_) => 4,
        };
        if let (4, Err(error)) = (place, &outcome) {
            // The same error of another process is the same error.
            let of_all = with_number(error).replace(&process.pid().to_string(), "PID");
            *failures.entry(format!("{name}: {of_all}")).or_default() += 1;
        }
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    counts
}
