//! The machine: its tables, processors, memory, battery.

use std::ffi::c_void;
use std::io;

use windows_sys::Wdk::System::SystemInformation::NtQuerySystemInformation;
use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, NTSTATUS, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INFO_LENGTH_MISMATCH,
};
use windows_sys::Win32::System::Power::{
    CallNtPowerInformation, GetSystemPowerStatus, ProcessorInformation, SYSTEM_POWER_STATUS,
};
use windows_sys::Win32::System::ProcessStatus::{K32GetPerformanceInfo, PERFORMANCE_INFORMATION};
use windows_sys::Win32::System::SystemInformation::{GetLogicalProcessorInformationEx, GetTickCount64, RelationAll};
use windows_sys::Win32::System::Threading::{ALL_PROCESSOR_GROUPS, GetActiveProcessorCount};

use super::{Answer, Filled, check, fill, last_error, native, native_error, size_of, wide_size};
use crate::{Error, Result};

/// A table of `NtQuerySystemInformation`.
pub(crate) fn system_information(class: i32, first: usize) -> Result<Filled> {
    #[cfg(test)]
    super::counted::one_more(&super::counted::TABLES);
    fill(first, |buffer, length| {
        let mut needed = 0;
        // SAFETY: the buffer has this length, and the call writes to nothing else but the number.
        match unsafe { NtQuerySystemInformation(class, buffer, length, &raw mut needed) } {
            STATUS_INFO_LENGTH_MISMATCH | STATUS_BUFFER_TOO_SMALL | STATUS_BUFFER_OVERFLOW => Answer::TooSmall(needed),
            status if status < 0 => Answer::Failed(native_error(status)),
            _ => Answer::Done(needed.min(length)),
        }
    })
}

#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "system" {
    fn NtQuerySystemInformationEx(
        class: i32,
        input: *const c_void,
        input_length: u32,
        information: *mut c_void,
        length: u32,
        needed: *mut u32,
    ) -> NTSTATUS;
}

/// A table of `NtQuerySystemInformationEx` that is about the processors of one group.
pub(crate) fn group_information(class: i32, group: u16, first: usize) -> Result<Filled> {
    fill(first, |buffer, length| {
        let (mut needed, input) = (0, (&raw const group).cast());
        // SAFETY: the input is a live number of the size that is told, the buffer has this length, and the call writes
        // to nothing else but the other number.
        let status =
            unsafe { NtQuerySystemInformationEx(class, input, size_of::<u16>(), buffer, length, &raw mut needed) };
        match status {
            STATUS_INFO_LENGTH_MISMATCH | STATUS_BUFFER_TOO_SMALL | STATUS_BUFFER_OVERFLOW => Answer::TooSmall(needed),
            status if status < 0 => Answer::Failed(native_error(status)),
            _ => Answer::Done(needed.min(length)),
        }
    })
}

/// `GetLogicalProcessorInformationEx(RelationAll)`
pub(crate) fn topology() -> Result<Filled> {
    fill(4096, |buffer, mut length| {
        // SAFETY: the buffer has this length, and the call writes to nothing else but the number.
        match unsafe { GetLogicalProcessorInformationEx(RelationAll, buffer.cast(), &raw mut length) } {
            0 if last_error() == ERROR_INSUFFICIENT_BUFFER.cast_signed() => Answer::TooSmall(length),
            0 => Answer::Failed(io::Error::last_os_error()),
            _ => Answer::Done(length),
        }
    })
}

/// The clocks of the processors of the caller's group: `CallNtPowerInformation(ProcessorInformation)`.
pub(crate) fn clocks() -> Result<Filled> {
    /// PROCESSOR_POWER_INFORMATION
    const EACH: u32 = 24;
    // SAFETY: it takes and returns a number.
    let processors = unsafe { GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) };
    let size = processors.saturating_mul(EACH);
    fill(size as usize, |buffer, _| {
        // SAFETY: the buffer is at least this long; there is no input.
        match unsafe { CallNtPowerInformation(ProcessorInformation, std::ptr::null(), 0, buffer, size) } {
            status if status < 0 => Answer::Failed(native_error(status)),
            _ => Answer::Done(size),
        }
    })
}

/// Memory of the machine, in bytes.
pub(crate) struct Performance {
    pub(crate) total: u64,
    pub(crate) available: u64,
    pub(crate) commit_limit: u64,
    pub(crate) commit_total: u64,
    pub(crate) page_size: u64,
}

pub(crate) fn performance() -> Result<Performance> {
    let size = size_of::<PERFORMANCE_INFORMATION>();
    let mut info = PERFORMANCE_INFORMATION { cb: size, ..PERFORMANCE_INFORMATION::default() };
    // SAFETY: the struct is alive and of the size that is told.
    check(unsafe { K32GetPerformanceInfo(&raw mut info, size) }).map_err(Error::io)?;
    let bytes = |pages: usize| wide_size(pages).saturating_mul(wide_size(info.PageSize));
    Ok(Performance {
        total: bytes(info.PhysicalTotal),
        available: bytes(info.PhysicalAvailable),
        commit_limit: bytes(info.CommitLimit),
        commit_total: bytes(info.CommitTotal),
        page_size: wide_size(info.PageSize),
    })
}

/// Milliseconds since the boot; it does not wrap.
pub(crate) fn tick_count() -> u64 {
    // SAFETY: it takes nothing and returns a number.
    unsafe { GetTickCount64() }
}

/// `SYSTEM_POWER_STATUS`
pub(crate) struct Power {
    pub(crate) line: u8,
    pub(crate) flags: u8,
    pub(crate) percent: u8,
    pub(crate) seconds: u32,
}

pub(crate) fn battery() -> Result<Power> {
    let mut status = SYSTEM_POWER_STATUS::default();
    // SAFETY: the struct is alive.
    check(unsafe { GetSystemPowerStatus(&raw mut status) }).map_err(Error::io)?;
    Ok(Power {
        line: status.ACLineStatus,
        flags: status.BatteryFlag,
        percent: status.BatteryLifePercent,
        seconds: status.BatteryLifeTime,
    })
}

/// Of a native call that nobody but this module makes.
pub(super) fn done(status: i32) -> Result<()> {
    native(status).map_err(Error::io)
}
