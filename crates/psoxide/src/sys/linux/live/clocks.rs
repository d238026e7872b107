//! Reads the kernel's clocks.

use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

use super::Live;
use super::files::is_procfs;

impl Live {
    /// Returns the time since boot, including sleep.
    pub(crate) fn since_boot(&self) -> Duration {
        Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
    }

    /// Computes `btime` as the kernel does for `stat`: the difference of two clocks, in whole seconds. Reading the file
    /// costs more, because the kernel counts every interrupt for it. Returns `None` if the file is not the kernel's
    /// own, as under lxcfs, or if a second ended between the readings of the clocks.
    pub(crate) fn boot_second(&self, stat: &Path) -> Option<u64> {
        if !is_procfs(stat) {
            return None;
        }
        let [before, booted, after] = [ClockId::Realtime, ClockId::Boottime, ClockId::Realtime].map(clock_gettime);
        let seconds = |real: Timespec| {
            let borrowed = i64::from(real.tv_nsec < booted.tv_nsec);
            u64::try_from(real.tv_sec.checked_sub(booted.tv_sec)?.checked_sub(borrowed)?).ok()
        };
        seconds(before).filter(|before| seconds(after) == Some(*before))
    }
}
