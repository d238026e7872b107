//! `/var/run/utmpx`: who is logged in, as `struct utmpx`.

use std::time::Duration;

use crate::Result;
use crate::bsd::counters::timeval;
use crate::view::{chunks, view};

view! {
    /// An entry.
    pub struct Entry = "utmpx" (520) {
        /// User.
        user: [text 32] = "ut_name" @ 0,
        /// Terminal, without `/dev/`.
        line: [text 32] = "ut_line" @ 36,
        /// Remote host; empty for none.
        host: [text 256] = "ut_host" @ 68,
        /// What the entry is about, [`USER_PROCESS`] or another.
        kind: u16 = "ut_type" @ 326,
        /// Login process.
        pid: i32 = "ut_pid" @ 328,
        /// When, a `struct timeval`.
        time: [bytes 16] = "ut_tv" @ 464,
    }
}

/// `USER_PROCESS`: somebody is logged in.
pub const USER_PROCESS: u16 = 7;

impl Entry<'_> {
    /// When, since the epoch.
    pub fn started(self) -> Result<Duration> {
        timeval(self.time(), "ut_tv")
    }
}

/// Reads the entries of the file.
pub fn entries(bytes: &[u8]) -> impl Iterator<Item = Result<Entry<'_>>> {
    chunks(bytes, Entry::SIZE, Entry::STRUCT).map(|record| Entry::new(record?))
}
