//! The table of processes, and the records of one process.

use std::sync::OnceLock;

use psoxide_parse::macos::process::{self as record, Arguments, Process, Task};

use super::calls::{Flavor, Question};
use super::{Macos, Source};
use crate::sys;
use crate::sys::bsd::machine::{cached, parsed};
use crate::sys::bsd::records::Records;
use crate::{Error, ErrorKind, Pid, Result};

/// `EINVAL` and `EIO`, by which the kernel refuses the arguments of a process.
const REFUSED: [i32; 2] = [22, 5];

/// Reads all processes of one moment, in one answer.
pub(super) fn read(source: &Source) -> Result<Records> {
    let bytes = source.ask(&Question::Processes)?;
    let mut places = Vec::new();
    for (number, process) in record::processes(&bytes).enumerate() {
        let process = process.map_err(|error| Error::from(error).with_question(Question::Processes.to_string()))?;
        places.push((pid_of(process)?, number.saturating_mul(Process::SIZE)));
    }
    Ok(Records::new(bytes, places))
}

/// The pid of a record.
pub(super) fn pid_of(process: Process<'_>) -> Result<Pid> {
    Ok(psoxide_parse::freebsd::unsigned(process.pid(), "p_pid")?)
}

/// The start stamp: microseconds since 1970 by the clock as it was when the process began, which the kernel never corrects.
pub(super) fn stamp(process: Process<'_>) -> Result<u64> {
    Ok(u64::try_from(process.start()?.as_micros()).unwrap_or(u64::MAX))
}

/// A cell for each question about one process.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    record: OnceLock<Vec<u8>>,
    task: OnceLock<Vec<u8>>,
    arguments: OnceLock<Vec<u8>>,
    usage: OnceLock<Vec<u8>>,
    files: OnceLock<Vec<u8>>,
}

impl sys::Handle<'_, Macos> {
    /// The record of this very process, from the table of the pass or by a question of its own.
    pub(super) fn record(&self) -> Result<Process<'_>> {
        let gone = || Error::no_such_process(self.pid);
        let record = match self.table()? {
            Some(table) => table.get(self.pid, Process::new).ok_or_else(gone)?,
            None => {
                let first = |bytes| record::processes(bytes).next().transpose();
                self.once(&self.cache.cells.record, &Question::Process(self.pid), first)?.ok_or_else(gone)?
            }
        };
        match self.start {
            Some(start) if start != stamp(record)? => Err(gone()),
            _ => Ok(record),
        }
    }

    /// The counters of the task. The kernel refuses those of other users' processes.
    pub(super) fn task(&self) -> Result<Task<'_>> {
        self.once(&self.cache.cells.task, &Question::Info(Flavor::Task, self.pid), Task::new)
    }

    /// The usage of the process.
    pub(super) fn usage(&self) -> Result<record::Usage<'_>> {
        self.once(&self.cache.cells.usage, &Question::Usage(self.pid), record::Usage::new)
    }

    /// The list of descriptors.
    pub(super) fn files(&self) -> Result<&[u8]> {
        self.once(&self.cache.cells.files, &Question::Info(Flavor::Files, self.pid), Ok)
    }

    /// What the process was started with. The kernel refuses that of other users' processes, by an error that says
    /// nothing, and that of zombies by the same.
    pub(super) fn arguments(&self) -> Result<Arguments<'_>> {
        let question = Question::Arguments(self.pid);
        let answer = cached(&self.cache.cells.arguments, || self.source.ask(&question));
        let bytes = match answer {
            Err(error) if error.errno().is_some_and(|errno| REFUSED.contains(&errno)) => {
                let zombie = self.record()?.stat() == record::stat::SZOMB;
                return Err(error.with_kind(if zombie { ErrorKind::ZombieProcess } else { ErrorKind::AccessDenied }));
            }
            bytes => bytes?,
        };
        parsed(&question, bytes, record::arguments)
    }
}
