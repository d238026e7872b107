//! The heaps of this process.

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
        // SAFETY: the buffer has room for as many handles as told.
        let count = unsafe { GetProcessHeaps(room, heaps.as_mut_ptr()) } as usize;
        if count <= heaps.len() {
            heaps.truncate(count);
            return heaps;
        }
        heaps.resize(count + 4, std::ptr::null_mut());
    }
}

/// Walks over all heaps; allocates nothing while one is locked.
pub(in super::super) fn heap_info() -> Result<HeapInfo> {
    let heaps = heaps();
    let (mut used, mut regions) = (0, 0);
    for &heap in &heaps {
        // SAFETY: the heap exists; another thread that destroyed it meanwhile would be at fault for any user of it.
        if unsafe { HeapLock(heap) } == 0 {
            continue;
        }
        // SAFETY: the struct is numbers and pointers, for which zero is a value, and a walk begins with a null pointer.
        let mut entry: PROCESS_HEAP_ENTRY = unsafe { std::mem::zeroed() };
        // SAFETY: the heap is locked, and the struct is alive.
        while unsafe { HeapWalk(heap, &raw mut entry) } != 0 {
            if entry.wFlags & BUSY != 0 {
                used += u64::from(entry.cbData);
            } else if entry.wFlags & REGION != 0 {
                regions += u64::from(entry.cbData);
            }
        }
        // SAFETY: this thread has locked it.
        unsafe { HeapUnlock(heap) };
    }
    let mapped = private_memory().saturating_sub(regions);
    Ok(HeapInfo { heap_used: used, mmap_used: mapped, heap_count: Some(heaps.len() as u64) })
}

/// Memory that this process has committed for itself.
fn private_memory() -> u64 {
    let mut bytes = 0;
    let mut at = 0usize;
    let size = std::mem::size_of::<MEMORY_BASIC_INFORMATION>();
    loop {
        let mut info = MaybeUninit::<MEMORY_BASIC_INFORMATION>::zeroed();
        // SAFETY: the address is only looked at by the system, and the struct has the size that is told.
        if unsafe { VirtualQuery(std::ptr::without_provenance(at), info.as_mut_ptr(), size) } == 0 {
            return bytes;
        }
        // SAFETY: the call filled it, and zeros are a value of each of its fields.
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

/// Compacts the heap of the process; whether it could be done.
pub(in super::super) fn heap_trim() -> bool {
    // SAFETY: the heap of the process always exists.
    unsafe { HeapCompact(GetProcessHeap(), 0) != 0 }
}
