//! `IOCTL_DISK_PERFORMANCE`: what a disk has done.

use crate::Result;
use crate::fields::Fields;

/// Counters of a disk. Times are in units of 100 ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of DISK_PERFORMANCE
pub struct DiskPerformance {
    pub read_bytes: u64,
    pub write_bytes: u64,
    pub read_time: u64,
    pub write_time: u64,
    pub reads: u32,
    pub writes: u32,
}

/// The one structure in the buffer.
pub fn parse(bytes: &[u8]) -> Result<DiskPerformance> {
    let fields = Fields(bytes);
    Ok(DiskPerformance {
        read_bytes: fields.u64(0, "BytesRead")?,
        write_bytes: fields.u64(8, "BytesWritten")?,
        read_time: fields.u64(16, "ReadTime")?,
        write_time: fields.u64(24, "WriteTime")?,
        reads: fields.u32(40, "ReadCount")?,
        writes: fields.u32(44, "WriteCount")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_field_from_its_place() {
        let mut made = Made::new(88);
        made.u64(0, 1).u64(8, 2).u64(16, 3).u64(24, 4).u64(32, 99).u32(40, 5).u32(44, 6);
        let expected =
            DiskPerformance { read_bytes: 1, write_bytes: 2, read_time: 3, write_time: 4, reads: 5, writes: 6 };
        assert_eq!(parse(&made.0), Ok(expected));
        assert_eq!(parse(&made.0[..47]).unwrap_err().field(), "WriteCount");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse(&bytes);
        }
    }
}
