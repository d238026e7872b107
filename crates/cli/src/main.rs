//! The command `psoxide`.

mod args;
#[cfg(test)]
#[path = "../tests/common/checker.rs"]
mod checker;
mod cmd;
mod config;
mod context;
mod filter;
mod output;
mod process;
mod signal;
#[cfg(all(test, target_os = "linux"))]
#[path = "../tests/common/terminal.rs"]
mod terminal;
mod top;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args as _, Command, FromArgMatches as _};

use crate::args::Globals;
use crate::config::Config;
use crate::context::{Context, Failure, Outcome};

const ABOUT: &str = "This machine at a glance, and every detail of every process";

const AFTER_HELP: &str = "\
Examples:
  psoxide                             the machine: CPU, memory, disks, largest processes
  psoxide top                         the same, full screen and live; ? explains the keys
  psoxide procinfo 1                  everything about process 1
  psoxide ps --filter 'rss > 100M'    processes that hold more than 100 MiB
  psoxide disks --interval 2 --csv    what the disks do, every two seconds, for a spreadsheet
  psoxide --root ./copy free          memory of a machine whose /proc was copied to ./copy/proc

Exit status:
  0 done   1 nothing matched, or failed   2 usage   3 permission refused   4 no such process";

/// The whole command line; subcommands are built when they are used.
fn command() -> Command {
    Globals::augment_args(Command::new("psoxide"))
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .after_help(AFTER_HELP)
        .subcommands(cmd::ALL.iter().map(cmd::Entry::command))
}

fn main() -> ExitCode {
    match run(std::env::args_os()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(End::Usage(error)) => {
            // A closed pipe is no matter.
            let _ = if error.use_stderr() {
                let sentence = sentence(&error.to_string(), std::env::args_os());
                writeln!(anstream::stderr(), "psoxide: {}", output::escape(sentence.as_ref()))
            } else {
                error.print()
            };
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        Err(End::Failed(failure)) => {
            if let Some(message) = failure.message() {
                let _ = writeln!(anstream::stderr(), "psoxide: {}", output::escape(message.as_ref()));
            }
            ExitCode::from(failure.code())
        }
    }
}

/// How it ended without its answer.
enum End {
    /// Wrong arguments, or help.
    Usage(clap::Error),
    Failed(Failure),
}

impl<T: Into<Failure>> From<T> for End {
    fn from(failure: T) -> Self {
        Self::Failed(failure.into())
    }
}

fn run(args: impl Iterator<Item = OsString>) -> Result<bool, End> {
    let matches = command().try_get_matches_from(args).map_err(End::Usage)?;
    let globals = Globals::from_arg_matches(&matches).map_err(End::Usage)?;
    let config = Config::load(globals.config.as_deref())?;
    let context = Context::new(globals, config)?;
    let outcome: Outcome = match matches.subcommand() {
        None => cmd::glance::run(&context),
        Some((name, matches)) => match cmd::ALL.iter().find(|entry| entry.name == name) {
            Some(entry) => (entry.run)(matches, &context),
            // `help` is answered by clap.
            None => Err(Failure::Usage(format!("there is no command {name:?}"))),
        },
    };
    Ok(outcome?)
}

/// What clap says of wrong arguments, in one sentence; which help explains them.
fn sentence(said: &str, args: impl Iterator<Item = OsString>) -> String {
    let mut sentence = String::new();
    let lines = said.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with("For more information")) {
        let line = line.trim_start_matches("error: ").trim_start_matches("tip: ");
        let line = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).unwrap_or(line);
        sentence.push_str(if sentence.is_empty() {
            ""
        } else if sentence.ends_with(':') {
            " "
        } else {
            "; "
        });
        sentence.push_str(line);
    }
    let mut names = args.skip(1).filter_map(|arg| cmd::ALL.iter().find(|entry| arg == *entry.name));
    let help = names.next().map_or_else(|| "--help".into(), |entry| format!("{} --help", entry.name));
    format!("{sentence}; psoxide {help} explains it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(args: &[&str], expected: &str) {
        let args = || ["psoxide"].iter().chain(args).map(OsString::from);
        let error = command().try_get_matches_from(args()).unwrap_err();
        assert_eq!(sentence(&error.to_string(), args()), expected);
    }

    #[test]
    fn wrong_arguments_are_told_in_one_sentence() {
        refused(
            &["wait"],
            "the following required arguments were not provided: <PID>...; psoxide wait --help explains it",
        );
        refused(
            &["ps", "--pid", "x"],
            "invalid value 'x' for '--pid <PID,…>': a process id is a number, which psoxide pidof NAME finds; \
             psoxide ps --help explains it",
        );
        refused(
            &["completions", "bsh"],
            "invalid value 'bsh' for '<SHELL>'; possible values: bash, elvish, fish, powershell, zsh; a similar value \
             exists: 'bash'; psoxide completions --help explains it",
        );
        refused(
            &["psx"],
            "unrecognized subcommand 'psx'; a similar subcommand exists: 'ps'; psoxide --help explains it",
        );
        refused(
            &["free", "--count", "0"],
            "invalid value '0' for '--count <TIMES>': it is 1 or more; psoxide free --help explains it",
        );
        refused(
            &["free", "--json", "--csv"],
            "the argument '--json' cannot be used with '--csv'; psoxide free --help explains it",
        );
    }

    #[test]
    fn arguments_are_consistent() {
        command().debug_assert();
        for entry in cmd::ALL {
            entry.command().debug_assert();
        }
    }

    #[test]
    fn every_column_has_a_name_of_its_own_and_is_explained() {
        for entry in cmd::ALL {
            let metas = (entry.columns)();
            let mut names: Vec<_> = metas.iter().map(|meta| meta.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), metas.len(), "{}", entry.name);
            for meta in &metas {
                assert!(!meta.doc.trim().is_empty(), "{} {}", entry.name, meta.name);
                assert!(meta.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
                assert_ne!(meta.name, "errors", "{}: the reasons are kept there", entry.name);
            }
        }
    }
}
