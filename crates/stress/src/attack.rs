//! An attack and its report.

use std::time::Duration;

use psoxide::{Backend, System};

/// One attack.
pub(crate) struct Attack {
    /// The name on the command line.
    pub(crate) name: &'static str,
    /// One line that describes the attack.
    pub(crate) what: &'static str,
    /// Runs the attack.
    pub(crate) run: fn(&Scale) -> Report,
}

/// The extent of an attack.
pub(crate) struct Scale {
    /// Whether to use the counts of RELIABILITY.md.
    pub(crate) long: bool,
    /// The time limit for one part of an attack in the long form.
    pub(crate) limit: Duration,
    /// The seed of the random choices.
    pub(crate) seed: u64,
}

impl Scale {
    /// Chooses between the count for CI and the one for RELIABILITY.md.
    pub(crate) fn count(&self, short: usize, long: usize) -> usize {
        if self.long { long } else { short }
    }

    /// Returns the time limit for one part of an attack. A part that reaches it reports what it has done.
    pub(crate) fn time(&self, short: Duration) -> Duration {
        if self.long { self.limit } else { short }
    }
}

/// The outcome of an attack.
pub(crate) enum Outcome {
    /// Nothing broke.
    Held,
    /// Something broke.
    Broke(String),
    /// The machine or the user does not permit the attack.
    Skipped(String),
}

/// The figures and the outcome of an attack.
pub(crate) struct Report {
    /// The figures, one per line.
    pub(crate) lines: Vec<String>,
    /// The outcome.
    pub(crate) outcome: Outcome,
}

impl Report {
    /// Makes an empty report of an attack that has held so far.
    pub(crate) fn new() -> Self {
        Self { lines: Vec::new(), outcome: Outcome::Held }
    }

    /// Reports that the attack cannot run here.
    pub(crate) fn skipped(why: impl Into<String>) -> Self {
        Self { lines: Vec::new(), outcome: Outcome::Skipped(why.into()) }
    }

    /// Returns those of the backends that this machine has, and reports why it lacks the others.
    pub(crate) fn backends(&mut self, all: &[Backend]) -> Vec<Backend> {
        let mut usable = Vec::new();
        for backend in all {
            match System::host().with_backend(*backend).backend_refusal() {
                None => usable.push(*backend),
                Some(why) => self.line(format!("{backend:?}: not possible here: {why}")),
            }
        }
        usable
    }

    /// Adds a figure.
    pub(crate) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Records a failure. Only the first one is kept.
    pub(crate) fn broke(&mut self, why: impl Into<String>) {
        if matches!(self.outcome, Outcome::Held) {
            self.outcome = Outcome::Broke(why.into());
        }
    }

    /// Records a failure unless `held`.
    pub(crate) fn check(&mut self, held: bool, why: impl FnOnce() -> String) {
        if !held {
            self.broke(why());
        }
    }
}

/// A small generator of random numbers (splitmix64). The same seed reproduces a run.
pub(crate) struct Random(u64);

impl Random {
    /// Makes a generator from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `end`, or 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        usize::try_from(z % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }
}

/// Returns whether this process is root. Namespaces, and seccomp filters on other users, need root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
