//! The answers of FreeBSD 12 to 15 on 64-bit, little-endian machines.
//!
//! FreeBSD 12 widened inode numbers and rewrote the socket lists; the layouts have not moved since. Headers and a recorded
//! kernel agree on every offset here.

pub mod devstat;
pub mod file;
pub mod interface;
pub mod machine;
pub mod mount;
pub mod process;
pub mod socket;
pub mod swap;
pub mod topology;
pub mod utx;
pub mod vmmap;

use std::time::Duration;

use crate::view::view;
use crate::{ParseError, Result};

view! {
    /// A time in seconds and microseconds.
    pub struct Timeval = "timeval" (16) {
        /// Seconds.
        seconds: i64 = "tv_sec" @ 0,
        /// Microseconds.
        micros: i64 = "tv_usec" @ 8,
    }
}

impl Timeval<'_> {
    /// The time as a duration. A negative one, and a second or more of microseconds, are errors of `field`.
    pub fn duration(self, field: &'static str) -> Result<Duration> {
        let micros = u32::try_from(self.micros()).ok().filter(|micros| *micros < 1_000_000);
        match (u64::try_from(self.seconds()), micros) {
            (Ok(seconds), Some(micros)) => Ok(Duration::new(seconds, micros * 1000)),
            _ => Err(ParseError::malformed(field, format!("{}.{:06}", self.seconds(), self.micros()).as_bytes())),
        }
    }
}

/// A count that the kernel keeps in a signed 64-bit number; a negative one is an error of `field`.
pub fn count(number: i64, field: &'static str) -> Result<u64> {
    u64::try_from(number).map_err(|_| ParseError::malformed(field, number.to_string().as_bytes()))
}

/// A number that the kernel keeps in a signed 32-bit field but that is never negative; else an error of `field`.
pub fn unsigned(number: i32, field: &'static str) -> Result<u32> {
    u32::try_from(number).map_err(|_| ParseError::malformed(field, number.to_string().as_bytes()))
}

/// The number that an answer of 4 or 8 bytes holds: kernels have widened counters, and `sysctl` returns the width it has.
pub fn number(bytes: &[u8], field: &'static str) -> Result<u64> {
    match bytes.len() {
        4 => bytes.first_chunk().map(|four| u64::from(u32::from_le_bytes(*four))),
        8 => bytes.first_chunk().map(|eight| u64::from_le_bytes(*eight)),
        _ => None,
    }
    .ok_or_else(|| ParseError::malformed(field, bytes))
}

/// A signed number of 4 bytes.
pub fn integer(bytes: &[u8], field: &'static str) -> Result<i32> {
    match bytes.first_chunk() {
        Some(four) if bytes.len() == 4 => Ok(i32::from_le_bytes(*four)),
        _ => Err(ParseError::malformed(field, bytes)),
    }
}

#[cfg(test)]
mod testing {
    /// A record to be filled field by field.
    pub(crate) struct Made(pub(crate) Vec<u8>);

    impl Made {
        pub(crate) fn new(size: usize) -> Self {
            Self(vec![0; size])
        }

        pub(crate) fn set(&mut self, at: usize, bytes: impl AsRef<[u8]>) -> &mut Self {
            let bytes = bytes.as_ref();
            self.0[at..at + bytes.len()].copy_from_slice(bytes);
            self
        }

        pub(crate) fn u32(&mut self, at: usize, value: u32) -> &mut Self {
            self.set(at, value.to_le_bytes())
        }

        pub(crate) fn u64(&mut self, at: usize, value: u64) -> &mut Self {
            self.set(at, value.to_le_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;

    #[test]
    fn numbers_are_of_either_width() {
        assert_eq!(number(&[1, 0, 0, 0], "n"), Ok(1));
        assert_eq!(number(&u64::MAX.to_le_bytes(), "n"), Ok(u64::MAX));
        assert_eq!(number(&[1, 0], "n").unwrap_err().problem(), Problem::Malformed);
        assert_eq!(integer(&(-5i32).to_le_bytes(), "n"), Ok(-5));
        assert!(integer(&[0; 8], "n").is_err());
        assert_eq!(count(-1, "n").unwrap_err().field(), "n");
    }

    #[test]
    fn a_time_that_cannot_be_is_an_error() {
        let time = |seconds: i64, micros: i64| [seconds.to_le_bytes(), micros.to_le_bytes()].concat();
        let read = |bytes: &[u8]| Timeval::new(bytes).and_then(|time| time.duration("t"));
        assert_eq!(read(&time(2, 5)), Ok(Duration::from_micros(2_000_005)));
        assert!(read(&time(-1, 0)).is_err() && read(&time(0, 1_000_000)).is_err() && read(&time(0, -1)).is_err());
    }
}
