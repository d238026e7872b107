//! Processes as a tree.

use clap::Args;
use psoxide::Pid;

use super::Subcommand;
use crate::args::{self, ListArgs};
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::Listing;
use crate::output::column::Meta;
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler, TREE};

#[derive(Args)]
pub(crate) struct Pstree {
    /// Only this process and its descendants
    #[arg(value_name = "PID", value_parser = args::pid)]
    from: Option<Pid>,
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<Proc> = Listing {
    command: Pstree::NAME,
    columns: COLUMNS,
    table: &["pid", "username", "rss", "name"],
    data: &["pid", "ppid", "name", "username", "rss"],
    ..Listing::DEFAULT
};

impl Subcommand for Pstree {
    const NAME: &'static str = "pstree";
    const ABOUT: &'static str = "Processes below their parents";
    const FILTER: &'static str = "username in (anna, root) && cpu_time > 1m";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("pstree", "the whole tree"),
        ("pstree 1234", "process 1234 and what it has started"),
        ("pstree --sort=-rss --columns rss,name", "large branches first"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut root = Vec::new();
        if let Some(pid) = self.from {
            root.push(context.process(pid)?);
        }
        let select = ProcessArgs { tree: true, ..ProcessArgs::default() };
        let mut sampler = Sampler::new(context, &select, First::Lifetime);
        LISTING.run(context, &self.list, Some(&TREE), |ask| {
            let mut sample = sampler.sample(ask)?;
            if let [root] = root.as_slice() {
                let mut family = vec![root.pid()];
                family.extend(root.children(true)?.iter().map(psoxide::Process::pid));
                sample.rows.retain(|process| family.contains(&process.row.pid));
            }
            Ok(sample)
        })
    }
}
