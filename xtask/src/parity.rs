//! Compares the Python package with psutil; the comparison itself is in crates/python/tests/parity.

use std::process::Command;

use crate::steps::{Result, run, workspace};

/// Options of `cargo xtask parity`.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Parts to run: `tests`, `differences`, `programs` [default: all]
    steps: Vec<String>,
}

/// Measures the Python package beside psutil (bench/README.md).
pub(crate) fn bench() -> Result {
    check(&Args { steps: vec!["speed".into()] })
}

/// Runs the comparison. It needs python3 with venv, and keeps downloads and builds in target/parity.
pub(crate) fn check(args: &Args) -> Result {
    let mut command = Command::new("python3");
    command.arg("crates/python/tests/parity/parity.py").arg(workspace().join("target/parity")).args(&args.steps);
    run(command.current_dir(workspace()))
}
