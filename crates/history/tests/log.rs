//! The log: what is recorded comes back, and what is torn or damaged is never shown as something else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, missing_docs)]
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Random, all, at, compare, flips, millis, moment, record, recorder, row, usual};
use psoxide::{Reading, System};
use psoxide_history::{History, Options, Recorder};

fn log(folder: &Path) -> PathBuf {
    let mut logs: Vec<PathBuf> =
        fs::read_dir(folder.join("open")).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.sort();
    logs.pop().unwrap()
}

#[test]
fn samples_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), 0..130);
    let samples = all(folder.path()).unwrap();
    assert_eq!(samples.len(), 130);
    for sample in &samples {
        assert_eq!(compare(sample), "", "{}", sample.time);
    }
    // Secrets are not recorded.
    let row = &samples[0].rows()[0];
    assert_eq!(row.cmdline.value().unwrap()[1], "--password=***");
    assert!(matches!(row.exe, Reading::Denied));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&log(folder.path())), mode(&folder.path().join("open"))), (0o600, 0o700));
}

#[test]
fn an_instant_is_the_sample_at_or_before_it() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), 2..130);
    let mut history = History::open(folder.path()).unwrap();
    assert!(history.at(millis(9)).unwrap().is_none());
    for (asked, found) in [(10, 10), (14, 10), (15, 15), (304, 300), (9999, 645)] {
        assert_eq!(history.at(millis(asked)).unwrap().unwrap().time, millis(found));
    }
    let sample = history.at(millis(310)).unwrap().unwrap();
    assert_eq!(history.before(&sample).unwrap().unwrap().time, millis(305));
    assert_eq!(history.after(&sample).unwrap().unwrap().time, millis(315));
    let first = history.at(millis(10)).unwrap().unwrap();
    assert!(history.before(&first).unwrap().is_none());
    let last = history.at(millis(645)).unwrap().unwrap();
    assert!(history.after(&last).unwrap().is_none());
}

#[test]
fn this_machine_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let host = System::host();
    let mut recorder = Recorder::open(&host, folder.path(), &Options::default()).unwrap();
    recorder.record().unwrap();
    recorder.record().unwrap();
    let samples = all(folder.path()).unwrap();
    let system = samples[1].system();
    let me = system.process(std::process::id()).unwrap();
    let live = host.current_process().unwrap();
    assert_eq!((me.name().unwrap(), me.start()), (live.name().unwrap(), live.start()));
    assert_eq!(me.ppid().unwrap(), live.ppid().unwrap());
    assert_eq!(system.virtual_memory().unwrap().total, host.virtual_memory().unwrap().total);
    assert_eq!(system.boot_time().unwrap(), host.boot_time().unwrap());
    assert!(me.cwd().is_ok());
    assert_eq!(me.environ().unwrap_err().kind(), psoxide::ErrorKind::Unsupported);
    assert_eq!(me.memory_footprint().unwrap_err().kind(), psoxide::ErrorKind::NotCaptured);
}

#[test]
fn there_is_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let _first = recorder(folder.path(), &Options::default()).unwrap();
    let error = recorder(folder.path(), &Options::default()).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn recording_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    for part in 0..10 {
        record(folder.path(), part * 7..(part + 1) * 7);
    }
    let samples = all(folder.path()).unwrap();
    assert_eq!(samples.len(), 70);
    assert!(samples.is_sorted_by(|a, b| a.sequence + 1 == b.sequence && a.time < b.time));
    samples.iter().for_each(|sample| assert_eq!(compare(sample), ""));
    // A process has the same id throughout.
    let ids: Vec<u64> = samples.iter().map(|sample| sample.processes[0].id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[test]
fn a_torn_log_loses_the_torn_sample_alone() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), 0..6);
    let path = log(folder.path());
    let whole = fs::read(&path).unwrap();
    // Where the samples end.
    let ends: Vec<usize> = (0..=6)
        .map(|samples| {
            let folder = tempfile::tempdir().unwrap();
            if samples > 0 {
                record(folder.path(), 0..samples);
                fs::read(log(folder.path())).unwrap().len()
            } else {
                0
            }
        })
        .collect();
    assert_eq!(ends[6], whole.len());
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let kept = ends.iter().rposition(|sample| *sample <= end).unwrap();
        let read = all(folder.path()).unwrap();
        assert_eq!(read.len(), kept, "{end}");
        read.iter().for_each(|sample| assert_eq!(compare(sample), "", "{end}"));
        if end % 97 == 0 {
            // A recorder goes on behind what is whole.
            record(folder.path(), 6..8);
            let read = all(folder.path()).unwrap();
            assert_eq!(read.len(), kept + 2, "{end}");
            read.iter().for_each(|sample| assert_eq!(compare(sample), "", "{end}"));
            for other in fs::read_dir(folder.path().join("open")).unwrap() {
                fs::remove_file(other.unwrap().path()).unwrap();
            }
        }
    }
}

