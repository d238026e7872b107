//! Columns of a Parquet table, written and read as plain vectors.

use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::{HEADER, error};
use crate::cell::NULL;
use crate::text::{self, Text};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Int,
    /// A number that seldom falls from one row to the next.
    Id,
    /// Milliseconds since 1970.
    Millis,
    /// Microseconds since 1970.
    Micros,
    Real,
    Text,
    /// A list of texts.
    Texts,
}

/// The values of a column. A missing number is [`NULL`].
#[derive(Debug)]
pub(super) enum Values {
    Int(Vec<i64>),
    /// Bits of floats.
    Real(Vec<i64>),
    Text(Vec<Option<Text>>),
    Texts(Vec<Option<Vec<Text>>>),
}

impl Type {
    fn declaration(self, name: &str) -> String {
        match self {
            Self::Int | Self::Id => format!("OPTIONAL INT64 {name};"),
            Self::Millis => format!("OPTIONAL INT64 {name} (TIMESTAMP(MILLIS,true));"),
            Self::Micros => format!("OPTIONAL INT64 {name} (TIMESTAMP(MICROS,true));"),
            Self::Real => format!("OPTIONAL DOUBLE {name};"),
            Self::Text => format!("OPTIONAL BYTE_ARRAY {name} (STRING);"),
            Self::Texts => format!(
                "OPTIONAL group {name} (LIST) {{ REPEATED group list {{ REQUIRED BYTE_ARRAY element (STRING); }} }}"
            ),
        }
    }

    /// How numbers are encoded before they are compressed; `None` for a dictionary.
    ///
    /// Where one process follows another, nearly every number falls or rises steeply. DELTA_BINARY_PACKED then packs the
    /// differences of the rows around it with as many bits as the step, and zstd finds little in bits that are not whole bytes.
    fn encoding(self) -> Option<Encoding> {
        match self {
            Self::Int | Self::Micros => Some(Encoding::PLAIN),
            Self::Id | Self::Millis => Some(Encoding::DELTA_BINARY_PACKED),
            Self::Real | Self::Text | Self::Texts => None,
        }
    }

    fn path(self, name: &str) -> ColumnPath {
        let mut parts = vec![name.to_owned()];
        if self == Self::Texts {
            parts.extend(["list".to_owned(), "element".to_owned()]);
        }
        ColumnPath::new(parts)
    }
}

/// The level of zstd. Higher ones take twice the time for 2 % of the size.
const LEVEL: i32 = 6;

/// Writes a table.
pub(super) struct Writer(SerializedFileWriter<File>);

impl Writer {
    /// Begins a table with these columns in an empty file.
    pub(super) fn new(file: File, name: &str, columns: &[(String, Type)], header: &[u8]) -> io::Result<Self> {
        let declarations: String = columns.iter().map(|(name, kind)| kind.declaration(name)).collect();
        let schema = parse_message_type(&format!("message {name} {{ {declarations} }}")).map_err(error)?;
        let header = KeyValue::new(HEADER.to_owned(), String::from_utf8_lossy(header).into_owned());
        let mut properties = WriterProperties::builder()
            .set_created_by("psoxide".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL).map_err(error)?))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_key_value_metadata(Some(vec![header]));
        for (name, kind) in columns {
            if let Some(encoding) = kind.encoding() {
                let path = kind.path(name);
                properties =
                    properties.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, encoding);
            }
        }
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties.build()));
        writer.map(Self).map_err(error)
    }

    /// Writes a row group. All columns have the same number of rows.
    pub(super) fn write(&mut self, columns: Vec<Values>) -> io::Result<()> {
        let mut group = self.0.next_row_group().map_err(full)?;
        for values in columns {
            let Some(mut column) = group.next_column().map_err(full)? else { break };
            match values {
                Values::Int(cells) => {
                    let present: Vec<i64> = cells.iter().copied().filter(|cell| *cell != NULL).collect();
                    column.typed::<Int64Type>().write_batch(&present, Some(&levels(&cells)), None).map_err(full)?;
                }
                Values::Real(cells) => {
                    let present = cells.iter().filter(|cell| **cell != NULL);
                    let present: Vec<f64> = present.map(|cell| f64::from_bits(cell.cast_unsigned())).collect();
                    column.typed::<DoubleType>().write_batch(&present, Some(&levels(&cells)), None).map_err(full)?;
                }
                Values::Text(texts) => {
                    let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
                    let present: Vec<ByteArray> = texts.iter().flatten().map(|text| bytes(text)).collect();
                    column.typed::<ByteArrayType>().write_batch(&present, Some(&levels), None).map_err(full)?;
                }
                Values::Texts(lists) => {
                    let (mut present, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
                    for list in &lists {
                        let words = list.iter().flatten();
                        for (place, word) in words.enumerate() {
                            present.push(bytes(word));
                            definition.push(2);
                            repetition.push(i16::from(place > 0));
                        }
                        if list.as_ref().is_none_or(Vec::is_empty) {
                            definition.push(i16::from(list.is_some()));
                            repetition.push(0);
                        }
                    }
                    let column = column.typed::<ByteArrayType>();
                    column.write_batch(&present, Some(&definition), Some(&repetition)).map_err(full)?;
                }
            }
            column.close().map_err(full)?;
        }
        group.close().map(drop).map_err(full)
    }

    /// Writes the footer, and everything to the disk.
    pub(super) fn finish(self) -> io::Result<()> {
        self.0.into_inner().map_err(full)?.sync_all()
    }
}

