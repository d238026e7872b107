//! Finds processes by a pattern, and sends them a signal.

use clap::Args;
use psoxide::{Field, Pid, Reading};
use regex_lite::{Regex, RegexBuilder};

use super::send::{self, SendArgs, Target};
use super::{Subcommand, global, none};
use crate::args::{self, Format, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::output::column::Meta;
use crate::output::{command, escape};
use crate::process::columns::COLUMNS;
use crate::process::{Chosen, First, Proc, ProcessArgs, Sampler};

/// Which processes.
#[derive(Args)]
struct PatternArgs {
    /// A regular expression for the name
    #[arg(value_name = "PATTERN")]
    pattern: Option<String>,
    /// Match the whole command line instead of the name
    #[arg(short, long)]
    full: bool,
    /// The pattern must match all of the name or command line
    #[arg(short = 'x', long)]
    exact: bool,
    /// Ignore case
    #[arg(short = 'I', long)]
    ignore_case: bool,
    /// Match processes that the pattern does not match
    #[arg(short = 'v', long)]
    inverse: bool,
    /// Match children of these processes
    #[arg(short = 'P', long, value_name = "PID,…", value_delimiter = ',', value_parser = args::pid)]
    parent: Vec<Pid>,
    /// Match only the youngest process
    #[arg(long, conflicts_with = "oldest")]
    newest: bool,
    /// Match only the oldest process
    #[arg(short, long)]
    oldest: bool,
    #[command(flatten)]
    chosen: Chosen,
}

impl PatternArgs {
    const FIELDS: [Field; 4] = [Field::Name, Field::Cmdline, Field::Ppid, Field::CreateTime];

    /// Returns the test that processes must pass, except for being the newest or oldest.
    fn test(&self) -> Result<impl Fn(&Proc) -> bool, Failure> {
        if self.pattern.is_none() && self.parent.is_empty() && self.chosen.user.is_empty() {
            return Err(Failure::Usage("expected a PATTERN, --parent or --user".into()));
        }
        let pattern = self.pattern.as_ref().map(|pattern| {
            let pattern = if self.exact { format!("^(?:{pattern})$") } else { pattern.clone() };
            let pattern = RegexBuilder::new(&pattern).case_insensitive(self.ignore_case).build();
            pattern.map_err(|error| Failure::Usage(format!("PATTERN: {error}")))
        });
        let pattern: Option<Regex> = pattern.transpose()?;
        let (full, inverse, parent, own) = (self.full, self.inverse, self.parent.clone(), std::process::id());
        Ok(move |process: &Proc| {
            let name = || process.row.name.value().map(|name| name.to_string_lossy().into_owned());
            let text = match &process.row.cmdline {
                Reading::Value(cmdline) if full && !cmdline.is_empty() => Some(command(cmdline)),
                _ => name(),
            };
            let matches = |pattern: &Regex| text.as_ref().is_some_and(|text| pattern.is_match(text));
            let child = parent.is_empty() || process.row.ppid.value().is_some_and(|ppid| parent.contains(ppid));
            process.row.pid != own && child && pattern.as_ref().is_none_or(matches) != inverse
        })
    }

    /// Keeps only the newest or oldest process if the user chose so.
    fn keep(&self, processes: &mut Vec<Proc>) {
        let age = |process: &Proc| (process.row.create_time.value().copied(), process.row.pid);
        if self.newest || self.oldest {
            processes.sort_by_key(age);
            let end = if self.newest { processes.len().saturating_sub(1) } else { 0 };
            *processes = processes.drain(..).skip(end).take(1).collect();
        }
    }

    fn matched(&self) -> &'static str {
        match (&self.pattern, self.full) {
            (Some(_), true) => "command line",
            (Some(_), false) => "name",
            (None, _) => "parent or user",
        }
    }
}

#[derive(Args)]
pub(crate) struct Pgrep {
    #[command(flatten)]
    pattern: PatternArgs,
    /// Show names too
    #[arg(short, long)]
    list_name: bool,
    /// Show command lines too
    #[arg(short = 'a', long)]
    list_full: bool,
    /// Show children below their parents
    #[arg(long, visible_alias = "forest", help_heading = "Processes")]
    tree: bool,
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<Proc> = Listing {
    command: Pgrep::NAME,
    columns: COLUMNS,
    table: &["pid"],
    data: &["pid", "name", "cmdline"],
    ..Listing::DEFAULT
};

impl Subcommand for Pgrep {
    const NAME: &'static str = "pgrep";
    const ABOUT: &'static str = "Find processes by a pattern";
    const DETAILS: &'static str =
        "Without --columns the output has no headings, for other commands. The exit status is 1 if nothing matches.";
    const FILTER: &'static str = "rss > 1GiB || cpu_time > 1h";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("pgrep -l ssh", "pids and names"),
        ("pgrep -f 'python.*manage'", "by the command line"),
        ("pgrep -u anna --newest", "anna's youngest process"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(mut self, context: &Context) -> Outcome {
        let table: &[&str] = match (self.list_name, self.list_full) {
            (_, true) => &["pid", "cmdline"],
            (true, _) => &["pid", "name"],
            _ => &["pid"],
        };
        if (self.list_name || self.list_full) && (context.format != Format::Text || self.list.columns.is_some()) {
            return Err(Failure::Usage("-l and -a choose the columns of the plain list; use --columns".into()));
        }
        self.list.no_header |= context.format == Format::Text && self.list.columns.is_none();
        let listing = Listing { table, ..LISTING };
        let test = self.pattern.test()?;
        let select = ProcessArgs { chosen: self.pattern.chosen.clone(), tree: self.tree };
        let mut sampler = Sampler::new(context, &select, First::Lifetime).also(&PatternArgs::FIELDS);
        listing.run(context, &self.list, select.tree(), |ask| {
            let mut sample = sampler.sample(ask)?;
            sample.rows.retain(&test);
            self.pattern.keep(&mut sample.rows);
            Ok(sample)
        })
    }
}

#[derive(Args)]
pub(crate) struct Pkill {
    #[command(flatten)]
    pattern: PatternArgs,
    #[command(flatten)]
    send: SendArgs,
}

impl Subcommand for Pkill {
    const NAME: &'static str = "pkill";
    const ABOUT: &'static str = "Send a signal to processes by a pattern";
    const DETAILS: &'static str = "This command itself never matches, and a signal never reaches a later process with the same pid. The exit \
         status is 1 if nothing matches, 3 if a signal was not permitted.";
    const REFUSES: global::Groups = &[global::REPETITION];
    const SIGNALS: bool = true;
    const FILTER: &'static str = "name != sshd";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("pkill -n -f 'python.*manage'", "shows what would get the signal"),
        ("pkill -KILL -x nginx", "ends every nginx at once"),
        ("pkill -u anna --newest", "ends anna's youngest process"),
    ];

    fn columns() -> Vec<Meta> {
        send::metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let test = self.pattern.test()?;
        let select = ProcessArgs { chosen: self.pattern.chosen.clone(), tree: false };
        let mut sampler = Sampler::new(context, &select, First::Lifetime).also(&PatternArgs::FIELDS);
        let mut processes = sampler.matching(test)?;
        self.pattern.keep(&mut processes);
        let targets: Vec<Target> = processes.iter().map(|p| Target::of(p, self.pattern.matched())).collect();
        if targets.is_empty() && context.format == Format::Text {
            let pattern = self.pattern.pattern.map(|pattern| format!(" {}", escape(pattern.as_ref())));
            return none(context, false, &format!("no process matches{}", pattern.unwrap_or_default()));
        }
        send::run(Self::NAME, context, &self.send, targets)
    }
}
