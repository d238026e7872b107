//! `/proc/PID/statm`: proc_pid_statm(5).

use crate::{Cursor, Result};

/// Memory use of one process, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statm {
    /// Virtual memory.
    pub size: u64,
    /// Resident set.
    pub resident: u64,
    /// Resident pages that are backed by files or shared memory.
    pub shared: u64,
    /// Code.
    pub text: u64,
    /// Libraries; always 0 since Linux 2.6.
    pub lib: u64,
    /// Data and stack.
    pub data: u64,
    /// Dirty pages; always 0 since Linux 2.6.
    pub dt: u64,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Statm> {
    let mut cursor = Cursor::new(bytes);
    Ok(Statm {
        size: cursor.decimal("size")?,
        resident: cursor.decimal("resident")?,
        shared: cursor.decimal("shared")?,
        text: cursor.decimal("text")?,
        lib: cursor.decimal("lib")?,
        data: cursor.decimal("data")?,
        dt: cursor.decimal("dt")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_field_is_the_one_proc5_documents() {
        let statm = Statm { size: 765, resident: 424, shared: 396, text: 5, lib: 0, data: 90, dt: 0 };
        assert_eq!(parse(b"765 424 396 5 0 90 0\n"), Ok(statm));
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "size");
        assert_eq!(parse(b"765 424 396").unwrap_err().field(), "text");
        assert_eq!(parse(b"765 424 396 5 0 90").unwrap_err().field(), "dt");
        assert_eq!(parse(b"765 -1 396 5 0 90 0").unwrap_err().field(), "resident");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
