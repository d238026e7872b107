//! Writing a stretch of a history in other formats.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value as Json};

use crate::cell::{Column, Kind, NULL};
use crate::machine::Key;
use crate::reader::History;
use crate::sample::{Process, Sample};
use crate::text::escaped;

/// The points of each series, by its labels: time and number.
type Series = BTreeMap<String, Vec<(i64, i64)>>;

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// What `promtool tsdb create-blocks-from openmetrics` reads.
    OpenMetrics,
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// A row for each process and sample.
    Samples,
    /// A row for each number of the machine and sample.
    System,
}

impl History {
    /// Writes the samples of a stretch of time, both ends in milliseconds since 1970. Returns how many there were.
    pub fn export(
        &mut self,
        table: Table,
        format: Format,
        (from, until): (i64, i64),
        out: &mut dyn Write,
    ) -> io::Result<u64> {
        if format == Format::OpenMetrics {
            return self.open_metrics(table, (from, until), out);
        }
        let mut samples = 0;
        let mut heading: Option<Vec<Column>> = None;
        self.for_each(from, until, |sample| {
            samples += 1;
            match (table, format) {
                (Table::Samples, Format::Csv) => {
                    // Another choice of fields has other columns.
                    if heading.as_ref() != Some(&sample.header.columns) {
                        let names = sample.header.columns.iter().map(|column| column.name.as_str());
                        let first = ["host", "time", "process", "pid", "name", "username"];
                        writeln!(out, "{}", first.into_iter().chain(names).collect::<Vec<_>>().join(","))?;
                        heading = Some(sample.header.columns.clone());
                    }
                    sample.processes.iter().try_for_each(|process| csv_process(sample, process, out))?;
                }
                (Table::System, Format::Csv) => {
                    if heading.is_none() {
                        writeln!(out, "host,time,name,device,value")?;
                        heading = Some(Vec::new());
                    }
                    for (key, cell) in numbers(sample) {
                        let place = [quoted(&sample.header.host), time(sample), quoted(&key.name)].join(",");
                        writeln!(out, "{place},{},{}", quoted(&escaped(&key.device)), plain(key.real, cell))?;
                    }
                }
                (Table::Samples, _) => {
                    for process in &sample.processes {
                        writeln!(out, "{}", Json::Object(json_process(sample, process)))?;
                    }
                }
                (Table::System, _) => writeln!(out, "{}", Json::Object(json_system(sample)))?,
            }
            Ok(true)
        })?;
        Ok(samples)
    }

    /// Writes a stretch of time as the tables `samples`, `processes` and `system` in a folder; as more of them, with
    /// numbers, where the choice of fields changes. Returns how many samples there were.
    #[cfg(feature = "parquet")]
    pub fn export_parquet(&mut self, (from, until): (i64, i64), folder: &std::path::Path) -> io::Result<u64> {
        use crate::parquet::Export;
        std::fs::create_dir_all(folder)?;
        let mut open: Option<(std::sync::Arc<crate::Header>, Export)> = None;
        let (mut samples, mut parts) = (0, 0);
        self.for_each(from, until, |sample| {
            samples += 1;
            if let Some((_, export)) = open.take_if(|(header, _)| *header != sample.header) {
                export.finish()?;
            }
            let (_, export) = match &mut open {
                Some(open) => open,
                None => {
                    let suffix = if parts == 0 { String::new() } else { format!("-{parts}") };
                    parts += 1;
                    open.insert((sample.header.clone(), Export::new(folder, &suffix, &sample.header)?))
                }
            };
            export.add(sample)?;
            Ok(true)
        })?;
        if let Some((_, export)) = open {
            export.finish()?;
        }
        Ok(samples)
    }

