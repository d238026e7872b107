//! Whether programs written for psutil can tell psoxide from it: crates/python/tests/parity.

use std::process::Command;

use crate::steps::{Result, run, workspace};

/// What to compare.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// `tests`, `differences`, `programs`; all of them if none is named
    steps: Vec<String>,
}

/// Measures the Python package beside psutil (bench/README.md).
pub(crate) fn bench() -> Result {
    check(&Args { steps: vec!["speed".into()] })
}

/// Runs the comparison, which needs python3 with venv; what it downloads and builds is kept in target/parity.
pub(crate) fn check(args: &Args) -> Result {
    let mut command = Command::new("python3");
    command.arg("crates/python/tests/parity/parity.py").arg(workspace().join("target/parity")).args(&args.steps);
    run(command.current_dir(workspace()))
}
