//! Reading a history: the sample of an instant, and those around it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chunk::Chunk;
use crate::log::{KEY_EVERY, Log};
use crate::sample::{Header, Sample};
use crate::store::{Files, SEQUENCES, Segment, Store};

/// A recorded history.
#[derive(Debug)]
pub struct History {
    store: Store,
    segments: Vec<Segment>,
    /// The segment that was read last.
    open: Option<Open>,
    /// The chunk that was read last.
    chunk: Option<Known>,
}

#[derive(Debug)]
struct Open {
    number: u64,
    size: u64,
    source: Source,
}

/// A segment whose samples can be read.
#[derive(Debug)]
enum Source {
    Log(Log),
    #[cfg(feature = "parquet")]
    Parquet(crate::parquet::Closed),
}

/// A chunk of a segment.
#[derive(Debug)]
struct Known {
    number: u64,
    place: usize,
    chunk: Chunk,
}

/// A segment of a history, as `psoxide history list` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The number.
    pub number: u64,
    /// Milliseconds since 1970 of the first sample.
    pub first: i64,
    /// Milliseconds since 1970 of the last sample.
    pub last: i64,
    /// The number of samples.
    pub samples: u64,
    /// The bytes of the files.
    pub size: u64,
    /// Whether it is a log, not yet Parquet files.
    pub is_log: bool,
    /// The name of the machine.
    pub host: String,
    /// By how many milliseconds the clock was set before the first sample.
    pub jump: i64,
    /// What is damaged; empty if nothing is.
    pub damage: Vec<String>,
}

impl Source {
    fn open(segment: &Segment) -> io::Result<Self> {
        match &segment.files {
            Files::Log(path) => Log::open(path).map(Self::Log),
            #[cfg(feature = "parquet")]
            Files::Parquet(paths) => crate::parquet::Closed::open(segment.number, paths).map(Self::Parquet),
            #[cfg(not(feature = "parquet"))]
            Files::Parquet(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "this psoxide is built without Parquet"))
            }
        }
    }

    /// The first time of each chunk.
    fn chunks(&self) -> Vec<i64> {
        match self {
            Self::Log(log) => keys(log).map(|(_, time)| time).collect(),
            #[cfg(feature = "parquet")]
            Self::Parquet(closed) => closed.starts(),
        }
    }

    fn header(&self) -> &Arc<Header> {
        match self {
            Self::Log(log) => &log.header,
            #[cfg(feature = "parquet")]
            Self::Parquet(closed) => closed.header(),
        }
    }

    fn chunk(&self, place: usize) -> io::Result<Chunk> {
        match self {
            Self::Log(log) => {
                let mut keys = keys(log).skip(place).map(|(entry, _)| entry);
                let Some(from) = keys.next() else { return Ok(Chunk::of_samples(Vec::new())) };
                let until = keys.next().unwrap_or(log.entries.len());
                log.play(from).take(until - from).collect::<io::Result<_>>().map(Chunk::of_samples)
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(closed) => closed.chunk(place).map(Chunk::of_columns),
        }
    }
}

/// The entries that are keys, with their times.
fn keys(log: &Log) -> impl Iterator<Item = (usize, i64)> + '_ {
    log.entries.iter().enumerate().filter(|(_, entry)| entry.is_key).map(|(place, entry)| (place, entry.time))
}

