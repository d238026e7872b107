//! Threads as rows of their own.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use psoxide::{ProcessCpuTimes, Reading, Record as _, Row, ThreadDetails};

use super::{Entries, Entry, Identity, facts};
use crate::process::Proc;

/// CPU time of each thread at the last sample, by id and start.
#[derive(Debug, Default)]
pub(super) struct Threads {
    before: HashMap<(u64, Option<Duration>), Duration>,
    now: HashMap<(u64, Option<Duration>), Duration>,
}

impl Threads {
    /// Begins a new sample.
    pub(super) fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Makes a row of each thread of a process that has more than one.
    pub(super) fn entries(&mut self, process: &mut Proc, window: Duration) -> Entries {
        let details = std::mem::take(&mut process.row.thread_details);
        let threads = match details {
            Reading::Value(threads) if threads.len() > 1 => threads,
            _ => return Vec::new(),
        };
        let of = (process.row.pid, process.row.start);
        threads.into_iter().map(|thread| Box::new(self.entry(thread, process, of, window))).collect()
    }

    fn entry(&mut self, thread: ThreadDetails, process: &Proc, of: Identity, window: Duration) -> Entry {
        let used = thread.user_time.saturating_add(thread.system_time);
        let key = (thread.id, thread.started);
        self.now.insert(key, used);
        let since = self.before.get(&key).map(|before| used.saturating_sub(*before));
        let cpu_percent =
            since.filter(|_| !window.is_zero()).map(|time| time.as_secs_f64() * 100.0 / window.as_secs_f64());
        // Unlike the start of any process, in the unit of the system.
        let start = thread.started.map(|started| u64::try_from(started.as_nanos()).unwrap_or(u64::MAX));
        // macOS numbers threads by 64 bits, of which the list shows the low half.
        let id = u32::try_from(thread.id & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        let mut row = Row::new(id, start);
        row.ppid = Reading::Value(of.0);
        row.status = Reading::Value(thread.status);
        row.nice = thread.nice.map_or(Reading::Unsupported, Reading::Value);
        row.cpu_num = thread.cpu_num.map_or(Reading::Unsupported, Reading::Value);
        row.cpu_times = Reading::Value(ProcessCpuTimes::with(|times| {
            (times.user, times.system) = (thread.user_time, thread.system_time);
        }));
        row.is_kernel_thread = Reading::Value(false);
        row.memory_info = process.row.memory_info.as_ref().map(Clone::clone);
        facts::copy(&mut row, &process.row);
        row.cmdline = Reading::Value(vec![thread.name.clone()]);
        row.name = Reading::Value(thread.name);
        let proc = Proc {
            row,
            memory_percent: process.memory_percent,
            cpu_percent,
            iowait_percent: None,
            read_rate: None,
            write_rate: None,
        };
        Entry { proc, thread_of: Some(of), read: Instant::now(), fingerprint: None }
    }
}
