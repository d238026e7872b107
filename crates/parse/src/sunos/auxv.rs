//! `/proc/PID/auxv`, proc(5): values that the kernel passed to the dynamic linker.

use super::Model;
use crate::Cursor;

/// `AT_PAGESZ`.
const PAGE_SIZE: u64 = 6;

/// The size of a page, if the vector names it.
#[must_use]
pub fn page_size(bytes: &[u8], model: Model) -> Option<u64> {
    let mut cursor = Cursor::new(bytes);
    // A type of 32 bits, which 64-bit programs pad, and a value as wide as a pointer.
    let mut word = || match model {
        Model::Ilp32 => cursor.array().map(|word| u64::from(u32::from_le_bytes(word))),
        Model::Lp64 => cursor.array().map(u64::from_le_bytes),
    };
    while let (Some(kind), Some(value)) = (word(), word()) {
        if kind & 0xffff_ffff == PAGE_SIZE {
            return Some(value).filter(|size| size.is_power_of_two());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_page_size_is_among_the_words() {
        let large = [3u64, 0x40_0040, 6, 8192, 0, 0].map(u64::to_le_bytes).concat();
        assert_eq!(page_size(&large, Model::Lp64), Some(8192));
        let small = [3u32, 0x805_0034, 6, 4096, 0, 0].map(u32::to_le_bytes).concat();
        assert_eq!(page_size(&small, Model::Ilp32), Some(4096));
        assert_eq!((page_size(&small[..12], Model::Ilp32), page_size(&[], Model::Lp64)), (None, None));
        assert_eq!(page_size(&[6u64, 5].map(u64::to_le_bytes).concat(), Model::Lp64), None);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = (page_size(&bytes, Model::Ilp32), page_size(&bytes, Model::Lp64));
        }
    }
}
