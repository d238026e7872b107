//! How much of a history is kept.

use std::io;
use std::time::Duration;

/// How much is kept, and for how long. The limits hold at any time and count the open hour too: the oldest segments are
/// removed before a sample would break one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together, at least 1 MiB.
    pub size: u64,
    /// No sample is older, unless nothing is recorded meanwhile. At least a minute.
    pub age: Duration,
}

impl Default for Limits {
    /// 1 GiB and 30 days.
    fn default() -> Self {
        Self { size: 1 << 30, age: Duration::from_secs(30 * 86_400) }
    }
}

impl Limits {
    /// Bytes that the tables of a segment take at least.
    const TABLES: u64 = 64 << 10;

    pub(crate) fn check(self) -> io::Result<()> {
        let wrong = |message: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        if self.size < 1 << 20 {
            return wrong("a history needs 1 MiB at least");
        }
        if self.age < Duration::from_secs(60) {
            return wrong("a history keeps a minute at least");
        }
        Ok(())
    }

    pub(crate) fn age_millis(self) -> i64 {
        i64::try_from(self.age.as_millis()).unwrap_or(i64::MAX)
    }

    /// The length of a segment in milliseconds: an hour, and less where little is kept, because segments are removed as a
    /// whole.
    pub(crate) fn span(self) -> i64 {
        (self.age_millis() / 8).clamp(1_000, 3_600_000)
    }

    /// The length of a log at which it is closed early.
    pub(crate) fn log(self) -> u64 {
        self.size / 8
    }

    /// The bytes that all files may take, so that there is room for the next sample and for closing a log of this length.
    pub(crate) fn most(self, log: u64) -> u64 {
        self.size.saturating_sub(log).saturating_sub(Self::TABLES).saturating_sub(self.size / 16)
    }
}
