//! The memory maps of a process.

use std::fmt::Write as _;

use clap::Args;
use psoxide::{MemoryMap, MemoryMapGroup, Pid, Process, Record as _, Unit};

use super::Subcommand;
use crate::args::{self, Format, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field, whole};
use crate::output::value::Scale;

#[derive(Args)]
pub(crate) struct Pmap {
    /// The processes
    #[arg(required = true, value_name = "PID", value_parser = args::pid)]
    pids: Vec<Pid>,
    /// Add up the mappings of each file
    #[arg(short, long)]
    grouped: bool,
    #[command(flatten)]
    list: ListArgs,
}

/// A mapping, or several together.
#[derive(Default)]
struct Map {
    pid: Pid,
    range: Option<(u64, u64)>,
    perms: Option<String>,
    sums: MemoryMapGroup,
    total: bool,
}

macro_rules! sum {
    ($name:ident, $title:literal) => {
        Column::of(field(MemoryMapGroup::FIELDS, stringify!($name)), $title, |map: &Map| cell(&map.sums.$name))
    };
}

const COLUMNS: &[Column<Map>] = &[
    Column::new("pid", "PID", Unit::Plain, "The process id.", |map: &Map| cell(&map.pid)),
    Column::of(field(MemoryMap::FIELDS, "start"), "ADDRESS", |map: &Map| whole(map.range.map(|(start, _)| start)))
        .shown(|map, out| map.range.is_none_or(|(start, end)| write!(out, "{start:012x}-{end:012x}").is_ok())),
    Column::of(field(MemoryMap::FIELDS, "end"), "END", |map: &Map| whole(map.range.map(|(_, end)| end)))
        .shown(|map, out| map.range.is_none_or(|(_, end)| write!(out, "{end:012x}").is_ok())),
    sum!(rss, "RSS"),
    sum!(pss, "PSS"),
    sum!(size, "SIZE"),
    sum!(shared_clean, "SHCLEAN"),
    sum!(shared_dirty, "SHDIRTY"),
    sum!(private_clean, "PRCLEAN"),
    sum!(private_dirty, "PRDIRTY"),
    sum!(referenced, "REFD"),
    sum!(anonymous, "ANON"),
    sum!(swap, "SWAP"),
    Column::of(field(MemoryMap::FIELDS, "perms"), "PERMS", |map: &Map| cell(&map.perms)).shown(|map, _| map.total),
    Column::of(field(MemoryMap::FIELDS, "path"), "PATH", |map: &Map| cell(&map.sums.path)),
];

const EACH: Listing<Map> = Listing {
    command: Pmap::NAME,
    columns: COLUMNS,
    table: &["start", "rss", "pss", "perms", "path"],
    data: &[
        "pid",
        "start",
        "end",
        "perms",
        "path",
        "rss",
        "size",
        "pss",
        "shared_clean",
        "shared_dirty",
        "private_clean",
        "private_dirty",
        "referenced",
        "anonymous",
        "swap",
    ],
    spare: &["perms", "pss", "start"],
    scale: Scale::Kib,
    ..Listing::DEFAULT
};

const GROUPED: Listing<Map> = Listing {
    table: &["rss", "pss", "path"],
    data: &[
        "pid",
        "path",
        "rss",
        "size",
        "pss",
        "shared_clean",
        "shared_dirty",
        "private_clean",
        "private_dirty",
        "referenced",
        "anonymous",
        "swap",
    ],
    ..EACH
};

impl Subcommand for Pmap {
    const NAME: &'static str = "pmap";
    const ABOUT: &'static str = "Memory maps of processes, in KiB";
    const FILTER: &'static str = "perms ~ w && rss > 1M";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("pmap 1", "every mapping"),
        ("pmap 1 --grouped --sort=-rss", "one line for each file, the largest first"),
        ("pmap 1 --filter 'perms ~ w && rss > 1M'", "large ones that can be written"),
    ];

    fn columns() -> Vec<Meta> {
        EACH.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let processes = self.pids.iter().map(|pid| context.process(*pid)).collect::<Result<Vec<Process>, Failure>>()?;
        let listing = match (self.grouped, processes.len()) {
            (false, 1) => EACH,
            (true, 1) => GROUPED,
            (false, _) => Listing { table: &["pid", "start", "rss", "pss", "perms", "path"], ..EACH },
            (true, _) => Listing { table: &["pid", "rss", "pss", "path"], ..GROUPED },
        };
        // The sum row belongs to all rows in their order. A filter or another order leaves it out.
        let whole = self.list.filter.is_none() && self.list.sort.is_none();
        listing.run(context, &self.list, None, |_| {
            let mut all = Vec::new();
            for process in &processes {
                let mut rows: Vec<Map> = if self.grouped {
                    process.memory_maps_grouped()?.into_iter().map(Map::from).collect()
                } else {
                    process.memory_maps()?.into_iter().map(Map::from).collect()
                };
                if whole && context.format == Format::Text {
                    rows.push(total(&rows));
                }
                all.extend(rows.into_iter().map(|row| Map { pid: process.pid(), ..row }));
            }
            Ok(Sample::of(all))
        })
    }
}

impl From<MemoryMapGroup> for Map {
    fn from(sums: MemoryMapGroup) -> Self {
        Self { sums, ..Self::default() }
    }
}

impl From<MemoryMap> for Map {
    fn from(map: MemoryMap) -> Self {
        let (range, perms) = (Some((map.start, map.end)), Some(map.perms.clone()));
        Self { range, perms, sums: MemoryMapGroup::from(map), ..Self::default() }
    }
}

fn total(rows: &[Map]) -> Map {
    let mut sums = MemoryMapGroup::default();
    if let Some((first, rest)) = rows.split_first() {
        sums = first.sums.clone();
        rest.iter().for_each(|row| sums.add(&row.sums));
    }
    sums.path = "total".into();
    Map { sums, total: true, ..Map::default() }
}
