//! The service control manager.

use std::ptr;

use windows_sys::Win32::Foundation::ERROR_MORE_DATA;
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, EnumServicesStatusExW, OpenSCManagerW, OpenServiceW, QueryServiceConfig2W, QueryServiceConfigW,
    QueryServiceStatusEx, SC_ENUM_PROCESS_INFO, SC_HANDLE, SC_MANAGER_CONNECT, SC_MANAGER_ENUMERATE_SERVICE,
    SC_STATUS_PROCESS_INFO, SERVICE_CONFIG_DESCRIPTION, SERVICE_QUERY_CONFIG, SERVICE_QUERY_STATUS, SERVICE_STATE_ALL,
    SERVICE_WIN32,
};

use super::{Filled, fill, fill_addressed, last_error, too_small, wide};
use crate::sys::question::Answer;
use crate::sys::windows::calls::{self, ServiceAspect};

/// A handle of the manager's.
struct Open(SC_HANDLE);

// SAFETY: the manager's handles are used by any thread, and it is the manager that keeps order.
unsafe impl Send for Open {}
// SAFETY: as above.
unsafe impl Sync for Open {}

impl Open {
    fn new(handle: SC_HANDLE) -> Result<Self, i32> {
        if handle.is_null() { Err(last_error()) } else { Ok(Self(handle)) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: the handle is open and nobody else's.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// An open handle of a service.
pub(in super::super) struct Service(Open);

/// The manager of this machine.
fn manager() -> Result<Open, i32> {
    let rights = SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE;
    // SAFETY: null pointers mean this machine and its active services.
    Open::new(unsafe { OpenSCManagerW(ptr::null(), ptr::null(), rights) })
}

/// The number of services, and the list of them.
pub(super) fn list() -> Answer {
    let manager = manager()?;
    let mut count = 0u32;
    let list = fill_addressed(64 << 10, |buffer, room| {
        let (mut left, mut resume) = (0, 0);
        // SAFETY: the manager is open, the buffer has `room` bytes, and the numbers are alive.
        let answer = unsafe {
            EnumServicesStatusExW(
                manager.0,
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

/// The handle of a service, which the first question opens.
fn handle(service: &calls::Service) -> Result<SC_HANDLE, i32> {
    if let Some(open) = service.opened.get() {
        return Ok(open.0.0);
    }
    let (manager, name) = (manager()?, wide(&service.name));
    // SAFETY: the manager is open, and the name is a terminated text.
    let handle = unsafe { OpenServiceW(manager.0, name.as_ptr(), SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS) };
    let open = Service(Open::new(handle)?);
    Ok(service.opened.get_or_init(|| open).0.0)
}

/// Asks something about a service.
pub(super) fn ask(aspect: ServiceAspect, service: &calls::Service) -> Answer {
    let handle = handle(service)?;
    // What a call that says how much it needs has come to.
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
