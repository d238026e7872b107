//! `QueryWorkingSetEx`: which pages are in physical memory, and whose they are.

use crate::Result;
use crate::fields::{Fields, Rows};

/// How many of the pages that were asked for are in physical memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pages {
    /// In physical memory.
    pub resident: u64,
    /// In physical memory, and in no other process's: what may be shared counts where nobody else has it.
    pub private: u64,
}

/// Counts the pages of `PSAPI_WORKING_SET_EX_INFORMATION` entries: an address and its attributes.
#[must_use]
pub fn count(bytes: &[u8]) -> Pages {
    const VALID: u64 = 1;
    const SHARED: u64 = 1 << 15;
    // How many processes have it; 7 stands for as many or more.
    let sharers = |page: u64| page >> 1 & 7;
    let attributes = Rows::all(bytes, 16).filter_map(|row| row.u64(8, "VirtualAttributes").ok());
    attributes.filter(|page| page & VALID != 0).fold(Pages::default(), |pages, page| Pages {
        resident: pages.resident + 1,
        private: pages.private + u64::from(page & SHARED == 0 || sharers(page) <= 1),
    })
}

impl Pages {
    /// Both counts, 8 bytes each, as [`counted`] reads them.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        [self.resident.to_le_bytes(), self.private.to_le_bytes()].concat()
    }
}

/// The counts of pages that have been counted where they were read.
pub fn counted(bytes: &[u8]) -> Result<Pages> {
    let fields = Fields(bytes);
    Ok(Pages { resident: fields.u64(0, "resident")?, private: fields.u64(8, "private")? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_resident_pages_count() {
        let mut made = Made::new(72);
        // A private page, one that two have, one that two could have, and one that is not there.
        made.u64(8, 1).u64(24, 0x8005).u64(40, 0x8003).u64(56, 0x8000);
        assert_eq!(count(&made.0), Pages { resident: 3, private: 2 });
        assert_eq!(count(&[]), Pages::default());
        let pages = Pages { resident: 3, private: 2 };
        assert_eq!(counted(&pages.to_bytes()), Ok(pages));
        assert_eq!(counted(&[0; 15]).unwrap_err().field(), "private");
    }

    proptest! {
        #[test]
        fn never_more_private_than_resident(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let pages = count(&bytes);
            prop_assert!(pages.private <= pages.resident && pages.resident <= bytes.len() as u64 / 16);
        }
    }
}
