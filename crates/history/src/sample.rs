//! A sample: the machine and its processes at one moment.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use psoxide::{Os, Row, System};

use crate::cell::Column;
use crate::columns::Places;
use crate::facts::Facts;
use crate::machine::Machine;

/// A process in a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The number of its facts, which no other process of the history has.
    pub id: u64,
    /// What seldom changes.
    pub facts: Arc<Facts>,
    /// The numbers, in the order of the columns.
    pub cells: Vec<i64>,
}

/// What all samples of a segment have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The version of the schema that wrote it.
    pub version: u32,
    /// The name of the machine.
    pub host: String,
    /// The system of the machine.
    pub os: Os,
    /// The time between two samples.
    pub interval: Duration,
    /// The columns of a process.
    pub columns: Vec<Column>,
}

/// When a sample was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Milliseconds since 1970.
    pub(crate) time: i64,
    pub(crate) sequence: u64,
    /// By how many milliseconds the clock was set before the sample.
    pub(crate) jump: i64,
}

/// The machine and its processes at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// What it has in common with others.
    pub header: Arc<Header>,
    /// Its number in the history, which only grows.
    pub sequence: u64,
    /// When it was taken: milliseconds since 1970 by the clock of the machine.
    pub time: i64,
    /// By how many milliseconds the clock was set since the sample before, beyond a second.
    pub jump: i64,
    /// The machine.
    pub machine: Arc<Machine>,
    /// The processes, in the order of their ids.
    pub processes: Vec<Process>,
}

impl Sample {
    /// When it was taken.
    #[must_use]
    pub fn taken(&self) -> SystemTime {
        from_millis(self.time)
    }

    /// The rows of all processes, by pid.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let places = Places::new(&self.header.columns);
        let mut rows: Vec<Row> = self.processes.iter().map(|process| process.row(&places)).collect();
        rows.sort_by_key(|row| row.pid);
        rows
    }

    /// The machine as it was.
    #[must_use]
    pub fn system(&self) -> System {
        let mut moment = self.machine.restore(self.header.os);
        moment.processes = self.rows();
        System::replay(moment)
    }
}

impl Process {
    fn row(&self, places: &Places) -> Row {
        let mut row = Row::new(self.facts.pid, self.facts.start);
        self.facts.restore(&mut row);
        places.restore(&self.cells, &mut row);
        row
    }
}

/// Milliseconds since 1970.
#[must_use]
pub fn to_millis(time: SystemTime) -> i64 {
    let whole = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}

/// The time of milliseconds since 1970.
#[must_use]
pub fn from_millis(millis: i64) -> SystemTime {
    let span = Duration::from_millis(millis.unsigned_abs());
    let time =
        if millis < 0 { SystemTime::UNIX_EPOCH.checked_sub(span) } else { SystemTime::UNIX_EPOCH.checked_add(span) };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}
