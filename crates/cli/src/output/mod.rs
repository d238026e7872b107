//! How values are shown.

pub(crate) mod column;
pub(crate) mod csv;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod rate;
pub(crate) mod schema;
pub(crate) mod sink;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod tree;
pub(crate) mod value;
pub(crate) mod write;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;

use psoxide::{Error, ErrorKind};

/// Text of the system on one line: what could move the cursor or reorder the line is escaped, and what is not UTF-8
/// is shown as `\xHH`.
pub(crate) fn escape(text: &OsStr) -> String {
    let mut shown = String::new();
    escape_to(&mut shown, text);
    shown
}

/// The same, behind what there is.
pub(crate) fn escape_to(shown: &mut String, text: &OsStr) {
    if let Some(plain) = text.to_str().filter(|text| text.bytes().all(|byte| matches!(byte, b' '..=b'~'))) {
        return shown.push_str(plain);
    }
    for chunk in text.as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => shown.push_str("\\n"),
                '\r' => shown.push_str("\\r"),
                '\t' => shown.push_str("\\t"),
                c if c.is_ascii_control() => _ = write!(shown, "\\x{:02x}", u32::from(c)),
                // C1 controls, line separators, and those that turn the direction of writing.
                c if c.is_control()
                    || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
                {
                    _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
                }
                c => shown.push(c),
            }
        }
        for byte in chunk.invalid() {
            _ = write!(shown, "\\x{byte:02x}");
        }
    }
}

/// A command line on one line.
pub(crate) fn command(cmdline: &[OsString]) -> String {
    let mut shown = String::new();
    command_to(&mut shown, cmdline);
    shown
}

pub(crate) fn command_to(shown: &mut String, cmdline: &[OsString]) {
    for (i, arg) in cmdline.iter().enumerate() {
        if i > 0 {
            shown.push(' ');
        }
        escape_to(shown, arg);
    }
}

/// A number, for which a formatter would take longer than for all the rest of a row.
pub(crate) fn number_to(shown: &mut String, number: u64) {
    shown.push_str(itoa::Buffer::new().format(number));
}

/// Why a field has no value, in two or three words.
pub(crate) fn reason(error: &Error) -> String {
    match error.kind() {
        ErrorKind::AccessDenied => "permission denied".into(),
        ErrorKind::Unsupported => "not supported here".into(),
        ErrorKind::ZombieProcess => "none (zombie)".into(),
        _ => escape(error.to_string().as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for number in [0, 7, 10, 999, 65_536, u64::MAX] {
            let mut shown = String::from("n");
            number_to(&mut shown, number);
            assert_eq!(shown, format!("n{number}"));
        }
    }

    #[test]
    fn names_cannot_break_the_line() {
        assert_eq!(escape("a\nb\x1b[2J\u{9b}\u{202e}é".as_ref()), "a\\nb\\x1b[2J\\u{9b}\\u{202e}é");
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_utf8() {
        use std::os::unix::ffi::OsStrExt as _;
        assert_eq!(escape(OsStr::from_bytes(b"a\xffb")), "a\\xffb");
    }
}
