//! The parts of the JSON Schema of the output, written from the column tables and records.

use psoxide::{FieldInfo, Record, Unit};
use serde_json::{Map, Value as Json, json};

use super::column::{Meta, Shape};
use super::json::SCHEMA;

/// What the JSON of a command holds.
pub(crate) enum Body {
    /// It writes no JSON.
    None,
    /// Rows with this schema.
    Rows(Json),
    /// One object with this schema.
    Data(Json),
}

impl Body {
    pub(crate) fn rows(columns: &[Meta]) -> Self {
        let columns = columns.iter().map(|meta| (meta.name, documented(shape(meta.shape, meta.unit), meta.doc)));
        Self::Rows(object(columns))
    }
}

/// The keys that say which sample this is, and what its rates are taken over.
fn stamps() -> [(&'static str, Json); 3] {
    [
        (
            "sample",
            json!({"type": "integer", "minimum": 0, "description": "Counted from 0; with --interval or --count."}),
        ),
        (
            "sampled",
            json!({"type": "string", "format": "date-time", "description": "With --interval, --count or --at."}),
        ),
        (
            "window",
            json!({
                "type": ["number", "null"],
                "description": "Seconds that the rates are taken over; null: since boot, or since the process began.",
            }),
        ),
    ]
}

pub(crate) fn answer(command: &str, key: &str, content: Json) -> Json {
    let mut properties = Map::new();
    properties.insert("schema".into(), json!({"const": SCHEMA}));
    properties.insert("command".into(), json!({"const": command}));
    properties.extend(stamps().map(|(name, stamp)| (name.to_owned(), stamp)));
    properties.insert(key.into(), content);
    json!({"type": "object", "properties": properties, "required": ["schema", "command", key]})
}

/// Describes an object with these properties. Each can be missing; `errors` holds the reasons.
pub(crate) fn object(properties: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let mut all: Map<String, Json> = properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    for (name, stamp) in stamps() {
        all.entry(name).or_insert(stamp);
    }
    let reasons = json!({
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Why a field is null though it was asked for.",
    });
    all.insert("errors".into(), reasons);
    json!({"type": "object", "properties": all})
}

/// One of these, or an array of several.
pub(crate) fn one_or_many(one: Json) -> Json {
    json!({"anyOf": [one.clone(), {"type": "array", "items": one}]})
}

/// A record of the library, or null.
pub(crate) fn record<T: Record>() -> Json {
    let field = |info: &FieldInfo| (info.name.to_owned(), documented(of_unit(info.unit), info.doc));
    let properties: Map<String, Json> = T::FIELDS.iter().map(field).collect();
    json!({"type": ["object", "null"], "properties": properties})
}

/// A list, or null.
pub(crate) fn list(items: Json) -> Json {
    json!({"type": ["array", "null"], "items": items})
}

pub(crate) fn documented(mut schema: Json, doc: &str) -> Json {
    if let Json::Object(fields) = &mut schema {
        fields.insert("description".into(), doc.trim().into());
    }
    schema
}

/// A number, text or null, by what it counts.
pub(crate) fn of_unit(unit: Unit) -> Json {
    match unit {
        Unit::Text => json!({"anyOf": [{"$ref": "#/$defs/text"}, {"type": ["array", "object", "null"]}]}),
        Unit::Plain => json!({"type": ["integer", "number", "boolean", "string", "object", "null"]}),
        Unit::Count | Unit::Bytes => json!({"type": ["integer", "null"], "minimum": 0}),
        Unit::Time => json!({"type": ["string", "null"], "format": "date-time"}),
        // A battery may say "unknown" or "unlimited".
        Unit::Seconds => json!({"type": ["number", "string", "null"]}),
        _ => json!({"type": ["number", "null"]}),
    }
}

pub(crate) fn shape(shape: Shape, unit: Unit) -> Json {
    let text = || json!({"$ref": "#/$defs/text"});
    let nothing = || json!({"type": "null"});
    match shape {
        Shape::Integer if unit == Unit::Plain => json!({"type": ["integer", "null"]}),
        Shape::Integer => json!({"type": ["integer", "null"], "minimum": 0}),
        Shape::Number => json!({"type": ["number", "null"]}),
        Shape::Bool => json!({"type": ["boolean", "null"]}),
        Shape::Time => json!({"type": ["string", "null"], "format": "date-time"}),
        Shape::Text => json!({"anyOf": [text(), nothing()]}),
        Shape::Texts => list(text()),
        Shape::Holders => list(record::<psoxide::Holder>()),
        Shape::Endpoint => json!({"anyOf": [
            {
                "type": "object",
                "properties": {"ip": {"type": "string"}, "port": {"type": "integer", "minimum": 0, "maximum": 65535}},
                "required": ["ip", "port"],
            },
            text(),
            nothing(),
        ]}),
    }
}
