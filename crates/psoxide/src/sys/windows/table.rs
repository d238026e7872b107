//! The system's table of processes: one call tells of all of them, also of those that may not be opened.

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt as _;

use psoxide_parse::windows::process_table::{self, Process};

use super::ffi;
use crate::sys::Parentage;
use crate::{Pid, Result};

/// SYSTEM_INFORMATION_CLASS
const PROCESSES: i32 = 5;

/// The processes of one moment, by pid.
#[derive(Debug)]
pub(super) struct Table(Vec<Process>);

impl Table {
    pub(super) fn read() -> Result<Self> {
        let filled = ffi::system_information(PROCESSES, 256 << 10)?;
        let mut processes = process_table::processes(filled.buffer())?;
        processes.sort_unstable_by_key(|process| process.pid);
        Ok(Self(processes))
    }

    pub(super) fn get(&self, pid: Pid) -> Option<&Process> {
        let at = self.0.binary_search_by_key(&pid, |process| process.pid).ok()?;
        self.0.get(at)
    }

    pub(super) fn all(&self) -> &[Process] {
        &self.0
    }

    pub(super) fn pids(&self) -> Vec<Pid> {
        self.0.iter().map(|process| process.pid).collect()
    }

    pub(super) fn parentage(&self) -> Vec<Parentage> {
        self.0
            .iter()
            .map(|process| Parentage { pid: process.pid, start: Some(process.create_time), ppid: process.ppid })
            .collect()
    }
}

/// The name of a process.
pub(super) fn name(process: &Process) -> OsString {
    // It stands for the time in which no process runs, and has no file.
    if process.pid == 0 { "System Idle Process".into() } else { OsString::from_wide(&process.name) }
}
