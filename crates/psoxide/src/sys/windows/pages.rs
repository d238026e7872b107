//! The pages of a process: what is mapped where, and what of it is in physical memory.

use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};

use psoxide_parse::windows::working_set;

use super::source::with_drive;
use super::{Handle, ffi};
use crate::{MemoryFootprint, MemoryMap, Result};

pub(super) fn footprint(process: &Handle<'_>) -> Result<MemoryFootprint> {
    let opened = process.readable()?;
    let handle = of(process, &opened);
    let page_size = ffi::performance()?.page_size;
    let mut private = 0u64;
    regions(handle, |region| {
        if !region.committed {
            return Ok(());
        }
        ffi::working_set(handle, region.start, region.size, page_size, |pages| {
            private += working_set::count(pages).private;
        })
    })?;
    Ok(MemoryFootprint { uss: private.saturating_mul(page_size), pss: None, swap: None })
}

pub(super) fn maps(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
    let opened = process.readable()?;
    let handle = of(process, &opened);
    let page_size = ffi::performance()?.page_size;
    let mut maps = Vec::new();
    regions(handle, |region| {
        let Some(path) = ffi::mapped_file(handle, region.start) else { return Ok(()) };
        let mut resident = 0u64;
        if region.committed {
            let count = |pages: &[u8]| resident += working_set::count(pages).resident * page_size;
            match ffi::working_set(handle, region.start, region.size, page_size, count) {
                // What psutil tells everywhere.
                Err(error) if error.is_unsupported() => resident = region.size,
                counted => counted?,
            }
        }
        maps.push(MemoryMap {
            start: region.start,
            end: region.start.saturating_add(region.size),
            perms: permissions(region.protection).into(),
            path: with_drive(path),
            rss: Some(resident),
            ..MemoryMap::default()
        });
        Ok(())
    })?;
    Ok(maps)
}

/// The handle that its pages are asked of.
fn of<'a>(process: &Handle<'_>, opened: &'a OwnedHandle) -> BorrowedHandle<'a> {
    if process.pid == std::process::id() { ffi::own() } else { opened.as_handle() }
}

/// Looks at all regions of the process's memory.
fn regions(handle: BorrowedHandle<'_>, mut each: impl FnMut(ffi::Region) -> Result<()>) -> Result<()> {
    let mut address = 0u64;
    while let Some(region) = ffi::region(handle, address) {
        if !region.free {
            each(region)?;
        }
        match region.start.checked_add(region.size) {
            Some(next) if next > address => address = next,
            _ => break,
        }
    }
    Ok(())
}

/// The protection of pages in psutil's letters; `c` for pages that are copied when they are written.
fn permissions(protection: u32) -> &'static str {
    // PAGE_… of winnt.h, without its modifiers.
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
