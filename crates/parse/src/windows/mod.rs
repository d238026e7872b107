//! What Windows hands out: tables of fixed layout, as 64-bit Windows lays them out.
//!
//! Where a field is a pointer into the buffer itself, the buffer's address comes with it ([`Buffer`]), so that nothing
//! is followed that is not within the bytes at hand.

pub mod adapters;
pub mod disk_performance;
pub mod handle_table;
pub mod machine;
pub mod peb;
pub mod process_table;
pub mod processors;
pub mod service_table;
pub mod sid;
pub mod socket_table;
pub mod working_set;

use crate::{Cursor, ParseError, Result};

/// Bytes that the system filled, and the address at which it did.
#[derive(Debug, Clone, Copy)]
pub struct Buffer<'a> {
    bytes: &'a [u8],
    address: u64,
}

impl<'a> Buffer<'a> {
    /// `bytes`, which stood at `address` when they were filled.
    #[must_use]
    pub const fn new(bytes: &'a [u8], address: u64) -> Self {
        Self { bytes, address }
    }

    /// The bytes from an address within the buffer to its end; `None` for any other address.
    fn at(&self, address: u64) -> Option<&'a [u8]> {
        let offset = usize::try_from(address.checked_sub(self.address)?).ok()?;
        let mut cursor = Cursor::new(self.bytes);
        cursor.take(offset)?;
        Some(cursor.rest())
    }

    /// The struct at an address; `None` for a null pointer, which ends lists.
    fn record(&self, address: u64, field: &'static str) -> Result<Option<Fields<'a>>> {
        if address == 0 {
            return Ok(None);
        }
        self.at(address).map(|bytes| Some(Fields(bytes))).ok_or_else(|| out_of_bounds(field, address))
    }

    /// The text at an address, up to its NUL; empty for a null pointer.
    fn text(&self, address: u64, field: &'static str) -> Result<Vec<u16>> {
        if address == 0 {
            return Ok(Vec::new());
        }
        let bytes = self.at(address).ok_or_else(|| out_of_bounds(field, address))?;
        Ok(units(bytes).take_while(|unit| *unit != 0).collect())
    }
}

fn out_of_bounds(field: &'static str, address: u64) -> ParseError {
    ParseError::malformed(field, format!("{address:#x}").as_bytes())
}

/// The 16-bit units of a text; a byte left over is ignored.
fn units(bytes: &[u8]) -> impl Iterator<Item = u16> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || cursor.array().map(u16::from_le_bytes))
}

/// A struct: its fields are read by their offsets, wherever it lies.
#[derive(Debug, Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(self, at: usize, length: usize, field: &'static str) -> Result<&'a [u8]> {
        let mut cursor = Cursor::new(self.0);
        cursor.take(at).and_then(|_| cursor.take(length)).ok_or_else(|| ParseError::missing(field))
    }

    fn array<const N: usize>(self, at: usize, field: &'static str) -> Result<[u8; N]> {
        let mut cursor = Cursor::new(self.0);
        cursor.take(at).and_then(|_| cursor.array()).ok_or_else(|| ParseError::missing(field))
    }

    fn u8(self, at: usize, field: &'static str) -> Result<u8> {
        self.array(at, field).map(u8::from_le_bytes)
    }

    fn u16(self, at: usize, field: &'static str) -> Result<u16> {
        self.array(at, field).map(u16::from_le_bytes)
    }

    fn u32(self, at: usize, field: &'static str) -> Result<u32> {
        self.array(at, field).map(u32::from_le_bytes)
    }

    fn u64(self, at: usize, field: &'static str) -> Result<u64> {
        self.array(at, field).map(u64::from_le_bytes)
    }

    /// A process id, which the system keeps in the width of a pointer.
    fn pid(self, at: usize, field: &'static str) -> Result<u32> {
        let bytes = self.array::<8>(at, field)?;
        u32::try_from(u64::from_le_bytes(bytes)).map_err(|_| ParseError::overflow(field, &bytes))
    }

    /// `count` structs of `size` bytes each, from `at` on.
    fn rows(self, at: usize, size: usize, count: usize, field: &'static str) -> Result<Rows<'a>> {
        let length = size.checked_mul(count).ok_or_else(|| ParseError::missing(field))?;
        Ok(Rows { cursor: Cursor::new(self.bytes(at, length, field)?), size })
    }
}

/// Structs of one size, one after the other; an unfinished one at the end is ignored.
struct Rows<'a> {
    cursor: Cursor<'a>,
    size: usize,
}

impl<'a> Rows<'a> {
    /// All that `bytes` hold.
    const fn all(bytes: &'a [u8], size: usize) -> Self {
        Self { cursor: Cursor::new(bytes), size }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Fields<'a>;

    fn next(&mut self) -> Option<Fields<'a>> {
        if self.cursor.is_empty() { None } else { self.cursor.take(self.size).map(Fields) }
    }
}

#[cfg(test)]
mod testing {
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

    pub(crate) fn wide(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    pub(crate) fn wide_bytes(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }
}
