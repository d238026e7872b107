//! `SetConsoleCtrlHandler`
#![allow(unsafe_code)]

use std::io;

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::core::BOOL;

unsafe extern "system" fn handler(event: u32) -> BOOL {
    super::arrived(event);
    0
}

/// From here on the console tells the parent module of its events.
pub(super) fn handle_events() -> io::Result<()> {
    // SAFETY: the handler is a function, which lives as long as the program.
    if unsafe { SetConsoleCtrlHandler(Some(handler), 1) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
