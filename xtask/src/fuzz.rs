//! Fuzzes every parser with a fixed number of inputs.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::steps::{Result, cargo, install, is_root, on_path, output, run, workspace};

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of inputs for each target
    #[arg(long, default_value_t = 100_000)]
    runs: u32,
    /// Seed of the input generator; the same seed gives the same inputs
    #[arg(long, default_value_t = 1, conflicts_with = "write")]
    seed: u32,
    /// Use a new seed for each target, and add the inputs to the counts in fuzz/inputs.txt
    #[arg(long)]
    write: bool,
    /// Targets to run [default: all]
    targets: Vec<String>,
}

/// The compiler flags of `cargo fuzz` without the sanitizer, which a stable compiler lacks.
///
/// The parsers have no unsafe code for a sanitizer to check. Panics, overflows and hangs are found without it.
const FLAGS: &[&str] = &[
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "-Ccodegen-units=1",
];

/// Builds the targets and runs each from its corpus. Only a failing input is kept.
pub(crate) fn run_targets(args: &Args) -> Result {
    install(is_root()?, &[("c++", "g++")]);
    if !on_path("c++") {
        return Err("the fuzzer is C++ in part: it needs a compiler, c++ (package g++)".into());
    }
    let known = targets()?;
    if let Some(unknown) = args.targets.iter().find(|target| !known.contains(target)) {
        return Err(format!("there is no target {unknown}; there are {}", known.join(", ")));
    }
    let mut chosen = if args.targets.is_empty() { known } else { args.targets.clone() };
    // The same seed twice gives no new inputs.
    chosen.sort();
    chosen.dedup();
    let host = output("rustc", &["--print", "host-tuple"])?;
    let (fuzz, built) = (workspace().join("fuzz"), workspace().join("target/fuzz"));
    let mut build = cargo();
    build.args(["build", "--release", "--target", &host]).current_dir(&fuzz);
    build.args(chosen.iter().flat_map(|target| ["--bin", target]));
    // With an explicit --target, cargo does not apply the flags to build scripts and macros.
    run(build.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}")).env("CARGO_TARGET_DIR", &built))?;
    // Read once: the file may be half written while targets end.
    let before = if args.write { counts()? } else { BTreeMap::new() };
    let ledger_lock = Mutex::new(());
    let new = env::temp_dir().join(format!("psoxide-fuzz-{}", std::process::id()));
    let fuzz_target = |target: &String| {
        let (artifacts, corpus) = (fuzz.join("artifacts").join(target), fuzz.join("corpus").join(target));
        for folder in [&new.join(target), &artifacts] {
            fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
        }
        let seed = if args.write { before.get(target).map_or(0, |count| count.seeds) + 1 } else { args.seed };
        let mut fuzzer = Command::new(built.join(&host).join("release").join(target));
        fuzzer.args([format!("-runs={}", args.runs), format!("-seed={seed}")]);
        fuzzer.args([format!("-max_len={}", longest(&corpus)?), "-timeout=10".into()]);
        fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display()));
        fuzz_one(target, fuzzer.arg(new.join(target)).arg(corpus))?;
        if !args.write {
            return Ok(());
        }
        let _one_writer = ledger_lock.lock();
        add(target, u64::from(args.runs), seed)
    };
    // One target for each CPU at a time.
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(target) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            fuzz_target(target).inspect_err(|_| next.store(chosen.len(), Ordering::Relaxed))?;
        }
        Ok(())
    };
    let done = thread::scope(|scope| {
        let cpus = thread::available_parallelism().map_or(1, NonZero::get);
        let workers: Vec<_> = (0..cpus).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked")?)
    });
    let _ = fs::remove_dir_all(&new);
    done
}

/// The longest input that a target gets: twice the longest one of its corpus, within limits.
///
/// A longer input has more records of the same kinds, and takes longer.
fn longest(corpus: &Path) -> Result<u64> {
    let entries = fs::read_dir(corpus).map_err(|error| format!("cannot read {}: {error}", corpus.display()))?;
    let lengths = entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len());
    Ok(lengths.max().unwrap_or(0).saturating_mul(2).clamp(512, 8192))
}

