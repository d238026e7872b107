//! Memory of the machine.

use psoxide_parse::macos::machine::{Memory, Swap};

use super::calls::Question;
use super::{Macos, Source};
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::{Result, SwapMemory, VirtualMemory};

impl MemoryReadings for Macos {
    fn virtual_memory(source: &Source) -> Result<VirtualMemory> {
        let page_size = page_size(source)?;
        let total = source.number("hw.memsize")?;
        source.read(&Question::Memory, |bytes| {
            let memory = Memory::new(bytes)?;
            let pages = |count: u32| u64::from(count).saturating_mul(page_size);
            let (active, inactive, wired) = (pages(memory.active()), pages(memory.inactive()), pages(memory.wired()));
            let available = inactive.saturating_add(pages(memory.free()));
            Ok(VirtualMemory {
                total,
                available,
                percent: percent(total.saturating_sub(available), total),
                used: active.saturating_add(wired),
                // Pages that were read ahead hold something, so they are not free.
                free: pages(memory.free()).saturating_sub(pages(memory.speculative())),
                active: Some(active),
                inactive: Some(inactive),
                wired: Some(wired),
                compressed: Some(pages(memory.compressor())),
                ..VirtualMemory::default()
            })
        })
    }

    /// As in psutil, `sin` and `sout` count all pages that pagers moved, also those of mapped files.
    fn swap_memory(source: &Source) -> Result<SwapMemory> {
        let page_size = page_size(source)?;
        let (sin, sout) = source.read(&Question::Memory, |bytes| {
            let memory = Memory::new(bytes)?;
            Ok((memory.pageins().saturating_mul(page_size), memory.pageouts().saturating_mul(page_size)))
        })?;
        source.read(&Question::Sysctl("vm.swapusage"), |bytes| {
            let swap = Swap::new(bytes)?;
            Ok(SwapMemory {
                total: swap.total(),
                used: swap.used(),
                free: swap.available(),
                percent: percent(swap.used(), swap.total()),
                sin: Some(sin),
                sout: Some(sout),
            })
        })
    }
}

/// Reads the unit in which the kernel counts memory. The pages of a program that Rosetta runs are smaller: 4 KiB of 16 KiB.
fn page_size(source: &Source) -> Result<u64> {
    source.number("vm.pagesize")
}
