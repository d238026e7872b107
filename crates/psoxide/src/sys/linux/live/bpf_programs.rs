//! Keeps the BPF programs of a `System`, and what is remembered between their walks.

use std::sync::{Mutex, TryLockError};

use psoxide_bpf::Programs;

use crate::Pid;

/// The programs, which are loaded on first use.
#[derive(Debug, Default)]
pub(crate) struct Bpf {
    pub(crate) programs: Programs,
    /// Processes that the last listing contained and the walk before it missed.
    missed: Mutex<Vec<Pid>>,
}

impl Bpf {
    /// Calls `run` with the processes that the last walk missed. Returns `None` if another thread holds the lock, or
    /// held it when this process was forked.
    pub(crate) fn with_missed<T>(&self, run: impl FnOnce(&mut Vec<Pid>) -> T) -> Option<T> {
        match self.missed.try_lock() {
            Ok(mut missed) => Some(run(&mut missed)),
            Err(TryLockError::Poisoned(missed)) => Some(run(&mut missed.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
