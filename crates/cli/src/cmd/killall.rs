//! Sends a signal to processes by name.

use clap::Args;
use psoxide::Field;

use super::pidof::matched;
use super::send::{self, SendArgs, Target};
use super::{Subcommand, global, none};
use crate::args::Format;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::column::Meta;
use crate::output::escape;
use crate::process::{Chosen, First, ProcessArgs, Sampler};

#[derive(Args)]
pub(crate) struct Killall {
    /// Names, or paths of executables
    #[arg(required = true, value_name = "NAME")]
    names: Vec<std::ffi::OsString>,
    /// Match only the name as ps shows it and the path of the executable
    #[arg(short, long)]
    exact: bool,
    #[command(flatten)]
    send: SendArgs,
    #[command(flatten)]
    chosen: Chosen,
}

impl Subcommand for Killall {
    const NAME: &'static str = "killall";
    const ABOUT: &'static str = "Send a signal to processes by name";
    const DETAILS: &'static str = "A process matches by its name, the path of its executable, argv[0], or the script that it runs; the column \
         MATCHED says which. This command itself never matches, and a signal never reaches a later process with the \
         same pid. The exit status is 1 if nothing matches, 3 if a signal was not permitted.";
    const REFUSES: global::Groups = &[global::REPETITION];
    const SIGNALS: bool = true;
    const FILTER: &'static str = "matched == name";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("killall sleep", "asks every sleep to end"),
        ("killall -i -KILL --user anna python3", "asks before each of anna's"),
        ("killall -n nginx", "shows what would get the signal"),
    ];

    fn columns() -> Vec<Meta> {
        send::metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let fields = [Field::Name, Field::Exe, Field::Cmdline];
        let select = ProcessArgs { chosen: self.chosen, tree: false };
        let mut sampler = Sampler::new(context, &select, First::Lifetime).also(&fields);
        let own = std::process::id();
        let processes = sampler.matching(|process| process.row.pid != own)?;
        let targets: Vec<Target> = processes
            .iter()
            .filter_map(|process| Some(Target::of(process, matched(&process.row, &self.names, self.exact)?)))
            .collect();
        if targets.is_empty() && context.format == Format::Text {
            let names: Vec<_> = self.names.iter().map(|name| escape(name)).collect();
            return none(context, false, &format!("no process matches {}", names.join(" or ")));
        }
        send::run(Self::NAME, context, &self.send, targets)
    }
}
