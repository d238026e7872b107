//! Texts of a system, which need not be UTF-8.

use std::ffi::{OsStr, OsString};

/// The bytes of a text.
pub type Text = Vec<u8>;

/// A byte that is not UTF-8 is written to other tools as the character with this number plus the byte: private use.
const ESCAPE: u32 = 0x10_FF00;

pub(crate) fn of(text: &OsStr) -> Text {
    text.as_encoded_bytes().to_vec()
}

#[cfg(unix)]
pub(crate) fn os(text: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(text.to_vec())
}

#[cfg(not(unix))]
pub(crate) fn os(text: &[u8]) -> OsString {
    String::from_utf8_lossy(text).into_owned().into()
}

/// The text as UTF-8.
pub(crate) fn escaped(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(ESCAPE + u32::from(*byte))));
    }
    out
}

/// The bytes of a text that [`escaped`] wrote.
#[cfg(feature = "parquet")]
pub(crate) fn unescaped(text: &[u8]) -> Text {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for char in chunk.valid().chars() {
            match u32::from(char).checked_sub(ESCAPE).and_then(|byte| u8::try_from(byte).ok()) {
                Some(byte) if !byte.is_ascii() => out.push(byte),
                _ => out.extend(char.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        out.extend(chunk.invalid());
    }
    out
}

#[cfg(all(test, feature = "parquet"))]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            // Where they already hold the private characters, they do not.
            proptest::prop_assume!(!bytes.contains(&0xf4));
            proptest::prop_assert_eq!(unescaped(escaped(&bytes).as_bytes()), bytes);
        }
    }
}
