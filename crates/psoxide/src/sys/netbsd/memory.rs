//! Memory of the machine.

use psoxide_parse::netbsd::swap;
use psoxide_parse::netbsd::uvmexp::Uvmexp;

use super::Netbsd;
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::sys::bsd::disk;
use crate::sys::netbsdlike::machine::{Machine, unsigned};
use crate::sys::netbsdlike::question::Question;
use crate::{Result, SwapMemory, VirtualMemory};

impl MemoryReadings for Netbsd {
    /// As psutil computes it: used is active and wired memory, and everything else is available.
    fn virtual_memory(machine: &Machine) -> Result<VirtualMemory> {
        let counters = machine.ask(&Question::sysctl("vm.uvmexp2"))?;
        let counters = Uvmexp::new(&counters)?;
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
            buffers: Some(machine.number("vm.bufmem")?),
            cached: Some(cached.into_iter().fold(0, u64::saturating_add)),
            // The kernel does not count it.
            shared: None,
            slab: None,
            wired: Some(wired),
            arc: None,
        })
    }

    fn swap_memory(machine: &Machine) -> Result<SwapMemory> {
        let counters = machine.ask(&Question::sysctl("vm.uvmexp2"))?;
        let counters = Uvmexp::new(&counters)?;
        let devices = machine.ask(&Question::call_of("swapctl", "stats"))?;
        let mut sizes = Vec::new();
        for device in swap::devices(&devices) {
            let device = device?;
            if device.flags() & swap::ENABLED != 0 {
                let bytes = |blocks, field| Ok::<_, crate::Error>(unsigned::<i32>(blocks, field)? * swap::BLOCK);
                sizes.push((bytes(device.blocks(), "se_nblks")?, bytes(device.used(), "se_inuse")?));
            }
        }
        let (sin, sout) = (counters.swapped_in(), counters.swapped_out());
        let (sin, sout) = (machine.bytes(sin, "pgswapin")?, machine.bytes(sout, "pgswapout")?);
        Ok(disk::swap(sizes, sin, sout))
    }
}
