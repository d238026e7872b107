//! A value as text, by its unit.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use psoxide::{Reading, Unit, Value};

use super::style::Tone;
use super::{escape, escape_to, glyphs, human, number_to};

/// A value, or why there is none.
pub(crate) type Cell<'a> = Reading<Value<'a>>;

/// How sizes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// In the unit that fits.
    Human,
    /// In bytes.
    Bytes,
    /// In KiB, without a unit.
    Kib,
    /// In MiB, without a unit.
    Mib,
    /// In GiB, without a unit.
    Gib,
}

impl Scale {
    pub(crate) fn bytes(self, out: &mut String, bytes: u64) {
        match self {
            Self::Human => human::bytes_to(out, bytes),
            Self::Bytes | Self::Kib | Self::Mib | Self::Gib => number_to(out, bytes / self.unit()),
        }
    }

    const fn unit(self) -> u64 {
        match self {
            Self::Human | Self::Bytes => 1,
            Self::Kib => 1 << 10,
            Self::Mib => 1 << 20,
            Self::Gib => 1 << 30,
        }
    }

    fn rate(self, out: &mut String, bytes: f64) {
        match self {
            Self::Bytes => _ = write!(out, "{bytes:.0}"),
            #[allow(clippy::cast_precision_loss)] // a power of two
            Self::Kib | Self::Mib | Self::Gib => _ = write!(out, "{:.1}", bytes / self.unit() as f64),
            Self::Human => {
                human::fraction_to(out, bytes);
                out.push_str("/s");
            }
        }
    }
}

/// Writes what a table shows in a cell. Nothing to show is `-`; a refused value is `?`.
pub(crate) fn write(out: &mut String, cell: &Cell<'_>, unit: Unit, scale: Scale, now: SystemTime) {
    match cell {
        Reading::Value(Value::None) | Reading::NotAsked => out.push('-'),
        Reading::Value(Value::List(items)) if items.is_empty() => out.push('-'),
        Reading::Value(value) => show(out, value, unit, scale, now),
        _ => out.push('?'),
    }
}

fn show(out: &mut String, value: &Value<'_>, unit: Unit, scale: Scale, now: SystemTime) {
    match value {
        Value::Bool(yes) => out.push_str(if *yes { "yes" } else { "no" }),
        Value::Unsigned(n) if unit == Unit::Bytes => scale.bytes(out, *n),
        Value::Unsigned(n) => number_to(out, *n),
        Value::Signed(n) => _ = write!(out, "{n}"),
        Value::Float(x) => float(out, *x, unit, scale),
        Value::Text(text) => escape_to(out, text),
        Value::Duration(time) => human::cpu_time_to(out, *time),
        Value::Time(time) => out.push_str(&human::started(*time, now)),
        Value::List(items) => {
            for (i, item) in items.iter().enumerate() {
                separate(out, i);
                show(out, item, unit, scale, now);
            }
        }
        Value::Record(fields) => match fields.as_slice() {
            [("ip", Value::Text(ip)), ("port", Value::Unsigned(port))] => address(out, ip, *port),
            _ => {
                let fields = fields.iter().map(|(name, value)| (OsStr::new(name), value));
                pairs(out, fields, scale, now);
            }
        },
        Value::Map(fields) => pairs(out, fields.iter().map(|(name, value)| (name.as_ref(), value)), scale, now),
        _ => out.push('-'),
    }
}

fn separate(out: &mut String, place: usize) {
    if place > 0 {
        out.push(' ');
    }
}

fn address(out: &mut String, ip: &OsStr, port: u64) {
    let ip = escape(ip);
    _ = if ip.contains(':') { write!(out, "[{ip}]:{port}") } else { write!(out, "{ip}:{port}") };
}

fn pairs<'a>(
    out: &mut String,
    fields: impl Iterator<Item = (&'a OsStr, &'a Value<'a>)>,
    scale: Scale,
    now: SystemTime,
) {
    for (i, (name, value)) in fields.enumerate() {
        separate(out, i);
        escape_to(out, name);
        out.push('=');
        show(out, value, Unit::Plain, scale, now);
    }
}

fn float(out: &mut String, x: f64, unit: Unit, scale: Scale) {
    match unit {
        Unit::BytesPerSecond => scale.rate(out, x),
        Unit::Celsius => _ = write!(out, "{x:.1}{}C", if glyphs::is_ascii() { "" } else { "°" }),
        Unit::Megahertz => _ = write!(out, "{x:.0}"),
        Unit::Seconds => _ = write!(out, "{x:.2}"),
        _ => _ = write!(out, "{x:.1}"),
    }
}

/// The colour of a value: faint where there is nothing to see, and sizes by their magnitude.
pub(crate) fn tone(cell: &Cell<'_>, unit: Unit) -> Tone {
    let Some(value) = present(cell) else { return Tone::Faint };
    match (unit, value) {
        (Unit::Bytes, Value::Unsigned(0..=0xf_ffff)) => Tone::Faint,
        (Unit::Bytes, Value::Unsigned(0x4000_0000..)) => Tone::Medium,
        (Unit::BytesPerSecond, Value::Float(rate)) if *rate >= 1e8 => Tone::High,
        (Unit::BytesPerSecond, Value::Float(rate)) if *rate >= 1e7 => Tone::Medium,
        (Unit::BytesPerSecond | Unit::PerSecond, Value::Float(rate)) if *rate < 0.05 => Tone::Faint,
        _ => Tone::Plain,
    }
}

/// Compares two cells: numbers by size, text by bytes, a missing value last.
pub(crate) fn compare(a: &Cell<'_>, b: &Cell<'_>) -> Ordering {
    match (present(a), present(b)) {
        (Some(a), Some(b)) => order(a, b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// The value of a cell that has one.
pub(crate) fn present<'c, 'v>(cell: &'c Cell<'v>) -> Option<&'c Value<'v>> {
    cell.value().filter(|value| !matches!(value, Value::None))
}

fn order(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Unsigned(a), Value::Unsigned(b)) => a.cmp(b),
        (Value::Signed(a), Value::Signed(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) => {
            a.iter().zip(b).map(|(a, b)| order(a, b)).find(|o| o.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => words(a).cmp(&words(b)),
        },
    }
}

/// A value as a number in its base unit, if it is one: bytes, seconds, seconds since 1970.
#[allow(clippy::cast_precision_loss)] // for comparisons with what a person has written
pub(crate) fn number(value: &Value<'_>) -> Option<f64> {
    Some(match value {
        Value::Unsigned(n) => *n as f64,
        Value::Signed(n) => *n as f64,
        Value::Float(x) => *x,
        Value::Duration(time) => time.as_secs_f64(),
        Value::Time(time) => time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64(),
        Value::Bool(yes) => f64::from(u8::from(*yes)),
        _ => return None,
    })
}

/// A value as text for filters and CSV: as in a table, numbers in their base unit.
pub(crate) fn words(value: &Value<'_>) -> String {
    let mut words = String::new();
    show(&mut words, value, Unit::Plain, Scale::Bytes, SystemTime::UNIX_EPOCH);
    words
}
