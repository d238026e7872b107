//! The table of processes, and the records of one process.

use std::sync::OnceLock;
use std::time::Duration;

use psoxide_parse::freebsd::unsigned;
use psoxide_parse::macos::file::{self, Descriptor};
use psoxide_parse::macos::process::{self as record, Arguments, Process, Task};

use super::calls::{Flavor, Question};
use super::{Macos, Source};
use crate::sys;
use crate::sys::bsd::machine::{cached, parsed, readable};
use crate::sys::bsd::records::{Place, Records};
use crate::{Error, ErrorKind, Result};

/// `EINVAL` and `EIO`: the kernel refuses the arguments of a process.
const REFUSED: [i32; 2] = [22, 5];

/// Reads all processes of one moment, in one answer.
pub(super) fn read(source: &Source) -> Result<Records> {
    let bytes = source.ask(&Question::Processes)?;
    let places = parsed(&Question::Processes, &bytes, |bytes| {
        readable(record::processes(bytes).enumerate().map(|(number, process)| {
            let process = process?;
            let pid = unsigned(process.pid(), "p_pid")?;
            Ok(Place { pid, stamp: micros(process.start()?), at: number.saturating_mul(Process::SIZE) })
        }))
    })?;
    Ok(Records::new(bytes, places))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A cell for each question about one process.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    record: OnceLock<Vec<u8>>,
    task: Cell,
    arguments: Cell,
    usage: Cell,
    files: Cell,
}

/// An answer, or the refusal of one. Other errors are not kept.
type Cell = OnceLock<Result<Vec<u8>>>;

