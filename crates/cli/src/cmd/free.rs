//! Physical memory and swap, as procps `free` shows them.

use clap::Args;
use psoxide::{Reading, Record as _, SwapMemory, System, Unit, VirtualMemory};

use super::{Subcommand, global};
use crate::args::{Format, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field, part};
use crate::output::say;
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
    sizes: Reading<Sizes>,
}

struct Sizes {
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
        Column::of(field(VirtualMemory::FIELDS, "total"), "total", |kind: &Kind| {
            part(&kind.sizes, |sizes| &sizes.total)
        }),
        Column::of(field(VirtualMemory::FIELDS, "used"), "used", |kind: &Kind| part(&kind.sizes, |sizes| &sizes.used)),
        Column::of(field(SwapMemory::FIELDS, "free"), "free", |kind: &Kind| part(&kind.sizes, |sizes| &sizes.free)),
        Column::of(field(VirtualMemory::FIELDS, "shared"), "shared", |kind: &Kind| {
            part(&kind.sizes, |sizes| &sizes.shared)
        }),
        Column::new(
            "buff_cache",
            "buff/cache",
            Unit::Bytes,
            "Cached files, metadata and reclaimable slab.",
            |kind: &Kind| part(&kind.sizes, |sizes| &sizes.buff_cache),
        ),
        Column::of(field(VirtualMemory::FIELDS, "available"), "available", |kind: &Kind| {
            part(&kind.sizes, |sizes| &sizes.available)
        }),
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
        let mut failed = None;
        let found = listing.run(context, &self.list, None, |_| {
            let memory;
            (memory, failed) = Memory::read(&context.system)?;
            let total = memory.memory.map(|memory| Sizes {
                total: memory.total,
                used: memory.used,
                free: memory.free,
                shared: memory.shared,
                buff_cache: memory.buffers.zip(memory.cached).map(|(buffers, cached)| buffers.saturating_add(cached)),
                available: Some(memory.available),
            });
            let swap = memory.swap.map(|swap| Sizes {
                total: swap.total,
                used: swap.used,
                free: swap.free,
                shared: None,
                buff_cache: None,
                available: None,
            });
            // A kernel may have no swap.
            let swap = Some(swap).filter(|swap| !matches!(swap, Reading::Unsupported));
            let kinds = [Some(("memory", total)), swap.map(|sizes| ("swap", sizes))];
            Ok(Sample::of(kinds.into_iter().flatten().map(|(name, sizes)| Kind { name, sizes })))
        })?;
        failed.iter().for_each(|sentence: &String| say(sentence));
        Ok(found)
    }
}

/// Memory and swap, of which one may not be readable.
pub(super) struct Memory {
    pub(super) memory: Reading<VirtualMemory>,
    pub(super) swap: Reading<SwapMemory>,
}

impl Memory {
    /// Reads both. Also returns a sentence if one failed. Fails if both did.
    pub(super) fn read(system: &System) -> Result<(Self, Option<String>), Failure> {
        let (memory, swap) = (system.virtual_memory(), system.swap_memory());
        let failed = match (&memory, &swap) {
            (Err(error), Err(_)) => return Err(error.clone().into()),
            (Err(error), Ok(_)) => Some(format!("memory: {error}")),
            (Ok(_), Err(error)) if !error.is_unsupported() => Some(format!("swap: {error}")),
            (Ok(_), _) => None,
        };
        Ok((Self { memory: memory.into(), swap: swap.into() }, failed))
    }
}
