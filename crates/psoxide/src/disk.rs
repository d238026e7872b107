//! Disks and file systems.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::record::record;
use crate::sys::{self, DiskReadings as _};
use crate::{Result, System};

record! {
    /// A mounted file system.
    ///
    /// Linux: `/proc/self/mounts`, `/proc/filesystems`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct DiskPartition = "sdiskpart" {
        /// Device. Empty if the kernel reports "none".
        device: OsString, Text, ALL;
        /// Mount point.
        mountpoint: PathBuf, Text, ALL;
        /// File system type.
        fstype: OsString, Text, ALL;
        /// Mount options, separated by commas.
        opts: OsString, Text, ALL;
    }
}

record! {
    /// Space of a file system.
    ///
    /// `statvfs(3)`. As in `df`, space reserved for root counts in total, but not in used, free or percent.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct DiskUsage = "sdiskusage" {
        /// Total space.
        total: u64, Bytes, ALL;
        /// Space in use.
        used: u64, Bytes, ALL;
        /// Space that unprivileged users can use.
        free: u64, Bytes, ALL;
        /// Used part of the space that users can use.
        percent: f64, Percent, ALL;
    }
}

record! {
    /// Counters of a disk since boot.
    ///
    /// Linux: `/proc/diskstats`, else `/sys/block/*/stat` (Documentation/admin-guide/iostats.rst).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct DiskIo = "sdiskio" {
        /// Reads completed.
        read_count: u64, Count, ALL;
        /// Writes completed.
        write_count: u64, Count, ALL;
        /// Bytes read.
        read_bytes: u64, Bytes, ALL;
        /// Bytes written.
        write_bytes: u64, Bytes, ALL;
        /// Time spent reading.
        read_time: Option<Duration>, Seconds, LINUX | MACOS | WINDOWS | FREEBSD | SUNOS;
        /// Time spent writing.
        write_time: Option<Duration>, Seconds, LINUX | MACOS | WINDOWS | FREEBSD | SUNOS;
        /// Reads merged with adjacent ones before the device saw them.
        read_merged_count: Option<u64>, Count, LINUX;
        /// Writes merged with adjacent ones before the device saw them.
        write_merged_count: Option<u64>, Count, LINUX;
        /// Time with at least one I/O in progress.
        busy_time: Option<Duration>, Seconds, LINUX | BSD | SUNOS;
    }
}

impl System {
    /// Lists the mounted file systems on devices, or `all`, including proc, sysfs and tmpfs.
    pub fn disk_partitions(&self, all: bool) -> Result<Vec<DiskPartition>> {
        sys::Os::disk_partitions(self.source(), all)
    }

    /// Reads the space of the file system that holds `path`.
    pub fn disk_usage(&self, path: impl AsRef<Path>) -> Result<DiskUsage> {
        sys::Os::disk_usage(self.source(), path.as_ref())
    }

    /// Reads the space of the file system that holds `path`, if the file system answers within `timeout`.
    ///
    /// A network file system whose server is gone never answers. On Linux a child process queries it, so that the
    /// caller does not block. A file system that did not answer is not queried again for 30 seconds. On other systems
    /// this is [`disk_usage`](Self::disk_usage).
    ///
    /// # Errors
    /// Fails with [`Timeout`](crate::ErrorKind::Timeout) if the file system does not answer.
    pub fn disk_usage_within(&self, path: impl AsRef<Path>, timeout: Duration) -> Result<DiskUsage> {
        sys::Os::disk_usage_within(self.source(), path.as_ref(), timeout)
    }

    /// Returns whether the mount that holds an absolute path has a server: NFS, SMB, FUSE and others. Looking up such a
    /// path can block forever. Only Linux reports this. On other systems the result is `false`.
    #[must_use]
    pub fn may_wait(&self, path: impl AsRef<Path>) -> bool {
        sys::Os::may_wait(self.source(), path.as_ref())
    }

    /// Finds the absolute path that `path` leads to, without symbolic links, if the file system answers within `timeout`.
    ///
    /// As in [`disk_usage_within`](Self::disk_usage_within), a child process queries the file system on Linux. On other
    /// systems this is `std::fs::canonicalize`.
    ///
    /// # Errors
    /// Fails with [`Timeout`](crate::ErrorKind::Timeout) if the file system does not answer.
    pub fn real_path_within(&self, path: impl AsRef<Path>, timeout: Duration) -> Result<PathBuf> {
        sys::Os::real_path_within(self.source(), path.as_ref(), timeout)
    }

    /// Reads the counters of each disk and partition, in the kernel's order.
    pub fn disk_io_counters(&self) -> Result<Vec<(OsString, DiskIo)>> {
        sys::Os::disk_io_counters(self.source())
    }

    /// Lists the names in [`disk_io_counters`](Self::disk_io_counters) that are whole disks. A sum that includes
    /// partitions would count everything twice.
    pub fn whole_disks(&self) -> Result<Vec<OsString>> {
        sys::Os::whole_disks(self.source())
    }

    /// Sums the counters of all whole disks. Returns `None` if there is no disk.
    pub fn disk_io_total(&self) -> Result<Option<DiskIo>> {
        let whole = self.whole_disks()?;
        let counters = self.disk_io_counters()?;
        Ok(counters.iter().filter(|(name, _)| whole.contains(name)).map(|(_, io)| io.clone()).reduce(|a, b| a.plus(&b)))
    }
}

impl DiskUsage {
    /// Converts numbers of blocks of `size` bytes: all, unused, and available to ordinary users. As in `df`, blocks
    /// reserved for root count in the total only.
    #[cfg_attr(not(feature = "capture"), allow(dead_code))] // Windows tells bytes
    pub(crate) fn of_blocks(size: u64, blocks: u64, unused: u64, available: u64) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(size);
        let (used, free) = (bytes(blocks.saturating_sub(unused)), bytes(available));
        let percent = crate::memory::percent(used, used.saturating_add(free));
        Self { total: bytes(blocks), used, free, percent }
    }
}

impl DiskIo {
    /// Returns the sums of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.zip(other, u64::saturating_add, Duration::saturating_add)
    }

    /// Returns the growth since `earlier`. A counter that decreased counts as unchanged.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        self.zip(earlier, u64::saturating_sub, Duration::saturating_sub)
    }

    pub(crate) fn zip(
        &self,
        other: &Self,
        count: fn(u64, u64) -> u64,
        time: fn(Duration, Duration) -> Duration,
    ) -> Self {
        let counts = |a: Option<u64>, b: Option<u64>| Some(count(a?, b?));
        let times = |a: Option<Duration>, b: Option<Duration>| Some(time(a?, b?));
        Self {
            read_count: count(self.read_count, other.read_count),
            write_count: count(self.write_count, other.write_count),
            read_bytes: count(self.read_bytes, other.read_bytes),
            write_bytes: count(self.write_bytes, other.write_bytes),
            read_time: times(self.read_time, other.read_time),
            write_time: times(self.write_time, other.write_time),
            read_merged_count: counts(self.read_merged_count, other.read_merged_count),
            write_merged_count: counts(self.write_merged_count, other.write_merged_count),
            busy_time: times(self.busy_time, other.busy_time),
        }
    }
}
