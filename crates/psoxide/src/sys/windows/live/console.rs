//! Sends Ctrl+C and Ctrl+Break.

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, GenerateConsoleCtrlEvent};

use super::check;
use crate::Pid;

/// Sends Ctrl+C or Ctrl+Break to the process group that a process leads on the caller's console.
pub(in super::super) fn interrupt(group: Pid, with_break: bool) -> Result<(), i32> {
    let event = if with_break { CTRL_BREAK_EVENT } else { CTRL_C_EVENT };
    // SAFETY: the call takes only numbers.
    check(unsafe { GenerateConsoleCtrlEvent(event, group) })
}
