//! `/proc/loadavg`: proc_loadavg(5).

use crate::{Cursor, ParseError, Result};

/// The load averages over 1, 5 and 15 minutes.
pub fn parse(bytes: &[u8]) -> Result<[f64; 3]> {
    let mut cursor = Cursor::new(bytes);
    let mut next = |field| float(cursor.required(field)?, field);
    Ok([next("load1")?, next("load5")?, next("load15")?])
}

/// A decimal fraction without sign or exponent that fills all of `text`.
pub(super) fn float(text: &[u8], field: &'static str) -> Result<f64> {
    let malformed = || ParseError::malformed(field, text);
    if !text.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
        return Err(malformed());
    }
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_three_numbers() {
        assert_eq!(parse(b"0.52 1.58 12.00 3/602 11273\n"), Ok([0.52, 1.58, 12.0]));
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "load1");
        assert_eq!(parse(b"1 2").unwrap_err().field(), "load15");
        for odd in [&b"1.0 inf 2.0"[..], b"1.0 -1 2", b"1.0 1e3 2", b"1.0 . 2", b"1.0 1,5 2"] {
            assert_eq!(parse(odd).unwrap_err().field(), "load5");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
