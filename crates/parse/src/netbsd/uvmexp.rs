//! `vm.uvmexp2`: counters of the virtual memory system, as `struct uvmexp_sysctl`.

use crate::view::view;
use crate::{ParseError, Result};

view! {
    /// The counters that are read; newer kernels append others.
    pub struct Uvmexp = "uvmexp_sysctl" (592) {
        /// Size of a page.
        page_size: i64 = "pagesize" @ 0,
        /// Pages that the system manages.
        pages: i64 = "npages" @ 24,
        /// Free pages.
        free: i64 = "free" @ 32,
        /// Active pages.
        active: i64 = "active" @ 40,
        /// Inactive pages.
        inactive: i64 = "inactive" @ 48,
        /// Wired pages.
        wired: i64 = "wired" @ 64,
        /// Pages of swap space.
        swap_pages: i64 = "swpages" @ 136,
        /// Pages of swap space in use.
        swap_used: i64 = "swpginuse" @ 144,
        /// Page faults.
        faults: i64 = "faults" @ 192,
        /// Traps.
        traps: i64 = "traps" @ 200,
        /// Device interrupts.
        interrupts: i64 = "intrs" @ 208,
        /// Context switches.
        switches: i64 = "swtch" @ 216,
        /// Software interrupts.
        soft_interrupts: i64 = "softs" @ 224,
        /// System calls.
        syscalls: i64 = "syscalls" @ 232,
        /// Pages read from swap space.
        swapped_in: i64 = "pgswapin" @ 264,
        /// Pages written to swap space.
        swapped_out: i64 = "pgswapout" @ 272,
        /// Forks.
        forks: i64 = "forks" @ 280,
        /// Pages of anonymous memory.
        anonymous: i64 = "anonpages" @ 568,
        /// Pages of cached files.
        file: i64 = "filepages" @ 576,
        /// Pages of cached programs.
        executable: i64 = "execpages" @ 584,
    }
}

/// A count that the kernel keeps in a signed number; a negative one is an error of `field`.
pub fn count(number: i64, field: &'static str) -> Result<u64> {
    u64::try_from(number).map_err(|_| ParseError::malformed(field, number.to_string().as_bytes()))
}
