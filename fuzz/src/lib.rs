//! Plain parsers of the files whose parsers in `psoxide-parse` are written for speed.
//!
//! Each is as short as the format allows: it splits the text into lines and words and looks at one after the other.
//! The fuzz targets hold both against each other: the two agree on every input, or one of them is wrong. `None` means that
//! the file is malformed.

pub mod kernel;
pub mod machine;
pub mod process;
pub mod sockets;

/// Splits a file into lines. The last one may lack its newline.
pub fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut all: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if all.last().is_some_and(|last| last.is_empty()) {
        all.pop();
    }
    all
}

/// Splits a text into words.
pub fn words(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect()
}

/// Splits at the first `stop`.
pub fn halves(bytes: &[u8], stop: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == stop)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// A number without sign.
pub fn number(word: &[u8]) -> Option<u64> {
    radix(word, 10)
}

/// A hexadecimal number.
pub fn hex(word: &[u8]) -> Option<u64> {
    radix(word, 16)
}

/// An octal number.
pub fn octal(word: &[u8]) -> Option<u64> {
    radix(word, 8)
}

fn radix(word: &[u8], radix: u32) -> Option<u64> {
    // The standard library would take a `+` too.
    let digits = std::str::from_utf8(word).ok().filter(|text| text.chars().all(|digit| digit.is_digit(radix)))?;
    u64::from_str_radix(digits, radix).ok()
}

/// A number that may be negative.
pub fn signed(word: &[u8]) -> Option<i64> {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    let text = std::str::from_utf8(word).ok().filter(|_| digits.iter().all(u8::is_ascii_digit))?;
    text.parse().ok()
}

/// The word at `place`, as a number.
pub fn nth(words: &[&[u8]], place: usize) -> Option<u64> {
    number(words.get(place)?)
}

/// The word at `place` as a number, if there is one: `Some(None)` if the line is shorter.
pub fn nth_if_any(words: &[&[u8]], place: usize) -> Option<Option<u64>> {
    match words.get(place) {
        None => Some(None),
        Some(word) => number(word).map(Some),
    }
}

/// A number of kB, in bytes.
pub fn kilobytes(text: &[u8]) -> Option<u64> {
    match words(text)[..] {
        [count, b"kB", ..] => number(count)?.checked_mul(1024),
        _ => None,
    }
}
