//! `/proc/vmstat`: proc_vmstat(5).

use crate::cursor::lines;
use crate::{Cursor, Result};

/// Swapping since boot, in pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vmstat {
    /// Pages read from swap (since Linux 2.6; absent without swap support).
    pub pswpin: Option<u64>,
    /// Pages written to swap (since Linux 2.6; absent without swap support).
    pub pswpout: Option<u64>,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Vmstat> {
    let mut stat = Vmstat::default();
    // Two lines of two hundred.
    for line in lines(bytes).filter(|line| line.starts_with(b"pswp")) {
        let mut cursor = Cursor::new(line);
        match cursor.token() {
            Some(b"pswpin") => stat.pswpin = Some(cursor.decimal("pswpin")?),
            Some(b"pswpout") => stat.pswpout = Some(cursor.decimal("pswpout")?),
            _ => {}
        }
    }
    Ok(stat)
}

/// Parses each line: the name and the value.
pub fn each(bytes: &[u8]) -> Result<Vec<(&[u8], u64)>> {
    lines(bytes)
        .map(|line| {
            let mut cursor = Cursor::new(line);
            Ok((cursor.required("name")?, cursor.decimal("value")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_two_counters() {
        let stat = parse(b"nr_free_pages 1\npgpgin 5\npswpin 12\npswpout 34\npgfault 9\n");
        assert_eq!(stat, Ok(Vmstat { pswpin: Some(12), pswpout: Some(34) }));
        assert_eq!(parse(b"pgpgin 5\n"), Ok(Vmstat::default()));
    }

    #[test]
    fn each_line() {
        assert_eq!(each(b"pgpgin 5\nnr_free_pages 7\n").unwrap(), [(&b"pgpgin"[..], 5), (b"nr_free_pages", 7)]);
        assert_eq!(each(b"pgpgin\n").unwrap_err().field(), "value");
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"pswpin\n").unwrap_err().field(), "pswpin");
        assert_eq!(parse(b"pswpout -1\n").unwrap_err().field(), "pswpout");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = (parse(&bytes), each(&bytes));
        }
    }
}
