//! `vm.uvmexp`, `vm.vmmeter` and `vfs.generic.bcachestat`: counters of the virtual memory system.

use crate::view::view;

view! {
    /// The counters that are read; newer kernels append others.
    pub struct Uvmexp = "uvmexp" (180) {
        /// Size of a page.
        page_size: i32 = "pagesize" @ 0,
        /// Pages that the system manages.
        pages: i32 = "npages" @ 12,
        /// Free pages.
        free: i32 = "free" @ 16,
        /// Active pages.
        active: i32 = "active" @ 20,
        /// Inactive pages.
        inactive: i32 = "inactive" @ 24,
        /// Wired pages.
        wired: i32 = "wired" @ 32,
        /// Pages of swap space.
        swap_pages: i32 = "swpages" @ 104,
        /// Pages of swap space in use.
        swap_used: i32 = "swpginuse" @ 108,
        /// Page faults.
        faults: u32 = "faults" @ 132,
        /// Interrupts.
        interrupts: u32 = "intrs" @ 140,
        /// Context switches.
        switches: u32 = "swtch" @ 144,
        /// Software interrupts.
        soft_interrupts: u32 = "softs" @ 148,
        /// System calls.
        syscalls: u32 = "syscalls" @ 152,
        /// Pages read from swap space.
        swapped_in: u32 = "pgswapin" @ 168,
        /// Pages written to swap space.
        swapped_out: u32 = "pgswapout" @ 172,
    }
}

view! {
    /// The counters of the buffer cache that are read; kernels of other releases append more or fewer.
    pub struct BufferCache = "bcachestats" (32) {
        /// Pages in the cache.
        pages: i64 = "numbufpages" @ 8,
    }
}

view! {
    /// Memory in use, in pages.
    pub struct Total = "vmtotal" (48) {
        /// Virtual memory that is shared.
        shared_virtual: u32 = "t_vmshr" @ 28,
        /// Physical memory that is shared.
        shared_real: u32 = "t_rmshr" @ 36,
    }
}
