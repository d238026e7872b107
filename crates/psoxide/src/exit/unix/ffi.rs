//! Signal actions and signal masks: sigaction(2), pthread_sigmask(3).
#![allow(unsafe_code)]

use std::{io, mem, ptr};

/// The action of a signal.
#[derive(Clone, Copy)]
pub(super) struct Action(libc::sigaction);

impl Action {
    /// Reads the current action of `signal`.
    pub(super) fn of(signal: i32) -> io::Result<Self> {
        // SAFETY: a sigaction consists of integers, pointers and an optional function. Zero is a value of each.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: without a new action, sigaction only writes the old action to a live struct.
        if unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(action))
    }

    /// Makes this the action of `signal`.
    pub(super) fn install(&self, signal: i32) -> io::Result<()> {
        // SAFETY: the action was read from this process, whose handlers are never unloaded.
        if unsafe { libc::sigaction(signal, &raw const self.0, ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    pub(super) fn is_default(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_DFL
    }

    pub(super) fn is_ignored(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }
}

/// The signals that a thread blocks.
pub(super) struct Mask(libc::sigset_t);

impl Mask {
    /// Blocks `signals` in this thread in addition. Returns the previous mask.
    pub(super) fn block(signals: impl IntoIterator<Item = i32>) -> Self {
        // SAFETY: a sigset_t consists of integers, for which zero is a value. Each call writes only to the sets passed
        // to it.
        unsafe {
            let (mut set, mut before) = (mem::zeroed(), mem::zeroed());
            libc::sigemptyset(&raw mut set);
            for signal in signals {
                libc::sigaddset(&raw mut set, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before);
            Self(before)
        }
    }

    /// Restores this mask. Pending signals arrive before the call returns.
    pub(super) fn restore(&self) {
        // SAFETY: the call only reads the set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}
