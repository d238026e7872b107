//! Figures of the whole machine that `NtQuerySystemInformation` tells.

use crate::fields::Fields;
use crate::{Cursor, Result};

/// Of `SystemPerformanceInformation`, what is of use; both counters wrap at 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Performance {
    pub context_switches: u32,
    pub system_calls: u32,
}

/// `SystemPerformanceInformation`
pub fn performance(bytes: &[u8]) -> Result<Performance> {
    let fields = Fields(bytes);
    Ok(Performance {
        context_switches: fields.u32(0x128, "ContextSwitches")?,
        system_calls: fields.u32(0x134, "SystemCalls")?,
    })
}

/// When the machine was booted, and now, in units of 100 ns since 1601.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TimeOfDay {
    pub boot: u64,
    pub now: u64,
}

/// `SystemTimeOfDayInformation`
pub fn time_of_day(bytes: &[u8]) -> Result<TimeOfDay> {
    let fields = Fields(bytes);
    Ok(TimeOfDay { boot: fields.u64(0, "BootTime")?, now: fields.u64(8, "CurrentTime")? })
}

/// A page file; sizes are pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PageFile {
    pub total: u32,
    pub used: u32,
}

/// `SystemPageFileInformation`: all page files; an empty buffer means none.
pub fn page_files(bytes: &[u8]) -> Result<Vec<PageFile>> {
    let mut files = Vec::new();
    let mut cursor = Cursor::new(bytes);
    while !cursor.is_empty() {
        let fields = Fields(cursor.rest());
        let next = fields.u32(0, "NextEntryOffset")? as usize;
        files.push(PageFile { total: fields.u32(4, "TotalSize")?, used: fields.u32(8, "TotalInUse")? });
        if next == 0 || cursor.take(next).is_none() {
            break;
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_field_from_its_place() {
        let mut made = Made::new(312);
        made.u32(0x128, 7).u32(0x134, 8);
        assert_eq!(performance(&made.0), Ok(Performance { context_switches: 7, system_calls: 8 }));
        assert_eq!(performance(&made.0[..0x134]).unwrap_err().field(), "SystemCalls");
        let mut made = Made::new(48);
        made.u64(0, 5).u64(8, 6);
        assert_eq!(time_of_day(&made.0), Ok(TimeOfDay { boot: 5, now: 6 }));
    }

    #[test]
    fn page_files_follow_each_other() {
        assert_eq!(page_files(&[]), Ok(vec![]));
        let mut made = Made::new(64);
        made.u32(0, 32).u32(4, 1000).u32(8, 10).u32(36, 500).u32(40, 5);
        let expected = vec![PageFile { total: 1000, used: 10 }, PageFile { total: 500, used: 5 }];
        assert_eq!(page_files(&made.0), Ok(expected));
        assert_eq!(page_files(&made.0[..40]).unwrap_err().field(), "TotalInUse");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = (performance(&bytes), time_of_day(&bytes), page_files(&bytes));
        }
    }
}
