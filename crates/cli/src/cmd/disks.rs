//! What the disks do, as iostat shows it.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use psoxide::{DiskIo, Record as _, Unit};

use super::{Subcommand, global};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::rate::Rate;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field, float};

#[derive(Args)]
pub(crate) struct Disks {
    /// Include partitions and disks that were never used
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    list: ListArgs,
}

struct Disk {
    name: OsString,
    io: DiskIo,
    reads: Option<f64>,
    writes: Option<f64>,
    read_rate: Option<f64>,
    write_rate: Option<f64>,
    read_wait: Option<f64>,
    write_wait: Option<f64>,
    busy: Option<f64>,
}

macro_rules! counter {
    ($name:ident, $title:literal) => {
        Column::of(field(DiskIo::FIELDS, stringify!($name)), $title, |disk: &Disk| cell(&disk.io.$name))
    };
}

const LISTING: Listing<Disk> = Listing {
    command: Disks::NAME,
    columns: &[
        Column::new("name", "DISK", Unit::Text, "The disk's or partition's name.", |disk: &Disk| cell(&disk.name)),
        Column::new("reads", "READS/s", Unit::PerSecond, "Reads completed per second.", |disk: &Disk| {
            float(disk.reads)
        }),
        Column::new("writes", "WRITES/s", Unit::PerSecond, "Writes completed per second.", |disk: &Disk| {
            float(disk.writes)
        }),
        Column::new("read_rate", "READ/s", Unit::BytesPerSecond, "Bytes read per second.", |disk: &Disk| {
            float(disk.read_rate)
        }),
        Column::new("write_rate", "WRITE/s", Unit::BytesPerSecond, "Bytes written per second.", |disk: &Disk| {
            float(disk.write_rate)
        }),
        Column::new("read_wait", "R_MS", Unit::Plain, "Milliseconds that a read took.", |disk: &Disk| {
            float(disk.read_wait)
        })
        .shape(crate::output::column::Shape::Number),
        Column::new("write_wait", "W_MS", Unit::Plain, "Milliseconds that a write took.", |disk: &Disk| {
            float(disk.write_wait)
        })
        .shape(crate::output::column::Shape::Number),
        Column::new("busy", "%BUSY", Unit::Percent, "Time in which at least one I/O was under way.", |disk: &Disk| {
            float(disk.busy)
        })
        .hot(),
        counter!(read_count, "READS"),
        counter!(write_count, "WRITES"),
        counter!(read_bytes, "READ"),
        counter!(write_bytes, "WRITTEN"),
        counter!(read_merged_count, "R-MERGED"),
        counter!(write_merged_count, "W-MERGED"),
        counter!(read_time, "R-TIME"),
        counter!(write_time, "W-TIME"),
        counter!(busy_time, "BUSY-TIME"),
    ],
    table: &["name", "reads", "writes", "read_rate", "write_rate", "read_wait", "write_wait", "busy"],
    data: &[
        "name",
        "reads",
        "writes",
        "read_rate",
        "write_rate",
        "read_wait",
        "write_wait",
        "busy",
        "read_count",
        "write_count",
        "read_bytes",
        "write_bytes",
        "busy_time",
    ],
    spare: &["read_wait", "write_wait", "reads", "writes"],
    ..Listing::DEFAULT
};

impl Subcommand for Disks {
    const NAME: &'static str = "disks";
    const ABOUT: &'static str = "Disk activity, as iostat";
    const REFUSES: global::Groups = &[global::BACKEND];
    const DETAILS: &'static str = "On a terminal the rows are refreshed every second; --count 1 prints them once. The first sample covers half a \
         second, later ones the interval. With --root, rates are averages since boot.";
    const ALIASES: &'static [&'static str] = &["iostat"];
    const LIVE: bool = true;
    const FILTER: &'static str = "busy > 50 || write_rate > 10M";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("disks", "live"),
        ("disks --count 1", "once"),
        ("disks --interval 2", "every two seconds"),
        ("disks --all --sort=-busy", "partitions too, the busiest first"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        let mut rate = Rate::new(context);
        LISTING.run(context, &self.list, None, |_| {
            let whole = if self.all { None } else { Some(system.whole_disks()?) };
            let pair = rate.next(|system| system.disk_io_counters())?;
            let mut rows = Vec::new();
            for (name, now) in &pair.now {
                let idle = now.read_count == 0 && now.write_count == 0;
                if whole.as_ref().is_some_and(|whole| idle || !whole.contains(name)) {
                    continue;
                }
                let then = pair.then.iter().flatten().find(|(known, _)| known == name);
                // One that has been plugged in since has counted from nothing.
                let io = then.map_or_else(|| now.clone(), |(_, then)| now.since(then));
                rows.push(Disk {
                    name: name.clone(),
                    reads: pair.per_second(io.read_count),
                    writes: pair.per_second(io.write_count),
                    read_rate: pair.per_second(io.read_bytes),
                    write_rate: pair.per_second(io.write_bytes),
                    read_wait: each(io.read_time, io.read_count),
                    write_wait: each(io.write_time, io.write_count),
                    // The kernel counts in milliseconds, and may count one more than there were.
                    busy: io.busy_time.and_then(|busy| pair.percent(busy)).map(|percent| percent.min(100.0)),
                    io: now.clone(),
                });
            }
            Ok(Sample::over(pair.window, rows))
        })
    }
}

/// Milliseconds for each of `count`; `None` of nothing.
#[allow(clippy::cast_precision_loss)] // a mean
fn each(time: Option<Duration>, count: u64) -> Option<f64> {
    (count > 0).then_some(time?.as_secs_f64() * 1000.0 / count as f64)
}
