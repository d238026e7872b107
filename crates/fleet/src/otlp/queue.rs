//! What could not be sent yet, in files.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Requests that wait until the endpoint answers, oldest first.
pub trait Queue {
    /// Adds a request, and drops the oldest ones where there is no room. Returns how many were dropped.
    ///
    /// # Errors
    /// The request could not be kept.
    fn push(&mut self, request: &[u8]) -> io::Result<u64>;

    /// The oldest request, and its name.
    ///
    /// # Errors
    /// It could not be read.
    fn oldest(&mut self) -> io::Result<Option<(u64, Vec<u8>)>>;

    /// Removes a request that was sent, or that nobody wants.
    ///
    /// # Errors
    /// It could not be removed.
    fn remove(&mut self, name: u64) -> io::Result<()>;

    /// Removes the oldest request without reading it.
    ///
    /// # Errors
    /// It could not be removed.
    fn remove_oldest(&mut self) -> io::Result<()>;

    /// Counts the requests that wait.
    fn len(&self) -> usize;

    /// Whether nothing waits.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A directory of requests, each a file that only this user can read. It survives a restart.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// The number and the size of each file, oldest first.
    files: Vec<(u64, u64)>,
    size: u64,
    most: u64,
}

const ENDING: &str = "otlp";

impl Directory {
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
        Ok(Self { path: path.to_owned(), files, size, most })
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:020}.{ENDING}"))
    }
}

impl Queue for Directory {
    fn push(&mut self, request: &[u8]) -> io::Result<u64> {
        let length = u64::try_from(request.len()).unwrap_or(u64::MAX);
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
        let number = self.files.last().map_or(0, |(last, _)| last + 1);
        let new = self.path.join(format!("{number:020}.new"));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(request)?;
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

    fn oldest(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        match self.files.first() {
            Some((number, _)) => Ok(Some((*number, fs::read(self.file(*number))?))),
            None => Ok(None),
        }
    }

    fn remove(&mut self, name: u64) -> io::Result<()> {
        if let Some(at) = self.files.iter().position(|(number, _)| *number == name) {
            let (_, size) = self.files.remove(at);
            self.size = self.size.saturating_sub(size);
        }
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn remove_oldest(&mut self) -> io::Result<()> {
        let oldest = self.files.first().map(|(number, _)| *number);
        oldest.map_or(Ok(()), |number| self.remove(number))
    }

    fn len(&self) -> usize {
        self.files.len()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_oldest_goes_first_and_a_full_queue_drops_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue");
        let mut queue = Directory::open(&path, 10).unwrap();
        assert_eq!(queue.push(b"one").unwrap(), 0);
        assert_eq!(queue.push(b"three").unwrap(), 0);
        assert_eq!(queue.push(b"four").unwrap(), 1);
        assert_eq!(queue.oldest().unwrap().unwrap().1, b"three");
        assert!(queue.push(&[0; 11]).is_err());
        let file = fs::read_dir(&path).unwrap().next().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        // It goes on after a restart, and nothing half-written is left.
        fs::write(path.join("00000000000000000009.new"), b"ha").unwrap();
        let mut queue = Directory::open(&path, 10).unwrap();
        assert_eq!((queue.len(), queue.size), (2, 9));
        let (name, bytes) = queue.oldest().unwrap().unwrap();
        assert_eq!(bytes, b"three");
        queue.remove(name).unwrap();
        assert_eq!(queue.oldest().unwrap().unwrap().1, b"four");
        assert_eq!(queue.push(b"six").unwrap(), 0);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 2);
    }
}
