//! The table of processes, and the records of one process.

use std::sync::{Arc, OnceLock};

use psoxide_parse::macos::process::{self as record, Arguments, Process, Task};

use super::Macos;
use super::calls::{Flavor, Question};
use super::source::Source;
use crate::sys::{self, Scope};
use crate::{Error, ErrorKind, Pid, Result};

/// `EINVAL` and `EIO`, by which the kernel refuses the arguments of a process.
const REFUSED: [i32; 2] = [22, 5];

/// All processes of one moment, in one answer.
#[derive(Debug)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// Where the record of each process begins, sorted by pid.
    places: Vec<(Pid, usize)>,
}

impl Table {
    pub(super) fn read(source: &Source) -> Result<Self> {
        let bytes = source.ask(&Question::Processes)?;
        let mut places = Vec::new();
        for (number, process) in record::processes(&bytes).enumerate() {
            let process = process.map_err(|error| Error::from(error).with_question(Question::Processes.to_string()))?;
            places.push((pid_of(process)?, number.saturating_mul(Process::SIZE)));
        }
        places.sort_unstable();
        places.dedup_by_key(|(pid, _)| *pid);
        Ok(Self { bytes, places })
    }

    pub(super) fn pids(&self) -> Vec<Pid> {
        self.places.iter().map(|(pid, _)| *pid).collect()
    }

    fn get(&self, pid: Pid) -> Option<Process<'_>> {
        let place = self.places.binary_search_by_key(&pid, |(pid, _)| *pid).ok()?;
        let (_, at) = self.places.get(place)?;
        Process::new(self.bytes.get(*at..)?).ok()
    }

    /// The records, by pid.
    pub(super) fn processes(&self) -> impl Iterator<Item = Process<'_>> {
        self.places.iter().filter_map(|(_, at)| Process::new(self.bytes.get(*at..)?).ok())
    }
}

/// The pid of a record.
pub(super) fn pid_of(process: Process<'_>) -> Result<Pid> {
    Ok(psoxide_parse::freebsd::unsigned(process.pid(), "p_pid")?)
}

/// The start stamp: microseconds since 1970 by the clock as it was when the process began, which the kernel never corrects.
pub(super) fn stamp(process: Process<'_>) -> Result<u64> {
    Ok(u64::try_from(process.start()?.as_micros()).unwrap_or(u64::MAX))
}

/// What all processes of one pass share.
#[derive(Debug)]
pub(crate) struct Pass {
    /// Whether all or most processes will be read, so that the table is worth its price.
    whole: bool,
    table: OnceLock<Table>,
}

impl Pass {
    pub(super) fn new(scope: Scope) -> Self {
        Self { whole: !matches!(scope, Scope::Some), table: OnceLock::new() }
    }

    pub(super) fn table(&self, source: &Source) -> Result<&Table> {
        cached(&self.table, || Table::read(source))
    }
}

/// What several readings of one process share: a cell for each question.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    pass: Option<Arc<Pass>>,
    record: OnceLock<Vec<u8>>,
    task: OnceLock<Vec<u8>>,
    arguments: OnceLock<Vec<u8>>,
    usage: OnceLock<Vec<u8>>,
    files: OnceLock<Vec<u8>>,
}

impl Cache {
    pub(super) fn in_pass(pass: &Arc<Pass>) -> Self {
        Self { pass: pass.whole.then(|| Arc::clone(pass)), ..Self::default() }
    }
}

/// What `cell` holds, or what `read` returns. An error is not kept.
fn cached<T>(cell: &OnceLock<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = read()?;
    Ok(cell.get_or_init(|| value))
}

impl sys::Handle<'_, Macos> {
    /// The record of this very process, from the table of the pass or by a question of its own.
    pub(super) fn record(&self) -> Result<Process<'_>> {
        let gone = || Error::no_such_process(self.pid);
        let record = match &self.cache.pass {
            Some(pass) => pass.table(self.source)?.get(self.pid).ok_or_else(gone)?,
            None => {
                let question = Question::Process(self.pid);
                let bytes = cached(&self.cache.record, || self.source.ask(&question))?;
                let record = record::processes(bytes).next().ok_or_else(gone)?;
                record.map_err(|error| Error::from(error).with_question(question.to_string()))?
            }
        };
        match self.start {
            Some(start) if start != stamp(record)? => Err(gone()),
            _ => Ok(record),
        }
    }

    /// The counters of the task. The kernel refuses those of other users' processes.
    pub(super) fn task(&self) -> Result<Task<'_>> {
        self.cell(&self.cache.task, Question::Info(Flavor::Task, self.pid), Task::new)
    }

    /// The usage of the process.
    pub(super) fn usage(&self) -> Result<record::Usage<'_>> {
        self.cell(&self.cache.usage, Question::Usage(self.pid), record::Usage::new)
    }

    /// The list of descriptors.
    pub(super) fn files(&self) -> Result<&[u8]> {
        self.cell(&self.cache.files, Question::Info(Flavor::Files, self.pid), Ok)
    }

    fn cell<'a, T>(
        &self,
        cell: &'a OnceLock<Vec<u8>>,
        question: Question,
        parse: impl FnOnce(&'a [u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        let bytes = cached(cell, || self.source.ask(&question))?;
        parse(bytes).map_err(|error| Error::from(error).with_question(question.to_string()))
    }

    /// What the process was started with. The kernel refuses that of other users' processes, by an error that says
    /// nothing, and that of zombies by the same.
    pub(super) fn arguments(&self) -> Result<Arguments<'_>> {
        let question = Question::Arguments(self.pid);
        let answer = cached(&self.cache.arguments, || self.source.ask(&question));
        let bytes = match answer {
            Err(error) if error.errno().is_some_and(|errno| REFUSED.contains(&errno)) => {
                let zombie = self.record()?.stat() == record::stat::SZOMB;
                return Err(error.with_kind(if zombie { ErrorKind::ZombieProcess } else { ErrorKind::AccessDenied }));
            }
            bytes => bytes?,
        };
        record::arguments(bytes).map_err(|error| Error::from(error).with_question(question.to_string()))
    }
}
