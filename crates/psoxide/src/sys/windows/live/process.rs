//! Reads a process through its open handle, and changes it.

use std::ffi::c_void;
use std::io;
use std::mem::offset_of;
use std::os::windows::io::{AsHandle as _, AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle};
use std::ptr;
use std::sync::OnceLock;

use psoxide_parse::windows::working_set::{self, Pages};
use windows_sys::Wdk::System::SystemInformation::NtQuerySystemInformation;
use windows_sys::Wdk::System::Threading::NtQueryInformationProcess;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, FILETIME, HANDLE, NTSTATUS, UNICODE_STRING,
};
use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Memory::{MEMORY_BASIC_INFORMATION, VirtualQueryEx};
use windows_sys::Win32::System::ProcessStatus::{
    K32GetMappedFileNameW, K32GetProcessMemoryInfo, K32QueryWorkingSetEx, PROCESS_MEMORY_COUNTERS_EX,
    PSAPI_WORKING_SET_EX_INFORMATION,
};
use windows_sys::Win32::System::Threading::{
    self as threading, GetCurrentProcess, GetExitCodeProcess, GetPriorityClass, GetProcessAffinityMask,
    GetProcessGroupAffinity, GetProcessHandleCount, GetProcessIoCounters, GetProcessTimes, IO_COUNTERS, OpenProcess,
    QueryFullProcessImageNameW, SetPriorityClass, SetProcessAffinityMask, TerminateProcess,
};

use super::{Filled, accounts, check, files, fill, fill_struct, filled, last_error, length, native, size_of_u32, text};
use crate::Pid;
use crate::sys::question::Answer;
use crate::sys::windows::abi::access;
use crate::sys::windows::calls::{Aspect, InformationClass, Target};

/// Checks the layouts that `psoxide_parse` assumes.
const _: () = {
    assert!(size_of::<PROCESS_MEMORY_COUNTERS_EX>() == 80 && size_of::<IO_COUNTERS>() == 48);
    assert!(offset_of!(PROCESS_MEMORY_COUNTERS_EX, WorkingSetSize) == 16);
    assert!(offset_of!(PROCESS_MEMORY_COUNTERS_EX, PagefileUsage) == 56);
    assert!(size_of::<FILETIME>() == 8 && size_of::<PSAPI_WORKING_SET_EX_INFORMATION>() == 16);
    assert!(size_of::<MEMORY_BASIC_INFORMATION>() == REGION);
    assert!(offset_of!(MEMORY_BASIC_INFORMATION, RegionSize) == 24);
    assert!(offset_of!(MEMORY_BASIC_INFORMATION, State) == 32 && offset_of!(MEMORY_BASIC_INFORMATION, Type) == 40);
    assert!(access::TERMINATE == threading::PROCESS_TERMINATE && access::VM_READ == threading::PROCESS_VM_READ);
    assert!(access::DUP_HANDLE == threading::PROCESS_DUP_HANDLE);
    assert!(access::SET_INFORMATION == threading::PROCESS_SET_INFORMATION);
    assert!(access::QUERY_INFORMATION == threading::PROCESS_QUERY_INFORMATION);
    assert!(access::SUSPEND_RESUME == threading::PROCESS_SUSPEND_RESUME);
    assert!(access::QUERY_LIMITED_INFORMATION == threading::PROCESS_QUERY_LIMITED_INFORMATION);
    assert!(access::SYNCHRONIZE == threading::PROCESS_SYNCHRONIZE);
};

/// The size of a MEMORY_BASIC_INFORMATION.
const REGION: usize = 48;

#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "system" {
    fn NtSuspendProcess(process: HANDLE) -> NTSTATUS;
    fn NtResumeProcess(process: HANDLE) -> NTSTATUS;
    fn NtSetInformationProcess(process: HANDLE, class: i32, information: *const c_void, length: u32) -> NTSTATUS;
}

/// Returns the handle of a process. The first question opens it.
pub(in super::super) fn handle(target: &Target) -> Result<BorrowedHandle<'_>, i32> {
    if let Some(process) = target.opened.get() {
        return Ok(process.as_handle());
    }
    let process = open_as_debugger(target.pid, target.access)?;
    Ok(target.opened.get_or_init(|| process).as_handle())
}

