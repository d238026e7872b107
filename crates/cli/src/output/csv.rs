//! Comma-separated values, RFC 4180: values in base units, nothing where there is no value.

use std::io::{self, Write};
use std::time::SystemTime;

use psoxide::Value;

use super::json;
use super::value::{Cell, present, words};

/// One line.
pub(crate) fn line<'a>(out: &mut dyn Write, fields: impl Iterator<Item = String> + 'a) -> io::Result<()> {
    for (i, field) in fields.enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        if field.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}

/// A cell as a field.
pub(crate) fn field(cell: &Cell<'_>) -> String {
    match present(cell) {
        None => String::new(),
        Some(Value::Duration(time)) => time.as_secs_f64().to_string(),
        Some(Value::Float(x)) => x.to_string(),
        Some(Value::Time(time)) => json::time(*time).unwrap_or_default(),
        Some(Value::Bool(yes)) => yes.to_string(),
        Some(value) => words(value),
    }
}

/// The field of a point in time.
pub(crate) fn time(time: SystemTime) -> String {
    json::time(time).unwrap_or_default()
}