/// Runs a target and prints the last line of its output, or all of it after a failure.
fn fuzz_one(target: &str, fuzzer: &mut Command) -> Result {
    let done = fuzzer.output().map_err(|error| format!("cannot run {target}: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        return Err(format!("{said}\nthe parser {target} failed ({})", done.status));
    }
    // "#50000 DONE cov: 323 ft: 1389 …": cov counts the code edges that were reached.
    let last = said.lines().find(|line| line.contains("DONE")).unwrap_or_default();
    let words: Vec<&str> = last.split_whitespace().take(4).collect();
    eprintln!("xtask: fuzzed {target}: {}", words.join(" "));
    Ok(())
}

/// How many inputs a target has had without a failure.
struct Count {
    inputs: u64,
    /// The number of runs, which is the seed of the last one.
    seeds: u32,
}

/// The file of counts.
fn ledger() -> PathBuf {
    workspace().join("fuzz/inputs.txt")
}

/// Reads how many inputs each target has had.
fn counts() -> Result<BTreeMap<String, Count>> {
    let path = ledger();
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [target, inputs, seeds] = words[..] else { return None };
            Some((target.to_owned(), Count { inputs: inputs.parse().ok()?, seeds: seeds.parse().ok()? }))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| format!("{} has a malformed line", path.display()))
}

/// Adds the inputs of a run to the file of counts.
fn add(target: &str, inputs: u64, seed: u32) -> Result {
    let mut counts = counts()?;
    let count = counts.entry(target.to_owned()).or_insert(Count { inputs: 0, seeds: 0 });
    (count.inputs, count.seeds) = (count.inputs + inputs, seed);
    let mut text =
        "# Inputs that each target has had without a failure, and the number of runs: cargo xtask fuzz --write\n"
            .to_owned();
    for (target, Count { inputs, seeds }) in counts {
        text.push_str(&format!("{target} {inputs} {seeds}\n"));
    }
    fs::write(ledger(), text).map_err(|error| format!("cannot write {}: {error}", ledger().display()))
}

/// Lists the targets by their source files. Each has a corpus.
fn targets() -> Result<Vec<String>> {
    let mut targets = stems(&workspace().join("fuzz/fuzz_targets"))?;
    targets.sort();
    Ok(targets)
}

/// Lists the Rust files in a directory, without their extension.
fn stems(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let files = paths.filter(|path: &PathBuf| path.extension().is_some_and(|ending| ending == "rs"));
    Ok(files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parser_is_fuzzed_from_a_corpus() {
        let targets = targets().unwrap();
        // Targets of the later systems begin with the system's name, because several systems have a parser of the same
        // name.
        let systems =
            [("linux", ""), ("windows", ""), ("freebsd", "freebsd_"), ("macos", "macos_"), ("sunos", "sunos_")];
        for (system, prefix) in systems {
            for parser in stems(&workspace().join("crates/parse/src").join(system)).unwrap() {
                let target = format!("{prefix}{parser}");
                // These modules declare structs and parse nothing.
                let is_parser = !matches!(parser.as_str(), "mod" | "layout");
                assert!(!is_parser || targets.contains(&target), "{target} is missing in fuzz/fuzz_targets");
            }
        }
        // Most parsers of these systems are of tables with elements of a chosen size, and share a target.
        for system in ["netbsd", "openbsd"] {
            let tables = workspace().join(format!("fuzz/fuzz_targets/{system}_tables.rs"));
            let tables = fs::read_to_string(tables).unwrap();
            for parser in stems(&workspace().join("crates/parse/src").join(system)).unwrap() {
                let is_fuzzed =
                    tables.contains(&format!("{parser}::")) || targets.contains(&format!("{system}_{parser}"));
                assert!(is_fuzzed || parser == "mod", "fuzz/fuzz_targets/{system}_tables.rs lacks {parser}");
            }
        }
        for target in counts().unwrap().keys() {
            assert!(targets.contains(target), "{target} of fuzz/inputs.txt does not exist");
        }
        for target in targets {
            let corpus = workspace().join("fuzz/corpus").join(&target);
            let inputs = fs::read_dir(&corpus).map(Iterator::count).unwrap_or(0);
            assert!(inputs > 0, "{target} has no input in {}", corpus.display());
        }
    }
}
