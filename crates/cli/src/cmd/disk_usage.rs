//! Space of file systems, as df shows it.

use std::time::Duration;

use clap::Args;
use psoxide::{DiskPartition, Reading, Record as _, Unit};

use super::{Subcommand, global};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field, part};

#[derive(Args)]
pub(crate) struct DiskUsage {
    /// Show the file systems of these paths (default: those on devices)
    #[arg(value_name = "PATH", conflicts_with = "all")]
    paths: Vec<std::path::PathBuf>,
    /// Include pseudo file systems (proc, sysfs, tmpfs, …)
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    list: ListArgs,
}

struct Mounted {
    partition: DiskPartition,
    usage: Reading<psoxide::DiskUsage>,
}

macro_rules! usage {
    ($name:ident, $title:literal) => {
        Column::of(field(psoxide::DiskUsage::FIELDS, stringify!($name)), $title, |row: &Mounted| {
            part(&row.usage, |v| &v.$name)
        })
    };
}

const LISTING: Listing<Mounted> = Listing {
    command: DiskUsage::NAME,
    columns: &[
        Column::of(field(DiskPartition::FIELDS, "device"), "DEVICE", |row: &Mounted| cell(&row.partition.device)),
        usage!(total, "TOTAL"),
        usage!(used, "USED"),
        usage!(free, "FREE"),
        usage!(percent, "USE%").hot(),
        Column::of(field(DiskPartition::FIELDS, "fstype"), "TYPE", |row: &Mounted| cell(&row.partition.fstype)),
        Column::of(field(DiskPartition::FIELDS, "mountpoint"), "MOUNT", |row: &Mounted| {
            cell(&row.partition.mountpoint)
        }),
        Column::new("opts", "OPTIONS", Unit::Text, field(DiskPartition::FIELDS, "opts").doc, |row: &Mounted| {
            cell(&row.partition.opts)
        }),
    ],
    table: &["device", "total", "used", "free", "percent", "fstype", "mountpoint"],
    data: &["device", "mountpoint", "fstype", "opts", "total", "used", "free", "percent"],
    spare: &["fstype", "used", "device"],
    ..Listing::DEFAULT
};

/// How long a file system may take to answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);

impl Subcommand for DiskUsage {
    const NAME: &'static str = "disk-usage";
    const ABOUT: &'static str = "Space on file systems, as df";
    const REFUSES: global::Groups = &[global::BACKEND];
    const ALIASES: &'static [&'static str] = &["df"];
    const FILTER: &'static str = "percent > 90 && fstype != tmpfs";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("disk-usage", "file systems on devices"),
        ("disk-usage /home", "the one that /home is on"),
        ("disk-usage --all --filter 'percent > 90'", "those that are nearly full"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        LISTING.run(context, &self.list, None, |_| {
            let mounted = |partition: DiskPartition| {
                let usage = Reading::from(system.disk_usage_within(&partition.mountpoint, TIMEOUT));
                Mounted { partition, usage }
            };
            let partitions = system.disk_partitions(self.all || !self.paths.is_empty())?;
            if self.paths.is_empty() {
                return Ok(Sample::of(partitions.into_iter().map(mounted)));
            }
            let mut rows = Vec::new();
            for path in &self.paths {
                let usage = system.disk_usage_within(path, TIMEOUT)?;
                let path = system.real_path_within(path, TIMEOUT).unwrap_or_else(|_| path.clone());
                let holds = |partition: &&DiskPartition| path.starts_with(&partition.mountpoint);
                // The innermost mount; of several on the same point the last one is seen.
                let on = partitions.iter().filter(holds).max_by_key(|p| p.mountpoint.as_os_str().len());
                let partition =
                    on.cloned().unwrap_or_else(|| DiskPartition::with(|partition| partition.mountpoint = path));
                rows.push(Mounted { partition, usage: Reading::Value(usage) });
            }
            Ok(Sample::of(rows))
        })
    }
}
