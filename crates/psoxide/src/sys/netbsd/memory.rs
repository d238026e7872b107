//! Memory of the machine.

use psoxide_parse::netbsd::swap;
use psoxide_parse::netbsd::uvmexp::Uvmexp;

use super::Netbsd;
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::{Result, SwapMemory, VirtualMemory};

impl MemoryReadings for Netbsd {
    /// As psutil computes it: used is active and wired memory, and everything else is available.
    fn virtual_memory(machine: &Machine) -> Result<VirtualMemory> {
        let buffers = machine.number("vm.bufmem")?;
        machine.read(&Question::sysctl("vm.uvmexp2"), |answer| {
            let counters = Uvmexp::new(answer)?;
            let bytes = |pages, field| machine.bytes(pages, field);
            let total = bytes(counters.pages(), "npages")?;
            let (active, wired) = (bytes(counters.active(), "active")?, bytes(counters.wired(), "wired")?);
            let used = active.saturating_add(wired);
            let cached = [
                bytes(counters.file(), "filepages")?,
                bytes(counters.executable(), "execpages")?,
                bytes(counters.anonymous(), "anonpages")?,
            ];
            Ok(VirtualMemory {
                total,
                available: total.saturating_sub(used),
                percent: percent(used, total),
                used,
                free: bytes(counters.free(), "free")?,
                active: Some(active),
                inactive: Some(bytes(counters.inactive(), "inactive")?),
                buffers: Some(buffers),
                cached: Some(cached.into_iter().fold(0, u64::saturating_add)),
                // The kernel does not count it.
                shared: None,
                slab: None,
                wired: Some(wired),
                arc: None,
                compressed: None,
            })
        })
    }

    fn swap_memory(machine: &Machine) -> Result<SwapMemory> {
        machine.swap(swap::sizes, &Question::sysctl("vm.uvmexp2"), |answer| {
            let counters = Uvmexp::new(answer)?;
            Ok((machine.bytes(counters.swapped_in(), "pgswapin")?, machine.bytes(counters.swapped_out(), "pgswapout")?))
        })
    }
}
