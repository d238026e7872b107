//! `/var/adm/utmpx`, utmpx(5): who is logged in. The records are the same for all data models.

use std::time::Duration;

use super::time;
use crate::Result;
use crate::view::{chunks, view};

view! {
    /// A record.
    pub struct Record = "futmpx" (372) {
        /// Name of the user.
        user: [text 32] = "ut_user" @ 0,
        /// Name of the terminal below /dev.
        line: [text 32] = "ut_line" @ 36,
        /// Process id.
        pid: i32 = "ut_pid" @ 68,
        /// Type of the record.
        kind: i16 = "ut_type" @ 72,
        /// When it was written: seconds since 1970.
        seconds: i32 = "ut_tv.tv_sec" @ 80,
        /// When it was written: microseconds.
        micros: i32 = "ut_tv.tv_usec" @ 84,
        /// Where the user came from.
        host: [text 257] = "ut_host" @ 114,
    }
}

/// `BOOT_TIME`, `USER_PROCESS`.
const BOOT_TIME: i16 = 2;
const USER_PROCESS: i16 = 7;

impl Record<'_> {
    /// Whether this is a login that has not ended.
    #[must_use]
    pub fn is_login(self) -> bool {
        self.kind() == USER_PROCESS
    }

    /// Whether this says when the machine was booted.
    #[must_use]
    pub fn is_boot(self) -> bool {
        self.kind() == BOOT_TIME
    }

    /// When it was written, since 1970.
    ///
    /// # Errors
    /// The time is negative.
    pub fn time(self) -> Result<Duration> {
        time(self.seconds().into(), i64::from(self.micros()).saturating_mul(1000), "ut_tv")
    }
}

/// The records. One that is cut off comes as an error after the whole ones.
pub fn records(bytes: &[u8]) -> impl Iterator<Item = Result<Record<'_>>> {
    chunks(bytes, Record::SIZE, Record::STRUCT).map(|record| Record::new(record?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_login() {
        let mut bytes = vec![0; 372 + 5];
        bytes[..4].copy_from_slice(b"anna");
        bytes[36..41].copy_from_slice(b"pts/1");
        bytes[72] = 7;
        bytes[80..84].copy_from_slice(&1_700_000_000i32.to_le_bytes());
        bytes[84..88].copy_from_slice(&250_000i32.to_le_bytes());
        let found: Vec<_> = records(&bytes).collect();
        let record = found[0].as_ref().unwrap();
        assert_eq!((record.user(), record.line(), record.is_login()), (&b"anna"[..], &b"pts/1"[..], true));
        assert_eq!(record.time().unwrap(), Duration::from_millis(1_700_000_000_250));
        assert!(found[1].is_err() && found.len() == 2);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = records(&bytes).filter_map(|record| record.and_then(Record::time).ok()).count();
        }
    }
}
