//! Kernel text as Rust has it.

use std::ffi::OsStr;

use psoxide_parse::{Cursor, lines, signed, trim};

/// Text of a label. Prometheus and OTLP take UTF-8 only, so other bytes are replaced.
pub(crate) fn lossy(text: impl AsRef<OsStr>) -> String {
    text.as_ref().to_string_lossy().into_owned()
}

/// Bytes as text of a label.
pub(crate) fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The one number of a file.
pub(crate) fn number(bytes: &[u8]) -> Option<i64> {
    signed(trim(bytes), "value").ok()
}

/// All numbers of a file.
pub(crate) fn numbers(bytes: &[u8]) -> Vec<i64> {
    Cursor::new(bytes).tokens().map_while(|token| signed(token, "value").ok()).collect()
}

/// The numbers of the line that begins with `name`.
pub(crate) fn words(bytes: &[u8], name: &[u8]) -> Vec<i64> {
    let line = lines(bytes).find_map(|line| line.strip_prefix(name).filter(|rest| rest.first() == Some(&b' ')));
    line.map(numbers).unwrap_or_default()
}