/// What kept a table from being written: no room, mostly.
fn full(cause: parquet::errors::ParquetError) -> io::Error {
    match cause {
        parquet::errors::ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => *cause,
            Err(cause) => io::Error::other(cause),
        },
        cause => io::Error::other(cause),
    }
}

fn levels(cells: &[i64]) -> Vec<i16> {
    cells.iter().map(|cell| i16::from(*cell != NULL)).collect()
}

fn bytes(text: &[u8]) -> ByteArray {
    ByteArray::from(text::escaped(text).into_bytes())
}

/// Reads a table.
pub(super) struct Reader(SerializedFileReader<File>);

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("groups", &self.groups()).finish()
    }
}

impl Reader {
    pub(super) fn open(path: &std::path::Path) -> io::Result<Self> {
        SerializedFileReader::new(File::open(path)?).map(Self).map_err(error)
    }

    pub(super) fn groups(&self) -> usize {
        self.0.metadata().num_row_groups()
    }

    /// The header in the metadata.
    pub(super) fn header(&self) -> Option<&str> {
        let metadata = self.0.metadata().file_metadata().key_value_metadata()?;
        metadata.iter().find(|pair| pair.key == HEADER)?.value.as_deref()
    }

    fn place(&self, path: &ColumnPath) -> Option<usize> {
        let columns = self.0.metadata().file_metadata().schema_descr().columns();
        columns.iter().position(|column| column.path() == path)
    }

    /// The least and the greatest number of a column in a row group.
    pub(super) fn range(&self, group: usize, column: &str) -> Option<(i64, i64)> {
        let place = self.place(&Type::Int.path(column))?;
        let metadata = self.0.metadata().row_groups().get(group)?;
        match metadata.columns().get(place)?.statistics()? {
            Statistics::Int64(range) => Some((*range.min_opt()?, *range.max_opt()?)),
            _ => None,
        }
    }

    fn column(&self, group: usize, kind: Type, name: &str) -> io::Result<Option<(usize, ColumnReader)>> {
        let Some(place) = self.place(&kind.path(name)) else { return Ok(None) };
        let group = self.0.get_row_group(group).map_err(error)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        Ok(Some((rows, group.get_column_reader(place).map_err(error)?)))
    }

    /// The numbers of a column. One that the table lacks has none.
    pub(super) fn numbers(&self, group: usize, name: &str) -> io::Result<Vec<i64>> {
        match self.column(group, Type::Int, name)? {
            None => Ok(Vec::new()),
            Some((rows, ColumnReader::Int64ColumnReader(reader))) => {
                let (values, levels) = read::<Int64Type>(reader, rows, None)?;
                // Most columns have every number.
                Ok(if values.len() == levels.len() { values } else { spread(values.into_iter(), &levels) })
            }
            Some((rows, ColumnReader::DoubleColumnReader(reader))) => {
                let (values, levels) = read::<DoubleType>(reader, rows, None)?;
                Ok(spread(values.into_iter().map(|value| value.to_bits().cast_signed()), &levels))
            }
            Some(_) => Err(crate::log::invalid("a column has another type")),
        }
    }

    /// The texts of a column, as they are written in it.
    pub(super) fn texts(&self, group: usize, name: &str) -> io::Result<Vec<Option<ByteArray>>> {
        match self.column(group, Type::Text, name)? {
            None => Ok(Vec::new()),
            Some((rows, ColumnReader::ByteArrayColumnReader(reader))) => {
                let (values, levels) = read::<ByteArrayType>(reader, rows, None)?;
                let mut values = values.into_iter();
                Ok(levels.iter().map(|level| if *level == 0 { None } else { values.next() }).collect())
            }
            Some(_) => Err(crate::log::invalid("a column has another type")),
        }
    }

    /// The lists of texts of a column.
    pub(super) fn lists(&self, group: usize, name: &str) -> io::Result<Vec<Option<Vec<Text>>>> {
        let Some((rows, ColumnReader::ByteArrayColumnReader(reader))) = self.column(group, Type::Texts, name)? else {
            return Ok(Vec::new());
        };
        let mut repetition = Vec::new();
        let (values, levels) = read::<ByteArrayType>(reader, rows, Some(&mut repetition))?;
        let mut values = values.into_iter();
        let mut lists: Vec<Option<Vec<Text>>> = Vec::with_capacity(rows);
        for (level, repeats) in levels.into_iter().zip(repetition) {
            if repeats == 0 {
                lists.push((level > 0).then(Vec::new));
            }
            if let (2, Some(Some(list)), Some(word)) =
                (level, lists.last_mut(), (level == 2).then(|| values.next()).flatten())
            {
                list.push(text::unescaped(word.data()));
            }
        }
        Ok(lists)
    }
}

/// Reads all values of a column with their definition levels.
fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    mut repetition: Option<&mut Vec<i16>>,
) -> io::Result<(Vec<T::T>, Vec<i16>)> {
    let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let mut left = rows;
    while left > 0 {
        let (records, ..) =
            reader.read_records(left, Some(&mut levels), repetition.as_deref_mut(), &mut values).map_err(error)?;
        if records == 0 {
            return Err(crate::log::invalid("a column ends early"));
        }
        left = left.saturating_sub(records);
    }
    Ok((values, levels))
}

/// The numbers with their gaps.
fn spread(mut values: impl Iterator<Item = i64>, levels: &[i16]) -> Vec<i64> {
    levels.iter().map(|level| if *level == 0 { NULL } else { values.next().unwrap_or(NULL) }).collect()
}
