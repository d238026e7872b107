//! Memory of the machine, and of the calling process's C allocator.

use crate::record::record;
use crate::sys::{self, Live as _, MemoryReadings as _};
use crate::{Result, System};

record! {
    /// Physical memory. The figures agree with `free` to the byte.
    ///
    /// Linux: `/proc/meminfo`, proc_meminfo(5). A field that this kernel's file lacks is `None`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct VirtualMemory = "svmem" {
        /// Usable physical memory.
        total: u64, Bytes, ALL;
        /// Memory that new processes can get without swapping.
        available: u64, Bytes, ALL;
        /// Part of total that is not available.
        percent: f64, Percent, ALL;
        /// Memory in use. Linux: total less available.
        used: u64, Bytes, ALL;
        /// Memory that holds nothing.
        free: u64, Bytes, ALL;
        /// Memory used recently.
        active: Option<u64>, Bytes, LINUX | BSD | MACOS;
        /// Memory not used recently.
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
        /// The cache of ZFS (ARC), a part of wired. The kernel frees most of it when memory is short. Absent without
        /// ZFS.
        arc: Option<u64>, Bytes, FREEBSD;
        /// Memory that holds compressed pages.
        compressed: Option<u64>, Bytes, MACOS;
    }
}

record! {
    /// Swap space.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct SwapMemory = "sswap" {
        /// Total space.
        total: u64, Bytes, ALL;
        /// Space in use.
        used: u64, Bytes, ALL;
        /// Free space.
        free: u64, Bytes, ALL;
        /// Used part of total. 0 without swap space.
        percent: f64, Percent, ALL;
        /// Swapped in from disk since boot.
        sin: Option<u64>, Bytes, LINUX | MACOS | BSD | SUNOS;
        /// Swapped out to disk since boot.
        sout: Option<u64>, Bytes, LINUX | MACOS | BSD | SUNOS;
    }
}

record! {
    /// Memory that the C allocator of the calling process holds.
    ///
    /// glibc: `mallinfo2(3)`. Windows: a walk over all heaps of the process, and over its private memory outside them.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct HeapInfo = "pheap" {
        /// Memory allocated from the heap.
        heap_used: u64, Bytes, LINUX | MACOS | WINDOWS | FREEBSD | NETBSD;
        /// Memory allocated as separate mappings.
        mmap_used: u64, Bytes, LINUX | MACOS | WINDOWS | FREEBSD | NETBSD;
        /// Number of heaps.
        heap_count: Option<u64>, Count, WINDOWS;
    }
}

impl System {
    /// Reads the physical memory of the machine.
    pub fn virtual_memory(&self) -> Result<VirtualMemory> {
        sys::Os::virtual_memory(self.source())
    }

    /// Reads the swap space of the machine. On macOS, `sin` and `sout` count pages of mapped files too, as in psutil.
    pub fn swap_memory(&self) -> Result<SwapMemory> {
        sys::Os::swap_memory(self.source())
    }
}

/// Reads the memory that the C allocator of the calling process holds (glibc, macOS, Windows, FreeBSD, NetBSD).
pub fn heap_info() -> Result<HeapInfo> {
    sys::Os::heap_info()
}

/// Returns free memory of the C allocator to the system. Returns whether any was returned (glibc: `malloc_trim(3)`).
pub fn heap_trim() -> Result<bool> {
    sys::Os::heap_trim()
}

/// Returns `part` as a percentage of `whole`, or 0 if `whole` is 0.
#[allow(clippy::cast_precision_loss)] // a percentage needs 53 bits least of all
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}
