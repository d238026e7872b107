//! Another process takes the pid of a process that is about to be signalled, often within the same clock tick.

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use psoxide::System;

use crate::attack::{Report, Scale, is_root};
use crate::children::{Ended, in_namespaces};
use crate::ffi;

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    if !is_root() {
        return Report::skipped("choosing the next pid needs root");
    }
    let reuses = scale.count(2_000, 100_000);
    let limit = scale.time(Duration::from_secs(30)) * 2;
    let mut report = Report::new();
    match in_namespaces(limit, |out| attack(reuses, limit / 2, out)) {
        Err(error) => Report::skipped(format!("no child process: {error}")),
        Ok(answer) => match answer.ended {
            Ended::Exit(3) => Report::skipped(answer.text.trim().to_owned()),
            Ended::Exit(0) => {
                report.line(answer.text.trim());
                report
            }
            ended => {
                report.line(answer.text.trim());
                report.broke(format!("strangers were signalled or changed, or the attack did not end: {ended:?}"));
                report
            }
        },
    }
}

/// Replaces a process by another one `reuses` times, and signals the old handle. Returns 0 if no other process was hit.
fn attack(reuses: usize, limit: Duration, out: &mut dyn Write) -> i32 {
    /// A pid that no other process in the namespace has.
    const PID: i32 = 300;
    let system = System::host();
    let until = Instant::now() + limit;
    let (mut done, mut hit, mut refused, mut taken_twice) = (0, 0, 0, 0);
    while done < reuses && Instant::now() < until {
        let Some(victim) = born_at(PID) else {
            taken_twice += 1;
            continue;
        };
        let handle = system.process(PID.unsigned_abs());
        ffi::kill(victim, libc::SIGKILL);
        ffi::reap(victim, true);
        let Some(stranger) = born_at(PID) else {
            taken_twice += 1;
            continue;
        };
        let Ok(handle) = handle else {
            let _ = writeln!(out, "the victim could not be opened");
            return 1;
        };
        done += 1;
        let outcome = match done % 3 {
            0 => handle.kill(),
            1 => handle.set_nice(7),
            _ => handle.suspend(),
        };
        let changed = match done % 3 {
            0 => ffi::reap(stranger, false).is_some(),
            1 => system.process(PID.unsigned_abs()).and_then(|p| p.nice()).is_ok_and(|nice| nice == 7),
            _ => system
                .process(PID.unsigned_abs())
                .and_then(|p| p.status())
                .is_ok_and(|status| status == psoxide::ProcessStatus::Stopped),
        };
        hit += usize::from(changed);
        refused += usize::from(outcome.is_err_and(|error| error.is_no_such_process()));
        ffi::kill(stranger, libc::SIGKILL);
        ffi::reap(stranger, true);
    }
    let _ = writeln!(out, "{done} reuses, {hit} strangers hit, {refused} calls refused, {taken_twice} pids not free");
    i32::from(hit > 0 || refused < done || done == 0)
}

/// Forks a child with the pid `at`. Returns `None` if the child got another pid.
fn born_at(at: i32) -> Option<i32> {
    fs::write("/proc/sys/kernel/ns_last_pid", (at - 1).to_string()).ok()?;
    match ffi::fork().ok()? {
        None => loop {
            ffi::pause();
        },
        Some(pid) if pid == at => Some(pid),
        Some(pid) => {
            ffi::kill(pid, libc::SIGKILL);
            ffi::reap(pid, true);
            None
        }
    }
}
