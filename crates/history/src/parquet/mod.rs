//! Closed segments: three Parquet tables, and their checksums.

mod close;
mod columns;
mod read;
mod table;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

pub(crate) use close::{Export, close};
pub(crate) use columns::Columns;
pub(crate) use read::Closed;

use crate::store::TABLES;

/// The key of the header in the metadata of a Parquet file.
const HEADER: &str = "psoxide";

fn error(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The CRC32C of a file.
fn checksum(path: &Path) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 18];
    let mut sum = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum),
            length => sum = crc32c::crc32c_append(sum, buffer.get(..length).unwrap_or_default()),
        }
    }
}

/// Creates a file for its owner alone, in the place of one that a crash has left.
fn create(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes the checksums of the tables.
fn write_checksums(path: &Path, sums: [u32; 3]) -> io::Result<()> {
    let mut file = create(path)?;
    for (table, sum) in TABLES.iter().zip(sums) {
        writeln!(file, "{sum:08x}  {table}")?;
    }
    file.sync_all()
}

/// Compares the tables with their checksums. A copy without them is taken as it is.
fn compare(checksums: &Path, tables: &[std::path::PathBuf; 3]) -> io::Result<()> {
    let text = match fs::read_to_string(checksums) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut lines = text.lines();
    for (table, path) in TABLES.iter().zip(tables) {
        if lines.next() != Some(format!("{:08x}  {table}", checksum(path)?).as_str()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{table}: the checksum is wrong")));
        }
    }
    Ok(())
}
