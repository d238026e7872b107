//! The readings of one machine at one moment, kept as values.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::{
    CpuTimes, DiskIo, DiskPartition, DiskUsage, Error, HostInfo, LoadAverage, NetIo, Os, Pressure, PressureOf, Reading,
    Result, Row, RunQueue, SwapMemory, System, VirtualMemory,
};

/// Kept readings of one machine at one moment. [`System::replay`] answers from them.
///
/// A reading that stays [`Reading::NotAsked`] fails with [`NotCaptured`](crate::ErrorKind::NotCaptured), which says
/// nothing about the machine.
#[derive(Debug)]
#[non_exhaustive]
pub struct Moment {
    /// The system of the machine.
    pub os: Os,
    /// The names of the machine and of its kernel.
    pub host: Reading<HostInfo>,
    /// The boot time.
    pub boot_time: Reading<SystemTime>,
    /// The time from the boot to the moment.
    pub uptime: Reading<Duration>,
    /// Whether the kernel counts the time that processes wait for storage.
    pub delay_accounting: Reading<bool>,
    /// The load averages.
    pub load_average: Reading<LoadAverage>,
    /// The numbers of threads that run, and that wait for I/O.
    pub run_queue: Reading<RunQueue>,
    /// The times of all CPUs together.
    pub cpu_times: Reading<CpuTimes>,
    /// The times of each CPU, with its number.
    pub cpus: Reading<Vec<(u32, CpuTimes)>>,
    /// Physical memory.
    pub virtual_memory: Reading<VirtualMemory>,
    /// Swap space.
    pub swap_memory: Reading<SwapMemory>,
    /// Pressure on each resource that the kernel accounts for.
    pub pressure: Vec<(PressureOf, Pressure)>,
    /// The mounted file systems on devices.
    pub partitions: Reading<Vec<DiskPartition>>,
    /// The space of file systems, by mount point.
    pub disk_usage: Vec<(PathBuf, DiskUsage)>,
    /// The counters of each disk and partition.
    pub disks: Reading<Vec<(OsString, DiskIo)>>,
    /// The names in `disks` that are whole disks.
    pub whole_disks: Reading<Vec<OsString>>,
    /// The counters of each interface.
    pub nics: Reading<Vec<(OsString, NetIo)>>,
    /// The processes, by pid.
    pub processes: Vec<Row>,
}

impl Moment {
    /// Makes a moment without any reading.
    #[must_use]
    pub const fn new(os: Os) -> Self {
        Self {
            os,
            host: Reading::NotAsked,
            boot_time: Reading::NotAsked,
            uptime: Reading::NotAsked,
            delay_accounting: Reading::NotAsked,
            load_average: Reading::NotAsked,
            run_queue: Reading::NotAsked,
            cpu_times: Reading::NotAsked,
            cpus: Reading::NotAsked,
            virtual_memory: Reading::NotAsked,
            swap_memory: Reading::NotAsked,
            pressure: Vec::new(),
            partitions: Reading::NotAsked,
            disk_usage: Vec::new(),
            disks: Reading::NotAsked,
            whole_disks: Reading::NotAsked,
            nics: Reading::NotAsked,
            processes: Vec::new(),
        }
    }

    /// Returns the space of the file system that is mounted at `path`.
    pub(crate) fn disk_usage(&self, path: &Path) -> Result<DiskUsage> {
        let found = self.disk_usage.iter().find(|(mountpoint, _)| mountpoint == path);
        found
            .map(|(_, usage)| usage.clone())
            .ok_or_else(|| Error::not_captured(format!("disk_usage {}", path.display())))
    }
}

impl System {
    /// Opens a machine as it was at one moment. Every reading answers from `moment`, on any system. Signals and changes
    /// are not possible.
    #[must_use]
    pub fn replay(moment: Moment) -> Self {
        Self::of_replay(Arc::new(moment))
    }
}
