//! Reads captures from files, which may be compressed.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use flate2::read::GzDecoder;

use crate::{Capture, Error};

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The limit for the text of a capture, because a compressed file of a few kilobytes can expand to gigabytes.
const LONGEST: u64 = 1 << 30;

impl Capture {
    /// Reads a capture from a file, which may be compressed with gzip.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or as [`Capture::parse`] does.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_bytes(&fs::read(path)?)
    }

    /// Reads a capture from the bytes of a file, which may be compressed with gzip.
    ///
    /// # Errors
    ///
    /// Fails as [`Capture::parse`] does, or with [`Error::Io`] if the bytes cannot be decompressed or are not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if !bytes.starts_with(&GZIP) {
            return Self::parse(std::str::from_utf8(bytes).map_err(invalid)?);
        }
        let mut text = String::new();
        let mut decoder = GzDecoder::new(bytes).take(LONGEST);
        decoder.read_to_string(&mut text)?;
        if decoder.limit() == 0 {
            return Err(invalid("longer than a capture may be").into());
        }
        Self::parse(&text)
    }
}

fn invalid(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}
