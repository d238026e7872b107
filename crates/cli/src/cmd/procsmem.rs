//! Memory that each process alone uses.

use clap::Args;
use psoxide::{Field, Reading};

use super::Subcommand;
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::output::column::Meta;
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler};

#[derive(Args)]
pub(crate) struct Procsmem {
    #[command(flatten)]
    select: ProcessArgs,
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<Proc> = Listing {
    command: Procsmem::NAME,
    columns: COLUMNS,
    table: &["pid", "username", "uss", "pss", "swap", "rss", "cmdline"],
    data: &["pid", "name", "username", "uss", "pss", "swap", "rss", "cmdline"],
    spare: &["swap", "pss", "rss", "username"],
    sort: "-uss",
    ..Listing::DEFAULT
};

impl Subcommand for Procsmem {
    const NAME: &'static str = "procsmem";
    const ABOUT: &'static str = "Memory that each process alone uses (USS), its share (PSS) and its swap";
    const DETAILS: &'static str = "The largest come first. Processes without memory of their own (kernel threads) are left out. How many \
         processes refused is said on standard error; root sees all of them.";
    const FILTER: &'static str = "uss > 50M && username != root";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("procsmem", "what each process would give back if it ended"),
        ("procsmem --user anna --filter 'uss > 50M'", "anna's large ones"),
        ("procsmem --json", "for another program"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut sampler = Sampler::new(context, &self.select, First::Lifetime).also(&[Field::MemoryFootprint]);
        let mut refused = 0;
        let found = LISTING.run(context, &self.list, self.select.tree(), |ask| {
            let mut sample = sampler.sample(ask)?;
            let is_missing = |process: &Proc| matches!(process.row.memory_footprint, Reading::Unsupported);
            if !sample.rows.is_empty() && sample.rows.iter().all(is_missing) {
                return Err(Failure::Other(
                    "this system does not count the memory of each process alone; see ps --sort=-rss".into(),
                ));
            }
            super::refuse_unrecorded(context, &sample.rows, Field::MemoryFootprint)?;
            // What could not be read is no zero.
            let is_shown = |process: &Proc| match &process.row.memory_footprint {
                Reading::Value(memory) => memory.uss > 0,
                reading => matches!(reading, Reading::Failed(_)),
            };
            refused = sample.rows.iter().filter(|p| matches!(p.row.memory_footprint, Reading::Denied)).count();
            sample.rows.retain(is_shown);
            Ok(sample)
        })?;
        super::say_hidden(context, refused);
        Ok(found)
    }
}
