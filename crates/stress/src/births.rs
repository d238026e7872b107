//! Processes of two kinds start and end, and reuse each other's pids, while snapshots are taken.
//!
//! A process of kind `a` has another name, user and nice value than one of kind `b`. A row that holds properties of both
//! kinds mixes two processes.

use std::ffi::OsStr;
use std::fs;
use std::io::{PipeWriter, Read as _, Write};
use std::time::{Duration, Instant};

use psoxide::{Backend, Field, Query, Reading, Row, System};

use crate::attack::{Report, Scale, is_root};
use crate::children::{Ended, in_namespaces};
use crate::ffi;

/// The properties of one kind of process.
struct Kind {
    name: &'static str,
    user: u32,
    nice: i32,
}

/// The two kinds.
const KINDS: [Kind; 2] = [Kind { name: "aa", user: 1001, nice: 5 }, Kind { name: "bb", user: 1002, nice: 10 }];

/// The number of fork loops that run at the same time.
const PARENTS: usize = 2;

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    if !is_root() {
        return Report::skipped("choosing users and a small range of pids needs root");
    }
    let births = scale.count(10_000, 500_000);
    let mut report = Report::new();
    for backend in [Backend::Proc, Backend::Bpf] {
        // A busy machine may reach the time limit first. The figures then show the real count.
        let time = scale.time(Duration::from_secs(30));
        let answer = in_namespaces(time * 2, |out| attack(backend, births, time, out));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Report::skipped(format!("no child process: {error}")),
        };
        match answer.ended {
            Ended::Exit(0) => report.line(format!("{backend:?}: {}", answer.text.trim())),
            Ended::Exit(3) => return Report::skipped(answer.text.trim().to_owned()),
            ended => report.broke(format!("{backend:?}: {ended:?}: {}", answer.text.trim())),
        }
    }
    report
}

/// Counts of what the rows showed.
#[derive(Default)]
struct Seen {
    rows: usize,
    a: usize,
    b: usize,
    mixed: usize,
    failed: usize,
}

/// Forks and reads at the same time, in namespaces of its own. Returns 0 if nothing broke.
fn attack(backend: Backend, births: usize, time: Duration, out: &mut dyn Write) -> i32 {
    // A small range makes the kernel reuse the same pids. Kernels before 6.14 keep the whole range.
    let _ = fs::write("/proc/sys/kernel/pid_max", "400");
    let Ok((mut reader, writer)) = std::io::pipe() else { return 3 };
    let mut parents = Vec::new();
    for _ in 0..PARENTS {
        match ffi::fork() {
            Ok(Some(pid)) => parents.push(pid),
            Ok(None) => give_birth(births / PARENTS, time, &writer),
            Err(error) => {
                let _ = writeln!(out, "fork: {error}");
                return 3;
            }
        }
    }
    drop(writer);
    let system = System::host().with_backend(backend);
    let before = own_descriptors();
    let mut seen = Seen::default();
    let mut passes = 0;
    let mut error = None;
    while error.is_none() && !parents.is_empty() {
        match system.snapshot(Query::from([Field::Name, Field::Uids, Field::Nice, Field::Cmdline, Field::CpuTimes])) {
            Ok(snapshot) => snapshot.processes.iter().for_each(|row| seen.take(row)),
            Err(failed) => error = Some(failed.to_string()),
        }
        passes += 1;
        parents.retain(|pid| ffi::reap(*pid, false).is_none());
    }
    drop(system);
    let leaked = own_descriptors().saturating_sub(before);
    let Seen { rows, a, b, mixed, failed } = seen;
    // Each parent writes eight bytes.
    let mut counts = Vec::new();
    let _ = reader.read_to_end(&mut counts);
    let births: u64 = counts.as_chunks().0.iter().map(|count| u64::from_ne_bytes(*count)).sum();
    let _ = writeln!(
        out,
        "{births} births, {passes} passes, {rows} rows ({a} of kind a, {b} of kind b), {mixed} mixed, {failed} failed \
         readings, {leaked} descriptors leaked{}",
        error.as_ref().map(|error| format!(", a pass failed: {error}")).unwrap_or_default()
    );
    i32::from(mixed + failed + leaked > 0 || error.is_some() || a == 0 || b == 0)
}

/// Forks children of alternating kinds one after another, writes their number, and exits.
fn give_birth(count: usize, time: Duration, mut writer: &PipeWriter) -> ! {
    let until = Instant::now() + time;
    let mut born = 0_u64;
    for number in 0..count {
        if Instant::now() > until {
            break;
        }
        match ffi::fork() {
            Ok(Some(pid)) => {
                born += 1;
                ffi::reap(pid, true);
            }
            Ok(None) => {
                if let Some(kind) = KINDS.get(number % KINDS.len()) {
                    ffi::set_nice(kind.nice);
                    let _ = ffi::become_user(kind.user);
                    ffi::set_name(kind.name);
                }
                ffi::exit_now(0);
            }
            Err(_) => std::thread::yield_now(),
        }
    }
    let _ = writer.write_all(&born.to_ne_bytes());
    ffi::exit_now(0);
}

impl Seen {
    /// Checks one row.
    fn take(&mut self, row: &Row) {
        self.rows += 1;
        let by_name =
            KINDS.iter().position(|kind| row.name.value().is_some_and(|name| **name == *OsStr::new(kind.name)));
        let by_user = KINDS.iter().position(|kind| row.uids.value().is_some_and(|ids| ids.real == kind.user));
        let by_nice = KINDS.iter().position(|kind| row.nice.value().is_some_and(|nice| *nice == kind.nice));
        let kinds: Vec<usize> = [by_name, by_user, by_nice].into_iter().flatten().collect();
        self.a += usize::from(kinds.contains(&0));
        self.b += usize::from(kinds.contains(&1));
        self.mixed += usize::from(kinds.contains(&0) && kinds.contains(&1));
        let broken = |failed: bool| usize::from(failed);
        self.failed += broken(matches!(row.name, Reading::Failed(_)))
            + broken(matches!(row.uids, Reading::Failed(_)))
            + broken(matches!(row.nice, Reading::Failed(_)))
            + broken(matches!(row.cmdline, Reading::Failed(_)))
            + broken(matches!(row.cpu_times, Reading::Failed(_)));
    }
}

/// Counts the descriptors of this process.
fn own_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or(0)
}
