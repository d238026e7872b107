//! `vm.swap_info.N`: a device that is swapped to, as `struct xswdev`.

use crate::view::view;
use crate::{ParseError, Result};

view! {
    /// A swap device. Sizes are in pages.
    pub struct Device = "xswdev" (32) {
        /// Version of the record.
        version: u32 = "xsw_version" @ 0,
        /// Device number.
        device: u64 = "xsw_dev" @ 8,
        /// Flags.
        flags: i32 = "xsw_flags" @ 16,
        /// Pages.
        pages: i32 = "xsw_nblks" @ 20,
        /// Pages in use.
        used: i32 = "xsw_used" @ 24,
    }
}

/// The version of the record that FreeBSD has had since 12.
const VERSION: u32 = 2;

/// Pages, and pages in use.
pub fn pages(bytes: &[u8]) -> Result<(u64, u64)> {
    let device = Device::new(bytes)?;
    if device.version() != VERSION {
        return Err(ParseError::malformed("xsw_version", device.version().to_string().as_bytes()));
    }
    Ok((super::count(device.pages().into(), "xsw_nblks")?, super::count(device.used().into(), "xsw_used")?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pages_of_a_device() {
        let mut made = Made::new(32);
        made.u32(0, 2).u32(20, 8191).u32(24, 10);
        assert_eq!(pages(&made.0), Ok((8191, 10)));
        assert_eq!(pages(&made.0[..31]).unwrap_err().field(), "xswdev");
        assert_eq!(pages(&made.u32(24, u32::MAX).0).unwrap_err().field(), "xsw_used");
        assert_eq!(pages(&made.u32(0, 3).0).unwrap_err().field(), "xsw_version");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = pages(&bytes);
        }
    }
}
