//! Counts the readings of processes that have no value.

use std::collections::BTreeMap;

use psoxide::{ErrorKind, Field, Reading, Row};

use crate::metric::Families;
use crate::names::otel;

/// The readings without a value, by field and reason.
#[derive(Debug, Default)]
pub(crate) struct Refused(BTreeMap<(&'static str, &'static str), u64>);

impl Refused {
    /// Counts what a row lacks, and returns a sentence about each reason that was not seen before.
    pub(crate) fn count(&mut self, row: &Row, fields: &[Field]) -> Vec<String> {
        let mut news = Vec::new();
        for field in fields {
            // A process that ends is no refusal, and a system without a reading has no such series.
            let outcome = row.outcome(*field);
            let reason = match &outcome {
                Reading::Denied => "permission_denied",
                Reading::Failed(error) => match error.kind() {
                    ErrorKind::Parse | ErrorKind::OutOfRange => "malformed",
                    ErrorKind::Timeout => "timeout",
                    _ => "failed",
                },
                Reading::NotAsked | Reading::Value(_) | Reading::Gone | Reading::Unsupported => continue,
            };
            let count = self.0.entry((field.name(), reason)).or_default();
            if *count == 0 {
                let why = outcome.reason().unwrap_or_default();
                news.push(format!("{} of process {}: {why} (counted from now on, not logged)", field.name(), row.pid));
            }
            *count += 1;
        }
        news
    }

    /// Adds the counters.
    pub(crate) fn add_to(&self, out: &mut Families) {
        for ((field, reason), count) in &self.0 {
            out.add(&otel::REFUSED, &[("psoxide.reading", field), ("psoxide.reason", reason)], *count);
        }
    }
}
