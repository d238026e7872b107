//! A process that has been opened.

use std::ffi::{OsString, c_void};
use std::io;
use std::mem::{MaybeUninit, offset_of};
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle};

use windows_sys::Wdk::System::SystemInformation::NtQuerySystemInformation;
use windows_sys::Wdk::System::Threading::NtQueryInformationProcess;
use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, ERROR_SUCCESS, FILETIME, HANDLE, NTSTATUS,
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INFO_LENGTH_MISMATCH, UNICODE_STRING,
};
use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Memory::{MEM_COMMIT, MEM_FREE, MEMORY_BASIC_INFORMATION, VirtualQueryEx};
use windows_sys::Win32::System::ProcessStatus::{
    K32GetMappedFileNameW, K32GetProcessMemoryInfo, K32QueryWorkingSetEx, PROCESS_MEMORY_COUNTERS,
    PROCESS_MEMORY_COUNTERS_EX, PSAPI_WORKING_SET_EX_INFORMATION,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetExitCodeProcess, GetPriorityClass, GetProcessAffinityMask, GetProcessGroupAffinity,
    GetProcessHandleCount, GetProcessIoCounters, GetProcessTimes, IO_COUNTERS, OpenProcess, QueryFullProcessImageNameW,
    SetPriorityClass, SetProcessAffinityMask, TerminateProcess,
};

use super::machine::done;
use super::{Answer, Filled, check, fill, last_error, length, native_error, size_of, text, wide_size};
use crate::{Error, Pid, Result};

pub(crate) use windows_sys::Win32::System::Threading::{
    PROCESS_DUP_HANDLE, PROCESS_QUERY_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SET_INFORMATION,
    PROCESS_SUSPEND_RESUME, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE, PROCESS_VM_READ,
};

#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "system" {
    fn NtSuspendProcess(process: HANDLE) -> NTSTATUS;
    fn NtResumeProcess(process: HANDLE) -> NTSTATUS;
    fn NtSetInformationProcess(process: HANDLE, class: i32, information: *const c_void, length: u32) -> NTSTATUS;
}

/// Opens a process; `NoSuchProcess` if nobody has the pid.
pub(crate) fn open(pid: Pid, access: u32) -> Result<OwnedHandle> {
    #[cfg(test)]
    super::counted::one_more(&super::counted::OPENED);
    // SAFETY: it takes numbers and returns a handle or null.
    let handle = unsafe { OpenProcess(access, 0, pid) };
    if !handle.is_null() {
        // SAFETY: the handle is new and nobody else's.
        return Ok(unsafe { OwnedHandle::from_raw_handle(handle) });
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_INVALID_PARAMETER) => Err(Error::no_such_process(pid)),
        // It has been seen to refuse without a reason.
        Some(ERROR_SUCCESS) => Err(Error::io(io::ErrorKind::PermissionDenied)),
        _ => Err(Error::io(error)),
    }
}

/// This process, as it knows itself.
pub(crate) fn own() -> BorrowedHandle<'static> {
    // SAFETY: the handle always means this process, needs no closing and is never anything else.
    unsafe { BorrowedHandle::borrow_raw(GetCurrentProcess()) }
}

/// Times of a process in units of 100 ns; creation and exit count from 1601. It runs as long as `exit` is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) create: u64,
    pub(crate) exit: u64,
    pub(crate) kernel: u64,
    pub(crate) user: u64,
}

pub(crate) fn times(process: BorrowedHandle<'_>) -> Result<Times> {
    let mut all = [FILETIME::default(); 4];
    let [create, exit, kernel, user] = &mut all;
    // SAFETY: the handle is open, and the four structs are alive.
    check(unsafe { GetProcessTimes(process.as_raw_handle(), create, exit, kernel, user) }).map_err(Error::io)?;
    let [create, exit, kernel, user] =
        all.map(|time| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime));
    Ok(Times { create, exit, kernel, user })
}

pub(crate) fn exit_code(process: BorrowedHandle<'_>) -> Result<u32> {
    let mut code = 0;
    // SAFETY: the handle is open, and the number is alive.
    check(unsafe { GetExitCodeProcess(process.as_raw_handle(), &raw mut code) }).map_err(Error::io)?;
    Ok(code)
}

