//! The table of processes, and the records of one process.

use std::sync::OnceLock;

use psoxide_parse::freebsd::file::{self, File};
use psoxide_parse::freebsd::process::{self as record, Process};
use psoxide_parse::freebsd::unsigned;

use super::calls::{Aspect, Question};
use super::{Freebsd, Handle, Source};
use crate::sys;
use crate::sys::bsd::machine::{cached, parsed, readable, stamp_of};
use crate::sys::bsd::records::{Place, Records};
use crate::{Error, Result};

/// Asks for the processes: one question, and one more for the boot time if that may have moved.
pub(super) fn read(source: &Source) -> Result<Records> {
    let bytes = source.ask(&Question::Processes)?;
    let found = parsed(&Question::Processes, &bytes, |bytes| {
        readable(record::located(bytes).map(|found| {
            let (at, process) = found?;
            Ok((unsigned(process.pid(), "ki_pid")?, process.start().duration("ki_start")?, at))
        }))
    })?;
    let kernel_start = found.iter().find(|(pid, ..)| *pid == 0).map(|(_, start, _)| *start);
    let boot = source.boot_of(kernel_start)?;
    let place = |(pid, start, at)| Place { pid, stamp: stamp_of(start, boot), at };
    Ok(Records::new(bytes, found.into_iter().map(place).collect()))
}

/// A cell for each question about one process.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// Where in the table of the pass the record is.
    place: OnceLock<Place>,
    record: OnceLock<Vec<u8>>,
    arguments: OnceLock<Vec<u8>>,
    files: OnceLock<Vec<u8>>,
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
        let (record, stamp) = match self.table()? {
            Some(table) => {
                let place = *cached(&self.cache.cells.place, || table.find(self.pid).ok_or_else(gone))?;
                (table.record(place, Process::new).ok_or_else(gone)?, place.stamp)
            }
            None => {
                let question = Question::Process(Aspect::Record, self.pid);
                let bytes = cached(&self.cache.cells.record, || self.source.ask(&question))?;
                let record = parsed(&question, bytes, record::process)?.ok_or_else(gone)?;
                if self.start.is_none() && !wants_stamp {
                    return Ok((record, 0));
                }
                (record, self.source.stamp(record.start().duration("ki_start")?, self.start, 0)?)
            }
        };
        if self.start.is_none_or(|start| start == stamp) { Ok((record, stamp)) } else { Err(gone()) }
    }

    /// The argument block.
    pub(super) fn arguments(&self) -> Result<&[u8]> {
        let question = Question::Process(Aspect::Arguments, self.pid);
        cached(&self.cache.cells.arguments, || self.ask(&question)).map(Vec::as_slice)
    }

    /// The open files, and what the process uses without a descriptor.
    pub(super) fn open_files_of(&self) -> Result<impl Iterator<Item = Result<File<'_>>>> {
        let question = Question::Process(Aspect::Files, self.pid);
        let bytes = cached(&self.cache.cells.files, || self.ask(&question))?;
        Ok(file::files(bytes)
            .map(move |file| file.map_err(|error| Error::from(error).with_question(question.to_string()))))
    }

    /// Asks something about the process, and parses the answer.
    pub(super) fn aspect<T>(&self, aspect: Aspect, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        self.read(&Question::Process(aspect, self.pid), parse)
    }
}

/// The process and a reading of its record.
pub(super) fn of_record<T>(process: &Handle<'_>, read: impl FnOnce(Process<'_>) -> Result<T>) -> Result<T> {
    read(process.record()?)
}
