//! Every field that a system has: told by one of its captures, or named here as one that none tells.
#![cfg(any(target_os = "linux", windows))]
#![allow(clippy::unwrap_used)] // a failure is a failed test

use std::collections::BTreeSet;
use std::path::Path;

use psoxide::support::RECORDS;
use psoxide::{ConnectionKind, Os, Record, Result, System, Value};

/// Fields that no capture of a system tells, and why.
const UNTOLD: &[(Os, &str, &str, &str)] = &[
    (Os::Macos, "pcputimes", "children_user", "proc_pidinfo(3) does not return it with the other times"),
    (Os::Macos, "pcputimes", "children_system", "proc_pidinfo(3) does not return it with the other times"),
    (Os::Macos, "pctxsw", "involuntary", "the kernel does not count them apart"),
    (Os::Macos, "pmmap_ext", "start", "macOS shows no mappings without the task port of a process"),
    (Os::Macos, "pmmap_ext", "end", "macOS shows no mappings without the task port of a process"),
    (Os::Macos, "pmmap_ext", "perms", "macOS shows no mappings without the task port of a process"),
    (Os::Macos, "pmmap_ext", "path", "macOS shows no mappings without the task port of a process"),
    (Os::Macos, "pmmap_grouped", "path", "macOS shows no mappings without the task port of a process"),
];

/// The fields that had a value, as record and field.
#[derive(Default)]
struct Told(BTreeSet<(&'static str, &'static str)>);

impl Told {
    fn one<T: Record>(&mut self, record: &T) {
        for (field, value) in T::FIELDS.iter().zip(record.values()) {
            let is_empty = matches!(&value, Value::None) || matches!(&value, Value::List(list) if list.is_empty());
            if !is_empty {
                self.0.insert((T::NAME, field.name));
            }
        }
    }

    /// Adds the records of a reading, if the capture holds it.
    fn all<T: Record>(&mut self, records: Result<impl IntoIterator<Item = T>>) {
        for record in records.into_iter().flatten() {
            self.one(&record);
        }
    }

    fn named<N, T: Record>(&mut self, records: Result<Vec<(N, T)>>) {
        self.all(records.map(|records| records.into_iter().map(|(_, record)| record)));
    }

    fn lists<N, T: Record>(&mut self, records: Result<Vec<(N, Vec<T>)>>) {
        self.all(records.map(|records| records.into_iter().flat_map(|(_, list)| list)));
    }

    fn system(&mut self, system: &System) {
        self.all(system.cpu_times().map(Some));
        self.all(system.cpu_stats().map(Some));
        self.all(system.cpu_freq());
        self.all(system.core_kinds());
        self.all(system.load_average().map(Some));
        self.all(system.virtual_memory().map(Some));
        self.all(system.swap_memory().map(Some));
        self.all(system.disk_partitions(true));
        self.all(system.disk_usage("/").map(Some));
        self.named(system.disk_io_counters());
        self.named(system.net_io_counters());
        self.named(system.net_if_stats());
        self.lists(system.net_if_addrs());
        self.lists(system.sensors_temperatures());
        self.lists(system.sensors_fans());
        self.all(system.sensors_battery());
        self.all(system.users());
        let sockets = system.net_connections(ConnectionKind::All).unwrap_or_default();
        sockets.iter().flat_map(|socket| &socket.holders).for_each(|holder| self.one(holder));
        self.all(Ok(sockets));
    }

    fn processes(&mut self, system: &System) {
        for process in system.processes().unwrap() {
            self.all(process.cpu_times().map(Some));
            self.all(process.memory_info().map(Some));
            self.all(process.memory_details().map(Some));
            self.all(process.memory_footprint().map(Some));
            self.all(process.memory_maps());
            self.all(process.memory_maps_grouped());
            self.all(process.io_counters().map(Some));
            self.all(process.energy().map(Some));
            self.all(process.num_ctx_switches().map(Some));
            self.all(process.page_faults().map(Some));
            self.all(process.uids().map(Some));
            self.all(process.threads());
            self.all(process.thread_details());
            self.all(process.open_files());
            self.all(process.net_connections(ConnectionKind::All));
        }
    }
}

#[test]
fn every_field_is_told_by_a_capture_or_named() {
    for os in [Os::Macos] {
        let mut told = Told::default();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(os.name().to_lowercase());
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "txt") {
                let system = System::at_root(&path).unwrap();
                told.system(&system);
                told.processes(&system);
            }
        }
        // Of the calling process's own allocator no capture tells.
        let of_captures = RECORDS.iter().filter(|(_, python, _)| *python != "pheap");
        let fields = of_captures.flat_map(|(_, python, fields)| fields.iter().map(move |field| (*python, field)));
        let has: BTreeSet<_> =
            fields.filter(|(_, field)| field.os.contains(os)).map(|(python, field)| (python, field.name)).collect();
        let named = UNTOLD.iter().filter(|(of, ..)| *of == os).map(|(_, record, field, _)| (*record, *field)).collect();
        let untold: BTreeSet<_> = has.difference(&told.0).copied().collect();
        assert_eq!(untold, named, "{}: what no capture tells, and what UNTOLD names", os.name());
    }
}
