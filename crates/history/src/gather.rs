//! Columns of a stretch of time, held in memory: for data frames.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use crate::cell::{Column, Kind, NULL};
use crate::columns::{FIELDS, MISSING, columns};
use crate::export::is_span;
use crate::facts::{Facts, NUMBERS, TEXTS};
use crate::reader::History;
use crate::sample::{Header, Process, Sample};
use crate::text::Text;

/// The values of a column. [`NULL`] stands for a missing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// Whole numbers.
    Int(Vec<i64>),
    /// 0 and 1.
    Bool(Vec<i64>),
    /// Spans, and points in time since 1970, in microseconds.
    Micros(Vec<i64>),
    /// Points in time in milliseconds since 1970.
    Instant(Vec<i64>),
    /// The bits of 64-bit floats.
    Real(Vec<i64>),
    /// The place of each text in a list.
    Text(Vec<i64>, Vec<Text>),
    /// The place of each list of texts in a list.
    Words(Vec<i64>, Vec<Vec<Text>>),
}

/// Where the values of a column come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Host,
    Time,
    Id,
    Pid,
    Start,
    First,
    Last,
    Cmdline,
    Text(usize),
    Number(usize),
    /// A column of the samples.
    Cell,
}

/// Columns that a process has in each table.
const IDENTITY: [(&str, Source); 4] =
    [("host", Source::Host), ("process", Source::Id), ("pid", Source::Pid), ("start", Source::Start)];

/// Texts, each once.
#[derive(Default)]
struct Texts {
    places: HashMap<Text, i64>,
    list: Vec<Text>,
}

impl Texts {
    fn place(&mut self, text: &[u8]) -> i64 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = i64::try_from(self.list.len()).unwrap_or(i64::MAX);
        self.places.insert(text.to_vec(), place);
        self.list.push(text.to_vec());
        place
    }
}

/// A column while it is gathered.
struct Gathered {
    name: String,
    source: Source,
    /// The kind of the numbers, as the headers say it.
    kind: Option<Kind>,
    /// The place in the samples of the present header.
    place: Option<usize>,
    cells: Vec<i64>,
    texts: Texts,
}

/// What one row is about.
struct Row<'a> {
    header: &'a Header,
    time: i64,
    first: i64,
    last: i64,
    id: u64,
    facts: &'a Facts,
    cells: &'a [i64],
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Gathered {
    fn new(name: &str, source: Source) -> Self {
        let texts = Texts::default();
        Self { name: name.to_owned(), source, kind: None, place: None, cells: Vec::new(), texts }
    }

    fn find(&mut self, header: &[Column]) {
        self.place = header.iter().position(|column| self.source == Source::Cell && column.name == self.name);
        if let Some(column) = self.place.and_then(|place| header.get(place)) {
            self.kind = Some(column.kind.clone());
        }
    }

    fn push(&mut self, row: &Row<'_>) {
        let cell = match self.source {
            Source::Host => self.texts.place(row.header.host.as_bytes()),
            Source::Time => row.time,
            Source::First => row.first,
            Source::Last => row.last,
            Source::Id => signed(row.id),
            Source::Pid => i64::from(row.facts.pid),
            Source::Start => row.facts.start.map_or(NULL, signed),
            // No text holds what separates the words.
            Source::Cmdline => row.facts.cmdline.as_ref().map_or(NULL, |words| self.texts.place(&joined(words))),
            Source::Text(place) => {
                let text = row.facts.texts.get(place).and_then(Option::as_ref);
                text.map_or(NULL, |text| self.texts.place(text))
            }
            Source::Number(place) => row.facts.numbers.get(place).copied().unwrap_or(NULL),
            Source::Cell => {
                let cell = self.place.and_then(|place| row.cells.get(place)).copied().unwrap_or(NULL);
                match &self.kind {
                    Some(Kind::Name(names)) => {
                        let name = usize::try_from(cell).ok().and_then(|place| names.get(place));
                        name.map_or(NULL, |name| self.texts.place(name.as_bytes()))
                    }
                    _ => cell,
                }
            }
        };
        self.cells.push(cell);
    }

    fn finish(self) -> (String, Values) {
        let Self { name, source, kind, cells, texts, .. } = self;
        let values = match (source, kind) {
            (Source::Time | Source::First | Source::Last, _) => Values::Instant(cells),
            (Source::Host | Source::Text(_), _) | (Source::Cell, Some(Kind::Name(_))) => {
                Values::Text(cells, texts.list)
            }
            (Source::Cmdline, _) => Values::Words(cells, texts.list.iter().map(|words| split(words)).collect()),
            (Source::Cell, Some(Kind::Span | Kind::Time)) => Values::Micros(cells),
            (Source::Cell, Some(Kind::Real)) => Values::Real(cells),
            (Source::Number(_), _) if name == "create_time" => Values::Micros(cells),
            (Source::Number(_), _) if name == "is_kernel_thread" => Values::Bool(cells),
            _ => Values::Int(cells),
        };
        (name, values)
    }
}

