//! What `psoxide record` has recorded.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use psoxide::Unit;
use psoxide_history::{Format, Limits, Summary, Table, from_millis, to_millis};

use super::{Subcommand, global};
use crate::args::{self, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, Shape, cell};
use crate::output::sink::Sink;
use crate::output::{human, say};
use crate::recorded;

#[derive(Args)]
pub(crate) struct History {
    /// List the hours, verify every sample, prune the oldest hours until the rest keeps to --keep and --size, or export
    /// samples in another format
    #[arg(value_enum, default_value_t = Action::List)]
    action: Action,
    /// Prune: keep samples for this long (30d, 12h)
    #[arg(long, value_name = "TIME", value_parser = args::timeout)]
    keep: Option<Duration>,
    /// Prune: keep at most this much (500M, 2G)
    #[arg(long, value_name = "SIZE", value_parser = args::size)]
    size: Option<u64>,
    /// Export: JSON or comma-separated values, a line for each sample of a process; OpenMetrics for `promtool tsdb
    /// create-blocks-from openmetrics`; or three Parquet tables in the directory that --output names
    #[arg(long, value_enum, default_value_t = Kind::Jsonl)]
    to: Kind,
    /// Export: processes (samples), or the machine (system)
    #[arg(long, value_enum, default_value_t = Rows::Samples)]
    table: Rows,
    /// Export: begin at this time ('yesterday 14:00', '1h ago')
    #[arg(long, value_name = "TIME", value_parser = args::instant, allow_hyphen_values = true)]
    from: Option<SystemTime>,
    /// Export: end at this time
    #[arg(long, value_name = "TIME", value_parser = args::instant, allow_hyphen_values = true)]
    until: Option<SystemTime>,
    /// Export: write this file, or this directory for Parquet, instead of standard output
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Say what is recorded, an hour a line
    List,
    /// Read every sample, and say what is damaged
    Verify,
    /// Remove the oldest hours until the rest keeps to --keep and --size
    Prune,
    /// Write samples in another format
    Export,
}

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values
    Csv,
    /// For `promtool tsdb create-blocks-from openmetrics`
    Openmetrics,
    /// Three tables for any tool, in the directory that --output names
    Parquet,
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rows {
    /// Processes
    Samples,
    /// The machine
    System,
}

/// A segment: an hour, or less.
struct Segment {
    summary: Summary,
    first: SystemTime,
    last: SystemTime,
    damage: String,
}

const LISTING: Listing<Segment> = Listing {
    command: History::NAME,
    columns: &[
        Column::new("segment", "SEGMENT", Unit::Plain, "The number of the stretch of time.", |s: &Segment| {
            cell(&s.summary.number)
        }),
        Column::new("first", "FIRST", Unit::Time, "When its first sample was taken.", |s: &Segment| cell(&s.first))
            .shown(|s, out| {
                out.push_str(&human::time(s.first));
                true
            }),
        Column::new("last", "LAST", Unit::Time, "When its last sample was taken.", |s: &Segment| cell(&s.last)).shown(
            |s, out| {
                out.push_str(&human::time(s.last));
                true
            },
        ),
        Column::new("samples", "SAMPLES", Unit::Count, "The number of samples.", |s: &Segment| {
            cell(&s.summary.samples)
        }),
        Column::new("size", "SIZE", Unit::Bytes, "The bytes of its files.", |s: &Segment| cell(&s.summary.size)),
        Column::new("is_log", "LOG", Unit::Plain, "Whether it is a log, not yet Parquet files.", |s: &Segment| {
            cell(&s.summary.is_log)
        })
        .shape(Shape::Bool),
        Column::new("host", "HOST", Unit::Text, "The name of the machine.", |s: &Segment| cell(&s.summary.host)),
        Column::new(
            "jump",
            "CLOCK",
            Unit::Plain,
            "By how many milliseconds the clock was set before it.",
            |s: &Segment| cell(&s.summary.jump),
        ),
        Column::new("damage", "DAMAGE", Unit::Text, "What is damaged; empty if nothing is.", |s: &Segment| {
            cell(&s.damage)
        }),
    ],
    table: &["segment", "first", "last", "samples", "size", "is_log", "damage"],
    data: &["segment", "first", "last", "samples", "size", "is_log", "host", "jump", "damage"],
    label: "segment",
    ..Listing::DEFAULT
};

