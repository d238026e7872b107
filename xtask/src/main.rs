//! The build and test steps of the project, one subcommand each. CI runs the same steps.

mod built;
mod cycles;
mod deny;
mod elf;
mod fleet;
mod fuzz;
mod layouts;
mod macho;
mod macos;
mod ntuples;
mod parity;
mod ports;
mod python;
mod sanitize;
mod shots;
mod skips;
mod steps;
mod stress;
mod systems;
mod windows;

use clap::{Parser, Subcommand};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::{env, fs};

/// Build, test and maintenance steps of the project
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    step: Step,
}

/// The step to run.
#[derive(Subcommand)]
enum Step {
    /// Run every test; as root, run them as an ordinary user too
    Test {
        /// Run only the part that needs an ordinary user (from root)
        #[arg(long)]
        user: bool,
    },
    /// Run the tests of the Python package alone
    Python(python::Args),
    /// Check format, clippy, documentation and generated files
    Lint,
    /// Check with the oldest supported compiler
    Msrv,
    /// Compile the code for other operating systems, and link it for the BSDs, illumos and macOS
    Ports {
        /// Only link
        #[arg(long, conflicts_with = "check")]
        link: bool,
        /// Only compile: linking takes minutes
        #[arg(long)]
        check: bool,
        /// Systems to link for [default: all]
        #[arg(value_enum, requires = "link")]
        systems: Vec<ports::System>,
    },
    /// Link everything for macOS, build its wheels and check what they need
    Macos,
    /// Link for macOS: rustc runs this
    #[command(hide = true)]
    LinkMacos {
        /// The arguments of Apple's linker
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<String>,
    },
    /// Print in one page what the library reads on this machine
    LiveReport,
    /// Build the Python package for FreeBSD and NetBSD
    Wheels {
        /// Without optimisation
        #[arg(long)]
        debug: bool,
    },
    /// Build the captures of testdata that come from headers
    Built {
        /// Only report whether the files are current
        #[arg(long)]
        check: bool,
    },
    /// Compare the offsets in the parsers with the headers of each system
    Layouts,
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
        /// Only report whether the files are current
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
    /// Measure scrapes beside node_exporter and process-exporter, and write the section of BENCHMARKS.md
    BenchFleet,
    /// Compare the Python package with psutil: psutil's tests, every reading, real programs
    Parity(parity::Args),
    /// Fuzz the parsers, each with a fixed number of inputs
    Fuzz(fuzz::Args),
    /// Run the exporter beside Prometheus, VictoriaMetrics, rotel, node_exporter and process-exporter (Debian)
    Fleet,
    /// Check the dependencies: licences, sources, known vulnerabilities (deny.toml)
    Deny,
    /// Run tests under Miri, AddressSanitizer and ThreadSanitizer
    Sanitize(sanitize::Args),
    /// Attack the library and the Python package (RELIABILITY.md)
    Stress(stress::Args),
    /// Render the README's pictures (as root)
    Shots {
        /// Pictures to take [default: all]
        names: Vec<String>,
    },
}

/// Restarts this program with default signal dispositions if any signal is ignored.
///
/// nohup and background jobs of a shell ignore signals, and every process that a test starts would inherit that.
fn with_default_signals() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    // HUP, INT, QUIT and TERM; signal N is bit N - 1.
    const WANTED: u64 = 0b100_0000_0000_0111;
    let Some(this) = env::current_exe().ok().filter(|_| ignored.is_some_and(|ignored| ignored & WANTED != 0)) else {
        return;
    };
    // exec(2) returns only on failure, for example if `env` lacks --default-signal. The affected tests then fail.
    let error = Command::new("env").arg("--default-signal").arg(this).args(env::args_os().skip(1)).exec();
    eprintln!("xtask: signals stay ignored: {error}");
}

fn main() -> ExitCode {
    with_default_signals();
    let done = match Args::parse().step {
        Step::Test { user } => steps::test(user),
        Step::Python(args) => python::test_with(&args),
        Step::Lint => steps::lint(),
        Step::Msrv => steps::msrv(),
        Step::Ports { link, check, systems } => ports::check(link, check, &systems),
        Step::Macos => macos::check(),
        Step::LinkMacos { words } => macos::link(&words),
        Step::LiveReport => steps::live_report(),
        Step::Wheels { debug } => ports::wheels(debug),
        Step::Built { check } => built::build(check),
        Step::Layouts => layouts::check(),
        Step::Windows => windows::check(),
        Step::Wine { words } => windows::run_program(&words),
        Step::Codegen { check } => steps::codegen(check),
        Step::Bench { processes } => steps::bench(processes),
        Step::BenchPython => parity::bench(),
        Step::BenchFleet => fleet::bench(),
        Step::Parity(args) => parity::check(&args),
        Step::Fuzz(args) => fuzz::run_targets(&args),
        Step::Fleet => fleet::check(),
        Step::Deny => deny::check(),
        Step::Sanitize(args) => sanitize::check(&args),
        Step::Stress(args) => stress::run(&args),
        Step::Shots { names } => shots::shots(&names),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
