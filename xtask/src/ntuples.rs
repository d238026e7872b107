//! Generates the named tuples of the Python package and their types from the field tables of the Rust records.

use std::fmt::Write as _;

use psoxide::{FieldInfo, Os, Unit, support};

/// A field of a named tuple: name, Python type, documentation.
#[derive(Clone)]
struct Field {
    name: &'static str,
    kind: &'static str,
    doc: &'static str,
}

/// A named tuple.
struct Tuple {
    name: &'static str,
    fields: Vec<Field>,
}

/// Python types that do not follow from the field's unit, by tuple and field.
const TYPES: &[(&str, &str, &str)] = &[
    ("sdiskio", "read_time", "int"),
    ("sdiskio", "write_time", "int"),
    ("sdiskio", "busy_time", "int"),
    ("snicaddr", "family", "AddressFamily | int"),
    ("snicaddr", "netmask", "str | None"),
    ("snicaddr", "broadcast", "str | None"),
    ("snicaddr", "ptp", "str | None"),
    ("snicstats", "isup", "bool"),
    ("snicstats", "duplex", "NicDuplex"),
    ("sconn", "family", "AddressFamily | int"),
    ("sconn", "type", "SocketKind | int"),
    ("sconn", "laddr", "addr | tuple[()] | str"),
    ("sconn", "raddr", "addr | tuple[()] | str"),
    ("sconn", "pid", "int | None"),
    ("shwtemp", "high", "float | None"),
    ("shwtemp", "critical", "float | None"),
    ("sbattery", "secsleft", "int"),
    ("sbattery", "power_plugged", "bool | None"),
    ("suser", "terminal", "str | None"),
    ("suser", "host", "str"),
    ("suser", "pid", "int | None"),
    ("pionice", "ioclass", "IOPriority"),
];

const fn field(name: &'static str, kind: &'static str, doc: &'static str) -> Field {
    Field { name, kind, doc }
}

/// Returns the fields of a record by psutil's name for its tuple.
fn record(name: &'static str, os: Os) -> Vec<Field> {
    let found = support::RECORDS.iter().find(|(_, python, _)| *python == name);
    let fields = found.map(|(.., fields)| *fields).unwrap_or_default();
    fields.iter().filter(|field| support::in_tuple(name, field, os)).map(of).collect()
}

fn of(info: &FieldInfo) -> Field {
    // Fields whose Rust name differs: keywords, and names with a clearer spelling.
    let name = match info.name {
        "kind" => "type",
        "class" => "ioclass",
        "virtual_size" => "virtual",
        "peak_virtual_size" => "peak_virtual",
        "private_bytes" => "private",
        other => other,
    };
    let kind = match info.unit {
        Unit::Text => "str",
        Unit::Seconds | Unit::Time | Unit::Percent | Unit::Celsius | Unit::Megahertz => "float",
        _ => "int",
    };
    Field { name, kind, doc: info.doc.trim() }
}

/// Fields of psutil 7's `pmem` on Windows after rss and vms.
const WINDOWS_MEMORY: [(&str, &str); 10] = [
    ("num_page_faults", "Page faults."),
    ("peak_wset", "The most that was ever resident."),
    ("wset", "Resident: rss."),
    ("peak_paged_pool", "The most of the paged pool it ever used."),
    ("paged_pool", "The kernel's memory for it that can be paged out."),
    ("peak_nonpaged_pool", "The most of the nonpaged pool it ever used."),
    ("nonpaged_pool", "The kernel's memory for it that stays in physical memory."),
    ("pagefile", "Committed: vms."),
    ("peak_pagefile", "The most that was ever committed."),
    ("private", "Memory that no other process can use."),
];

