//! A process as the kernel's table describes it, in the common form of both systems.

use std::time::Duration;

use crate::{Ids, Pid, ProcessStatus};

/// The stamp of a process of which the kernel no longer says when it started: a zombie. It is later than any other, as a
/// zombie may be a child but has none.
pub(crate) const UNKNOWN_START: u64 = u64::MAX;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) pid: Pid,
    pub(crate) ppid: Pid,
    pub(crate) name: Name,
    pub(crate) status: ProcessStatus,
    /// The start stamp, in microseconds; [`UNKNOWN_START`] for a zombie.
    pub(crate) stamp: u64,
    /// When it started, since the epoch, by the present clock; `None` for a zombie.
    pub(crate) started: Option<Duration>,
    pub(crate) uids: Ids,
    pub(crate) gids: Ids,
    /// The device number of the controlling terminal.
    pub(crate) terminal: Option<u32>,
    /// The nice value plus 20.
    pub(crate) nice: u8,
    /// Sizes in pages, as the kernel keeps them.
    pub(crate) rss: i64,
    pub(crate) vms: i64,
    pub(crate) text: i64,
    pub(crate) data: i64,
    pub(crate) stack: i64,
    /// The largest resident size, in units of 1024 bytes.
    pub(crate) peak_rss: u64,
    pub(crate) user_time: Duration,
    pub(crate) system_time: Duration,
    pub(crate) children_time: Duration,
    pub(crate) minor_faults: u64,
    pub(crate) major_faults: u64,
    pub(crate) blocks_read: u64,
    pub(crate) blocks_written: u64,
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
    /// How many threads it has, where the table says so.
    pub(crate) threads: Option<u64>,
    /// Whether it is a part of the kernel.
    pub(crate) is_kernel: bool,
}

impl Record {
    pub(crate) const fn is_zombie(&self) -> bool {
        matches!(self.status, ProcessStatus::Zombie)
    }
}

/// The name of a process, within the record: a table has thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    bytes: [u8; 24],
    length: u8,
}

impl Name {
    /// Keeps the first 24 bytes, which is as long as the kernels keep names.
    pub(crate) fn new(name: &[u8]) -> Self {
        let mut bytes = [0; 24];
        let mut length = 0;
        for (place, byte) in bytes.iter_mut().zip(name) {
            *place = *byte;
            length += 1;
        }
        Self { bytes, length }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_keep_24_bytes() {
        assert_eq!(Name::new(b"init").as_bytes(), b"init");
        assert_eq!(Name::new(&[b'x'; 30]).as_bytes(), [b'x'; 24]);
        assert_eq!(Name::new(b"").as_bytes(), b"");
    }
}
