//! The sources of readings about the machine: each has a name, may fail alone, and is timed.

use std::io;
use std::time::{Duration, Instant};

use psoxide::{Error, ErrorKind, System};

use crate::metric::Families;

/// The outcome of a source.
pub(crate) type Outcome = Result<(), Error>;

/// Whether a machine simply has no such thing, as opposed to not answering.
pub(crate) fn is_absent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::NotCaptured)
        || error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// How a source fared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fared {
    pub(crate) name: &'static str,
    pub(crate) duration: Duration,
    pub(crate) state: State,
}

/// Whether a source has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Up,
    /// This machine has no such thing.
    Absent,
    /// It failed, and why.
    Down(String),
}

/// Reads sources one after the other.
pub(crate) struct Sources<'a> {
    pub(crate) system: &'a System,
    pub(crate) out: Families,
    pub(crate) fared: Vec<Fared>,
    is_on: &'a dyn Fn(&str) -> bool,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(system: &'a System, is_on: &'a dyn Fn(&str) -> bool) -> Self {
        Self { system, out: Families::default(), fared: Vec::new(), is_on }
    }

    /// Reads one source, unless the user has turned it off. What it added before it failed stays.
    pub(crate) fn read(&mut self, name: &'static str, read: impl FnOnce(&System, &mut Families) -> Outcome) {
        if !(self.is_on)(name) {
            return;
        }
        let begun = Instant::now();
        let done = read(self.system, &mut self.out);
        self.note(name, begun, done.into());
    }

    /// Notes how a source fared that began to be read at `begun`.
    pub(crate) fn note(&mut self, name: &'static str, begun: Instant, state: State) {
        self.fared.push(Fared { name, duration: begun.elapsed(), state });
    }

    /// Whether the user wants a source.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        (self.is_on)(name)
    }
}

impl From<Outcome> for State {
    fn from(done: Outcome) -> Self {
        match done {
            Ok(()) => Self::Up,
            Err(error) if is_absent(&error) => Self::Absent,
            Err(error) => Self::Down(error.to_string()),
        }
    }
}
