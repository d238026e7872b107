//! Memory of the machine.

use psoxide_parse::freebsd::machine::VmTotal;
use psoxide_parse::freebsd::swap::pages as swap_pages;

use super::abi::ENOENT;
use super::calls::Question;
use super::{Freebsd, Source};
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::sys::bsd::disk::swap;
use crate::{Result, SwapMemory, VirtualMemory};

impl MemoryReadings for Freebsd {
    fn virtual_memory(source: &Source) -> Result<VirtualMemory> {
        let page_size = source.page_size();
        let pages = |name| Ok::<_, crate::Error>(source.number(name)?.saturating_mul(page_size));
        let total = source.number("hw.physmem")?;
        let free = pages("vm.stats.vm.v_free_count")?;
        let active = pages("vm.stats.vm.v_active_count")?;
        let inactive = pages("vm.stats.vm.v_inactive_count")?;
        let wired = pages("vm.stats.vm.v_wire_count")?;
        // Gone from kernels after 14, and 0 since 12.
        let cached = if_any(pages("vm.stats.vm.v_cache_count"))?.unwrap_or(0);
        let shared = source.read(&Question::sysctl("vm.vmtotal"), |bytes| {
            let total = VmTotal::new(bytes)?;
            Ok(total.vmshr().saturating_add(total.rmshr()).saturating_mul(page_size))
        })?;
        let available = inactive.saturating_add(cached).saturating_add(free);
        Ok(VirtualMemory {
            total,
            available,
            percent: percent(total.saturating_sub(available), total),
            used: active.saturating_add(wired).saturating_add(cached),
            free,
            active: Some(active),
            inactive: Some(inactive),
            buffers: Some(source.number("vfs.bufspace")?),
            cached: Some(cached),
            shared: Some(shared),
            wired: Some(wired),
            // Without ZFS there is no cache of it.
            arc: if_any(source.number("kstat.zfs.misc.arcstats.size"))?,
            ..VirtualMemory::default()
        })
    }

    fn swap_memory(source: &Source) -> Result<SwapMemory> {
        let page_size = source.page_size();
        let mut devices = Vec::new();
        for device in 0u32.. {
            let question = Question::sysctl_of(format!("vm.swap_info.{device}"));
            let Some((pages, in_use)) = if_any(source.read(&question, swap_pages))? else { break };
            devices.push((pages.saturating_mul(page_size), in_use.saturating_mul(page_size)));
        }
        let pages = |name| Ok::<_, crate::Error>(source.number(name)?.saturating_mul(page_size));
        Ok(swap(devices, pages("vm.stats.vm.v_swappgsin")?, pages("vm.stats.vm.v_swappgsout")?))
    }
}

/// `None` for a sysctl that this kernel does not have.
fn if_any<T>(reading: Result<T>) -> Result<Option<T>> {
    match reading {
        Err(error) if error.errno() == Some(ENOENT) => Ok(None),
        reading => reading.map(Some),
    }
}