/// Words as one text: none of them holds the byte 0, which ends each.
fn joined(words: &[Text]) -> Text {
    words.iter().flat_map(|word| word.iter().copied().chain([0])).collect()
}

fn split(words: &[u8]) -> Vec<Text> {
    let mut words: Vec<Text> = words.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    words.pop();
    words
}

/// The columns that a process can have beside those of the samples.
fn of_process() -> Vec<(&'static str, Source)> {
    let texts = TEXTS.iter().enumerate().map(|(place, name)| (*name, Source::Text(place)));
    let numbers = NUMBERS.iter().enumerate().map(|(place, name)| (*name, Source::Number(place)));
    let numbers = numbers.filter(|(name, _)| *name != MISSING);
    IDENTITY.into_iter().chain(texts).chain([("cmdline", Source::Cmdline)]).chain(numbers).collect()
}

/// Finds the columns with these names.
fn chosen(names: &[String], known: &[(&str, Source)]) -> io::Result<Vec<Gathered>> {
    let find = |name: &String| {
        let found = known.iter().find(|(known, _)| known == name);
        found.map(|(name, source)| Gathered::new(name, *source)).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let message = format!("there is no column {name:?}; the columns are {}", names.join(", "));
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })
    };
    names.iter().map(find).collect()
}

impl History {
    /// Returns columns of processes in each sample of a stretch of time, both ends in milliseconds since 1970. Without
    /// `names`: the time, the process, its pid and name, and all its numbers.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput): there is no such column.
    pub fn gather_samples(
        &mut self,
        names: Option<&[String]>,
        (from, until): (i64, i64),
    ) -> io::Result<Vec<(String, Values)>> {
        let mut known = vec![("time", Source::Time)];
        known.extend(of_process());
        let all = columns(FIELDS);
        known.extend(all.iter().map(|column| (column.name.as_str(), Source::Cell)));
        let usual = ["time", "process", "pid", "name"].map(str::to_owned);
        let mut gathered = chosen(names.unwrap_or(&usual), &known)?;
        let mut header: Option<Arc<Header>> = None;
        let mut rows = 0;
        self.for_each(from, until, |sample| {
            if !header.as_ref().is_some_and(|header| Arc::ptr_eq(header, &sample.header)) {
                header = Some(Arc::clone(&sample.header));
                if names.is_none() {
                    for column in sample.header.columns.iter().filter(|column| column.name != MISSING) {
                        if !gathered.iter().any(|known| known.name == column.name) {
                            let mut new = Gathered::new(&column.name, Source::Cell);
                            new.cells.resize(rows, NULL);
                            gathered.push(new);
                        }
                    }
                }
                gathered.iter_mut().for_each(|column| column.find(&sample.header.columns));
            }
            for process in &sample.processes {
                let row = row(sample, process);
                gathered.iter_mut().for_each(|column| column.push(&row));
            }
            rows += sample.processes.len();
            Ok(true)
        })?;
        Ok(gathered.into_iter().map(Gathered::finish).collect())
    }

