//! Waiting for the end of processes.

use std::time::Duration;

use clap::Args;
use psoxide::{Pid, Process, Unit, wait_procs};

use super::Subcommand;
use crate::args::{self, ListArgs};
use crate::context::{Context, Failure, Outcome};
use crate::output::column::{Column, Meta, cell};
use crate::output::listing::{Listing, Sample};
use crate::output::value::Scale;

#[derive(Args)]
pub(crate) struct Wait {
    /// The processes
    #[arg(required = true, value_name = "PID", value_parser = args::pid)]
    pids: Vec<Pid>,
    /// Wait no longer than this: 10, 500ms, 2m
    #[arg(short, long, value_name = "SECONDS", value_parser = args::interval)]
    timeout: Option<Duration>,
    #[command(flatten)]
    list: ListArgs,
}

/// A process that was waited for.
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
    data: &[],
    spare: &[],
    sort: "",
    scale: Scale::Human,
    continuous: false,
};

impl Subcommand for Wait {
    const NAME: &'static str = "wait";
    const ABOUT: &'static str = "Wait until processes have ended";
    const DETAILS: &'static str = "Any processes, not only children of the shell: nothing is looked at in between, however many they are. The \
         exit status is 0 when all have ended, 1 when the time was over, 4 when one did not exist to begin with.";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("wait 1234", "returns when process 1234 has ended"),
        ("wait --timeout 30 1234 1235", "gives up after half a minute"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        if context.repeats() {
            return Err(Failure::Usage("wait is not repeated; --timeout says how long to wait".into()));
        }
        let open = |pid: &Pid| context.system.process(*pid);
        let processes = self.pids.iter().map(open).collect::<psoxide::Result<Vec<Process>>>()?;
        let names: Vec<_> = processes.iter().map(|process| process.name().ok()).collect();
        let outcome = wait_procs(&processes, self.timeout, |_, _| {})?;
        let rows = processes.iter().zip(names).map(|(process, name)| Waited {
            pid: process.pid(),
            name,
            ended: !outcome.alive.contains(process),
        });
        let mut rows = Some(rows.collect::<Vec<_>>());
        LISTING.run(context, &self.list, None, |_| Ok(Sample::of(rows.take().unwrap_or_default())))?;
        Ok(outcome.alive.is_empty())
    }
}
