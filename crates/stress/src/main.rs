//! Attacks psoxide on the running Linux machine, and reports what it did.
//!
//! Each attack is bounded in count and time. `cargo xtask stress` runs the short form, which CI uses. `--long` runs the
//! counts of RELIABILITY.md.

#[cfg(not(target_os = "linux"))]
compile_error!("the attacks use Linux namespaces, seccomp and pidfds");

mod attack;
mod births;
mod changes;
mod children;
mod descriptors;
mod ffi;
mod forks;
mod inquest;
mod readings;
mod refusals;
mod reuse;
mod signals;
mod soak;
mod trees;

use std::process::ExitCode;
use std::time::Duration;

use attack::{Attack, Outcome, Scale};
use clap::Parser;

/// Every attack: its name, what it does, and the function that runs it.
const ATTACKS: &[Attack] = &[
    Attack { name: "births", what: "processes begin and end while snapshots are taken", run: births::run },
    Attack {
        name: "reuse",
        what: "strangers take the pid of a process that is being read and signalled",
        run: reuse::run,
    },
    Attack { name: "refusals", what: "seccomp refuses each system call in turn", run: refusals::run },
    Attack { name: "signals", what: "SIGALRM interrupts every system call", run: signals::run },
    Attack { name: "forks", what: "the process forks while a thread takes its first readings", run: forks::run },
    Attack {
        name: "descriptors",
        what: "descriptors are closed, run out, or meet another program",
        run: descriptors::run,
    },
    Attack { name: "changes", what: "user, namespaces and root directory change after warm-up", run: changes::run },
    Attack { name: "trees", what: "copied trees are mutated", run: trees::run },
    Attack { name: "soak", what: "readings repeat while memory and descriptors are watched", run: soak::run },
];

/// Attack psoxide on this machine.
#[derive(Parser)]
struct Args {
    /// Attacks to run [default: all]
    names: Vec<String>,
    /// Use the counts of RELIABILITY.md instead of CI's
    #[arg(long)]
    long: bool,
    /// Time limit for one part of an attack in the long form
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    minutes: u64,
    /// Seed of the random choices; the same seed makes the same choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// List the attacks
    #[arg(long)]
    list: bool,
    /// Only start and end this many processes, for the attack on the Python package, and print their number
    #[arg(long, value_name = "COUNT")]
    births: Option<usize>,
    /// Only describe what a process does, for the attack on the Python package
    #[arg(long, value_name = "PID")]
    describe: Option<i32>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.list {
        for attack in ATTACKS {
            println!("{:12} {}", attack.name, attack.what);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = args.names.iter().find(|name| ATTACKS.iter().all(|attack| attack.name != **name)) {
        let known: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
        eprintln!("stress: unknown attack {unknown}; the attacks are {}", known.join(", "));
        return ExitCode::from(2);
    }
    let limit = Duration::from_secs(60 * args.minutes);
    if let Some(count) = args.births {
        return match births::beside(count, limit) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("stress: no child process: {error}");
                ExitCode::FAILURE
            }
        };
    }
    if let Some(pid) = args.describe {
        println!("{}", inquest::describe(pid));
        return ExitCode::SUCCESS;
    }
    let scale = Scale { long: args.long, limit, seed: args.seed };
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for attack in ATTACKS.iter().filter(|attack| args.names.is_empty() || args.names.iter().any(|n| n == attack.name)) {
        println!("### {}: {}\n", attack.name, attack.what);
        let report = (attack.run)(&scale);
        for line in &report.lines {
            // Lines of a table stay as they are. All other lines become a list.
            let mark = if line.is_empty() || line.starts_with('|') { "" } else { "- " };
            println!("{mark}{line}");
        }
        match report.outcome {
            Outcome::Held => passed += 1,
            Outcome::Broke(why) => {
                failed += 1;
                println!("FAILED: {why}");
            }
            Outcome::Skipped(why) => {
                skipped += 1;
                println!("skip: stress::{}: {why}", attack.name);
            }
        }
        println!();
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
