//! Reads the pages of a process: its mappings, and how much of them is in physical memory.

use psoxide_parse::windows::machine;
use psoxide_parse::windows::process::{Region, regions};
use psoxide_parse::windows::working_set::{self, Pages};

use super::Handle;
use super::abi::INVALID_PARAMETER;
use super::calls::{Aspect, Question};
use super::handle::Opened;
use super::source::{Devices, answered, text_of};
use crate::{Error, MemoryFootprint, MemoryMap, Result};

pub(super) fn footprint(process: &Handle<'_>) -> Result<MemoryFootprint> {
    let memory = Memory::of(process)?;
    let mut private = 0u64;
    for region in memory.regions()? {
        if region.is_committed() {
            private = private.saturating_add(memory.pages(&region)?.private);
        }
    }
    Ok(MemoryFootprint { uss: private.saturating_mul(memory.page_size), pss: None, swap: None })
}

pub(super) fn maps(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
    let memory = Memory::of(process)?;
    let mut devices = Devices::new(process.source);
    let mut maps = Vec::new();
    for region in memory.regions()? {
        // Private memory is not a view of a file.
        if region.is_free() || region.is_private() {
            continue;
        }
        let path = answered(process.ask(&memory.opened, Aspect::MappedFile(region.start)))?;
        let Some(path) = path.map(|bytes| text_of(&bytes)).filter(|path| !path.is_empty()) else { continue };
        let resident = if region.is_committed() {
            match memory.pages(&region) {
                // psutil always returns the size of the region.
                Err(error) if error.is_unsupported() => region.size,
                pages => pages?.resident.saturating_mul(memory.page_size),
            }
        } else {
            0
        };
        maps.push(MemoryMap {
            start: region.start,
            end: region.start.saturating_add(region.size),
            perms: permissions(region.protection).into(),
            path: devices.plain(path)?,
            rss: Some(resident),
            ..MemoryMap::default()
        });
    }
    Ok(maps)
}

/// The memory of an open process.
struct Memory<'a, 'p> {
    process: &'a Handle<'p>,
    opened: Opened,
    page_size: u64,
}

impl<'a, 'p> Memory<'a, 'p> {
    fn of(process: &'a Handle<'p>) -> Result<Self> {
        let opened = process.readable()?;
        Ok(Self { process, opened, page_size: process.source.read(&Question::Memory, machine::memory)?.page_size })
    }

    fn regions(&self) -> Result<Vec<Region>> {
        Ok(regions(&self.process.ask(&self.opened, Aspect::Regions)?)?)
    }

    /// Counts the resident pages of a region.
    fn pages(&self, region: &Region) -> Result<Pages> {
        let answer = self.process.ask(&self.opened, Aspect::WorkingSet(region.start, region.size, self.page_size));
        let answer = answer.map_err(|error| match error.errno() {
            // Wine returns only the pages of the calling process.
            Some(INVALID_PARAMETER) => Error::unsupported("the pages of another process"),
            _ => error,
        });
        Ok(working_set::counted(&answer?)?)
    }
}

/// Returns the protection of pages in psutil's letters. `c` means copy-on-write.
fn permissions(protection: u32) -> &'static str {
    // PAGE_… of winnt.h, without the modifier bits.
    match protection & 0xff {
        0x01 => "",
        0x02 => "r",
        0x04 => "rw",
        0x08 => "wc",
        0x10 => "x",
        0x20 => "xr",
        0x40 => "xrw",
        0x80 => "xwc",
        _ => "?",
    }
}
