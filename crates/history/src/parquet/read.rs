//! Reads samples back from the tables of a segment.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::close::{JUMP, SEQUENCE};
use super::compare;
use super::table::Reader;
use crate::cell::{Kind, NULL};
use crate::facts::{Facts, NUMBERS, TEXTS};
use crate::log::invalid;
use crate::machine::{Key, Machine};
use crate::sample::{Header, Process, Sample};
use crate::store::{CHECKSUMS, SEQUENCES};

/// The tables of a segment.
#[derive(Debug)]
pub(crate) struct Closed {
    number: u64,
    header: Arc<Header>,
    samples: Reader,
    system: Reader,
    facts: HashMap<u64, Arc<Facts>>,
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
            facts: facts(&Reader::open(processes)?)?,
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
        let is_sequence = |name: &Option<Vec<u8>>| name.as_deref() == Some(SEQUENCE.as_bytes());
        Ok(names.iter().zip(values).filter(|(name, _)| is_sequence(name)).map(|(_, value)| value).collect())
    }

    /// Reads the samples of a chunk.
    pub(crate) fn chunk(&self, place: usize) -> io::Result<Vec<Sample>> {
        let Some((start, end)) = self.range(place) else { return Ok(Vec::new()) };
        let mut samples = self.machines(place)?;
        for group in 0..self.samples.groups() {
            let is_of = |(first, last): (i64, i64)| first <= end && last >= start;
            if self.samples.range(group, "time").is_some_and(is_of) {
                self.processes(group, &mut samples)?;
            }
        }
        Ok(samples.into_values().collect())
    }

    /// Reads the machines of a chunk, by time.
    fn machines(&self, group: usize) -> io::Result<BTreeMap<i64, Sample>> {
        let times = self.system.numbers(group, "time")?;
        let names = self.system.texts(group, "name")?;
        let devices = self.system.texts(group, "device")?;
        let values = self.system.numbers(group, "value")?;
        let reals = self.system.numbers(group, "real")?;
        let texts = self.system.texts(group, "text")?;
        let mut samples: BTreeMap<i64, (Sample, Machine)> = BTreeMap::new();
        let rows = times.into_iter().zip(names).zip(devices).zip(values).zip(reals).zip(texts);
        for (((((time, name), device), value), real), text) in rows {
            let name =
                name.and_then(|name| String::from_utf8(name).ok()).ok_or_else(|| invalid("a number has no name"))?;
            let (sample, machine) = samples.entry(time).or_insert_with(|| {
                let (header, machine) = (Arc::clone(&self.header), Arc::default());
                (Sample { header, sequence: 0, time, jump: 0, machine, processes: Vec::new() }, Machine::default())
            });
            let device = device.unwrap_or_default();
            match (name.as_str(), text) {
                (SEQUENCE, _) => sample.sequence = u64::try_from(value).unwrap_or(0),
                (JUMP, _) => sample.jump = value,
                (_, Some(text)) => machine.texts.push((name, device, text)),
                _ => {
                    let is_real = value == NULL;
                    machine.keys.push(Key { name, device, real: is_real });
                    machine.cells.push(if is_real { real } else { value });
                }
            }
        }
        let mut texts = Vec::new();
        let whole = samples.into_iter().map(|(time, (sample, mut machine))| {
            // Written where they changed.
            if machine.texts.is_empty() {
                machine.texts.clone_from(&texts);
            } else {
                texts.clone_from(&machine.texts);
            }
            (time, Sample { machine: Arc::new(machine), ..sample })
        });
        Ok(whole.collect())
    }

    /// Adds the processes of a row group to their samples.
    fn processes(&self, group: usize, samples: &mut BTreeMap<i64, Sample>) -> io::Result<()> {
        let times = self.samples.numbers(group, "time")?;
        let ids = self.samples.numbers(group, "process")?;
        let mut columns = Vec::with_capacity(self.header.columns.len());
        for column in &self.header.columns {
            let cells = match &column.kind {
                Kind::Name(names) => {
                    let texts = self.samples.texts(group, &column.name)?;
                    let place = |text: &[u8]| names.iter().position(|name| name.as_bytes() == text);
                    let cell = |text: Option<Vec<u8>>| {
                        text.as_deref().and_then(place).and_then(|place| i64::try_from(place).ok())
                    };
                    texts.into_iter().map(|text| cell(text).unwrap_or(NULL)).collect()
                }
                _ => self.samples.numbers(group, &column.name)?,
            };
            columns.push(cells.into_iter());
        }
        for (time, id) in times.into_iter().zip(ids) {
            let cells: Vec<i64> = columns.iter_mut().map(|cells| cells.next().unwrap_or(NULL)).collect();
            let id = u64::try_from(id).map_err(|_| invalid("a process has no number"))?;
            let facts = self.facts.get(&id).ok_or_else(|| invalid("a process has no facts"))?;
            // A sample of another chunk.
            let Some(sample) = samples.get_mut(&time) else { continue };
            sample.processes.push(Process { id, facts: Arc::clone(facts), cells });
        }
        Ok(())
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
            facts.texts.iter_mut().zip(&mut texts).for_each(|(text, column)| *text = column.next().flatten());
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
