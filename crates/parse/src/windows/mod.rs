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

use crate::fields::Fields;
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

#[cfg(test)]
mod testing {
    pub(crate) use crate::fields::testing::Made;

    pub(crate) fn wide(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    pub(crate) fn wide_bytes(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }
}
