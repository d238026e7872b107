//! Waiting for the end of processes.

use std::time::Duration;

use clap::Args;
use psoxide::{Pid, Process, Unit, wait_procs};

use super::{Subcommand, global};
use crate::args::{self, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell};

#[derive(Args)]
pub(crate) struct Wait {
    /// The processes
    #[arg(required = true, value_name = "PID", value_parser = args::pid)]
    pids: Vec<Pid>,
    /// Give up after this time (10, 500ms, 2m; 0: only look); also -t
    #[arg(long, value_name = "TIME", value_parser = args::timeout)]
    timeout: Option<Duration>,
    #[command(flatten)]
    list: ListArgs,
}

/// A process and how the wait for it went.
struct Waited {
    pid: Pid,
    name: Option<std::ffi::OsString>,
    ended: bool,
}

const LISTING: Listing<Waited> = Listing {
    command: Wait::NAME,
    columns: &[
        Column::new("pid", "PID", Unit::Plain, "The process id.", |waited: &Waited| cell(&waited.pid)),
        Column::new("name", "NAME", Unit::Text, "The name it had.", |waited: &Waited| cell(&waited.name)),
        Column::new("ended", "ENDED", Unit::Plain, "Whether it has ended.", |waited: &Waited| cell(&waited.ended))
            .shape(crate::output::column::Shape::Bool),
    ],
    table: &["pid", "name", "ended"],
    ..Listing::DEFAULT
};

impl Subcommand for Wait {
    const NAME: &'static str = "wait";
    const ABOUT: &'static str = "Wait until processes have ended";
    const DETAILS: &'static str = "Waits for any processes, not only children of the shell, without polling: one poll(2) call covers all of them. \
         The exit status is 0 when all have ended, 1 on a timeout, 4 when a process did not exist at the start.";
    const REFUSES: global::Groups = &[global::REPETITION];
    const FILTER: &'static str = "ended == no";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("wait 1234", "returns when process 1234 has ended"),
        ("wait --timeout 30 1234 1235", "gives up after half a minute"),
        ("wait --timeout 0 1234 || echo running", "only looks"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let open = |pid: &Pid| context.process(*pid);
        let processes = self.pids.iter().map(open).collect::<Result<Vec<Process>, Failure>>()?;
        let mut all_ended = false;
        // In the listing, which refuses wrong options before the wait begins.
        LISTING.run(context, &self.list, None, |_| {
            let names: Vec<_> = processes.iter().map(|process| process.name().ok()).collect();
            let outcome = wait_procs(&processes, self.timeout, |_, _| {})?;
            all_ended = outcome.alive.is_empty();
            Ok(Sample::of(processes.iter().zip(names).map(|(process, name)| Waited {
                pid: process.pid(),
                name,
                ended: !outcome.alive.contains(process),
            })))
        })?;
        Ok(all_ended)
    }
}
