//! A handle of the service control manager, closed when it is dropped.

#![allow(unsafe_code)]

use windows_sys::Win32::System::Services::{CloseServiceHandle, SC_HANDLE};

/// An open handle of the manager or of one service.
pub(super) struct ServiceHandle(SC_HANDLE);

// SAFETY: any thread may use the handles. The service manager synchronizes the calls.
unsafe impl Send for ServiceHandle {}
// SAFETY: as for Send.
unsafe impl Sync for ServiceHandle {}

impl ServiceHandle {
    /// Takes ownership of a handle. Returns `None` if it is null.
    ///
    /// # Safety
    /// The handle is null, or it is open and has no other owner.
    pub(super) unsafe fn new(handle: SC_HANDLE) -> Option<Self> {
        // Made only if it is open: closing a null handle would replace the last error.
        if handle.is_null() { None } else { Some(Self(handle)) }
    }

    pub(super) const fn raw(&self) -> SC_HANDLE {
        self.0
    }
}

impl Drop for ServiceHandle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and has no other owner.
        unsafe { CloseServiceHandle(self.0) };
    }
}
