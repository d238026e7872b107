//! A value as text, by its unit.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use psoxide::{Reading, Unit, Value};

use super::column::Cell;
use super::{escape, human};

/// How sizes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// In the unit that fits.
    Human,
    /// In bytes.
    Bytes,
    /// In KiB, without a unit.
    Kib,
}

impl Scale {
    pub(crate) fn bytes(self, bytes: u64) -> String {
        match self {
            Self::Human => human::bytes(bytes),
            Self::Bytes => bytes.to_string(),
            Self::Kib => (bytes / 1024).to_string(),
        }
    }

    fn rate(self, bytes: f64) -> String {
        match self {
            Self::Bytes => format!("{bytes:.0}"),
            Self::Kib => format!("{:.1}", bytes / 1024.0),
            Self::Human => format!("{}/s", human::fraction(bytes)),
        }
    }
}

/// What a table shows in a cell. Nothing to show is `-`; a refused value is `?`.
pub(crate) fn text(cell: &Cell<'_>, unit: Unit, scale: Scale, now: SystemTime) -> String {
    match cell {
        Reading::Value(Value::None) | Reading::NotAsked => "-".into(),
        Reading::Value(Value::List(items)) if items.is_empty() => "-".into(),
        Reading::Value(value) => shown(value, unit, scale, now),
        _ => "?".into(),
    }
}

fn shown(value: &Value<'_>, unit: Unit, scale: Scale, now: SystemTime) -> String {
    match value {
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Unsigned(n) if unit == Unit::Bytes => scale.bytes(*n),
        Value::Unsigned(n) => n.to_string(),
        Value::Signed(n) => n.to_string(),
        Value::Float(x) => float(*x, unit, scale),
        Value::Text(text) => escape(text),
        Value::Duration(time) => human::cpu_time(*time),
        Value::Time(time) => human::started(*time, now),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| shown(item, unit, scale, now)).collect();
            items.join(" ")
        }
        Value::Record(fields) => match fields.as_slice() {
            [("ip", Value::Text(ip)), ("port", Value::Unsigned(port))] => address(ip, *port),
            _ => pairs(fields.iter().map(|(name, value)| ((*name).to_owned(), value)), scale, now),
        },
        Value::Map(fields) => pairs(fields.iter().map(|(name, value)| (escape(name), value)), scale, now),
        _ => "-".into(),
    }
}

fn address(ip: &OsStr, port: u64) -> String {
    let ip = escape(ip);
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

fn pairs<'a>(fields: impl Iterator<Item = (String, &'a Value<'a>)>, scale: Scale, now: SystemTime) -> String {
    fields
        .map(|(name, value)| format!("{name}={}", shown(value, Unit::Plain, scale, now)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn float(x: f64, unit: Unit, scale: Scale) -> String {
    match unit {
        Unit::BytesPerSecond => scale.rate(x),
        Unit::Celsius => format!("{x:.1}°C"),
        Unit::Megahertz => format!("{x:.0}"),
        Unit::Seconds => format!("{x:.2}"),
        _ => format!("{x:.1}"),
    }
}

/// The order of two cells: numbers by size, text by bytes, what is not there last.
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

/// A value as a filter's pattern sees it: as in a table, numbers in their base unit.
pub(crate) fn words(value: &Value<'_>) -> String {
    shown(value, Unit::Plain, Scale::Bytes, SystemTime::UNIX_EPOCH)
}
