//! A disk that is full: samples are lost and nothing else, and recording goes on when there is room.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![cfg(all(target_os = "linux", feature = "parquet"))]

mod common;

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{all, at, compare, recorder, usual};
use psoxide_history::{History, Options};

/// Where the inner test finds its file system.
const FULL: &str = "PSOXIDE_HISTORY_FULL";

#[test]
fn a_full_disk_loses_samples_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    const SCRIPT: &str = "mount -t tmpfs -o size=256k none \"$0\" && exec \"$@\"";
    let in_namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", SCRIPT]).arg(folder.path());
        command
    };
    let tried = in_namespace().arg("true").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !tried.is_ok_and(|status| status.success()) {
        return psoxide_testing::skip("mounting a tmpfs needs root");
    }
    let mut test = in_namespace();
    test.arg(std::env::current_exe().unwrap()).args(["--exact", "on_a_small_file_system", "--ignored", "--nocapture"]);
    let done = test.env(FULL, folder.path()).output().unwrap();
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Fills the file system up to its last byte.
fn fill(path: &Path) {
    let bytes = vec![0; 1 << 10];
    let mut file = fs::File::create(path).unwrap();
    while io::Write::write_all(&mut file, &bytes).is_ok() {}
}

#[test]
#[ignore = "runs in a mount namespace of its own"]
fn on_a_small_file_system() {
    let folder = std::env::var(FULL).unwrap();
    let (history, ballast) = (Path::new(&folder).join("history"), Path::new(&folder).join("ballast"));
    let mut recorder = recorder(&history, &Options::default()).unwrap();
    let mut kept = Vec::new();
    let mut refused = 0;
    // 14:00 to 16:00, over two ends of an hour. The disk is full at both, and in between too.
    for sample in 0..1500_u64 {
        match sample {
            100 | 300 | 715 | 900 | 1435 => fill(&ballast),
            150 | 350 | 760 | 950 | 1460 => fs::remove_file(&ballast).unwrap(),
            _ => {}
        }
        let second = sample * 5;
        match recorder.append(at(second), &usual(second)) {
            Ok(()) => kept.push(second),
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{sample}: {error}");
                refused += 1;
            }
        }
    }
    // What was written before stays, what was refused is not there, and nothing is torn.
    assert!(refused > 20, "{refused}");
    let samples = all(&history).unwrap();
    let seconds: Vec<u64> = samples.iter().map(|one| u64::try_from(one.time / 1000).unwrap() - common::NOON).collect();
    assert_eq!(seconds, kept);
    samples.iter().for_each(|sample| assert_eq!(compare(sample), "", "{}", sample.time));
    // A log that could not be closed in time is a sentence, and is closed later.
    let notes = recorder.notes();
    assert!(notes.iter().all(|note| note.contains("cannot be closed yet")), "{notes:?}");
    let summaries = History::open(&history).unwrap().verify().unwrap();
    assert!(summaries.iter().all(|summary| summary.damage.is_empty()), "{summaries:?}");
    assert_eq!(summaries.iter().filter(|summary| summary.is_log).count(), 1, "{summaries:?}");
}