impl Subcommand for History {
    const NAME: &'static str = "history";
    const ABOUT: &'static str = "List, verify, prune and export what psoxide record has recorded";
    const FILTER: &'static str = "size > 10M && is_log == no";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("history", "what is recorded, an hour a line"),
        ("history verify", "read every sample; exit status 1 if anything is damaged"),
        ("history prune --keep 7d", "remove what is older than a week"),
        ("history export --from '1h ago' --to csv", "processes of the last hour, for a spreadsheet"),
        ("history export --table system --to openmetrics", "the machine, for promtool's backfill"),
        ("history export --to parquet -o ./day", "everything as three Parquet files"),
    ];
    const REFUSES: global::Groups = &[global::REPETITION, global::ROOT, global::PAST, global::BACKEND];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut history = recorded::open(context.history.as_ref())?;
        let cannot = recorded::cannot_read(&history);
        let summaries = match self.action {
            Action::List => history.list(),
            Action::Verify => history.verify(),
            Action::Prune => {
                let limits = Limits { size: self.size.unwrap_or(u64::MAX), age: self.keep.unwrap_or(Duration::MAX) };
                if self.size.is_none() && self.keep.is_none() {
                    return Err(Failure::Usage("prune needs --keep or --size".into()));
                }
                let removed = history.prune(limits, SystemTime::now()).map_err(cannot)?;
                say(&format!("{removed} segments removed"));
                return Ok(true);
            }
            Action::Export => return self.export(&mut history),
        };
        let summaries = summaries.map_err(cannot)?;
        let damaged = summaries.iter().filter(|summary| !summary.damage.is_empty()).count();
        let segment = |summary: &Summary| Segment {
            summary: summary.clone(),
            first: from_millis(summary.first),
            last: from_millis(summary.last),
            damage: summary.damage.join("; "),
        };
        LISTING.run(context, &self.list, None, |_| Ok(Sample::of(summaries.iter().map(segment))))?;
        if damaged > 0 {
            say(&format!(
                "{damaged} of {} segments are damaged; the samples that are shown are whole",
                summaries.len()
            ));
        }
        Ok(damaged == 0)
    }
}

impl History {
    /// Writes samples in another format.
    fn export(&self, history: &mut psoxide_history::History) -> Outcome {
        let millis = |time: Option<SystemTime>, none| time.map_or(none, to_millis);
        let range = (millis(self.from, i64::MIN), millis(self.until, i64::MAX));
        let cannot = recorded::cannot_read(history);
        let format = match self.to {
            Kind::Jsonl => Format::Jsonl,
            Kind::Csv => Format::Csv,
            Kind::Openmetrics => Format::OpenMetrics,
            Kind::Parquet => {
                let folder = self.output.as_ref();
                let folder = folder.ok_or_else(|| Failure::Usage("--to parquet needs --output DIR".into()))?;
                let cannot = |error| Failure::Other(format!("{}: {error}", folder.display()));
                return Ok(history.export_parquet(range, folder).map_err(cannot)? > 0);
            }
        };
        let table = match self.table {
            Rows::Samples => Table::Samples,
            Rows::System => Table::System,
        };
        let samples = match &self.output {
            None => {
                let mut out = Sink::direct();
                let samples = history.export(table, format, range, &mut out)?;
                out.finish()?;
                samples
            }
            Some(path) => {
                let file = std::fs::File::create(path).map_err(&cannot)?;
                let mut out = std::io::BufWriter::new(file);
                let samples = history.export(table, format, range, &mut out).map_err(&cannot)?;
                out.flush().map_err(&cannot)?;
                samples
            }
        };
        Ok(samples > 0)
    }
}
