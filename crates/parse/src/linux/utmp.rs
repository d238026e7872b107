//! `/run/utmp`: utmp(5), as glibc lays it out where time has 32 bits in it: 384 bytes a record.

use crate::Cursor;

/// One user's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login<'a> {
    /// The login process.
    pub pid: i64,
    /// The terminal, without `/dev/`.
    pub line: &'a [u8],
    /// The user's name.
    pub user: &'a [u8],
    /// The remote host, empty for none.
    pub host: &'a [u8],
    /// When, in seconds since the epoch.
    pub seconds: i64,
    /// The microseconds of that second.
    pub micros: i64,
}

const RECORD: usize = 384;
const USER_PROCESS: i16 = 7;

/// The logins in the whole file, as a machine of that byte order writes it; an unfinished record at the end is ignored.
#[must_use]
pub fn logins(bytes: &[u8], little_endian: bool) -> Vec<Login<'_>> {
    let mut cursor = Cursor::new(bytes);
    let records = std::iter::from_fn(|| cursor.take(RECORD));
    records.filter_map(|record| login(record, little_endian)).collect()
}

fn login(record: &[u8], little_endian: bool) -> Option<Login<'_>> {
    let int = |cursor: &mut Cursor<'_>| {
        let bytes = cursor.array()?;
        Some(i64::from(if little_endian { i32::from_le_bytes(bytes) } else { i32::from_be_bytes(bytes) }))
    };
    let mut cursor = Cursor::new(record);
    let kind = cursor.array()?;
    let kind = if little_endian { i16::from_le_bytes(kind) } else { i16::from_be_bytes(kind) };
    if kind != USER_PROCESS {
        return None;
    }
    cursor.take(2)?; // padding
    let pid = int(&mut cursor)?;
    let line = text(cursor.take(32)?);
    cursor.take(4)?; // id
    let user = text(cursor.take(32)?);
    let host = text(cursor.take(256)?);
    cursor.take(8)?; // exit session
    let seconds = int(&mut cursor)?;
    let micros = int(&mut cursor)?;
    Some(Login { pid, line, user, host, seconds, micros })
}

/// What comes before the first NUL, if there is one.
fn text(field: &[u8]) -> &[u8] {
    Cursor::new(field).until(0).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(kind: i16, user: &[u8], little: bool) -> Vec<u8> {
        let int = |n: i32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        let padded = |text: &[u8], width: usize| [text, &vec![0; width - text.len()]].concat();
        let kind = if little { kind.to_le_bytes() } else { kind.to_be_bytes() };
        let mut bytes = [&kind[..], &[0, 0], &int(4242)].concat();
        bytes.extend(padded(b"pts/0", 32));
        bytes.extend(b"ts/0");
        bytes.extend(padded(user, 32));
        bytes.extend(padded(b"10.0.2.2", 256));
        bytes.extend([0; 4]);
        bytes.extend([int(1), int(1_700_000_000), int(654_321)].concat());
        bytes.extend([9; 36]);
        assert_eq!(bytes.len(), RECORD);
        bytes
    }

    #[test]
    fn only_users_count() {
        for little in [true, false] {
            let bytes = [record(2, b"reboot", little), record(7, b"ann", little), record(8, b"", little)].concat();
            let login = Login {
                pid: 4242,
                line: b"pts/0",
                user: b"ann",
                host: b"10.0.2.2",
                seconds: 1_700_000_000,
                micros: 654_321,
            };
            assert_eq!(logins(&bytes, little), [login]);
        }
    }

    #[test]
    fn a_field_may_lack_its_nul_and_the_last_record_its_end() {
        let mut bytes = record(7, &[b'x'; 32], true);
        bytes.extend(record(7, b"ann", true).split_at(383).0);
        let logins = logins(&bytes, true);
        assert_eq!((logins.len(), logins[0].user), (1, &[b'x'; 32][..]));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1000), little: bool) {
            let _ = logins(&bytes, little);
        }
    }
}
