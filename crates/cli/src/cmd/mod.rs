//! The subcommands: one file each, and the one list of them.

mod battery;
mod completions;
mod cpu;
mod cpu_distribution;
mod disk_usage;
mod disks;
mod free;
pub(crate) mod glance;
mod ifconfig;
mod iotop;
mod killall;
mod man;
mod meminfo;
mod netstat;
mod nettop;
mod pidof;
mod pmap;
pub(crate) mod procinfo;
mod procsmem;
mod ps;
mod pstree;
mod schema;
mod sensors;
mod services;
mod top;
mod wait;
mod who;

use std::fmt::Write as _;
use std::io::Write as _;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgMatches, Args, Command};

use crate::args::Format;
use crate::context::{Context, Failure, Outcome};
use crate::output::column::Meta;
use crate::output::schema::Body;

/// What a subcommand is made of: its options, and this.
pub(crate) trait Subcommand: Args {
    const NAME: &'static str;
    /// One line.
    const ABOUT: &'static str;
    /// More, for the long help; may be empty.
    const DETAILS: &'static str = "";
    /// `(arguments, what they do)`
    const EXAMPLES: &'static [(&'static str, &'static str)];

    /// The columns of its rows, if it lists any.
    fn columns() -> Vec<Meta> {
        Vec::new()
    }

    /// What its JSON holds.
    fn body() -> Body {
        Body::rows(&Self::columns())
    }

    fn run(self, context: &Context) -> Outcome;
}

/// A subcommand in the list: nothing of it is built until it is asked for.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) columns: fn() -> Vec<Meta>,
    pub(crate) body: fn() -> Body,
    build: fn(Command) -> Command,
    pub(crate) run: fn(&ArgMatches, &Context) -> Outcome,
}

impl Entry {
    const fn of<T: Subcommand>() -> Self {
        Self { name: T::NAME, about: T::ABOUT, columns: T::columns, body: T::body, build: build::<T>, run: run::<T> }
    }

    /// The command line of it, which is built when it is used.
    pub(crate) fn command(&self) -> Command {
        Command::new(self.name).about(self.about).defer(self.build)
    }
}

/// All of them, in the order of the help.
pub(crate) const ALL: &[Entry] = &[
    Entry::of::<top::Top>(),
    Entry::of::<ps::Ps>(),
    Entry::of::<pstree::Pstree>(),
    Entry::of::<pidof::Pidof>(),
    Entry::of::<killall::Killall>(),
    Entry::of::<wait::Wait>(),
    Entry::of::<procinfo::Procinfo>(),
    Entry::of::<procsmem::Procsmem>(),
    Entry::of::<pmap::Pmap>(),
    Entry::of::<iotop::Iotop>(),
    Entry::of::<free::Free>(),
    Entry::of::<meminfo::Meminfo>(),
    Entry::of::<cpu::Cpu>(),
    Entry::of::<cpu_distribution::CpuDistribution>(),
    Entry::of::<disk_usage::DiskUsage>(),
    Entry::of::<disks::Disks>(),
    Entry::of::<netstat::Netstat>(),
    Entry::of::<nettop::Nettop>(),
    Entry::of::<ifconfig::Ifconfig>(),
    Entry::of::<sensors::Sensors>(),
    Entry::of::<battery::Battery>(),
    Entry::of::<who::Who>(),
    Entry::of::<services::Services>(),
    Entry::of::<schema::Schema>(),
    Entry::of::<completions::Completions>(),
    Entry::of::<man::Man>(),
];

fn build<T: Subcommand>(command: Command) -> Command {
    let mut command = T::augment_args(command).about(T::ABOUT);
    if !T::DETAILS.is_empty() {
        command = command.long_about(format!("{}\n\n{}", T::ABOUT, T::DETAILS));
    }
    let mut examples = String::from("Examples:\n");
    let widest = T::EXAMPLES.iter().map(|(args, _)| args.len()).max().unwrap_or(0);
    for (args, doc) in T::EXAMPLES {
        _ = writeln!(examples, "  psoxide {args:widest$}   {doc}");
    }
    let columns = T::columns();
    if columns.is_empty() {
        return command.after_help(examples);
    }
    let names = columns.iter().map(|meta| {
        let heading = meta.title.trim_matches('%');
        let aliases = [meta.title, heading].into_iter().flat_map(|title| [title.to_lowercase(), title.to_owned()]);
        PossibleValue::new(meta.name).help(meta.doc.trim()).aliases(aliases)
    });
    let names = PossibleValuesParser::new(names);
    let long = format!("{examples}\n{FILTER_HELP}\n{}", column_help(&columns));
    command
        .mut_arg("columns", |arg| arg.value_parser(names).hide_possible_values(true))
        .after_help(examples)
        .after_long_help(long)
}

const FILTER_HELP: &str = "\
Filters:
  COLUMN ~ REGEX, COLUMN !~ REGEX; COLUMN == VALUE, and != < <= > >=; joined by && || ! ( )
  Sizes: 4096, 100K, 1.5G. Spans: 90, 500ms, 1.5h, 2d. Times: 2026-01-31, 2026-01-31T12:00.
  Text with blanks: 'two words'. No value: null. A column without a value passes only == null.
";

fn column_help(columns: &[Meta]) -> String {
    let mut text = String::from("Columns:\n");
    let widest = columns.iter().map(|meta| meta.name.len()).max().unwrap_or(0);
    let heading = columns.iter().map(|meta| meta.title.chars().count()).max().unwrap_or(0);
    // clap wraps the help at the terminal's width or at 100, but not below where a line began.
    let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0).clamp(60, 100));
    let indent = widest + heading + 6;
    for meta in columns {
        _ = write!(text, "  {:widest$}  {:heading$}", meta.name, meta.title);
        let mut at = indent;
        for (i, word) in meta.doc.split_whitespace().enumerate() {
            if i > 0 && at + 1 + word.len() > width {
                _ = write!(text, "\n{:1$}", "", indent);
                at = indent;
            } else {
                text.push_str(if i == 0 { "  " } else { " " });
                at += usize::from(i > 0);
            }
            text.push_str(word);
            at += word.chars().count();
        }
        text.push('\n');
    }
    text
}

fn run<T: Subcommand>(matches: &ArgMatches, context: &Context) -> Outcome {
    let args = T::from_arg_matches(matches).map_err(|error| Failure::Usage(error.to_string()))?;
    args.run(context)
}

/// Says how many processes are missing from a listing because they refused.
fn say_refused(refused: usize) {
    if refused > 0 {
        let noun = if refused == 1 { "process" } else { "processes" };
        say(&format!("{refused} {noun} refused to be read: permission denied"));
    }
}

/// Tells people who see a heading and nothing else that there is nothing; programs see that there are no rows.
fn none(context: &Context, found: bool, sentence: &str) -> Outcome {
    if !found && context.format == Format::Text {
        say(sentence);
    }
    Ok(found)
}

/// A sentence on standard error.
fn say(sentence: &str) {
    let _ = writeln!(anstream::stderr(), "psoxide: {sentence}"); // nobody may be there to read it
}
