//! Installs the console handler: `SetConsoleCtrlHandler`.
#![allow(unsafe_code)]

use std::io;

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::core::BOOL;

unsafe extern "system" fn handler(event: u32) -> BOOL {
    super::arrived(event);
    0
}

/// Makes the console report its events to the parent module.
pub(super) fn handle_events() -> io::Result<()> {
    // SAFETY: the handler is a function, which stays valid as long as the program runs.
    if unsafe { SetConsoleCtrlHandler(Some(handler), 1) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
