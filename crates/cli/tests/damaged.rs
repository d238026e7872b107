//! Files of a copied machine that cannot be read: their values are unknown, and nothing disappears.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a failure is a failed test

mod common;

use common::Machine;

/// A machine whose process 512 has these files damaged.
fn damaged(files: &[&str]) -> Machine {
    let machine = Machine::new();
    for file in files {
        std::fs::write(machine.path(&format!("proc/512/{file}")), "?\n").unwrap();
    }
    machine
}

const ONE_ROW: &str = "psoxide: 1 row is incomplete: ? stands for what could not be read (--json says why)";

#[test]
fn processes_with_damaged_files_stay_in_their_listings() {
    let machine = damaged(&["smaps_rollup", "smaps", "io"]);
    for (command, field) in [("procsmem", "uss"), ("iotop", "read_bytes")] {
        let ran = machine.run(&[command, "--pid", "512"]);
        assert_eq!((ran.code, ran.one_line()), (0, ONE_ROW), "{command}");
        let line = ran.stdout.lines().last().unwrap();
        assert!(line.starts_with("512") && line.contains(" ? "), "{}", ran.stdout);
        let json = machine.run(&[command, "--pid", "512", "--json"]).json();
        let row = &json["rows"][0];
        assert!(row[field].is_null() && row["errors"][field].is_string(), "{command}: {row}");
    }
    // A process that may be busy is no idle one.
    assert!(machine.run(&["iotop", "--only"]).stdout.contains("\n512 "));
}

#[test]
fn memory_that_cannot_be_read_is_unknown_at_a_glance() {
    let machine = damaged(&["statm", "stat"]);
    let ran = machine.run(&[]);
    let line = ran.stdout.lines().last().unwrap();
    assert!(line.starts_with("512") && line.contains("  ?  "), "{}", ran.stdout);
    assert_eq!(ran.one_line(), "psoxide: the memory of 1 process could not be read (psoxide ps --json says why)");
    let json = machine.run(&["--json"]).json();
    let largest = json["data"]["top_rss"].as_array().unwrap();
    let row = largest.iter().find(|row| row["pid"] == 512).unwrap();
    assert!(row["rss"].is_null() && row["errors"]["rss"].is_string(), "{row}");
}

#[test]
fn files_that_cannot_be_listed_are_counted() {
    let machine = Machine::new();
    let folder = machine.path("proc/512/fd");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "no directory").unwrap();
    for args in [&["lsof", "512"][..], &["lsof"]] {
        let ran = machine.run(args);
        let sentence = "psoxide: 1 process is listed incompletely: process 512: ";
        assert!(ran.code == 0 && ran.one_line().starts_with(sentence), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn memory_and_swap_are_read_apart() {
    let machine = Machine::new();
    let path = machine.path("proc/meminfo");
    let whole = std::fs::read_to_string(&path).unwrap();
    let without = |name: &str| {
        let lines = whole.lines().filter(|line| !line.starts_with(name)).map(|line| format!("{line}\n"));
        std::fs::write(&path, lines.collect::<String>()).unwrap();
    };
    without("MemTotal");
    for command in ["free", "meminfo"] {
        let ran = machine.run(&[command]);
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("psoxide: memory: ") && ran.stderr.contains("MemTotal"), "{}", ran.stderr);
        assert!(ran.stdout.contains(" ? "), "{}", ran.stdout);
    }
    let rows = &machine.run(&["free", "--json"]).json()["rows"];
    assert!(rows[0]["total"].is_null() && rows[0]["errors"]["total"].is_string(), "{rows}");
    assert!(rows[1]["total"].is_u64() && rows[1]["errors"].is_null(), "{rows}");
    let rows = machine.run(&["meminfo", "--json", "--filter", "of == memory"]).json()["rows"].clone();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 3 && rows.iter().all(|row| row["errors"]["value"].is_string()), "{rows:?}");
    // A kernel without swap has no such line, and there is nothing to read.
    without("Swap");
    for command in ["free", "meminfo"] {
        let ran = machine.run(&[command]);
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{command}");
        assert!(!ran.stdout.to_lowercase().contains("\nswap"), "{}", ran.stdout);
    }
    std::fs::write(&path, "").unwrap();
    for command in ["free", "meminfo"] {
        let ran = machine.run(&[command]);
        assert!(ran.code == 1 && ran.one_line().contains("meminfo"), "{command}: {}", ran.stderr);
    }
}
