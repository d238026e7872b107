//! All series of a captured machine, and what a dashboard needs of them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test fails by panicking

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use psoxide::System;
use psoxide_fleet::exposition::Format;
use psoxide_fleet::{Collector, Config, Family, GroupBy, Kind, Names, SOURCES};
use regex_lite::Regex;

fn testdata(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name)
}

fn families() -> Vec<Family> {
    let system = System::at_root(testdata("linux/fleet-machine.txt")).unwrap();
    let config = Config {
        details: true,
        command_lines: true,
        sources: vec![("tcpstat".into(), true), ("connections".into(), true)],
        ..common::config(Names::Both, GroupBy::Unit)
    };
    let mut collector = Collector::new(system, config);
    collector.sample(Instant::now() + Duration::from_secs(60)).families
}

#[test]
fn every_series_of_a_captured_machine() {
    let text = Format::Text.write(&families());
    let timed = |line: &&str| !line.contains("_duration_seconds");
    let text: Vec<&str> = text.lines().filter(timed).collect();
    let text = text.join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(text);
}

#[test]
fn the_limit_of_series_holds() {
    for series in [1, 50, 300, 700] {
        let system = System::at_root(testdata("linux/fleet-machine.txt")).unwrap();
        let config = Config { series, ..common::config(Names::Both, GroupBy::Name) };
        let mut collector = Collector::new(system, config);
        for _ in 0..2 {
            let sample = collector.sample(Instant::now() + Duration::from_secs(60));
            let points: usize = sample.families.iter().map(|family| family.points.len()).sum();
            assert!(points <= series, "{points} of {series}");
        }
    }
}

/// The options that turn sources on and off take these names.
#[test]
fn every_source_is_listed() {
    // A captured machine has no systemd, and the exporter itself is not counted.
    let mut read: BTreeSet<String> = ["units", "systemd", "self"].map(str::to_owned).into();
    let on = [("connections", true), ("interrupts", true), ("tcpstat", true)];
    let config = Config {
        sources: on.map(|(name, on)| (name.to_owned(), on)).into(),
        ..common::config(Names::Both, GroupBy::Unit)
    };
    let system = System::at_root(testdata("linux/fleet-machine.txt")).unwrap();
    let text =
        Format::Text.write(&Collector::new(system, config).sample(Instant::now() + Duration::from_secs(60)).families);
    let source = Regex::new(r#"(?:psoxide_source_up|node_scrape_collector_success)\{[a-z_]+="([a-z_0-9]+)""#).unwrap();
    read.extend(source.captures_iter(&text).map(|found| found[1].to_owned()));
    assert_eq!(read, SOURCES.iter().map(|name| (*name).to_owned()).collect());
}

/// Names and labels are those of the conventions.
#[test]
fn labels_are_those_of_the_conventions() {
    let list = std::fs::read_to_string(testdata("otel-1.44.txt")).unwrap();
    let known: BTreeMap<&str, Vec<&str>> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[0], words[3].split(',').collect())
        })
        .collect();
    let families = families();
    let otel = families.iter().filter(|family| family.name.contains('.') && !family.name.starts_with("psoxide."));
    let mut checked = 0;
    for family in otel {
        let attributes = known.get(&*family.name).unwrap_or_else(|| panic!("{} is not a convention", family.name));
        for point in &family.points {
            for (label, _) in point.labels.iter().skip(point.resource) {
                assert!(attributes.contains(&&**label), "{} has no attribute {label}", family.name);
            }
        }
        checked += 1;
    }
    assert!(checked > 30, "{checked}");
}

/// A series that an expression names, such as `node_cpu_seconds_total{mode="idle"}`.
struct Selector {
    name: String,
    matchers: Vec<(String, String, String)>,
}

fn selectors(line: &str) -> Vec<Selector> {
    let selector = Regex::new(r"(\w+)(?:\{([^}]*)\})?").unwrap();
    let matcher = Regex::new(r#"(\w+)(=~|!~|!=|=)"([^"]*)""#).unwrap();
    let all = selector.captures_iter(line).map(|found| Selector {
        name: found[1].to_owned(),
        matchers: matcher
            .captures_iter(found.get(2).map_or("", |labels| labels.as_str()))
            .map(|one| (one[1].to_owned(), one[2].to_owned(), one[3].to_owned()))
            .collect(),
    });
    all.collect()
}

fn is_answered(selector: &Selector, families: &[Family]) -> bool {
    let Some(family) = families.iter().find(|family| family.name == selector.name) else { return false };
    family.points.iter().any(|point| {
        selector.matchers.iter().all(|(label, operator, wanted)| {
            let value = point.labels.iter().find(|(key, _)| key == label).map_or("", |(_, value)| value);
            let matches = || Regex::new(&format!("^(?:{wanted})$")).unwrap().is_match(value);
            match operator.as_str() {
                "=" => value == wanted,
                "!=" => value != wanted,
                "=~" => matches(),
                _ => !matches(),
            }
        })
    })
}

/// The expressions of the dashboard "Node Exporter Full": what is not answered from the capture needs the running machine,
/// or what psoxide does not read.
#[test]
fn the_dashboard_of_node_exporter_is_answered() {
    let facts = std::fs::read_to_string(testdata("dashboard-1860.txt")).unwrap();
    let families = families();
    let (mut answered, mut lacking) = (0, BTreeSet::new());
    for line in facts.lines().filter(|line| !line.starts_with('#')) {
        let (_, needed) = line.split_once(' ').unwrap();
        let missing: Vec<Selector> =
            selectors(needed).into_iter().filter(|selector| !is_answered(selector, &families)).collect();
        answered += usize::from(missing.is_empty());
        lacking.extend(missing.into_iter().map(|selector| selector.name));
    }
    let live = |name: &str| {
        ["node_filesystem_", "node_timex_", "node_time_", "process_"].iter().any(|prefix| name.starts_with(prefix))
    };
    let others: Vec<&str> = lacking.iter().map(String::as_str).filter(|name| !live(name)).collect();
    insta::assert_snapshot!(format!("{answered} of 286 are answered from a capture; it lacks\n{}", others.join("\n")));
    assert!(families.iter().all(|family| family.kind != Kind::Counter || !family.points.is_empty()));
}
