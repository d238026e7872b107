//! Beside node_exporter and process-exporter on this machine: names, types, labels and values agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::text::{Families, Labels, parse};
use super::{Parts, Running, eventually, free_address, get};
use crate::steps::Result;

/// Series that both have and that cannot agree, and why.
const EXCEPT: &[(&str, &str)] = &[
    ("go_", "the runtime of the other exporter"),
    ("process_", "each exporter describes itself"),
    ("promhttp_", "the other exporter's HTTP server"),
    ("node_exporter_", "the other exporter's version"),
    ("node_scrape_collector_", "each exporter has collectors of its own"),
    ("node_disk_info", "it says 0 for `rotational` where a kernel lacks any file of the queue"),
    ("namedprocess_scrape_", "the other exporter's errors"),
    ("namedprocess_namegroup_thread", "psoxide does not read single threads"),
];

/// Families of node_exporter's own that psoxide does not have.
const LACKING: &[&str] = &["node_processes_threads_state"];

/// How often all three scrapes are made. A value that moves both ways must lie between ours in one of them.
const ROUNDS: usize = 40;

/// The label sets or values that have not agreed yet.
#[derive(Default)]
struct Disagreements {
    pending: BTreeSet<String>,
    agreed: BTreeSet<String>,
}

impl Disagreements {
    fn note(&mut self, what: String, agrees: bool) {
        if agrees {
            self.pending.remove(&what);
            self.agreed.insert(what);
        } else if !self.agreed.contains(&what) {
            self.pending.insert(what);
        }
    }
}

fn is_excepted(name: &str) -> bool {
    EXCEPT.iter().any(|(prefix, _)| name.starts_with(prefix))
}

/// Compares a scrape of the other exporter with ours before and after it.
fn compare(
    before: &Families,
    theirs: &Families,
    after: &Families,
    has_value: &dyn Fn(&str, &Labels) -> bool,
    found: &mut Disagreements,
) {
    for (name, (kind, series)) in theirs.iter().filter(|(name, _)| !is_excepted(name)) {
        let (Some((our_kind, first)), Some((_, second))) = (before.get(name), after.get(name)) else { continue };
        found.note(format!("{name}: the type is {kind}, not {our_kind}"), kind == our_kind);
        for (labels, value) in series {
            let ours = (first.get(labels), second.get(labels));
            found.note(format!("{name}{labels:?} is missing"), ours.0.is_some() || ours.1.is_some());
            if let (Some(first), Some(second)) = ours
                && has_value(name, labels)
            {
                let (low, high) = (first.min(*second), first.max(*second));
                let slack = value.abs() * 1e-9 + 1e-9;
                found.note(format!("{name}{labels:?} has another value"), (low - slack..=high + slack).contains(value));
            }
        }
        for labels in first.keys().filter(|labels| second.contains_key(labels)) {
            found.note(format!("{name}{labels:?} is not there"), series.contains_key(labels));
        }
    }
}

fn report(found: &Disagreements, families: &BTreeSet<String>) -> Result {
    if found.pending.is_empty() {
        eprintln!("xtask: {} families agree ({} facts)", families.len(), found.agreed.len());
        return Ok(());
    }
    let all: Vec<&str> = found.pending.iter().map(String::as_str).take(40).collect();
    Err(format!(
        "{} of {} facts disagree:\n{}",
        found.pending.len(),
        found.agreed.len() + found.pending.len(),
        all.join("\n")
    ))
}