/// Opens a process. Uses the debug privilege if that is needed and this user may have it.
fn open_as_debugger(pid: Pid, access: u32) -> Result<OwnedHandle, i32> {
    /// Whether this program could enable the privilege. It is enabled once, for all threads.
    static DEBUGGER: OnceLock<bool> = OnceLock::new();
    match open(pid, access) {
        Err(error) if error == ERROR_ACCESS_DENIED.cast_signed() && DEBUGGER.get() != Some(&false) => {
            let first = DEBUGGER.get().is_none();
            let may = *DEBUGGER.get_or_init(|| accounts::acquire_debug_privilege().is_ok());
            if first && may { open(pid, access) } else { Err(error) }
        }
        opened => opened,
    }
}

fn open(pid: Pid, access: u32) -> Result<OwnedHandle, i32> {
    // SAFETY: the call takes numbers and returns a handle or null.
    let handle = unsafe { OpenProcess(access, 0, pid) };
    if !handle.is_null() {
        // SAFETY: the handle is new and has no other owner.
        return Ok(unsafe { OwnedHandle::from_raw_handle(handle) });
    }
    match io::Error::last_os_error().raw_os_error() {
        // Windows has been seen to refuse without an error number.
        None | Some(0) => Err(ERROR_ACCESS_DENIED.cast_signed()),
        Some(error) => Err(error),
    }
}

/// Asks a question about a process.
pub(super) fn ask(aspect: Aspect, target: &Target) -> Answer {
    let process = handle(target)?;
    let raw = process.as_raw_handle();
    // Wine returns only the pages of the calling process, and recognizes it by its pseudo handle.
    // SAFETY: the call returns the number that always means this process.
    let pages = if target.pid == std::process::id() { unsafe { GetCurrentProcess() } } else { raw };
    match aspect {
        // A caller that could open the process is refused after it has ended.
        Aspect::Open => times(process).map_err(|error| match error.cast_unsigned() {
            ERROR_ACCESS_DENIED => ERROR_INVALID_PARAMETER.cast_signed(),
            _ => error,
        }),
        // SAFETY: the handle is open, and the buffer has the size of a number.
        Aspect::HandleCount => fill_struct(4, |buffer| unsafe { GetProcessHandleCount(raw, buffer.cast()) }),
        Aspect::IoCounters => fill_struct(size_of_u32::<IO_COUNTERS>(), |buffer| {
            // SAFETY: the handle is open, and the buffer has the size of the struct.
            unsafe { GetProcessIoCounters(raw, buffer.cast()) }
        }),
        Aspect::Memory => {
            let size = size_of_u32::<PROCESS_MEMORY_COUNTERS_EX>();
            // SAFETY: the handle is open, and the buffer has the size of the struct. It begins with the shorter struct
            // with which the call is declared.
            fill_struct(size, |buffer| unsafe { K32GetProcessMemoryInfo(raw, buffer.cast(), size) })
        }
        Aspect::ImageName => image_name(process),
        // SAFETY: the handle is open.
        Aspect::PriorityClass => match unsafe { GetPriorityClass(raw) } {
            0 => Err(last_error()),
            class => Ok(class.to_le_bytes().to_vec()),
        },
        Aspect::Affinity => affinity(process),
        Aspect::Groups => groups(process).map(|groups| groups.iter().flat_map(|group| group.to_le_bytes()).collect()),
        Aspect::User => accounts::account_of(process),
        Aspect::Information(class) => information(process, class),
        Aspect::ReadMemory(address, size) => read_memory(process, address, size),
        Aspect::Environment(address) => {
            let (start, size) = bounds(&region(raw, address)?);
            let left = start.saturating_add(size).saturating_sub(address);
            read_memory(process, address, usize::try_from(left).unwrap_or(0))
        }
        Aspect::Regions => regions(pages),
        Aspect::MappedFile(address) => mapped_file(pages, address),
        Aspect::WorkingSet(start, size, page) => working_set(pages, start, size, page),
        Aspect::Files => files::of_process(process, target.pid),
    }
}

fn times(process: BorrowedHandle<'_>) -> Answer {
    let mut all = [FILETIME::default(); 4];
    let [create, exit, kernel, user] = &mut all;
    // SAFETY: the handle is open, and the four structs are live.
    check(unsafe { GetProcessTimes(process.as_raw_handle(), create, exit, kernel, user) })?;
    let bytes = |time: FILETIME| [time.dwLowDateTime.to_le_bytes(), time.dwHighDateTime.to_le_bytes()];
    Ok(all.map(bytes).concat().concat())
}

fn image_name(process: BorrowedHandle<'_>) -> Answer {
    let mut room = vec![0; 1024];
    loop {
        let mut size = length(&room);
        // SAFETY: the handle is open, and the buffer has the length that the number gives.
        let answer =
            unsafe { QueryFullProcessImageNameW(process.as_raw_handle(), 0, room.as_mut_ptr(), &raw mut size) };
        match check(answer) {
            Ok(()) => return Ok(text(room.get(..size as usize).unwrap_or(&room))),
            Err(error) if error == ERROR_INSUFFICIENT_BUFFER.cast_signed() && room.len() < 1 << 16 => {
                room.resize(room.len() * 4, 0);
            }
            Err(error) => return Err(error),
        }
    }
}

