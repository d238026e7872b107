//! Recording: samples go to the log of the open hour, and the log becomes a closed segment.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use psoxide::{Field, Moment, System};
use psoxide_scrub::Scrubber;

use crate::columns;
use crate::delta::New;
use crate::header::VERSION;
use crate::limits::Limits;
use crate::log::{Log, Writer};
use crate::machine::Machine;
use crate::sample::{Header, Sample, to_millis};
use crate::sampler::Sampler;
use crate::store::{Files, IDS, OPEN, SEQUENCES, Segment, Store, log_name, sync_folder};

#[cfg(test)]
pub(crate) use crate::sampler::machine;

/// A clock that moves otherwise than the time since boot by more than this many milliseconds was set.
const SET: i64 = 1_000;

/// How a history is recorded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The time between two samples.
    pub interval: Duration,
    /// The fields of each process, of [`FIELDS`](crate::FIELDS).
    pub fields: Vec<Field>,
    /// How much is kept, and for how long.
    pub limits: Limits,
    /// Whether command lines are recorded as they are, with the secrets in them.
    pub raw: bool,
}

impl Default for Options {
    fn default() -> Self {
        let interval = Duration::from_secs(5);
        Self { interval, fields: columns::DEFAULT.to_vec(), limits: Limits::default(), raw: false }
    }
}

/// Takes samples of a machine and writes them.
pub struct Recorder {
    sampler: Sampler,
    log: Recording,
}

impl Recorder {
    /// Opens or begins the history in a folder, for this program alone.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock): another recorder writes it. Or the folder cannot be written.
    pub fn open(system: &System, folder: impl AsRef<Path>, options: &Options) -> io::Result<Self> {
        let host = system.host_info().map(|host| host.hostname).unwrap_or_default();
        let header = Header {
            version: VERSION,
            host,
            os: system.os(),
            interval: options.interval,
            columns: columns::columns(&options.fields),
        };
        let scrubber = (!options.raw).then(Scrubber::new);
        // In the order of the columns.
        let fields = columns::FIELDS.iter().copied().filter(|field| options.fields.contains(field)).collect();
        #[cfg_attr(not(target_os = "linux"), allow(unused_mut))]
        let mut sampler = Sampler::new(system.clone(), fields, scrubber);
        let log = Recording::open(folder.as_ref(), header, options.limits)?;
        #[cfg(target_os = "linux")]
        if system.is_live() {
            sampler.listen();
        }
        Ok(Self { sampler, log })
    }

    /// Takes a sample and writes it.
    ///
    /// # Errors
    /// The sample is not in the history: the machine could not be read, or the disk is full. A later sample may be.
    pub fn record(&mut self) -> io::Result<()> {
        let (moment, processes) = self.sampler.take().map_err(io::Error::other)?;
        self.log.append(SystemTime::now(), &moment, processes)
    }

    /// Writes a sample that was taken elsewhere, with its processes.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn append(&mut self, taken: SystemTime, moment: &Moment) -> io::Result<()> {
        let processes = self.sampler.of(&moment.processes);
        self.log.append(taken, moment, processes)
    }

    /// What went wrong besides the samples since the last call, a sentence each: a log that could not be closed yet,
    /// processes that cannot be recorded.
    pub fn notes(&mut self) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.sampler.notes);
        notes.append(&mut self.log.notes);
        notes
    }

    /// Writes to the disk what the kernel still holds in memory.
    pub fn sync(&mut self) -> io::Result<()> {
        self.log.sync()
    }
}

/// The log that is being written.
struct Open {
    writer: Writer,
    path: PathBuf,
    number: u64,
    start: i64,
    sequence: u64,
    time: i64,
    /// Milliseconds since boot.
    uptime: Option<i64>,
}

/// A history that is being written, and what is known of it.
pub(crate) struct Recording {
    store: Store,
    header: Header,
    limits: Limits,
    open: Option<Open>,
    /// The closed segments, the oldest first.
    closed: Vec<Segment>,
    number: u64,
    notes: Vec<String>,
    /// A log that cannot be closed now is tried again after this time.
    retry: Option<i64>,
    _lock: File,
}

impl Recording {
    pub(crate) fn open(folder: &Path, header: Header, limits: Limits) -> io::Result<Self> {
        limits.check()?;
        let store = Store(folder.to_path_buf());
        store.create()?;
        let lock = store.lock()?;
        store.clean()?;
        let segments = store.segments()?;
        let number = segments.last().map_or(1, |segment| segment.number + 1);
        let closed = segments;
        let mut recording =
            Self { store, header, limits, open: None, closed, number, notes: Vec::new(), retry: None, _lock: lock };
        recording.take_up()?;
        Ok(recording)
    }