pub(super) fn node(parts: &Parts) -> Result {
    let (_node, address) = parts.node_exporter()?;
    let (_ours, ours) = parts.serve(&["--names", "node", "--enable", "interrupts,tcpstat"])?;
    let mut found = Disagreements::default();
    let mut families = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut before = parse(&get(ours, "/metrics")?);
        let mut theirs = parse(&get(address, "/metrics")?);
        let mut after = parse(&get(ours, "/metrics")?);
        if round == 0 {
            let is_ours =
                |name: &&String| before.contains_key(*name) || is_excepted(name) || LACKING.contains(&name.as_str());
            let lacking: Vec<&String> = theirs.keys().filter(|name| !is_ours(name)).collect();
            if !lacking.is_empty() {
                return Err(format!("psoxide lacks families that node_exporter has: {lacking:?}"));
            }
        }
        families.extend(theirs.keys().filter(|name| before.contains_key(*name) && !is_excepted(name)).cloned());
        // A socket between us, or a process that runs for a moment, is in another state in each scrape.
        let lasting = |name: &str| match name {
            "node_tcp_connection_states" => Some(["listen", "established"]),
            "node_processes_state" => Some(["S", "I"]),
            _ => None,
        };
        for all in [&mut before, &mut theirs, &mut after] {
            for (name, (_, series)) in all.iter_mut() {
                if let Some(lasting) = lasting(name) {
                    series
                        .retain(|labels, _| labels.get("state").is_some_and(|state| lasting.contains(&state.as_str())));
                }
            }
        }
        let has_value = |_: &str, labels: &Labels| labels.get("state").is_none_or(|state| state != "established");
        compare(&before, &theirs, &after, &has_value, &mut found);
        if round >= 3 && found.pending.is_empty() {
            break;
        }
    }
    report(&found, &families)
}

pub(super) fn process(parts: &Parts) -> Result {
    let config = parts.temp.join("process.yml");
    let text = "process_names:\n  - name: \"{{.Comm}}\"\n    cmdline: ['.+']\n";
    fs::write(&config, text).map_err(|error| format!("cannot write {}: {error}", config.display()))?;
    let address = free_address()?;
    let mut command = parts.program("prometheus-process-exporter");
    command.args([
        "-web.listen-address",
        &address.to_string(),
        "-gather-smaps=false",
        "-threads=false",
        "-config.path",
    ]);
    let _theirs = Running::start(command.arg(&config), &parts.log("process"))?;
    let (_ours, ours) = parts.serve(&["--names", "node", "--top", "0", "--linger", "1h"])?;
    eventually(|| get(address, "/metrics"))?;
    get(ours, "/metrics")?;
    // Counters begin with the exporter or with the process: those of a process that began after both agree.
    let burner = burner(parts)?;
    let _burning = Running::start(
        Command::new(&burner).args(["-c", "while :; do read line </proc/self/stat; done"]),
        &parts.log("burner"),
    )?;
    let mut found = Disagreements::default();
    let mut families = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut all =
            [parse(&get(ours, "/metrics")?), parse(&get(address, "/metrics")?), parse(&get(ours, "/metrics")?)];
        for all in &mut all {
            // Other processes of this machine come and go.
            for (_, series) in all.values_mut() {
                series.retain(|labels, _| labels.get("groupname").is_none_or(|name| name == BURNER));
            }
        }
        let [before, theirs, after] = &all;
        let is_theirs = |name: &&String| name.starts_with("namedprocess_namegroup_") && !is_excepted(name);
        let lacking: Vec<&String> =
            theirs.keys().filter(is_theirs).filter(|name| !before.contains_key(*name)).collect();
        if !lacking.is_empty() {
            return Err(format!("psoxide lacks families that process-exporter has: {lacking:?}"));
        }
        families.extend(theirs.keys().filter(is_theirs).cloned());
        // It takes resident memory from `stat`, where the kernel does not add up what each CPU has counted.
        let is_exact = |labels: &Labels| labels.get("memtype").is_none_or(|kind| kind != "resident");
        let has_value = |name: &str, labels: &Labels| name.starts_with("namedprocess_") && is_exact(labels);
        compare(before, theirs, after, &has_value, &mut found);
        if round >= 3 && found.pending.is_empty() {
            break;
        }
    }
    report(&found, &families)
}

/// The name of a program that no other process has.
const BURNER: &str = "fleetburner";

/// A shell of that name.
fn burner(parts: &Parts) -> Result<PathBuf> {
    let path = parts.temp.join(BURNER);
    fs::copy("/bin/sh", &path).map_err(|error| format!("cannot copy /bin/sh: {error}"))?;
    Ok(path)
}