#[test]
fn a_damaged_log_shows_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), 0..70);
    let path = log(folder.path());
    let whole = fs::read(&path).unwrap();
    let mut random = Random::new();
    for flip in 0..flips() {
        let mut bytes = whole.clone();
        let bit = random.below(whole.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        let read = all(folder.path()).unwrap_or_else(|error| panic!("{flip}: bit {bit}: {error}"));
        // What follows a damaged difference is lost up to the next key.
        assert!(read.len() < 71 && read.len() >= 10, "{flip}: bit {bit}: {}", read.len());
        for sample in &read {
            assert_eq!(compare(sample), "", "{flip}: bit {bit}");
        }
        if read.len() < 70 {
            let summary = &History::open(folder.path()).unwrap().verify().unwrap()[0];
            assert!(!summary.damage.is_empty() || bit / 8 > whole.len() - 200, "{flip}: bit {bit}: {summary:?}");
        }
    }
}

#[test]
fn a_clock_that_is_set_is_marked_and_samples_stay_ordered() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = recorder(folder.path(), &Options::default()).unwrap();
    // Set back by an hour after the third sample, and forward by a minute after the fifth.
    let clock = [1000, 1005, 1010, 1010 + 5 - 3600, 1020 - 3600, 1085 - 3600, 1090 - 3600];
    for (sample, second) in clock.into_iter().enumerate() {
        let uptime = 1000 + 5 * u64::try_from(sample).unwrap();
        let taken = at(10_000) + Duration::from_secs(u64::try_from(second + 3600).unwrap());
        recorder.append(taken, &moment(uptime, vec![row(1, 0, uptime)])).unwrap();
    }
    let samples = all(folder.path()).unwrap();
    let jumps: Vec<i64> = samples.iter().map(|sample| sample.jump / 1000).collect();
    assert_eq!(jumps, [0, 0, 0, -3600, 0, 60, 0]);
    assert!(samples.is_sorted_by_key(|sample| sample.sequence));
    let uptimes: Vec<_> = samples.iter().map(|sample| sample.system().uptime().unwrap()).collect();
    assert!(uptimes.is_sorted());
    // Before the clock was set back it was later: an instant is found by what the clock said.
    let mut history = History::open(folder.path()).unwrap();
    let asked = millis(10_000 + 1010 + 3600 + 2);
    assert_eq!(history.at(asked).unwrap().unwrap().system().uptime().unwrap(), uptimes[2]);
    let asked = millis(10_000 + 1020 + 2);
    assert_eq!(history.at(asked).unwrap().unwrap().system().uptime().unwrap(), uptimes[4]);
}

#[test]
fn samples_of_one_millisecond_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = recorder(folder.path(), &Options::default()).unwrap();
    for _ in 0..3 {
        recorder.append(at(1000), &usual(1000)).unwrap();
    }
    let times: Vec<i64> = all(folder.path()).unwrap().iter().map(|sample| sample.time - millis(1000)).collect();
    assert_eq!(times, [0, 1, 2]);
    assert_eq!(History::open(folder.path()).unwrap().list().unwrap().len(), 1);
}

#[test]
fn a_recorder_that_starts_an_hour_later_begins_a_new_segment() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), 0..3);
    record(folder.path(), 1000..1002);
    let mut history = History::open(folder.path()).unwrap();
    let list = history.list().unwrap();
    assert_eq!(list.iter().map(|segment| segment.samples).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(list[0].host, "box");
    let first = history.at(millis(4000)).unwrap().unwrap();
    assert_eq!(first.time, millis(10));
    assert_eq!(history.after(&first).unwrap().unwrap().time, millis(5000));
    assert_eq!(compare(&history.at(millis(5006)).unwrap().unwrap()), "");
    let _ = usual(0);
}
