//! Measures a history of made-up processes: bytes for each process and sample, CPU time, and the time to find an instant.
//!
//! `cargo xtask bench-fleet` runs it with an empty directory, and reads the lines `name value` that it prints. A second argument
//! is the number of days, 30 without it. Of 1,000 processes 70 % are idle, 20 % do a little in every second sample, and 10 % are
//! busy.
#![allow(clippy::unwrap_used, missing_docs)] // a failure ends it

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use psoxide::{
    CpuTimes, IoCounters, MemoryInfo, Moment, Os, PageFaults, ProcessCpuTimes, ProcessStatus, Reading, Record as _,
    Row, Scheduling, SchedulingPolicy, System, VirtualMemory,
};
use psoxide_history::{History, Limits, Options, Recorder, to_millis};

const PROCESSES: u32 = 1000;
const INTERVAL: Duration = Duration::from_secs(5);
/// Samples of an hour.
const HOUR: u64 = 720;
/// The first hour of every fifth day has all processes. Instants are looked for in these hours.
const FULL: u64 = 5 * 24;
/// Processes in the other hours, which are there to be searched, and the part of their samples that is taken.
const FEW: u32 = 20;
const SPARSE: usize = 12;
/// Instants that are looked for, and those before them that warm the cache.
const INSTANTS: usize = 400;
const WARM: usize = 50;

/// 2026-11-01 00:00 UTC.
const START: u64 = 1_793_491_200;

/// A generator of numbers: xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What a process has done.
#[derive(Clone, Default)]
struct Work {
    user: u64,
    system: u64,
    faults: u64,
    pages: u64,
    read: u64,
    written: u64,
    calls: u64,
    cpu: u32,
    fds: u64,
}

struct Machine {
    random: Random,
    work: Vec<Work>,
}

impl Machine {
    fn new() -> Self {
        let mut random = Random(88_172_645_463_325_252);
        let work = (0..PROCESSES).map(|_| Work {
            pages: 200 + random.below(20_000),
            faults: random.below(100_000),
            user: random.below(10_000),
            fds: random.below(100),
            ..Work::default()
        });
        let work = work.collect();
        Self { random, work }
    }

    /// The machine at a sample, with its first `processes`.
    fn next(&mut self, sample: u64, processes: u32) -> (SystemTime, Moment) {
        let random = &mut self.random;
        for (place, work) in (0_u64..).zip(&mut self.work) {
            match place % 10 {
                0..7 => {}
                7 | 8 if sample % 2 != place % 2 => {}
                7 | 8 => {
                    work.user += random.below(2);
                    work.faults += random.below(10);
                    work.calls += random.below(20);
                }
                _ => {
                    work.user += random.below(300);
                    work.system += random.below(100);
                    work.faults += random.below(2_000);
                    work.pages = (work.pages + random.below(200)).saturating_sub(random.below(200)).max(100);
                    work.read += random.below(500) * 4096;
                    work.written += random.below(500) * 4096;
                    work.calls += random.below(5_000);
                    work.cpu = u32::try_from(random.below(16)).unwrap();
                    work.fds = (work.fds + random.below(3)).saturating_sub(random.below(3));
                }
            }
        }
        let mut moment = Moment::new(Os::Linux);
        moment.uptime = Reading::Value(INTERVAL * u32::try_from(sample).unwrap());
        moment.virtual_memory = Reading::Value(VirtualMemory::with(|memory| {
            (memory.total, memory.available) = (64 << 30, (20 << 30) + (random.below(100_000) << 12));
        }));
        let times = |ticks: u64| CpuTimes::with(|times| times.user = Duration::from_millis(ticks * 10));
        moment.cpus = Reading::Value((0..16).map(|cpu| (cpu, times(sample * 200 + random.below(50)))).collect());
        let taken = SystemTime::UNIX_EPOCH + Duration::from_secs(START) + INTERVAL * u32::try_from(sample).unwrap();
        moment.processes =
            (1..).zip(&self.work).take(usize::try_from(processes).unwrap()).map(|(pid, work)| row(pid, work)).collect();
        (taken, moment)
    }
}

