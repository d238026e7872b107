//! Values as JSON; SCHEMA.md says what is promised.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, Write};

use psoxide::{Result, ToValue, Value};
use serde_json::{Map, Value as Json, json};

/// A value in JSON.
pub(crate) fn value(value: &Value<'_>) -> Json {
    match value {
        Value::Bool(v) => Json::Bool(*v),
        Value::Unsigned(v) => Json::from(*v),
        Value::Signed(v) => Json::from(*v),
        Value::Float(v) => Json::from(*v), // null unless finite
        Value::Text(v) => text(v),
        Value::Duration(v) => Json::from(v.as_secs_f64()),
        Value::Time(v) => jiff::Timestamp::try_from(*v).map_or(Json::Null, |time| Json::String(time.to_string())),
        Value::List(v) => v.iter().map(self::value).collect(),
        Value::Record(v) => Json::Object(v.iter().map(|(name, v)| ((*name).to_owned(), self::value(v))).collect()),
        Value::Map(v) => Json::Object(v.iter().map(|(name, v)| (key(name), self::value(v))).collect()),
        _ => Json::Null,
    }
}

fn text(text: &OsStr) -> Json {
    match text.to_str() {
        Some(text) => Json::from(text),
        None => json!({ "hex": hex(text) }),
    }
}

fn key(name: &OsStr) -> String {
    name.to_str().map_or_else(|| format!("hex:{}", hex(name)), str::to_owned)
}

fn hex(text: &OsStr) -> String {
    text.as_encoded_bytes().iter().fold(String::new(), |mut hex, byte| {
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// An object whose readings may have been refused.
#[derive(Default)]
pub(crate) struct Object {
    fields: Map<String, Json>,
    errors: Map<String, Json>,
}

impl Object {
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Json>) {
        self.fields.insert(name.into(), value.into());
    }

    /// The reading's value, or null and the reason under `errors`.
    pub(crate) fn reading<T: ToValue>(&mut self, name: &str, reading: Result<T>) {
        self.reading_as(name, reading, |v| value(&v.to_value()));
    }

    pub(crate) fn reading_as<T>(&mut self, name: &str, reading: Result<T>, show: impl FnOnce(T) -> Json) {
        let shown = match reading {
            Ok(value) => show(value),
            Err(error) => {
                self.errors.insert(name.into(), Json::String(error.to_string()));
                Json::Null
            }
        };
        self.fields.insert(name.into(), shown);
    }

    pub(crate) fn finish(mut self) -> Json {
        if !self.errors.is_empty() {
            self.fields.insert("errors".into(), Json::Object(self.errors));
        }
        Json::Object(self.fields)
    }
}

/// Writes the one object of a command; `key` is `rows` or `data`.
pub(crate) fn write(out: &mut dyn Write, command: &str, key: &str, content: Json) -> io::Result<()> {
    let mut object = Map::new();
    object.insert("schema".into(), "psoxide/1".into());
    object.insert("command".into(), command.into());
    object.insert(key.into(), content);
    writeln!(out, "{:#}", Json::Object(object))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn values() {
        assert_eq!(value(&Value::Duration(Duration::from_millis(1500))), json!(1.5));
        assert_eq!(value(&Value::Time(UNIX_EPOCH)), json!("1970-01-01T00:00:00Z"));
        assert_eq!(value(&Value::Float(f64::NAN)), Json::Null);
        assert_eq!(value(&Value::None), Json::Null);
    }

    #[cfg(unix)]
    #[test]
    fn text_that_is_not_utf8_is_hex() {
        use std::os::unix::ffi::OsStrExt as _;
        assert_eq!(text(OsStr::from_bytes(b"a\xff")), json!({"hex": "61ff"}));
    }
}
