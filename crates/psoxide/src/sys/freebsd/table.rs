//! The table of processes, and the records of one process.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use psoxide_parse::freebsd::file::{self, File};
use psoxide_parse::freebsd::process::{self as record, Process};
use psoxide_parse::freebsd::unsigned;

use super::calls::{Aspect, Question};
use super::source::{Source, stamp_of};
use super::{Freebsd, Handle};
use crate::sys::{self, Scope};
use crate::{Error, Pid, Result};

/// All processes of one moment, in one answer.
#[derive(Debug)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// Where the record of each process begins, sorted by pid.
    places: Vec<(Pid, usize)>,
    boot: Duration,
}

impl Table {
    /// Asks for the processes: one question, and one more for the boot time if that may have moved.
    pub(super) fn read(source: &Source) -> Result<Self> {
        let bytes = source.ask(&Question::Processes)?;
        let mut places = Vec::new();
        let mut kernel_start = None;
        let mut at = 0usize;
        for process in record::processes(&bytes) {
            let process = process.map_err(|error| Error::from(error).with_question(Question::Processes.to_string()))?;
            let pid = unsigned(process.pid(), "ki_pid")?;
            if pid == 0 {
                kernel_start = Some(process.start().duration("ki_start")?);
            }
            places.push((pid, at));
            at = at.saturating_add(process.structsize().unsigned_abs() as usize);
        }
        places.sort_unstable();
        places.dedup_by_key(|(pid, _)| *pid);
        Ok(Self { boot: source.boot_of(kernel_start)?, bytes, places })
    }

    pub(super) fn pids(&self) -> Vec<Pid> {
        self.places.iter().map(|(pid, _)| *pid).collect()
    }

    /// The record of a process.
    pub(super) fn get(&self, pid: Pid) -> Option<Process<'_>> {
        let place = self.places.binary_search_by_key(&pid, |(pid, _)| *pid).ok()?;
        let (_, at) = self.places.get(place)?;
        Process::new(self.bytes.get(*at..)?).ok()
    }

    /// The records, by pid.
    pub(super) fn processes(&self) -> impl Iterator<Item = Process<'_>> {
        self.places.iter().filter_map(|(_, at)| Process::new(self.bytes.get(*at..)?).ok())
    }

    pub(super) fn stamp(&self, process: Process<'_>) -> Result<u64> {
        Ok(stamp_of(process.start().duration("ki_start")?, self.boot))
    }
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
    arguments: OnceLock<Vec<u8>>,
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

impl sys::Handle<'_, Freebsd> {
    /// The record of this very process, from the table of the pass or by a question of its own.
    pub(super) fn record(&self) -> Result<Process<'_>> {
        self.record_and_stamp(false).map(|(record, _)| record)
    }

    /// The record with its start stamp.
    pub(super) fn stamped_record(&self) -> Result<(Process<'_>, u64)> {
        self.record_and_stamp(true)
    }

    /// The record, of which the start stamp is the one that the handle insists on. The stamp costs another question where
    /// the handle insists on none, so it is 0 unless `wants_stamp`.
    fn record_and_stamp(&self, wants_stamp: bool) -> Result<(Process<'_>, u64)> {
        let gone = || Error::no_such_process(self.pid);
        if let Some(pass) = &self.cache.pass {
            let table = pass.table(self.source)?;
            let record = table.get(self.pid).ok_or_else(gone)?;
            let stamp = table.stamp(record)?;
            return if self.start.is_none_or(|start| start == stamp) { Ok((record, stamp)) } else { Err(gone()) };
        }
        let question = Question::Process(Aspect::Record, self.pid);
        let bytes = cached(&self.cache.record, || self.source.ask(&question))?;
        let record = record::process(bytes).map_err(|error| Error::from(error).with_question(question.to_string()))?;
        let record = record.ok_or_else(gone)?;
        let started = record.start().duration("ki_start")?;
        match self.start {
            Some(start) if self.source.has_stamp(started, start)? => Ok((record, start)),
            Some(_) => Err(gone()),
            None if wants_stamp => Ok((record, stamp_of(started, self.source.boot()?))),
            None => Ok((record, 0)),
        }
    }

    /// The argument block.
    pub(super) fn arguments(&self) -> Result<&[u8]> {
        cached(&self.cache.arguments, || self.source.ask(&Question::Process(Aspect::Arguments, self.pid)))
            .map(Vec::as_slice)
    }

    /// The open files, and what the process uses without a descriptor.
    pub(super) fn open_files_of(&self) -> Result<impl Iterator<Item = Result<File<'_>>>> {
        let question = Question::Process(Aspect::Files, self.pid);
        let bytes = cached(&self.cache.files, || self.source.ask(&question))?;
        Ok(file::files(bytes)
            .map(move |file| file.map_err(|error| Error::from(error).with_question(question.to_string()))))
    }

    /// Asks something about the process, and parses the answer.
    pub(super) fn ask<T>(&self, aspect: Aspect, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        self.source.read(&Question::Process(aspect, self.pid), parse)
    }
}

/// The process and a reading of its record.
pub(super) fn of_record<T>(process: &Handle<'_>, read: impl FnOnce(Process<'_>) -> Result<T>) -> Result<T> {
    read(process.record()?)
}
