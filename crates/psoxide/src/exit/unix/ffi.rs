//! What a signal does now: sigaction(2).
#![allow(unsafe_code)]

use std::{io, mem, ptr};

/// What a signal did before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Default,
    Ignored,
    Handled,
}

/// What `signal` does now; nothing changes.
pub(super) fn before(signal: i32) -> io::Result<Before> {
    // SAFETY: a sigaction is integers, pointers and an optional function: zero is a value of each.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: without a new action sigaction only writes to the one given, which outlives the call.
    if unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(match action.sa_sigaction {
        libc::SIG_DFL => Before::Default,
        libc::SIG_IGN => Before::Ignored,
        _ => Before::Handled,
    })
}
