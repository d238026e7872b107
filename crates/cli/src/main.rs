//! The command `psoxide`.

mod args;
#[cfg(test)]
#[path = "../tests/common/checker.rs"]
mod checker;
mod cmd;
mod config;
mod context;
mod failure;
mod file;
mod filter;
mod listing;
mod output;
mod process;
#[cfg(all(feature = "history", target_os = "linux"))]
mod recorded;
mod signal;
mod spelling;
#[cfg(all(test, target_os = "linux"))]
#[path = "../tests/common/terminal.rs"]
mod terminal;
mod top;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args as _, Command, FromArgMatches as _};

use crate::args::Globals;
use crate::config::Config;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::glyphs::localized;

const ABOUT: &str = "Shows this machine at a glance, and every detail of every process";

const EXAMPLES: &[(&str, &str)] = &[
    ("", "the machine: CPU, memory, disks, largest processes"),
    ("top", "the same, full screen and live; ? explains the keys"),
    ("ps nginx", "processes by name, command line, pid, user or :port"),
    ("procinfo 1", "everything about process 1"),
    ("ps --filter 'rss > 100M'", "processes with more than 100 MiB of resident memory"),
    ("disks --interval 2 --csv", "disk activity every two seconds, for a spreadsheet"),
    ("doctor", "what works on this machine, and what would enable more"),
    ("--root ./copy free", "memory of a machine whose /proc was copied to ./copy/proc"),
];

const EXIT_STATUS: &str = "\
Exit status:
  0 success   1 nothing matched, or failure   2 usage   3 permission denied   4 no such process";

/// The command line. Subcommands are built when they are used.
fn command() -> Command {
    Globals::augment_args(Command::new("psoxide"))
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .after_help(format!("{}\n{EXIT_STATUS}", cmd::example_help(EXAMPLES)))
        .subcommands(cmd::ALL.iter().map(cmd::Entry::command))
}

fn main() -> ExitCode {
    if std::env::var_os(cmd::COMPLETIONS).is_some() {
        // Answers a shell and exits.
        clap_complete::CompleteEnv::with_factory(command).var(cmd::COMPLETIONS).complete();
    }
    let args: Vec<OsString> = spelling::plain(std::env::args_os().collect());
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(End::Usage(error)) => {
            // Standard output and standard error may be closed.
            let _ = if error.use_stderr() {
                let sentence = localized(&sentence(&error, &args));
                writeln!(anstream::stderr(), "psoxide: {}", output::escape(sentence.as_ref()))
            } else {
                write!(anstream::stdout(), "{}", localized(&error.render().ansi().to_string()))
            };
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        Err(End::Failed(failure)) => {
            if let Some(message) = failure.message() {
                let message = failure::without_numbers(&localized(&message));
                let _ = writeln!(anstream::stderr(), "psoxide: {}", output::escape(message.as_ref()));
            }
            ExitCode::from(failure.code())
        }
    }
}

/// How the command ended without its answer.
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

fn run(args: &[OsString]) -> Result<bool, End> {
    let matches = command().try_get_matches_from(args).map_err(End::Usage)?;
    let globals = Globals::from_arg_matches(&matches).map_err(End::Usage)?;
    let config = Config::load(globals.config.as_deref(), &cmd::columns_of)?;
    let entry = |name| cmd::ALL.iter().find(|entry| entry.name == name);
    let chosen = matches.subcommand_name().and_then(entry);
    if let Some(option) = chosen.and_then(|entry| entry.refused(&matches)) {
        let name = matches.subcommand_name().unwrap_or_default();
        return Err(Failure::Usage(format!("{name} takes no --{option}; see psoxide {name} --help")).into());
    }
    // An environment variable may name the history for all commands.
    #[cfg(all(feature = "history", target_os = "linux"))]
    let named = matches.value_source("history") == Some(clap::parser::ValueSource::CommandLine);
    #[cfg(all(feature = "history", target_os = "linux"))]
    if named && globals.at.is_none() && !matches!(matches.subcommand_name(), Some("record" | "history")) {
        return Err(Failure::Usage("--history needs --at".into()).into());
    }
    let live = chosen.is_some_and(|entry| entry.live);
    let context = Context::new(globals, config, live)?;
    let outcome: Outcome = match matches.subcommand() {
        None => cmd::glance::run(&context),
        Some((name, matches)) => match entry(name) {
            Some(entry) => (entry.run)(matches, &context),
            // `help` is answered by clap.
            None => Err(Failure::Usage(format!("there is no command {name:?}"))),
        },
    };
    Ok(outcome.map_err(|failure| match &failure {
        Failure::Reading(error) if context.sampled.is_some() => {
            failure::not_recorded(error).map_or(failure, Failure::Other)
        }
        _ => failure,
    })?)
}

