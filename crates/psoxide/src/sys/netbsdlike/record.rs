//! A process as the kernel's table describes it, in the common form of both systems.

use std::time::Duration;

use psoxide_parse::ParseError;
use psoxide_parse::bsd::process::{Common, stat};

use crate::{Ids, Pid, ProcessStatus};

/// The stamp of a process of which the kernel no longer says when it started: a zombie. It is later than any other, as a
/// zombie may be a child but has none.
pub(crate) const UNKNOWN_START: u64 = u64::MAX;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) pid: Pid,
    pub(crate) name: Name,
    pub(crate) status: ProcessStatus,
    /// The start stamp, in microseconds; [`UNKNOWN_START`] for a zombie.
    pub(crate) stamp: u64,
    /// When it started, since the epoch, by the present clock; `None` for a zombie.
    pub(crate) started: Option<Duration>,
    /// Pages of address space.
    pub(crate) vms: i64,
    /// The CPU that it last ran on; `None` if the kernel does not say.
    pub(crate) cpu: Option<u32>,
    /// How many threads it has, where the table says so.
    pub(crate) threads: Option<u64>,
    /// Whether it is a part of the kernel.
    pub(crate) is_kernel: bool,
    /// What both systems keep under the same names.
    pub(crate) common: Common,
}

impl Record {
    pub(crate) fn ppid(&self) -> psoxide_parse::Result<Pid> {
        pid(self.common.ppid, "p_ppid")
    }

    pub(crate) const fn is_zombie(&self) -> bool {
        matches!(self.status, ProcessStatus::Zombie)
    }
}

/// A process id, which is never negative; else an error of `field`.
pub(crate) fn pid(number: i32, field: &'static str) -> psoxide_parse::Result<Pid> {
    u32::try_from(number).map_err(|_| ParseError::malformed(field, number.to_string().as_bytes()))
}

/// Real, effective and saved ids.
pub(crate) const fn ids([real, effective, saved]: [u32; 3]) -> Ids {
    Ids::new(real, effective, Some(saved))
}

/// The name of a state.
pub(crate) const fn status(state: i8) -> ProcessStatus {
    match state {
        stat::IDL => ProcessStatus::Idle,
        // As psutil names a process that waits for a processor.
        stat::RUN => ProcessStatus::Waking,
        stat::SLEEP => ProcessStatus::Sleeping,
        stat::STOP => ProcessStatus::Stopped,
        stat::ZOMB | stat::DEAD => ProcessStatus::Zombie,
        stat::ONPROC => ProcessStatus::Running,
        stat::SUSPENDED => ProcessStatus::Suspended,
        _ => ProcessStatus::Unknown,
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