pub(crate) fn handle_count(process: BorrowedHandle<'_>) -> Result<u32> {
    let mut count = 0;
    // SAFETY: the handle is open, and the number is alive.
    check(unsafe { GetProcessHandleCount(process.as_raw_handle(), &raw mut count) }).map_err(Error::io)?;
    Ok(count)
}

pub(crate) fn io_counters(process: BorrowedHandle<'_>) -> Result<IO_COUNTERS> {
    let mut counters = IO_COUNTERS::default();
    // SAFETY: the handle is open, and the struct is alive.
    check(unsafe { GetProcessIoCounters(process.as_raw_handle(), &raw mut counters) }).map_err(Error::io)?;
    Ok(counters)
}

// The longer struct begins with the shorter, which the call is declared with.
const _: () = assert!(
    offset_of!(PROCESS_MEMORY_COUNTERS_EX, PeakPagefileUsage) == offset_of!(PROCESS_MEMORY_COUNTERS, PeakPagefileUsage)
        && offset_of!(PROCESS_MEMORY_COUNTERS_EX, PrivateUsage) == std::mem::size_of::<PROCESS_MEMORY_COUNTERS>()
);

/// Resident bytes, and bytes committed for the process alone.
pub(crate) fn memory(process: BorrowedHandle<'_>) -> Result<(u64, u64)> {
    let size = size_of::<PROCESS_MEMORY_COUNTERS_EX>();
    let mut counters = PROCESS_MEMORY_COUNTERS_EX { cb: size, ..PROCESS_MEMORY_COUNTERS_EX::default() };
    // SAFETY: the handle is open, and the struct is alive and of the size that is told.
    let answer = unsafe { K32GetProcessMemoryInfo(process.as_raw_handle(), (&raw mut counters).cast(), size) };
    check(answer).map_err(Error::io)?;
    Ok((wide_size(counters.WorkingSetSize), wide_size(counters.PagefileUsage)))
}

/// The file it executes, with its drive.
pub(crate) fn image_name(process: BorrowedHandle<'_>) -> Result<OsString> {
    let mut room = vec![0; 1024];
    loop {
        let mut size = length(&room);
        // SAFETY: the handle is open, and the buffer has as many units as the number says.
        let answer =
            unsafe { QueryFullProcessImageNameW(process.as_raw_handle(), 0, room.as_mut_ptr(), &raw mut size) };
        match check(answer) {
            Ok(()) => return Ok(text(room.get(..size as usize).unwrap_or(&room))),
            Err(error)
                if error.raw_os_error() == Some(ERROR_INSUFFICIENT_BUFFER.cast_signed()) && room.len() < 1 << 16 =>
            {
                room.resize(room.len() * 4, 0);
            }
            Err(error) => return Err(Error::io(error)),
        }
    }
}

/// `SYSTEM_PROCESS_ID_INFORMATION`
#[repr(C)]
struct ProcessId {
    pid: usize,
    name: UNICODE_STRING,
}

const _: () = assert!(std::mem::size_of::<ProcessId>() == 24 && offset_of!(ProcessId, name) == 8);

/// The device path of the file that a process executes, who ever asks.
pub(crate) fn image_name_of(pid: Pid) -> Result<OsString> {
    /// SYSTEM_INFORMATION_CLASS
    const PROCESS_ID: i32 = 88;
    let mut room = vec![0u16; 1 << 14];
    let size = u16::try_from(room.len() * 2).unwrap_or(u16::MAX - 1);
    let name = UNICODE_STRING { Length: 0, MaximumLength: size, Buffer: room.as_mut_ptr() };
    let mut about = ProcessId { pid: pid as usize, name };
    // SAFETY: the struct is alive and of the size that is told, and its text has the room that it says.
    let status = unsafe {
        NtQuerySystemInformation(PROCESS_ID, (&raw mut about).cast(), size_of::<ProcessId>(), std::ptr::null_mut())
    };
    done(status)?;
    Ok(text(room.get(..usize::from(about.name.Length) / 2).unwrap_or(&room)))
}

