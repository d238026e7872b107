//! Fixed layouts: structs whose fields are read by their offsets, little-endian, wherever they lie.

use crate::{Cursor, ParseError, Result};

/// A struct: its fields are read by their offsets, wherever it lies.
///
/// A field beyond the end is reported as missing under its own name, so that a record of an older kernel answers for
/// the fields it has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn bytes(self, at: usize, length: usize, field: &'static str) -> Result<&'a [u8]> {
        let mut cursor = Cursor::new(self.0);
        cursor.take(at).and_then(|_| cursor.take(length)).ok_or_else(|| ParseError::missing(field))
    }

    pub(crate) fn array<const N: usize>(self, at: usize, field: &'static str) -> Result<[u8; N]> {
        let mut cursor = Cursor::new(self.0);
        cursor.take(at).and_then(|_| cursor.array()).ok_or_else(|| ParseError::missing(field))
    }

    /// Everything from an offset on.
    pub(crate) fn from(self, at: usize, field: &'static str) -> Result<&'a [u8]> {
        let mut cursor = Cursor::new(self.0);
        cursor.take(at).map(|_| cursor.rest()).ok_or_else(|| ParseError::missing(field))
    }

    pub(crate) fn u8(self, at: usize, field: &'static str) -> Result<u8> {
        self.array(at, field).map(u8::from_le_bytes)
    }

    pub(crate) fn u16(self, at: usize, field: &'static str) -> Result<u16> {
        self.array(at, field).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(self, at: usize, field: &'static str) -> Result<u32> {
        self.array(at, field).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(self, at: usize, field: &'static str) -> Result<u64> {
        self.array(at, field).map(u64::from_le_bytes)
    }

    /// A count of type `int32_t` that is never negative.
    pub(crate) fn count32(self, at: usize, field: &'static str) -> Result<u64> {
        let bytes = self.array::<4>(at, field)?;
        u64::try_from(i32::from_le_bytes(bytes)).map_err(|_| ParseError::malformed(field, &bytes))
    }

    /// A count of type `int64_t` that is never negative.
    pub(crate) fn count64(self, at: usize, field: &'static str) -> Result<u64> {
        let bytes = self.array::<8>(at, field)?;
        u64::try_from(i64::from_le_bytes(bytes)).map_err(|_| ParseError::malformed(field, &bytes))
    }

    /// A process id, which Windows keeps in the width of a pointer.
    pub(crate) fn pid(self, at: usize, field: &'static str) -> Result<u32> {
        let bytes = self.array::<8>(at, field)?;
        u32::try_from(u64::from_le_bytes(bytes)).map_err(|_| ParseError::overflow(field, &bytes))
    }

    /// `count` structs of `size` bytes each, from `at` on.
    pub(crate) fn rows(self, at: usize, size: usize, count: usize, field: &'static str) -> Result<Rows<'a>> {
        let length = size.checked_mul(count).ok_or_else(|| ParseError::missing(field))?;
        Ok(Rows { cursor: Cursor::new(self.bytes(at, length, field)?), size })
    }
}

/// Structs of one size, one after the other; an unfinished one at the end is ignored.
#[derive(Debug, Clone)]
pub(crate) struct Rows<'a> {
    cursor: Cursor<'a>,
    size: usize,
}

impl<'a> Rows<'a> {
    /// All that `bytes` hold.
    pub(crate) const fn all(bytes: &'a [u8], size: usize) -> Self {
        Self { cursor: Cursor::new(bytes), size }
    }

    /// Parses each struct; one that is malformed does not lose the others.
    pub(crate) fn parse<T>(self, one: impl Fn(Fields<'a>) -> Result<T>) -> impl Iterator<Item = Result<T>> {
        self.map(one)
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Fields<'a>;

    fn next(&mut self) -> Option<Fields<'a>> {
        // Nothing ends a walk by steps of no bytes.
        if self.cursor.is_empty() || self.size == 0 { None } else { self.cursor.take(self.size).map(Fields) }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    /// A struct to be filled field by field.
    pub(crate) struct Made(pub(crate) Vec<u8>);

    impl Made {
        pub(crate) fn new(size: usize) -> Self {
            Self(vec![0; size])
        }

        pub(crate) fn set(&mut self, at: usize, bytes: impl AsRef<[u8]>) -> &mut Self {
            let bytes = bytes.as_ref();
            self.0[at..at + bytes.len()].copy_from_slice(bytes);
            self
        }

        pub(crate) fn u32(&mut self, at: usize, value: u32) -> &mut Self {
            self.set(at, value.to_le_bytes())
        }

        pub(crate) fn u64(&mut self, at: usize, value: u64) -> &mut Self {
            self.set(at, value.to_le_bytes())
        }
    }
}