    /// Returns columns of the facts of each process in a stretch of time. Without `names`: every column.
    ///
    /// # Errors
    /// As [`gather_samples`](Self::gather_samples).
    pub fn gather_processes(
        &mut self,
        names: Option<&[String]>,
        (from, until): (i64, i64),
    ) -> io::Result<Vec<(String, Values)>> {
        let mut known = of_process();
        known.extend([("first", Source::First), ("last", Source::Last)]);
        let every: Vec<String> = known.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut gathered = chosen(names.unwrap_or(&every), &known)?;
        let mut seen: BTreeMap<u64, (Arc<Facts>, Arc<Header>, i64, i64)> = BTreeMap::new();
        self.for_each(from, until, |sample| {
            for process in &sample.processes {
                let (facts, header) = (&process.facts, &sample.header);
                let new = || (Arc::clone(facts), Arc::clone(header), sample.time, sample.time);
                seen.entry(process.id).or_insert_with(new).3 = sample.time;
            }
            Ok(true)
        })?;
        for (id, (facts, header, first, last)) in &seen {
            let (first, last, id) = (*first, *last, *id);
            let row = Row { header, time: first, first, last, id, facts, cells: &[] };
            gathered.iter_mut().for_each(|column| column.push(&row));
        }
        Ok(gathered.into_iter().map(Gathered::finish).collect())
    }

    /// Returns columns of the machine, a row for each number of it in each sample of a stretch of time: `host`, `time`,
    /// `name`, `device` and `value`. Times are in seconds.
    ///
    /// # Errors
    /// As [`gather_samples`](Self::gather_samples).
    pub fn gather_system(
        &mut self,
        names: Option<&[String]>,
        (from, until): (i64, i64),
    ) -> io::Result<Vec<(String, Values)>> {
        let (mut times, mut values) = (Vec::new(), Vec::new());
        let mut texts = [const { Vec::new() }; 3];
        let mut lists = [(); 3].map(|()| Texts::default());
        self.for_each(from, until, |sample| {
            for (key, cell) in sample.machine.keys.iter().zip(&sample.machine.cells) {
                times.push(sample.time);
                values.push(real(&key.name, key.real, *cell));
                let row = [sample.header.host.as_bytes(), key.name.as_bytes(), key.device.as_slice()];
                for ((text, cells), list) in row.into_iter().zip(&mut texts).zip(&mut lists) {
                    cells.push(if text.is_empty() { NULL } else { list.place(text) });
                }
            }
            Ok(true)
        })?;
        let [host, name, device] = texts;
        let [hosts, of_names, devices] = lists.map(|texts| texts.list);
        let mut all = vec![
            ("host", Values::Text(host, hosts)),
            ("time", Values::Instant(times)),
            ("name", Values::Text(name, of_names)),
            ("device", Values::Text(device, devices)),
            ("value", Values::Real(values)),
        ];
        if let Some(names) = names {
            let known: Vec<(&str, Source)> = all.iter().map(|(name, _)| (*name, Source::Cell)).collect();
            chosen(names, &known)?;
            all.retain(|(known, _)| names.iter().any(|name| name == known));
            all.sort_by_key(|(known, _)| names.iter().position(|name| name == known));
        }
        Ok(all.into_iter().map(|(name, values)| (name.to_owned(), values)).collect())
    }
}

fn row<'a>(sample: &'a Sample, process: &'a Process) -> Row<'a> {
    let (header, time) = (&*sample.header, sample.time);
    Row { header, time, first: time, last: time, id: process.id, facts: &process.facts, cells: &process.cells }
}

/// A number of the machine as a float, times in seconds.
#[allow(clippy::cast_precision_loss)] // data frames have one type for a column
fn real(name: &str, is_real: bool, cell: i64) -> i64 {
    let value = match cell {
        _ if is_real => return cell,
        cell if is_span(name) => cell as f64 / 1e6,
        cell => cell as f64,
    };
    value.to_bits().cast_signed()
}
