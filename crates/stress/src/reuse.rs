//! Another process takes the pid of a process that is about to be signalled or read, often within the same clock tick.

use std::io::{Read as _, Write};
use std::time::{Duration, Instant};

use psoxide::{Error, Process, ProcessStatus, Result, System};

use crate::attack::{Report, Scale, is_root};
use crate::children::{Ended, in_namespaces};
use crate::ffi;

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    if !is_root() {
        return Report::skipped("choosing the next pid needs root");
    }
    let reuses = u64::try_from(scale.count(2_000, 100_000)).unwrap_or(0);
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

/// Processes that replace others at the same time. On a busy machine each waits for a CPU again and again.
const WORKERS: u16 = 8;

/// Outcomes: reuses, strangers that were hit, strangers that were read, calls that were refused, and pids that were not
/// free.
type Counts = [u64; 5];

/// Replaces processes by strangers and signals the old handles, `reuses` times. Returns 0 if no stranger was hit.
fn attack(reuses: u64, limit: Duration, out: &mut dyn Write) -> i32 {
    let Ok((mut counts, mut writer)) = std::io::pipe() else { return 3 };
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        match ffi::fork() {
            Ok(Some(pid)) => workers.push(pid),
            Ok(None) => {
                // A pid that nothing else in the namespace has.
                let counts = replace(300 + i32::from(number), reuses.div_ceil(WORKERS.into()), limit);
                let _ = writer.write_all(counts.map(u64::to_ne_bytes).as_flattened());
                ffi::exit_now(0);
            }
            Err(error) => {
                let _ = writeln!(out, "fork: {error}");
                return 3;
            }
        }
    }
    drop(writer);
    let mut bytes = Vec::new();
    let _ = counts.read_to_end(&mut bytes);
    for pid in workers {
        ffi::reap(pid, true);
    }
    let mut sums: Counts = [0; 5];
    for (place, count) in bytes.as_chunks().0.iter().enumerate() {
        if let Some(sum) = sums.get_mut(place % 5) {
            *sum += u64::from_ne_bytes(*count);
        }
    }
    let [done, hit, seen, refused, taken] = sums;
    let _ = writeln!(
        out,
        "{done} reuses, {hit} strangers hit, {seen} strangers read, {refused} calls refused, {taken} pids not free"
    );
    i32::from(hit > 0 || seen > 0 || refused < done || done == 0)
}

/// Returns whether readings of `process`, which has ended, take another process for it that began in the same clock tick.
fn takes(process: &Process, stranger: &Process) -> bool {
    if process.start() != stranger.start() {
        // Files without a start time are looked up by the pid.
        return false;
    }
    let readings = [
        process.name().map(drop),
        process.ppid().map(drop),
        process.uids().map(drop),
        process.cpu_times().map(drop),
        process.oneshot().cmdline().map(drop),
    ];
    let is_gone = |reading: &Result<()>| reading.as_ref().is_err_and(Error::is_no_such_process);
    !readings.iter().all(is_gone) || !matches!(process.is_running(), Ok(false)) || process == stranger
}

/// Replaces the process `pid` by a stranger, and reads and signals the old handle, `reuses` times.
fn replace(pid: i32, reuses: u64, limit: Duration) -> Counts {
    let system = System::host();
    let (mut first, mut second): (ffi::Stack, ffi::Stack) = (ffi::new_stack(), ffi::new_stack());
    let is_born = |stack: &mut ffi::Stack| ffi::start_at(pid, stack, false, ffi::sleep_for_ever, 0).is_ok();
    let end = || {
        ffi::kill(pid, libc::SIGKILL);
        ffi::reap(pid, true);
    };
    let until = Instant::now() + limit;
    let [mut done, mut hit, mut seen, mut refused, mut taken]: Counts = [0; 5];
    while done < reuses && Instant::now() < until {
        if !is_born(&mut first) {
            taken += 1;
            continue;
        }
        let handle = system.process(pid.unsigned_abs());
        end();
        if !is_born(&mut second) {
            taken += 1;
            continue;
        }
        done += 1;
        if let (Ok(handle), Ok(stranger)) = (&handle, system.process(pid.unsigned_abs())) {
            seen += u64::from(takes(handle, &stranger));
        }
        let outcome = handle.and_then(|handle| match done % 3 {
            0 => handle.kill(),
            1 => handle.set_nice(7),
            _ => handle.suspend(),
        });
        let now = || system.process(pid.unsigned_abs());
        let changed = match done % 3 {
            0 => ffi::reap(pid, false).is_some(),
            1 => now().and_then(|stranger| stranger.nice()).is_ok_and(|nice| nice == 7),
            _ => now().and_then(|stranger| stranger.status()).is_ok_and(|status| status == ProcessStatus::Stopped),
        };
        hit += u64::from(changed);
        refused += u64::from(outcome.is_err_and(|error| error.is_no_such_process()));
        end();
    }
    [done, hit, seen, refused, taken]
}
