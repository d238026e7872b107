//! The field table of a listing: each column's name, unit, documentation and value.
//!
//! Help, completions, the JSON Schema, tables, CSV, JSON, sorting and filters all read it. The name,
//! unit and documentation of a library field come from the library.

use std::time::SystemTime;

use psoxide::{Field, FieldInfo, OsSet, Reading, ToValue, Unit, Value};

use super::style::{self, Tone};
use super::value::{self, Cell, Scale};

/// What is known of a column without reading anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta {
    /// Its name in options, JSON and CSV.
    pub(crate) name: &'static str,
    /// Its heading in tables.
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    pub(crate) doc: &'static str,
    pub(crate) shape: Shape,
    /// The systems that have it.
    pub(crate) os: OsSet,
}

impl Meta {
    /// Whether the column holds numbers, which are aligned right.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.shape, Shape::Integer | Shape::Number)
    }
}

/// The type of a column's values in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Integer,
    Number,
    Text,
    Time,
    Bool,
    /// A list of texts.
    Texts,
    /// A list of processes and descriptors: `{"pid", "fd"}`.
    Holders,
    /// `{"ip", "port"}`, or the path of a UNIX socket.
    Endpoint,
}

impl Shape {
    const fn of(unit: Unit) -> Self {
        match unit {
            Unit::Text => Self::Text,
            Unit::Plain | Unit::Count | Unit::Bytes => Self::Integer,
            Unit::Time => Self::Time,
            _ => Self::Number,
        }
    }
}

/// Writes a row's cell behind what there is; whether it did.
pub(crate) type Show<R> = fn(&R, &mut String) -> bool;

/// A column of a listing whose rows are `R`.
pub(crate) struct Column<R: 'static> {
    pub(crate) meta: Meta,
    /// The value.
    pub(crate) get: for<'a> fn(&'a R) -> Cell<'a>,
    /// Shows it in a table where that is not how its unit is usually shown; `false`: as usual after all.
    pub(crate) show: Option<Show<R>>,
    /// The fields of a snapshot that the value is taken from.
    pub(crate) needs: &'static [Field],
    /// The colour of a row's cell, where the unit's usual one says nothing.
    tone: Option<fn(&R) -> Tone>,
    /// Whether a high percentage is bad.
    hot: bool,
    /// Whether it shows command lines.
    pub(crate) is_command: bool,
}

impl<R> Column<R> {
    pub(crate) const fn new(
        name: &'static str,
        title: &'static str,
        unit: Unit,
        doc: &'static str,
        get: for<'a> fn(&'a R) -> Cell<'a>,
    ) -> Self {
        let meta = Meta { name, title, unit, doc, shape: Shape::of(unit), os: OsSet::ALL };
        Self { meta, get, show: None, needs: &[], tone: None, hot: false, is_command: false }
    }

    /// The column of a record's field.
    pub(crate) const fn of(info: FieldInfo, title: &'static str, get: for<'a> fn(&'a R) -> Cell<'a>) -> Self {
        let mut column = Self::new(info.name, title, info.unit, info.doc, get);
        column.meta.os = info.os;
        column
    }

    /// Gives the column a name other than that of its record's field.
    pub(crate) const fn named(mut self, name: &'static str) -> Self {
        self.meta.name = name;
        self
    }

    pub(crate) const fn shape(mut self, shape: Shape) -> Self {
        self.meta.shape = shape;
        self
    }

    pub(crate) const fn shown(mut self, show: Show<R>) -> Self {
        self.show = Some(show);
        self
    }

    /// Writes a row's cell as a table shows it. Returns whether its value could not be read for an unusual reason.
    pub(crate) fn write(&self, out: &mut String, row: &R, scale: Scale, now: SystemTime) -> bool {
        if self.show.is_some_and(|show| show(row, out)) {
            return false;
        }
        let cell = (self.get)(row);
        value::write(out, &cell, self.meta.unit, scale, now);
        matches!(cell, Reading::Failed(_))
    }

    pub(crate) const fn tone(mut self, tone: fn(&R) -> Tone) -> Self {
        self.tone = Some(tone);
        self
    }

    /// Marks the column as one of command lines.
    pub(crate) const fn command(mut self) -> Self {
        self.is_command = true;
        self
    }

    /// Colours high percentages.
    pub(crate) const fn hot(mut self) -> Self {
        self.hot = true;
        self
    }

    /// The colour of a row's cell.
    pub(crate) fn tone_of(&self, row: &R) -> Tone {
        let cell = || (self.get)(row);
        match self.tone {
            _ if style::is_plain() => Tone::Plain,
            Some(tone) => tone(row),
            None if self.hot => value::present(&cell()).and_then(value::number).map_or(Tone::Faint, Tone::of_percent),
            None => value::tone(&cell(), self.meta.unit),
        }
    }

    pub(crate) const fn needs(mut self, needs: &'static [Field]) -> Self {
        self.needs = needs;
        self
    }
}

/// What a record says of one of its fields. For constants: a name that it does not have stops the build.
#[allow(clippy::panic)] // at compile time
pub(crate) const fn field(mut fields: &'static [FieldInfo], name: &str) -> FieldInfo {
    while let [info, rest @ ..] = fields {
        if same(info.name.as_bytes(), name.as_bytes()) {
            return *info;
        }
        fields = rest;
    }
    panic!("no such field")
}

const fn same(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (rest_a, rest_b);
    }
    a.is_empty() && b.is_empty()
}

/// A value that is there.
pub(crate) fn cell(value: &impl ToValue) -> Cell<'_> {
    Reading::Value(value.to_value())
}

/// A computed number, if there is one.
pub(crate) fn float(value: Option<f64>) -> Cell<'static> {
    Reading::Value(value.map_or(Value::None, Value::Float))
}

/// A computed whole number, if there is one.
pub(crate) fn whole(value: Option<u64>) -> Cell<'static> {
    Reading::Value(value.map_or(Value::None, Value::Unsigned))
}

/// A part of a reading.
pub(crate) fn part<'a, T, V: ToValue + 'a>(reading: &'a Reading<T>, get: impl FnOnce(&'a T) -> &'a V) -> Cell<'a> {
    reading.as_ref().map(|value| get(value).to_value())
}
