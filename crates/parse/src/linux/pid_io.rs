//! `/proc/PID/io`: proc_pid_io(5).

use crate::{ParseError, Result, decimal, lines, split_once, trim};

/// What one process has read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Io {
    /// Bytes it asked to read, from the page cache or not.
    pub rchar: u64,
    /// Bytes it asked to write.
    pub wchar: u64,
    /// Read system calls.
    pub syscr: u64,
    /// Write system calls.
    pub syscw: u64,
    /// Bytes fetched from storage.
    pub read_bytes: u64,
    /// Bytes sent to storage.
    pub write_bytes: u64,
    /// Bytes not sent to storage because what held them was truncated; 0 if the kernel lacks the line.
    pub cancelled_write_bytes: u64,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Io> {
    let (mut rchar, mut wchar, mut syscr, mut syscw) = (None, None, None, None);
    let (mut read_bytes, mut write_bytes, mut cancelled_write_bytes) = (None, None, None);
    for line in lines(bytes) {
        let Some((key, value)) = split_once(line, b':') else { continue };
        let (field, slot) = match key {
            b"rchar" => ("rchar", &mut rchar),
            b"wchar" => ("wchar", &mut wchar),
            b"syscr" => ("syscr", &mut syscr),
            b"syscw" => ("syscw", &mut syscw),
            b"read_bytes" => ("read_bytes", &mut read_bytes),
            b"write_bytes" => ("write_bytes", &mut write_bytes),
            b"cancelled_write_bytes" => ("cancelled_write_bytes", &mut cancelled_write_bytes),
            _ => continue,
        };
        *slot = Some(decimal(trim(value), field)?);
    }
    Ok(Io {
        rchar: rchar.ok_or_else(|| ParseError::missing("rchar"))?,
        wchar: wchar.ok_or_else(|| ParseError::missing("wchar"))?,
        syscr: syscr.ok_or_else(|| ParseError::missing("syscr"))?,
        syscw: syscw.ok_or_else(|| ParseError::missing("syscw"))?,
        read_bytes: read_bytes.ok_or_else(|| ParseError::missing("read_bytes"))?,
        write_bytes: write_bytes.ok_or_else(|| ParseError::missing("write_bytes"))?,
        cancelled_write_bytes: cancelled_write_bytes.unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const IO: &[u8] = b"rchar: 6976\nwchar: 1\nsyscr: 10\nsyscw: 2\nread_bytes: 4096\nwrite_bytes: 8192\n\
        cancelled_write_bytes: 3\n";

    #[test]
    fn every_field_is_the_one_proc5_documents() {
        let io = Io {
            rchar: 6976,
            wchar: 1,
            syscr: 10,
            syscw: 2,
            read_bytes: 4096,
            write_bytes: 8192,
            cancelled_write_bytes: 3,
        };
        assert_eq!(parse(IO), Ok(io));
        assert_eq!(parse(&[b"\nnew: x\n\nodd\n", IO, b"\n\n"].concat()), Ok(io));
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "rchar");
        assert_eq!(parse(b"rchar: 1\nwchar:\n").unwrap_err().field(), "wchar");
        assert_eq!(parse(b"rchar: 1\nwchar: 1 1\n").unwrap_err().field(), "wchar");
        assert_eq!(parse(b"rchar: 1\nwchar: 1\nsyscr: 1\nsyscw: 1\nread_b").unwrap_err().field(), "read_bytes");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..IO.len()) {
            let _ = parse(&bytes);
            let _ = parse(IO.split_at(at).0);
        }
    }
}
