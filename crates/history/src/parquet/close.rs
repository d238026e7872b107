//! Makes the tables of a segment from its log.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::table::{Type, Values, Writer};
use super::{checksum, create, write_checksums};
use crate::cell::{Column, Kind, NULL};
use crate::facts::{Facts, NUMBERS, TEXTS};
use crate::log::Log;
use crate::machine::{Key, NamedText};
use crate::sample::{Header, Sample};
use crate::store::{CHECKSUMS, Files, Segment, Store, TABLES, parquet_name, sync_folder};

/// The rows of a group are no more than this, where there are many processes.
const ROWS: usize = 200_000;

/// The names of a sample's number and of the jump of its clock in the table `system`.
pub(super) const SEQUENCE: &str = "sample.sequence";
pub(super) const JUMP: &str = "sample.jump";

/// The type of a column of processes.
pub(super) fn type_of(column: &Column) -> Type {
    match column.kind {
        Kind::Int | Kind::Span => Type::Int,
        Kind::Time => Type::Micros,
        Kind::Real => Type::Real,
        Kind::Name(_) => Type::Text,
    }
}

fn samples_columns(header: &Header) -> Vec<(String, Type)> {
    let first = [("host", Type::Text), ("time", Type::Millis), ("process", Type::Id), ("pid", Type::Id)];
    let first = first.into_iter().map(|(name, kind)| (name.to_owned(), kind));
    first.chain(header.columns.iter().map(|column| (column.name.clone(), type_of(column)))).collect()
}

fn processes_columns() -> Vec<(String, Type)> {
    let first = [
        ("host", Type::Text),
        ("process", Type::Id),
        ("pid", Type::Id),
        ("start", Type::Id),
        ("first", Type::Millis),
        ("last", Type::Millis),
        ("cmdline", Type::Texts),
    ];
    let number = |name: &'static str| (name, if name == "create_time" { Type::Micros } else { Type::Int });
    let texts = TEXTS.into_iter().map(|name| (name, Type::Text));
    let all = first.into_iter().chain(texts).chain(NUMBERS.into_iter().map(number));
    all.map(|(name, kind)| (name.to_owned(), kind)).collect()
}

fn system_columns() -> Vec<(String, Type)> {
    let columns = [
        ("host", Type::Text),
        ("time", Type::Millis),
        ("name", Type::Text),
        ("device", Type::Text),
        ("value", Type::Int),
        ("real", Type::Real),
        ("text", Type::Text),
    ];
    columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec()
}

/// The tables while they are written.
struct Tables {
    header: Arc<Header>,
    samples: Writer,
    processes: Writer,
    system: Writer,
    /// The facts of each process, and when it was first and last seen.
    facts: BTreeMap<u64, (Arc<Facts>, i64, i64)>,
}

/// Makes the tables of a log, and removes the log. Returns the closed segment; `None` if the log holds no sample.
pub(crate) fn close(store: &Store, number: u64, log_path: &Path) -> io::Result<Option<Segment>> {
    let log = Log::open(log_path)?;
    let (Some(first), Some(last)) = (log.entries.first(), log.entries.last()) else {
        fs::remove_file(log_path)?;
        return Ok(None);
    };
    let name = parquet_name(number, first.time, last.time);
    let folders = TABLES.map(|table| store.0.join(table));
    let half: [PathBuf; 3] = folders.each_ref().map(|folder| folder.join(format!("{name}.tmp")));
    let whole: [PathBuf; 3] = folders.each_ref().map(|folder| folder.join(&name));
    let written = write(&log, &half).and_then(|()| {
        let sums = [checksum(&half[0])?, checksum(&half[1])?, checksum(&half[2])?];
        let checksums = store.0.join(CHECKSUMS);
        write_checksums(&checksums.join(&name), sums)?;
        sync_folder(&checksums)
    });
    if let Err(error) = written {
        // Gives back the room that is missing.
        half.iter().for_each(|path| _ = fs::remove_file(path));
        return Err(error);
    }
    let mut size = 0;
    for ((half, whole), folder) in half.iter().zip(&whole).zip(&folders) {
        size += fs::metadata(half)?.len();
        fs::rename(half, whole)?;
        sync_folder(folder)?;
    }
    fs::remove_file(log_path)?;
    let (start, end) = (first.time.div_euclid(1000) * 1000, Some(last.time));
    Ok(Some(Segment { number, start, end, files: Files::Parquet(whole), size }))
}

