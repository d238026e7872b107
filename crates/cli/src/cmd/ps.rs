//! All processes.

use clap::Args;

use super::Subcommand;
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::column::Meta;
use crate::output::listing::Listing;
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler};

#[derive(Args)]
pub(crate) struct Ps {
    #[command(flatten)]
    select: ProcessArgs,
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<Proc> = Listing {
    command: Ps::NAME,
    columns: COLUMNS,
    table: &[
        "username",
        "pid",
        "ppid",
        "cpu_percent",
        "memory_percent",
        "vms",
        "rss",
        "terminal",
        "status",
        "create_time",
        "cpu_time",
        "cmdline",
    ],
    data: &[
        "pid",
        "ppid",
        "name",
        "username",
        "status",
        "cpu_percent",
        "memory_percent",
        "rss",
        "vms",
        "terminal",
        "create_time",
        "cpu_time",
        "nice",
        "num_threads",
        "cmdline",
    ],
    spare: &["ppid", "vms", "terminal", "create_time", "status", "cpu_time", "memory_percent"],
    ..Listing::DEFAULT
};

impl Subcommand for Ps {
    const NAME: &'static str = "ps";
    const ABOUT: &'static str = "All processes";
    const DETAILS: &'static str = "A refused field is shown as \"?\", one that a process does not have as \"-\". %CPU is the average over the \
         lifetime of the process, as in ps(1); with --interval, later samples show what was used in between.";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("ps", "every process, by pid"),
        ("ps --tree", "children below their parents"),
        ("ps --sort=-rss --user anna", "the largest of anna's first"),
        ("ps --filter 'name ~ ^py && rss > 100M'", "large Python processes"),
        ("ps --columns pid,uss,cmdline --json", "three columns, for another program"),
        ("ps --interval 2 --sort=-cpu", "busy processes, every two seconds"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut sampler = Sampler::new(context, &self.select, First::Lifetime);
        LISTING.run(context, &self.list, self.select.tree(), |ask| sampler.sample(ask))
    }
}
