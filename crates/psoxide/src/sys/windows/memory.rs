//! Memory.

use psoxide_parse::windows::machine;

use super::{Source, Windows, ffi};
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::{Result, SwapMemory, VirtualMemory};

/// SYSTEM_INFORMATION_CLASS
const PAGE_FILES: i32 = 18;

impl MemoryReadings for Windows {
    fn virtual_memory(_: &Source) -> Result<VirtualMemory> {
        let memory = ffi::performance()?;
        let used = memory.total.saturating_sub(memory.available);
        Ok(VirtualMemory {
            total: memory.total,
            available: memory.available,
            percent: percent(used, memory.total),
            used,
            free: memory.available,
            ..VirtualMemory::default()
        })
    }

    fn swap_memory(_: &Source) -> Result<SwapMemory> {
        let memory = ffi::performance()?;
        let (total, used) = match ffi::system_information(PAGE_FILES, 1024) {
            Ok(filled) => {
                let files = machine::page_files(filled.bytes())?;
                let sum = |of: fn(&machine::PageFile) -> u32| {
                    files.iter().map(|file| u64::from(of(file)).saturating_mul(memory.page_size)).sum()
                };
                (sum(|file| file.total), sum(|file| file.used))
            }
            // What may be committed beyond physical memory, and what is.
            Err(error) if error.is_access_denied() => return Err(error),
            Err(_) => {
                let total = memory.commit_limit.saturating_sub(memory.total);
                (total, memory.commit_total.saturating_sub(memory.total).min(total))
            }
        };
        Ok(SwapMemory {
            total,
            used,
            free: total.saturating_sub(used),
            percent: percent(used, total),
            sin: None,
            sout: None,
        })
    }
}
