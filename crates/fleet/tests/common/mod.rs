//! What the tests share.

use psoxide_fleet::{Config, GroupBy, Names};

/// A configuration in which everything else is as it is by default, with few processes of their own.
pub(crate) fn config(names: Names, by: GroupBy) -> Config {
    let mut config = Config { names, top: 2, ..Config::default() };
    config.grouping.by = by;
    config
}
