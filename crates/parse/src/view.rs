//! Views of fixed-layout records: the size is checked once, and then every field is there.

use crate::{Cursor, ParseError, Result};

/// Declares a view of a C struct: its name and size in the headers, then the offset of each field.
///
/// `Name::new` checks the length of the bytes. Each field becomes a method that reads it by a constant offset, which the
/// compiler holds against the size, so a method cannot fail. `Name::LAYOUT` lists the fields for the comparison with the
/// headers. A field is a number (`u32`), text that ends at its first NUL (`[text 20]`), bytes (`[bytes 16]`) or another
/// view (`[Rusage]`).
macro_rules! view {
    ($(#[$meta:meta])* $vis:vis struct $name:ident = $c:literal ($size:literal) {
        $($(#[$doc:meta])* $field:ident: $kind:tt = $member:literal @ $at:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name<'a>(&'a [u8; $size]);

        impl<'a> $name<'a> {
            /// The name of the struct in the system's headers.
            $vis const STRUCT: &'static str = $c;
            /// The size of the struct in bytes.
            $vis const SIZE: usize = $size;
            /// The name of each field in the headers and its offset.
            $vis const LAYOUT: &'static [(&'static str, usize)] = &[$(($member, $at)),+];

            /// Views the first [`Self::SIZE`] bytes; fails if there are fewer.
            $vis fn new(bytes: &'a [u8]) -> crate::Result<Self> {
                match bytes.first_chunk() {
                    Some(record) => Ok(Self(record)),
                    None => Err(crate::ParseError::missing($c)),
                }
            }

            $($(#[$doc])* #[must_use] $vis fn $field(self) -> $crate::view::view!(@type $kind) {
                $crate::view::view!(@read self.0, $at, $kind, $size)
            })+
        }
    };
    (@type [text $length:literal]) => { &'a [u8] };
    (@type [bytes $length:literal]) => { &'a [u8; $length] };
    (@type [$view:ident]) => { $view<'a> };
    (@type $number:ident) => { $number };
    (@read $bytes:expr, $at:literal, [text $length:literal], $size:literal) => {
        $crate::view::text($crate::view::part::<$at, $length, $size>($bytes))
    };
    (@read $bytes:expr, $at:literal, [bytes $length:literal], $size:literal) => {
        $crate::view::part::<$at, $length, $size>($bytes)
    };
    (@read $bytes:expr, $at:literal, [$view:ident], $size:literal) => {
        $view($crate::view::part::<$at, { $view::SIZE }, $size>($bytes))
    };
    (@read $bytes:expr, $at:literal, $number:ident, $size:literal) => {
        $number::from_le_bytes(*$crate::view::part::<$at, { size_of::<$number>() }, $size>($bytes))
    };
}
pub(crate) use view;

/// The `N` bytes from `AT` on. The build fails if they are not all within the record.
pub(crate) fn part<const AT: usize, const N: usize, const SIZE: usize>(record: &[u8; SIZE]) -> &[u8; N] {
    const { assert!(AT + N <= SIZE, "the field ends outside the record") };
    // The assertion above makes the default unreachable.
    record.get(AT..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; N])
}

/// The bytes before the first NUL, or all of them.
pub(crate) fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Records of one size, one after the other: whole ones first, then an error for one that is cut off.
pub(crate) fn chunks<'a>(bytes: &'a [u8], size: usize, record: &'static str) -> impl Iterator<Item = Result<&'a [u8]>> {
    records(bytes, record, move |_| size)
}

/// Records that each begin with their own length, a little-endian number of at least 32 bits of which only these matter:
/// whole ones first, then an error for one that is cut off.
pub(crate) fn packed<'a>(bytes: &'a [u8], record: &'static str) -> impl Iterator<Item = Result<&'a [u8]>> {
    records(bytes, record, |rest| rest.first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize))
}

/// Records whose length `measure` finds at their beginning; a length of 0 is an error.
fn records<'a>(
    bytes: &'a [u8],
    record: &'static str,
    measure: impl Fn(&[u8]) -> usize,
) -> impl Iterator<Item = Result<&'a [u8]>> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || {
        if cursor.is_empty() {
            return None;
        }
        let length = measure(cursor.rest());
        let found = if length == 0 { None } else { cursor.take(length) };
        if found.is_none() {
            cursor = Cursor::new(&[]);
        }
        Some(found.ok_or_else(|| ParseError::missing(record)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;

    view! {
        /// A part of [`Whole`].
        struct Part = "part" (3) {
            /// One byte.
            low: u8 = "low" @ 0,
            /// Two bytes.
            high: i16 = "high" @ 1,
        }
    }

    view! {
        /// A struct of every kind of field.
        struct Whole = "whole" (12) {
            /// A number.
            number: u32 = "number" @ 0,
            /// A text.
            name: [text 3] = "name" @ 4,
            /// Bytes.
            raw: [bytes 2] = "raw" @ 7,
            /// Another view.
            part: [Part] = "part" @ 9,
        }
    }

    #[test]
    fn fields_are_read_by_their_offsets() {
        let bytes = [1, 0, 0, 0x80, b'a', 0, b'b', 7, 8, 9, 0xfe, 0xff, 77];
        let whole = Whole::new(&bytes).unwrap();
        assert_eq!((whole.number(), whole.name(), whole.raw()), (0x8000_0001, &b"a"[..], &[7, 8]));
        assert_eq!((whole.part().low(), whole.part().high()), (9, -2));
        assert_eq!((Whole::STRUCT, Whole::SIZE, Whole::LAYOUT[1]), ("whole", 12, ("name", 4)));
        assert_eq!((Part::STRUCT, Part::LAYOUT[1]), ("part", ("high", 1)));
        assert_eq!(Part::new(&bytes[9..]).unwrap().high(), -2);
        let short = Whole::new(&bytes[..11]).unwrap_err();
        assert_eq!((short.field(), short.problem()), ("whole", Problem::Missing));
    }

    #[test]
    fn a_record_that_is_cut_off_comes_after_the_whole_ones() {
        let found: Vec<_> = chunks(&[1, 2, 3, 4, 5], 2, "x").collect();
        assert_eq!(found, [Ok(&[1, 2][..]), Ok(&[3, 4]), Err(ParseError::missing("x"))]);
        assert_eq!(chunks(&[1], 0, "x").count(), 1);
        assert_eq!(chunks(&[], 2, "x").count(), 0);
        let found: Vec<_> = packed(&[5, 0, 0, 0, 9, 4, 0, 0, 0, 6, 0, 0, 0, 1], "x").collect();
        assert_eq!(found, [Ok(&[5, 0, 0, 0, 9][..]), Ok(&[4, 0, 0, 0]), Err(ParseError::missing("x"))]);
        assert_eq!(packed(&[0; 9], "x").count(), 1);
    }
}
