//! What the tests share.

use std::time::Duration;

use psoxide_fleet::{Above, Config, GroupBy, Grouping, Names};

/// A configuration in which everything is as it is by default.
pub(crate) fn config(names: Names, by: GroupBy) -> Config {
    Config {
        names,
        grouping: Grouping { by, patterns: Vec::new(), kernel: true, linger: Duration::from_secs(60) },
        top: 2,
        above: Above::default(),
        series: 10_000,
        per_cpu: false,
        details: false,
        smaps: Duration::ZERO,
        command_lines: false,
        textfiles: None,
        sources: Vec::new(),
    }
}
