//! `/proc/PID/fdinfo/FD`: proc_pid_fdinfo(5).

use crate::{ParseError, Result, decimal, lines, octal, split_once, trim};

/// What every open file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FdInfo {
    /// Offset in the file.
    pub pos: u64,
    /// Access mode and status flags of open(2), which the kernel prints in octal.
    pub flags: u64,
}

/// Parses the file up to the lines that only some kinds of file have.
pub fn parse(bytes: &[u8]) -> Result<FdInfo> {
    let (mut pos, mut flags) = (None, None);
    for line in lines(bytes) {
        match split_once(line, b':') {
            Some((b"pos", value)) => pos = Some(decimal(trim(value), "pos")?),
            Some((b"flags", value)) => flags = Some(octal(trim(value), "flags")?),
            _ => {}
        }
        if let (Some(pos), Some(flags)) = (pos, flags) {
            return Ok(FdInfo { pos, flags });
        }
    }
    Err(ParseError::missing(if pos.is_none() { "pos" } else { "flags" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_are_octal() {
        let text = b"pos:\t17\nflags:\t0100002\nmnt_id:\t19\nino:\t5\nflags:\t9\n";
        assert_eq!(parse(text), Ok(FdInfo { pos: 17, flags: 0o100_002 }));
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "pos");
        assert_eq!(parse(b"pos:\t0\nfla").unwrap_err().field(), "flags");
        assert_eq!(parse(b"pos:\t0\nflags:\t").unwrap_err().field(), "flags");
        assert_eq!(parse(b"pos:\t0\nflags:\t08\n").unwrap_err().field(), "flags");
        assert_eq!(parse(b"pos:\t-1\nflags:\t0\n").unwrap_err().field(), "pos");
        assert_eq!(parse(b"flags:\t02\n").unwrap_err().field(), "pos");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
