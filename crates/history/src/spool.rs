//! A bounded queue in files: what `psoxide push` keeps while its collector is away.
//!
//! Each file is a frame as the log has them. A file that was torn or damaged is recognized by its checksum, and is never
//! taken for what was written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::frame::{Frame, Framer, Kind};
use crate::log::invalid;
use crate::sample::to_millis;

/// A queue of requests, each in a file that only this user can read. It survives a restart.
pub struct Spool {
    path: PathBuf,
    framer: Framer,
    /// The number and the size of each file, oldest first.
    files: Vec<(u64, u64)>,
    size: u64,
    most: u64,
}

const ENDING: &str = "frame";

impl Spool {
    /// Opens a directory, which is made if it is not there. Its files together have at most `most` bytes.
    ///
    /// # Errors
    /// The directory cannot be made or read.
    pub fn open(path: &Path, most: u64) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = PathBuf::from(entry.file_name());
            // A file that was being written when the process ended.
            if name.extension().is_some_and(|ending| ending == "new") {
                fs::remove_file(entry.path())?;
            }
            let number = name.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            if let Some(number) = number.filter(|_| name.extension().is_some_and(|ending| ending == ENDING)) {
                files.push((number, entry.metadata()?.len()));
            }
        }
        files.sort_unstable();
        let size = files.iter().map(|(_, size)| size).sum();
        Ok(Self { path: path.to_owned(), framer: Framer::new()?, files, size, most })
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:020}.{ENDING}"))
    }

    /// Adds a request, and drops the oldest ones where there is no room. Returns how many were dropped.
    ///
    /// # Errors
    /// The request could not be kept.
    pub fn push(&mut self, request: &[u8]) -> io::Result<u64> {
        let number = self.files.last().map_or(0, |(last, _)| last + 1);
        let frame = self.framer.frame(Kind::Spooled, number, to_millis(SystemTime::now()), 0, request)?;
        let length = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        if length > self.most {
            return Err(io::Error::other("the request is larger than the queue"));
        }
        let mut dropped = 0;
        while self.size.saturating_add(length) > self.most
            && let Some((oldest, _)) = self.files.first().copied()
        {
            self.remove(oldest)?;
            dropped += 1;
        }
        let new = self.path.join(format!("{number:020}.new"));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(&frame)?;
            file.sync_all()?;
            fs::rename(&new, self.file(number))?;
            File::open(&self.path)?.sync_all()
        })();
        if let Err(error) = written {
            // A disk that is full: nothing half-written stays.
            let _ = fs::remove_file(&new);
            return Err(error);
        }
        self.files.push((number, length));
        self.size = self.size.saturating_add(length);
        Ok(dropped)
    }

    /// The oldest request, and its name.
    ///
    /// # Errors
    /// It cannot be read, or is damaged ([`InvalidData`](io::ErrorKind::InvalidData)).
    pub fn oldest(&self) -> io::Result<Option<(u64, Vec<u8>)>> {
        let Some((number, _)) = self.files.first() else { return Ok(None) };
        let bytes = fs::read(self.file(*number))?;
        let frame = Frame::read(&bytes).ok().filter(|(frame, length)| {
            *length == bytes.len() && frame.kind == Kind::Spooled && frame.sequence == *number
        });
        let request = frame.and_then(|(frame, _)| frame.payload()).ok_or_else(|| invalid("the file is damaged"))?;
        Ok(Some((*number, request)))
    }

    /// Removes a request that was sent, or that nobody wants.
    ///
    /// # Errors
    /// It could not be removed.
    pub fn remove(&mut self, name: u64) -> io::Result<()> {
        if let Some(at) = self.files.iter().position(|(number, _)| *number == name) {
            let (_, size) = self.files.remove(at);
            self.size = self.size.saturating_sub(size);
        }
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the oldest request without reading it.
    ///
    /// # Errors
    /// It could not be removed.
    pub fn remove_oldest(&mut self) -> io::Result<()> {
        let oldest = self.files.first().map(|(number, _)| *number);
        oldest.map_or(Ok(()), |number| self.remove(number))
    }

    /// Counts the requests that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A request of which zstd saves nothing.
    fn noise(seed: u8) -> Vec<u8> {
        let mut state = u32::from(seed) + 1;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(1000).collect()
    }

    #[test]
    fn the_oldest_goes_first_and_a_full_queue_drops_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue");
        // Room for two.
        let mut queue = Spool::open(&path, 2500).unwrap();
        assert_eq!(queue.push(&noise(1)).unwrap(), 0);
        assert_eq!(queue.push(&noise(2)).unwrap(), 0);
        assert_eq!(queue.push(&noise(3)).unwrap(), 1);
        assert_eq!(queue.oldest().unwrap().unwrap().1, noise(2));
        let larger: Vec<u8> = (1..4).flat_map(noise).collect();
        assert!(queue.push(&larger).is_err());
        let file = fs::read_dir(&path).unwrap().next().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        // It goes on after a restart, and nothing half-written is left.
        fs::write(path.join("00000000000000000009.new"), b"ha").unwrap();
        let mut queue = Spool::open(&path, 2500).unwrap();
        assert_eq!(queue.len(), 2);
        let (name, bytes) = queue.oldest().unwrap().unwrap();
        assert_eq!(bytes, noise(2));
        queue.remove(name).unwrap();
        assert_eq!(queue.oldest().unwrap().unwrap().1, noise(3));
        assert_eq!(queue.push(b"six").unwrap(), 0);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 2);
    }

    #[test]
    fn a_damaged_request_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let mut queue = Spool::open(folder.path(), 1 << 20).unwrap();
        queue.push(b"one request").unwrap();
        queue.push(b"another").unwrap();
        let path = queue.file(0);
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            assert_eq!(queue.oldest().unwrap_err().kind(), io::ErrorKind::InvalidData, "{end}");
        }
        for bit in 0..whole.len() * 8 {
            let mut wrong = whole.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &wrong).unwrap();
            assert!(queue.oldest().is_err(), "{bit}");
        }
        queue.remove_oldest().unwrap();
        assert_eq!(queue.oldest().unwrap().unwrap().1, b"another");
    }
}
