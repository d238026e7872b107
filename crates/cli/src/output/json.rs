//! Values as JSON. SCHEMA.md documents the guarantees.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::time::SystemTime;

use psoxide::{ToValue, Value};
use serde_json::{Map, Value as Json, json};

use super::acts_on_terminals;
use super::value::Cell;

/// The name of what SCHEMA.md and the JSON Schema promise.
pub(crate) const SCHEMA: &str = "psoxide/1";

/// A value in JSON.
pub(crate) fn value(value: &Value<'_>) -> Json {
    match value {
        Value::Bool(v) => Json::Bool(*v),
        Value::Unsigned(v) => Json::from(*v),
        Value::Signed(v) => Json::from(*v),
        Value::Float(v) => Json::from(*v), // null unless finite
        Value::Text(v) => text(v),
        Value::Duration(v) => Json::from(v.as_secs_f64()),
        Value::Time(v) => time(*v).map_or(Json::Null, Json::String),
        Value::List(v) => v.iter().map(self::value).collect(),
        Value::Record(v) => Json::Object(v.iter().map(|(name, v)| ((*name).to_owned(), self::value(v))).collect()),
        Value::Map(v) => Json::Object(v.iter().map(|(name, v)| (key(name), self::value(v))).collect()),
        _ => Json::Null,
    }
}

/// JSON on one line.
pub(crate) fn line(json: &Json) -> String {
    escaped(json.to_string())
}

/// JSON with a line for each key.
pub(crate) fn pretty(json: &Json) -> String {
    escaped(format!("{json:#}"))
}

/// Escapes the characters that act on a terminal. Outside of strings JSON is ASCII, so each of them is in a string.
fn escaped(json: String) -> String {
    if !json.chars().any(acts_on_terminals) {
        return json;
    }
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if acts_on_terminals(c) && c != '\n' {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| _ = write!(safe, "\\u{unit:04x}"));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A point in time, RFC 3339 in UTC.
pub(crate) fn time(time: SystemTime) -> Option<String> {
    jiff::Timestamp::try_from(time).ok().map(|time| time.to_string())
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
    pub(crate) fn reading<T: ToValue>(&mut self, name: &str, reading: psoxide::Result<T>) {
        self.reading_as(name, reading, |v| value(&v.to_value()));
    }

    pub(crate) fn reading_as<T>(&mut self, name: &str, reading: psoxide::Result<T>, show: impl FnOnce(T) -> Json) {
        let shown = match reading {
            Ok(value) => show(value),
            Err(error) => {
                self.errors.insert(name.into(), Json::String(error.to_string()));
                Json::Null
            }
        };
        self.fields.insert(name.into(), shown);
    }

    /// A cell of a listing.
    pub(crate) fn cell(&mut self, name: &str, cell: &Cell<'_>) {
        if let Some(reason) = cell.reason() {
            self.errors.insert(name.into(), reason.into());
        }
        self.fields.insert(name.into(), cell.value().map_or(Json::Null, value));
    }

    pub(crate) fn finish(self) -> Json {
        Json::Object(self.into_map())
    }

    pub(crate) fn into_map(mut self) -> Map<String, Json> {
        if !self.errors.is_empty() {
            self.fields.insert("errors".into(), Json::Object(self.errors));
        }
        self.fields
    }
}

/// The first keys of every answer.
pub(crate) fn envelope(command: &str) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("schema".into(), SCHEMA.into());
    object.insert("command".into(), command.into());
    object
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

    #[test]
    fn characters_that_act_on_terminals_are_escaped() {
        let odd = "a\u{9b}31m\u{7f}\u{202e}\u{200b}\u{e0041}é";
        let written = line(&json!({ "name": odd }));
        assert_eq!(written, r#"{"name":"a\u009b31m\u007f\u202e\u200b\udb40\udc41é"}"#);
        assert_eq!(serde_json::from_str::<Json>(&written).unwrap()["name"], odd);
        assert_eq!(pretty(&json!({ "name": "é" })), "{\n  \"name\": \"é\"\n}");
    }

    #[cfg(unix)]
    #[test]
    fn text_that_is_not_utf8_is_hex() {
        use std::os::unix::ffi::OsStrExt as _;
        assert_eq!(text(OsStr::from_bytes(b"a\xff")), json!({"hex": "61ff"}));
    }
}
