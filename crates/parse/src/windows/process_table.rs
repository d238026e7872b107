//! `NtQuerySystemInformation(SystemProcessInformation)`: every process with its threads.

use super::{Buffer, units};
use crate::fields::Fields;
use crate::{Cursor, ParseError, Result};

/// A process. Times are in units of 100 ns; the creation time counts from 1601.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of the structure
pub struct Process {
    pub pid: u32,
    pub ppid: u32,
    /// File name of the program; empty for the idle process.
    pub name: Vec<u16>,
    pub create_time: u64,
    pub user_time: u64,
    pub kernel_time: u64,
    pub handles: u32,
    pub page_faults: u32,
    pub hard_faults: u32,
    pub virtual_size: u64,
    pub peak_virtual_size: u64,
    pub working_set: u64,
    pub peak_working_set: u64,
    pub paged_pool: u64,
    pub peak_paged_pool: u64,
    pub nonpaged_pool: u64,
    pub peak_nonpaged_pool: u64,
    pub pagefile: u64,
    pub peak_pagefile: u64,
    /// Bytes, in spite of the field's name, `PrivatePageCount`.
    pub private: u64,
    pub reads: u64,
    pub writes: u64,
    pub others: u64,
    pub read_bytes: u64,
    pub write_bytes: u64,
    pub other_bytes: u64,
    pub threads: Vec<Thread>,
}

/// A thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Thread {
    pub id: u32,
    pub user_time: u64,
    pub kernel_time: u64,
    pub context_switches: u32,
    pub state: u32,
    pub wait_reason: u32,
}

impl Thread {
    /// `KTHREAD_STATE`: ready for a processor, on one, about to be on one, or ready without being queued.
    #[must_use]
    pub fn wants_processor(&self) -> bool {
        matches!(self.state, 1 | 2 | 3 | 7)
    }

    /// It waits, and for nothing but to be resumed: `Waiting` and `Suspended` of `KTHREAD_STATE` and `KWAIT_REASON`.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.state == 5 && self.wait_reason == 5
    }
}

const HEADER: usize = 0x100;
const THREAD: usize = 0x50;

/// The processes in the whole buffer, in its order.
pub fn processes(buffer: Buffer<'_>) -> Result<Vec<Process>> {
    let mut processes = Vec::new();
    let mut cursor = Cursor::new(buffer.bytes);
    loop {
        let next = Fields(cursor.rest()).u32(0, "NextEntryOffset")? as usize;
        let entry = if next == 0 { cursor.rest() } else { cursor.take(next).unwrap_or_default() };
        processes.push(process(buffer, Fields(entry))?);
        if next == 0 {
            return Ok(processes);
        }
    }
}

fn process(buffer: Buffer<'_>, entry: Fields<'_>) -> Result<Process> {
    let count = entry.u32(0x04, "NumberOfThreads")? as usize;
    let threads = entry.rows(HEADER, THREAD, count, "Threads")?.map(thread).collect::<Result<_>>()?;
    Ok(Process {
        hard_faults: entry.u32(0x10, "HardFaultCount")?,
        create_time: entry.u64(0x20, "CreateTime")?,
        user_time: entry.u64(0x28, "UserTime")?,
        kernel_time: entry.u64(0x30, "KernelTime")?,
        name: name(buffer, entry)?,
        pid: entry.pid(0x50, "UniqueProcessId")?,
        ppid: entry.pid(0x58, "InheritedFromUniqueProcessId")?,
        handles: entry.u32(0x60, "HandleCount")?,
        peak_virtual_size: entry.u64(0x70, "PeakVirtualSize")?,
        virtual_size: entry.u64(0x78, "VirtualSize")?,
        page_faults: entry.u32(0x80, "PageFaultCount")?,
        peak_working_set: entry.u64(0x88, "PeakWorkingSetSize")?,
        working_set: entry.u64(0x90, "WorkingSetSize")?,
        peak_paged_pool: entry.u64(0x98, "QuotaPeakPagedPoolUsage")?,
        paged_pool: entry.u64(0xa0, "QuotaPagedPoolUsage")?,
        peak_nonpaged_pool: entry.u64(0xa8, "QuotaPeakNonPagedPoolUsage")?,
        nonpaged_pool: entry.u64(0xb0, "QuotaNonPagedPoolUsage")?,
        pagefile: entry.u64(0xb8, "PagefileUsage")?,
        peak_pagefile: entry.u64(0xc0, "PeakPagefileUsage")?,
        private: entry.u64(0xc8, "PrivatePageCount")?,
        reads: entry.u64(0xd0, "ReadOperationCount")?,
        writes: entry.u64(0xd8, "WriteOperationCount")?,
        others: entry.u64(0xe0, "OtherOperationCount")?,
        read_bytes: entry.u64(0xe8, "ReadTransferCount")?,
        write_bytes: entry.u64(0xf0, "WriteTransferCount")?,
        other_bytes: entry.u64(0xf8, "OtherTransferCount")?,
        threads,
    })
}

