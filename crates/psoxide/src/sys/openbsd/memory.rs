//! Memory of the machine.

use psoxide_parse::openbsd::memory::{BufferCache, Total, Uvmexp};
use psoxide_parse::openbsd::swap;

use super::Openbsd;
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::{Result, SwapMemory, VirtualMemory};

impl MemoryReadings for Openbsd {
    /// As psutil computes it: inactive, cached and free memory is available.
    fn virtual_memory(machine: &Machine) -> Result<VirtualMemory> {
        let total = machine.number("hw.physmem64")?;
        let cached = machine.read(&Question::sysctl("vfs.bcachestat"), |answer| {
            machine.bytes(BufferCache::new(answer)?.pages(), "numbufpages")
        })?;
        let shared = machine.read(&Question::sysctl("vm.vmmeter"), |answer| {
            let total = Total::new(answer)?;
            machine.bytes(total.shared_virtual().saturating_add(total.shared_real()), "t_vmshr")
        })?;
        machine.read(&Question::sysctl("vm.uvmexp"), |answer| {
            let counters = Uvmexp::new(answer)?;
            let bytes = |pages: i32, field| machine.bytes(pages, field);
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
                shared: Some(shared),
                slab: None,
                wired: Some(wired),
                arc: None,
                compressed: None,
            })
        })
    }

    fn swap_memory(machine: &Machine) -> Result<SwapMemory> {
        machine.swap(swap::sizes, &Question::sysctl("vm.uvmexp"), |answer| {
            let counters = Uvmexp::new(answer)?;
            Ok((machine.bytes(counters.swapped_in(), "pgswapin")?, machine.bytes(counters.swapped_out(), "pgswapout")?))
        })
    }
}
