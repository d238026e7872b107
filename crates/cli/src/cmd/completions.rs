//! Completions for shells. The shell asks this command itself, which knows columns, users, processes and signals.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Args, Command};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use psoxide::{Field, System};

use super::{Subcommand, global};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::column::Meta;
use crate::output::escape;
use crate::output::schema::Body;
use crate::signal::SIGNALS;

/// The environment variable by which a shell asks for completions.
pub(crate) const VARIABLE: &str = "PSOXIDE_COMPLETE";

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = PossibleValuesParser::new(["bash", "elvish", "fish", "powershell", "zsh"]))]
    shell: String,
}

impl Subcommand for Completions {
    const NAME: &'static str = "completions";
    const ABOUT: &'static str = "Completions for a shell, on standard output";
    const DETAILS: &'static str = "Completes commands, options, columns, filters' columns, users, processes with their command lines, signals and \
         manual pages.";
    const REFUSES: global::Groups = global::EVERY;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("completions bash > /etc/bash_completion.d/psoxide", "for all users of bash"),
        ("completions zsh > ~/.zfunc/_psoxide", "for yourself, in zsh"),
        ("completions fish > ~/.config/fish/completions/psoxide.fish", "in fish"),
    ];

    fn body() -> Body {
        Body::None
    }

    fn run(self, _: &Context) -> Outcome {
        let mut script = Vec::new();
        let shells = Shells::builtins();
        let shell = shells.completer(&self.shell);
        let shell = shell.ok_or_else(|| Failure::Usage(format!("unknown shell {:?}", self.shell)))?;
        shell.write_registration(VARIABLE, "psoxide", "psoxide", "psoxide", &mut script)?;
        let mut out = anstream::stdout().lock();
        out.write_all(&script)?;
        out.flush()?;
        Ok(true)
    }
}

/// Tells the engine how the values of options are completed.
pub(super) fn complete(command: Command, columns: &[Meta]) -> Command {
    let columns: Vec<(&'static str, &'static str)> = columns.iter().map(|meta| (meta.name, meta.doc)).collect();
    command.mut_args(|arg| match arg.get_id().as_str() {
        "sort" => {
            let columns = columns.clone();
            listed(arg, move |word| {
                // A sign in front of a name stays.
                let sign = if word.starts_with('-') { "-" } else { "" };
                columns.iter().map(|(name, doc)| candidate(&format!("{sign}{name}"), doc)).collect()
            })
        }
        "filter" => {
            let columns = columns.clone();
            arg.add(ArgValueCandidates::new(move || columns.iter().map(|(name, doc)| candidate(name, doc)).collect()))
        }
        "pid" | "pids" | "from" | "parent" | "subjects" => listed(arg, |_| processes()),
        "user" => listed(arg, |_| users()),
        "names" | "words" => arg.add(ArgValueCandidates::new(names)),
        "signal" => arg.add(ArgValueCandidates::new(|| {
            SIGNALS.iter().map(|(_, name, meaning)| candidate(name, meaning)).collect()
        })),
        "command" => arg.add(ArgValueCandidates::new(|| {
            super::ALL.iter().map(|entry| candidate(entry.name, entry.about)).collect()
        })),
        _ => arg,
    })
}

/// Completes the last word of a list that commas separate.
fn listed(arg: Arg, candidates: impl Fn(&str) -> Vec<CompletionCandidate> + Send + Sync + 'static) -> Arg {
    arg.add(ArgValueCompleter::new(move |current: &OsStr| {
        let Some(current) = current.to_str() else { return Vec::new() };
        let (before, word) = match current.rsplit_once(',') {
            Some((before, word)) => (format!("{before},"), word),
            None => (String::new(), current),
        };
        let fits = |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().starts_with(word);
        let listed = |candidate: &CompletionCandidate| before.split(',').any(|item| *candidate.get_value() == *item);
        let left = candidates(word).into_iter().filter(|candidate| !listed(candidate));
        left.filter(fits).map(|candidate| candidate.add_prefix(before.clone())).collect()
    }))
}

fn candidate(value: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(help.trim().to_owned().into()))
}

/// Pids with their command lines.
fn processes() -> Vec<CompletionCandidate> {
    let Ok(snapshot) = System::host().snapshot([Field::Name, Field::Cmdline]) else { return Vec::new() };
    let candidate = |row: &psoxide::Row| {
        let mut help = String::new();
        crate::process::command(&mut help, row);
        candidate(&row.pid.to_string(), &help)
    };
    snapshot.processes.iter().map(candidate).collect()
}

/// The users that have processes.
fn users() -> Vec<CompletionCandidate> {
    let Ok(snapshot) = System::host().snapshot([Field::Username]) else { return Vec::new() };
    let users: BTreeSet<OsString> = snapshot.processes.iter().filter_map(|row| row.username.value().cloned()).collect();
    users.into_iter().map(CompletionCandidate::new).collect()
}

/// The names of processes.
fn names() -> Vec<CompletionCandidate> {
    let Ok(snapshot) = System::host().snapshot([Field::Name]) else { return Vec::new() };
    let names: BTreeSet<OsString> = snapshot.processes.iter().filter_map(|row| row.name.value().cloned()).collect();
    names.into_iter().map(|name| CompletionCandidate::new(escape(&name))).collect()
}
