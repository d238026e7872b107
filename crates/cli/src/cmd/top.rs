//! The full-screen view, and the same on plain pages.

use std::io::IsTerminal as _;

use clap::Args;

use super::Subcommand;
use crate::args::{Format, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::output::column::Meta;
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler};
use crate::top::summary::Summary;

#[derive(Args)]
pub(crate) struct Top {
    /// Print plain pages instead: one, or as many as --count says
    #[arg(short, long)]
    batch: bool,
    #[command(flatten)]
    select: ProcessArgs,
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<Proc> = Listing {
    command: Top::NAME,
    columns: COLUMNS,
    table: &["pid", "username", "nice", "vms", "rss", "status", "cpu_percent", "memory_percent", "cpu_time", "cmdline"],
    spare: &["nice", "vms"],
    sort: "-cpu_percent,pid",
    ..Listing::DEFAULT
};

impl Subcommand for Top {
    const NAME: &'static str = "top";
    const ABOUT: &'static str = "The machine and its processes, full screen and live";
    const DETAILS: &'static str = "CPUs, memory, swap, pressure, disks and network with their history, and the processes: any order, a tree, a \
         filter as you type, every detail of one process, signals and nice values. ? explains the keys. With --batch, \
         --json, --jsonl or --csv it prints instead, and rates are taken over half a second or the interval.";
    const FILTER: &'static str = "username == anna && rss > 100M";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("top", "? explains the keys"),
        ("top --interval 0.5 --sort=-rss", "twice a second, the largest first"),
        ("top --filter 'username == anna'", "anna's processes"),
        ("top --batch --count 3", "three plain pages"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        if self.batch || context.format != Format::Text {
            return self.pages(context);
        }
        if !std::io::stdout().is_terminal() {
            return Err(Failure::Usage("the full-screen view needs a terminal; --batch prints plain pages".into()));
        }
        if !self.select.chosen.user.is_empty() || !self.select.chosen.pid.is_empty() {
            return Err(Failure::Usage("--user and --pid are for --batch; on the screen use u, or --filter".into()));
        }
        let limit = self.list.limit.map(|_| "--limit");
        if let Some(option) = self.list.form().or(limit).or(context.append.then_some("--append")) {
            return Err(Failure::Usage(format!("{option} is for --batch; the screen shows what fits")));
        }
        crate::top::run(context, &self.list, self.select.tree)
    }
}

impl Top {
    fn pages(&self, context: &Context) -> Outcome {
        let mut sampler = Sampler::new(context, &self.select, First::Window);
        let mut summary = Summary::new(&context.system, context.earlier.as_ref());
        LISTING.run(context, &self.list, self.select.tree(), |ask| {
            let mut sample = sampler.sample(ask)?;
            if context.format == Format::Text {
                sample.caption = Some(summary.caption(&sample.rows));
            }
            Ok(sample)
        })
    }
}
