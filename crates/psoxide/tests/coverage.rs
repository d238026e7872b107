//! Which answer stands behind each field of each record on the BSDs, macOS and SunOS: one that a kernel gave to a recorder, one
//! that was laid out from the system's headers, or none. `testdata/coverage.txt` lists them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use psoxide::support::{FIELD_GAPS, RECORDS};
use psoxide::{Connection, ConnectionKind, Os, Process, Record, Result, System, Value};
use psoxide_capture::{Capture, Origin};

/// The systems that are listed.
const SYSTEMS: [Os; 5] = [Os::Freebsd, Os::Macos, Os::Netbsd, Os::Openbsd, Os::Sunos];

/// What stands behind a field. The last one is the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Never,
    Built,
    Recorded,
}

/// The fields of all records that were read, by system, record and position.
struct Coverage(BTreeMap<(&'static str, &'static str, usize), (&'static str, Told)>);

impl Coverage {
    /// Lists every field that a system has, but those of the calling process's own allocator, which no capture holds.
    fn of(systems: &[Os]) -> Self {
        let mut all = BTreeMap::new();
        for os in systems {
            for (_, record, fields) in RECORDS.iter().filter(|(_, record, _)| *record != "pheap") {
                for (place, field) in fields.iter().enumerate().filter(|(_, field)| field.os.contains(*os)) {
                    all.insert((os.name(), *record, place), (field.name, Told::Never));
                }
            }
        }
        Self(all)
    }

    /// Adds the records that a reading returned.
    fn see<R: Record>(&mut self, os: Os, told: Told, records: impl IntoIterator<Item = R>) {
        for record in records {
            for (place, value) in record.values().into_iter().enumerate() {
                if let Some((_, strongest)) = self.0.get_mut(&(os.name(), R::NAME, place))
                    && says_something(&value)
                {
                    *strongest = told.max(*strongest);
                }
            }
        }
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for ((os, record, _), (field, told)) in &self.0 {
            let _ = match told {
                Told::Recorded => writeln!(text, "{os} {record}.{field} recorded"),
                Told::Built => writeln!(text, "{os} {record}.{field} built"),
                Told::Never => {
                    let name = format!("{record}.{field}");
                    let gap = FIELD_GAPS.iter().find(|(of, known, _)| of.name() == *os && *known == name);
                    writeln!(text, "{os} {name} not covered: {}", gap.map_or("?", |(.., reason)| reason))
                }
            };
        }
        text
    }
}

/// Whether a value is more than the nothing that a parser of zeros returns.
fn says_something(value: &Value<'_>) -> bool {
    match value {
        Value::None => false,
        Value::Unsigned(number) => *number != 0,
        Value::Signed(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Text(text) => !text.is_empty(),
        Value::Duration(span) => !span.is_zero(),
        Value::List(values) => values.iter().any(says_something),
        Value::Record(fields) => fields.iter().any(|(_, value)| says_something(value)),
        Value::Map(entries) => !entries.is_empty(),
        _ => true,
    }
}

/// The captures of a system.
fn captures(os: Os) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(os.name().to_lowercase());
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_capture = |file: &PathBuf| {
        let name = file.to_string_lossy();
        name.ends_with(".txt.gz") || (name.ends_with(".txt") && !name.ends_with(".truth.txt"))
    };
    files.filter(is_capture).collect()
}

/// The records of a named list.
fn values<N, R>(named: Result<Vec<(N, R)>>) -> Vec<R> {
    named.unwrap_or_default().into_iter().map(|(_, record)| record).collect()
}

fn see_sockets(coverage: &mut Coverage, os: Os, told: Told, sockets: Result<Vec<Connection>>) {
    let sockets = sockets.unwrap_or_default();
    coverage.see(os, told, sockets.iter().flat_map(|socket| socket.holders.clone()));
    coverage.see(os, told, sockets);
}

fn see_process(coverage: &mut Coverage, os: Os, told: Told, process: &Process) {
    coverage.see(os, told, process.uids());
    coverage.see(os, told, process.gids());
    coverage.see(os, told, process.cpu_times());
    coverage.see(os, told, process.memory_info());
    coverage.see(os, told, process.memory_details());
    coverage.see(os, told, process.memory_footprint());
    coverage.see(os, told, process.energy());
    coverage.see(os, told, process.containment());
    coverage.see(os, told, process.thread_details().unwrap_or_default());
    coverage.see(os, told, process.num_ctx_switches());
    coverage.see(os, told, process.page_faults());
    coverage.see(os, told, process.io_counters());
    coverage.see(os, told, process.threads().unwrap_or_default());
    see_sockets(coverage, os, told, process.net_connections(ConnectionKind::All));
    coverage.see(os, told, process.open_files().unwrap_or_default());
    coverage.see(os, told, process.memory_maps().unwrap_or_default());
    coverage.see(os, told, process.memory_maps_grouped().unwrap_or_default());
}

fn see_system(coverage: &mut Coverage, os: Os, told: Told, system: &System) {
    coverage.see(os, told, system.cpu_times());
    coverage.see(os, told, values(system.cpu_times_per_cpu()));
    coverage.see(os, told, system.cpu_stats());
    coverage.see(os, told, system.cpu_freq().unwrap_or_default());
    coverage.see(os, told, system.core_kinds().unwrap_or_default());
    coverage.see(os, told, system.load_average());
    coverage.see(os, told, system.virtual_memory());
    coverage.see(os, told, system.swap_memory());
    coverage.see(os, told, system.disk_partitions(true).unwrap_or_default());
    coverage.see(os, told, system.disk_usage("/"));
    coverage.see(os, told, values(system.disk_io_counters()));
    coverage.see(os, told, values(system.net_io_counters()));
    coverage.see(os, told, values(system.net_if_addrs()).into_iter().flatten());
    coverage.see(os, told, values(system.net_if_stats()));
    see_sockets(coverage, os, told, system.net_connections(ConnectionKind::All));
    coverage.see(os, told, values(system.sensors_temperatures()).into_iter().flatten());
    coverage.see(os, told, values(system.sensors_fans()).into_iter().flatten());
    coverage.see(os, told, system.sensors_battery().ok().flatten());
    coverage.see(os, told, system.users().unwrap_or_default());
    for process in system.processes().unwrap() {
        see_process(coverage, os, told, &process);
    }
}

#[test]
fn each_field_is_told_by_a_capture_or_its_gap_is_explained() {
    let mut coverage = Coverage::of(&SYSTEMS);
    for os in SYSTEMS {
        for file in captures(os) {
            let told = match Capture::read(&file).unwrap().header.origin {
                Origin::Recorded => Told::Recorded,
                _ => Told::Built,
            };
            see_system(&mut coverage, os, told, &System::at_root(&file).unwrap());
        }
    }
    let text = coverage.to_text();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/coverage.txt");
    if std::env::var_os("PSOXIDE_EVIDENCE").is_some_and(|value| value == "write") {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        text,
        "testdata/coverage.txt is not current: run this test with PSOXIDE_EVIDENCE=write"
    );
    let unexplained: Vec<&str> = text.lines().filter(|line| line.ends_with("not covered: ?")).collect();
    assert_eq!(unexplained, [""; 0]);
    for (os, name, _) in FIELD_GAPS {
        let line = format!("{} {name} not covered: ", os.name());
        assert!(text.lines().any(|listed| listed.starts_with(&line)), "{} {name} is covered by now", os.name());
    }
}
