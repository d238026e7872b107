//! The command `psoxide`.

mod cmd;
mod output;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};
use psoxide::{ConnectionKind, Error, ErrorKind, Pid, System};

/// This machine at a glance, and every detail of every process.
#[derive(Parser)]
#[command(name = "psoxide", version, about, after_help = EXAMPLES)]
struct Cli {
    /// Write one JSON object instead of text (see SCHEMA.md).
    #[arg(long, global = true)]
    json: bool,
    /// Read the machine whose /proc and /sys were copied to DIR/proc and DIR/sys.
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  psoxide                      the machine: load, CPU, memory, disks, network, largest processes
  psoxide procinfo 1           everything about process 1
  psoxide procsmem             what each process would give back if it ended (USS)
  psoxide ps --json            all processes, for another program
  psoxide --root ./copy free   memory of a machine whose /proc was copied to ./copy/proc

Exit status:
  0 done   1 nothing matched, or failed   2 usage   3 permission refused   4 no such process";

#[derive(Subcommand)]
enum Command {
    /// Everything about one process.
    ///
    /// What the system refuses is shown as "permission denied"; what it does not have, as "not supported here".
    #[command(
        after_help = "Examples:\n  psoxide procinfo\n  psoxide procinfo 1 --verbose\n  psoxide procinfo 1 --json"
    )]
    Procinfo {
        /// The process; this command itself if not given.
        pid: Option<Pid>,
        /// Show long lists whole.
        #[arg(short, long)]
        verbose: bool,
    },
    /// Memory that each process alone uses (USS), its share (PSS) and its swap, the largest first.
    ///
    /// Processes without memory of their own (kernel threads) are left out. How many processes refused is said on
    /// standard error; root sees all of them.
    #[command(after_help = "Examples:\n  sudo psoxide procsmem\n  psoxide procsmem --json")]
    Procsmem,
    /// All processes, by pid. A refused field is shown as "?".
    #[command(after_help = "Examples:\n  psoxide ps\n  psoxide ps --json")]
    Ps,
    /// Physical memory and swap, with the numbers of procps free.
    #[command(
        disable_help_flag = true,
        after_help = "Examples:\n  psoxide free         in KiB\n  psoxide free -b      in bytes\n  psoxide free -h      in fitting units"
    )]
    Free {
        /// Show bytes instead of KiB.
        #[arg(short, long, conflicts_with = "human")]
        bytes: bool,
        /// Show fitting units.
        #[arg(short = 'h', long)]
        human: bool,
        /// Print help.
        #[arg(long, action = clap::ArgAction::Help)]
        help: Option<bool>,
    },
    /// The memory maps of a process, in KiB.
    #[command(after_help = "Examples:\n  psoxide pmap 1\n  psoxide pmap 1 --grouped     one line a file")]
    Pmap {
        /// The process.
        pid: Pid,
        /// Add up the maps of the same file.
        #[arg(short, long)]
        grouped: bool,
    },
    /// Sockets and the processes that hold them.
    #[command(
        after_help = "Examples:\n  psoxide netstat\n  psoxide netstat --kind tcp4\n  psoxide netstat --kind unix --json"
    )]
    Netstat {
        /// Which sockets.
        #[arg(short, long, default_value = "inet", value_name = "KIND",
            value_parser = PossibleValuesParser::new(ConnectionKind::names()))]
        kind: String,
    },
}

/// Why a command ended without its answer.
pub(crate) enum Failure {
    Reading(Error),
    Output(io::Error),
    Usage(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Reading(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Whether anything was found.
pub(crate) type Outcome = Result<bool, Failure>;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) system: System,
    pub(crate) root: Option<PathBuf>,
    pub(crate) json: bool,
    /// Columns of the terminal; `None` if the output is no terminal.
    pub(crate) width: Option<usize>,
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Reading(error) => match error.kind() {
                ErrorKind::AccessDenied => 3,
                ErrorKind::NoSuchProcess | ErrorKind::ZombieProcess => 4,
                ErrorKind::InvalidInput => 2,
                _ => 1,
            },
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) => 1,
            Self::Usage(_) => 2,
        }
    }

    fn message(&self) -> Option<String> {
        match self {
            Self::Reading(error) => Some(error.to_string()),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Output(error) => Some(format!("the output could not be written: {error}")),
            Self::Usage(message) => Some((*message).to_owned()),
        }
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print(); // a closed pipe
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let failure = match run(cli) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => return ExitCode::from(1),
        Err(failure) => failure,
    };
    if let Some(message) = failure.message() {
        let _ = writeln!(anstream::stderr(), "psoxide: {}", output::escape(message.as_ref()));
    }
    ExitCode::from(failure.code())
}

fn run(cli: Cli) -> Outcome {
    let system = match &cli.root {
        Some(root) => System::at_root(root)?,
        None => System::host(),
    };
    let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let context = Context { system, root: cli.root, json: cli.json, width };
    let mut out = BufWriter::new(anstream::stdout().lock());
    let found = match cli.command {
        None => cmd::glance::run(&context, &mut out),
        Some(Command::Procinfo { pid, verbose }) => cmd::procinfo::run(&context, &mut out, pid, verbose),
        Some(Command::Procsmem) => cmd::procsmem::run(&context, &mut out),
        Some(Command::Ps) => cmd::ps::run(&context, &mut out),
        Some(Command::Free { bytes, human, .. }) => cmd::free::run(&context, &mut out, bytes, human),
        Some(Command::Pmap { pid, grouped }) => cmd::pmap::run(&context, &mut out, pid, grouped),
        Some(Command::Netstat { kind }) => cmd::netstat::run(&context, &mut out, kind.parse()?),
    }?;
    out.flush()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
