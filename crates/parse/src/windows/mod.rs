//! What Windows returns: tables of fixed layout, as 64-bit Windows lays them out.
//!
//! Where a field is a pointer into the buffer itself, the buffer's address comes with it ([`Buffer`]), so that no pointer
//! is followed out of the bytes at hand.

pub mod adapters;
pub mod disk_performance;
pub mod handle_table;
pub mod machine;
pub mod peb;
pub mod process;
pub mod process_table;
pub mod processors;
pub mod service_table;
pub mod sessions;
pub mod sid;
pub mod socket_table;
pub mod volume;
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

    /// A buffer whose first 8 bytes are the address that the other bytes stood at.
    pub fn addressed(bytes: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let address = cursor.array().map(u64::from_le_bytes).ok_or_else(|| ParseError::missing("address"))?;
        Ok(Self { bytes: cursor.rest(), address })
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

/// The text up to its NUL.
#[must_use]
pub fn text(bytes: &[u8]) -> Vec<u16> {
    units(bytes).take_while(|unit| *unit != 0).collect()
}

/// The texts of a list in which each ends with a NUL, up to an empty one.
#[must_use]
pub fn texts(bytes: &[u8]) -> Vec<Vec<u16>> {
    let units: Vec<u16> = units(bytes).collect();
    units.split(|unit| *unit == 0).take_while(|text| !text.is_empty()).map(<[u16]>::to_vec).collect()
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

#[cfg(test)]
mod tests {
    use super::testing::{wide, wide_bytes};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_end_with_a_nul() {
        assert_eq!(text(&wide_bytes("ab\0c")), wide("ab"));
        assert_eq!(text(&wide_bytes("ab")), wide("ab"));
        assert_eq!(texts(&wide_bytes("a\0bc\0\0d\0")), [wide("a"), wide("bc")]);
        assert!(texts(&[]).is_empty() && text(&[7]).is_empty());
    }

    #[test]
    fn an_addressed_buffer_begins_with_its_address() {
        let bytes = [&0x1000u64.to_le_bytes()[..], &wide_bytes("xyz\0")].concat();
        let buffer = Buffer::addressed(&bytes).unwrap();
        assert_eq!(buffer.text(0x1002, "name"), Ok(wide("yz")));
        assert_eq!(Buffer::addressed(&bytes[..7]).unwrap_err().field(), "address");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), address: u64) {
            let _ = (text(&bytes), texts(&bytes));
            if let Ok(buffer) = Buffer::addressed(&bytes) {
                let _ = (buffer.text(address, "text"), buffer.record(address, "record"));
            }
        }
    }
}