fn name(buffer: Buffer<'_>, entry: Fields<'_>) -> Result<Vec<u16>> {
    let length = usize::from(entry.u16(0x38, "ImageName")?);
    let address = entry.u64(0x40, "ImageName.Buffer")?;
    if length == 0 || address == 0 {
        return Ok(Vec::new());
    }
    let text = buffer.at(address).and_then(|bytes| Cursor::new(bytes).take(length));
    Ok(units(text.ok_or_else(|| ParseError::missing("ImageName"))?).collect())
}

fn thread(row: Fields<'_>) -> Result<Thread> {
    Ok(Thread {
        kernel_time: row.u64(0x00, "KernelTime")?,
        user_time: row.u64(0x08, "UserTime")?,
        id: row.pid(0x30, "UniqueThread")?,
        context_switches: row.u32(0x40, "ContextSwitches")?,
        state: row.u32(0x44, "ThreadState")?,
        wait_reason: row.u32(0x48, "WaitReason")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, wide, wide_bytes};
    use super::*;
    use proptest::prelude::*;

    const ADDRESS: u64 = 0x7000;

    /// Two processes, the second two bytes off any alignment, as Wine has them.
    fn table() -> Vec<u8> {
        let next = HEADER + THREAD + 14 + 2;
        let mut first = Made::new(next);
        first.u32(0, u32::try_from(next).unwrap()).u32(4, 1).u64(0x20, 130).u64(0x28, 7).u64(0x30, 8);
        first.set(0x38, 14u16.to_le_bytes()).u64(0x40, ADDRESS + 0x150).set(0x150, wide_bytes("a.exe\u{20ac}x"));
        first.u64(0x50, 44).u64(0x58, 4).u32(0x60, 12).u32(0x80, 9).u64(0x90, 4096).u64(0xf8, 99);
        first.u64(HEADER, 1).u64(HEADER + 8, 2).u64(HEADER + 0x30, 45).u32(HEADER + 0x40, 5);
        first.u32(HEADER + 0x44, 5).u32(HEADER + 0x48, 5);
        let mut second = Made::new(HEADER);
        second.u64(0x50, 48);
        [first.0, second.0].concat()
    }

    #[test]
    fn two_processes() {
        let bytes = table();
        let found = processes(Buffer::new(&bytes, ADDRESS)).unwrap();
        assert_eq!(found.iter().map(|p| p.pid).collect::<Vec<_>>(), [44, 48]);
        let first = &found[0];
        assert_eq!(first.name, wide("a.exe\u{20ac}x"));
        assert_eq!((first.ppid, first.handles, first.page_faults), (4, 12, 9));
        assert_eq!((first.create_time, first.user_time, first.kernel_time), (130, 7, 8));
        assert_eq!((first.working_set, first.other_bytes), (4096, 99));
        let thread = Thread { id: 45, user_time: 2, kernel_time: 1, context_switches: 5, state: 5, wait_reason: 5 };
        assert_eq!(first.threads, [thread]);
        assert!(thread.is_suspended() && !thread.wants_processor());
        assert!(found[1].name.is_empty() && found[1].threads.is_empty());
    }

    #[test]
    fn what_is_cut_off_is_named() {
        let bytes = table();
        let field = |end: usize| processes(Buffer::new(&bytes[..end], ADDRESS)).unwrap_err().field();
        assert_eq!(field(0), "NextEntryOffset");
        assert_eq!(field(HEADER), "NumberOfThreads"); // the entry is longer than what is there
        assert_eq!(field(bytes.len() - 1), "Threads"); // none, but where they would begin
        assert_eq!(processes(Buffer::new(&bytes, 0x9000)).unwrap_err().field(), "ImageName");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1000), address: u64) {
            let _ = processes(Buffer::new(&bytes, address));
        }
    }
}
