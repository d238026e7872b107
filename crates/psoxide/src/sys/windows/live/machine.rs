//! Reads the machine: its tables, CPUs, memory, battery and version.

use std::ffi::c_void;

use windows_sys::Wdk::System::SystemInformation::NtQuerySystemInformation;
use windows_sys::Win32::Foundation::NTSTATUS;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Power::{
    CallNtPowerInformation, GetSystemPowerStatus, ProcessorInformation, SYSTEM_POWER_STATUS,
};
use windows_sys::Win32::System::ProcessStatus::{K32GetPerformanceInfo, PERFORMANCE_INFORMATION};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW, GetLogicalProcessorInformationEx, GetNativeSystemInfo,
    GetTickCount64, OSVERSIONINFOW, RelationAll, SYSTEM_INFO,
};
use windows_sys::Win32::System::Threading::{ALL_PROCESSOR_GROUPS, GetActiveProcessorCount};

use super::{Filled, fill, fill_addressed, fill_struct, filled, last_error, size_of_u32, text, too_small};
use crate::sys::question::Answer;
use crate::sys::windows::calls::Class;

/// Checks the layouts that `psoxide_parse` assumes.
const _: () = {
    assert!(size_of::<PERFORMANCE_INFORMATION>() == 104 && size_of::<SYSTEM_POWER_STATUS>() == 12);
    assert!(size_of::<OSVERSIONINFOW>() == 276 && size_of::<SYSTEM_INFO>() == 48);
};

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
    fn RtlGetVersion(version: *mut OSVERSIONINFOW) -> NTSTATUS;
}

/// Makes a call of `NtQuerySystemInformation` for [`fill`].
pub(super) fn query(class: i32) -> impl FnMut(*mut c_void, u32) -> Filled {
    move |buffer, room| {
        let mut needed = 0;
        // SAFETY: the callers pass a buffer of `room` bytes. The call writes only to it and to `needed`.
        let status = unsafe { NtQuerySystemInformation(class, buffer, room, &raw mut needed) };
        filled(status, needed, room)
    }
}

/// Asks for `SystemProcessInformation`.
pub(super) fn processes() -> Answer {
    fill_addressed(256 << 10, query(5))
}

pub(super) fn system(class: Class) -> Answer {
    /// The size of the structs for the largest number of CPUs in a group.
    const GROUP: usize = 64 * 48;
    let first = match class {
        Class::Performance => 512,
        Class::TimeOfDay => 48,
        Class::Processors => GROUP,
        Class::PageFiles => 1024,
    };
    fill(first, query(class as i32))
}

pub(super) fn processors_of(group: u16) -> Answer {
    fill(64 * 48, |buffer, room| {
        let (mut needed, input) = (0, (&raw const group).cast());
        let class = Class::Processors as i32;
        // SAFETY: the input is a live number of this size, and the buffer has `room` bytes. The call writes only to the
        // buffer and to the number for the needed size.
        let status =
            unsafe { NtQuerySystemInformationEx(class, input, size_of_u32::<u16>(), buffer, room, &raw mut needed) };
        filled(status, needed, room)
    })
}

pub(super) fn topology() -> Answer {
    fill(4096, |buffer, mut length| {
        // SAFETY: the buffer has this length, and the call writes only to it and to `length`.
        match unsafe { GetLogicalProcessorInformationEx(RelationAll, buffer.cast(), &raw mut length) } {
            0 if too_small() => Filled::TooSmall(length),
            0 => Filled::Failed(last_error()),
            _ => Filled::Done(length),
        }
    })
}

pub(super) fn clocks() -> Answer {
    /// The size of a PROCESSOR_POWER_INFORMATION.
    const EACH: u32 = 24;
    // SAFETY: the call takes and returns a number.
    let processors = unsafe { GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) };
    let size = processors.saturating_mul(EACH);
    fill(size as usize, |buffer, room| {
        // SAFETY: the buffer has `room` bytes, and there is no input.
        let status = unsafe { CallNtPowerInformation(ProcessorInformation, std::ptr::null(), 0, buffer, room) };
        filled(status, size, room)
    })
}

pub(super) fn memory() -> Answer {
    let size = size_of_u32::<PERFORMANCE_INFORMATION>();
    // SAFETY: the buffer has the size of the struct, and is aligned for it.
    fill_struct(size, |buffer| unsafe { K32GetPerformanceInfo(buffer.cast(), size) })
}

/// Returns the milliseconds since boot.
pub(super) fn tick_count() -> u64 {
    // SAFETY: the call takes no arguments and returns a number.
    unsafe { GetTickCount64() }
}

pub(super) fn power() -> Answer {
    // SAFETY: the buffer has the size of the struct, and is aligned for it.
    fill_struct(size_of_u32::<SYSTEM_POWER_STATUS>(), |buffer| unsafe { GetSystemPowerStatus(buffer.cast()) })
}

pub(super) fn version() -> Answer {
    let size = size_of_u32::<OSVERSIONINFOW>();
    fill(size as usize, |buffer, room| {
        let version: *mut OSVERSIONINFOW = buffer.cast();
        // SAFETY: the buffer has the size of the struct and is aligned for it. The struct begins with its size.
        let status = unsafe {
            (*version).dwOSVersionInfoSize = size;
            RtlGetVersion(version)
        };
        filled(status, size, room)
    })
}

pub(super) fn hardware() -> Answer {
    fill_struct(size_of_u32::<SYSTEM_INFO>(), |buffer| {
        // SAFETY: the buffer has the size of the struct, and is aligned for it. The call cannot fail.
        unsafe { GetNativeSystemInfo(buffer.cast()) };
        1
    })
}

pub(super) fn computer_name() -> Answer {
    let mut room = vec![0u16; 256];
    let mut size = super::length(&room);
    // SAFETY: the buffer has the length that `size` gives.
    super::check(unsafe { GetComputerNameExW(ComputerNamePhysicalDnsHostname, room.as_mut_ptr(), &raw mut size) })?;
    Ok(text(&room))
}

pub(super) fn wine() -> Answer {
    let name = super::wide("ntdll.dll".as_ref());
    // SAFETY: the name is a NUL-terminated text. The module is part of every process and is never unloaded.
    let module = unsafe { GetModuleHandleW(name.as_ptr()) };
    // SAFETY: the module is loaded, and the name is a NUL-terminated text.
    let function = unsafe { GetProcAddress(module, c"wine_get_version".as_ptr().cast()) };
    let function = function.ok_or_else(last_error)?;
    // SAFETY: only Wine has this function. It takes no arguments and returns a text that is never freed.
    let version = unsafe {
        type Found = unsafe extern "system" fn() -> isize;
        type Version = unsafe extern "C" fn() -> *const std::ffi::c_char;
        let function = std::mem::transmute::<Found, Version>(function);
        std::ffi::CStr::from_ptr(function())
    };
    Ok(version.to_bytes().to_vec())
}
