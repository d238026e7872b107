//! What the command writes as JSON keeps to the JSON Schema that is published with it.
//!
//! After a wanted change of the columns: `cargo run -- schema > crates/cli/psoxide.schema.json`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a failure is a failed test

#[path = "common/checker.rs"]
mod checker;
mod common;

use checker::Checker;
#[cfg(target_os = "linux")]
use common::Machine;
use common::{psoxide, run};
#[cfg(target_os = "linux")]
use serde_json::Value as Json;

/// Every command that writes JSON, with arguments under which it answers on the small machine.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["ps"],
    &["top"],
    &["pstree"],
    &["pidof", "server"],
    &["pgrep", "serv"],
    &["kill", "-n", "512"],
    &["killall", "-n", "server"],
    &["pkill", "-n", "serv"],
    &["procinfo", "512"],
    &["procinfo", "300"],
    &["procinfo", "40"],
    &["procinfo", "2"],
    &["procinfo", "1", "2"],
    &["procsmem"],
    &["pmap", "512"],
    &["pmap", "512", "--grouped"],
    &["pmap", "512", "300"],
    &["lsof", "512"],
    &["lsof", ":443"],
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
    &["uptime"],
    &["doctor"],
];

/// Commands that do something once: they take no --count.
#[cfg(target_os = "linux")]
const ONCE: [&str; 3] = ["kill", "killall", "pkill"];

/// Commands that have a test of their own, and those that write no JSON.
const ELSEWHERE: &[&str] =
    &["wait", "services", "serve", "push", "record", "history", "capture", "schema", "completions", "man", "help"];

fn name<'a>(args: &[&'a str]) -> &'a str {
    args.first().copied().unwrap_or("glance")
}

// A build without histories lacks one of the commands.
#[cfg(all(feature = "history", target_os = "linux"))]
#[test]
fn the_published_schema_is_that_of_the_command() {
    let ran = run(psoxide().arg("schema"));
    assert_eq!(ran.stdout, checker::PUBLISHED, "cargo run -- schema > crates/cli/psoxide.schema.json");
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

#[cfg(target_os = "linux")]
#[test]
fn json_keeps_to_the_schema() {
    let checker = Checker::new();
    let machine = Machine::new();
    for args in COMMANDS {
        for more in [&["--json"][..], &["--json", "--count", "1"]] {
            if ONCE.contains(&name(args)) && more.len() > 1 {
                continue; // it is not repeated
            }
            let args = [args, more].concat();
            let ran = machine.run(&args);
            assert!(ran.code <= 1, "{args:?}: {}", ran.stderr);
            checker.check(&args.join(" "), &ran.json());
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn jsonl_keeps_to_the_schema() {
    let mut checker = Checker::new();
    let machine = Machine::new();
    for args in COMMANDS.iter().filter(|args| !ONCE.contains(&name(args))) {
        let ran = machine.run(&[args, &["--jsonl", "--count", "2", "--interval", "10ms"][..]].concat());
        assert!(ran.code <= 1, "{args:?}: {}", ran.stderr);
        checker.check_lines(name(args), &ran.stdout);
        for line in ran.stdout.lines() {
            let json: Json = serde_json::from_str(line).unwrap();
            assert!(json["sample"].as_u64().unwrap() < 2, "{line}");
        }
    }
}

#[cfg(target_os = "linux")]
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
    // Pids and names of the small machine are other processes here; a chip may be missing.
    let anywhere = |args: &&&[&str]| {
        args.get(1).is_none_or(|arg| arg.starts_with('-'))
            && !["kill", "killall", "pkill", "sensors", "battery"].contains(&name(args))
    };
    for args in COMMANDS.iter().filter(anywhere).chain([&["procinfo"][..]].iter()) {
        let ran = run(psoxide().args(*args).arg("--json"));
        assert!(ran.code <= 1, "{args:?}: {}", ran.stderr);
        if ran.code == 0 {
            checker.check(&args.join(" "), &ran.json());
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_wait_says_keeps_to_the_schema() {
    let mut checker = Checker::new();
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    let mut lives = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let pids = [ended.id(), lives.id()].map(|pid| pid.to_string());
    let wait = |form| run(psoxide().args(["wait", "--timeout", "50ms", form]).args(&pids));
    let (json, lines) = (wait("--json"), wait("--jsonl"));
    lives.kill().unwrap();
    lives.wait().unwrap();
    ended.wait().unwrap();

    assert_eq!((json.code, lines.code), (1, 1), "{}{}", json.stderr, lines.stderr);
    checker.check("wait", &json.json());
    checker.check_lines("wait", &lines.stdout);
    let rows = &json.json()["rows"];
    assert_eq!((&rows[0]["ended"], &rows[1]["ended"]), (&true.into(), &false.into()), "{rows}");
}

#[cfg(windows)]
#[test]
fn services_keep_to_the_schema() {
    let mut checker = Checker::new();
    let json = run(psoxide().args(["services", "--json"]));
    assert_eq!(json.code, 0, "{}", json.stderr);
    checker.check("services", &json.json());
    assert!(!json.json()["rows"].as_array().unwrap().is_empty());
    checker.check_lines("services", &run(psoxide().args(["services", "--jsonl"])).stdout);
}

#[cfg(all(feature = "history", target_os = "linux"))]
#[test]
fn a_history_keeps_to_the_schema() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    let ran = run(machine.command(&["record", "--count", "1"]).env("PSOXIDE_HISTORY", folder.path()));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut checker = Checker::new();
    for args in
        [&["history"][..], &["history", "verify"], &["free", "--at", "now"], &["--at", "now"], &["ps", "--at", "now"]]
    {
        let json = run(psoxide().env("PSOXIDE_HISTORY", folder.path()).args(args).arg("--json")).json();
        checker.check(&args.join(" "), &json);
        let lines = run(psoxide().env("PSOXIDE_HISTORY", folder.path()).args(args).arg("--jsonl")).stdout;
        if let Some(command) = args.first().filter(|arg| !arg.starts_with('-')) {
            checker.check_lines(command, &lines);
        }
    }
}
