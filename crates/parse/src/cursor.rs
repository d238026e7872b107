//! The only code that splits or indexes bytes.

use crate::{ParseError, Result};

/// A position in a buffer that only moves forward.
///
/// Methods that find nothing leave the cursor where it was.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been consumed.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been consumed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next line, without its newline; the last one may lack it.
    pub fn line(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.until(b'\n').or_else(|| self.take(self.rest.len()))
    }

    /// The bytes before the next `stop`, which is consumed too.
    pub fn until(&mut self, stop: u8) -> Option<&'a [u8]> {
        let at = memchr::memchr(stop, self.rest)?;
        self.cut(at)
    }

    /// The bytes before the last `stop`, which is consumed too.
    pub fn until_last(&mut self, stop: u8) -> Option<&'a [u8]> {
        let at = memchr::memrchr(stop, self.rest)?;
        self.cut(at)
    }

    /// Splits around the byte at `at`.
    fn cut(&mut self, at: usize) -> Option<&'a [u8]> {
        let (before, from) = self.rest.split_at_checked(at)?;
        self.rest = from.split_first().map_or(&[], |(_, rest)| rest);
        Some(before)
    }

    /// Exactly `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    /// Exactly `N` bytes, as an array: for fixed-width integers in binary buffers.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    /// The next run of bytes that are not white space, skipping white space before it.
    pub fn token(&mut self) -> Option<&'a [u8]> {
        let from = self.rest.iter().position(|b| !b.is_ascii_whitespace())?;
        let (_, text) = self.rest.split_at_checked(from)?;
        let len = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
        let (token, rest) = text.split_at_checked(len)?;
        self.rest = rest;
        Some(token)
    }

    /// The tokens that are left.
    pub fn tokens(mut self) -> impl Iterator<Item = &'a [u8]> {
        std::iter::from_fn(move || self.token())
    }

    /// Skips `n` tokens; fewer if there are not that many.
    pub fn skip_tokens(&mut self, n: usize) -> &mut Self {
        let (mut left, mut inside) = (n, false);
        let end = self.rest.iter().position(|byte| {
            let space = byte.is_ascii_whitespace();
            left -= usize::from(inside && space);
            inside = !space;
            left == 0
        });
        self.rest = end.and_then(|end| self.rest.get(end..)).unwrap_or_default();
        self
    }

    /// The next token, which must be there.
    pub fn required(&mut self, field: &'static str) -> Result<&'a [u8]> {
        self.token().ok_or_else(|| ParseError::missing(field))
    }

    /// The next token as a decimal number.
    pub fn decimal(&mut self, field: &'static str) -> Result<u64> {
        match self.short_number() {
            Some(number) => Ok(number),
            None => decimal(self.required(field)?, field),
        }
    }

    /// The next token, if it is a decimal number of so few digits that none can be too large: nearly all that kernels
    /// print, in one look at each byte.
    fn short_number(&mut self) -> Option<u64> {
        const FIT: usize = 19;
        let text = self.rest.trim_ascii_start();
        let (mut rest, mut value) = (text, 0u64);
        while let [digit @ b'0'..=b'9', more @ ..] = rest {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            rest = more;
        }
        let is_whole = rest.first().is_none_or(u8::is_ascii_whitespace);
        if !is_whole || !(1..=FIT).contains(&(text.len() - rest.len())) {
            return None;
        }
        self.rest = rest;
        Some(value)
    }

    /// The next token as a decimal number, if there is one: for fields that younger kernels append.
    pub fn decimal_if_any(&mut self, field: &'static str) -> Result<Option<u64>> {
        match self.short_number() {
            Some(number) => Ok(Some(number)),
            None => self.token().map(|text| decimal(text, field)).transpose(),
        }
    }

    /// The next token as a decimal number that may be negative.
    pub fn signed(&mut self, field: &'static str) -> Result<i64> {
        let before = *self;
        if let Some(number) = self.short_number().and_then(|number| i64::try_from(number).ok()) {
            return Ok(number);
        }
        *self = before;
        signed(self.required(field)?, field)
    }
}

/// The lines of `bytes`, without their newlines.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || cursor.line())
}

/// The bytes before and after the first `stop`.
#[must_use]
pub fn split_once(bytes: &[u8], stop: u8) -> Option<(&[u8], &[u8])> {
    let mut cursor = Cursor::new(bytes);
    let before = cursor.until(stop)?;
    Some((before, cursor.rest()))
}

/// `bytes` without white space at either end.
#[must_use]
pub fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// A decimal number that fills all of `text`.
pub fn decimal(text: &[u8], field: &'static str) -> Result<u64> {
    number(text, 10, field)
}

