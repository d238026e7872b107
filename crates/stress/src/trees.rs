//! Copied trees are mutated: files are truncated, filled with noise, or replaced by directories, FIFOs and device
//! links.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use psoxide::System;
use psoxide_capture::{Capture, Entry};

use crate::attack::{Random, Report, Scale};
use crate::children::{Ended, in_child};
use crate::readings;

/// The directory of the archives, relative to the root of the workspace.
const ARCHIVES: &str = "testdata/linux";

/// The number of mutations that one child process reads.
const BATCH: usize = 20;

/// A limit of resident memory that no tree of test data needs.
const MEMORY: u64 = 256 << 20;

/// Runs the attack.
pub(crate) fn run(scale: &Scale) -> Report {
    let mutations = scale.count(600, 50_000);
    let archives = match archives() {
        Ok(archives) if !archives.is_empty() => archives,
        Ok(_) | Err(_) => {
            return Report::skipped(format!("{ARCHIVES} is not here: run from the root of the workspace"));
        }
    };
    let mut random = Random::new(scale.seed);
    let mut report = Report::new();
    let (mut done, mut broken) = (0, 0);
    // Each hung child costs its whole limit. A few are enough to prove the failure.
    while done < mutations && broken < 3 {
        let plan: Vec<Mutation> = (0..BATCH).map(|_| Mutation::random(&archives, &mut random)).collect();
        let answer = in_child(Duration::from_secs(60), |out| {
            // A reading without limit ends this process, and does not exhaust the machine.
            let limit = Some(4 * MEMORY);
            let limit = rustix::process::Rlimit { current: limit, maximum: limit };
            if rustix::process::setrlimit(rustix::process::Resource::As, limit).is_err() {
                return 3;
            }
            for mutation in &plan {
                let _ = writeln!(out, "{mutation:?}");
                if mutation.read(&archives).is_err() {
                    return 3;
                }
                if resident() > MEMORY {
                    let _ = writeln!(out, "more than {} MiB resident", MEMORY >> 20);
                    return 4;
                }
            }
            0
        });
        done += BATCH;
        match answer {
            Err(error) => return Report::skipped(format!("no child process: {error}")),
            Ok(answer) if answer.ended == Ended::Exit(0) => {}
            Ok(answer) => {
                broken += 1;
                let last: Vec<&str> = answer.text.lines().rev().take(2).collect();
                report.broke(format!("{:?} at {}", answer.ended, last.join(" after ")));
            }
        }
    }
    report.line(format!("{done} mutated files in {} trees, {broken} panics, hangs or runaway reads", archives.len()));
    report
}

/// Loads every archive.
fn archives() -> std::io::Result<Vec<(PathBuf, Capture)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(ARCHIVES)? {
        let path = entry?.path();
        if let Ok(text) = fs::read_to_string(&path)
            && let Ok(archive) = Capture::parse(&text)
            && archive.entries.keys().any(|name| name.starts_with(b"proc/"))
        {
            all.push((path, archive));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

/// A change of one file in one archive.
#[derive(Debug)]
struct Mutation {
    archive: usize,
    file: String,
    change: Change,
}

/// A change of a file.
#[derive(Debug)]
enum Change {
    /// Keeps only the first bytes.
    Cut(usize),
    /// Changes one byte.
    Byte(usize, u8),
    /// Makes every number larger than any that the kernel writes.
    Numbers,
    /// Replaces the content by noise of this length.
    Noise(usize, u64),
    /// Repeats the content a hundred times.
    Repeated,
    /// Replaces the file by a directory.
    Directory,
    /// Replaces the file by a link to a device that never ends.
    Endless,
    /// Replaces the file by a FIFO that nobody writes.
    Fifo,
    /// Replaces the file by a sparse file of 20 GiB.
    Sparse,
}

impl Mutation {
    /// Chooses a file and its change.
    fn random(archives: &[(PathBuf, Capture)], random: &mut Random) -> Self {
        let archive = random.below(archives.len());
        let files: Vec<(&Vec<u8>, &Entry)> = archives
            .get(archive)
            .map(|(_, archive)| archive.entries.iter().filter(|(_, entry)| matches!(entry, Entry::File(_))).collect())
            .unwrap_or_default();
        let (file, length) = match files.get(random.below(files.len())) {
            Some((name, Entry::File(bytes))) => (String::from_utf8_lossy(name).into_owned(), bytes.len()),
            _ => ("proc/stat".to_owned(), 0),
        };
        let change = match random.below(16) {
            0..=3 => Change::Cut(random.below(length)),
            4..=7 => Change::Byte(random.below(length), u8::try_from(random.below(256)).unwrap_or(0)),
            8 => Change::Numbers,
            9 | 10 => Change::Noise(random.below(9000), u64::try_from(random.below(usize::MAX)).unwrap_or(0)),
            11 => Change::Repeated,
            12 => Change::Directory,
            13 => Change::Endless,
            14 => Change::Fifo,
            _ => Change::Sparse,
        };
        Self { archive, file, change }
    }

    /// Unpacks the archive, changes the file, and takes every reading.
    fn read(&self, archives: &[(PathBuf, Capture)]) -> std::io::Result<()> {
        let Some((_, archive)) = archives.get(self.archive) else { return Ok(()) };
        let folder = tempfile::tempdir()?;
        archive.unpack(folder.path()).map_err(|error| std::io::Error::other(error.to_string()))?;
        let path = folder.path().join(&self.file);
        let bytes = match archive.entries.get(self.file.as_bytes()) {
            Some(Entry::File(bytes)) => bytes.clone(),
            _ => Vec::new(),
        };
        self.change.apply(&path, bytes)?;
        if let Ok(system) = System::at_root(folder.path()) {
            let _ = readings::of_machine(&system);
            for pid in system.pids().unwrap_or_default() {
                if let Ok(process) = system.process(pid) {
                    let _ = readings::of_process(&process);
                }
            }
            let _ = system.snapshot(psoxide::Query::from([psoxide::Field::Name, psoxide::Field::Cmdline]));
        }
        Ok(())
    }
}

impl Change {
    /// Makes the change.
    fn apply(&self, path: &Path, mut bytes: Vec<u8>) -> std::io::Result<()> {
        match self {
            Self::Cut(length) => bytes.truncate(*length),
            Self::Byte(at, value) => {
                if let Some(byte) = bytes.get_mut(*at) {
                    *byte = *value;
                }
            }
            Self::Numbers => {
                let text: Vec<u8> = bytes.iter().map(|byte| if byte.is_ascii_digit() { b'9' } else { *byte }).collect();
                bytes = String::from_utf8_lossy(&text).replace('9', "999999999").into_bytes();
            }
            Self::Noise(length, seed) => {
                let mut random = Random::new(*seed);
                bytes = (0..*length).map(|_| u8::try_from(random.below(256)).unwrap_or(0)).collect();
            }
            Self::Repeated => bytes = bytes.repeat(100),
            Self::Directory | Self::Endless | Self::Fifo | Self::Sparse => {}
        }
        fs::remove_file(path)?;
        match self {
            Self::Directory => fs::create_dir(path),
            Self::Endless => symlink("/dev/zero", path),
            Self::Fifo => Ok(rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::from_raw_mode(0o600))?),
            Self::Sparse => fs::File::create(path)?.set_len(20 << 30),
            _ => fs::write(path, bytes),
        }
    }
}

/// Returns the resident memory of this process.
fn resident() -> u64 {
    let me = System::host().current_process().and_then(|me| me.memory_info());
    me.map(|memory| memory.rss).unwrap_or(0)
}