/// Writes samples of one header as three tables in a folder.
pub(crate) struct Export {
    tables: Tables,
    group: Vec<Sample>,
    rows: usize,
}

impl Export {
    /// Begins the tables `samples`, `processes` and `system`, whose names end in `suffix`.
    pub(crate) fn new(folder: &Path, suffix: &str, header: &Arc<Header>) -> io::Result<Self> {
        let paths = TABLES.map(|table| folder.join(format!("{table}{suffix}.parquet")));
        Ok(Self { tables: Tables::new(header, &paths)?, group: Vec::new(), rows: 0 })
    }

    /// Adds a sample.
    pub(crate) fn add(&mut self, sample: &Sample) -> io::Result<()> {
        self.rows += sample.processes.len();
        self.group.push(sample.clone());
        if self.rows >= ROWS || self.group.len() >= 60 {
            self.tables.group(&std::mem::take(&mut self.group))?;
            self.rows = 0;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.tables.group(&self.group)?;
        self.tables.finish()
    }
}

fn write(log: &Log, paths: &[PathBuf; 3]) -> io::Result<()> {
    let mut tables = Tables::new(&log.header, paths)?;
    let mut keys = log.entries.iter().enumerate().filter(|(_, entry)| entry.is_key).map(|(place, _)| place).peekable();
    while let Some(key) = keys.next() {
        let end = keys.peek().copied().unwrap_or(log.entries.len());
        let mut group = Vec::new();
        let mut rows = 0;
        // What follows a malformed sample is not known.
        for sample in log.play(key).take(end - key).map_while(Result::ok) {
            rows += sample.processes.len();
            group.push(sample);
            if rows >= ROWS {
                tables.group(&std::mem::take(&mut group))?;
                rows = 0;
            }
        }
        tables.group(&group)?;
    }
    tables.finish()
}

impl Tables {
    fn new(header: &Arc<Header>, [samples, processes, system]: &[PathBuf; 3]) -> io::Result<Self> {
        let json = header.to_json();
        Ok(Self {
            samples: Writer::new(create(samples)?, "samples", &samples_columns(header), &json)?,
            processes: Writer::new(create(processes)?, "processes", &processes_columns(), &json)?,
            system: Writer::new(create(system)?, "system", &system_columns(), &json)?,
            header: Arc::clone(header),
            facts: BTreeMap::new(),
        })
    }

