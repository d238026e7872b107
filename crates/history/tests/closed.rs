//! Closed segments: the same samples from Parquet as from the log, within the limits.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![cfg(all(unix, feature = "parquet"))]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Random, all, at, compare, flips, millis, moment, record, recorder, row, usual};
use psoxide::Reading;
use psoxide_history::{History, Limits, Options};

/// All files below a folder, with their sizes.
fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push((entry.path(), entry.metadata().unwrap().len()));
        }
    }
    found.sort();
    found
}

/// Records so many samples from the second 3000 on, over the end of the hour.
fn two_hours(folder: &Path) {
    record(folder, 600..1000);
}

#[test]
fn a_closed_hour_has_the_same_samples() {
    let folder = tempfile::tempdir().unwrap();
    two_hours(folder.path());
    let mut history = History::open(folder.path()).unwrap();
    let list = history.list().unwrap();
    // 14:00 UTC is second 0.
    assert_eq!(list.iter().map(|part| (part.samples, part.is_log)).collect::<Vec<_>>(), [(120, false), (280, true)]);
    let samples = all(folder.path()).unwrap();
    assert_eq!(samples.len(), 400);
    assert!(samples.is_sorted_by_key(|sample| sample.sequence));
    for sample in &samples {
        assert_eq!(compare(sample), "", "{}", sample.time);
    }
    let closed = history.at(millis(3300)).unwrap().unwrap();
    assert_eq!((closed.time, closed.header.host.as_str()), (millis(3300), "box"));
    let row = &closed.rows()[0];
    assert_eq!(row.cmdline.value().unwrap(), &["/bin/p1", "--password=***"]);
    assert!(matches!((&row.exe, &row.num_handles, &row.cwd), (Reading::Denied, Reading::NotAsked, Reading::NotAsked)));
    let system = closed.system();
    assert_eq!(system.load_average().unwrap().one, 0.25);
    assert_eq!(system.uptime().unwrap(), Duration::from_secs(4300));
    // Over the end of the hour, and back.
    let last = history.at(millis(3599)).unwrap().unwrap();
    let next = history.after(&last).unwrap().unwrap();
    assert_eq!((last.time, next.time), (millis(3595), millis(3600)));
    assert_eq!(history.before(&next).unwrap().unwrap(), last);
    for (path, _) in files(folder.path()) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_crash_while_closing_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), 600..720);
    let log = files(&folder.path().join("open")).pop().unwrap().0;
    let bytes = fs::read(&log).unwrap();
    let whole = all(folder.path()).unwrap();
    record(folder.path(), 720..721);
    let closed = files(folder.path());
    assert_eq!(all(folder.path()).unwrap()[..120], whole[..]);
    // The log is still there, and each of the tables may be missing, half written or whole.
    for missing in ["samples", "processes", "system", "checksums"] {
        fs::write(&log, &bytes).unwrap();
        let (path, _) = closed.iter().find(|(path, _)| path.starts_with(folder.path().join(missing))).unwrap();
        fs::rename(path, path.with_extension("parquet.tmp")).unwrap();
        assert_eq!(all(folder.path()).unwrap().len(), 121);
        let before = recorder(folder.path(), &Options::default()).unwrap();
        drop(before);
        let names = |files: Vec<(PathBuf, u64)>| files.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        assert_eq!(names(files(folder.path())), names(closed.clone()));
        assert_eq!(all(folder.path()).unwrap()[..120], whole[..]);
    }
}

#[test]
fn a_damaged_table_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    two_hours(folder.path());
    for table in ["samples", "processes", "system"] {
        let (path, length) = files(&folder.path().join(table)).pop().unwrap();
        let whole = fs::read(&path).unwrap();
        for place in [0, 5, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x10;
            fs::write(&path, &bytes).unwrap();
            let read = all(folder.path()).unwrap();
            assert_eq!(read.len(), 280, "{table} {place} of {length}");
            let damage = &History::open(folder.path()).unwrap().verify().unwrap()[0].damage;
            assert_eq!(damage, &[format!("{table}: the checksum is wrong")]);
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(all(folder.path()).unwrap().len(), 400);
}

#[test]
fn a_flipped_bit_of_a_closed_hour_shows_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), 700..721);
    let closed: Vec<PathBuf> = files(folder.path())
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
        .collect();
    assert_eq!(closed.len(), 4);
    let whole: Vec<Vec<u8>> = closed.iter().map(|path| fs::read(path).unwrap()).collect();
    let bits = whole.iter().map(Vec::len).sum::<usize>() * 8;
    let mut random = Random::new();
    for flip in 0..flips() {
        let bit = random.below(bits);
        let (mut file, mut byte) = (0, bit / 8);
        while byte >= whole[file].len() {
            byte -= whole[file].len();
            file += 1;
        }
        let mut bytes = whole[file].clone();
        bytes[byte] ^= 1 << (bit % 8);
        fs::write(&closed[file], &bytes).unwrap();
        let read = all(folder.path()).unwrap_or_else(|error| panic!("{flip}: bit {bit}: {error}"));
        // The log of the next hour has one sample.
        assert_eq!(read.len(), 1, "{flip}: bit {bit}");
        assert_eq!(compare(&read[0]), "", "{flip}: bit {bit}");
        let damage = &History::open(folder.path()).unwrap().verify().unwrap()[0].damage;
        assert_eq!(damage.len(), 1, "{flip}: bit {bit}");
        fs::write(&closed[file], &whole[file]).unwrap();
    }
    assert_eq!(all(folder.path()).unwrap().len(), 21);
}

#[test]
fn the_limits_hold_at_any_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::default();
    options.limits = Limits { size: 1 << 20, age: Duration::from_secs(40 * 60) };
    let mut recorder = recorder(folder.path(), &options).unwrap();
    let mut noise = 1_u64;
    let mut most = 0;
    for sample in (0..1500_u64).step_by(12) {
        let rows = (1..400).map(|pid| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            row(pid, 1, noise >> 40)
        });
        recorder.append(at(sample * 5), &moment(sample * 5, rows.collect())).unwrap();
        assert_eq!(recorder.notes(), [""; 0]);
        let size: u64 = files(folder.path()).iter().map(|(_, size)| size).sum();
        assert!(size <= 1 << 20, "{sample}: {size}");
        most = most.max(size);
        if sample % 60 == 0 {
            let samples = History::open(folder.path()).unwrap().list().unwrap();
            assert!(samples[0].first >= millis(sample * 5) - 40 * 60 * 1000 - 1000, "{sample}");
        }
    }
    assert!(most > 1 << 18, "{most}");
    let kept = all(folder.path()).unwrap();
    assert!(kept.len() > 8, "{}", kept.len());
    let _ = usual(0);
}
