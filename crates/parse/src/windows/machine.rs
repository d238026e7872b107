//! Figures of the whole machine.

use super::text;
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

/// Memory of the machine, in pages, and the size of a page in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Memory {
    pub total: u64,
    pub available: u64,
    pub commit_limit: u64,
    pub commit_total: u64,
    pub page_size: u64,
}

/// `GetPerformanceInfo`.
pub fn memory(bytes: &[u8]) -> Result<Memory> {
    let fields = Fields(bytes);
    Ok(Memory {
        commit_total: fields.u64(8, "CommitTotal")?,
        commit_limit: fields.u64(16, "CommitLimit")?,
        total: fields.u64(32, "PhysicalTotal")?,
        available: fields.u64(40, "PhysicalAvailable")?,
        page_size: fields.u64(80, "PageSize")?,
    })
}

/// The battery and the mains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Power {
    /// 1 on mains, 0 off, 255 unknown.
    pub line: u8,
    /// `BATTERY_FLAG_CHARGING` and so on.
    pub flags: u8,
    /// 255 where it is not known.
    pub percent: u8,
    /// Seconds left; all ones where it is not known.
    pub seconds: u32,
}

/// `GetSystemPowerStatus`.
pub fn power(bytes: &[u8]) -> Result<Power> {
    let fields = Fields(bytes);
    Ok(Power {
        line: fields.u8(0, "ACLineStatus")?,
        flags: fields.u8(1, "BatteryFlag")?,
        percent: fields.u8(2, "BatteryLifePercent")?,
        seconds: fields.u32(4, "BatteryLifeTime")?,
    })
}

/// The version of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub build: u32,
    /// The service pack; empty where there is none.
    pub service_pack: Vec<u16>,
}

/// `RtlGetVersion`.
pub fn version(bytes: &[u8]) -> Result<Version> {
    let fields = Fields(bytes);
    Ok(Version {
        major: fields.u32(4, "dwMajorVersion")?,
        minor: fields.u32(8, "dwMinorVersion")?,
        build: fields.u32(12, "dwBuildNumber")?,
        service_pack: text(fields.from(20, "szCSDVersion")?),
    })
}

/// `GetNativeSystemInfo`: the number of the processor's architecture.
pub fn architecture(bytes: &[u8]) -> Result<u16> {
    Fields(bytes).u16(0, "wProcessorArchitecture")
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

    #[test]
    fn memory_power_and_version() {
        let mut made = Made::new(104);
        made.u64(8, 1).u64(16, 2).u64(32, 3).u64(40, 4).u64(80, 4096);
        let expected = Memory { total: 3, available: 4, commit_limit: 2, commit_total: 1, page_size: 4096 };
        assert_eq!(memory(&made.0), Ok(expected));
        assert_eq!(memory(&made.0[..87]).unwrap_err().field(), "PageSize");
        let power = power(&[1, 8, 70, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(power, Ok(Power { line: 1, flags: 8, percent: 70, seconds: 5 }));
        let mut made = Made::new(276);
        made.u32(4, 10).u32(8, 0).u32(12, 19045).set(20, [b'S', 0, b'P', 0]);
        let expected = Version { major: 10, minor: 0, build: 19045, service_pack: vec![b'S'.into(), b'P'.into()] };
        assert_eq!(version(&made.0), Ok(expected));
        assert_eq!(
            (architecture(&[9, 0, 0, 0]), architecture(&[]).unwrap_err().field()),
            (Ok(9), "wProcessorArchitecture")
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = (performance(&bytes), time_of_day(&bytes), page_files(&bytes));
            let _ = (memory(&bytes), power(&bytes), version(&bytes), architecture(&bytes));
        }
    }
}