    /// Writes samples as a row group of each table.
    fn group(&mut self, samples: &[Sample]) -> io::Result<()> {
        if samples.is_empty() {
            return Ok(());
        }
        self.system(samples)?;
        let mut rows = Vec::new();
        for sample in samples {
            for process in &sample.processes {
                let seen = self.facts.entry(process.id);
                let (_, _, last) = seen.or_insert_with(|| (Arc::clone(&process.facts), sample.time, sample.time));
                *last = sample.time;
                rows.push((process.id, sample.time, process));
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        // One process after the other: its numbers are alike.
        rows.sort_unstable_by_key(|(id, time, _)| (*id, *time));
        let signed = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
        let mut columns = vec![
            self.host(rows.len()),
            Values::Int(rows.iter().map(|(_, time, _)| *time).collect()),
            Values::Int(rows.iter().map(|(id, ..)| signed(*id)).collect()),
            Values::Int(rows.iter().map(|(.., process)| i64::from(process.facts.pid)).collect()),
        ];
        for (place, column) in self.header.columns.iter().enumerate() {
            let cells = rows.iter().map(|(.., process)| process.cells.get(place).copied().unwrap_or(NULL));
            columns.push(match &column.kind {
                Kind::Name(names) => {
                    let name = |cell: i64| names.get(usize::try_from(cell).ok()?).map(|name| name.clone().into_bytes());
                    Values::Text(cells.map(name).collect())
                }
                Kind::Real => Values::Real(cells.collect()),
                _ => Values::Int(cells.collect()),
            });
        }
        self.samples.write(columns)
    }

    /// Writes the machine: one number after the other, then the texts where they changed.
    fn system(&mut self, samples: &[Sample]) -> io::Result<()> {
        let mut places: BTreeMap<&Key, usize> = BTreeMap::new();
        let mut numbers = Vec::new();
        for sample in samples {
            for (key, cell) in sample.machine.keys.iter().zip(&sample.machine.cells) {
                let next = places.len();
                numbers.push((*places.entry(key).or_insert(next), sample.time, key, *cell));
            }
        }
        numbers.sort_by_key(|(place, time, ..)| (*place, *time));
        let mut columns = System::default();
        for sample in samples {
            columns.push(sample.time, SEQUENCE, b"", (i64::try_from(sample.sequence).unwrap_or(i64::MAX), NULL), None);
        }
        for sample in samples {
            columns.push(sample.time, JUMP, b"", (sample.jump, NULL), None);
        }
        for (_, time, key, cell) in numbers {
            columns.push(time, &key.name, &key.device, if key.real { (NULL, cell) } else { (cell, NULL) }, None);
        }
        let mut before: Option<&[NamedText]> = None;
        for sample in samples {
            let texts = sample.machine.texts.as_slice();
            if before != Some(texts) {
                for (name, device, text) in texts {
                    columns.push(sample.time, name, device, (NULL, NULL), Some(text.clone()));
                }
            }
            before = Some(texts);
        }
        let host = self.host(columns.times.len());
        self.system.write(vec![
            host,
            Values::Int(columns.times),
            Values::Text(columns.names),
            Values::Text(columns.devices),
            Values::Int(columns.values),
            Values::Real(columns.reals),
            Values::Text(columns.texts),
        ])
    }

    fn host(&self, rows: usize) -> Values {
        Values::Text(vec![Some(self.header.host.clone().into_bytes()); rows])
    }

    fn finish(mut self) -> io::Result<()> {
        let facts = std::mem::take(&mut self.facts);
        if !facts.is_empty() {
            let signed = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
            let all = || facts.values().map(|(facts, ..)| facts);
            let mut columns = vec![
                self.host(facts.len()),
                Values::Int(facts.keys().map(|id| signed(*id)).collect()),
                Values::Int(all().map(|facts| i64::from(facts.pid)).collect()),
                Values::Int(all().map(|facts| facts.start.map_or(NULL, signed)).collect()),
                Values::Int(facts.values().map(|(_, first, _)| *first).collect()),
                Values::Int(facts.values().map(|(.., last)| *last).collect()),
                Values::Texts(all().map(|facts| facts.cmdline.clone()).collect()),
            ];
            for place in 0..TEXTS.len() {
                columns.push(Values::Text(all().map(|facts| facts.texts.get(place).cloned().flatten()).collect()));
            }
            for place in 0..NUMBERS.len() {
                columns
                    .push(Values::Int(all().map(|facts| facts.numbers.get(place).copied().unwrap_or(NULL)).collect()));
            }
            self.processes.write(columns)?;
        }
        self.samples.finish()?;
        self.processes.finish()?;
        self.system.finish()
    }
}

/// The columns of the table `system`, without the host.
#[derive(Default)]
struct System {
    times: Vec<i64>,
    names: Vec<Option<Vec<u8>>>,
    devices: Vec<Option<Vec<u8>>>,
    values: Vec<i64>,
    reals: Vec<i64>,
    texts: Vec<Option<Vec<u8>>>,
}

impl System {
    fn push(&mut self, time: i64, name: &str, device: &[u8], (value, real): (i64, i64), text: Option<Vec<u8>>) {
        self.times.push(time);
        self.names.push(Some(name.as_bytes().to_vec()));
        self.devices.push((!device.is_empty()).then(|| device.to_vec()));
        self.values.push(value);
        self.reals.push(real);
        self.texts.push(text);
    }
}