/// `SYSTEM_PROCESS_ID_INFORMATION`
#[repr(C)]
struct ProcessId {
    pid: usize,
    name: UNICODE_STRING,
}

const _: () = assert!(size_of::<ProcessId>() == 24 && offset_of!(ProcessId, name) == 8);

/// Returns the device path of a process's executable. Windows returns it to everybody.
pub(super) fn image_name_of(pid: Pid) -> Answer {
    /// A value of SYSTEM_INFORMATION_CLASS.
    const PROCESS_ID: i32 = 88;
    let mut room = vec![0u16; 1 << 14];
    let size = u16::try_from(room.len() * 2).unwrap_or(u16::MAX - 1);
    let name = UNICODE_STRING { Length: 0, MaximumLength: size, Buffer: room.as_mut_ptr() };
    let mut about = ProcessId { pid: pid as usize, name };
    // SAFETY: the struct is live and has this size. Its text has the room that the struct states.
    let status = unsafe {
        NtQuerySystemInformation(PROCESS_ID, (&raw mut about).cast(), size_of_u32::<ProcessId>(), ptr::null_mut())
    };
    native(status)?;
    Ok(text(room.get(..usize::from(about.name.Length) / 2).unwrap_or(&room)))
}

fn information(process: BorrowedHandle<'_>, class: InformationClass) -> Answer {
    // For a struct, the call wants a buffer of exactly its size. For a text, it reports the needed length.
    let first = match class {
        InformationClass::Basic => 48,
        InformationClass::Wow64 => 8,
        InformationClass::IoPriority => 4,
        InformationClass::CommandLine => 1024,
    };
    fill(first, |buffer, room| {
        let mut needed = 0;
        // SAFETY: the handle is open, and the buffer has `room` bytes.
        let status =
            unsafe { NtQueryInformationProcess(process.as_raw_handle(), class as i32, buffer, room, &raw mut needed) };
        match filled(status, needed, room) {
            // The call wants a buffer of another size, but not a larger one.
            Filled::TooSmall(needed) if needed <= room => Filled::Failed(super::system_error(status)),
            Filled::Done(_) => Filled::Done(room),
            other => other,
        }
    })
}

fn affinity(process: BorrowedHandle<'_>) -> Answer {
    let (mut own, mut all) = (0usize, 0usize);
    // SAFETY: the handle is open, and both numbers are live.
    check(unsafe { GetProcessAffinityMask(process.as_raw_handle(), &raw mut own, &raw mut all) })?;
    Ok(own.to_le_bytes().to_vec())
}

/// Returns the processor groups of a process's threads.
pub(super) fn groups(process: BorrowedHandle<'_>) -> Result<Vec<u16>, i32> {
    let mut groups = vec![0u16; 32];
    let mut count = 32;
    // SAFETY: the handle is open, and the buffer has the length that the number gives.
    check(unsafe { GetProcessGroupAffinity(process.as_raw_handle(), &raw mut count, groups.as_mut_ptr()) })?;
    groups.truncate(count.into());
    Ok(groups)
}

