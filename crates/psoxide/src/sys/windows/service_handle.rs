//! A handle of the service control manager, which is closed with its owner.

#![allow(unsafe_code)]

use windows_sys::Win32::System::Services::{CloseServiceHandle, SC_HANDLE};

/// An open handle of the manager or of one service.
pub(super) struct ServiceHandle(SC_HANDLE);

// SAFETY: any thread may use the manager's handles. The manager keeps order.
unsafe impl Send for ServiceHandle {}
// SAFETY: as above.
unsafe impl Sync for ServiceHandle {}

impl ServiceHandle {
    /// Takes a handle; `None` if it is null.
    ///
    /// # Safety
    /// The handle is null, or open and nobody else's.
    pub(super) unsafe fn new(handle: SC_HANDLE) -> Option<Self> {
        (!handle.is_null()).then_some(Self(handle))
    }

    pub(super) const fn raw(&self) -> SC_HANDLE {
        self.0
    }
}

impl Drop for ServiceHandle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and nobody else's.
        unsafe { CloseServiceHandle(self.0) };
    }
}
