//! Processes of two kinds start and end, and reuse each other's pids, while snapshots are taken.
//!
//! A process of kind `a` has another name, user and group than one of kind `b`. A row that holds properties of both
//! kinds mixes two processes.

use std::ffi::CStr;
use std::fs;
use std::io::{PipeWriter, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, Instant};

use psoxide::{Backend, Field, Query, Reading, Row, System};

use crate::attack::{Report, Scale, is_root};
use crate::children::{Ended, in_child, in_namespaces};
use crate::ffi;

/// The properties of one kind of process.
struct Kind {
    name: &'static CStr,
    /// The group has the same number.
    user: u32,
}

/// The two kinds. The Python attack knows them too.
const KINDS: [Kind; 2] = [Kind { name: c"aa", user: 1001 }, Kind { name: c"bb", user: 1002 }];

/// Processes that give birth at the same time. On a busy machine each waits for a CPU before each birth.
const PARENTS: u16 = 16;

/// Pids that the children of one loop take in turn. The number is odd, so that each pid changes its kind each time.
const PIDS: i32 = 7;

/// The first of these pids. The kernel itself gives smaller ones to the few processes of a new namespace.
const FIRST: i32 = 31_000;

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    if !is_root() {
        return Report::skipped("choosing users and pids needs root");
    }
    let births = scale.count(10_000, 1_000_000);
    // On a busy machine the time is over first: then the figures say how many there were.
    let time = scale.time(Duration::from_secs(30));
    let mut report = Report::new();
    for backend in report.backends(&[Backend::Proc, Backend::Auto, Backend::Bpf]) {
        // In a new namespace are few processes, so that a pass is short. BPF programs run in the first one only.
        let answer = match backend {
            Backend::Bpf => in_child(time * 2, |out| attack(backend, births, time, out)),
            _ => in_namespaces(time * 2, |out| attack(backend, births, time, out)),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Report::skipped(format!("no child process: {error}")),
        };
        match answer.ended {
            Ended::Exit(0) => report.line(format!("{backend:?}: {}", answer.text.trim())),
            Ended::Exit(3) => return Report::skipped(answer.text.trim().to_owned()),
            ended => {
                report.line(format!("{backend:?}: {}", answer.text.trim().replace('\n', "; ")));
                report.broke(format!("{backend:?}: {ended:?}"));
            }
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
    /// The first row that mixes two processes, or the first error.
    example: Option<String>,
}

/// Forks and reads at the same time. Returns 0 if nothing broke.
fn attack(backend: Backend, births: usize, time: Duration, out: &mut dyn Write) -> i32 {
    let before = own_descriptors();
    let system = System::host().with_backend(backend);
    let begun = Instant::now();
    let mut seen = Seen::default();
    let (mut born, mut passes) = (0, 0);
    let mut error = None;
    // On a busy machine all births of a round can happen between two readings.
    while error.is_none() && (born == 0 || seen.a.min(seen.b) == 0 && begun.elapsed() < time / 2) {
        let mut parents = match Parents::start(births, time) {
            Ok(parents) => parents,
            Err(error) => {
                let _ = writeln!(out, "fork: {error}");
                return 3;
            }
        };
        while error.is_none() && parents.are_running() {
            match system.snapshot(Query::from([Field::Name, Field::Uids, Field::Gids, Field::Cmdline, Field::CpuTimes]))
            {
                Ok(snapshot) => snapshot.processes.iter().for_each(|row| seen.take(row)),
                Err(failed) => error = Some(failed.to_string()),
            }
            passes += 1;
        }
        born += parents.births();
    }
    drop(system);
    let leaked = own_descriptors().saturating_sub(before);
    let Seen { rows, a, b, mixed, failed, example } = seen;
    let _ = writeln!(
        out,
        "{born} births, {passes} passes, {rows} rows ({a} of kind a, {b} of kind b), {mixed} mixed, {failed} failed \
         readings, {leaked} descriptors leaked{}",
        error.clone().or(example).map(|example| format!("\n{example}")).unwrap_or_default()
    );
    i32::from(mixed + failed + leaked > 0 || error.is_some() || a == 0 || b == 0)
}

/// Gives births for another program, which reads meanwhile, and prints how many there were.
pub(crate) fn beside(births: usize, time: Duration) -> std::io::Result<()> {
    let mut parents = Parents::start(births, time)?;
    while parents.are_running() {
        std::thread::sleep(Duration::from_millis(10));
    }
    println!("{}", parents.births());
    Ok(())
}

/// The processes that give birth.
struct Parents {
    running: Vec<i32>,
    /// Each parent writes eight bytes: its number of births.
    counts: std::io::PipeReader,
}

impl Parents {
    /// Forks the parents, which begin at once.
    fn start(births: usize, time: Duration) -> std::io::Result<Self> {
        let (counts, writer) = std::io::pipe()?;
        let mut running = Vec::new();
        for number in 0..PARENTS {
            match ffi::fork()? {
                Some(pid) => running.push(pid),
                None => {
                    let first = FIRST + i32::from(number) * PIDS;
                    give_birth(births.div_ceil(usize::from(PARENTS)), first, time, &writer)
                }
            }
        }
        Ok(Self { running, counts })
    }

    /// Whether one of them still gives birth.
    fn are_running(&mut self) -> bool {
        self.running.retain(|pid| ffi::reap(*pid, false).is_none());
        !self.running.is_empty()
    }

    /// Waits until all of them have ended, and counts the births.
    fn births(mut self) -> u64 {
        let mut counts = Vec::new();
        let _ = self.counts.read_to_end(&mut counts);
        counts.as_chunks().0.iter().map(|count| u64::from_ne_bytes(*count)).sum()
    }
}

/// Forks children of alternating kinds on the pids from `first` on, writes how many there were, and exits.
///
/// A child stays a zombie, or every fourth one lives, until the next one takes its pid.
fn give_birth(count: usize, first: i32, time: Duration, mut writer: &PipeWriter) -> ! {
    let until = Instant::now() + time;
    let mut born = 0;
    let mut slots: [(bool, ffi::Stack); PIDS as usize] = std::array::from_fn(|_| (false, ffi::new_stack()));
    for (number, pid) in (0_usize..).zip((first..first + PIDS).cycle()) {
        if born == count || Instant::now() > until {
            break;
        }
        let Some((taken, stack)) = slots.get_mut(number % PIDS as usize) else { break };
        if *taken {
            ffi::kill(pid, libc::SIGKILL);
            ffi::reap(pid, true);
        }
        let life = if number % 4 == 0 { long_life } else { short_life };
        // Another program may have this pid.
        *taken = ffi::start_at(pid, stack, number % 4 != 0, life, number).is_ok();
        born += usize::from(*taken);
    }
    for (pid, _) in (first..).zip(slots).filter(|(_, (taken, _))| *taken) {
        ffi::kill(pid, libc::SIGKILL);
        ffi::reap(pid, true);
    }
    let _ = writer.write_all(&u64::try_from(born).unwrap_or(0).to_ne_bytes());
    ffi::exit_now(0);
}

/// Becomes a process of one kind, and ends.
extern "C" fn short_life(number: usize) -> ! {
    become_kind(number);
    ffi::exit_now(0);
}

/// Becomes a process of one kind, and waits to be killed.
extern "C" fn long_life(number: usize) -> ! {
    become_kind(number);
    ffi::sleep_for_ever(number);
}

/// Takes on the properties of a kind.
fn become_kind(number: usize) {
    if let Some(kind) = KINDS.get(number % KINDS.len()) {
        let _ = ffi::become_user(kind.user);
        ffi::set_name(kind.name);
    }
}

impl Seen {
    /// Checks one row.
    fn take(&mut self, row: &Row) {
        self.rows += 1;
        let by_name =
            KINDS.iter().position(|kind| row.name.value().is_some_and(|name| name.as_bytes() == kind.name.to_bytes()));
        let by_user = KINDS.iter().position(|kind| row.uids.value().is_some_and(|ids| ids.real == kind.user));
        let by_group = KINDS.iter().position(|kind| row.gids.value().is_some_and(|ids| ids.real == kind.user));
        let kinds: Vec<usize> = [by_name, by_user, by_group].into_iter().flatten().collect();
        self.a += usize::from(kinds.contains(&0));
        self.b += usize::from(kinds.contains(&1));
        self.mixed += usize::from(kinds.contains(&0) && kinds.contains(&1));
        if kinds.contains(&0) && kinds.contains(&1) {
            let row = format!("pid {}: {:?}, {:?}, {:?}", row.pid, row.name, row.uids, row.gids);
            self.example.get_or_insert(row);
        }
        for field in [Field::Name, Field::Uids, Field::Gids, Field::Cmdline, Field::CpuTimes] {
            if let Reading::Failed(error) = row.get(field) {
                self.failed += 1;
                self.example.get_or_insert(error.to_string());
            }
        }
    }
}

/// Counts the descriptors of this process.
fn own_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or(0)
}
