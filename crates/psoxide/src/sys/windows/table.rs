//! The process table: one answer that describes all processes, including those that may not be opened.

use std::ffi::OsString;

use psoxide_parse::windows::Buffer;
use psoxide_parse::windows::process_table::{self, Process};

use super::Source;
use super::calls::Question;
use super::source::text;
use crate::sys::Parentage;
use crate::{Pid, Result};

/// The processes at one moment, by pid.
#[derive(Debug)]
pub(super) struct Table(Vec<Process>);

impl Table {
    pub(super) fn read(source: &Source) -> Result<Self> {
        let parse = |bytes: &[u8]| process_table::processes(Buffer::addressed(bytes)?);
        let mut processes = source.read(&Question::Processes, parse)?;
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

/// Returns the name of a process.
pub(super) fn name(process: &Process) -> OsString {
    // The idle process stands for unused CPU time, and has no file.
    if process.pid == 0 { "System Idle Process".into() } else { text(&process.name) }
}
