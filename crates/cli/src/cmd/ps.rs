//! Lists processes.

use std::ffi::OsString;

use clap::Args;
use psoxide::Field;

use super::Subcommand;
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::Listing;
use crate::output::column::Meta;
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler, Word};

#[derive(Args)]
pub(crate) struct Ps {
    /// Show processes that match all of these: part of the name, command line or user, a pid, or :PORT
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Show processes of these containers, by name or start of the id
    #[arg(long, value_name = "CONTAINER,…", value_delimiter = ',', help_heading = "Processes")]
    container: Vec<String>,
    /// Show processes of these systemd units, with or without .service
    #[arg(long, value_name = "UNIT,…", value_delimiter = ',', help_heading = "Processes")]
    unit: Vec<String>,
    #[command(flatten)]
    select: ProcessArgs,
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<Proc> = Listing {
    command: Ps::NAME,
    columns: COLUMNS,
    table: &[
        "username",
        "pid",
        "ppid",
        "cpu_percent",
        "memory_percent",
        "vms",
        "rss",
        "terminal",
        "status",
        "create_time",
        "cpu_time",
        "cmdline",
    ],
    data: &[
        "pid",
        "ppid",
        "name",
        "username",
        "status",
        "cpu_percent",
        "memory_percent",
        "rss",
        "vms",
        "terminal",
        "create_time",
        "cpu_time",
        "nice",
        "num_threads",
        "cmdline",
    ],
    spare: &["ppid", "vms", "terminal", "create_time", "status", "cpu_time", "memory_percent"],
    ..Listing::DEFAULT
};

impl Subcommand for Ps {
    const NAME: &'static str = "ps";
    const ABOUT: &'static str = "List processes";
    const DETAILS: &'static str = "\"?\" stands for a value that cannot be read, \"-\" for one that a process does not have. %CPU is the average over \
         the lifetime of the process, as in ps(1); with --interval, later samples cover the interval.";
    const FILTER: &'static str = "name ~ ^py && rss > 100M && started < 1h ago";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("ps", "every process, by pid"),
        ("ps nginx", "those with nginx in their name, command line or user"),
        ("ps :443", "those with a socket on port 443"),
        ("ps --tree", "children below their parents"),
        ("ps --sort=-rss --user anna", "the largest of anna's first"),
        ("ps --filter 'name ~ ^py && rss > 100M'", "large Python processes"),
        ("ps --columns pid,uss,cmdline --json", "three columns, for another program"),
        ("ps --unit ssh --columns pid,unit,cmdline", "those of a systemd unit"),
        ("ps --interval 2 --sort=-cpu", "busy processes, every two seconds"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut fields = Vec::new();
        if !self.words.is_empty() {
            fields.extend(Word::FIELDS);
        }
        if !self.container.is_empty() || !self.unit.is_empty() {
            fields.push(Field::Cgroup);
        }
        let mut sampler = Sampler::new(context, &self.select, First::Lifetime).also(&fields);
        let own = std::process::id();
        LISTING.run(context, &self.list, self.select.tree(), |ask| {
            let mut sample = sampler.sample(ask)?;
            if !fields.is_empty() {
                let words = Word::parse(&self.words, &context.system)?;
                sample.rows.retain(|process| {
                    // Its own command line holds every word.
                    let named = words.is_empty() || process.row.pid != own;
                    named && words.iter().all(|word| word.matches(process)) && self.is_in_group(process)
                });
            }
            Ok(sample)
        })
    }
}

impl Ps {
    /// Whether a process is in one of the wanted containers and units.
    fn is_in_group(&self, process: &Proc) -> bool {
        let cgroup = process.row.cgroup.value();
        let is = |wanted: &[String], of: Option<&OsString>, same: fn(&str, &str) -> bool| {
            wanted.is_empty()
                || of.and_then(|of| of.to_str()).is_some_and(|of| wanted.iter().any(|name| same(of, name)))
        };
        let unit = |of: &str, name: &str| of == name || of.strip_suffix(".service") == Some(name);
        let container = |of: &str, name: &str| !name.is_empty() && of.starts_with(name);
        is(&self.container, cgroup.and_then(|cgroup| cgroup.container.as_ref()), container)
            && is(&self.unit, cgroup.and_then(|cgroup| cgroup.unit.as_ref()), unit)
    }
}
