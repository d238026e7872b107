//! Reads the heaps of this process.

use std::mem::MaybeUninit;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::Memory::{
    GetProcessHeap, GetProcessHeaps, HeapCompact, HeapLock, HeapUnlock, HeapWalk, MEM_COMMIT, MEM_PRIVATE,
    MEMORY_BASIC_INFORMATION, PROCESS_HEAP_ENTRY, VirtualQuery,
};

use crate::{HeapInfo, Result};

/// PROCESS_HEAP_REGION and PROCESS_HEAP_ENTRY_BUSY of heapapi.h.
const REGION: u16 = 1;
const BUSY: u16 = 4;

fn heaps() -> Vec<HANDLE> {
    let mut heaps: Vec<HANDLE> = vec![std::ptr::null_mut(); 16];
    loop {
        let room = u32::try_from(heaps.len()).unwrap_or(u32::MAX);
        // SAFETY: the buffer has room for `room` handles.
        let count = unsafe { GetProcessHeaps(room, heaps.as_mut_ptr()) } as usize;
        if count <= heaps.len() {
            heaps.truncate(count);
            return heaps;
        }
        heaps.resize(count + 4, std::ptr::null_mut());
    }
}

/// Walks over all heaps. Allocates nothing while a heap is locked.
pub(in super::super) fn heap_info() -> Result<HeapInfo> {
    let heaps = heaps();
    let (mut used, mut regions) = (0, 0);
    for &heap in &heaps {
        // SAFETY: the heap exists. If another thread destroyed it, every other user of the heap would fail as well.
        if unsafe { HeapLock(heap) } == 0 {
            continue;
        }
        // SAFETY: the struct consists of numbers and pointers, for which zero is a value. A walk begins with a null
        // pointer.
        let mut entry: PROCESS_HEAP_ENTRY = unsafe { std::mem::zeroed() };
        // SAFETY: the heap is locked, and the struct is live.
        while unsafe { HeapWalk(heap, &raw mut entry) } != 0 {
            if entry.wFlags & BUSY != 0 {
                used += u64::from(entry.cbData);
            } else if entry.wFlags & REGION != 0 {
                regions += u64::from(entry.cbData);
            }
        }
        // SAFETY: this thread has locked the heap.
        unsafe { HeapUnlock(heap) };
    }
    let mapped = private_memory().saturating_sub(regions);
    Ok(HeapInfo { heap_used: used, mmap_used: mapped, heap_count: Some(heaps.len() as u64) })
}

/// Sums the private memory that this process has committed.
fn private_memory() -> u64 {
    let mut bytes = 0;
    let mut at = 0usize;
    let size = std::mem::size_of::<MEMORY_BASIC_INFORMATION>();
    loop {
        let mut info = MaybeUninit::<MEMORY_BASIC_INFORMATION>::zeroed();
        // SAFETY: the system only looks the address up, and the struct has the size passed to the call.
        if unsafe { VirtualQuery(std::ptr::without_provenance(at), info.as_mut_ptr(), size) } == 0 {
            return bytes;
        }
        // SAFETY: the call filled the struct, and zero is a value of each of its fields.
        let info = unsafe { info.assume_init() };
        if info.State == MEM_COMMIT && info.Type == MEM_PRIVATE {
            bytes += info.RegionSize as u64;
        }
        match info.BaseAddress.addr().checked_add(info.RegionSize) {
            Some(next) if next > at => at = next,
            _ => return bytes,
        }
    }
}

/// Compacts the heap of the process. Returns whether that succeeded.
pub(in super::super) fn heap_trim() -> bool {
    // SAFETY: the process heap always exists.
    unsafe { HeapCompact(GetProcessHeap(), 0) != 0 }
}
