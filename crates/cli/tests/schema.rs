//! What the command writes as JSON keeps to the JSON Schema that is published with it.
//!
//! After a wanted change of the columns: `cargo run -- schema > crates/cli/psoxide.schema.json`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a failure is a failed test

mod common;

use boon::{Compiler, SchemaIndex, Schemas};
use common::{Machine, psoxide, run};
use serde_json::{Value as Json, json};

const PUBLISHED: &str = include_str!("../psoxide.schema.json");

/// Every command that writes JSON, with arguments under which it answers on the small machine.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["ps"],
    &["top"],
    &["pstree"],
    &["pidof", "server"],
    &["killall", "-n", "server"],
    &["procinfo", "512"],
    &["procinfo", "300"],
    &["procinfo", "40"],
    &["procinfo", "2"],
    &["procsmem"],
    &["pmap", "512"],
    &["pmap", "512", "--grouped"],
    &["iotop"],
    &["free"],
    &["meminfo"],
    &["cpu"],
    &["cpu", "--each"],
    &["cpu-distribution"],
    &["disk-usage"],
    &["disks"],
    &["netstat", "--kind", "all"],
    &["nettop"],
    &["ifconfig"],
    &["sensors"],
    &["battery"],
    &["who"],
];

/// Commands whose JSON needs a running machine, or that write none.
const ELSEWHERE: &[&str] = &["wait", "services", "schema", "completions", "man", "help"];

struct Checker {
    schemas: Schemas,
    whole: SchemaIndex,
    strict: Json,
}

impl Checker {
    /// The published schema, but without patience for keys that it does not name.
    fn new() -> Self {
        let mut strict: Json = serde_json::from_str(PUBLISHED).unwrap();
        for (_, schema) in strict["$defs"].as_object_mut().unwrap() {
            if schema.get("properties").is_some() {
                schema["additionalProperties"] = json!(false);
            }
        }
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource("psoxide.json", strict.clone()).unwrap();
        let mut schemas = Schemas::new();
        let whole = compiler.compile("psoxide.json", &mut schemas).unwrap();
        Self { schemas, whole, strict }
    }

    #[track_caller]
    fn check(&self, what: &str, json: &Json) {
        if let Err(error) = self.schemas.validate(json, self.whole) {
            panic!("{what}: {error:#}\n{json:#}");
        }
    }

    /// A line of `--jsonl`: a row, or the data.
    fn row(&mut self, command: &str) -> SchemaIndex {
        let place = match self.strict["$defs"].get(format!("{command}-row")) {
            Some(_) => format!("psoxide.json#/$defs/{command}-row"),
            None => format!("psoxide.json#/$defs/{command}/properties/data"),
        };
        let mut compiler = Compiler::new();
        compiler.add_resource("psoxide.json", self.strict.clone()).unwrap();
        compiler.compile(&place, &mut self.schemas).unwrap()
    }
}

fn name<'a>(args: &[&'a str]) -> &'a str {
    args.first().copied().unwrap_or("glance")
}

#[test]
fn the_published_schema_is_that_of_the_command() {
    let ran = run(psoxide().arg("schema"));
    assert_eq!(ran.stdout, PUBLISHED, "cargo run -- schema > crates/cli/psoxide.schema.json");
}

#[test]
fn every_command_is_validated() {
    let help = run(psoxide().arg("--help")).stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let known: Vec<&str> = COMMANDS.iter().map(|args| name(args)).chain(ELSEWHERE.iter().copied()).collect();
    for line in commands {
        let command = line.split_whitespace().next().unwrap();
        assert!(known.contains(&command), "{command} is not validated");
    }
}

#[test]
fn json_keeps_to_the_schema() {
    let checker = Checker::new();
    let machine = Machine::new();
    for args in COMMANDS {
        for more in [&["--json"][..], &["--json", "--count", "1"]] {
            if name(args) == "killall" && more.len() > 1 {
                continue; // it is not repeated
            }
            let args = [args, more].concat();
            let ran = machine.run(&args);
            assert!(ran.code <= 1, "{args:?}: {}", ran.stderr);
            checker.check(&args.join(" "), &ran.json());
        }
    }
}

#[test]
fn jsonl_keeps_to_the_schema() {
    let mut checker = Checker::new();
    let machine = Machine::new();
    for args in COMMANDS.iter().filter(|args| name(args) != "killall") {
        let row = checker.row(name(args));
        let ran = machine.run(&[args, &["--jsonl", "--count", "2", "--interval", "10ms"][..]].concat());
        assert!(ran.code <= 1, "{args:?}: {}", ran.stderr);
        for line in ran.stdout.lines() {
            let json: Json = serde_json::from_str(line).unwrap();
            assert!(json["sample"].as_u64().unwrap() < 2, "{line}");
            if let Err(error) = checker.schemas.validate(&json, row) {
                panic!("{args:?}: {error:#}\n{line}");
            }
        }
    }
}

#[test]
fn every_column_of_every_listing_keeps_to_the_schema() {
    let checker = Checker::new();
    let machine = Machine::new();
    for args in COMMANDS {
        let command = name(args);
        let Some(row) = checker.strict["$defs"].get(format!("{command}-row")) else { continue };
        // The stamps of a sample and the reasons are not columns; where one is, the table of the help has it.
        let row = match row.get("$ref") {
            Some(other) => checker.strict.pointer(other.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(),
            None => row,
        };
        let help = run(psoxide().args([command, "--help"])).stdout;
        let listed = help.lines().skip_while(|line| *line != "Columns:").skip(1).take_while(|line| !line.is_empty());
        // Explanations go on further to the right.
        let first = listed.filter(|line| !line.starts_with("   "));
        let names: Vec<&str> = first.map(|line| line.split_whitespace().next().unwrap()).collect();
        assert!(!names.is_empty(), "{command}");
        for name in &names {
            assert!(row["properties"].get(name).is_some(), "{command} {name}");
        }
        let ran = machine.run(&[args, &["--json", "--columns", &names.join(",")][..]].concat());
        checker.check(command, &ran.json());
    }
}

#[test]
fn json_of_this_machine_keeps_to_the_schema() {
    let checker = Checker::new();
    for args in COMMANDS {
        let live = ["pidof", "killall", "pmap"].contains(&name(args)) || args.get(1).is_some_and(|arg| arg.len() > 1);
        // Pids of the small machine are other processes here; a chip may be missing, and a file system may hang.
        if live || ["sensors", "battery"].contains(&name(args)) {
            continue;
        }
        let ran = run(psoxide().args(*args).arg("--json"));
        assert!(ran.code <= 1, "{args:?}: {}", ran.stderr);
        if ran.code == 0 {
            checker.check(&args.join(" "), &ran.json());
        }
    }
}
