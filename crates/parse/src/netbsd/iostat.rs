//! `hw.iostats`: I/O counters of each device, as `struct io_sysctl`.

use std::time::Duration;

use crate::Result;
use crate::bsd::time;
use crate::view::{chunks, view};

view! {
    /// A device.
    pub struct Device = "io_sysctl" (128) {
        /// Name.
        name: [text 16] = "name" @ 0,
        /// 0 for disks; tapes and network file systems have others.
        kind: i32 = "type" @ 20,
        /// Time in which it was busy, in seconds.
        time_sec: u32 = "time_sec" @ 64,
        /// And microseconds.
        time_usec: u32 = "time_usec" @ 68,
        /// Reads.
        reads: u64 = "rxfer" @ 72,
        /// Bytes read.
        bytes_read: u64 = "rbytes" @ 80,
        /// Writes.
        writes: u64 = "wxfer" @ 88,
        /// Bytes written.
        bytes_written: u64 = "wbytes" @ 96,
    }
}

/// `IOSTAT_DISK`.
pub const DISK: i32 = 0;

impl Device<'_> {
    /// Time in which the device was busy.
    #[must_use]
    pub fn busy_time(self) -> Duration {
        time(self.time_sec(), self.time_usec())
    }
}

/// Reads the devices in an answer whose elements are `size` bytes long.
pub fn devices(bytes: &[u8], size: usize) -> impl Iterator<Item = Result<Device<'_>>> {
    chunks(bytes, size, Device::STRUCT).map(|record| Device::new(record?))
}
