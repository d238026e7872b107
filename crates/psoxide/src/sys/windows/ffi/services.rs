//! The service control manager.

use std::ffi::OsStr;
use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_INVALID_NAME, ERROR_MORE_DATA, ERROR_SERVICE_DOES_NOT_EXIST};
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, EnumServicesStatusExW, OpenSCManagerW, OpenServiceW, QueryServiceConfig2W, QueryServiceConfigW,
    QueryServiceStatusEx, SC_ENUM_PROCESS_INFO, SC_HANDLE, SC_MANAGER_CONNECT, SC_MANAGER_ENUMERATE_SERVICE,
    SC_STATUS_PROCESS_INFO, SERVICE_CONFIG_DESCRIPTION, SERVICE_QUERY_CONFIG, SERVICE_QUERY_STATUS, SERVICE_STATE_ALL,
    SERVICE_WIN32,
};

use super::process::too_small;
use super::{Answer, Filled, fill, last_error, wide};
use crate::{Error, Result};

/// A handle of the manager's.
struct Open(SC_HANDLE);

impl Open {
    fn new(handle: SC_HANDLE) -> io::Result<Self> {
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(handle)) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: the handle is open and nobody else's.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// The manager of this machine.
pub(crate) struct Manager(Open);

/// A service of it, open to be asked.
pub(crate) struct Service(Open);

impl Manager {
    pub(crate) fn open() -> Result<Self> {
        let rights = SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE;
        // SAFETY: null pointers mean this machine and its active services.
        let handle = unsafe { OpenSCManagerW(ptr::null(), ptr::null(), rights) };
        Ok(Self(Open::new(handle).map_err(Error::io)?))
    }

    /// All services, and how many there are.
    pub(crate) fn list(&self) -> Result<(Filled, usize)> {
        let mut count = 0;
        let filled = fill(64 << 10, |buffer, capacity| {
            let (mut left, mut resume) = (0, 0);
            // SAFETY: the manager is open, the buffer has the size that is told, and the numbers are alive.
            let answer = unsafe {
                EnumServicesStatusExW(
                    self.0.0,
                    SC_ENUM_PROCESS_INFO,
                    SERVICE_WIN32,
                    SERVICE_STATE_ALL,
                    buffer.cast(),
                    capacity,
                    &raw mut left,
                    &raw mut count,
                    &raw mut resume,
                    ptr::null(),
                )
            };
            match answer {
                0 if last_error() == ERROR_MORE_DATA.cast_signed() => Answer::TooSmall(capacity.saturating_add(left)),
                0 => Answer::Failed(io::Error::last_os_error()),
                _ => Answer::Done(capacity),
            }
        })?;
        Ok((filled, count as usize))
    }

    /// The service of this name; `None` if there is none.
    pub(crate) fn service(&self, name: &OsStr) -> Result<Option<Service>> {
        let name = wide(name);
        // SAFETY: the manager is open, and the name is a terminated text.
        let handle = unsafe { OpenServiceW(self.0.0, name.as_ptr(), SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS) };
        match Open::new(handle) {
            Ok(open) => Ok(Some(Service(open))),
            Err(error) => match error.raw_os_error().map(i32::cast_unsigned) {
                Some(ERROR_SERVICE_DOES_NOT_EXIST | ERROR_INVALID_NAME) => Ok(None),
                _ => Err(Error::io(error)),
            },
        }
    }
}

/// What a call that says how much it needs has come to.
fn answer(answer: i32, needed: u32, capacity: u32) -> Answer {
    match answer {
        0 if too_small() => Answer::TooSmall(needed),
        0 => Answer::Failed(io::Error::last_os_error()),
        _ => Answer::Done(capacity),
    }
}

impl Service {
    pub(crate) fn status(&self) -> Result<Filled> {
        fill(64, |buffer, capacity| {
            let mut needed = 0;
            // SAFETY: the service is open, and the buffer has the size that is told.
            let done = unsafe {
                QueryServiceStatusEx(self.0.0, SC_STATUS_PROCESS_INFO, buffer.cast(), capacity, &raw mut needed)
            };
            answer(done, needed, capacity)
        })
    }

    pub(crate) fn config(&self) -> Result<Filled> {
        fill(1024, |buffer, capacity| {
            let mut needed = 0;
            // SAFETY: the service is open, and the buffer has the size that is told.
            let done = unsafe { QueryServiceConfigW(self.0.0, buffer.cast(), capacity, &raw mut needed) };
            answer(done, needed, capacity)
        })
    }

    pub(crate) fn description(&self) -> Result<Filled> {
        fill(1024, |buffer, capacity| {
            let mut needed = 0;
            // SAFETY: the service is open, and the buffer has the size that is told.
            let done = unsafe {
                QueryServiceConfig2W(self.0.0, SERVICE_CONFIG_DESCRIPTION, buffer.cast(), capacity, &raw mut needed)
            };
            answer(done, needed, capacity)
        })
    }
}
