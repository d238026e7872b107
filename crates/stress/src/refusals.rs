//! seccomp refuses each system call in turn. Every reading must fall back or fail, and never invent a value.

use std::collections::BTreeMap;
use std::time::Duration;

use psoxide::System;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::attack::{Report, Scale};
use crate::children::{Ended, in_child};
use crate::readings::{self, Subject, Victim, is_error};

/// The system calls that readings use, without those that no process can do without.
const CALLS: &[(&str, libc::c_long)] = &[
    ("bpf", libc::SYS_bpf),
    ("clone", libc::SYS_clone),
    ("clone3", libc::SYS_clone3),
    ("faccessat2", libc::SYS_faccessat2),
    ("fcntl", libc::SYS_fcntl),
    ("fstat", libc::SYS_fstat),
    ("fstatfs", libc::SYS_fstatfs),
    ("getdents64", libc::SYS_getdents64),
    ("getpriority", libc::SYS_getpriority),
    ("getrandom", libc::SYS_getrandom),
    ("ioctl", libc::SYS_ioctl),
    ("ioprio_get", libc::SYS_ioprio_get),
    ("ioprio_set", libc::SYS_ioprio_set),
    ("kcmp", libc::SYS_kcmp),
    ("kill", libc::SYS_kill),
    ("lseek", libc::SYS_lseek),
    ("newfstatat", libc::SYS_newfstatat),
    ("openat2", libc::SYS_openat2),
    ("pipe2", libc::SYS_pipe2),
    ("poll", libc::SYS_poll),
    ("pidfd_getfd", libc::SYS_pidfd_getfd),
    ("pidfd_open", libc::SYS_pidfd_open),
    ("pidfd_send_signal", libc::SYS_pidfd_send_signal),
    ("pread64", libc::SYS_pread64),
    ("prlimit64", libc::SYS_prlimit64),
    ("readlinkat", libc::SYS_readlinkat),
    ("recvfrom", libc::SYS_recvfrom),
    ("recvmsg", libc::SYS_recvmsg),
    ("sched_getaffinity", libc::SYS_sched_getaffinity),
    ("sched_setaffinity", libc::SYS_sched_setaffinity),
    ("sendto", libc::SYS_sendto),
    ("setpriority", libc::SYS_setpriority),
    ("socket", libc::SYS_socket),
    ("statfs", libc::SYS_statfs),
    ("statx", libc::SYS_statx),
    ("sysinfo", libc::SYS_sysinfo),
    ("tgkill", libc::SYS_tgkill),
    ("uname", libc::SYS_uname),
    ("wait4", libc::SYS_wait4),
    ("openat", libc::SYS_openat),
];

/// The errors with which the kernel refuses.
const REFUSALS: &[(&str, u32)] = &[("ENOSYS", libc::ENOSYS.unsigned_abs()), ("EPERM", libc::EPERM.unsigned_abs())];

/// Runs the attack.
pub(crate) fn run(_: &Scale) -> Report {
    let mut report = Report::new();
    let _subject = match Subject::prepare() {
        Ok(subject) => subject,
        Err(error) => return Report::skipped(format!("no files and sockets to read: {error}")),
    };
    let limit = Duration::from_secs(20);
    let baseline = match look(None, limit) {
        Ok(baseline) => baseline,
        Err(why) => {
            report.broke(format!("without any refusal: {why}"));
            return report;
        }
    };
    report.line("| refused | readings | outcome |");
    report.line("| --- | --- | --- |");
    let mut same = 0;
    for (name, number) in CALLS {
        for (refusal, errno) in REFUSALS {
            let now = match look(Some((*number, *errno)), limit) {
                Ok(now) => now,
                Err(why) => {
                    report.broke(format!("{name} refused by {refusal}: {why}"));
                    continue;
                }
            };
            let mut changed: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for (reading, before) in &baseline {
                // If its first file is refused, the process cannot be opened at all.
                let after = now.get(reading).or(now.get("current_process")).map_or("missing", String::as_str);
                if after == before || is_error(before) && is_error(after) {
                    same += 1;
                    continue;
                }
                let (kind, _) = after.split_once('\t').unwrap_or((after, ""));
                let outcome = if is_error(after) { format!("error {kind}") } else { format!("{before} -> {after}") };
                changed.entry(outcome).or_default().push(reading);
                // The machine may lengthen a list. A list that is shorter without an error hides something.
                let shorter = matches!((before.parse::<usize>(), after.parse::<usize>()), (Ok(b), Ok(a)) if a < b);
                report.check(!shorter && after != "missing", || {
                    format!("{name} refused by {refusal}: {reading} silently went from {before} to {after}")
                });
            }
            for (outcome, readings) in changed {
                report.line(format!("| {name} {refusal} | {} | {outcome} |", readings.join(", ")));
            }
        }
    }
    report.line(String::new());
    report.line(format!("{} calls x {} refusals, {same} readings unchanged", CALLS.len(), REFUSALS.len()));
    report
}

/// Takes every reading in a child to which the kernel refuses one call.
fn look(refused: Option<(libc::c_long, u32)>, limit: Duration) -> Result<BTreeMap<String, String>, String> {
    let victim = Victim::start().map_err(|error| error.to_string())?;
    let answer = in_child(limit, |out| {
        if let Some((number, errno)) = refused
            && let Err(error) = refuse(number, errno)
        {
            let _ = writeln!(out, "seccomp: {error}");
            return 3;
        }
        let system = System::host();
        let mut readings = readings::all(&system);
        readings.append(&mut readings::of_control(&system, &victim));
        let text = readings::to_text(&readings);
        i32::from(out.write_all(text.as_bytes()).is_err())
    });
    let answer = answer.map_err(|error| error.to_string())?;
    match answer.ended {
        Ended::Exit(0) => Ok(readings::parse(&answer.text)),
        ended => Err(format!("{ended:?} {}", answer.text.lines().last().unwrap_or_default())),
    }
}

/// Makes the kernel refuse a call to this process from now on.
fn refuse(number: libc::c_long, errno: u32) -> Result<(), Box<dyn std::error::Error>> {
    let filter = SeccompFilter::new(
        [(number, vec![])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}
