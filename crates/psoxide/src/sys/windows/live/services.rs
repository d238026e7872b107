//! Asks the service control manager.

use std::ptr;

use windows_sys::Win32::Foundation::ERROR_MORE_DATA;
use windows_sys::Win32::System::Services::{
    EnumServicesStatusExW, OpenSCManagerW, OpenServiceW, QueryServiceConfig2W, QueryServiceConfigW,
    QueryServiceStatusEx, SC_ENUM_PROCESS_INFO, SC_HANDLE, SC_MANAGER_CONNECT, SC_MANAGER_ENUMERATE_SERVICE,
    SC_STATUS_PROCESS_INFO, SERVICE_CONFIG_DESCRIPTION, SERVICE_QUERY_CONFIG, SERVICE_QUERY_STATUS, SERVICE_STATE_ALL,
    SERVICE_WIN32,
};

use super::{Filled, fill, fill_addressed, last_error, too_small, wide};
use crate::sys::question::Answer;
use crate::sys::windows::calls::{self, ServiceAspect};
use crate::sys::windows::service_handle::ServiceHandle;

/// Returns the handle that a call opened, or the last error.
fn opened(handle: SC_HANDLE) -> Result<ServiceHandle, i32> {
    // SAFETY: the call has just opened the handle, which has no other owner.
    unsafe { ServiceHandle::new(handle) }.ok_or_else(last_error)
}

/// Opens the service manager of this machine.
fn manager() -> Result<ServiceHandle, i32> {
    let rights = SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE;
    // SAFETY: null pointers mean this machine and its active services.
    opened(unsafe { OpenSCManagerW(ptr::null(), ptr::null(), rights) })
}

/// Returns the number of services, and the list of them.
pub(super) fn list() -> Answer {
    let manager = manager()?;
    let mut count = 0u32;
    let list = fill_addressed(64 << 10, |buffer, room| {
        let (mut left, mut resume) = (0, 0);
        // SAFETY: the manager is open, the buffer has `room` bytes, and the numbers are live.
        let answer = unsafe {
            EnumServicesStatusExW(
                manager.raw(),
                SC_ENUM_PROCESS_INFO,
                SERVICE_WIN32,
                SERVICE_STATE_ALL,
                buffer.cast(),
                room,
                &raw mut left,
                &raw mut count,
                &raw mut resume,
                ptr::null(),
            )
        };
        match answer {
            0 if last_error() == ERROR_MORE_DATA.cast_signed() => Filled::TooSmall(room.saturating_add(left)),
            0 => Filled::Failed(last_error()),
            _ => Filled::Done(room),
        }
    })?;
    Ok([&u64::from(count).to_le_bytes()[..], &list].concat())
}

/// Returns the handle of a service. The first question opens it.
fn handle(service: &calls::Service) -> Result<SC_HANDLE, i32> {
    if let Some(open) = service.opened.get() {
        return Ok(open.raw());
    }
    let (manager, name) = (manager()?, wide(&service.name));
    // SAFETY: the manager is open, and the name is a NUL-terminated text.
    let handle = unsafe { OpenServiceW(manager.raw(), name.as_ptr(), SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS) };
    let open = opened(handle)?;
    Ok(service.opened.get_or_init(|| open).raw())
}

/// Asks a question about a service.
pub(super) fn ask(aspect: ServiceAspect, service: &calls::Service) -> Answer {
    let handle = handle(service)?;
    // Converts the result of a call that reports the needed size.
    let answer = |done, needed, room| match done {
        0 if too_small() => Filled::TooSmall(needed),
        0 => Filled::Failed(last_error()),
        _ => Filled::Done(room),
    };
    match aspect {
        ServiceAspect::Status => fill(64, |buffer, room| {
            let mut needed = 0;
            // SAFETY: the service is open, and the buffer has `room` bytes.
            let done =
                unsafe { QueryServiceStatusEx(handle, SC_STATUS_PROCESS_INFO, buffer.cast(), room, &raw mut needed) };
            answer(done, needed, room)
        }),
        ServiceAspect::Config => fill_addressed(1024, |buffer, room| {
            let mut needed = 0;
            // SAFETY: the service is open, and the buffer has `room` bytes.
            let done = unsafe { QueryServiceConfigW(handle, buffer.cast(), room, &raw mut needed) };
            answer(done, needed, room)
        }),
        ServiceAspect::Description => fill_addressed(1024, |buffer, room| {
            let mut needed = 0;
            // SAFETY: the service is open, and the buffer has `room` bytes.
            let done = unsafe {
                QueryServiceConfig2W(handle, SERVICE_CONFIG_DESCRIPTION, buffer.cast(), room, &raw mut needed)
            };
            answer(done, needed, room)
        }),
    }
}
