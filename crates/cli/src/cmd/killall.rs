//! Signals to processes with a name.

use clap::Args;
use psoxide::{Field, Pid, Signal, System, Unit};

use super::pidof::called;
use super::{Subcommand, Takes, none};
use crate::args::{Format, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::column::{Column, Meta, Shape, cell};
use crate::output::listing::{Listing, Sample};
use crate::process::{First, Proc, ProcessArgs, Sampler};
use crate::signal;

#[derive(Args)]
pub(crate) struct Killall {
    /// Names, or paths of executables
    #[arg(required = true, value_name = "NAME")]
    names: Vec<std::ffi::OsString>,
    /// The signal, by name or number
    #[arg(short, long, value_name = "SIGNAL", default_value = "TERM", value_parser = signal::parse)]
    signal: Signal,
    /// Only say who would get it
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    select: ProcessArgs,
    #[command(flatten)]
    list: ListArgs,
}

/// A process that was sent a signal, or not.
struct Sent {
    pid: Pid,
    name: std::ffi::OsString,
    signal: String,
    result: String,
}

const LISTING: Listing<Sent> = Listing {
    command: Killall::NAME,
    columns: &[
        Column::new("pid", "PID", Unit::Plain, "The process id.", |sent: &Sent| cell(&sent.pid)),
        Column::new("name", "NAME", Unit::Text, "The name.", |sent: &Sent| cell(&sent.name)),
        Column::new("signal", "SIGNAL", Unit::Text, "The signal.", |sent: &Sent| cell(&sent.signal)),
        Column::new("result", "RESULT", Unit::Text, "sent, not sent (a dry run), or why it was not.", |sent: &Sent| {
            cell(&sent.result)
        })
        .shape(Shape::Text),
    ],
    table: &["pid", "name", "signal", "result"],
    ..Listing::DEFAULT
};

impl Subcommand for Killall {
    const NAME: &'static str = "killall";
    const ABOUT: &'static str = "Send a signal to processes with a name";
    const DETAILS: &'static str = "A signal goes to the process that was found and never to a later one with its pid. This command itself is \
         left out. The exit status is 1 if nobody has the name, 3 if a signal was refused.";
    const SIGNALS: bool = true;
    const TAKES: Takes = Takes::Once;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("killall sleep", "asks every sleep to end"),
        ("killall -s KILL --user anna python3", "ends anna's at once"),
        ("killall -n nginx", "shows who would get the signal"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        if !context.system.is_live() && !self.dry_run {
            return Err(Failure::Usage("a copied machine takes no signals; --dry-run shows who would get one".into()));
        }
        let fields = [Field::Name, Field::Exe, Field::Cmdline];
        let mut sampler = Sampler::new(context, &self.select, First::Lifetime).also(&fields);
        let own = std::process::id();
        let found = sampler.matching(|process: &Proc| process.row.pid != own && called(&process.row, &self.names))?;
        let mut refused = None;
        let mut rows = Vec::new();
        for process in found {
            let result = if self.dry_run {
                "not sent".into()
            } else {
                match send(&context.system, &process, self.signal) {
                    Ok(()) => "sent".into(),
                    Err(error) => {
                        let reason = crate::output::reason(&error);
                        refused = refused.or(Some(error));
                        reason
                    }
                }
            };
            let name = process.row.name.value().cloned().unwrap_or_default();
            rows.push(Sent { pid: process.row.pid, name, signal: signal::name(self.signal), result });
        }
        if rows.is_empty() && context.format == Format::Text {
            let names: Vec<_> = self.names.iter().map(|name| crate::output::escape(name)).collect();
            return none(context, false, &format!("no process is called {}", names.join(" or ")));
        }
        let mut rows = Some(rows);
        let found = LISTING.run(context, &self.list, None, |_| Ok(Sample::of(rows.take().unwrap_or_default())))?;
        match refused {
            Some(error) => Err(error.into()),
            None => Ok(found),
        }
    }
}

/// To the process that was found, never to a later one with its pid.
fn send(system: &System, process: &Proc, signal: Signal) -> psoxide::Result<()> {
    let now = system.process(process.row.pid)?;
    if now.start() == process.row.start {
        return now.send_signal(signal);
    }
    // Another process has taken the pid: the one that was meant has ended, which is what was wanted of it.
    Ok(())
}
