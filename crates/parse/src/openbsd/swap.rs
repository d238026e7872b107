//! `swapctl(SWAP_STATS)`: swap devices, as `struct swapent`.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// A swap device.
    pub struct Device = "swapent" (1044) {
        /// `SWF_` flags, [`ENABLED`] among them.
        flags: i32 = "se_flags" @ 4,
        /// Blocks of [`BLOCK`] bytes in all.
        blocks: i32 = "se_nblks" @ 8,
        /// Blocks in use.
        used: i32 = "se_inuse" @ 12,
        /// Priority; lower ones are used first.
        priority: i32 = "se_priority" @ 16,
    }
}

/// `SWF_ENABLE`: pages may be written to it.
pub const ENABLED: i32 = 2;
/// `DEV_BSIZE`, the bytes of a block.
pub const BLOCK: u64 = 512;

/// Reads the swap devices.
pub fn devices(bytes: &[u8]) -> impl Iterator<Item = Result<Device<'_>>> {
    chunks(bytes, Device::SIZE, Device::STRUCT).map(|record| Device::new(record?))
}
