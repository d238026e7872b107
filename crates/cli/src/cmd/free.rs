//! Physical memory and swap, as procps `free` shows them.

use clap::Args;
use psoxide::{Record as _, SwapMemory, Unit, VirtualMemory};

use super::{Subcommand, global};
use crate::args::{Format, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field};
use crate::output::value::Scale;

#[derive(Args)]
#[command(
    mut_arg("bytes", |arg| arg.short('b').group("unit")),
    mut_arg("human", |arg| arg.group("unit")),
)]
pub(crate) struct Free {
    /// Sizes in KiB (the default)
    #[arg(short, long, group = "unit")]
    kibi: bool,
    /// Sizes in MiB
    #[arg(short, long, group = "unit")]
    mebi: bool,
    /// Sizes in GiB
    #[arg(short, long, group = "unit")]
    gibi: bool,
    #[command(flatten)]
    list: ListArgs,
}

/// Memory or swap.
struct Kind {
    name: &'static str,
    total: u64,
    used: u64,
    free: u64,
    shared: Option<u64>,
    buff_cache: Option<u64>,
    available: Option<u64>,
}

const LISTING: Listing<Kind> = Listing {
    command: Free::NAME,
    columns: &[
        Column::new("name", "", Unit::Text, "Memory or swap.", |kind: &Kind| cell(&kind.name)).shown(|kind, out| {
            out.push_str(if kind.name == "memory" { "Mem:" } else { "Swap:" });
            true
        }),
        Column::of(field(VirtualMemory::FIELDS, "total"), "total", |kind: &Kind| cell(&kind.total)),
        Column::of(field(VirtualMemory::FIELDS, "used"), "used", |kind: &Kind| cell(&kind.used)),
        Column::of(field(SwapMemory::FIELDS, "free"), "free", |kind: &Kind| cell(&kind.free)),
        Column::of(field(VirtualMemory::FIELDS, "shared"), "shared", |kind: &Kind| cell(&kind.shared)),
        Column::new(
            "buff_cache",
            "buff/cache",
            Unit::Bytes,
            "Cached files, metadata and reclaimable slab.",
            |kind: &Kind| cell(&kind.buff_cache),
        ),
        Column::of(field(VirtualMemory::FIELDS, "available"), "available", |kind: &Kind| cell(&kind.available)),
    ],
    table: &["name", "total", "used", "free", "shared", "buff_cache", "available"],
    spare: &["shared", "buff_cache", "free"],
    label: "name",
    scale: Scale::Kib,
    ..Listing::DEFAULT
};

impl Subcommand for Free {
    const NAME: &'static str = "free";
    const ABOUT: &'static str = "Physical memory and swap, with the numbers of procps free";
    const LETTERS: &'static [(&'static str, char)] = &[("interval", 's'), ("count", 'c')];
    const REFUSES: global::Groups = &[global::BACKEND];
    const FILTER: &'static str = "free < 100M";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("free", "in KiB"),
        ("free -h", "human-readable sizes"),
        ("free -m", "in MiB (-b bytes, -k KiB, -g GiB)"),
        ("free -s 2 -c 5", "five times, every two seconds"),
        ("free --interval 1 --csv", "every second, for a spreadsheet"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let scale = match (self.mebi, self.gibi) {
            (true, _) => Scale::Mib,
            (_, true) => Scale::Gib,
            _ => LISTING.scale,
        };
        if context.format != Format::Text && (self.kibi || self.mebi || self.gibi) {
            return Err(Failure::Usage("-k, -m and -g are for tables; JSON and CSV are in bytes".into()));
        }
        let listing = Listing { scale, ..LISTING };
        listing.run(context, &self.list, None, |_| {
            let memory = context.system.virtual_memory()?;
            let swap = context.system.swap_memory()?;
            let memory = Kind {
                name: "memory",
                total: memory.total,
                used: memory.used,
                free: memory.free,
                shared: memory.shared,
                buff_cache: memory.buffers.zip(memory.cached).map(|(buffers, cached)| buffers.saturating_add(cached)),
                available: Some(memory.available),
            };
            let swap = Kind {
                name: "swap",
                total: swap.total,
                used: swap.used,
                free: swap.free,
                shared: None,
                buff_cache: None,
                available: None,
            };
            Ok(Sample::of(vec![memory, swap]))
        })
    }
}
