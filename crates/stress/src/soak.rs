//! Readings repeat as often as a monitor takes them in a day, while memory and descriptors are watched.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use psoxide::{Backend, Field, Process, Query, System};

use crate::attack::{Report, Scale};
use crate::readings::{self, Subject};

/// Samples of the memory over a run.
const SAMPLES: usize = 200;

/// Snapshots between two rounds of every reading.
const BETWEEN: usize = 100;

/// Samples of a monitor that looks once a second for a day.
const DAY: usize = 86_400;

/// Rounds that fill the caches. If a busy machine took fewer, its memory shows no leak.
const WARM_UP: usize = 1_000;

/// Growth in KiB that the allocator's own bookkeeping can cause.
const NOISE: f64 = 1024.0;

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    let rounds = scale.count(2_000, DAY);
    let mut report = Report::new();
    let _subject = match Subject::prepare() {
        Ok(subject) => subject,
        Err(error) => return Report::skipped(format!("no files and sockets to read: {error}")),
    };
    let watcher = System::host().with_backend(Backend::Proc);
    let Ok(me) = watcher.current_process() else { return Report::skipped("this process cannot be read") };
    for backend in report.backends(&[Backend::Proc, Backend::Bpf]) {
        let system = System::host().with_backend(backend);
        let often = Query::from([Field::Name, Field::Username, Field::CpuTimes, Field::MemoryInfo, Field::Cmdline]);
        let all = Query::from(Field::ALL.iter().copied());
        let mut watched = Watched::default();
        let until = Instant::now() + scale.time(Duration::from_secs(60));
        let (mut done, mut whole) = (0, 0);
        for round in 0..rounds {
            if Instant::now() > until {
                break;
            }
            done += 1;
            let mut held = system.snapshot(often).is_ok();
            if round % BETWEEN == 0 {
                whole += 1;
                let _ = readings::all(&system);
                held &= system.snapshot(all).is_ok();
            }
            report.check(held, || "a snapshot failed".into());
            if round % (rounds / SAMPLES).max(1) == 0 {
                watched.sample(&me);
            }
        }
        let what = format!("{backend:?}: {done} snapshots, {whole} times every reading");
        watched.judge(&what, done >= WARM_UP, &mut report);
    }
    top(scale, &watcher, &mut report);
    report
}

/// Runs `psoxide top` from this program's directory, if it has been built.
fn top(scale: &Scale, watcher: &System, report: &mut Report) {
    let rounds = scale.count(100, DAY);
    let program = std::env::current_exe().map(|path| path.with_file_name("psoxide"));
    let mut command = Command::new(program.unwrap_or_default());
    command.args(["top", "--batch", "--interval", "0.01", "--count", &rounds.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        return report.line("psoxide top: not built beside this program (cargo build -p psoxide-cli)");
    };
    let output = child.stdout.take().map(BufReader::new);
    let mut child = Ended(child);
    let Ok(process) = watcher.process(child.0.id()) else { return report.broke("psoxide top cannot be read") };
    let until = Instant::now() + scale.time(Duration::from_secs(60));
    let mut watched = Watched::default();
    // The last page has no empty line after it.
    let mut done = 1;
    for line in output.into_iter().flat_map(|output| output.split(b'\n')) {
        if !line.is_ok_and(|line| line.is_empty()) {
            continue;
        }
        done += 1;
        // After the last page the program ends, and has no memory.
        if done < rounds && done % (rounds / SAMPLES).max(1) == 0 {
            watched.sample(&process);
        }
        if Instant::now() > until {
            let what = format!("psoxide top: {done} refreshes");
            return watched.judge(&what, done >= WARM_UP, report);
        }
    }
    report.check(child.0.wait().is_ok_and(|status| status.success()), || "psoxide top failed".into());
    watched.judge(&format!("psoxide top: {done} refreshes"), true, report);
}

/// A child that is killed when the attack ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The memory and descriptors of a process over time.
#[derive(Default)]
struct Watched {
    /// Resident memory in KiB.
    memory: Vec<f64>,
    descriptors: Vec<u64>,
}

impl Watched {
    /// Samples the process. A process that has just ended is skipped.
    fn sample(&mut self, process: &Process) {
        if let (Ok(memory), Ok(descriptors)) = (process.memory_info(), process.num_fds()) {
            #[allow(clippy::cast_precision_loss)] // exact to 2^53 KiB
            self.memory.push((memory.rss >> 10) as f64);
            self.descriptors.push(descriptors);
        }
    }

    /// Reports the growth over the second half. The first half fills caches: user names, the allocator's arenas.
    fn judge(&self, what: &str, warm: bool, report: &mut Report) {
        let half = self.memory.len() / 2;
        let (memory, descriptors) =
            (self.memory.get(half..).unwrap_or_default(), self.descriptors.get(half..).unwrap_or_default());
        let growth = slope(memory);
        let (last, fds) = (memory.last().copied().unwrap_or(0.0), descriptors.last().copied().unwrap_or(0));
        let leaked = fds.saturating_sub(descriptors.first().copied().unwrap_or(0));
        report.line(format!(
            "{what}, resident {last:.0} KiB at the end, slope over the second half {growth:+.0} KiB, {fds} descriptors, \
             {leaked} leaked"
        ));
        report.check(growth <= NOISE || !warm, || format!("{what}: resident memory grew by {growth:.0} KiB"));
        report.check(leaked == 0, || format!("{what}: {leaked} descriptors leaked"));
    }
}

/// Fits a line by least squares. Returns how much it rises over all values.
fn slope(values: &[f64]) -> f64 {
    let count = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX));
    if values.len() < 2 {
        return 0.0;
    }
    let places = || (0..u32::MAX).map(f64::from).zip(values);
    let (middle, mean) = ((count - 1.0) / 2.0, values.iter().sum::<f64>() / count);
    let covariance: f64 = places().map(|(place, value)| (place - middle) * (value - mean)).sum();
    let variance: f64 = places().map(|(place, _)| (place - middle).powi(2)).sum();
    covariance / variance * (count - 1.0)
}
