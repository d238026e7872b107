//! `swapctl(SWAP_STATS)`: swap devices, as `struct swapent`.

use crate::bsd::swap;
use crate::view::view;

view! {
    /// A swap device.
    pub struct Entry = "swapent" (1044) {
        /// `SWF_` flags.
        flags: i32 = "se_flags" @ 4,
        /// Blocks of 512 bytes in all.
        blocks: i32 = "se_nblks" @ 8,
        /// Blocks in use.
        used: i32 = "se_inuse" @ 12,
    }
}

swap::devices!();
