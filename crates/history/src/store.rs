//! The folder of a history: its files, their names, and the lock of the one that writes.
//!
//! ```text
//! lock
//! open/00000007-20261128T140000Z.log
//! samples/00000006-20261128T130000Z-20261128T135955Z.parquet
//! processes/…   system/…   checksums/…
//! ```
//! The number of a segment only grows. Its times are the clock's at its first and last sample.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// The folders of the tables.
pub(crate) const TABLES: [&str; 3] = ["samples", "processes", "system"];

/// The folder of the checksums of tables, which no other tool reads.
pub(crate) const CHECKSUMS: &str = "checksums";

/// The folder of logs.
pub(crate) const OPEN: &str = "open";

/// Numbers of samples in a segment: its number times this, and the place in the segment.
pub(crate) const SEQUENCES: u64 = 1 << 20;

/// Numbers of processes in a segment.
pub(crate) const IDS: u64 = 1 << 32;

/// A stretch of a history without a gap in its clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    /// Milliseconds since 1970, rounded down to a second.
    pub(crate) start: i64,
    /// Rounded up to a second; `None` of a log.
    pub(crate) end: Option<i64>,
    pub(crate) files: Files,
    /// Bytes on the disk.
    pub(crate) size: u64,
}

/// What holds the samples of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Files {
    Log(PathBuf),
    /// The files of the tables, in the order of [`TABLES`].
    #[cfg_attr(not(feature = "parquet"), allow(dead_code))]
    Parquet([PathBuf; 3]),
}

/// The folder of a history.
#[derive(Debug, Clone)]
pub(crate) struct Store(pub(crate) PathBuf);

fn stamp(millis: i64) -> String {
    Timestamp::from_millisecond(millis).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn of_stamp(stamp: &str) -> Option<i64> {
    let digits =
        |range: std::ops::Range<usize>| stamp.get(range).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    if stamp.len() != 16 || stamp.get(8..9) != Some("T") || stamp.get(15..) != Some("Z") {
        return None;
    }
    let part = |range| digits(range)?.parse::<i8>().ok();
    let year = digits(0..4)?.parse().ok()?;
    let date = jiff::civil::Date::new(year, part(4..6)?, part(6..8)?).ok()?;
    let time = jiff::civil::Time::new(part(9..11)?, part(11..13)?, part(13..15)?, 0).ok()?;
    let zoned = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// The name of a log.
pub(crate) fn log_name(number: u64, start: i64) -> String {
    format!("{number:08}-{}.log", stamp(start))
}

/// The name of the Parquet files of a segment.
#[cfg(feature = "parquet")]
pub(crate) fn parquet_name(number: u64, start: i64, end: i64) -> String {
    let up = end.saturating_add(999);
    format!("{number:08}-{}-{}.parquet", stamp(start), stamp(up))
}

/// Takes a name apart: number, start and end.
fn parts(name: &str) -> Option<(u64, i64, Option<i64>)> {
    let (stem, is_log) = match name.strip_suffix(".log") {
        Some(stem) => (stem, true),
        None => (name.strip_suffix(".parquet")?, false),
    };
    let mut parts = stem.split('-');
    let (number, start) = (parts.next()?.parse().ok()?, of_stamp(parts.next()?)?);
    let end = parts.next().map(of_stamp);
    match (is_log, end, parts.next()) {
        (true, None, None) => Some((number, start, None)),
        (false, Some(Some(end)), None) => Some((number, start, Some(end))),
        _ => None,
    }
}

impl Store {
    /// The files of a folder whose names are of this history. A folder that does not exist has none.
    fn list(&self, folder: &str) -> io::Result<Vec<(String, PathBuf, u64)>> {
        let entries = match fs::read_dir(self.0.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // The recorder may have removed it since it was listed.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                files.push((name, entry.path(), metadata.len()));
            }
        }
        Ok(files)
    }

    /// The segments in the order in which they were recorded. A segment that has a log is read from it.
    pub(crate) fn segments(&self) -> io::Result<Vec<Segment>> {
        let mut segments = BTreeMap::new();
        let mut tables: BTreeMap<String, (Vec<PathBuf>, u64)> = BTreeMap::new();
        for table in TABLES {
            for (name, path, size) in self.list(table)? {
                let (paths, sum) = tables.entry(name).or_default();
                paths.push(path);
                *sum += size;
            }
        }
        for (name, _, size) in self.list(CHECKSUMS)? {
            if let Some((_, sum)) = tables.get_mut(&name) {
                *sum += size;
            }
        }
        for (name, (paths, size)) in tables {
            if let (Some((number, start, end)), Ok(paths)) = (parts(&name), <[PathBuf; 3]>::try_from(paths)) {
                segments.insert(number, Segment { number, start, end, files: Files::Parquet(paths), size });
            }
        }
        for (name, path, size) in self.list(OPEN)? {
            if let Some((number, start, None)) = parts(&name) {
                segments.insert(number, Segment { number, start, end: None, files: Files::Log(path), size });
            }
        }
        Ok(segments.into_values().collect())
    }

    /// Makes the folders, for their owner alone.
    pub(crate) fn create(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)?;
        for folder in TABLES.iter().chain(&[CHECKSUMS, OPEN]) {
            builder.create(self.0.join(folder))?;
        }
        Ok(())
    }

    /// Takes the lock of the one that writes. It is free when the file is closed, however the program ends.
    #[cfg(unix)]
    pub(crate) fn lock(&self) -> io::Result<File> {
        use rustix::fs::{FlockOperation, flock};
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.0.join("lock"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, "another recorder writes this history"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what a crash may have left: half written files, and tables of a segment that lacks others.
    #[cfg(unix)]
    pub(crate) fn clean(&self) -> io::Result<()> {
        let segments = self.segments()?;
        let whole = |name: &str| {
            let number = parts(name).map(|(number, ..)| number);
            segments.iter().any(|segment| Some(segment.number) == number && matches!(segment.files, Files::Parquet(_)))
        };
        for table in TABLES.iter().chain(&[CHECKSUMS]) {
            for (name, path, _) in self.list(table)? {
                if !whole(&name) {
                    fs::remove_file(path)?;
                }
            }
        }
        Ok(())
    }
}

impl Segment {
    /// Removes the files of the segment.
    #[cfg(unix)]
    pub(crate) fn remove(&self) -> io::Result<()> {
        let paths = match &self.files {
            Files::Log(path) => std::slice::from_ref(path),
            Files::Parquet(paths) => paths,
        };
        let checksums = match &self.files {
            Files::Log(_) => None,
            Files::Parquet([samples, ..]) => samples.parent().and_then(Path::parent).zip(samples.file_name()),
        };
        let checksums = checksums.map(|(folder, name)| folder.join(CHECKSUMS).join(name));
        for path in checksums.iter().chain(paths) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Writes to the disk that a folder has a file, or no longer has it.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_segment_and_when() {
        let start = 1_795_874_400_123;
        assert_eq!(log_name(7, start), "00000007-20261128T140000Z.log");
        assert_eq!(parts(&log_name(7, start)), Some((7, 1_795_874_400_000, None)));
        for wrong in [
            "7.log",
            "00000007-20261128T140000.log",
            "00000007-20261328T140000Z.log",
            "x-20261128T140000Z.log",
            "00000007-20261128T140000Z.parquet",
            "00000007-20261128T140000Z-20261128T140000Z.log",
            ".parquet",
            "lock",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
