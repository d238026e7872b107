//! The subcommands: one file each, and the one list of them.

mod battery;
mod capture;
mod completions;
mod cpu;
mod cpu_distribution;
mod disk_usage;
mod disks;
mod doctor;
mod free;
pub(crate) mod glance;
#[cfg(all(feature = "history", target_os = "linux"))]
mod history;
mod ifconfig;
mod iotop;
mod kill;
mod killall;
mod lsof;
mod man;
mod meminfo;
mod netstat;
mod nettop;
mod pgrep;
mod pidof;
mod pmap;
mod procinfo;
mod procsmem;
mod ps;
mod pstree;
#[cfg(all(feature = "fleet", target_os = "linux"))]
mod push;
#[cfg(all(feature = "history", target_os = "linux"))]
mod record;
mod schema;
mod send;
mod sensors;
#[cfg(all(feature = "fleet", target_os = "linux"))]
mod serve;
mod services;
mod top;
mod uptime;
mod wait;
mod who;

use std::fmt::Write as _;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use psoxide::{ErrorKind, Field, Reading};

use crate::args::Format;
use crate::context::Context;
use crate::failure::{Failure, Outcome, privilege};
use crate::filter::ALIASES;
use crate::output::column::Meta;
use crate::output::human::counted;
use crate::output::say;
use crate::output::schema::Body;
use crate::output::table::wrap;
use crate::output::value::Cell;
use crate::process::Proc;

pub(crate) use self::completions::VARIABLE as COMPLETIONS;

/// Global options, by name, that some subcommands refuse because they would change nothing.
pub(crate) mod global {
    pub(crate) type Groups = &'static [&'static [&'static str]];

    pub(crate) const REPETITION: &[&str] = &["interval", "count", "append"];
    #[cfg(all(any(feature = "fleet", feature = "history"), target_os = "linux"))]
    pub(crate) const APPEND: &[&str] = &["append"];
    pub(crate) const FORMATS: &[&str] = &["json", "jsonl", "csv"];
    /// Another machine.
    pub(crate) const ROOT: &[&str] = &["root"];
    /// Another time.
    pub(crate) const PAST: &[&str] = &["since", "at"];
    pub(crate) const HISTORY: &[&str] = &["history"];
    pub(crate) const BACKEND: &[&str] = &["backend"];
    /// All of them: the command writes one text, whatever the source.
    pub(crate) const EVERY: Groups = &[REPETITION, FORMATS, ROOT, PAST, HISTORY, BACKEND];
}

impl Entry {
    /// Names the global options that the subcommand refuses.
    pub(crate) fn refuses(&self) -> impl Iterator<Item = &'static str> {
        self.refuses.iter().copied().flatten().copied()
    }

    /// Returns the first option that the user gave and that would change nothing.
    pub(crate) fn refused(&self, matches: &ArgMatches) -> Option<&'static str> {
        // A build without histories does not have all of them.
        let is_given = |option: &&str| {
            matches.try_contains_id(option).is_ok() && matches.value_source(option) == Some(ValueSource::CommandLine)
        };
        self.refuses().find(is_given)
    }
}

/// A subcommand. The type that implements this holds its options.
pub(crate) trait Subcommand: Args {
    const NAME: &'static str;
    /// One line.
    const ABOUT: &'static str;
    /// More, for the long help; may be empty.
    const DETAILS: &'static str = "";
    /// `(arguments, what they do)`
    const EXAMPLES: &'static [(&'static str, &'static str)];

    /// A filter of its rows, for the help; empty if it has no rows.
    const FILTER: &'static str = "";
    /// Aliases: the names of familiar commands.
    const ALIASES: &'static [&'static str] = &[];
    /// The global options that it refuses, in groups.
    const REFUSES: global::Groups = &[];
    /// Letters for options of every command, as a familiar command has them.
    const LETTERS: &'static [(&'static str, char)] = &[];
    /// Whether it sends signals.
    const SIGNALS: bool = false;
    /// Whether it refreshes on a terminal until the user stops it.
    const LIVE: bool = false;

    /// The columns of its rows, if it lists any.
    fn columns() -> Vec<Meta> {
        Vec::new()
    }

    /// Describes its JSON.
    fn body() -> Body {
        Body::rows(&Self::columns())
    }

    fn run(self, context: &Context) -> Outcome;
}

/// A subcommand in the list. Nothing of it is built until it is used.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    about: &'static str,
    pub(crate) live: bool,
    pub(crate) signals: bool,
    refuses: global::Groups,
    details: &'static str,
    pub(crate) examples: &'static [(&'static str, &'static str)],
    pub(crate) filter: &'static str,
    pub(crate) columns: fn() -> Vec<Meta>,
    pub(crate) body: fn() -> Body,
    build: fn(Command) -> Command,
    pub(crate) run: fn(&ArgMatches, &Context) -> Outcome,
}