/// Lists all tuples, and composes psutil's joined ones from their parts.
fn tuples(os: Os) -> Vec<Tuple> {
    let record = |name| record(name, os);
    let plain = |name| Tuple { name, fields: record(name) };
    let joined = |name, parts: &[Vec<Field>]| Tuple { name, fields: parts.concat() };
    let mut all =
        vec![Tuple { name: "addr", fields: vec![field("ip", "str", "IP address."), field("port", "int", "Port.")] }];
    all.extend(
        ["scputimes", "svmem", "sswap", "sdiskusage", "sdiskio", "sdiskpart", "snetio", "snicaddr", "snicstats"]
            .map(plain),
    );
    let mut process_connection = record("sconn");
    process_connection.retain(|field| field.name != "pid");
    all.push(plain("sconn"));
    all.push(Tuple { name: "pconn", fields: process_connection });
    all.extend(["scpustats", "scpufreq", "shwtemp", "sfan", "sbattery", "suser", "pheap", "pcputimes"].map(plain));
    let memory = record("pmem");
    let mut memory_of_7 = memory.clone();
    match os {
        Os::Linux => {
            let unused = |name| field(name, "int", "0 since Linux 2.6.");
            memory_of_7.insert(memory_of_7.iter().position(|field| field.name == "data").unwrap_or(0), unused("lib"));
            memory_of_7.push(unused("dirty"));
        }
        Os::Windows => memory_of_7.extend(WINDOWS_MEMORY.map(|(name, doc)| field(name, "int", doc))),
        Os::Macos => {
            memory_of_7.push(field("pfaults", "int", "Page faults."));
            memory_of_7.push(field("pageins", "int", "Page faults that read from a disk."));
        }
        // `Os` is non-exhaustive outside the library. FreeBSD, OpenBSD, NetBSD and SunOS get here.
        _ => {}
    }
    all.push(joined("pfullmem", &[memory_of_7.clone(), record("pfootprint")]));
    all.push(Tuple { name: "pmem", fields: memory_of_7 });
    all.push(joined("pmem_ex", &[memory, record("pmem_ex")]));
    all.push(plain("pfootprint"));
    let mapping = record("pmmap_ext").into_iter().filter(|field| !["start", "end"].contains(&field.name)).collect();
    all.push(joined("pmmap_ext", &[vec![field("addr", "str", "First address and the one after the last.")], mapping]));
    all.extend(["pmmap_grouped", "popenfile", "pthread", "puids"].map(plain));
    all.push(Tuple { name: "pgids", fields: record("puids") });
    all.extend(["pionice", "pctxsw", "pio", "ppagefaults"].map(plain));
    all.retain(|tuple| !tuple.fields.is_empty());
    for tuple in &mut all {
        if os == Os::Windows && tuple.name == "scputimes" {
            // psutil uses another name on this system.
            tuple.fields.iter_mut().filter(|field| field.name == "irq").for_each(|field| field.name = "interrupt");
        }
        let like = if tuple.name == "pconn" { "sconn" } else { tuple.name };
        for field in &mut tuple.fields {
            if let Some((.., kind)) = TYPES.iter().find(|(name, of, _)| (*name, *of) == (like, field.name)) {
                field.kind = kind;
            }
        }
    }
    all
}

const HEAD: &str = "Generated by `cargo xtask codegen` from the field tables of the Rust records; do not edit it.";

/// The systems, with their names in the Python package's module `_system`.
const SYSTEMS: [(Os, &str); 7] = [
    (Os::Linux, "linux"),
    (Os::Windows, "windows"),
    (Os::Macos, "macos"),
    (Os::Freebsd, "freebsd"),
    (Os::Openbsd, "openbsd"),
    (Os::Netbsd, "netbsd"),
    (Os::Sunos, "sunos"),
];

