//! `swapctl(SWAP_STATS)` of NetBSD and OpenBSD, whose structs differ in offsets only.

use crate::{ParseError, Result};

/// A swap device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// `SWF_` flags.
    pub flags: i32,
    /// Blocks of 512 bytes in all.
    pub blocks: i32,
    /// Blocks in use.
    pub used: i32,
}

impl Device {
    /// Whether the kernel may write pages to it: `SWF_ENABLE`.
    const fn is_enabled(self) -> bool {
        self.flags & 2 != 0
    }

    /// The bytes in all and in use.
    fn sizes(self) -> Result<(u64, u64)> {
        Ok((bytes(self.blocks, "se_nblks")?, bytes(self.used, "se_inuse")?))
    }
}

/// Bytes in so many blocks of `DEV_BSIZE`. A negative count is an error of `field`.
fn bytes(blocks: i32, field: &'static str) -> Result<u64> {
    const BLOCK: u64 = 512;
    let blocks = u64::try_from(blocks).map_err(|_| ParseError::malformed(field, blocks.to_string().as_bytes()))?;
    Ok(blocks * BLOCK)
}

/// The bytes in all and in use of each device that is enabled.
pub(crate) fn sizes(devices: impl Iterator<Item = Result<Device>>) -> Result<Vec<(u64, u64)>> {
    let enabled = devices.filter(|device| device.as_ref().map_or(true, |device| device.is_enabled()));
    enabled.map(|device| device?.sizes()).collect()
}

/// Writes `devices` and `sizes` from the view `Entry`.
macro_rules! devices {
    () => {
        /// Reads the swap devices.
        pub fn devices(bytes: &[u8]) -> impl Iterator<Item = $crate::Result<$crate::bsd::swap::Device>> {
            $crate::view::chunks(bytes, Entry::SIZE, Entry::STRUCT).map(|entry| {
                let entry = Entry::new(entry?)?;
                Ok($crate::bsd::swap::Device { flags: entry.flags(), blocks: entry.blocks(), used: entry.used() })
            })
        }

        /// Reads the bytes in all and in use of each device that pages may be written to.
        pub fn sizes(bytes: &[u8]) -> $crate::Result<Vec<(u64, u64)>> {
            $crate::bsd::swap::sizes(devices(bytes))
        }
    };
}
pub(crate) use devices;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{netbsd, openbsd};

    /// A struct of `size` bytes that has these three numbers from `at` on.
    fn entry(size: usize, at: usize, numbers: [i32; 3]) -> Vec<u8> {
        let mut made = crate::fields::testing::Made::new(size);
        made.set(at, numbers.map(i32::to_le_bytes).concat());
        made.0
    }

    #[test]
    fn devices_of_both_systems() {
        let expected = Device { flags: 3, blocks: 1 << 20, used: 7 };
        let numbers = [3, 1 << 20, 7];
        assert_eq!(netbsd::swap::devices(&entry(1056, 8, numbers)).next(), Some(Ok(expected)));
        assert_eq!(openbsd::swap::devices(&entry(1044, 4, numbers)).next(), Some(Ok(expected)));
        assert_eq!(expected.sizes(), Ok((512 << 20, 3584)));
        assert!(expected.is_enabled() && !Device { flags: 1, ..expected }.is_enabled());
    }

    #[test]
    fn negative_counts_and_cut_off_devices_are_errors() {
        let device = Device { flags: 2, blocks: 1, used: -1 };
        assert_eq!(device.sizes().unwrap_err().field(), "se_inuse");
        let bytes = [entry(1044, 4, [2, 8, 0]), vec![0; 9]].concat();
        let found: Vec<_> = openbsd::swap::devices(&bytes).collect();
        assert!(found.len() == 2 && found[0].is_ok() && found[1].is_err());
        assert_eq!(openbsd::swap::sizes(&bytes).unwrap_err().field(), "swapent");
        let disabled = [entry(1044, 4, [2, 8, 1]), entry(1044, 4, [1, 100, 100])].concat();
        assert_eq!(openbsd::swap::sizes(&disabled), Ok(vec![(4096, 512)]));
    }
}
