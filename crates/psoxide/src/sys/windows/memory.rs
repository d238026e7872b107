//! Reads physical memory and page files.

use psoxide_parse::windows::machine::{self, Memory};

use super::calls::{Class, Question};
use super::source::answered;
use super::{Source, Windows};
use crate::memory::percent;
use crate::sys::MemoryReadings;
use crate::{Result, SwapMemory, VirtualMemory};

fn memory(source: &Source) -> Result<Memory> {
    source.read(&Question::Memory, machine::memory)
}

impl MemoryReadings for Windows {
    fn virtual_memory(source: &Source) -> Result<VirtualMemory> {
        let memory = memory(source)?;
        let bytes = |pages: u64| pages.saturating_mul(memory.page_size);
        let (total, available) = (bytes(memory.total), bytes(memory.available));
        let used = total.saturating_sub(available);
        Ok(VirtualMemory {
            total,
            available,
            percent: percent(used, total),
            used,
            free: available,
            ..VirtualMemory::default()
        })
    }

    fn swap_memory(source: &Source) -> Result<SwapMemory> {
        let memory = memory(source)?;
        let files = match source.ask(&Question::System(Class::PageFiles)) {
            Err(error) if error.is_access_denied() => return Err(error),
            files => answered(files)?,
        };
        let (total, used) = match files {
            Some(bytes) => {
                let files = machine::page_files(&bytes)?;
                let sum = |of: fn(&machine::PageFile) -> u32| files.iter().map(|file| u64::from(of(file))).sum::<u64>();
                (sum(|file| file.total), sum(|file| file.used))
            }
            // Without page files: the commit limit beyond physical memory, and the commit charge beyond it.
            None => {
                let total = memory.commit_limit.saturating_sub(memory.total);
                (total, memory.commit_total.saturating_sub(memory.total).min(total))
            }
        };
        let bytes = |pages: u64| pages.saturating_mul(memory.page_size);
        let (total, used) = (bytes(total), bytes(used));
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
