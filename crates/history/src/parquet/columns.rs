//! The samples of a chunk as columns: a sample is put together when it is needed.
//!
//! A chunk has 60 samples, and an instant needs one of them.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use parquet::data_type::ByteArray;

use super::close::{JUMP, SEQUENCE};
use super::table::Reader;
use crate::cell::{Kind, NULL};
use crate::facts::Facts;
use crate::log::invalid;
use crate::machine::{Key, Machine, NamedText};
use crate::sample::{Head, Header, Process, Sample};
use crate::text::unescaped;

/// The samples of a row group of `system`, with the row groups of `samples` of the same time.
#[derive(Debug)]
pub(crate) struct Columns {
    header: Arc<Header>,
    facts: Arc<HashMap<u64, Arc<Facts>>>,
    /// The samples, by time.
    pub(crate) heads: Vec<Head>,
    numbers: Numbers,
    /// The texts of the machine, by the time from which on they are valid.
    texts: BTreeMap<i64, Vec<NamedText>>,
    processes: Vec<Processes>,
}

/// The rows of `system` that hold a number of the machine.
#[derive(Debug, Default)]
struct Numbers {
    times: Vec<i64>,
    names: Vec<Option<ByteArray>>,
    devices: Vec<Option<ByteArray>>,
    values: Vec<i64>,
    reals: Vec<i64>,
}

/// A row group of `samples`.
#[derive(Debug)]
struct Processes {
    times: Vec<i64>,
    ids: Vec<i64>,
    cells: Vec<Vec<i64>>,
}

/// The rows that were taken at a time.
fn rows(times: &[i64], time: i64) -> impl Iterator<Item = usize> + '_ {
    times.iter().enumerate().filter(move |(_, taken)| **taken == time).map(|(row, _)| row)
}

fn number(column: &[i64], row: usize) -> i64 {
    column.get(row).copied().unwrap_or(NULL)
}

fn text(column: &[Option<ByteArray>], row: usize) -> Option<&[u8]> {
    column.get(row)?.as_ref().map(ByteArray::data)
}

fn name(numbers: &Numbers, row: usize) -> io::Result<&str> {
    let name = text(&numbers.names, row).and_then(|name| std::str::from_utf8(name).ok());
    name.ok_or_else(|| invalid("a number has no name"))
}

impl Columns {
    /// Reads the machine of a row group. The processes are added later.
    pub(super) fn of_machine(
        header: &Arc<Header>,
        facts: &Arc<HashMap<u64, Arc<Facts>>>,
        system: &Reader,
        group: usize,
    ) -> io::Result<Self> {
        let numbers = Numbers {
            times: system.numbers(group, "time")?,
            names: system.texts(group, "name")?,
            devices: system.texts(group, "device")?,
            values: system.numbers(group, "value")?,
            reals: system.numbers(group, "real")?,
        };
        let of_texts = system.texts(group, "text")?;
        let mut heads: BTreeMap<i64, Head> = BTreeMap::new();
        let mut texts: BTreeMap<i64, Vec<NamedText>> = BTreeMap::new();
        for (row, time) in numbers.times.iter().copied().enumerate() {
            let name = name(&numbers, row)?;
            if let Some(value) = text(&of_texts, row) {
                let device = text(&numbers.devices, row).map(unescaped).unwrap_or_default();
                texts.entry(time).or_default().push((name.to_owned(), device, unescaped(value)));
            }
            let head = heads.entry(time).or_insert(Head { time, sequence: 0, jump: 0 });
            match name {
                SEQUENCE => head.sequence = u64::try_from(number(&numbers.values, row)).unwrap_or(0),
                JUMP => head.jump = number(&numbers.values, row),
                _ => {}
            }
        }
        let (header, facts) = (Arc::clone(header), Arc::clone(facts));
        Ok(Self { header, facts, heads: heads.into_values().collect(), numbers, texts, processes: Vec::new() })
    }

    /// Reads the processes of a row group.
    pub(super) fn add_processes(&mut self, samples: &Reader, group: usize) -> io::Result<()> {
        let (times, ids) = (samples.numbers(group, "time")?, samples.numbers(group, "process")?);
        let mut cells = Vec::with_capacity(self.header.columns.len());
        for column in &self.header.columns {
            cells.push(match &column.kind {
                Kind::Name(names) => {
                    let texts = samples.texts(group, &column.name)?;
                    let place = |text: &ByteArray| names.iter().position(|name| name.as_bytes() == text.data());
                    let cell = |text: &Option<ByteArray>| i64::try_from(place(text.as_ref()?)?).ok();
                    texts.iter().map(|text| cell(text).unwrap_or(NULL)).collect()
                }
                _ => samples.numbers(group, &column.name)?,
            });
        }
        self.processes.push(Processes { times, ids, cells });
        Ok(())
    }

    /// Puts a sample together.
    pub(crate) fn sample(&self, place: usize) -> io::Result<Sample> {
        let Head { time, sequence, jump } = *self.heads.get(place).ok_or_else(|| invalid("a sample is missing"))?;
        let mut processes = Vec::new();
        for group in &self.processes {
            for row in rows(&group.times, time) {
                let id = u64::try_from(number(&group.ids, row)).map_err(|_| invalid("a process has no number"))?;
                let facts = self.facts.get(&id).ok_or_else(|| invalid("a process has no facts"))?;
                let cells = group.cells.iter().map(|column| number(column, row)).collect();
                processes.push(Process { id, facts: Arc::clone(facts), cells });
            }
        }
        let machine = Arc::new(self.machine(time)?);
        Ok(Sample { header: Arc::clone(&self.header), sequence, time, jump, machine, processes })
    }

    /// Puts a machine together.
    fn machine(&self, time: i64) -> io::Result<Machine> {
        let mut machine = Machine::default();
        for row in rows(&self.numbers.times, time) {
            let name = name(&self.numbers, row)?;
            let (value, real) = (number(&self.numbers.values, row), number(&self.numbers.reals, row));
            // A row without a number is a text.
            if matches!(name, SEQUENCE | JUMP) || (value == NULL && real == NULL) {
                continue;
            }
            let device = text(&self.numbers.devices, row).map(unescaped).unwrap_or_default();
            machine.keys.push(Key { name: name.to_owned(), device, real: value == NULL });
            machine.cells.push(if value == NULL { real } else { value });
        }
        if let Some((_, texts)) = self.texts.range(..=time).next_back() {
            machine.texts.clone_from(texts);
        }
        Ok(machine)
    }
}
