//! Writes bytes as text: with escapes if most bytes are text, otherwise in rows of hexadecimal digits.

use std::fmt::Write as _;

/// The number of bytes in a row.
const ROW: usize = 16;

/// Appends `bytes` as text on one line.
pub(crate) fn escape_to(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\0' => out.push_str("\\0"),
                '\t' => out.push(c),
                c if c.is_ascii_control() => hex_escape(out, u32::from(c)),
                c => out.push(c),
            }
        }
        for &byte in chunk.invalid() {
            hex_escape(out, u32::from(byte));
        }
    }
}

/// Returns `bytes` as text on one line.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    escape_to(&mut out, bytes);
    out
}

/// Appends one byte as `\xHH`.
fn hex_escape(out: &mut String, byte: u32) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\x{byte:02x}");
}

/// Reverses [`escape`]. Appends the bytes to `out`.
pub(crate) fn unescape_to(out: &mut Vec<u8>, text: &str) -> Result<(), &'static str> {
    const WRONG: &str = "an escape other than \\\\, \\0 and \\xHH";
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        let (plain, escape) = rest.split_at_checked(at).ok_or(WRONG)?;
        out.extend_from_slice(plain);
        rest = match escape {
            [_, b'\\', rest @ ..] => {
                out.push(b'\\');
                rest
            }
            [_, b'0', rest @ ..] => {
                out.push(0);
                rest
            }
            [_, b'x', high, low, rest @ ..] => {
                out.push(byte(*high, *low).ok_or(WRONG)?);
                rest
            }
            _ => return Err(WRONG),
        };
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// Reverses [`escape`].
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(text.len());
    unescape_to(&mut out, text)?;
    Ok(out)
}

/// Parses a byte from two hexadecimal digits.
fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Returns whether `bytes` are easier to read as text: at most a third of them need an escape.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let mut escapes = 0;
    for chunk in bytes.utf8_chunks() {
        let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\t');
        escapes += chunk.valid().bytes().filter(control).count() + chunk.invalid().len();
    }
    escapes * 3 <= bytes.len()
}

/// Appends `bytes` as lines: `|` and `>` for text, `+` for rows.
pub(crate) fn content(out: &mut String, bytes: &[u8]) {
    if !is_text(bytes) {
        return rows(out, bytes);
    }
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let (mark, text) = line.strip_suffix(b"\n").map_or(('>', line), |text| ('|', text));
        out.push(mark);
        escape_to(out, text);
        out.push('\n');
    }
}

/// Appends `bytes` in rows. Whole rows of zeros are left out.
fn rows(out: &mut String, bytes: &[u8]) {
    // Writing to a String cannot fail.
    let mut end = 0;
    for (number, row) in bytes.chunks(ROW).enumerate() {
        let offset = number * ROW;
        if row.len() == ROW && row.iter().all(|&byte| byte == 0) {
            continue;
        }
        let _ = write!(out, "+{offset:04x}");
        for at in 0..ROW {
            if at % 4 == 0 {
                out.push(' ');
            }
            let _ = match row.get(at) {
                Some(byte) => write!(out, "{byte:02x}"),
                None => write!(out, "  "),
            };
        }
        out.push_str(" |");
        out.extend(row.iter().map(|&byte| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' }));
        out.push_str("|\n");
        end = offset + row.len();
    }
    if end != bytes.len() {
        let _ = writeln!(out, "+{:04x}", bytes.len());
    }
}

/// Parses a row. `text` follows the `+`. `zeros` is the number of zero bytes that may still be left out.
pub(crate) fn row(out: &mut Vec<u8>, text: &str, zeros: &mut usize) -> Result<(), &'static str> {
    let (offset, rest) = text.split_once(' ').unwrap_or((text, ""));
    let offset = usize::from_str_radix(offset, 16).map_err(|_| "a row without an offset")?;
    let gap = offset.checked_sub(out.len()).ok_or("a row that begins before the end of the one above")?;
    *zeros = zeros.checked_sub(gap).ok_or("more zeros left out than any answer has")?;
    out.resize(offset, 0);
    let mut digits = rest.bytes().take_while(|&byte| byte != b'|').filter(|&byte| byte != b' ');
    while let Some(high) = digits.next() {
        out.push(digits.next().and_then(|low| byte(high, low)).ok_or("a row with something other than bytes")?);
    }
    Ok(())
}
