//! Memory of the machine.

use psoxide_parse::openbsd::memory::{BufferCache, Total, Uvmexp};
use psoxide_parse::openbsd::swap;

use super::Openbsd;
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::sys::bsd::disk;
use crate::sys::netbsdlike::machine::{Machine, unsigned};
use crate::sys::netbsdlike::question::Question;
use crate::{Result, SwapMemory, VirtualMemory};

impl MemoryReadings for Openbsd {
    /// As psutil computes it: inactive, cached and free memory is available.
    fn virtual_memory(machine: &Machine) -> Result<VirtualMemory> {
        let counters = machine.ask(&Question::sysctl("vm.uvmexp"))?;
        let counters = Uvmexp::new(&counters)?;
        let cache = machine.ask(&Question::sysctl("vfs.bcachestat"))?;
        let shared = machine.ask(&Question::sysctl("vm.vmmeter"))?;
        let shared = Total::new(&shared)?;
        let bytes = |pages: i32, field| machine.bytes(pages, field);
        let total = machine.number("hw.physmem64")?;
        let cached = machine.bytes(BufferCache::new(&cache)?.pages(), "numbufpages")?;
        let [free, active, inactive, wired] = [
            bytes(counters.free(), "free")?,
            bytes(counters.active(), "active")?,
            bytes(counters.inactive(), "inactive")?,
            bytes(counters.wired(), "wired")?,
        ];
        let available = inactive.saturating_add(cached).saturating_add(free);
        Ok(VirtualMemory {
            total,
            available,
            percent: percent(total.saturating_sub(available), total),
            used: active.saturating_add(wired).saturating_add(cached),
            free,
            active: Some(active),
            inactive: Some(inactive),
            // All buffers are in the cache.
            buffers: None,
            cached: Some(cached),
            shared: Some(machine.bytes(shared.shared_virtual().saturating_add(shared.shared_real()), "t_vmshr")?),
            slab: None,
            wired: Some(wired),
            arc: None,
        })
    }

    fn swap_memory(machine: &Machine) -> Result<SwapMemory> {
        let counters = machine.ask(&Question::sysctl("vm.uvmexp"))?;
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
