//! What every command is given, and how it can end.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use psoxide::{Backend, Error, ErrorKind, System};

use crate::args::{Format, Globals};
use crate::config::Config;
use crate::output::sink::Sink;

/// Between samples, where nobody says otherwise.
const INTERVAL: Duration = Duration::from_secs(1);

/// The window of a rate that has no sample before it.
const FIRST_WINDOW: Duration = Duration::from_millis(500);

/// Moves to the top left, and clears to the end.
const CLEAR: &str = "\x1b[H\x1b[J";

/// What every command is given.
pub(crate) struct Context {
    pub(crate) system: System,
    pub(crate) root: Option<PathBuf>,
    pub(crate) format: Format,
    pub(crate) config: Config,
    /// Columns of the terminal; `None` if the output is no terminal.
    pub(crate) width: Option<usize>,
    /// Lines of the terminal.
    pub(crate) height: Option<usize>,
    pager: bool,
    interval: Option<Duration>,
    count: Option<u64>,
}

/// Why a command ended without its answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Reading(Error),
    Output(io::Error),
    Usage(String),
    /// Anything else, in a sentence.
    Other(String),
}

/// Whether anything was found.
pub(crate) type Outcome = Result<bool, Failure>;

impl Context {
    pub(crate) fn new(globals: Globals, config: Config) -> Result<Self, Failure> {
        let system = match &globals.root {
            Some(root) => System::at_root(root)?,
            // A wrong name in the environment is an error here, where somebody reads it.
            None => {
                let backend = globals.backend.or(Backend::from_env()?).or(config.backend);
                System::host().with_backend(backend.unwrap_or_default())
            }
        };
        let size = terminal_size::terminal_size_of(io::stdout());
        Ok(Self {
            system,
            format: globals.format(),
            width: size.map(|(width, _)| usize::from(width.0)),
            height: size.map(|(_, height)| usize::from(height.0)),
            pager: !globals.no_pager,
            interval: globals.interval,
            count: globals.count,
            root: globals.root,
            config,
        })
    }

    /// What the kernel says of itself: `hostname`, `ostype`, `osrelease`.
    pub(crate) fn kernel(&self, file: &str) -> Option<String> {
        let root = self.root.as_deref().unwrap_or_else(|| Path::new("/"));
        let text = std::fs::read(root.join("proc/sys/kernel").join(file)).ok()?;
        Some(String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// Whether several samples are wanted.
    pub(crate) fn repeats(&self) -> bool {
        self.interval.is_some() || self.count.is_some()
    }

    /// Whether each sample replaces the one before it on the screen.
    pub(crate) fn clears(&self) -> bool {
        self.repeats() && self.width.is_some() && self.format == Format::Text
    }

    /// The time between samples.
    pub(crate) fn interval(&self) -> Duration {
        self.interval.or(self.config.interval).unwrap_or(INTERVAL)
    }

    /// How many samples are wanted; `None`: until the user has seen enough.
    pub(crate) fn count(&self) -> Option<u64> {
        if self.repeats() { self.count } else { Some(1) }
    }

    /// The window of a first rate.
    pub(crate) fn first_window(&self) -> Duration {
        if self.repeats() { self.interval().min(FIRST_WINDOW) } else { FIRST_WINDOW }
    }

    /// Standard output.
    pub(crate) fn sink(&self) -> Sink {
        match self.height {
            Some(height) if self.pager && !self.repeats() => Sink::terminal(height, self.config.pager.as_deref()),
            _ => Sink::direct(),
        }
    }

    /// Writes with `each`, as often as the user wants; it is told how many times it has written before.
    pub(crate) fn repeat(
        &self,
        replaces: bool,
        mut each: impl FnMut(u64, &mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut out = self.sink();
        let mut turn = 0;
        let mut due = Instant::now();
        loop {
            let mut text = Vec::new();
            // Not straight to the terminal: reading takes time, and a half drawn screen flickers.
            each(turn, &mut text)?;
            if replaces && self.clears() {
                out.write_all(CLEAR.as_bytes())?;
            }
            out.write_all(&text)?;
            turn += 1;
            if self.count().is_some_and(|count| turn >= count) {
                return Ok(out.finish()?);
            }
            out.flush()?;
            // The first sample may have waited for its rates. From then on by plan, so that the samples do not drift.
            due = if turn == 1 { Instant::now() } else { due } + self.interval();
            match due.checked_duration_since(Instant::now()) {
                Some(wait) => std::thread::sleep(wait),
                None => due = Instant::now(),
            }
        }
    }
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

impl Failure {
    /// The exit status.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Reading(error) => match error.kind() {
                ErrorKind::AccessDenied => 3,
                ErrorKind::NoSuchProcess | ErrorKind::ZombieProcess => 4,
                ErrorKind::InvalidInput => 2,
                _ => 1,
            },
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) | Self::Other(_) => 1,
            Self::Usage(_) => 2,
        }
    }

    /// What to tell the user, if anything.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Reading(error) if error.is_access_denied() => {
                let me = System::host().current_process().and_then(|me| me.uids());
                let who = if me.is_ok_and(|ids| ids.effective == 0) {
                    "here not even root may do that"
                } else {
                    "only root or its owner may do that"
                };
                Some(format!("{error}; {who}"))
            }
            Self::Reading(error) if error.is_no_such_process() => {
                Some(format!("{error}; psoxide ps lists those that do"))
            }
            Self::Reading(error) => Some(error.to_string()),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Output(error) => Some(format!("the output could not be written: {error}")),
            Self::Usage(message) | Self::Other(message) => Some(message.clone()),
        }
    }
}
