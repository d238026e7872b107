//! `/var/run/utx.active`: who is logged in, as getutxent(3) of FreeBSD keeps it. Numbers are in network order.

use std::time::Duration;

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// A record of the file.
    pub struct Record = "futx" (197) {
        /// What it is about, [`USER_PROCESS`] or another.
        kind: u8 = "fu_type" @ 0,
        /// When it was written, in microseconds.
        time: [bytes 8] = "fu_tv" @ 1,
        /// The process of the login.
        pid: [bytes 4] = "fu_pid" @ 17,
        /// User.
        user: [text 32] = "fu_user" @ 21,
        /// Terminal, a name in /dev.
        line: [text 16] = "fu_line" @ 53,
        /// Where from.
        host: [text 128] = "fu_host" @ 69,
    }
}

/// A user who is logged in.
pub const USER_PROCESS: u8 = 4;

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login<'a> {
    /// User.
    pub user: &'a [u8],
    /// Terminal, a name in /dev.
    pub line: &'a [u8],
    /// Where from; empty for a login at the machine.
    pub host: &'a [u8],
    /// The time of the login, since 1970.
    pub time: Duration,
    /// Its process.
    pub pid: i32,
}

/// The users who are logged in.
pub fn logins(bytes: &[u8]) -> impl Iterator<Item = Result<Login<'_>>> {
    let records = chunks(bytes, Record::SIZE, Record::STRUCT).map(|record| Record::new(record?));
    records.filter(|record| record.as_ref().map_or(true, |record| record.kind() == USER_PROCESS)).map(|record| {
        let record = record?;
        Ok(Login {
            user: record.user(),
            line: record.line(),
            host: record.host(),
            time: Duration::from_micros(u64::from_be_bytes(*record.time())),
            pid: i32::from_be_bytes(*record.pid()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn users_alone_are_logins() {
        let mut made = Made::new(2 * 197);
        made.set(0, [1]).set(197, [USER_PROCESS]).set(198, 5_000_001u64.to_be_bytes()).set(214, 77u32.to_be_bytes());
        made.set(218, b"alice").set(250, b"pts/0").set(266, b"example.org");
        let login = Login {
            user: b"alice",
            line: b"pts/0",
            host: b"example.org",
            time: Duration::from_micros(5_000_001),
            pid: 77,
        };
        assert_eq!(logins(&made.0).collect::<Vec<_>>(), [Ok(login)]);
        assert!(logins(&made.0[..393]).next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = logins(&bytes).count();
        }
    }
}
