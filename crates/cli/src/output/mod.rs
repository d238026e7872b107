//! The forms of output: tables, JSON, CSV.

pub(crate) mod column;
pub(crate) mod csv;
pub(crate) mod endpoint;
pub(crate) mod glyphs;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod schema;
pub(crate) mod screen;
pub(crate) mod sink;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod tree;
pub(crate) mod value;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::Write as _;

use psoxide::{Error, ErrorKind};

/// Whether a terminal acts on this character, or shows nothing for it: controls, and characters that reorder or hide
/// text.
pub(crate) fn acts_on_terminals(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Text of the system on one line. Characters that a terminal acts on are escaped, bytes that are not UTF-8 become
/// `\xHH`, and in a locale without UTF-8 all of it is ASCII.
pub(crate) fn escape(text: &OsStr) -> String {
    let mut shown = String::new();
    escape_to(&mut shown, text);
    shown
}

/// Appends [`escape`].
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
                c if acts_on_terminals(c) || (glyphs::is_ascii() && !c.is_ascii()) => {
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

/// Appends a number. A formatter would take longer for it than all the rest of a row takes.
pub(crate) fn number_to(shown: &mut String, number: u64) {
    shown.push_str(itoa::Buffer::new().format(number));
}

/// The reason why a field has no value, in two or three words.
pub(crate) fn reason(error: &Error) -> String {
    match error.kind() {
        ErrorKind::AccessDenied => "permission denied".into(),
        ErrorKind::Unsupported => "not supported here".into(),
        ErrorKind::ZombieProcess => "none (zombie)".into(),
        _ => escape(error.to_string().as_ref()),
    }
}

/// Writes a sentence to standard error.
pub(crate) fn say(sentence: &str) {
    let sentence = crate::failure::without_numbers(sentence);
    let _ = writeln!(anstream::stderr(), "psoxide: {sentence}"); // standard error may be closed
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
