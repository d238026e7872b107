//! Reads the memory mappings of a process: /proc/PID/smaps.

use std::collections::HashMap;
use std::ffi::OsString;

use psoxide_parse::ParseError;
use psoxide_parse::linux::smaps;

use super::Handle;
use super::cache::cached;
use super::deleted::undeleted;
use super::mounts::Mounts;
use super::source::if_any;
use crate::{Error, MemoryFootprint, MemoryMap, Result};

fn file<'a>(process: &'a Handle<'_>) -> Result<&'a Vec<u8>> {
    cached(&process.cache.smaps, || process.read("smaps", |bytes| Ok(bytes.to_vec())))
}

/// Reads USS, PSS and swap.
pub(super) fn footprint(process: &Handle<'_>) -> Result<MemoryFootprint> {
    // In smaps_rollup (since Linux 4.14) the kernel computes the sums. If it fails with ESRCH or ENOENT, smaps may
    // still work.
    let rollup = match process.cache.smaps.get() {
        Some(_) => None,
        None => if_any(process.read_record("smaps_rollup", smaps::rollup))?,
    };
    let rollup = match rollup {
        Some(rollup) => rollup,
        None => smaps::rollup(file(process)?)?,
    };
    Ok(MemoryFootprint { uss: rollup.uss, pss: rollup.pss, swap: rollup.swap })
}

/// Reads the mappings of a process.
pub(super) fn of_process(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
    let bytes = file(process)?;
    if bytes.is_empty() {
        return process.empty(Vec::new());
    }
    let malformed = |error: ParseError| Error::from(error).with_path(process.path("smaps"));
    // Most files are mapped several times, so their text is shared.
    let mut paths: HashMap<&[u8], OsString> = HashMap::new();
    let mounts = Mounts::new(process.source);
    let mappings = smaps::mappings(bytes).map_err(malformed)?;
    let mut records = Vec::with_capacity(mappings.len());
    for map in mappings {
        let path = paths.entry(map.path).or_insert_with(|| undeleted(&mounts, process.source, map.path, || false));
        records.push(MemoryMap {
            start: map.start,
            end: map.end,
            perms: String::from_utf8_lossy(map.perms).into_owned(),
            path: path.clone().into(),
            rss: Some(map.rss.ok_or_else(|| malformed(ParseError::missing("Rss")))?),
            size: map.size,
            pss: map.pss,
            shared_clean: map.shared_clean,
            shared_dirty: map.shared_dirty,
            private_clean: map.private_clean,
            private_dirty: map.private_dirty,
            referenced: map.referenced,
            anonymous: map.anonymous,
            swap: map.swap,
            ..MemoryMap::default()
        });
    }
    Ok(records)
}