impl History {
    /// Opens the history in a folder.
    ///
    /// # Errors
    /// The folder cannot be read, or holds no history.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        let store = Store(folder.as_ref().to_path_buf());
        std::fs::read_dir(&store.0)?;
        let segments = store.segments()?;
        if segments.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no history is recorded here"));
        }
        Ok(Self { store, segments, open: None, chunk: None })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &PathBuf {
        &self.store.0
    }

    /// Sees what the recorder has written meanwhile.
    pub fn refresh(&mut self) -> io::Result<()> {
        self.segments = self.store.segments()?;
        Ok(())
    }

    /// Opens a segment, unless it is open. One that has become Parquet files meanwhile is looked for once more.
    fn source(&mut self, number: u64) -> io::Result<&Source> {
        let mut is_fresh = false;
        loop {
            let segment = self.segments.iter().find(|segment| segment.number == number);
            let segment = segment.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the segment was removed"))?;
            let known = self.open.as_ref().is_some_and(|open| (open.number, open.size) == (number, segment.size));
            if known {
                break;
            }
            match Source::open(segment) {
                Ok(source) => {
                    self.open = Some(Open { number, size: segment.size, source });
                    self.chunk = self.chunk.take().filter(|known| known.number != number);
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && !is_fresh => {
                    is_fresh = true;
                    self.refresh()?;
                }
                Err(error) => return Err(error),
            }
        }
        self.open.as_ref().map(|open| &open.source).ok_or_else(|| io::Error::other("no segment is open"))
    }

    /// The first time of each chunk of a segment. There are none if it was removed meanwhile, or if nothing of it can be
    /// read, which [`verify`](Self::verify) reports.
    fn starts(&mut self, number: u64) -> io::Result<Vec<i64>> {
        match self.source(number) {
            Ok(source) => Ok(source.chunks()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a chunk.
    fn chunk(&mut self, number: u64, place: usize) -> io::Result<&Chunk> {
        let is_known = self.chunk.as_ref().is_some_and(|known| (known.number, known.place) == (number, place));
        if !is_known {
            let chunk = self.source(number)?.chunk(place)?;
            self.chunk = Some(Known { number, place, chunk });
        }
        self.chunk.as_ref().map(|known| &known.chunk).ok_or_else(|| io::Error::other("no chunk is known"))
    }

    /// Returns the sample at an instant: the last one that was taken at or before `time`, in milliseconds since 1970.
    ///
    /// Where the clock was set back and an instant was there twice, the later one counts.
    pub fn at(&mut self, time: i64) -> io::Result<Option<Sample>> {
        let mut best: Option<Sample> = None;
        let numbers: Vec<(u64, i64, Option<i64>)> =
            self.segments.iter().rev().map(|segment| (segment.number, segment.start, segment.end)).collect();
        for (number, start, end) in numbers {
            let is_worse = |end: i64| best.as_ref().is_some_and(|best| end <= best.time);
            // A log does not say when it ends: no later than the next begins, unless the clock was set.
            if start > time || end.is_some_and(is_worse) || (end.is_none() && is_worse(start)) {
                continue;
            }
            let starts = self.starts(number)?;
            let Some(place) = starts.partition_point(|start| *start <= time).checked_sub(1) else { continue };
            let after = best.as_ref().map_or(i64::MIN, |best| best.time);
            let found = self.chunk(number, place)?.last(|head| head.time <= time && head.time > after)?;
            if let Some(found) = found {
                let is_near =
                    time - found.time <= 2 * i64::try_from(found.header.interval.as_millis()).unwrap_or(i64::MAX);
                best = Some(found);
                if is_near {
                    break;
                }
            }
        }
        Ok(best)
    }

    /// Returns the sample before another one.
    pub fn before(&mut self, sample: &Sample) -> io::Result<Option<Sample>> {
        let of = sample.sequence / SEQUENCES;
        let numbers: Vec<u64> = self.segments.iter().rev().map(|segment| segment.number).collect();
        for number in numbers.into_iter().filter(|number| *number <= of) {
            let starts = self.starts(number)?;
            // Within a segment times only grow.
            let end = if number == of { starts.partition_point(|start| *start < sample.time) } else { starts.len() };
            for place in (0..end).rev() {
                let found = self.chunk(number, place)?.last(|head| head.sequence < sample.sequence)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// Returns the sample after another one. At the end of what is known it sees what was recorded meanwhile.
    pub fn after(&mut self, sample: &Sample) -> io::Result<Option<Sample>> {
        if let Some(found) = self.known_after(sample)? {
            return Ok(Some(found));
        }
        self.refresh()?;
        self.known_after(sample)
    }

    fn known_after(&mut self, sample: &Sample) -> io::Result<Option<Sample>> {
        let of = sample.sequence / SEQUENCES;
        let numbers: Vec<u64> = self.segments.iter().map(|segment| segment.number).collect();
        for number in numbers.into_iter().filter(|number| *number >= of) {
            let starts = self.starts(number)?;
            let begin =
                if number == of { starts.partition_point(|start| *start <= sample.time).saturating_sub(1) } else { 0 };
            for place in begin..starts.len() {
                let found = self.chunk(number, place)?.first(|head| head.sequence > sample.sequence)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// Returns the first sample of a stretch of time, or the next one after a sample of it. Both ends are milliseconds since
    /// 1970.
    pub fn within(&mut self, (from, until): (i64, i64), last: Option<&Sample>) -> io::Result<Option<Sample>> {
        let Some(last) = last else {
            let mut found = None;
            self.for_each(from, until, |sample| {
                found = Some(sample.clone());
                Ok(false)
            })?;
            return Ok(found);
        };
        let mut next = self.after(last)?;
        while let Some(sample) = next.take_if(|sample| !(from..=until).contains(&sample.time)) {
            // Where the clock was set back, a later segment begins earlier.
            let number = sample.sequence / SEQUENCES;
            if !self.segments.iter().any(|segment| segment.number > number && segment.start <= until) {
                return Ok(None);
            }
            next = self.after(&sample)?;
        }
        Ok(next)
    }

    /// Calls `each` with every sample of a stretch of time, in the order in which they were recorded, until it returns
    /// `false`. Both ends are milliseconds since 1970.
    pub fn for_each(
        &mut self,
        from: i64,
        until: i64,
        mut each: impl FnMut(&Sample) -> io::Result<bool>,
    ) -> io::Result<()> {
        let segments: Vec<(u64, i64, Option<i64>)> =
            self.segments.iter().map(|segment| (segment.number, segment.start, segment.end)).collect();
        for (number, start, end) in segments {
            if start > until || end.is_some_and(|end| end < from) {
                continue;
            }
            let starts = self.starts(number)?;
            for (place, start) in starts.iter().enumerate() {
                let is_before = starts.get(place + 1).is_some_and(|next| *next <= from);
                if *start > until || is_before {
                    continue;
                }
                let chunk = self.chunk(number, place)?;
                for (place, head) in chunk.heads.iter().enumerate() {
                    if (from..=until).contains(&head.time) && !each(&*chunk.sample(place)?)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Removes the oldest closed segments until the rest keeps to the limits now. Returns how many were removed. The log
    /// stays: a recorder may be writing it.
    #[cfg(unix)]
    pub fn prune(&mut self, limits: crate::Limits, now: std::time::SystemTime) -> io::Result<usize> {
        self.refresh()?;
        let oldest = crate::to_millis(now).saturating_sub(limits.age_millis());
        let mut size: u64 = self.segments.iter().map(|segment| segment.size).sum();
        let mut removed = 0;
        for segment in self.segments.iter().filter(|segment| segment.end.is_some()) {
            if segment.start >= oldest && size <= limits.size {
                break;
            }
            segment.remove()?;
            size = size.saturating_sub(segment.size);
            removed += 1;
        }
        self.refresh()?;
        Ok(removed)
    }

    /// Reads every sample, and says what there is and what is damaged.
    pub fn verify(&mut self) -> io::Result<Vec<Summary>> {
        self.summaries(true)
    }

    /// Says what there is, without reading every sample.
    pub fn list(&mut self) -> io::Result<Vec<Summary>> {
        self.summaries(false)
    }

    fn summaries(&mut self, reads_all: bool) -> io::Result<Vec<Summary>> {
        let segments = self.segments.clone();
        let mut summaries = Vec::with_capacity(segments.len());
        for segment in &segments {
            summaries.push(self.summary(segment, reads_all)?);
        }
        Ok(summaries)
    }

    fn summary(&mut self, segment: &Segment, reads_all: bool) -> io::Result<Summary> {
        let mut summary = Summary {
            number: segment.number,
            first: segment.start,
            last: segment.end.unwrap_or(segment.start),
            samples: 0,
            size: segment.size,
            is_log: matches!(segment.files, Files::Log(_)),
            host: String::new(),
            jump: 0,
            damage: Vec::new(),
        };
        match self.source(segment.number) {
            Ok(source) => {
                summary.host.clone_from(&source.header().host);
                let (samples, last) = source.extent();
                summary.samples = samples;
                summary.last = last.unwrap_or(summary.last);
                summary.damage = source.damage();
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                summary.damage.push(error.to_string());
                return Ok(summary);
            }
            Err(error) => return Err(error),
        }
        let chunks = self.source(segment.number)?.chunks().len();
        let wanted = if reads_all { chunks } else { chunks.min(1) };
        for place in 0..wanted {
            let read = self.chunk(segment.number, place).and_then(|chunk| {
                let wanted = if reads_all { chunk.heads.len() } else { 0 };
                (0..wanted).try_for_each(|sample| chunk.sample(sample).map(drop))?;
                Ok(chunk.heads.first().copied())
            });
            match read {
                Ok(first) => {
                    if let (0, Some(first)) = (place, first) {
                        (summary.first, summary.jump) = (first.time, first.jump);
                    }
                }
                Err(error) => summary.damage.push(format!("part {place}: {error}")),
            }
        }
        Ok(summary)
    }
}

impl Source {
    /// The number of samples, and the time of the last one.
    fn extent(&self) -> (u64, Option<i64>) {
        match self {
            Self::Log(log) => {
                (u64::try_from(log.entries.len()).unwrap_or(u64::MAX), log.entries.last().map(|entry| entry.time))
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(closed) => closed.extent(),
        }
    }

    /// What of the files belongs to no sample.
    fn damage(&self) -> Vec<String> {
        match self {
            Self::Log(log) => {
                let mut damage = Vec::new();
                if log.damaged > 0 {
                    damage.push(format!("{} bytes belong to no frame", log.damaged));
                }
                if log.orphans > 0 {
                    let most = KEY_EVERY - 1;
                    damage.push(format!("{} samples follow a damaged one (at most {most} for each)", log.orphans));
                }
                damage
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(_) => Vec::new(),
        }
    }
}
