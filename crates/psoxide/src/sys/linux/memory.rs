//! Reads memory: /proc/meminfo, /proc/vmstat, and the C library's allocator.

use psoxide_parse::ParseError;
use psoxide_parse::linux::{meminfo, vmstat, zoneinfo};

use super::live::Live;
use super::{Linux, Source};
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::{Result, SwapMemory, VirtualMemory};

impl MemoryReadings for Linux {
    fn virtual_memory(source: &Source) -> Result<VirtualMemory> {
        let info = source.read_one(&source.procfs("meminfo"), meminfo::parse)?;
        let low = match info.available {
            Some(available) if available != 0 => None,
            // The low watermarks improve the estimate, but are not required.
            _ => source.read(&source.procfs("zoneinfo"), zoneinfo::low_pages).ok(),
        };
        let available = u64::try_from(info.available(low, source.page_size())).unwrap_or(0);
        let missing = |field| crate::Error::from(ParseError::missing(field)).with_path(source.procfs("meminfo"));
        // A sandbox's file may lack lines. sysinfo(2) returns the same numbers.
        let complete = info.total.is_some() && info.free.is_some();
        let kernel = source.live().filter(|_| !complete);
        let (all, unused) = kernel.map_or((None, None), Live::memory);
        let total = info.total.or(all).ok_or_else(|| missing("MemTotal"))?;
        let free = info.free.or(unused).ok_or_else(|| missing("MemFree"))?;
        let used = total.saturating_sub(available);
        Ok(VirtualMemory {
            total,
            available,
            percent: percent(used, total),
            used,
            free,
            active: info.active,
            inactive: info.inactive_total(),
            buffers: info.buffers,
            cached: info.cached_total(),
            shared: info.shared(),
            slab: info.slab,
            ..VirtualMemory::default()
        })
    }

    fn swap_memory(source: &Source) -> Result<SwapMemory> {
        let info = source.read_one(&source.procfs("meminfo"), meminfo::parse)?;
        let (total, free) = match (info.swap_total, info.swap_free) {
            (Some(total), Some(free)) => (total, free),
            _ => source.require_live("swap_memory")?.swap()?,
        };
        let used = total.saturating_sub(free);
        let paging = source.read_if_any(&source.procfs("vmstat"), vmstat::parse)?.unwrap_or_default();
        Ok(SwapMemory {
            total,
            used,
            free,
            percent: percent(used, total),
            sin: paging.pswpin.map(|pages| source.pages(pages)),
            sout: paging.pswpout.map(|pages| source.pages(pages)),
        })
    }
}