    /// Goes on with the last log, and closes the others.
    fn take_up(&mut self) -> io::Result<()> {
        let is_log = |segment: &Segment| matches!(segment.files, Files::Log(_));
        if let Some(segment) = self.closed.pop_if(|segment| is_log(segment))
            && let Files::Log(path) = &segment.files
        {
            match Log::open(path) {
                Ok(log) if log.entries.is_empty() => self.drop_empty(&segment)?,
                Ok(log) if *log.header == self.header => {
                    self.open = Self::resume(path, &log, segment.number).map(Some)?;
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => self.drop_empty(&segment)?,
                Err(error) => return Err(error),
                Ok(_) => self.closed.push(segment),
            }
        }
        for segment in self.closed.clone().into_iter().filter(is_log) {
            self.close_segment(&segment)?;
        }
        Ok(())
    }

    /// Removes a log without a whole sample: the program ended while it wrote the first one.
    fn drop_empty(&mut self, segment: &Segment) -> io::Result<()> {
        if segment.size > 0 {
            self.notes.push(format!("segment {} holds no whole sample and was removed", segment.number));
        }
        segment.remove()
    }

    fn resume(path: &Path, log: &Log, number: u64) -> io::Result<Open> {
        let writer = Writer::resume(path, log)?;
        let (first, last) = (log.entries.first(), log.entries.last());
        let uptime =
            log.entries.len().checked_sub(1).and_then(|place| log.sample(place).ok()).and_then(|last| uptime(&last));
        Ok(Open {
            writer,
            path: path.to_path_buf(),
            number,
            start: first.map_or(0, |entry| entry.time),
            sequence: last.map_or(0, |entry| entry.sequence),
            time: last.map_or(0, |entry| entry.time),
            uptime,
        })
    }

    /// Writes a sample that was taken at this time.
    pub(crate) fn append(&mut self, taken: SystemTime, moment: &Moment, processes: Vec<New>) -> io::Result<()> {
        // Samples stay apart and in order where the clock steps back by less than what counts as set.
        let last = self.open.as_ref().map_or(i64::MIN, |open| open.time);
        let time = match to_millis(taken) {
            time if time <= last && last.saturating_sub(time) < SET => last.saturating_add(1),
            time => time,
        };
        let since_boot = moment.uptime.value().map(|uptime| i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX));
        let jump = self.open.as_ref().and_then(|open| {
            let passed = since_boot?.checked_sub(open.uptime?)?;
            // The machine was booted in between.
            let set = (passed >= 0).then(|| (time - open.time) - passed)?;
            (set.abs() > SET).then_some(set)
        });
        if self.open.as_ref().is_some_and(|open| self.is_over(open, time))
            && self.retry.is_none_or(|retry| time >= retry || time < retry - 120_000)
        {
            self.close(time)?;
        }
        if self.open.as_ref().is_some_and(|open| time <= open.time) {
            // The clock was set back, and the log cannot be closed.
            return Err(io::Error::other("the clock was set back, and the log of the time before cannot be closed"));
        }
        if self.open.is_none() {
            self.open = Some(self.begin(time)?);
        }
        self.make_room(time)?;
        let Some(open) = &mut self.open else { return Err(io::Error::other("no log is open")) };
        let sequence = open.sequence + 1;
        open.writer.append((sequence, time, jump.unwrap_or(0)), Machine::of(moment), processes)?;
        (open.sequence, open.time, open.uptime) = (sequence, time, since_boot);
        Ok(())
    }

    /// Whether a log ends before a sample at this time.
    fn is_over(&self, open: &Open, time: i64) -> bool {
        let span = self.limits.span();
        time <= open.time
            || time.div_euclid(span) != open.start.div_euclid(span)
            || open.writer.length >= self.limits.log()
            || open.writer.samples >= SEQUENCES - 1
    }

    fn begin(&mut self, time: i64) -> io::Result<Open> {
        let number = self.number;
        let path = self.store.0.join(OPEN).join(log_name(number, time));
        let writer = Writer::create(&path, &self.header, number * IDS)?;
        sync_folder(&self.store.0.join(OPEN))?;
        self.number += 1;
        Ok(Open { writer, path, number, start: time, sequence: number * SEQUENCES, time: i64::MIN, uptime: None })
    }

    /// Closes the log. If that is not possible now, recording goes on in it.
    fn close(&mut self, now: i64) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let size = open.writer.length;
        let segment =
            Segment { number: open.number, start: open.start, end: None, files: Files::Log(open.path.clone()), size };
        match self.close_segment(&segment) {
            Ok(()) => {
                self.retry = None;
                Ok(())
            }
            Err(error) => {
                self.notes.push(format!("{}: cannot be closed yet: {error}", open.path.display()));
                self.retry = Some(now + 60_000);
                self.open = Some(open);
                Ok(())
            }
        }
    }

    /// Makes a closed segment of a log.
    fn close_segment(&mut self, segment: &Segment) -> io::Result<()> {
        self.closed.retain(|known| known.number != segment.number);
        #[cfg(feature = "parquet")]
        let closed = match &segment.files {
            Files::Log(path) => crate::parquet::close(&self.store, segment.number, path)?,
            Files::Parquet(_) => Some(segment.clone()),
        };
        // Without Parquet a closed log stays a log.
        #[cfg(not(feature = "parquet"))]
        let closed = Some(segment.clone());
        self.closed.extend(closed);
        self.closed.sort_by_key(|segment| segment.number);
        Ok(())
    }

    /// Removes the oldest segments until the next sample keeps to the limits.
    fn make_room(&mut self, now: i64) -> io::Result<()> {
        let open = self.open.as_ref().map_or(0, |open| open.writer.length);
        while let Some(oldest) = self.closed.first() {
            let size = self.closed.iter().map(|segment| segment.size).sum::<u64>() + open;
            let is_old = oldest.start < now.saturating_sub(self.limits.age_millis());
            if !is_old && size <= self.limits.most(open) {
                break;
            }
            oldest.remove()?;
            self.closed.remove(0);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        match &mut self.open {
            Some(open) => open.writer.sync(),
            None => Ok(()),
        }
    }
}

/// Milliseconds since boot in a sample.
fn uptime(sample: &Sample) -> Option<i64> {
    let keys = sample.machine.keys.iter().zip(&sample.machine.cells);
    let (_, micros) = keys.into_iter().find(|(key, _)| key.name == "uptime")?;
    Some(micros / 1_000)
}
