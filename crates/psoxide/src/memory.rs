//! Memory of the machine, and the allocator of the calling process.

use crate::record::record;
use crate::sys::{self, Live as _, MemoryReadings as _};
use crate::{Result, System};

record! {
    /// Physical memory. The figures are those of `free`, to the byte.
    ///
    /// Linux: `/proc/meminfo`, proc_meminfo(5). A field that this kernel's file lacks is `None`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct VirtualMemory = "svmem" {
        /// Usable physical memory.
        total: u64, Bytes, ALL;
        /// What can be given to new processes without swapping.
        available: u64, Bytes, ALL;
        /// The part of total that is not available.
        percent: f64, Percent, ALL;
        /// In use: total less available on Linux.
        used: u64, Bytes, ALL;
        /// Not used for anything.
        free: u64, Bytes, ALL;
        /// In use or used recently.
        active: Option<u64>, Bytes, LINUX | BSD | MACOS;
        /// Not used recently.
        inactive: Option<u64>, Bytes, LINUX | BSD | MACOS;
        /// Cached file-system metadata.
        buffers: Option<u64>, Bytes, LINUX | BSD;
        /// Cached file contents and reclaimable slab.
        cached: Option<u64>, Bytes, LINUX | BSD;
        /// Shared between processes: tmpfs and shared memory.
        shared: Option<u64>, Bytes, LINUX | BSD;
        /// Kernel data structures.
        slab: Option<u64>, Bytes, LINUX;
        /// Wired: the kernel may not move it to swap space.
        wired: Option<u64>, Bytes, BSD | MACOS;
        /// The cache of ZFS, a part of wired, most of which is given up when memory is short. `None` without ZFS.
        arc: Option<u64>, Bytes, FREEBSD;
    }
}

record! {
    /// Swap space.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct SwapMemory = "sswap" {
        /// All of it.
        total: u64, Bytes, ALL;
        /// In use.
        used: u64, Bytes, ALL;
        /// Not in use.
        free: u64, Bytes, ALL;
        /// The part of total that is in use; 0 where there is no swap.
        percent: f64, Percent, ALL;
        /// Swapped in from disk since boot.
        sin: Option<u64>, Bytes, LINUX | MACOS | BSD | SUNOS;
        /// Swapped out to disk since boot.
        sout: Option<u64>, Bytes, LINUX | MACOS | BSD | SUNOS;
    }
}

record! {
    /// What the C allocator of the calling process holds.
    ///
    /// glibc: `mallinfo2(3)`. Windows: a walk over all heaps of the process, and over its private memory outside them.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct HeapInfo = "pheap" {
        /// Allocated from the heap.
        heap_used: u64, Bytes, LINUX | MACOS | WINDOWS | FREEBSD | NETBSD;
        /// Allocated as mappings of their own.
        mmap_used: u64, Bytes, LINUX | MACOS | WINDOWS | FREEBSD | NETBSD;
        /// How many heaps there are.
        heap_count: Option<u64>, Count, WINDOWS;
    }
}

impl System {
    /// Physical memory.
    pub fn virtual_memory(&self) -> Result<VirtualMemory> {
        sys::Os::virtual_memory(self.source())
    }

    /// Swap space.
    pub fn swap_memory(&self) -> Result<SwapMemory> {
        sys::Os::swap_memory(self.source())
    }
}

/// What the C allocator of the calling process holds (glibc, macOS, Windows, FreeBSD, NetBSD).
pub fn heap_info() -> Result<HeapInfo> {
    sys::Os::heap_info()
}

/// Gives free memory of the C allocator back to the system; whether any was given back (glibc: `malloc_trim(3)`).
pub fn heap_trim() -> Result<bool> {
    sys::Os::heap_trim()
}

/// `part` of `whole` in percent; 0 of nothing.
#[allow(clippy::cast_precision_loss)] // a percentage needs 53 bits least of all
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}
