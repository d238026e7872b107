//! The published JSON Schema, for checking what the command writes.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))] // lines are checked on Linux only

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value as Json, json};

pub(crate) const PUBLISHED: &str = include_str!("../../psoxide.schema.json");

pub(crate) struct Checker {
    schemas: Schemas,
    whole: SchemaIndex,
    pub(crate) strict: Json,
}

impl Checker {
    /// The published schema, but without patience for keys that it does not name.
    pub(crate) fn new() -> Self {
        let mut strict: Json = serde_json::from_str(PUBLISHED).unwrap();
        for (_, schema) in strict["$defs"].as_object_mut().unwrap() {
            if schema.get("properties").is_some() {
                schema["additionalProperties"] = json!(false);
            }
        }
        let mut schemas = Schemas::new();
        let whole = compiler(&strict).compile("psoxide.json", &mut schemas).unwrap();
        Self { schemas, whole, strict }
    }

    /// What `--json` has written.
    #[track_caller]
    pub(crate) fn check(&self, what: &str, json: &Json) {
        if let Err(error) = self.schemas.validate(json, self.whole) {
            panic!("{what}: {error:#}\n{json:#}");
        }
    }

    /// What `--jsonl` has written: rows, or the data.
    #[track_caller]
    pub(crate) fn check_lines(&mut self, command: &str, lines: &str) {
        let place = match self.strict["$defs"].get(format!("{command}-row")) {
            Some(_) => format!("psoxide.json#/$defs/{command}-row"),
            None => format!("psoxide.json#/$defs/{command}/properties/data"),
        };
        let row = compiler(&self.strict).compile(&place, &mut self.schemas).unwrap();
        for line in lines.lines() {
            let json: Json = serde_json::from_str(line).unwrap();
            if let Err(error) = self.schemas.validate(&json, row) {
                panic!("{command}: {error:#}\n{line}");
            }
        }
    }
}

fn compiler(schema: &Json) -> Compiler {
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("psoxide.json", schema.clone()).unwrap();
    compiler
}
