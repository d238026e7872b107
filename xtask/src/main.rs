//! The project's own machinery, one subcommand for each step; CI runs the same ones.

mod capture;
mod fuzz;
mod ntuples;
mod parity;
mod ports;
mod python;
mod shots;
mod steps;
mod windows;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Every step of the project's own machinery.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    step: Step,
}

/// What to do.
#[derive(Subcommand)]
enum Step {
    /// Run every test; as root, run them as an ordinary user too
    Test {
        /// Run only the part that needs an ordinary user (from root)
        #[arg(long)]
        user: bool,
    },
    /// Run the tests of the Python package alone
    Python,
    /// Check format, clippy, documentation and generated files
    Lint,
    /// Check with the oldest supported compiler
    Msrv,
    /// Check what other operating systems make of the code
    Ports,
    /// Build for Windows and run the tests under Wine (Debian, as root)
    Windows,
    /// Run a Windows program under Wine
    #[command(hide = true)]
    Wine {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<String>,
    },
    /// Write PLATFORM.md and the named tuples of the Python package
    Codegen {
        /// Only say whether it is current
        #[arg(long)]
        check: bool,
    },
    /// Measure against bare system calls, sysinfo and procfs (bench/README.md)
    Bench {
        /// How many processes to start for the snapshots
        #[arg(default_value_t = 1000)]
        processes: u32,
    },
    /// Measure the Python package beside psutil (bench/README.md)
    BenchPython,
    /// Compare the Python package with psutil: psutil's tests, every reading, real programs
    Parity(parity::Args),
    /// Fuzz the parsers, each with a fixed number of inputs
    Fuzz(fuzz::Args),
    /// Take the pictures of the README (as root)
    Shots,
    /// Copy live files of /proc and /sys to a scrubbed archive
    Capture(capture::Args),
}

fn main() -> ExitCode {
    let done = match Args::parse().step {
        Step::Test { user } => steps::test(user),
        Step::Python => steps::is_root().and_then(|root| python::test(root, false)),
        Step::Lint => steps::lint(),
        Step::Msrv => steps::msrv(),
        Step::Ports => ports::check(),
        Step::Windows => windows::check(),
        Step::Wine { words } => windows::run_program(&words),
        Step::Codegen { check } => steps::codegen(check),
        Step::Bench { processes } => steps::bench(processes),
        Step::BenchPython => parity::bench(),
        Step::Parity(args) => parity::check(&args),
        Step::Fuzz(args) => fuzz::run_targets(&args),
        Step::Shots => shots::shots(),
        Step::Capture(args) => capture::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