/// A struct or text of `NtQueryInformationProcess`.
pub(crate) fn process_information(process: BorrowedHandle<'_>, class: i32, first: usize) -> Result<Filled> {
    fill(first, |buffer, capacity| {
        // Structs of one size want exactly that; texts say how long they are.
        let size =
            u32::try_from(first).unwrap_or(u32::MAX).max(if capacity as usize > first + 8 { capacity } else { 0 });
        let mut needed = 0;
        // SAFETY: the handle is open, and the buffer is at least as long as the call is told.
        match unsafe { NtQueryInformationProcess(process.as_raw_handle(), class, buffer, size, &raw mut needed) } {
            STATUS_INFO_LENGTH_MISMATCH | STATUS_BUFFER_TOO_SMALL | STATUS_BUFFER_OVERFLOW if needed > size => {
                Answer::TooSmall(needed)
            }
            status if status < 0 => Answer::Failed(native_error(status)),
            _ => Answer::Done(size),
        }
    })
}

pub(crate) fn suspend(process: BorrowedHandle<'_>) -> Result<()> {
    // SAFETY: the handle is open.
    done(unsafe { NtSuspendProcess(process.as_raw_handle()) })
}

pub(crate) fn resume(process: BorrowedHandle<'_>) -> Result<()> {
    // SAFETY: the handle is open.
    done(unsafe { NtResumeProcess(process.as_raw_handle()) })
}

/// Sets one of the numbers of `NtSetInformationProcess`.
pub(crate) fn set_process_information(process: BorrowedHandle<'_>, class: i32, value: u32) -> Result<()> {
    // SAFETY: the handle is open, and the number is alive and of the size that is told.
    done(unsafe {
        NtSetInformationProcess(process.as_raw_handle(), class, (&raw const value).cast(), size_of::<u32>())
    })
}

pub(crate) fn terminate(process: BorrowedHandle<'_>, code: u32) -> Result<()> {
    // SAFETY: the handle is open.
    check(unsafe { TerminateProcess(process.as_raw_handle(), code) }).map_err(Error::io)
}

pub(crate) fn priority(process: BorrowedHandle<'_>) -> Result<u32> {
    // SAFETY: the handle is open.
    match unsafe { GetPriorityClass(process.as_raw_handle()) } {
        0 => Err(Error::io(io::Error::last_os_error())),
        class => Ok(class),
    }
}

pub(crate) fn set_priority(process: BorrowedHandle<'_>, class: u32) -> Result<()> {
    // SAFETY: the handle is open.
    check(unsafe { SetPriorityClass(process.as_raw_handle(), class) }).map_err(Error::io)
}

/// The processors of its group that it may run on, as bits.
pub(crate) fn affinity(process: BorrowedHandle<'_>) -> Result<u64> {
    let (mut own, mut all) = (0, 0);
    // SAFETY: the handle is open, and both numbers are alive.
    check(unsafe { GetProcessAffinityMask(process.as_raw_handle(), &raw mut own, &raw mut all) }).map_err(Error::io)?;
    Ok(wide_size(own))
}

pub(crate) fn set_affinity(process: BorrowedHandle<'_>, mask: u64) -> Result<()> {
    let mask = usize::try_from(mask).unwrap_or(0);
    // SAFETY: the handle is open.
    check(unsafe { SetProcessAffinityMask(process.as_raw_handle(), mask) }).map_err(Error::io)
}

/// The processor groups that its threads are in.
pub(crate) fn groups(process: BorrowedHandle<'_>) -> Result<Vec<u16>> {
    let mut groups = vec![0u16; 32];
    let mut count = 32;
    // SAFETY: the handle is open, and the buffer has as many units as the number says.
    check(unsafe { GetProcessGroupAffinity(process.as_raw_handle(), &raw mut count, groups.as_mut_ptr()) })
        .map_err(Error::io)?;
    groups.truncate(count.into());
    Ok(groups)
}

