//! Reads the tables of a segment.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parquet::data_type::ByteArray;

use super::close::SEQUENCE;
use super::columns::Columns;
use super::compare;
use super::table::Reader;
use crate::cell::NULL;
use crate::facts::{Facts, NUMBERS, TEXTS};
use crate::log::invalid;
use crate::sample::Header;
use crate::store::{CHECKSUMS, SEQUENCES};
use crate::text::unescaped;

/// The tables of a segment.
#[derive(Debug)]
pub(crate) struct Closed {
    number: u64,
    header: Arc<Header>,
    samples: Reader,
    system: Reader,
    facts: Arc<HashMap<u64, Arc<Facts>>>,
}

impl Closed {
    pub(crate) fn open(number: u64, paths: &[PathBuf; 3]) -> io::Result<Self> {
        let [samples, processes, system] = paths;
        let folder = samples.parent().and_then(|folder| folder.parent());
        if let (Some(folder), Some(name)) = (folder, samples.file_name()) {
            compare(&folder.join(CHECKSUMS).join(name), paths)?;
        }
        let samples = Reader::open(samples)?;
        let header = samples.header().and_then(|header| Header::from_json(header.as_bytes()));
        let header = header.ok_or_else(|| invalid("the files are of another schema"))?;
        Ok(Self {
            number,
            header: Arc::new(header),
            samples,
            system: Reader::open(system)?,
            facts: Arc::new(facts(&Reader::open(processes)?)?),
        })
    }

    pub(crate) fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The first time of each chunk.
    pub(crate) fn starts(&self) -> Vec<i64> {
        (0..self.system.groups()).map(|group| self.range(group).map_or(i64::MAX, |(start, _)| start)).collect()
    }

    fn range(&self, group: usize) -> Option<(i64, i64)> {
        self.system.range(group, "time")
    }

    /// The number of samples, and the time of the last one.
    pub(crate) fn extent(&self) -> (u64, Option<i64>) {
        let last = self.system.groups().checked_sub(1);
        let end = last.and_then(|group| self.range(group)).map(|(_, end)| end);
        // Samples are numbered without gaps, except where one was lost.
        let sequences = last.and_then(|group| self.system.range(group, "value").map(|_| group));
        let count = sequences.and_then(|group| self.sequences(group).ok()).and_then(|all| all.last().copied());
        let count = count.and_then(|last| u64::try_from(last).ok()).unwrap_or(0);
        (count.saturating_sub(self.number * SEQUENCES), end)
    }

    /// The numbers of the samples of a chunk.
    fn sequences(&self, group: usize) -> io::Result<Vec<i64>> {
        let names = self.system.texts(group, "name")?;
        let values = self.system.numbers(group, "value")?;
        let is_sequence =
            |name: &Option<ByteArray>| name.as_ref().is_some_and(|name| name.data() == SEQUENCE.as_bytes());
        Ok(names.iter().zip(values).filter(|(name, _)| is_sequence(name)).map(|(_, value)| value).collect())
    }

    /// Reads the samples of a chunk.
    pub(crate) fn chunk(&self, place: usize) -> io::Result<Columns> {
        let mut columns = Columns::of_machine(&self.header, &self.facts, &self.system, place)?;
        if let Some((start, end)) = self.range(place) {
            for group in 0..self.samples.groups() {
                let is_of = |(first, last): (i64, i64)| first <= end && last >= start;
                if self.samples.range(group, "time").is_some_and(is_of) {
                    columns.add_processes(&self.samples, group)?;
                }
            }
        }
        Ok(columns)
    }
}

/// Reads the facts of all processes.
fn facts(table: &Reader) -> io::Result<HashMap<u64, Arc<Facts>>> {
    let mut all = HashMap::new();
    for group in 0..table.groups() {
        let ids = table.numbers(group, "process")?;
        let pids = table.numbers(group, "pid")?;
        let starts = table.numbers(group, "start")?;
        let mut cmdlines = table.lists(group, "cmdline")?.into_iter();
        let mut texts = Vec::new();
        for name in TEXTS {
            texts.push(table.texts(group, name)?.into_iter());
        }
        let mut numbers = Vec::new();
        for name in NUMBERS {
            numbers.push(table.numbers(group, name)?.into_iter());
        }
        for ((id, pid), start) in ids.into_iter().zip(pids).zip(starts) {
            let mut facts = Facts {
                pid: u32::try_from(pid).map_err(|_| invalid("a process has no pid"))?,
                start: u64::try_from(start).ok(),
                numbers: [NULL; NUMBERS.len()],
                cmdline: cmdlines.next().flatten(),
                ..Facts::default()
            };
            facts
                .texts
                .iter_mut()
                .zip(&mut texts)
                .for_each(|(text, column)| *text = column.next().flatten().map(|text| unescaped(text.data())));
            facts
                .numbers
                .iter_mut()
                .zip(&mut numbers)
                .for_each(|(number, column)| *number = column.next().unwrap_or(NULL));
            all.insert(u64::try_from(id).map_err(|_| invalid("a process has no number"))?, Arc::new(facts));
        }
    }
    Ok(all)
}
