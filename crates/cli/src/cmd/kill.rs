//! Sends a signal to processes by pid.

use clap::Args;
use psoxide::Pid;

use super::send::{self, SendArgs, Target};
use super::{Subcommand, global};
use crate::args;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::column::Meta;

#[derive(Args)]
pub(crate) struct Kill {
    /// The processes
    #[arg(required = true, value_name = "PID", value_parser = args::pid)]
    pids: Vec<Pid>,
    #[command(flatten)]
    send: SendArgs,
}

impl Subcommand for Kill {
    const NAME: &'static str = "kill";
    const ABOUT: &'static str = "Send a signal to processes by pid";
    const DETAILS: &'static str = "Nothing is sent unless all processes exist. A signal never reaches a later process with the same pid. The exit \
         status is 3 if a signal was not permitted, 4 if a process does not exist.";
    const REFUSES: global::Groups = &[global::REPETITION];
    const SIGNALS: bool = true;
    const FILTER: &'static str = "name == sleep";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("kill 1234 1235", "asks two processes to end"),
        ("kill -9 1234", "ends a process at once"),
        ("kill -n 1234", "shows which process that is"),
    ];

    fn columns() -> Vec<Meta> {
        send::metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let target = |pid: &Pid| {
            let process = context.process(*pid)?;
            let name = process.name().unwrap_or_default();
            Ok(Target { pid: *pid, start: process.start(), name, matched: "pid" })
        };
        let targets = self.pids.iter().map(target).collect::<Result<Vec<Target>, Failure>>()?;
        send::run(Self::NAME, context, &self.send, targets)
    }
}
