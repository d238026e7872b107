//! Processes that are in the middle of execve(2), or that have just begun.

use std::time::{Duration, Instant};

use psoxide_parse::linux::stat;

use super::Linux;
use crate::Result;
use crate::sys;

impl sys::Handle<'_, Linux> {
    /// Calls `read` for `cmdline` or `environ`, which are empty in the middle of execve(2).
    pub(super) fn after_exec(&self, read: impl Fn() -> Result<Box<[u8]>>) -> Result<Box<[u8]>> {
        let bytes = read()?;
        // The program may have started since, whether this waited for it or not.
        if bytes.is_empty() && self.wait_for_exec()?.is_some() { read() } else { Ok(bytes) }
    }

    /// Waits for a moment at most while the process is in the middle of execve(2). Returns whether it was, or `None` for a
    /// process without memory.
    ///
    /// The parent already knows that the program runs, but name, command line and environment are not that program's yet
    /// (fs/exec.c: `begin_new_exec` closes descriptors first).
    pub(super) fn wait_for_exec(&self) -> Result<Option<bool>> {
        const PAUSE: Duration = Duration::from_micros(200);
        const LONGEST: Duration = Duration::from_millis(50);
        if !self.source.is_live() {
            return Ok(None);
        }
        let first = Instant::now();
        let mut waited = false;
        loop {
            match self.read_record("stat", stat::has_program)? {
                Some(false) if first.elapsed() < LONGEST => std::thread::sleep(PAUSE),
                program => return Ok(program.map(|_| waited)),
            }
            waited = true;
        }
    }

    /// Whether the process began in the current clock tick, so that another one can get its pid and its start time.
    pub(super) fn began_in_this_tick(&self) -> bool {
        self.began_within(|start| self.source.ticks(start.saturating_add(1)))
    }

    /// Whether the process began less than a second ago, so that it can be in the middle of its first execve(2).
    pub(super) fn is_young(&self) -> bool {
        self.began_within(|start| self.source.ticks(start).saturating_add(Duration::from_secs(1)))
    }

    /// Whether the time since boot is less than what `end` makes of the start of the process.
    fn began_within(&self, end: impl FnOnce(u64) -> Duration) -> bool {
        match (self.source.live(), self.start) {
            (Some(kernel), Some(start)) => kernel.since_boot() < end(start),
            _ => false,
        }
    }
}
