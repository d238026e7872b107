//! Memory of the machine.

use psoxide_parse::{ParseError, decimal, lines, trim};

use super::calls::Question;
use super::{Source, Sunos};
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::{Result, SwapMemory, VirtualMemory};

impl MemoryReadings for Sunos {
    /// All memory that is not free counts as used, as in psutil. The kernel does not report which caches it would free. In a
    /// zone with a cap on its memory, the total is the cap. The kstat `system_pages` knows no caps, and its `physmem` lacks
    /// what the kernel took while it started.
    fn virtual_memory(source: &Source) -> Result<VirtualMemory> {
        source.read(&Question::Pages, |text| {
            let mut fields = trim(text).split(|byte| *byte == b'\t');
            let mut bytes = |field| {
                let pages = decimal(fields.next().unwrap_or_default(), field)?;
                Ok::<_, ParseError>(pages.saturating_mul(source.page_size()))
            };
            let (total, free) = (bytes("_SC_PHYS_PAGES")?, bytes("_SC_AVPHYS_PAGES")?);
            let used = total.saturating_sub(free);
            Ok(VirtualMemory {
                total,
                available: free,
                percent: percent(used, total),
                used,
                free,
                ..VirtualMemory::default()
            })
        })
    }

    fn swap_memory(source: &Source) -> Result<SwapMemory> {
        let bytes = |pages: u64| pages.saturating_mul(source.page_size());
        let (sin, sout) = source.kstats(&Question::Module("cpu"), |all| {
            let sum = |statistic| -> Result<u64, ParseError> {
                let each = all.iter().filter(|kstat| kstat.name == b"vm");
                each.map(|kstat| kstat.number(statistic)).try_fold(0, |sum: u64, pages| Ok(sum.saturating_add(pages?)))
            };
            Ok((bytes(sum("pgswapin")?), bytes(sum("pgswapout")?)))
        })?;
        let (total, free) = source.read(&Question::Swap, |text| {
            lines(text).try_fold((0u64, 0u64), |(total, free), line| {
                // A path may hold a tab; the numbers come last.
                let mut fields = line.rsplit(|byte| *byte == b'\t');
                let mut number = |field| decimal(fields.next().unwrap_or_default(), field);
                let unused = number("ste_free")?;
                Ok((total.saturating_add(bytes(number("ste_pages")?)), free.saturating_add(bytes(unused))))
            })
        })?;
        let used = total.saturating_sub(free);
        Ok(SwapMemory { total, used, free, percent: percent(used, total), sin: Some(sin), sout: Some(sout) })
    }
}