    /// Writes one series after the other, as the format demands: the numbers are held in memory meanwhile.
    fn open_metrics(&mut self, table: Table, (from, until): (i64, i64), out: &mut dyn Write) -> io::Result<u64> {
        let mut samples = 0;
        let mut families: BTreeMap<(String, Shown), Series> = BTreeMap::new();
        self.for_each(from, until, |sample| {
            samples += 1;
            let host = label(&sample.header.host);
            let mut add = |name: String, shown: Shown, labels: String, cell: i64| {
                families.entry((name, shown)).or_default().entry(labels).or_default().push((sample.time, cell));
            };
            match table {
                Table::System => {
                    for (key, cell) in numbers(sample) {
                        let device = if key.device.is_empty() {
                            String::new()
                        } else {
                            format!(",device=\"{}\"", label(&escaped(&key.device)))
                        };
                        let shown = if key.real { Shown::Real } else { Shown::of_name(&key.name) };
                        add(key.name.replace('.', "_"), shown, format!("host=\"{host}\"{device}"), cell);
                    }
                }
                Table::Samples => {
                    for process in &sample.processes {
                        let name = process.facts.name().map(|name| label(&escaped(name))).unwrap_or_default();
                        let labels = format!(
                            "host=\"{host}\",pid=\"{}\",process=\"{}\",name=\"{name}\"",
                            process.facts.pid, process.id
                        );
                        for (column, cell) in sample.header.columns.iter().zip(&process.cells) {
                            let shown = match column.kind {
                                Kind::Span => Shown::Seconds,
                                Kind::Int if column.name != crate::columns::MISSING => Shown::Int,
                                _ => continue,
                            };
                            if *cell != NULL {
                                add(format!("process_{}", column.name), shown, labels.clone(), *cell);
                            }
                        }
                    }
                }
            }
            Ok(true)
        })?;
        for ((name, shown), series) in families {
            let unit = if shown == Shown::Seconds { "_seconds" } else { "" };
            writeln!(out, "# TYPE psoxide_{name}{unit} unknown")?;
            for (labels, points) in series {
                // A clock that was set back: a series goes forward only.
                let mut last = i64::MIN;
                for (time, cell) in points {
                    if time > last {
                        let value = match shown {
                            Shown::Real => plain(true, cell),
                            Shown::Int => cell.to_string(),
                            Shown::Seconds => fraction(cell, 6),
                        };
                        writeln!(out, "psoxide_{name}{unit}{{{labels}}} {value} {}", fraction(time, 3))?;
                        last = time;
                    }
                }
            }
        }
        writeln!(out, "# EOF")?;
        Ok(samples)
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    Int,
    Real,
    /// Microseconds.
    Seconds,
}

impl Shown {
    /// How the numbers of the machine with this name are written.
    fn of_name(name: &str) -> Self {
        if is_span(name) { Self::Seconds } else { Self::Int }
    }
}

/// Whether the number of the machine with this name is a time in microseconds.
pub(crate) fn is_span(name: &str) -> bool {
    let is_time = name.starts_with("cpu_times.") || name.ends_with("_time") || name == "uptime";
    is_time || (name.starts_with("pressure.") && name.ends_with(".total"))
}

fn numbers(sample: &Sample) -> impl Iterator<Item = (&Key, i64)> {
    sample.machine.keys.iter().zip(sample.machine.cells.iter().copied())
}

/// A whole number of so many decimals: 1500 of three is 1.500.
fn fraction(number: i64, decimals: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = decimals + 1);
    let (whole, part) = digits.split_at_checked(digits.len() - decimals).unwrap_or((&digits, ""));
    format!("{sign}{whole}.{part}")
}

fn plain(real: bool, cell: i64) -> String {
    if real { f64::from_bits(cell.cast_unsigned()).to_string() } else { cell.to_string() }
}

fn time(sample: &Sample) -> String {
    jiff::Timestamp::from_millisecond(sample.time).unwrap_or_default().to_string()
}

/// A text in CSV (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A text as the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The cell of a column as JSON.
fn json_cell(column: &Column, cell: i64) -> Json {
    match &column.kind {
        _ if cell == NULL => Json::Null,
        Kind::Real => Json::from(f64::from_bits(cell.cast_unsigned())),
        Kind::Name(names) => usize::try_from(cell)
            .ok()
            .and_then(|place| names.get(place))
            .map_or(Json::Null, |name| name.as_str().into()),
        _ => cell.into(),
    }
}

fn csv_process(sample: &Sample, process: &Process, out: &mut dyn Write) -> io::Result<()> {
    let text = |place: usize| {
        process.facts.texts.get(place).cloned().flatten().map(|text| quoted(&escaped(&text))).unwrap_or_default()
    };
    write!(out, "{},{},{},{}", quoted(&sample.header.host), time(sample), process.id, process.facts.pid)?;
    write!(out, ",{},{}", text(0), text(2))?;
    for (column, cell) in sample.header.columns.iter().zip(&process.cells) {
        match json_cell(column, *cell) {
            Json::Null => write!(out, ",")?,
            Json::String(text) => write!(out, ",{}", quoted(&text))?,
            other => write!(out, ",{other}")?,
        }
    }
    writeln!(out)
}

fn json_process(sample: &Sample, process: &Process) -> Map<String, Json> {
    let mut object = Map::new();
    let facts = &process.facts;
    object.insert("host".into(), sample.header.host.as_str().into());
    object.insert("time".into(), time(sample).into());
    object.insert("process".into(), process.id.into());
    object.insert("pid".into(), facts.pid.into());
    for (name, text) in crate::facts::TEXTS.iter().zip(&facts.texts) {
        object.insert((*name).into(), text.as_ref().map_or(Json::Null, |text| escaped(text).into()));
    }
    let words = facts.cmdline.as_ref().map(|words| words.iter().map(|word| Json::from(escaped(word))).collect());
    object.insert("cmdline".into(), words.unwrap_or(Json::Null));
    for (column, cell) in sample.header.columns.iter().zip(&process.cells) {
        object.insert(column.name.clone(), json_cell(column, *cell));
    }
    object
}

fn json_system(sample: &Sample) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("host".into(), sample.header.host.as_str().into());
    object.insert("time".into(), time(sample).into());
    let mut devices: Map<String, Json> = Map::new();
    for (key, cell) in numbers(sample) {
        let value = if key.real { Json::from(f64::from_bits(cell.cast_unsigned())) } else { cell.into() };
        if key.device.is_empty() {
            object.insert(key.name.clone(), value);
        } else if let Json::Object(of) = devices.entry(key.name.clone()).or_insert_with(|| Map::new().into()) {
            of.insert(escaped(&key.device), value);
        }
    }
    object.insert("devices".into(), devices.into());
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(label("a\"b\\\n"), "a\\\"b\\\\\\n");
        assert_eq!(
            (fraction(1_500, 3), fraction(-5, 3), fraction(7, 6)),
            ("1.500".into(), "-0.005".into(), "0.000007".into())
        );
    }
}
