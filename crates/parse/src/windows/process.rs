//! What a handle of a process tells: its times, memory and I/O, and the regions of its memory.

use crate::Result;
use crate::fields::{Fields, Rows};

/// Times of a process in units of 100 ns. Creation and exit count from 1601; `exit` is 0 while the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Times {
    pub create: u64,
    pub exit: u64,
    pub kernel: u64,
    pub user: u64,
}

/// `GetProcessTimes`: four times in the order of its arguments.
pub fn times(bytes: &[u8]) -> Result<Times> {
    let fields = Fields(bytes);
    Ok(Times {
        create: fields.u64(0, "CreationTime")?,
        exit: fields.u64(8, "ExitTime")?,
        kernel: fields.u64(16, "KernelTime")?,
        user: fields.u64(24, "UserTime")?,
    })
}

/// Memory of a process in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Resident.
    pub working_set: u64,
    /// Committed for the process alone.
    pub pagefile: u64,
}

/// `GetProcessMemoryInfo`.
pub fn memory(bytes: &[u8]) -> Result<Memory> {
    let fields = Fields(bytes);
    Ok(Memory { working_set: fields.u64(16, "WorkingSetSize")?, pagefile: fields.u64(56, "PagefileUsage")? })
}

/// Operations and bytes of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of IO_COUNTERS
pub struct IoCounters {
    pub reads: u64,
    pub writes: u64,
    pub others: u64,
    pub read_bytes: u64,
    pub write_bytes: u64,
    pub other_bytes: u64,
}

/// `GetProcessIoCounters`.
pub fn io_counters(bytes: &[u8]) -> Result<IoCounters> {
    let fields = Fields(bytes);
    Ok(IoCounters {
        reads: fields.u64(0, "ReadOperationCount")?,
        writes: fields.u64(8, "WriteOperationCount")?,
        others: fields.u64(16, "OtherOperationCount")?,
        read_bytes: fields.u64(24, "ReadTransferCount")?,
        write_bytes: fields.u64(32, "WriteTransferCount")?,
        other_bytes: fields.u64(40, "OtherTransferCount")?,
    })
}

/// Pages of one kind, next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// The first address.
    pub start: u64,
    /// Bytes.
    pub size: u64,
    /// `PAGE_READWRITE` and so on.
    pub protection: u32,
    /// `MEM_COMMIT`, `MEM_RESERVE` or `MEM_FREE`.
    state: u32,
    /// `MEM_PRIVATE`, `MEM_MAPPED` or `MEM_IMAGE`; 0 of a free region.
    kind: u32,
}

impl Region {
    /// Whether memory or a page file stands behind the region.
    #[must_use]
    pub const fn is_committed(&self) -> bool {
        self.state == 0x1000
    }

    /// Whether nothing is there.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.state == 0x1_0000
    }

    /// Whether the region is the process's own memory, and no view of a file.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.kind == 0x2_0000
    }
}

/// `VirtualQueryEx` of one region after the other: structs of 48 bytes.
pub fn regions(bytes: &[u8]) -> Result<Vec<Region>> {
    Rows::all(bytes, 48).parse(region).collect()
}

fn region(row: Fields<'_>) -> Result<Region> {
    Ok(Region {
        start: row.u64(0, "BaseAddress")?,
        size: row.u64(24, "RegionSize")?,
        state: row.u32(32, "State")?,
        protection: row.u32(36, "Protect")?,
        kind: row.u32(40, "Type")?,
    })
}

/// `GetProcessGroupAffinity`: numbers of processor groups.
#[must_use]
pub fn groups(bytes: &[u8]) -> Vec<u16> {
    super::units(bytes).collect()
}

/// A number of 32 bits, as many calls return one.
pub fn number(bytes: &[u8], field: &'static str) -> Result<u32> {
    Fields(bytes).u32(0, field)
}

/// A number of 64 bits.
pub fn long_number(bytes: &[u8], field: &'static str) -> Result<u64> {
    Fields(bytes).u64(0, field)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_field_from_its_place() {
        let mut made = Made::new(80);
        made.u64(0, 1).u64(8, 2).u64(16, 3).u64(24, 4).u64(32, 5).u64(40, 6).u64(56, 7);
        assert_eq!(times(&made.0), Ok(Times { create: 1, exit: 2, kernel: 3, user: 4 }));
        assert_eq!(memory(&made.0), Ok(Memory { working_set: 3, pagefile: 7 }));
        let io = IoCounters { reads: 1, writes: 2, others: 3, read_bytes: 4, write_bytes: 5, other_bytes: 6 };
        assert_eq!(io_counters(&made.0), Ok(io));
        assert_eq!(times(&made.0[..31]).unwrap_err().field(), "UserTime");
        assert_eq!((number(&made.0, "n"), long_number(&made.0[8..], "n")), (Ok(1), Ok(2)));
        assert_eq!(groups(&[1, 0, 2, 0]), [1, 2]);
        assert_eq!(number(&[1, 2, 3], "count").unwrap_err().field(), "count");
    }

    #[test]
    fn regions_follow_each_other() {
        let mut made = Made::new(48 * 2 + 5);
        made.u64(0, 0x1000).u64(24, 0x2000).u32(32, 0x1000).u32(36, 4).u32(40, 0x2_0000);
        made.u64(48, 0x3000).u64(72, 0x1000).u32(80, 0x1_0000);
        let found = regions(&made.0).unwrap();
        assert_eq!((found.len(), found[0].start, found[0].size, found[0].protection), (2, 0x1000, 0x2000, 4));
        assert!(found[0].is_committed() && found[0].is_private() && !found[0].is_free());
        assert!(found[1].is_free() && !found[1].is_committed() && !found[1].is_private());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (times(&bytes), memory(&bytes), io_counters(&bytes), regions(&bytes));
            let _ = (number(&bytes, "number"), long_number(&bytes, "number"), groups(&bytes));
        }
    }
}