fn row(pid: u32, work: &Work) -> Row {
    let mut row = Row::new(pid, Some(u64::from(pid) * 7));
    row.name = Reading::Value(format!("worker-{}", pid % 50).into());
    row.exe = Reading::Value(format!("/usr/lib/app/worker-{}", pid % 50).into());
    row.cmdline = Reading::Value(vec![format!("worker-{}", pid % 50).into(), format!("--shard={pid}").into()]);
    row.username = Reading::Value(format!("user{}", pid % 7).into());
    row.ppid = Reading::Value(1 + pid / 50);
    let status = if pid % 10 == 9 { ProcessStatus::Running } else { ProcessStatus::Sleeping };
    row.status = Reading::Value(status);
    row.nice = Reading::Value(0);
    row.cpu_num = Reading::Value(work.cpu);
    row.num_threads = Reading::Value(1 + u64::from(pid % 8));
    row.cpu_times = Reading::Value(ProcessCpuTimes::with(|times| {
        (times.user, times.system) = (Duration::from_millis(work.user * 10), Duration::from_millis(work.system * 10));
    }));
    row.page_faults =
        Reading::Value(PageFaults::with(|faults| (faults.minor, faults.major) = (work.faults, work.faults / 500)));
    row.scheduling = Reading::Value(Scheduling::new(SchedulingPolicy::Other, 20, 0));
    row.memory_info = Reading::Value(MemoryInfo::with(|memory| {
        (memory.rss, memory.vms) = (work.pages * 4096, (work.pages * 3 + 100_000) * 4096);
    }));
    row.io_counters = Reading::Value(IoCounters::with(|io| {
        (io.read_count, io.write_count) = (Some(work.calls), Some(work.calls / 2));
        (io.read_bytes, io.write_bytes) = (Some(work.read), Some(work.written));
        (io.read_chars, io.write_chars) = (Some(work.read * 2), Some(work.written * 2));
    }));
    row.num_fds = Reading::Value(work.fds);
    row
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let times = System::host().current_process().unwrap().cpu_times().unwrap();
    times.user + times.system
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.metadata().map_or(0, |file| file.len())).sum()
}

#[allow(clippy::cast_precision_loss)] // figures
fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let folder = Path::new(&folder);
    let days: u64 = arguments.next().map_or(30, |days| days.parse().unwrap());
    let mut options = Options::default();
    options.limits = Limits { size: 1 << 40, age: Duration::from_secs(86_400 * 365) };
    let mut machine = Machine::new();
    let mut recorder = Recorder::open(&System::replay(Moment::new(Os::Linux)), folder, &options).unwrap();
    let (mut appending, mut closing) = (Duration::ZERO, Duration::ZERO);
    for hour in 0..days * 24 {
        let (processes, step) = if hour % FULL == 0 { (PROCESSES, 1) } else { (FEW, SPARSE) };
        for sample in (0..HOUR).step_by(step) {
            let (taken, moment) = machine.next(hour * HOUR + sample, processes);
            let before = cpu();
            recorder.append(taken, &moment).unwrap();
            let used = cpu().saturating_sub(before);
            match (hour, sample) {
                (0, _) => appending += used,
                (1, 0) => closing = used,
                _ => {}
            }
        }
        let cells = f64::from(PROCESSES) * HOUR as f64;
        if hour == 0 {
            println!("log_bytes {:.2}", size(&folder.join("open")) as f64 / cells);
        } else if hour == 1 {
            let closed: u64 = ["samples", "processes", "system"].iter().map(|table| size(&folder.join(table))).sum();
            println!("closed_bytes {:.2}", closed as f64 / cells);
        }
    }
    // Both are for one sample: closing comes once for an hour.
    println!("append_ms {:.2}", appending.as_secs_f64() * 1000.0 / HOUR as f64);
    println!("close_ms {:.2}", closing.as_secs_f64() * 1000.0 / HOUR as f64);
    let mut times = Vec::new();
    let mut random = Random(7);
    for round in 0..WARM + INSTANTS {
        let (hour, second) = (random.below(days * 24).next_multiple_of(FULL) % (days * 24), random.below(3600));
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(START + hour * 3600 + second);
        let begun = Instant::now();
        let sample = History::open(folder).unwrap().at(to_millis(time)).unwrap().unwrap();
        let rows = sample.rows();
        let took = begun.elapsed();
        assert_eq!(rows.len(), usize::try_from(PROCESSES).unwrap());
        if round >= WARM {
            times.push(took);
        }
    }
    times.sort();
    let at = |percent: usize| times.get(INSTANTS * percent / 100).unwrap().as_secs_f64() * 1000.0;
    println!("instant_median_ms {:.1}", at(50));
    println!("instant_p99_ms {:.1}", at(99));
}
