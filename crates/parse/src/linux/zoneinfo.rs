//! `/proc/zoneinfo`: proc_zoneinfo(5).

use crate::cursor::lines;
use crate::{Cursor, ParseError, Result};

/// The sum of all zones' low watermarks, in pages.
pub fn low_pages(bytes: &[u8]) -> Result<u64> {
    let mut sum = None;
    for line in lines(bytes) {
        let mut cursor = Cursor::new(line);
        if cursor.token() == Some(b"low") {
            let pages = cursor.decimal("low")?;
            let total = sum.unwrap_or(0u64).checked_add(pages);
            sum = Some(total.ok_or_else(|| ParseError::overflow("low", line))?);
        }
    }
    sum.ok_or_else(|| ParseError::missing("low"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;
    use proptest::prelude::*;

    const ZONES: &[u8] = b"Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 17\n  pages free     2815\n        \
        boost    0\n        min      16\n        low      20\n        high     24\n        protection: (0, 2959, 7885)\n\
        Node 0, zone    DMA32\n  pages free     2815\n        min      16\n        low      3956\n        high     24\n";

    #[test]
    fn every_zone_counts() {
        assert_eq!(low_pages(ZONES), Ok(3976));
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(low_pages(b"").unwrap_err().field(), "low");
        assert_eq!(low_pages(b" low\n").unwrap_err().problem(), Problem::Missing);
        assert_eq!(low_pages(b" low x\n").unwrap_err().problem(), Problem::Malformed);
        assert_eq!(low_pages(b"low 18446744073709551615\nlow 1\n").unwrap_err().problem(), Problem::Overflow);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = low_pages(&bytes);
        }
    }
}
