//! Sends a signal to processes: what kill, killall and pkill share.

use std::ffi::OsString;
use std::io::{BufRead as _, Write as _};

use clap::Args;
use psoxide::{Pid, Signal, System, Unit};

use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::output::column::{Column, Meta, cell};
use crate::output::style::Tone;
use crate::output::{escape, reason};
use crate::process::Proc;
use crate::signal;

#[derive(Args)]
pub(super) struct SendArgs {
    /// The signal, by name or number (also as -9 or -KILL)
    #[arg(short, long, value_name = "SIGNAL", default_value = "TERM", value_parser = signal::parse)]
    signal: Signal,
    /// List matching processes without signalling them
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Ask before each signal
    #[arg(short, long, conflicts_with = "dry_run")]
    interactive: bool,
    #[command(flatten)]
    pub(super) list: ListArgs,
}

/// A process that a signal is meant for.
pub(super) struct Target {
    pub(super) pid: Pid,
    /// `None` where the system hides it.
    pub(super) start: Option<u64>,
    pub(super) name: OsString,
    /// The part of the process that the user named: its pid, its name …
    pub(super) matched: &'static str,
}

impl Target {
    pub(super) fn of(process: &Proc, matched: &'static str) -> Self {
        let name = process.row.name.value().cloned().unwrap_or_default();
        Self { pid: process.row.pid, start: process.row.start, name, matched }
    }
}

/// A target and what became of the signal.
struct Sent {
    target: Target,
    signal: String,
    result: String,
}

const LISTING: Listing<Sent> = Listing {
    columns: &[
        Column::new("pid", "PID", Unit::Plain, "The process id.", |sent: &Sent| cell(&sent.target.pid)),
        Column::new("name", "NAME", Unit::Text, "The name of the process.", |sent: &Sent| cell(&sent.target.name)),
        Column::new(
            "matched",
            "MATCHED",
            Unit::Text,
            "What was found by: pid, name (as ps shows it), path (of the executable), argv[0], script or command line.",
            |sent: &Sent| cell(&sent.target.matched),
        ),
        Column::new("signal", "SIGNAL", Unit::Text, "The signal.", |sent: &Sent| cell(&sent.signal)),
        Column::new("result", "RESULT", Unit::Text, "sent, not sent, or why it could not be sent.", |sent: &Sent| {
            cell(&sent.result)
        })
        .tone(|sent| match &*sent.result {
            SENT => Tone::Low,
            NOT_SENT => Tone::Faint,
            _ => Tone::High,
        }),
    ],
    table: &["pid", "name", "matched", "signal", "result"],
    ..Listing::DEFAULT
};

const SENT: &str = "sent";
const NOT_SENT: &str = "not sent";

pub(super) fn metas() -> Vec<Meta> {
    LISTING.metas()
}

/// Sends the signal to each target that the options choose and lists what became of it. Fails with the first error of a signal.
pub(super) fn run(command: &'static str, context: &Context, args: &SendArgs, targets: Vec<Target>) -> Outcome {
    if !context.system.is_live() && !args.dry_run {
        return Err(Failure::Usage("a copied machine takes no signals; use --dry-run".into()));
    }
    let signal = signal::name(args.signal);
    let row = |target| Sent { target, signal: signal.clone(), result: NOT_SENT.into() };
    let rows = targets.into_iter().map(row).collect();
    let mut failed = None;
    let listing = Listing { command, ..LISTING };
    let found = listing.act(context, &args.list, rows, "result", |row: &mut Sent| {
        if args.dry_run || (args.interactive && !agreed(&signal, &row.target)?) {
            return Ok(());
        }
        row.result = match send(&context.system, &row.target, args.signal) {
            Ok(()) => SENT.into(),
            Err(error) => {
                let reason = reason(&error);
                failed = failed.take().or(Some(error));
                reason
            }
        };
        Ok(())
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(found),
    }
}

/// Asks the user.
fn agreed(signal: &str, target: &Target) -> Result<bool, Failure> {
    let mut terminal = anstream::stderr();
    write!(terminal, "psoxide: send {signal} to {} {}? [y/N] ", target.pid, escape(&target.name))?;
    terminal.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Sends the signal to the process that was found, never to a later one with its pid.
fn send(system: &System, target: &Target, signal: Signal) -> psoxide::Result<()> {
    let now = system.process(target.pid)?;
    if now.start() == target.start {
        return now.send_signal(signal);
    }
    // Another process has taken the pid: the target has ended, as the signal was to achieve.
    Ok(())
}