impl Entry {
    const fn of<T: Subcommand>() -> Self {
        Self {
            name: T::NAME,
            aliases: T::ALIASES,
            about: T::ABOUT,
            details: T::DETAILS,
            examples: T::EXAMPLES,
            filter: T::FILTER,
            live: T::LIVE,
            signals: T::SIGNALS,
            refuses: T::REFUSES,
            columns: T::columns,
            body: T::body,
            build: build::<T>,
            run: run::<T>,
        }
    }

    /// Whether this is its name or one of its aliases.
    pub(crate) fn is_called(&self, name: &std::ffi::OsStr) -> bool {
        std::iter::once(&self.name).chain(self.aliases).any(|known| name == *known)
    }

    /// Returns its clap command. The arguments are built when it is used.
    pub(crate) fn command(&self) -> Command {
        Command::new(self.name).about(self.about).visible_aliases(self.aliases).defer(self.build)
    }
}

/// The subcommands in the order of the help.
pub(crate) const ALL: &[Entry] = &[
    Entry::of::<top::Top>(),
    Entry::of::<ps::Ps>(),
    Entry::of::<pstree::Pstree>(),
    Entry::of::<pidof::Pidof>(),
    Entry::of::<pgrep::Pgrep>(),
    Entry::of::<kill::Kill>(),
    Entry::of::<killall::Killall>(),
    Entry::of::<pgrep::Pkill>(),
    Entry::of::<wait::Wait>(),
    Entry::of::<procinfo::Procinfo>(),
    Entry::of::<procsmem::Procsmem>(),
    Entry::of::<pmap::Pmap>(),
    Entry::of::<lsof::Lsof>(),
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
    Entry::of::<uptime::Uptime>(),
    Entry::of::<services::Services>(),
    #[cfg(all(feature = "fleet", target_os = "linux"))]
    Entry::of::<serve::Serve>(),
    #[cfg(all(feature = "fleet", target_os = "linux"))]
    Entry::of::<push::Push>(),
    #[cfg(all(feature = "history", target_os = "linux"))]
    Entry::of::<record::Record>(),
    #[cfg(all(feature = "history", target_os = "linux"))]
    Entry::of::<history::History>(),
    Entry::of::<capture::Capture>(),
    Entry::of::<doctor::Doctor>(),
    Entry::of::<schema::Schema>(),
    Entry::of::<completions::Completions>(),
    Entry::of::<man::Man>(),
];

/// The columns of a command; none for a command that has none or does not exist.
pub(crate) fn columns_of(command: &str) -> Vec<Meta> {
    ALL.iter().find(|entry| entry.name == command).map(|entry| (entry.columns)()).unwrap_or_default()
}

fn build<T: Subcommand>(command: Command) -> Command {
    // -h is --human, as in free, df and ls.
    let help = Arg::new("help").long("help").help("Print help").action(ArgAction::HelpShort);
    let about = if T::DETAILS.is_empty() { T::ABOUT.to_owned() } else { format!("{}\n\n{}", T::ABOUT, T::DETAILS) };
    let mut command = T::augment_args(command).about(about).disable_help_flag(true).arg(help);
    for (option, letter) in T::LETTERS {
        if command.get_arguments().any(|arg| arg.get_id() == *option) {
            command = command.mut_arg(option, |arg| arg.short(*letter));
        }
    }
    for option in T::REFUSES.iter().copied().flatten() {
        if command.get_arguments().any(|arg| arg.get_id() == *option) {
            command = command.mut_arg(option, |arg| arg.hide(true));
        }
    }
    let examples = example_help(T::EXAMPLES);
    let columns = T::columns();
    let command = completions::complete(command, &columns);
    let command = match T::SIGNALS {
        true => command
            .mut_arg("filter", |arg| arg.help("Signal only processes that pass this test"))
            .mut_arg("limit", |arg| arg.help("Signal at most N processes")),
        false => command,
    };
    if columns.is_empty() {
        return command.after_help(examples);
    }
    let names = columns.iter().map(|meta| {
        let heading = meta.title.trim_matches('%');
        let aliases = [meta.title, heading].into_iter().flat_map(|title| [title.to_lowercase(), title.to_owned()]);
        let others = ALIASES.iter().filter(|(name, _)| *name == meta.name).flat_map(|(_, others)| *others);
        let others = others.filter(|other| !columns.iter().any(|meta| meta.name == **other)).map(|o| (*o).to_owned());
        PossibleValue::new(meta.name).help(meta.doc.trim()).aliases(aliases.chain(others))
    });
    let names = PossibleValuesParser::new(names);
    let filters = format!("Filters, such as --filter '{}':\n{FILTER_HELP}", T::FILTER);
    let help = format!("{examples}\n{filters}\n{}", column_help(&columns));
    command.mut_arg("columns", |arg| arg.value_parser(names).hide_possible_values(true)).after_help(help)
}

