//! `swapctl(SWAP_STATS)`: swap devices, as `struct swapent`.

use crate::bsd::swap;
use crate::view::view;

view! {
    /// A swap device.
    pub struct Entry = "swapent" (1056) {
        /// `SWF_` flags.
        flags: i32 = "se_flags" @ 8,
        /// Blocks of 512 bytes in all.
        blocks: i32 = "se_nblks" @ 12,
        /// Blocks in use.
        used: i32 = "se_inuse" @ 16,
    }
}

swap::devices!();