/// Lists the tuples whose fields differ from Linux, with the systems that share them.
fn varying() -> Vec<(Vec<&'static str>, Vec<Tuple>)> {
    let linux = tuples(Os::Linux);
    let mut groups: Vec<(Vec<&'static str>, Vec<Tuple>)> = Vec::new();
    for name in linux.iter().map(|tuple| tuple.name) {
        let mut variants: Vec<(Vec<&'static str>, Tuple)> = Vec::new();
        for (os, system) in SYSTEMS {
            let Some(tuple) = tuples(os).into_iter().find(|tuple| tuple.name == name) else { continue };
            if linux.iter().any(|known| known.is_like(&tuple)) {
                continue;
            }
            match variants.iter_mut().find(|(_, known)| known.is_like(&tuple)) {
                Some((systems, _)) => systems.push(system),
                None => variants.push((vec![system], tuple)),
            }
        }
        for (systems, tuple) in variants {
            match groups.iter_mut().find(|(known, _)| *known == systems) {
                Some((_, tuples)) => tuples.push(tuple),
                None => groups.push((systems, vec![tuple])),
            }
        }
    }
    groups
}

/// Renders `_ntuples.py`.
pub(crate) fn module() -> String {
    let mut text =
        format!("\"\"\"The named tuples. {HEAD}\"\"\"\n\nfrom . import _system\nfrom ._tuples import named, new\n");
    for tuple in &tuples(Os::Linux) {
        define(&mut text, tuple, "");
    }
    text.push_str("\n# Tuples whose fields are not those of Linux.\n");
    for (systems, tuples) in varying() {
        let systems: Vec<String> = systems.iter().map(|system| format!("\"{system}\"")).collect();
        let comma = if systems.len() == 1 { "," } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "if _system.NAME in ({}{comma}):", systems.join(", "));
        for tuple in &tuples {
            define(&mut text, tuple, "    ");
        }
    }
    text
}

impl Tuple {
    /// Returns whether both have the same name and fields.
    fn is_like(&self, other: &Self) -> bool {
        self.name == other.name && self.names() == other.names()
    }

    fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|field| field.name).collect()
    }
}

fn define(text: &mut String, tuple: &Tuple, indent: &str) {
    let (name, names) = (tuple.name, tuple.names());
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    // A one-element tuple needs a trailing comma.
    let comma = if names.len() == 1 { "," } else { "" };
    let names = names.join(", ");
    let empty = if indent.is_empty() { "\n" } else { "" };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "{empty}{indent}{name} = named(\n{indent}    \"{name}\",\n{indent}    ({}{comma}),\n\
        {indent}    lambda _cls, {names}: new(_cls, ({names}{comma})),\n{indent})\n",
        quoted.join(", ")
    );
}

/// Renders `_ntuples.pyi`.
pub(crate) fn stub() -> String {
    let mut text = format!(
        "# The types of the named tuples. {HEAD}\n\n\
        import sys\n\
        from socket import AddressFamily, SocketKind\n\
        from typing import NamedTuple\n\n\
        from ._enums import IOPriority, NicDuplex\n"
    );
    // Type checkers understand comparisons of `sys.platform`, but no lists.
    const PLATFORMS: [(Os, &str); 7] = [
        (Os::Linux, "if sys.platform == \"linux\""),
        (Os::Windows, "elif sys.platform == \"win32\""),
        (Os::Macos, "elif sys.platform == \"darwin\""),
        (Os::Freebsd, "elif sys.platform.startswith(\"freebsd\")"),
        (Os::Openbsd, "elif sys.platform.startswith(\"openbsd\")"),
        (Os::Netbsd, "elif sys.platform.startswith(\"netbsd\")"),
        (Os::Sunos, "elif sys.platform.startswith(\"sunos\")"),
    ];
    let systems = PLATFORMS.map(|(os, condition)| (condition, tuples(os)));
    let in_all = |tuple: &Tuple| systems.iter().all(|(_, all)| all.iter().any(|known| known.is_like(tuple)));
    let (_, linux) = &systems[0];
    linux.iter().filter(|tuple| in_all(tuple)).for_each(|tuple| describe(&mut text, tuple, ""));
    for (condition, all) in &systems {
        let _ = write!(text, "\n{condition}:\n");
        all.iter().filter(|tuple| !in_all(tuple)).for_each(|tuple| describe(&mut text, tuple, "    "));
    }
    text
}

fn describe(text: &mut String, Tuple { name, fields }: &Tuple, indent: &str) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\n{indent}class {name}(NamedTuple):\n");
    for Field { name, kind, doc } in fields {
        let _ = writeln!(text, "{indent}    {name}: {kind}  # {doc}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tuple_has_its_fields_and_every_override_is_used() {
        let all = tuples(Os::Linux);
        assert!(all.iter().all(|tuple| tuple.fields.len() > 1), "a record is missing from the table");
        for (name, of, kind) in TYPES {
            let tuple = all.iter().find(|tuple| tuple.name == *name).unwrap();
            assert!(tuple.fields.iter().any(|field| field.name == *of && field.kind == *kind), "{name}.{of}");
        }
    }
}
