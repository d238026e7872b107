//! The header of a log and of Parquet files, as JSON.

use std::time::Duration;

use psoxide::Os;
use serde_json::{Value, json};

use crate::cell::{Column, Kind};
use crate::sample::Header;

/// The version of the schema that this crate writes. It reads this and all earlier ones.
pub const VERSION: u32 = 1;

impl Header {
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let columns: Vec<Value> = self.columns.iter().map(|column| json!([column.name, kind(&column.kind)])).collect();
        let header = json!({
            "schema": self.version,
            "host": self.host,
            "os": self.os.name(),
            "interval_ms": u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX),
            "columns": columns,
        });
        header.to_string().into_bytes()
    }

    pub(crate) fn from_json(bytes: &[u8]) -> Option<Self> {
        let header: Value = serde_json::from_slice(bytes).ok()?;
        let version = u32::try_from(header.get("schema")?.as_u64()?).ok().filter(|version| *version <= VERSION)?;
        let columns = header.get("columns")?.as_array()?.iter().map(|column| {
            let (name, kind) = (column.get(0)?.as_str()?, of_kind(column.get(1)?)?);
            Some(Column { name: name.to_owned(), kind })
        });
        let columns: Vec<Column> = columns.collect::<Option<_>>()?;
        Some(Self {
            version,
            host: header.get("host")?.as_str()?.to_owned(),
            os: Os::of_name(header.get("os")?.as_str()?)?,
            interval: Duration::from_millis(header.get("interval_ms")?.as_u64()?),
            columns: (columns.len() < 64).then_some(columns)?,
        })
    }
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Int => json!("int"),
        Kind::Span => json!("span_us"),
        Kind::Time => json!("time_us"),
        Kind::Real => json!("real"),
        Kind::Name(names) => json!(names),
    }
}

fn of_kind(value: &Value) -> Option<Kind> {
    Some(match value.as_str() {
        Some("int") => Kind::Int,
        Some("span_us") => Kind::Span,
        Some("time_us") => Kind::Time,
        Some("real") => Kind::Real,
        Some(_) => return None,
        None => {
            Kind::Name(value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns;

    #[test]
    fn a_header_comes_back() {
        let columns = columns::columns(columns::FIELDS);
        let interval = Duration::from_millis(2500);
        let header = Header { version: VERSION, host: "a\"b".into(), os: Os::Openbsd, interval, columns };
        assert_eq!(Header::from_json(&header.to_json()), Some(header.clone()));
        let newer = Header { version: VERSION + 1, ..header };
        assert_eq!(Header::from_json(&newer.to_json()), None);
    }
}
