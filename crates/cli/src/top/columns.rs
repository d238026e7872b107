//! Which columns there are, which are shown, and which give way on a narrow screen.

use psoxide::{Os, Unit, support};

use crate::filter::find;
use crate::output::column::{Column, Meta};
use crate::process::Proc;
use crate::process::columns::COLUMNS;

/// The columns that are shown unless the user has chosen others.
const USUAL: &[&str] = &[
    "pid",
    "ppid",
    "username",
    "nice",
    "num_threads",
    "vms",
    "rss",
    "shared",
    "status",
    "cpu_percent",
    "memory_percent",
    "create_time",
    "cpu_time",
    "cmdline",
];

/// The columns that give way first, in this order.
const SPARE: &[&str] = &[
    "ppid",
    "num_threads",
    "shared",
    "create_time",
    "vms",
    "nice",
    "cpu_time",
    "status",
    "memory_percent",
    "username",
];

/// The columns that give way last, in this order. The last of all columns is never given up.
const KEPT: &[&str] = &["rss", "cpu_percent", "pid"];

/// The last column is not made narrower than this for the sake of another.
const NARROWEST: u16 = 16;

/// The place of a column.
pub(crate) fn column(name: &str) -> usize {
    let metas: Vec<Meta> = COLUMNS.iter().map(|column| column.meta).collect();
    find(&metas, name).unwrap_or(0)
}

/// The places of the columns that a system has.
pub(crate) fn available(os: Os) -> Vec<usize> {
    let has = |column: &Column<Proc>| {
        column.meta.os.contains(os)
            && column.needs.iter().all(|field| {
                let call = support::CALLS.iter().find(|call| call.name.strip_prefix("Process::") == Some(field.name()));
                call.is_none_or(|call| call.os.contains(os))
            })
    };
    COLUMNS.iter().enumerate().filter(|(_, column)| has(column)).map(|(place, _)| place).collect()
}

/// The usual columns of a machine that has these.
pub(crate) fn usual(available: &[usize]) -> Vec<usize> {
    USUAL.iter().map(|name| column(name)).filter(|place| available.contains(place)).collect()
}

/// Drops columns until the rest fits the screen. `width` returns the width of a column. The sort column stays.
pub(crate) fn fitting(mut columns: Vec<usize>, sort: usize, screen: u16, width: impl Fn(usize) -> u16) -> Vec<usize> {
    let least = NARROWEST.max(screen / 10 * 3);
    loop {
        let Some((_, others)) = columns.split_last() else { return columns };
        let used: u16 = others.iter().map(|place| width(*place) + 1).sum();
        let fits = used.saturating_add(least) <= screen;
        let next =
            others.iter().enumerate().filter(|(_, place)| **place != sort).min_by_key(|(at, place)| rank(**place, *at));
        match next.map(|(at, _)| at) {
            Some(at) if !fits => _ = columns.remove(at),
            _ => return columns,
        }
    }
}

/// What is lowest gives way first: spare columns in their order, what the user has chosen beside them from the right, and
/// the rest.
fn rank(place: usize, at: usize) -> (u8, usize) {
    let name = COLUMNS.get(place).map_or("", |column| column.meta.name);
    let position = |names: &[&str]| names.iter().position(|known| *known == name);
    match (position(SPARE), position(KEPT)) {
        (Some(at), _) => (0, at),
        (_, Some(at)) => (2, at),
        _ => (1, usize::MAX - at),
    }
}

/// The least and the greatest width of a column. Between them it is as wide as its widest value so far, so that values that
/// change seldom move the columns beside them.
pub(crate) fn bounds(meta: &Meta) -> (u16, u16) {
    match (meta.name, meta.unit) {
        ("username", _) => (10, 10),
        // Before the pid there is room for a mark.
        ("pid" | "ppid", _) => (6, 11),
        ("status", _) => (8, 12),
        ("container", _) => (12, 24),
        ("unit" | "cgroup", _) => (16, 28),
        ("cpu_percent", _) => (6, 8),
        (_, Unit::Text) => (6, 24),
        (_, Unit::Bytes) => (6, 24),
        (_, Unit::BytesPerSecond | Unit::Seconds) => (8, 24),
        (_, Unit::Percent | Unit::Time) => (5, 24),
        _ => (3, 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fit(screen: u16, sort: &str, expected: &[&str]) {
        let all = usual(&available(Os::Linux));
        let columns = fitting(all, column(sort), screen, |place| bounds(&COLUMNS[place].meta).0);
        let names: Vec<_> = columns.iter().map(|place| COLUMNS[*place].meta.name).collect();
        assert_eq!(names, expected, "{screen} columns");
    }

    #[test]
    fn columns_give_way_and_the_command_stays() {
        fit(10, "cpu_percent", &["cpu_percent", "cmdline"]);
        fit(40, "cpu_percent", &["pid", "rss", "cpu_percent", "cmdline"]);
        fit(60, "cpu_percent", &["pid", "username", "rss", "cpu_percent", "memory_percent", "cmdline"]);
        fit(40, "vms", &["pid", "vms", "cpu_percent", "cmdline"]);
        let at_80 = ["pid", "username", "rss", "status", "cpu_percent", "memory_percent", "cpu_time", "cmdline"];
        fit(80, "cpu_percent", &at_80);
        fit(160, "cpu_percent", USUAL);
    }

    #[test]
    fn what_the_user_has_chosen_outlives_the_spare() {
        let chosen = ["pid", "status", "container", "oom_score", "cmdline"].map(column).to_vec();
        let names = |screen| {
            let columns =
                fitting(chosen.clone(), column("cpu_percent"), screen, |place| bounds(&COLUMNS[place].meta).0);
            columns.iter().map(|place| COLUMNS[*place].meta.name).collect::<Vec<_>>()
        };
        assert_eq!(names(45), ["pid", "container", "oom_score", "cmdline"]);
        assert_eq!(names(38), ["pid", "container", "cmdline"]);
        assert_eq!(names(30), ["pid", "cmdline"]);
    }

    #[test]
    fn columns_that_a_system_lacks_are_absent() {
        let names = |os| available(os).into_iter().map(|place| COLUMNS[place].meta.name).collect::<Vec<_>>();
        assert!(names(Os::Linux).contains(&"oom_score") && !names(Os::Linux).contains(&"num_handles"));
        assert!(!names(Os::Windows).contains(&"oom_score") && names(Os::Windows).contains(&"num_handles"));
        assert!(!names(Os::Windows).contains(&"shared"));
        for os in Os::ALL {
            assert!(names(os).contains(&"cmdline") && names(os).contains(&"cpu_percent"), "{os:?}");
        }
    }
}
