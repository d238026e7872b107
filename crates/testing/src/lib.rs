//! Code that the tests of several crates share: the ledger of skipped checks, and a file system that does not answer.
//!
//! A test that cannot check something on this machine calls [`skip`]. `cargo xtask test` collects these lines. It fails
//! on a line that `testdata/skips.txt` does not list.

#[cfg(target_os = "linux")]
pub mod hung_mount;

use std::env;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write as _;

/// The environment variable that names the file to which skips are appended.
pub const LEDGER: &str = "PSOXIDE_SKIPS";

/// Records that the running test, or a part of it, cannot run on this machine, and why.
pub fn skip(reason: impl Display) {
    // The test harness names each test's thread after the test.
    let thread = std::thread::current();
    let line = format!("skip: {}: {reason}", thread.name().unwrap_or("unnamed")).replace('\n', " ");
    eprintln!("{line}");
    let Some(path) = env::var_os(LEDGER) else { return };
    // A single write, because several test programs append to the file at the same time.
    let written =
        OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all((line + "\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("the ledger of skips cannot be written: {error}");
    }
}
