//! `/proc/PID/cmdline` and `/proc/PID/environ`: proc_pid_cmdline(5), proc_pid_environ(5).
//!
//! A process may write anything over either, so nothing is malformed.

use crate::split_once;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The arguments; none for kernel threads and zombies.
///
/// A process that rewrote its title may have lost the NULs: then spaces separate.
#[must_use]
pub fn cmdline(bytes: &[u8]) -> Vec<Vec<u8>> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let split = |text, stop| {
        let mut all = Vec::with_capacity(memchr::memchr_iter(stop, text).count() + 1);
        all.extend(pieces(text, stop).map(<[u8]>::to_vec));
        all
    };
    match bytes.strip_suffix(b"\0") {
        // A single argument is split if it holds a space, and stays whole otherwise.
        Some(text) if memchr::memchr(0, text).is_none() => split(text, b' '),
        Some(text) => split(text, 0),
        None => split(bytes.strip_suffix(b" ").unwrap_or(bytes), b' '),
    }
}

/// The variables in their order; of two with the same name the later value, in the place of the earlier.
///
/// A name may start with `=`. What has no name or no value is left out, and an empty entry ends the list.
#[must_use]
pub fn environ(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    unique(pieces(bytes, 0).take_while(|entry| !entry.is_empty()).filter_map(variable))
}

/// Keeps each name once, where it stood first, with the value it had last.
pub(crate) fn unique<'a>(variables: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut places = HashMap::new();
    let mut all: Vec<(&[u8], &[u8])> = Vec::new();
    for (name, value) in variables {
        match places.entry(name) {
            Entry::Vacant(place) => {
                place.insert(all.len());
                all.push((name, value));
            }
            Entry::Occupied(place) => {
                if let Some(earlier) = all.get_mut(*place.get()) {
                    earlier.1 = value;
                }
            }
        }
    }
    all.into_iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

/// Splits at the first `=` that is not the first byte.
fn variable(entry: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, after) = entry.split_first()?;
    let at = memchr::memchr(b'=', after)?.checked_add(1)?;
    let (name, from) = entry.split_at_checked(at)?;
    Some((name, from.strip_prefix(b"=")?))
}

/// What stands between the `stop`s: always one piece more than there are of them.
pub(super) fn pieces(bytes: &[u8], stop: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let text = rest?;
        let (piece, after) = split_once(text, stop).map_or((text, None), |(piece, after)| (piece, Some(after)));
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn arguments_are_split_as_psutil_does() {
        let check = |bytes: &[u8], expected: &[&str]| {
            let expected: Vec<_> = expected.iter().map(|text| text.as_bytes().to_vec()).collect();
            assert_eq!(cmdline(bytes), expected, "{}", bytes.escape_ascii());
        };
        check(b"", &[]);
        check(b"\0", &[""]);
        check(b"a\0b\0", &["a", "b"]);
        check(b"a\0b\0\0", &["a", "b", ""]);
        check(b"a b\0c\0", &["a b", "c"]);
        check(b"a b ", &["a", "b"]);
        check(b"a b", &["a", "b"]);
        check(b"a  b  ", &["a", "", "b", ""]);
        check(b"a\0b", &["a\0b"]);
        check(b"a\0", &["a"]);
        check(b"nginx: master process\0", &["nginx:", "master", "process"]);
        check(b"a b\0\0", &["a b", ""]);
    }

    #[test]
    fn variables_keep_their_order() {
        let check = |bytes: &[u8], expected: &[(&str, &str)]| {
            let expected: Vec<_> =
                expected.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
            assert_eq!(environ(bytes), expected, "{}", bytes.escape_ascii());
        };
        check(b"", &[]);
        check(b"\0A=1\0", &[]);
        check(b"A=1\0B=x=y\0C=\0", &[("A", "1"), ("B", "x=y"), ("C", "")]);
        check(b"A=1\0odd\0=\0=x\0B=2\0", &[("A", "1"), ("B", "2")]);
        check(b"=C:=x\0", &[("=C:", "x")]);
        check(b"A=1\0B=2\0A=3\0", &[("A", "3"), ("B", "2")]);
        check(b"A=1\0\0B=2\0", &[("A", "1")]);
        check(b"A=1\0B=2", &[("A", "1"), ("B", "2")]);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, text in "[a=\0 ]{0,20}") {
            for bytes in [&bytes, text.as_bytes()] {
                let _ = cmdline(bytes);
                let _ = environ(bytes);
            }
        }

        #[test]
        fn pieces_lose_nothing_but_stops(bytes: Vec<u8>, stop: u8) {
            prop_assert_eq!(pieces(&bytes, stop).collect::<Vec<_>>().join(&stop), bytes);
        }
    }
}
