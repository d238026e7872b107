//! Argument and environment blocks: `kern.proc_args` and `kern.proc.args`.
//!
//! A process may write anything over its own block, so nothing here is malformed.

use crate::{Cursor, linux::strings};

/// Splits a block into its strings, each of which ends with a NUL; the last may lack it.
///
/// NetBSD and FreeBSD return such a block for arguments and environments.
#[must_use]
pub fn strings(block: &[u8]) -> Vec<&[u8]> {
    let mut cursor = Cursor::new(block);
    let mut all = Vec::new();
    while !cursor.is_empty() {
        all.extend(cursor.until(0).or_else(|| cursor.take(cursor.rest().len())));
    }
    all
}

/// Splits a block that starts with a vector of pointers, as OpenBSD returns it.
///
/// The pointers are addresses in the buffer that the kernel filled. A null pointer ends them, and the strings follow
/// in the same order, so the addresses themselves are not needed. A block that was cut off keeps the strings it has.
#[must_use]
pub fn vector(block: &[u8]) -> Vec<&[u8]> {
    let mut cursor = Cursor::new(block);
    let mut count = 0usize;
    while let Some(pointer) = cursor.array::<8>() {
        if pointer == [0; 8] {
            let mut all = strings(cursor.rest());
            all.truncate(count);
            return all;
        }
        count = count.saturating_add(1);
    }
    Vec::new()
}

/// Reads `NAME=value` strings as variables, in their order; of two with the same name the later value, in the place of
/// the earlier. A string without `=` is left out.
#[must_use]
pub fn variables(entries: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
    strings::unique(entries.iter().filter_map(|entry| crate::split_once(entry, b'=')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_block_of_strings() {
        assert_eq!(strings(b"rec\x00300\x00"), [&b"rec"[..], b"300"]);
        assert_eq!(strings(b"\x00"), [&b""[..]]);
        assert_eq!(
            strings(b"odd name\x00\x00a b\tc\x00\xff\xfe raw"),
            [&b"odd name"[..], b"", b"a b\tc", b"\xff\xfe raw"]
        );
        assert_eq!(strings(b""), Vec::<&[u8]>::new());
    }

    #[test]
    fn a_vector_and_its_strings() {
        let block = |pointers: usize, text: &[u8]| [&[0x11; 8].repeat(pointers), &[0; 8][..], text].concat();
        assert_eq!(vector(&block(2, b"rec\x00z\x00")), [&b"rec"[..], b"z"]);
        assert_eq!(vector(&block(1, b"\x00")), [&b""[..]]);
        assert_eq!(vector(&block(0, b"")), Vec::<&[u8]>::new());
        assert_eq!(vector(&block(3, b"a\x00b")), [&b"a"[..], b"b"]);
        assert_eq!(vector(&block(1, b"a\x00junk\x00")), [&b"a"[..]]);
        assert_eq!(vector(&[1; 12]), Vec::<&[u8]>::new());
    }

    #[test]
    fn variables_keep_what_other_systems_drop() {
        let entries = [&b"A=1"[..], b"", b"EMPTY=", b"NOEQ", b"A=2", b"=x"];
        let pair = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
        assert_eq!(variables(&entries), [pair(b"A", b"2"), pair(b"EMPTY", b""), pair(b"", b"x")]);
    }

    proptest! {
        #[test]
        fn no_string_is_lost(texts in proptest::collection::vec("[a-z ]{0,5}", 0..6)) {
            let block: Vec<u8> = texts.iter().flat_map(|text| [text.as_bytes(), &[0]].concat()).collect();
            prop_assert_eq!(strings(&block), texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>());
            let block = [[7; 8].repeat(texts.len()), vec![0; 8], block].concat();
            prop_assert_eq!(vector(&block), texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>());
        }

        #[test]
        fn never_panics(block: Vec<u8>) {
            let _ = (variables(&strings(&block)), variables(&vector(&block)));
        }
    }
}
