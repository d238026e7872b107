//! Records the history of this machine.

use std::time::{Duration, Instant};

use clap::Args;
use psoxide::Field;
use psoxide_history::{DEFAULT, FIELDS, Limits, Options, Recorder};

use super::{Subcommand, global};
use crate::args;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::output::schema::Body;
use crate::recorded;

/// Between samples, unless the user says otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(crate) struct Record {
    /// Record these fields of each process; with a + before it, a field is added to the usual ones
    #[arg(long, value_name = "[+]NAME,…", value_delimiter = ',')]
    fields: Vec<String>,
    /// Keep samples for this long (30d, 12h)
    #[arg(long, value_name = "TIME", value_parser = args::timeout, default_value = "30d")]
    keep: Duration,
    /// Keep at most this much (500M, 2G)
    #[arg(long, value_name = "SIZE", value_parser = args::size, default_value = "1G")]
    size: u64,
    /// Record command lines as they are, with the secrets in them
    #[arg(long)]
    raw: bool,
}

impl Subcommand for Record {
    const NAME: &'static str = "record";
    const ABOUT: &'static str = "Record the history of this machine and its processes";
    const DETAILS: &'static str = "Samples are taken every 5 seconds, or at --interval, until the command is stopped or \
         --count is reached. The open hour is a log, closed hours are Parquet files for any tool (HISTORY.md). Files can \
         be read by their owner only. Values of options and variables that look like secrets are replaced in command \
         lines. Later, `psoxide top --at 'yesterday 14:03'` shows the machine as it was, and so do ps, free, disks and \
         others.";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("record", "every 5 seconds, for 30 days, in 1 GiB"),
        ("record --interval 1 --keep 2d --size 500M", "every second, for two days"),
        ("record --fields +memory_footprint", "USS and PSS too, for procsmem --at (costs more CPU time)"),
        ("record --history /srv/history", "in another folder"),
    ];

    const REFUSES: global::Groups = &[global::APPEND, global::FORMATS, global::PAST];

    fn body() -> Body {
        Body::None
    }

    fn run(self, context: &Context) -> Outcome {
        if context.root.is_some() && context.history.is_none() {
            let why = "the usual history is of this machine alone";
            return Err(Failure::Usage(format!("record --root needs --history DIR: {why}")));
        }
        let folder = recorded::folder(context.history.as_ref())?;
        let mut options = Options::default();
        options.interval = if context.has_interval() { context.interval() } else { INTERVAL };
        options.limits = Limits { size: self.size, age: self.keep };
        options.raw = self.raw;
        options.fields = self.fields()?;
        let cannot = |error| Failure::Other(format!("{}: cannot record: {error}", folder.display()));
        let mut recorder = Recorder::open(&context.system, &folder, &options).map_err(cannot)?;
        say(&format!("recording in {} every {} s", folder.display(), options.interval.as_secs_f64()));
        let mut lost = 0_u64;
        let mut due = Instant::now();
        let mut taken = 0;
        loop {
            match recorder.record() {
                Ok(()) if lost > 0 => {
                    say(&format!("recording again; {lost} samples are missing"));
                    lost = 0;
                }
                Ok(()) => {}
                Err(error) => {
                    if lost == 0 {
                        say(&format!("{}: a sample is lost: {error}", folder.display()));
                    }
                    lost += 1;
                }
            }
            recorder.notes().iter().for_each(|note| say(note));
            taken += 1;
            if context.repeats() && context.count().is_some_and(|count| taken >= count) {
                break;
            }
            due += options.interval;
            match due.checked_duration_since(Instant::now()) {
                Some(wait) => std::thread::sleep(wait),
                // The machine was suspended, or too busy: what is past is not caught up with.
                None => due = Instant::now(),
            }
        }
        recorder.sync().map_err(cannot)?;
        Ok(lost == 0)
    }
}

impl Record {
    /// The fields that are recorded of each process.
    fn fields(&self) -> Result<Vec<Field>, Failure> {
        let adds = self.fields.is_empty() || self.fields.iter().any(|name| name.starts_with('+'));
        let mut fields = if adds { DEFAULT.to_vec() } else { Vec::new() };
        for name in &self.fields {
            let name = name.trim_start_matches('+');
            let field = FIELDS.iter().find(|field| field.name() == name).ok_or_else(|| {
                let names: Vec<_> = FIELDS.iter().map(|field| field.name()).collect();
                Failure::Usage(format!("{name:?} cannot be recorded; the fields are {}", names.join(", ")))
            })?;
            fields.push(*field);
        }
        Ok(fields)
    }
}
