//! `hw.diskstats`: I/O counters of each disk, as `struct diskstats`.

use std::time::Duration;

use crate::Result;
use crate::bsd::counters::timeval;
use crate::view::{chunks, view};

view! {
    /// A disk.
    pub struct Disk = "diskstats" (112) {
        /// Name.
        name: [text 16] = "ds_name" @ 0,
        /// Reads.
        reads: u64 = "ds_rxfer" @ 24,
        /// Writes.
        writes: u64 = "ds_wxfer" @ 32,
        /// Bytes read.
        bytes_read: u64 = "ds_rbytes" @ 48,
        /// Bytes written.
        bytes_written: u64 = "ds_wbytes" @ 56,
        /// Time in which it was busy, a `struct timeval`.
        busy: [bytes 16] = "ds_time" @ 96,
    }
}

impl Disk<'_> {
    /// Time in which the disk was busy.
    pub fn busy_time(self) -> Result<Duration> {
        timeval(self.busy(), "ds_time")
    }
}

/// Reads the disks in an answer.
pub fn disks(bytes: &[u8]) -> impl Iterator<Item = Result<Disk<'_>>> {
    chunks(bytes, Disk::SIZE, Disk::STRUCT).map(|record| Disk::new(record?))
}
