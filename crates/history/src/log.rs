//! The log of the open hour: a header and a key sample, differences, and after 60 samples a key again.
//!
//! A log is only appended to. What a crash leaves of the last frame is cut off when recording goes on. A damaged frame in
//! the middle loses the samples up to the next key, and nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use crate::delta::{New, State};
use crate::frame::{Broken, Frame, Framer, Kind};
use crate::machine::Machine;
use crate::sample::{Header, Sample};

/// Samples from one key to the next.
pub const KEY_EVERY: u32 = 60;

/// Where a frame is, and what its head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) offset: usize,
    pub(crate) is_key: bool,
    pub(crate) sequence: u64,
    pub(crate) time: i64,
    jump: i64,
}

/// The frames of a log.
#[derive(Debug)]
pub(crate) struct Log {
    bytes: Vec<u8>,
    pub(crate) header: Arc<Header>,
    /// The samples that can be decoded, in their order.
    pub(crate) entries: Vec<Entry>,
    /// Where the last whole frame ends.
    pub(crate) end: usize,
    /// How many bytes before that belong to no frame.
    pub(crate) damaged: usize,
    /// Samples that are whole, but whose difference is to one that is not.
    pub(crate) orphans: usize,
}

impl Log {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        Self::of(bytes)
    }

    /// Finds the frames.
    pub(crate) fn of(bytes: Vec<u8>) -> io::Result<Self> {
        let mut header = None;
        let mut found: Vec<Entry> = Vec::new();
        let (mut end, mut damaged, mut orphans, mut place) = (0, 0, 0, 0);
        while place < bytes.len() {
            let rest = bytes.get(place..).unwrap_or_default();
            let (frame, length) = match Frame::read(rest) {
                Ok(read) => read,
                // A length that is damaged can seem to be beyond the end.
                Err(Broken::Short | Broken::Damaged) => match Frame::find(&bytes, place + 1) {
                    Some(next) => {
                        place = next;
                        continue;
                    }
                    None => break,
                },
            };
            damaged += place - end;
            match frame.kind {
                Kind::Header => {
                    // All are the same: one that is whole will do.
                    header = header.or_else(|| Header::from_json(&frame.payload()?));
                }
                // No sample: another writer's.
                Kind::Spooled => {}
                kind @ (Kind::Key | Kind::Delta) => {
                    let (is_key, sequence, time) = (kind == Kind::Key, frame.sequence, frame.time);
                    let entry = Entry { offset: place, is_key, sequence, time, jump: frame.jump };
                    let follows = |last: &Entry| last.sequence.checked_add(1) == Some(sequence);
                    if is_key || found.last().is_some_and(follows) {
                        found.push(entry);
                    } else {
                        orphans += 1;
                    }
                }
            }
            place += length;
            end = place;
        }
        let header = header.ok_or_else(|| invalid("no header"))?;
        let entries = found;
        Ok(Self { bytes, header: Arc::new(header), entries, end, damaged, orphans })
    }

    /// Decodes the sample of the entry `place`, beginning at the key before it.
    pub(crate) fn sample(&self, place: usize) -> io::Result<Sample> {
        let before = self.entries.get(..=place).unwrap_or_default();
        let key = before.iter().rposition(|entry| entry.is_key).ok_or_else(|| invalid("no key"))?;
        let mut player = Player::new(self, key);
        let mut last = None;
        for _ in key..=place {
            last = player.next();
        }
        last.unwrap_or_else(|| Err(invalid("no such sample")))
    }

    /// Decodes all samples from the key `place` on.
    pub(crate) fn play(&self, place: usize) -> Player<'_> {
        Player::new(self, place)
    }

    fn frame(&self, entry: &Entry) -> Option<Frame<'_>> {
        Frame::read(self.bytes.get(entry.offset..)?).ok().map(|(frame, _)| frame)
    }
}

/// Decodes samples one after the other.
pub(crate) struct Player<'a> {
    log: &'a Log,
    place: usize,
    pub(crate) state: State,
}

impl<'a> Player<'a> {
    fn new(log: &'a Log, place: usize) -> Self {
        Self { log, place, state: State::new(log.header.columns.len(), 0) }
    }
}

impl Iterator for Player<'_> {
    type Item = io::Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.log.entries.get(self.place)?;
        self.place += 1;
        if entry.is_key {
            self.state = State::new(self.log.header.columns.len(), 0);
        }
        let payload = self.log.frame(entry).and_then(|frame| frame.payload());
        let decoded = payload.and_then(|payload| self.state.decode(&payload).ok());
        if decoded.is_none() {
            // Its checksum is right: another program has written it. The next key may be whole.
            self.place = usize::MAX;
            return Some(Err(invalid("a sample is malformed")));
        }
        Some(Ok(Sample {
            header: Arc::clone(&self.log.header),
            sequence: entry.sequence,
            time: entry.time,
            jump: entry.jump,
            machine: Arc::clone(&self.state.machine),
            processes: self.state.processes.clone(),
        }))
    }
}

pub(crate) fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Appends to a log.
pub(crate) struct Writer {
    file: File,
    framer: Framer,
    state: State,
    header: Vec<u8>,
    /// Samples since the last key; `None` if the next one must be a key.
    since_key: Option<u32>,
    pub(crate) length: u64,
    pub(crate) samples: u64,
}

impl Writer {
    /// Begins a log, whose processes get ids from `next` on.
    pub(crate) fn create(path: &Path, header: &Header, next: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        Self::new(file, header, State::new(header.columns.len(), next), 0, 0)
    }

    /// Goes on with a log that a recorder has left, without what is torn at its end.
    pub(crate) fn resume(path: &Path, log: &Log) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        let end = u64::try_from(log.end).unwrap_or(u64::MAX);
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        let state = match log.entries.iter().rposition(|entry| entry.is_key) {
            Some(key) => {
                let mut player = log.play(key);
                player.by_ref().for_each(drop);
                player.state
            }
            None => State::new(log.header.columns.len(), 0),
        };
        let samples = u64::try_from(log.entries.len()).unwrap_or(0);
        Self::new(file, &log.header, state, end, samples)
    }

    fn new(file: File, header: &Header, state: State, length: u64, samples: u64) -> io::Result<Self> {
        let mut framer = Framer::new()?;
        let header = framer.frame(Kind::Header, 0, 0, 0, &header.to_json())?;
        Ok(Self { file, framer, state, header, since_key: None, length, samples })
    }

    /// Appends a sample. After an error the log ends where it did before, and the sample is not in it.
    pub(crate) fn append(
        &mut self,
        (sequence, time, jump): (u64, i64, i64),
        machine: Machine,
        processes: Vec<New>,
    ) -> io::Result<()> {
        let since_key = self.since_key.take().filter(|since| *since < KEY_EVERY);
        let delta = self.state.encode(machine, processes);
        let bytes = match since_key {
            Some(_) => self.framer.frame(Kind::Delta, sequence, time, jump, &delta)?,
            None => {
                let key = self.framer.frame(Kind::Key, sequence, time, jump, &self.state.key())?;
                [self.header.as_slice(), &key].concat()
            }
        };
        if let Err(error) = self.file.write_all(&bytes) {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        if since_key.is_none() {
            self.file.sync_data()?;
        }
        self.since_key = Some(since_key.map_or(1, |since| since + 1));
        self.length += u64::try_from(bytes.len()).unwrap_or(0);
        self.samples += 1;
        Ok(())
    }

    /// Writes to the disk what the kernel still holds in memory.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
