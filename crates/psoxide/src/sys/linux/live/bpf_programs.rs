//! The BPF programs of a `System`, and what is remembered between their walks.

use std::sync::{Mutex, TryLockError};

use psoxide_bpf::Programs;

use crate::Pid;

/// The programs, not loaded before their first use.
#[derive(Debug, Default)]
pub(crate) struct Bpf {
    pub(crate) programs: Programs,
    /// Processes that the last listing had and the walk before it did not.
    missed: Mutex<Vec<Pid>>,
}

impl Bpf {
    /// Calls `run` with the processes that the last walk missed. `None` if another thread holds the lock, or held it when
    /// this process was forked: then nothing is remembered.
    pub(crate) fn with_missed<T>(&self, run: impl FnOnce(&mut Vec<Pid>) -> T) -> Option<T> {
        match self.missed.try_lock() {
            Ok(mut missed) => Some(run(&mut missed)),
            Err(TryLockError::Poisoned(missed)) => Some(run(&mut missed.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