/// A hexadecimal number, without prefix, that fills all of `text`.
pub fn hex(text: &[u8], field: &'static str) -> Result<u64> {
    number(text, 16, field)
}

/// An octal number, as the kernel prints modes and flags, that fills all of `text`.
pub fn octal(text: &[u8], field: &'static str) -> Result<u64> {
    number(text, 8, field)
}

/// A decimal number that may be negative.
pub fn signed(text: &[u8], field: &'static str) -> Result<i64> {
    let too_large = || ParseError::overflow(field, text);
    match text.split_first() {
        Some((b'-', digits)) => 0i64.checked_sub_unsigned(decimal(digits, field)?).ok_or_else(too_large),
        _ => i64::try_from(decimal(text, field)?).map_err(|_| too_large()),
    }
}

fn number(text: &[u8], radix: u32, field: &'static str) -> Result<u64> {
    if text.is_empty() {
        return Err(ParseError::malformed(field, text));
    }
    let mut value = 0u64;
    for &byte in text {
        let digit = char::from(byte).to_digit(radix).ok_or_else(|| ParseError::malformed(field, text))?;
        value = value
            .checked_mul(u64::from(radix))
            .and_then(|value| value.checked_add(u64::from(digit)))
            .ok_or_else(|| ParseError::overflow(field, text))?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;
    use proptest::prelude::*;

    #[test]
    fn lines_end_with_or_without_newline() {
        assert_eq!(lines(b"a\n\nb").collect::<Vec<_>>(), [&b"a"[..], b"", b"b"]);
        assert_eq!(lines(b"a\n").count(), 1);
        assert_eq!(lines(b"").count(), 0);
    }

    #[test]
    fn what_is_not_found_leaves_the_cursor() {
        let mut cursor = Cursor::new(b"abc");
        assert_eq!(cursor.until(b'x'), None);
        assert_eq!(cursor.take(4), None);
        assert_eq!(cursor.array::<4>(), None);
        assert_eq!(cursor.rest(), b"abc");
    }

    #[test]
    fn tokens_skip_any_white_space() {
        let mut cursor = Cursor::new(b" \t one  two\n");
        assert_eq!(cursor.token(), Some(&b"one"[..]));
        assert_eq!(cursor.token(), Some(&b"two"[..]));
        assert_eq!(cursor.token(), None);
    }

    #[test]
    fn numbers_say_what_is_wrong() {
        let problem = |text: &[u8]| decimal(text, "x").map_err(|e| e.problem());
        assert_eq!(problem(b"18446744073709551615"), Ok(u64::MAX));
        assert_eq!(problem(b"18446744073709551616"), Err(Problem::Overflow));
        assert_eq!(problem(b""), Err(Problem::Malformed));
        assert_eq!(problem(b"-1"), Err(Problem::Malformed));
        assert_eq!(problem(b"1 "), Err(Problem::Malformed));
        assert_eq!(signed(b"-9223372036854775808", "x"), Ok(i64::MIN));
        assert!(signed(b"9223372036854775808", "x").is_err());
        assert_eq!(hex(b"fF", "x"), Ok(255));
        assert_eq!(octal(b"0100002", "x"), Ok(0o100_002));
    }

    proptest! {
        #[test]
        fn every_number_survives(n: u64, i: i64) {
            prop_assert_eq!(decimal(n.to_string().as_bytes(), "n"), Ok(n));
            prop_assert_eq!(hex(format!("{n:x}").as_bytes(), "n"), Ok(n));
            prop_assert_eq!(signed(i.to_string().as_bytes(), "i"), Ok(i));
        }

        #[test]
        fn a_cursor_reads_the_numbers_of_its_tokens(text in "[ \\n]{0,2}-?[0-9]{0,21}[ x\\t-]?") {
            let mut cursor = Cursor::new(text.as_bytes());
            let token = Cursor::new(text.as_bytes()).token();
            let number = token.map(|token| decimal(token, "n"));
            prop_assert_eq!(cursor.clone().decimal("n"), number.clone().unwrap_or(Err(ParseError::missing("n"))));
            prop_assert_eq!(cursor.clone().decimal_if_any("n"), number.transpose());
            let number = token.map_or(Err(ParseError::missing("n")), |token| signed(token, "n"));
            let (read, rest) = (cursor.signed("n"), cursor.rest());
            prop_assert_eq!(read, number);
            let mut other = Cursor::new(text.as_bytes());
            other.token();
            prop_assert_eq!(rest, other.rest());
        }

        #[test]
        fn lines_lose_nothing_but_newlines(bytes: Vec<u8>) {
            let text: usize = lines(&bytes).map(<[u8]>::len).sum();
            let newlines = bytes.iter().filter(|b| **b == b'\n').count();
            prop_assert_eq!(text + newlines, bytes.len());
        }
    }
}