/// clap's error about wrong arguments in one sentence, and the help that explains them.
fn sentence(error: &clap::Error, args: &[OsString]) -> String {
    let mut commands = args.iter().skip(1).filter_map(|arg| cmd::ALL.iter().find(|entry| entry.is_called(arg)));
    let entry = commands.next();
    let help = entry.map_or_else(|| "--help".into(), |entry| format!("{} --help", entry.name));
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    };
    if let (ErrorKind::InvalidSubcommand, Some(wrong)) = (error.kind(), context(ContextKind::InvalidSubcommand)) {
        let harmless = cmd::ALL.iter().filter(|entry| !entry.signals);
        let names = harmless.flat_map(|entry| std::iter::once(entry.name).chain(entry.aliases.iter().copied()));
        let meant = filter::similar(wrong, names).map(|meant| format!(" (did you mean '{meant}'?)"));
        return format!("unknown command '{wrong}'{}; see psoxide {help}", meant.unwrap_or_default());
    }
    if let (ErrorKind::InvalidValue, Some("--columns <NAME,…>"), Some(wrong), Some(entry)) =
        (error.kind(), context(ContextKind::InvalidArg).map(String::as_str), context(ContextKind::InvalidValue), entry)
    {
        return filter::unknown(&(entry.columns)(), wrong);
    }
    if let (ErrorKind::InvalidValue, Some(arg), Some(wrong), Some(meant)) = (
        error.kind(),
        context(ContextKind::InvalidArg),
        context(ContextKind::InvalidValue),
        context(ContextKind::SuggestedValue),
    ) {
        return format!("invalid value '{wrong}' for '{arg}' (did you mean '{meant}'?); see psoxide {help}");
    }
    let said = error.to_string();
    let mut sentence = String::new();
    let lines = said.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    // Nobody who mistypes an option wants to pass it as a value.
    let idle = |line: &str| {
        line.is_empty() || ["For more information", "tip: to pass"].iter().any(|idle| line.starts_with(idle))
    };
    for line in lines.filter(|line| !idle(line)) {
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
    format!("{sentence}; see psoxide {help}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(args: &[&str], expected: &str) {
        let args: Vec<OsString> = ["psoxide"].iter().chain(args).map(OsString::from).collect();
        let error = command().try_get_matches_from(&args).unwrap_err();
        assert_eq!(sentence(&error, &args), expected);
    }

    #[test]
    fn wrong_arguments_are_explained_in_one_sentence() {
        refused(&["wait"], "the following required arguments were not provided: <PID>...; see psoxide wait --help");
        refused(
            &["ps", "--pid", "x"],
            "invalid value 'x' for '--pid <PID,…>': expected a numeric PID (find one with `psoxide pidof NAME`); see \
             psoxide ps --help",
        );
        refused(
            &["completions", "bsh"],
            "invalid value 'bsh' for '<SHELL>' (did you mean 'bash'?); see psoxide completions --help",
        );
        refused(
            &["completions", "x"],
            "invalid value 'x' for '<SHELL>'; possible values: bash, elvish, fish, powershell, zsh; see psoxide \
             completions --help",
        );
        refused(&["df", "-t"], "unexpected argument '-t' found; see psoxide disk-usage --help");
        refused(&["ps", "-ef"], "unexpected argument '-e' found; see psoxide ps --help");
        refused(&["who", "--columns", "tyt"], &filter::unknown(&cmd::columns_of("who"), "tyt"));
        refused(&["psx"], "unknown command 'psx' (did you mean 'ps'?); see psoxide --help");
        // A typing error never leads to a command that ends processes.
        refused(&["kil"], "unknown command 'kil'; see psoxide --help");
        refused(&["pkil"], "unknown command 'pkil'; see psoxide --help");
        refused(
            &["free", "--count", "0"],
            "invalid value '0' for '--count <N>': expected a number from 1; see psoxide free --help",
        );
        refused(
            &["free", "--json", "--csv"],
            "the argument '--json' cannot be used with '--csv'; see psoxide free --help",
        );
    }

    #[test]
    fn the_filter_in_each_help_works() {
        for entry in cmd::ALL {
            let metas = (entry.columns)();
            assert_eq!(metas.is_empty(), entry.filter.is_empty(), "{}", entry.name);
            if !metas.is_empty() {
                assert!(filter::Filter::parse(entry.filter, &metas).is_ok(), "{}: {}", entry.name, entry.filter);
            }
        }
    }

    /// The words of an example, up to what the shell would do with the output.
    fn words(example: &str) -> Vec<OsString> {
        let mut words = vec![String::new()];
        for (i, part) in example.split('\'').enumerate() {
            let mut parts = part.split(' ').filter(|_| i % 2 == 0);
            match (i % 2, words.last_mut()) {
                (1, Some(last)) => last.push_str(part),
                (_, Some(last)) => {
                    last.push_str(parts.next().unwrap_or_default());
                    words.extend(parts.map(str::to_owned));
                }
                _ => {}
            }
        }
        let words = words.into_iter().take_while(|word| !["|", "||", ">"].contains(&word.as_str()));
        words.filter(|word| !word.is_empty()).map(OsString::from).collect()
    }

    #[test]
    fn the_examples_in_each_help_are_valid() {
        let examples = cmd::ALL.iter().flat_map(|entry| entry.examples.iter().map(move |example| (entry, example.0)));
        for (entry, example) in examples {
            let args = std::iter::once("psoxide".into()).chain(words(example)).collect();
            let matches = command().try_get_matches_from(spelling::plain(args));
            let matches = matches.unwrap_or_else(|error| panic!("{example}: {error}"));
            let Some((_, options)) = matches.subcommand() else { panic!("{example}: no command") };
            if let Ok(Some(filter)) = options.try_get_one::<String>("filter") {
                filter::Filter::parse(filter, &(entry.columns)()).unwrap_or_else(|error| panic!("{example}: {error}"));
            }
            if let Ok(Some(order)) = options.try_get_one::<String>("sort") {
                let known = |name: &str| filter::find(&(entry.columns)(), name.trim_start_matches('-')).is_some();
                assert!(order.split(',').all(known), "{example}");
            }
        }
    }

    #[test]
    fn arguments_are_consistent() {
        command().debug_assert();
        for entry in cmd::ALL {
            entry.command().debug_assert();
        }
    }

    #[test]
    fn rates_are_documented_as_rates() {
        use psoxide::Unit;
        for meta in cmd::ALL.iter().flat_map(|entry| (entry.columns)()) {
            if matches!(meta.unit, Unit::PerSecond | Unit::BytesPerSecond) {
                assert!(meta.doc.contains("per second") && meta.title.ends_with("/s"), "{}: {}", meta.name, meta.doc);
            }
        }
    }

    #[test]
    fn help_fits_eighty_columns() {
        assert!(cmd::FILTER_HELP.lines().all(|line| line.len() <= 72), "manual pages indent it by 7");
    }

    #[test]
    fn the_help_of_a_command_shows_the_global_options_that_it_takes() {
        let values = [
            ("root", "x"),
            ("backend", "proc"),
            ("interval", "1"),
            ("count", "1"),
            ("at", "now"),
            ("history", "x"),
            ("color", "never"),
            ("config", "x"),
        ];
        let mut root = command();
        root.build();
        let globals: Vec<String> = root.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect();
        for entry in cmd::ALL {
            let built = root.find_subcommand(entry.name).unwrap();
            if cfg!(all(feature = "history", target_os = "linux")) {
                assert!(entry.refuses().all(|option| globals.iter().any(|known| known == option)), "{}", entry.name);
            }
            for global in globals.iter().filter(|global| !["help", "version"].contains(&global.as_str())) {
                let arg = built.get_arguments().find(|arg| arg.get_long() == Some(global)).unwrap();
                let mut args = vec![format!("--{global}")];
                if global == "since" {
                    args = vec!["--root".into(), "x".into(), "--since".into(), "x".into()];
                }
                args.extend(values.iter().find(|(name, _)| name == global).map(|(_, value)| (*value).to_owned()));
                let required = built.get_positionals().filter(|arg| arg.is_required_set());
                let subjects = required.map(|_| if entry.name == "completions" { "bash" } else { "1" }.to_owned());
                let all = ["psoxide".to_owned()].into_iter().chain(args).chain([entry.name.to_owned()]).chain(subjects);
                let refused = entry.refused(&command().try_get_matches_from(all).unwrap());
                assert_eq!(arg.is_hide_set(), refused.is_some(), "{} --{global}", entry.name);
            }
        }
    }

    /// `-t` is TCP and `-h` is human-readable sizes, whatever the command.
    #[test]
    fn letters_mean_one_thing() {
        for (letter, long) in [('t', "tcp"), ('h', "human")] {
            for entry in cmd::ALL {
                let mut command = entry.command();
                command.build();
                for arg in command.get_arguments().filter(|arg| arg.get_short() == Some(letter)) {
                    assert_eq!(arg.get_long(), Some(long), "-{letter} of {}", entry.name);
                }
            }
        }
    }

    #[test]
    fn every_column_has_a_unique_name_and_a_documentation() {
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
