//! Handles processes that are in the middle of execve(2), or have just started.

use std::time::{Duration, Instant};

use psoxide_parse::linux::stat;

use super::Linux;
use crate::Result;
use crate::sys;

impl sys::Handle<'_, Linux> {
    /// Reads `cmdline` or `environ` with `read`. In the middle of execve(2) both are empty, so this waits and reads
    /// again.
    pub(super) fn after_exec(&self, read: impl Fn() -> Result<Box<[u8]>>) -> Result<Box<[u8]>> {
        let bytes = read()?;
        // The program may have started by now, even if the wait was not needed.
        if bytes.is_empty() && self.wait_for_exec()?.is_some() { read() } else { Ok(bytes) }
    }

    /// Waits for a moment if the process is in the middle of execve(2). Returns whether it was. Returns `None` for a
    /// process without memory.
    ///
    /// At this point the parent already knows that the program runs, but name, command line and environment still
    /// belong to the old program (fs/exec.c: `begin_new_exec` closes descriptors first).
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

    /// Returns whether the process started in the current clock tick. Then another process can get its pid and start
    /// time.
    pub(super) fn began_in_this_tick(&self) -> bool {
        self.began_within(|start| self.source.ticks(start.saturating_add(1)))
    }

    /// Returns whether the process started less than a second ago. Then it can be in the middle of its first execve(2).
    pub(super) fn is_young(&self) -> bool {
        self.began_within(|start| self.source.ticks(start).saturating_add(Duration::from_secs(1)))
    }

    /// Returns whether the time since boot is less than the result of `end` for the process's start.
    fn began_within(&self, end: impl FnOnce(u64) -> Duration) -> bool {
        match (self.source.live(), self.start) {
            (Some(kernel), Some(start)) => kernel.since_boot() < end(start),
            _ => false,
        }
    }
}
