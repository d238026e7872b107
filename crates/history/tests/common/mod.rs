//! Moments of a made-up machine.
#![allow(dead_code)] // not every test uses all of it

use std::path::Path;
use std::time::{Duration, SystemTime};

use psoxide::{
    CpuTimes, IoCounters, LoadAverage, MemoryInfo, Moment, Os, PageFaults, Pid, ProcessCpuTimes, ProcessStatus,
    Reading, Record as _, Row, System, VirtualMemory,
};
use psoxide_history::{History, Options, Recorder, Sample};

/// 2026-11-28 14:00 UTC.
pub(crate) const NOON: u64 = 1_795_874_400;

pub(crate) fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOON + second)
}

/// Milliseconds since 1970.
pub(crate) fn millis(second: u64) -> i64 {
    i64::try_from((NOON + second) * 1000).unwrap()
}

/// A process that has done this much.
pub(crate) fn row(pid: Pid, start: u64, work: u64) -> Row {
    let mut row = Row::new(pid, Some(start));
    row.name = Reading::Value(format!("p{pid}").into());
    row.cmdline = Reading::Value(vec![format!("/bin/p{pid}").into(), "--password=x".into()]);
    row.username = Reading::Value("anna".into());
    row.exe = Reading::Denied;
    row.create_time = Reading::Value(at(0) + Duration::from_secs(start));
    row.ppid = Reading::Value(1);
    row.status = Reading::Value(ProcessStatus::Sleeping);
    row.nice = Reading::Value(0);
    row.num_threads = Reading::Value(1);
    row.cpu_times = Reading::Value(ProcessCpuTimes::with(|times| times.user = Duration::from_millis(work * 10)));
    row.memory_info = Reading::Value(MemoryInfo::with(|memory| {
        (memory.rss, memory.vms) = (work * 4096, 1 << 30);
    }));
    row.page_faults = Reading::Value(PageFaults::with(|faults| faults.minor = work));
    row.io_counters = if pid.is_multiple_of(2) {
        Reading::Denied
    } else {
        Reading::Value(IoCounters::with(|io| io.read_bytes = Some(work * 512)))
    };
    row.num_handles = Reading::Unsupported;
    row
}

/// A machine that has been up for this many seconds, with these processes.
pub(crate) fn moment(second: u64, processes: Vec<Row>) -> Moment {
    let mut moment = Moment::new(Os::Linux);
    moment.uptime = Reading::Value(Duration::from_secs(1000 + second));
    moment.boot_time = Reading::Value(at(0) - Duration::from_secs(1000));
    moment.virtual_memory = Reading::Value(VirtualMemory::with(|memory| {
        (memory.total, memory.available, memory.percent) = (1 << 34, second << 20, 12.5);
    }));
    moment.cpu_times = Reading::Value(CpuTimes::with(|times| times.user = Duration::from_secs(second)));
    moment.load_average = Reading::Value(LoadAverage::with(|load| load.one = 0.25));
    moment.processes = processes;
    moment
}

/// The machine at a second: three processes, of which one changes its pid's owner.
pub(crate) fn usual(second: u64) -> Moment {
    moment(second, vec![row(1, 0, 5), row(2, 10, second), row(7, second / 30, second * 3)])
}

pub(crate) fn recorder(folder: &Path, options: &Options) -> std::io::Result<Recorder> {
    let mut moment = moment(0, Vec::new());
    moment.host = Reading::Value(host());
    Recorder::open(&System::replay(moment), folder, options)
}

fn host() -> psoxide::HostInfo {
    let mut host = psoxide::HostInfo::default();
    host.hostname = "box".into();
    host
}

/// Records a sample every 5 seconds, so many.
pub(crate) fn record(folder: &Path, samples: std::ops::Range<u64>) {
    let mut recorder = recorder(folder, &Options::default()).unwrap();
    for sample in samples {
        recorder.append(at(sample * 5), &usual(sample * 5)).unwrap();
    }
}

/// What is wrong with a sample of [`usual`]; empty if nothing is.
pub(crate) fn compare(sample: &Sample) -> String {
    let second = u64::try_from(sample.time / 1000).unwrap() - NOON;
    let expected = usual(second);
    let mut wrong = String::new();
    if sample.system().virtual_memory().ok() != expected.virtual_memory.value().cloned() {
        wrong += "virtual memory ";
    }
    let (rows, expected) = (sample.rows(), expected.processes);
    if rows.len() != expected.len() {
        wrong += "processes ";
    }
    for (row, expected) in rows.iter().zip(&expected) {
        let fields = |row: &Row| {
            let memory = row.memory_info.value().map(|memory| (memory.rss, memory.vms));
            let denied = matches!(row.io_counters, Reading::Denied);
            format!("{} {:?} {:?} {:?} {memory:?} {denied}", row.pid, row.start, row.name, row.cpu_times.value())
        };
        if fields(row) != fields(expected) {
            wrong += &format!("{} instead of {} ", fields(row), fields(expected));
        }
    }
    wrong
}

/// All samples of a history.
pub(crate) fn all(folder: &Path) -> std::io::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    let each = |sample: &Sample| {
        samples.push(sample.clone());
        Ok(true)
    };
    History::open(folder)?.for_each(i64::MIN, i64::MAX, each)?;
    Ok(samples)
}

/// How many bits are flipped: `PSOXIDE_HISTORY_FLIPS`, or a few.
pub(crate) fn flips() -> u64 {
    std::env::var("PSOXIDE_HISTORY_FLIPS").ok().and_then(|flips| flips.parse().ok()).unwrap_or(150)
}

/// A generator of numbers: xorshift64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Self(88_172_645_463_325_252)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0).unwrap() % bound
    }
}
