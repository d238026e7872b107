//! Columns of a stretch of time, from the log and from closed hours.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![cfg(all(unix, feature = "parquet"))]

mod common;

use common::{millis, record};
use psoxide_history::{History, Values};

fn named(columns: &[(String, Values)], name: &str) -> Values {
    columns.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}")).1.clone()
}

#[test]
fn columns_hold_what_samples_hold() {
    let folder = tempfile::tempdir().unwrap();
    // Over the end of an hour, at second 3600.
    record(folder.path(), 700..740);
    let mut history = History::open(folder.path()).unwrap();
    let range = (millis(3550), millis(3650));
    let columns = history.gather_samples(None, range).unwrap();
    let Values::Instant(times) = named(&columns, "time") else { panic!() };
    // 21 samples of three processes.
    assert_eq!((times.len(), times[0], times[62]), (63, millis(3550), millis(3650)));
    let Values::Text(places, texts) = named(&columns, "name") else { panic!() };
    let name = |row: usize| texts[usize::try_from(places[row]).unwrap()].clone();
    let Values::Int(pids) = named(&columns, "pid") else { panic!() };
    let Values::Int(rss) = named(&columns, "memory_info_rss") else { panic!() };
    let Values::Micros(user) = named(&columns, "cpu_times_user") else { panic!() };
    for row in 0..63 {
        let second = (times[row] - millis(0)) / 1000;
        let work = match pids[row] {
            1 => 5,
            2 => second,
            _ => second * 3,
        };
        assert_eq!((name(row), rss[row]), (format!("p{}", pids[row]).into_bytes(), work * 4096));
        assert_eq!(user[row], work * 10_000);
    }
    assert!(matches!(named(&columns, "status"), Values::Text(..)));
    assert!(!columns.iter().any(|(name, _)| name == "missing" || name == "cmdline"));

    let names = ["cmdline", "create_time", "username"].map(str::to_owned);
    let columns = history.gather_processes(Some(&names), range).unwrap();
    let [(_, Values::Words(places, words)), (_, Values::Micros(created)), (_, Values::Text(..))] = columns.as_slice()
    else {
        panic!("{columns:?}")
    };
    // Each hour numbers its processes: twice two, and process 7 is another one every 30 seconds.
    assert_eq!((places.len(), created.len()), (8, 8));
    assert_eq!(words[usize::try_from(places[0]).unwrap()], [b"/bin/p1".to_vec(), b"--password=***".to_vec()]);

    let columns = history.gather_system(None, range).unwrap();
    let (Values::Text(places, texts), Values::Real(bits)) = (named(&columns, "name"), named(&columns, "value")) else {
        panic!()
    };
    let place = texts.iter().position(|name| name == b"uptime").unwrap();
    let row = places.iter().position(|row| usize::try_from(*row) == Ok(place)).unwrap();
    assert_eq!(f64::from_bits(bits[row].cast_unsigned()), 4550.0);

    let error = history.gather_samples(Some(&["nope".to_owned()]), range).unwrap_err();
    assert!(error.to_string().contains("there is no column \"nope\"; the columns are time, host"), "{error}");
}

#[test]
fn samples_of_a_stretch_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), 700..740);
    let mut history = History::open(folder.path()).unwrap();
    let range = (millis(3551), millis(3649));
    let mut sample = history.within(range, None).unwrap();
    let mut times = Vec::new();
    while let Some(now) = sample {
        times.push((now.time - millis(0)) / 1000);
        sample = history.within(range, Some(&now)).unwrap();
    }
    assert_eq!(times, (3555..3650).step_by(5).collect::<Vec<_>>());
    assert!(history.within((0, 1), None).unwrap().is_none());
}
