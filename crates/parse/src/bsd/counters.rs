//! Small structs that all BSDs and macOS share: load averages, processor times, a time, a number.

use std::time::Duration;

use crate::Result;
use crate::fields::{Fields, Rows};

/// Reads `struct loadavg` of `vm.loadavg`: the averages over 1, 5 and 15 minutes.
pub fn load_average(bytes: &[u8]) -> Result<[f64; 3]> {
    let fields = Fields(bytes);
    // `fscale` is a long. An average is a fixed-point number, `fscale` being one.
    let scale = fields.u64(16, "fscale")?;
    if scale == 0 {
        return Err(crate::ParseError::malformed("fscale", &[0]));
    }
    let average = |at| Ok(f64::from(fields.u32(at, "ldavg")?) / scale_as_float(scale));
    Ok([average(0)?, average(4)?, average(8)?])
}

/// Fixed-point scales are powers of two below 2^53, which a float holds exactly.
#[allow(clippy::cast_precision_loss)]
const fn scale_as_float(scale: u64) -> f64 {
    scale as f64
}

/// Splits an array of 64-bit tick counts into one entry of `N` processor states for each processor.
///
/// A total (`kern.cp_time`) is one entry. An incomplete entry at the end is ignored; none at all is an error.
pub fn ticks<const N: usize>(bytes: &[u8], field: &'static str) -> Result<Vec<[u64; N]>> {
    let entry = |row: Fields<'_>| {
        let mut states = [0; N];
        for (index, state) in states.iter_mut().enumerate() {
            *state = row.u64(index * 8, field)?;
        }
        Ok(states)
    };
    let all: Vec<_> = Rows::all(bytes, N * 8).parse(entry).collect::<Result<_>>()?;
    if all.is_empty() { Err(crate::ParseError::missing(field)) } else { Ok(all) }
}

/// Reads a `struct timeval`, such as `kern.boottime` of OpenBSD.
pub fn timeval(bytes: &[u8], field: &'static str) -> Result<Duration> {
    time(bytes, 1_000_000, field)
}

/// Reads a `struct timespec`, such as `kern.boottime` of NetBSD.
pub fn timespec(bytes: &[u8], field: &'static str) -> Result<Duration> {
    time(bytes, 1_000_000_000, field)
}

/// Reads 64 bits of seconds and a 32-bit number of fractions, `unit` of which are a second. NetBSD's `tv_usec` has 32
/// bits; the others' have 64, of which the upper half is zero.
fn time(bytes: &[u8], unit: u32, field: &'static str) -> Result<Duration> {
    let fields = Fields(bytes);
    let (seconds, fraction) = (fields.count64(0, field)?, fields.u32(8, field)?);
    if fraction >= unit {
        return Err(crate::ParseError::malformed(field, &fraction.to_le_bytes()));
    }
    Ok(Duration::new(seconds, fraction * (1_000_000_000 / unit)))
}

/// Reads an integer of 4 or 8 bytes that is never negative: sysctls such as `hw.ncpu` and `hw.physmem64`.
pub fn number(bytes: &[u8], field: &'static str) -> Result<u64> {
    let fields = Fields(bytes);
    if bytes.len() < 8 { fields.count32(0, field) } else { fields.count64(0, field) }
}

/// Reads text up to its NUL: sysctls such as `hw.model`.
#[must_use]
pub fn text(bytes: &[u8]) -> &[u8] {
    crate::Cursor::new(bytes).until(0).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn averages_are_fixed_point() {
        let mut made = Made::new(24);
        made.u32(0, 3072).u32(4, 1024).u32(8, 0).u64(16, 2048);
        assert_eq!(load_average(&made.0), Ok([1.5, 0.5, 0.0]));
        assert_eq!(load_average(&made.0[..20]).unwrap_err().field(), "fscale");
        assert_eq!(load_average(&[0; 24]).unwrap_err().field(), "fscale");
    }

    #[test]
    fn ticks_of_each_processor() {
        let bytes: Vec<u8> = (1..=10u64).flat_map(u64::to_le_bytes).collect();
        assert_eq!(ticks::<5>(&bytes, "cp_time"), Ok(vec![[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]));
        assert_eq!(ticks::<6>(&bytes, "cp_time").unwrap().len(), 1);
        assert_eq!(ticks::<5>(&bytes[..39], "cp_time").unwrap_err().field(), "cp_time");
    }

    #[test]
    fn numbers_of_both_widths() {
        assert_eq!(number(&2u32.to_le_bytes(), "ncpu"), Ok(2));
        assert_eq!(number(&(1u64 << 33).to_le_bytes(), "physmem64"), Ok(1 << 33));
        assert!(number(&(-1i32).to_le_bytes(), "ncpu").is_err());
        assert!(number(&[1, 0], "ncpu").is_err());
        assert_eq!(text(b"amd64\0\0"), b"amd64");
        assert_eq!(text(b"amd64"), b"amd64");
    }

    #[test]
    fn a_time() {
        let mut made = Made::new(16);
        made.u64(0, 1_795_902_983).u64(8, 664_000);
        assert_eq!(timeval(&made.0, "boottime"), Ok(Duration::from_micros(1_795_902_983_664_000)));
        assert_eq!(timespec(&made.0, "boottime"), Ok(Duration::new(1_795_902_983, 664_000)));
        made.u64(8, 664_917_880);
        assert_eq!(timespec(&made.0, "boottime"), Ok(Duration::new(1_795_902_983, 664_917_880)));
        assert_eq!(timeval(&made.0, "boottime").unwrap_err().field(), "boottime");
        made.u64(0, u64::MAX);
        assert_eq!(timeval(&made.0, "boottime").unwrap_err().field(), "boottime");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = (load_average(&bytes), ticks::<5>(&bytes, "t"), timeval(&bytes, "t"), number(&bytes, "n"), text(&bytes));
        }
    }
}
