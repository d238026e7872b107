//! Processes by what they read from and write to storage.

use clap::Args;
use psoxide::{Field, IoCounters, Reading, Record as _};

use super::Subcommand;
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::output::column::{Meta, field};
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler};

#[derive(Args)]
pub(crate) struct Iotop {
    /// Show only processes that read or wrote in the interval
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
    data: &[
        "pid",
        "name",
        "username",
        "read_rate",
        "write_rate",
        "read_bytes",
        "write_bytes",
        "read_count",
        "write_count",
        "cmdline",
    ],
    spare: &["read_bytes", "write_bytes", "username"],
    sort: "-write_rate,-read_rate,-write_bytes",
    ..Listing::DEFAULT
};

/// For the BSDs, which count operations and no bytes.
const COUNTS: Listing<Proc> = Listing {
    table: &["pid", "username", "read_count", "write_count", "cmdline"],
    spare: &["username"],
    sort: "-write_count,-read_count",
    ..LISTING
};

impl Subcommand for Iotop {
    const NAME: &'static str = "iotop";
    const ABOUT: &'static str = "Storage I/O of each process";
    const DETAILS: &'static str = "On a terminal the rows are refreshed every second; --count 1 prints them once. The first sample covers half a \
         second, later ones the interval. With --root, rates are averages over the lifetime of the process. The BSDs count operations and no bytes, \
         so there are no rates. Linux shows \
         the I/O of other users' processes to root only; standard error says how many are hidden.";
    const LIVE: bool = true;
    const FILTER: &'static str = "write_rate > 1M || iowait_percent > 10";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("iotop", "live: who uses the disks"),
        ("iotop --only --interval 2", "only those who do, every two seconds"),
        ("iotop --sort=-read_bytes --columns pid,read_bytes,cmdline", "who has read most"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut sampler =
            Sampler::new(context, &self.select, First::Window).also(&[Field::IoCounters, Field::CreateTime]);
        let has_bytes = field(IoCounters::FIELDS, "read_bytes").os.contains(context.system.os());
        let listing = if has_bytes { LISTING } else { COUNTS };
        let mut refused = 0;
        let found = listing.run(context, &self.list, self.select.tree(), |ask| {
            let mut sample = sampler.sample(ask)?;
            let is_missing = |process: &Proc| matches!(process.row.io_counters, Reading::Unsupported);
            if !sample.rows.is_empty() && sample.rows.iter().all(is_missing) {
                return Err(Failure::Other("this system does not count the I/O of processes; see disks".into()));
            }
            if self.only && !has_bytes {
                return Err(Failure::Usage(
                    "--only needs rates, and this system counts no bytes of processes; use --filter 'write_count > 0'"
                        .into(),
                ));
            }
            refused = sample.rows.iter().filter(|p| matches!(p.row.io_counters, Reading::Denied)).count();
            let busy =
                |process: &Proc| [process.read_rate, process.write_rate].into_iter().flatten().any(|rate| rate > 0.0);
            super::refuse_unrecorded(context, &sample.rows, Field::IoCounters)?;
            sample.rows.retain(|process| match &process.row.io_counters {
                Reading::Value(_) => !self.only || busy(process),
                // What could not be read may be busy.
                reading => matches!(reading, Reading::Failed(_)),
            });
            Ok(sample)
        })?;
        super::say_hidden(context, refused);
        Ok(found)
    }
}
