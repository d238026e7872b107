//! `kern.lwp`: threads, as `struct kinfo_lwp`.

use std::time::Duration;

use crate::Result;
use crate::bsd::time;
use crate::view::{chunks, view};

view! {
    /// A thread.
    pub struct Thread = "kinfo_lwp" (128) {
        /// Thread id within its process; the first thread's is the process id.
        lid: i32 = "l_lid" @ 32,
        /// State, [`stat`](crate::bsd::process::stat).
        stat: i8 = "l_stat" @ 58,
        /// What it waits for.
        wmesg: [text 8] = "l_wmesg" @ 64,
        /// Processor that it last ran on.
        cpuid: u64 = "l_cpuid" @ 80,
        /// CPU time, both modes together, in seconds.
        rtime_sec: u32 = "l_rtime_sec" @ 88,
        /// And microseconds.
        rtime_usec: u32 = "l_rtime_usec" @ 92,
        /// Process id.
        pid: u32 = "l_pid" @ 104,
        /// Name, which may be empty.
        name: [text 20] = "l_name" @ 108,
    }
}

impl Thread<'_> {
    /// CPU time, both modes together.
    #[must_use]
    pub fn run_time(self) -> Duration {
        time(self.rtime_sec(), self.rtime_usec())
    }
}

/// Reads the threads in an answer whose elements are `size` bytes long.
pub fn threads(bytes: &[u8], size: usize) -> impl Iterator<Item = Result<Thread<'_>>> {
    chunks(bytes, size, Thread::STRUCT).map(|record| Thread::new(record?))
}