impl sys::Handle<'_, Macos> {
    /// The record of this very process, from the table of the pass or by a question of its own.
    pub(super) fn record(&self) -> Result<Process<'_>> {
        let (record, question) = self.record_of_pid()?;
        if self.start.is_some() {
            self.start_in(record, &question)?;
        }
        Ok(record)
    }

    /// When the process started, since 1970 by the clock as it was then, which the kernel never corrects.
    pub(super) fn started(&self) -> Result<Duration> {
        let (record, question) = self.record_of_pid()?;
        self.start_in(record, &question)
    }

    /// When the process of a record started. Fails if it is another process.
    fn start_in(&self, record: Process<'_>, question: &Question) -> Result<Duration> {
        let started = parsed(question, &[], |_| record.start())?;
        match self.start {
            Some(start) if start != micros(started) => Err(Error::no_such_process(self.pid)),
            _ => Ok(started),
        }
    }

    /// The start stamp: microseconds since 1970.
    pub(super) fn stamp(&self) -> Result<u64> {
        self.started().map(micros)
    }

    /// The record of the process that has the pid, and the question that it answers.
    fn record_of_pid(&self) -> Result<(Process<'_>, Question)> {
        let gone = || Error::no_such_process(self.pid);
        if let Some(table) = self.table()? {
            let record = table.find(self.pid).and_then(|place| table.record(place, Process::new)).ok_or_else(gone)?;
            return Ok((record, Question::Processes));
        }
        let question = Question::Process(self.pid);
        let first = |bytes| record::processes(bytes).next().transpose();
        let bytes = cached(&self.cache.cells.record, || self.source.ask(&question))?;
        let record = parsed(&question, bytes, first)?.ok_or_else(gone)?;
        Ok((record, question))
    }

    /// Whether the process was a zombie when its record was read. It asks no question.
    fn was_zombie(&self) -> Result<bool> {
        let record = match self.table()? {
            Some(table) => table.find(self.pid).and_then(|place| table.record(place, Process::new)),
            None => self.cache.cells.record.get().and_then(|bytes| Process::new(bytes).ok()),
        };
        Ok(record.is_some_and(|record| record.stat() == record::stat::SZOMB))
    }

    /// The counters of the task. The kernel refuses those of other users' processes.
    pub(super) fn task(&self) -> Result<Task<'_>> {
        let question = Question::Info(Flavor::Task, self.pid);
        let (task, is_other) = self.of_living(&self.cache.cells.task, &question, |bytes| {
            let task = Task::new(bytes)?;
            let start = self.start.map(|start| Ok(start != micros(task.start()?))).transpose()?;
            Ok((task, start.unwrap_or(false)))
        })?;
        // Another process has taken the pid since the record was read.
        if is_other { Err(Error::no_such_process(self.pid)) } else { Ok(task) }
    }

    /// The usage of the process.
    pub(super) fn usage(&self) -> Result<record::Usage<'_>> {
        Ok(record::Usage::new(self.usage_bytes()?)?)
    }

    /// The energy of the process.
    pub(super) fn energy(&self) -> Result<record::Energy<'_>> {
        match self.usage_bytes()? {
            bytes if bytes.len() < record::Energy::SIZE => Err(Error::unsupported("energy")),
            bytes => Ok(record::Energy::new(bytes)?),
        }
    }

    /// Reads proc_pid_rusage(3), also of a zombie, of the latest version that the kernel has.
    fn usage_bytes(&self) -> Result<&[u8]> {
        /// `EINVAL`: kernels before macOS 13 do not have version 6.
        const UNKNOWN_VERSION: i32 = 22;
        let ask = |version| {
            let question = Question::Usage(version, self.pid);
            self.read(&question, |bytes| record::Usage::new(bytes).map(|_| bytes.to_vec()))
        };
        kept(&self.cache.cells.usage, || match ask(6) {
            Err(error) if error.errno() == Some(UNKNOWN_VERSION) => ask(4),
            answer => answer,
        })
    }

    /// A number of the counters of the task, which is never negative.
    pub(super) fn counter(&self, field: &'static str, read: impl FnOnce(Task<'_>) -> i32) -> Result<u64> {
        let question = Question::Info(Flavor::Task, self.pid);
        let task = self.task()?;
        parsed(&question, &[], |_| unsigned(read(task), field).map(u64::from))
    }

    /// The descriptors. The kernel's own process has none.
    pub(super) fn descriptors(&self) -> Result<impl Iterator<Item = Result<Descriptor<'_>>>> {
        let question = Question::Info(Flavor::Files, self.pid);
        let bytes = match self.pid {
            0 => self.record().map(|_| &[][..])?,
            _ => self.of_living(&self.cache.cells.files, &question, Ok)?,
        };
        let named = move |error| Error::from(error).with_question(question.to_string());
        Ok(file::descriptors(bytes).map(move |descriptor| descriptor.map_err(&named)))
    }

    /// Reads what the process was started with. The kernel refuses it for other users' processes and for zombies with the
    /// same error, `EINVAL`.
    pub(super) fn arguments(&self) -> Result<Arguments<'_>> {
        let question = Question::Arguments(self.pid);
        match self.of_living(&self.cache.cells.arguments, &question, record::arguments) {
            Err(error) if is_refusal(&error) => {
                let zombie = self.record()?.stat() == record::stat::SZOMB;
                Err(error.with_kind(if zombie { ErrorKind::ZombieProcess } else { ErrorKind::AccessDenied }))
            }
            arguments => arguments,
        }
    }

    /// Asks once for what a zombie does not have, and parses the answer.
    fn of_living<'a, T>(
        &self,
        cell: &'a Cell,
        question: &Question,
        parse: impl FnOnce(&'a [u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        if self.was_zombie()? {
            return Err(Error::zombie(self.pid));
        }
        let ask = || match question {
            // The answer holds the start of its process, which `task` compares.
            Question::Info(Flavor::Task, _) => self.source.ask(question),
            _ => self.ask(question),
        };
        parsed(question, kept(cell, ask)?, parse)
    }
}

/// What `cell` holds. If the cell is empty, `ask` is called.
fn kept(cell: &Cell, ask: impl FnOnce() -> Result<Vec<u8>>) -> Result<&[u8]> {
    let answer = match cell.get() {
        Some(answer) => answer,
        None => match ask() {
            Err(error) if !error.is_access_denied() && !is_refusal(&error) => return Err(error),
            answer => cell.get_or_init(|| answer),
        },
    };
    answer.as_deref().map_err(Clone::clone)
}

/// Whether the kernel refused the arguments of a process.
fn is_refusal(error: &Error) -> bool {
    error.errno().is_some_and(|errno| REFUSED.contains(&errno))
}