/// Formats the examples of a help text, each with its description: beside it, or below where the example is long.
pub(crate) fn example_help(examples: &[(&str, &str)]) -> String {
    const LONGEST: usize = 44;
    let widest = examples.iter().map(|(args, _)| args.len()).filter(|length| *length <= LONGEST).max().unwrap_or(0);
    let indent = "  psoxide ".len() + widest + 3;
    let mut text = String::from("Examples:\n");
    for (args, doc) in examples {
        if args.len() > widest {
            _ = write!(text, "  psoxide {args}\n{:indent$}", "");
        } else {
            _ = write!(text, "  psoxide {args:widest$}   ");
        }
        wrapped(&mut text, doc, indent);
    }
    text
}

/// Appends words. Where the line would be wider than the help, they go on below the place where they began; where that
/// leaves too little room, they stand below, a little indented.
fn wrapped(text: &mut String, words: &str, indent: usize) {
    const LEAST: usize = 24;
    const LITTLE: usize = 6;
    // clap wraps the help at the terminal's width or at 100, but not below where a line began.
    let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0).min(100));
    let indent = if indent + LEAST > width {
        text.truncate(text.trim_end_matches([' ', '\n']).len());
        _ = write!(text, "\n{:LITTLE$}", "");
        LITTLE
    } else {
        indent
    };
    for (i, line) in wrap(words, width.saturating_sub(indent).max(1)).iter().enumerate() {
        _ = if i > 0 { write!(text, "\n{:indent$}{line}", "") } else { write!(text, "{line}") };
    }
    text.push('\n');
}

pub(crate) const FILTER_HELP: &str = "  COLUMN ~ REGEX, COLUMN !~ REGEX, COLUMN in (A, B),
  COLUMN == VALUE (also != < <= > >=); join tests with && || ! ( ).
  Only ~ and !~ distinguish upper and lower case.
  Sizes: 4096, 100K, 1.5GiB. Durations: 90, 500ms, 1.5h, 2d.
  Times: 2026-01-31, 2026-01-31T12:00, 21:00 (today), 10m ago.
  Quote text with blanks: 'two words'.
  null means no value; only == null matches it.
";

fn column_help(columns: &[Meta]) -> String {
    let mut text = String::from("Columns:\n");
    let widest = columns.iter().map(|meta| meta.name.len()).max().unwrap_or(0);
    let heading = columns.iter().map(|meta| meta.title.chars().count()).max().unwrap_or(0);
    for meta in columns {
        _ = write!(text, "  {:widest$}  {:heading$}  ", meta.name, meta.title);
        wrapped(&mut text, meta.doc.trim(), widest + heading + 6);
    }
    text
}

fn run<T: Subcommand>(matches: &ArgMatches, context: &Context) -> Outcome {
    let args = T::from_arg_matches(matches).map_err(|error| Failure::Usage(error.to_string()))?;
    args.run(context)
}

/// Reports how many processes a listing omits because they cannot be read.
fn say_hidden(context: &Context, hidden: usize) {
    if hidden > 0 {
        let processes = counted(hidden, "process", "processes");
        // Whoever reads a capture or a history gets no more than whoever wrote it.
        let advice = match (context.system.is_live(), context.sampled) {
            (true, _) => privilege(),
            (false, None) => "to whoever took the capture",
            (false, Some(_)) => "to whoever recorded the history",
        };
        say(&format!("{processes} hidden: permission denied ({advice})"));
    }
}

/// Fails where a history holds a field of no process.
fn refuse_unrecorded(context: &Context, rows: &[Proc], field: Field) -> Result<(), Failure> {
    let is_unrecorded =
        |reading: &Cell<'_>| matches!(reading, Reading::Failed(e) if e.kind() == ErrorKind::NotCaptured);
    let readings = || rows.iter().map(|process| process.row.get(field));
    // A process that has ended between two samples has not all of them.
    let is_missing = |reading: Cell<'_>| matches!(reading, Reading::Gone) || is_unrecorded(&reading);
    if context.sampled.is_some() && readings().any(|reading| is_unrecorded(&reading)) && readings().all(is_missing) {
        let name = field.name();
        return Err(Failure::Other(format!("the history does not hold {name}; record with `--fields +{name}`")));
    }
    Ok(())
}

/// Explains an empty table to people. Programs see that there are no rows.
fn none(context: &Context, found: bool, sentence: &str) -> Outcome {
    if !found && context.format == Format::Text {
        say(sentence);
    }
    Ok(found)
}
