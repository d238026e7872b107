use std::borrow::Cow;
use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use psoxide::{Reading, Unit, Value};

use super::*;
use crate::output::column::Shape;

const fn meta(name: &'static str, title: &'static str, unit: Unit, shape: Shape) -> Meta {
    Meta { name, title, unit, doc: "", shape, os: psoxide::OsSet::ALL }
}

const COLUMNS: &[Meta] = &[
    meta("name", "NAME", Unit::Text, Shape::Text),
    meta("rss", "RSS", Unit::Bytes, Shape::Integer),
    meta("cpu_percent", "%CPU", Unit::Percent, Shape::Number),
    meta("cpu_time", "TIME", Unit::Seconds, Shape::Number),
    meta("isup", "UP", Unit::Plain, Shape::Bool),
    meta("terminal", "TTY", Unit::Text, Shape::Text),
    meta("started", "STARTED", Unit::Time, Shape::Time),
    meta("exe", "EXE", Unit::Text, Shape::Text),
    meta("status", "STATUS", Unit::Text, Shape::Text),
];

fn row(column: usize) -> Cell<'static> {
    Reading::Value(match column {
        0 => Value::Text(Cow::Borrowed(OsStr::new("python3 (x)"))),
        1 => Value::Unsigned(200 << 20),
        2 => Value::Float(12.5),
        3 => Value::Duration(Duration::from_secs(90)),
        4 => Value::Bool(true),
        5 => Value::None,
        6 => Value::Time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
        8 => Value::Text(Cow::Borrowed(OsStr::new("running"))),
        _ => return Reading::Denied,
    })
}

fn passes(filter: &str) -> bool {
    Filter::parse(filter, COLUMNS).unwrap().passes(&row)
}

#[track_caller]
fn wrong(filter: &str, column: usize, part: &str) {
    let mistake = Filter::parse(filter, COLUMNS).unwrap_err();
    assert_eq!(mistake.column, column, "{filter}: {mistake}");
    assert!(mistake.message.contains(part), "{filter}: {mistake}");
}

#[test]
fn tests_and_what_joins_them() {
    for yes in [
        "name ~ ^py && rss > 100M",
        "name~^py&&rss>100M",
        "name ~ (perl|python)",
        r"name ~ \(x\)$",
        "rss == 200M",
        "rss >= 0.195G and rss<=209715200",
        "cpu > 10% || rss > 1T",
        "CPU >= 12.5",
        "time < 2m && cpu_time > 1.4m",
        "isup = yes",
        "isup == true && !(rss < 1K)",
        "not rss < 1K",
        "name != perl",
        "name == 'python3 (x)'",
        "name == \"python3 (x)\"",
        "name !~ ruby",
        "started > 2023-11-01 && started < 2023-11-14T22:13:21Z",
        "rss < 1K || rss > 1M && name ~ py",
        // Sizes and times as people write them; text without regard to case.
        "rss < 1.5GiB",
        "rss > 100 MiB && rss < 1 GiB",
        "name == 'PYTHON3 (x)'",
        "status == RUNNING",
        // As other programs call the column and the state.
        "state == R",
        "STAT in (s, r)",
        "state != z",
        "status in (sleeping, running)",
        "status in(Running)",
        "status not in (sleeping,zombie)",
        "rss in (100M, 200M)",
        "started < 10m ago && started < 2 days ago",
        "started < 21:00 and started < 10:15:30 AND started < today",
        "time < 2 minutes",
    ] {
        assert!(passes(yes), "{yes}");
    }
    for no in [
        "name ~ ^ruby",
        "status in (sleeping)",
        "status not in (running)",
        "started > 10m ago",
        "started > yesterday",
        "rss > 1G",
        "!(name ~ ^py)",
        "isup = no",
        "rss < 1K && rss > 1M || name ~ x1",
        "time > 1h",
    ] {
        assert!(!passes(no), "{no}");
    }
}

#[test]
fn what_is_not_there_fails_all_tests_but_one() {
    for missing in ["terminal", "exe"] {
        assert!(passes(&format!("{missing} == null")));
        for test in ["!= null", "in (x)", "not in (x)", "== x", "!= x", "~ .", "!~ .", "< x"] {
            assert!(!passes(&format!("{missing} {test}")), "{missing} {test}");
        }
    }
    assert!(passes("rss != null"));
    assert!(!passes("rss == null"));
    assert!(passes("name != 'null'"));
}

#[test]
fn mistakes_say_where_and_what_to_write() {
    wrong("", 1, "expected a column");
    wrong("   ", 4, "expected a column");
    wrong("rs > 1", 1, "unknown column \"rs\" (did you mean \"rss\"?); the columns are name, rss");
    wrong("rss", 4, "one of ~ !~ ==");
    wrong("rss 5", 5, "one of ~");
    wrong("rss >", 6, "a value");
    wrong("rss > 100X", 7, "\"100X\" is not a size");
    wrong("rss > inf", 7, "not a size");
    wrong("name ~ ^py && rss > lots", 21, "\"lots\" is not a size");
    wrong("time > 3 parsecs", 10, "join tests");
    wrong("time > soon", 8, "not a duration");
    wrong("started > monday", 11, "not a time");
    wrong("isup = maybe", 8, "not yes or no");
    wrong("(rss > 1", 1, "unmatched");
    wrong("rss > 1)", 8, "unmatched )");
    wrong("name == 'x", 9, "unmatched");
    wrong("name ~ [", 8, "");
    wrong("rss > 1 && ", 12, "expected a column");
    wrong("rss > 1 & cpu > 2", 9, "(and is &&");
    wrong("rss > null", 7, "== and !=");
    wrong("status in running", 11, "expected (");
    wrong("status in (", 12, "expected a value");
    wrong("status in (a b)", 14, "expected , or )");
    wrong("rss in (1K, lots)", 13, "not a size");
    wrong("ñame ~ x && rsß > 1", 1, "ñame");
    wrong("name ~ ñ && rsß > 1", 13, "rsß");
}

#[test]
fn the_columns_of_a_filter() {
    let filter = Filter::parse("name ~ x || !(rss > 1 && cpu > 2)", COLUMNS).unwrap();
    assert_eq!(filter.columns(), [0, 1, 2]);
}
