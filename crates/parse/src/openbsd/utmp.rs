//! `/var/run/utmp`: who is logged in, as `struct utmp`.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// The slot of a terminal; one without a user is free.
    pub struct Entry = "utmp" (304) {
        /// Terminal, without `/dev/`.
        line: [text 8] = "ut_line" @ 0,
        /// User.
        user: [text 32] = "ut_name" @ 8,
        /// Remote host; empty for none.
        host: [text 256] = "ut_host" @ 40,
        /// When, in seconds since the epoch.
        time: i64 = "ut_time" @ 296,
    }
}

/// Reads the entries of the file.
pub fn entries(bytes: &[u8]) -> impl Iterator<Item = Result<Entry<'_>>> {
    chunks(bytes, Entry::SIZE, Entry::STRUCT).map(|record| Entry::new(record?))
}
