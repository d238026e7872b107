//! Lists of CPUs as the kernel prints them, `0-3,8`: cpuset(7), "List format".

use super::strings::pieces;
use crate::{ParseError, Result, decimal, split_once, trim};

/// More CPUs than any kernel can be built for.
const MOST: usize = 65536;

/// Parses a whole list, with or without newline, which errors call `field`; an empty one holds no CPU.
pub fn parse(bytes: &[u8], field: &'static str) -> Result<Vec<u32>> {
    let text = trim(bytes);
    let mut cpus = Vec::new();
    if text.is_empty() {
        return Ok(cpus);
    }
    for piece in pieces(text, b',') {
        let (first, last) = split_once(piece, b'-').unwrap_or((piece, piece));
        let (first, last) = (cpu(first, field)?, cpu(last, field)?);
        let span = last.checked_sub(first).ok_or_else(|| ParseError::malformed(field, piece))?;
        let room = MOST.saturating_sub(cpus.len());
        if usize::try_from(span).map_or(true, |span| span >= room) {
            return Err(ParseError::overflow(field, piece));
        }
        cpus.extend(first..=last);
    }
    Ok(cpus)
}

fn cpu(text: &[u8], field: &'static str) -> Result<u32> {
    u32::try_from(decimal(text, field)?).map_err(|_| ParseError::overflow(field, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;
    use proptest::prelude::*;

    #[test]
    fn lists_hold_numbers_and_ranges() {
        assert_eq!(parse(b"0-3,8\n", "x"), Ok(vec![0, 1, 2, 3, 8]));
        assert_eq!(parse(b"7", "x"), Ok(vec![7]));
        assert_eq!(parse(b"5-5", "x"), Ok(vec![5]));
        assert_eq!(parse(b"", "x"), Ok(vec![]));
        assert_eq!(parse(b"\n", "x"), Ok(vec![]));
        assert_eq!(parse(b"4294967295", "x"), Ok(vec![u32::MAX]));
        assert_eq!(parse(b"0-65535", "x").unwrap().len(), MOST);
    }

    #[test]
    fn odd_input_is_refused() {
        let problem = |text: &[u8]| parse(text, "x").map_err(|e| (e.field(), e.problem()));
        for text in [&b"3-0"[..], b"0-", b"-3", b"0,", b",0", b"0,,1", b"a", b"0-1-2", b"0 1", b"0, 1"] {
            assert_eq!(problem(text), Err(("x", Problem::Malformed)), "{}", text.escape_ascii());
        }
        for text in [&b"0-65536"[..], b"0-4294967295", b"4294967296", b"0-65535,70000"] {
            assert_eq!(problem(text), Err(("x", Problem::Overflow)), "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, list in "[0-9,-]{0,20}") {
            let _ = parse(&bytes, "x");
            let _ = parse(list.as_bytes(), "x");
        }
    }
}
