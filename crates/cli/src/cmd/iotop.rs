//! Processes by what they read from and write to storage.

use clap::Args;
use psoxide::{Field, Reading};

use super::Subcommand;
use crate::args::ListArgs;
use crate::context::{Context, Outcome};
use crate::output::column::Meta;
use crate::output::listing::Listing;
use crate::output::value::Scale;
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler};

#[derive(Args)]
pub(crate) struct Iotop {
    /// Only processes that read or wrote in the interval
    #[arg(short, long)]
    only: bool,
    #[command(flatten)]
    select: ProcessArgs,
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<Proc> = Listing {
    command: Iotop::NAME,
    columns: COLUMNS,
    table: &["pid", "username", "read_rate", "write_rate", "read_bytes", "write_bytes", "cmdline"],
    data: &["pid", "name", "username", "read_rate", "write_rate", "read_bytes", "write_bytes", "cmdline"],
    spare: &["read_bytes", "write_bytes", "username"],
    sort: "-write_rate,-read_rate,-write_bytes",
    scale: Scale::Human,
    continuous: false,
};

impl Subcommand for Iotop {
    const NAME: &'static str = "iotop";
    const ABOUT: &'static str = "What each process reads from and writes to storage";
    const DETAILS: &'static str = "The first sample is taken over half a second, later ones over the interval; of a copied machine, rates are \
         averages over the lifetime of the process. Linux tells the I/O of other users' processes to root only; how \
         many refused is said on standard error.";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("iotop", "who uses the disks now"),
        ("iotop --only --interval 2", "only those who do, every two seconds"),
        ("iotop --sort=-read_bytes --columns pid,read_bytes,cmdline", "who has read most"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut sampler =
            Sampler::new(context, &self.select, First::Window).also(&[Field::IoCounters, Field::CreateTime]);
        let mut refused = 0;
        let found = LISTING.run(context, &self.list, self.select.tree().as_ref(), |ask| {
            let mut sample = sampler.sample(ask)?;
            refused = sample.rows.iter().filter(|p| matches!(p.row.io_counters, Reading::Denied)).count();
            let busy =
                |process: &Proc| [process.read_rate, process.write_rate].into_iter().flatten().any(|rate| rate > 0.0);
            sample.rows.retain(|process| process.row.io_counters.value().is_some() && (!self.only || busy(process)));
            Ok(sample)
        })?;
        super::say_refused(refused);
        Ok(found)
    }
}
