//! The JSON Schema of the output.

use std::io::Write as _;

use clap::Args;
use serde_json::{Map, Value as Json, json};

use super::{ALL, Subcommand, glance, global};
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::json::SCHEMA;
use crate::output::schema::{Body, answer};

#[derive(Args)]
pub(crate) struct Schema {}

impl Subcommand for Schema {
    const NAME: &'static str = "schema";
    const ABOUT: &'static str = "The JSON Schema of what --json and --jsonl write";
    const REFUSES: global::Groups = global::EVERY;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("schema > psoxide.schema.json", "for a validator")];

    fn body() -> Body {
        Body::None
    }

    fn run(self, _: &Context) -> Outcome {
        let mut out = anstream::stdout().lock();
        writeln!(out, "{:#}", schema())?;
        out.flush()?;
        Ok(true)
    }
}

/// The schema of every command's output.
fn schema() -> Json {
    let mut defs = Map::new();
    defs.insert(
        "text".into(),
        json!({
            "description": "Text of the system; where it is not UTF-8, its bytes.",
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"hex": {"type": "string", "pattern": "^([0-9a-f]{2})*$"}},
                    "required": ["hex"],
                },
            ],
        }),
    );
    let mut answers = vec![json!({"$ref": "#/$defs/glance"})];
    let glance = (glance::NAME, glance::body());
    let listed = ALL.iter().map(|entry| (entry.name, (entry.body)()));
    if let Body::Data(data) = glance.1 {
        defs.insert(glance.0.into(), answer(glance.0, "data", data));
    }
    for (name, body) in listed {
        let (key, content) = match body {
            Body::None => continue,
            Body::Data(data) => ("data", data),
            Body::Rows(row) => {
                // All commands that list processes have the same rows.
                let same = defs.iter().find(|(_, known)| **known == row).map(|(known, _)| format!("#/$defs/{known}"));
                defs.insert(format!("{name}-row"), same.map_or(row, |known| json!({"$ref": known})));
                ("rows", json!({"type": "array", "items": {"$ref": format!("#/$defs/{name}-row")}}))
            }
        };
        defs.insert(name.into(), answer(name, key, content));
        answers.push(json!({"$ref": format!("#/$defs/{name}")}));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "description": "What psoxide COMMAND --json writes. A line of --jsonl is a COMMAND-row, or the data of a \
                        command without rows, with sample, sampled and window. Fields may be added: skip those that you \
                        do not know.",
        "oneOf": answers,
        "$defs": defs,
    })
}
