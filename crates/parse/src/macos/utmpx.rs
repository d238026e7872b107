//! getutxent(3): who is logged in, one record after the other.

use std::time::Duration;

use crate::view::{chunks, view};
use crate::{ParseError, Result};

view! {
    /// A record.
    pub struct Record = "utmpx" (640) {
        /// User.
        user: [text 256] = "ut_user" @ 0,
        /// Terminal, a name in /dev.
        line: [text 32] = "ut_line" @ 260,
        /// The process of the login.
        pid: i32 = "ut_pid" @ 292,
        /// What it is about, [`USER_PROCESS`] or another.
        kind: i16 = "ut_type" @ 296,
        /// When it was written: seconds since 1970.
        seconds: i64 = "ut_tv.tv_sec" @ 304,
        /// When it was written: microseconds.
        micros: i32 = "ut_tv.tv_usec" @ 312,
        /// Where from.
        host: [text 256] = "ut_host" @ 320,
    }
}

/// A user who is logged in.
pub const USER_PROCESS: i16 = 7;

impl Record<'_> {
    /// The time of the login, since 1970.
    pub fn time(self) -> Result<Duration> {
        let micros = u32::try_from(self.micros()).ok().filter(|micros| *micros < 1_000_000);
        match (u64::try_from(self.seconds()), micros) {
            (Ok(seconds), Some(micros)) => Ok(Duration::new(seconds, micros * 1000)),
            _ => Err(ParseError::malformed("ut_tv", &self.seconds().to_le_bytes())),
        }
    }
}

/// The records of users who are logged in.
pub fn logins(bytes: &[u8]) -> impl Iterator<Item = Result<Record<'_>>> {
    let records = chunks(bytes, Record::SIZE, Record::STRUCT).map(|record| Record::new(record?));
    records.filter(|record| record.as_ref().map_or(true, |record| record.kind() == USER_PROCESS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn users_alone_are_logins() {
        let mut made = Made::new(1280);
        made.set(640, b"alice").set(900, b"ttys000").set(936, [7, 0]).u64(944, 9).u32(952, 500_000);
        let found: Vec<_> = logins(&made.0).map(Result::unwrap).collect();
        assert_eq!((found.len(), found[0].user(), found[0].line()), (1, &b"alice"[..], &b"ttys000"[..]));
        assert_eq!(found[0].time(), Ok(Duration::from_millis(9500)));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1400)) {
            for login in logins(&bytes).flatten() {
                let _ = login.time();
            }
        }
    }
}