/// Memory of another process; what is not all there is an error.
pub(crate) fn read_memory(process: BorrowedHandle<'_>, address: u64, size: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    let mut read = 0;
    let from = usize::try_from(address).map_err(|_| Error::invalid("an address beyond this machine's"))?;
    // SAFETY: the handle is open; the address is only looked at by the system, and the buffer has the size that is told.
    let answer = unsafe {
        ReadProcessMemory(
            process.as_raw_handle(),
            std::ptr::without_provenance(from),
            bytes.as_mut_ptr().cast(),
            size,
            &raw mut read,
        )
    };
    check(answer).map_err(Error::io)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Pages of one kind, next to each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region {
    pub(crate) start: u64,
    pub(crate) size: u64,
    pub(crate) protection: u32,
    pub(crate) committed: bool,
    pub(crate) free: bool,
}

/// The region that an address is in; `None` beyond the last.
pub(crate) fn region(process: BorrowedHandle<'_>, address: u64) -> Option<Region> {
    let at = std::ptr::without_provenance(usize::try_from(address).ok()?);
    let mut info = MaybeUninit::<MEMORY_BASIC_INFORMATION>::zeroed();
    let size = std::mem::size_of::<MEMORY_BASIC_INFORMATION>();
    // SAFETY: the handle is open; the address is only looked at by the system, and the struct has the size that is told.
    if unsafe { VirtualQueryEx(process.as_raw_handle(), at, info.as_mut_ptr(), size) } == 0 {
        return None;
    }
    // SAFETY: the call filled it, and zeros are a value of each of its fields.
    let info = unsafe { info.assume_init() };
    Some(Region {
        start: info.BaseAddress.addr() as u64,
        size: wide_size(info.RegionSize),
        protection: info.Protect,
        committed: info.State == MEM_COMMIT,
        free: info.State == MEM_FREE,
    })
}

/// The device path of the file that is mapped at an address; `None` if none is.
pub(crate) fn mapped_file(process: BorrowedHandle<'_>, address: u64) -> Option<OsString> {
    let at = std::ptr::without_provenance(usize::try_from(address).ok()?);
    let mut room = vec![0; 1024];
    // SAFETY: the handle is open; the address is only looked at by the system, and the buffer has as many units as told.
    let units = unsafe { K32GetMappedFileNameW(process.as_raw_handle(), at, room.as_mut_ptr(), length(&room)) };
    (units > 0).then(|| text(room.get(..units as usize).unwrap_or(&room)))
}

// What `psoxide_parse` takes apart.
const _: () = assert!(std::mem::size_of::<PSAPI_WORKING_SET_EX_INFORMATION>() == 16);

/// What the system says of each page of a region: `QueryWorkingSetEx`.
pub(crate) fn working_set(
    process: BorrowedHandle<'_>,
    start: u64,
    size: u64,
    page_size: u64,
    mut each: impl FnMut(&[u8]),
) -> Result<()> {
    /// Pages that are asked for at once.
    const MANY: u64 = 4096;
    let page_size = page_size.max(1);
    let (mut page, pages) = (0, size / page_size);
    while page < pages {
        let some = (pages - page).min(MANY);
        let mut filled = Filled::with_capacity(usize::try_from(some * 16).unwrap_or(0));
        filled.length = filled.capacity();
        for (number, pair) in (page..).zip(filled.words.chunks_exact_mut(2)) {
            if let Some(address) = pair.first_mut() {
                *address = start + number * page_size;
            }
        }
        let (buffer, bytes) = (filled.words.as_mut_ptr().cast(), u32::try_from(filled.length).unwrap_or(0));
        // SAFETY: the handle is open, and the buffer has the size that is told.
        match check(unsafe { K32QueryWorkingSetEx(process.as_raw_handle(), buffer, bytes) }) {
            Ok(()) => each(filled.bytes()),
            // Wine tells a process of its own pages alone.
            Err(error) if error.raw_os_error() == Some(ERROR_INVALID_PARAMETER.cast_signed()) => {
                return Err(Error::unsupported("the pages of another process"));
            }
            Err(error) => return Err(Error::io(error)),
        }
        page += some;
    }
    Ok(())
}

/// Whether the last call failed as there was too little room.
pub(super) fn too_small() -> bool {
    last_error() == ERROR_INSUFFICIENT_BUFFER.cast_signed()
}