/// Reads memory of another process. Fails if a part of the memory is missing.
fn read_memory(process: BorrowedHandle<'_>, address: u64, size: usize) -> Answer {
    let mut bytes = vec![0; size];
    let mut read = 0;
    let from = usize::try_from(address).map_err(|_| ERROR_INVALID_PARAMETER.cast_signed())?;
    // SAFETY: the handle is open, and the buffer has this size. The address belongs to the other process.
    check(unsafe {
        ReadProcessMemory(
            process.as_raw_handle(),
            ptr::without_provenance(from),
            bytes.as_mut_ptr().cast(),
            size,
            &raw mut read,
        )
    })?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Returns the region that holds an address: a MEMORY_BASIC_INFORMATION.
fn region(process: HANDLE, address: u64) -> Result<[u64; REGION / 8], i32> {
    let from = usize::try_from(address).map_err(|_| ERROR_INVALID_PARAMETER.cast_signed())?;
    let mut region = [0u64; REGION / 8];
    // SAFETY: the handle is open, and the buffer has this size. The address belongs to the other process.
    match unsafe { VirtualQueryEx(process, ptr::without_provenance(from), region.as_mut_ptr().cast(), REGION) } {
        0 => Err(last_error()),
        _ => Ok(region),
    }
}

/// Returns the start and the size of a region.
fn bounds([start, _, _, size, ..]: &[u64; REGION / 8]) -> (u64, u64) {
    (*start, *size)
}

/// Returns all regions. The call fails at the first address beyond them.
fn regions(process: HANDLE) -> Answer {
    let mut all = Vec::new();
    let mut address = 0;
    loop {
        match region(process, address) {
            Ok(found) => {
                all.extend(found.iter().flat_map(|word| word.to_le_bytes()));
                let (start, size) = bounds(&found);
                match start.checked_add(size) {
                    Some(next) if next > address => address = next,
                    _ => return Ok(all),
                }
            }
            Err(error) if all.is_empty() => return Err(error),
            Err(_) => return Ok(all),
        }
    }
}

fn mapped_file(process: HANDLE, address: u64) -> Answer {
    let from = usize::try_from(address).map_err(|_| ERROR_INVALID_PARAMETER.cast_signed())?;
    let mut room = vec![0; 1024];
    // SAFETY: the handle is open, and the buffer has the length passed. The address belongs to the other process.
    match unsafe { K32GetMappedFileNameW(process, ptr::without_provenance(from), room.as_mut_ptr(), length(&room)) } {
        0 => Err(last_error()),
        units => Ok(text(room.get(..units as usize).unwrap_or(&room))),
    }
}

/// Counts the resident pages of a region, and those that no other process has.
fn working_set(process: HANDLE, start: u64, size: u64, page_size: u64) -> Answer {
    /// The number of pages in one query.
    const MANY: u64 = 4096;
    let page_size = page_size.max(1);
    let (mut page, pages) = (0, size / page_size);
    let mut all = Pages::default();
    while page < pages {
        let some = (pages - page).min(MANY);
        let bytes = fill(usize::try_from(some * 16).unwrap_or(0), |buffer, room| {
            for number in 0..some {
                let row = usize::try_from(number).unwrap_or(0);
                // SAFETY: the buffer has room for `some` rows of 16 bytes, and is aligned for their first word, an
                // address.
                unsafe { buffer.cast::<[u64; 2]>().add(row).write([start + (page + number) * page_size, 0]) };
            }
            // SAFETY: the handle is open, and the buffer has `room` bytes.
            match unsafe { K32QueryWorkingSetEx(process, buffer, room) } {
                0 => Filled::Failed(last_error()),
                _ => Filled::Done(room),
            }
        })?;
        let counted = working_set::count(&bytes);
        all.resident += counted.resident;
        all.private += counted.private;
        page += some;
    }
    Ok(all.to_bytes())
}

pub(in super::super) fn exit_code(process: BorrowedHandle<'_>) -> Result<u32, i32> {
    let mut code = 0;
    // SAFETY: the handle is open, and the number is live.
    check(unsafe { GetExitCodeProcess(process.as_raw_handle(), &raw mut code) })?;
    Ok(code)
}

pub(in super::super) fn suspend(process: BorrowedHandle<'_>) -> Result<(), i32> {
    // SAFETY: the handle is open.
    native(unsafe { NtSuspendProcess(process.as_raw_handle()) })
}

pub(in super::super) fn resume(process: BorrowedHandle<'_>) -> Result<(), i32> {
    // SAFETY: the handle is open.
    native(unsafe { NtResumeProcess(process.as_raw_handle()) })
}

pub(in super::super) fn terminate(process: BorrowedHandle<'_>, code: u32) -> Result<(), i32> {
    // SAFETY: the handle is open.
    check(unsafe { TerminateProcess(process.as_raw_handle(), code) })
}

pub(in super::super) fn set_priority(process: BorrowedHandle<'_>, class: u32) -> Result<(), i32> {
    // SAFETY: the handle is open.
    check(unsafe { SetPriorityClass(process.as_raw_handle(), class) })
}

pub(in super::super) fn set_io_priority(process: BorrowedHandle<'_>, class: u32) -> Result<(), i32> {
    let (information, value) = (InformationClass::IoPriority as i32, (&raw const class).cast());
    // SAFETY: the handle is open, and the number is live and has this size.
    native(unsafe { NtSetInformationProcess(process.as_raw_handle(), information, value, size_of_u32::<u32>()) })
}

pub(in super::super) fn set_affinity(process: BorrowedHandle<'_>, mask: u64) -> Result<(), i32> {
    let mask = usize::try_from(mask).unwrap_or(0);
    // SAFETY: the handle is open.
    check(unsafe { SetProcessAffinityMask(process.as_raw_handle(), mask) })
}
