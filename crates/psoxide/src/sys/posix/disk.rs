//! The space of a file system: statvfs(3).

use std::path::Path;

use crate::memory::percent;
use crate::{DiskUsage, Error, Result};

/// Size of a block, blocks, free blocks, free blocks for ordinary users.
pub(crate) type Space = [u64; 4];

/// Reads the space of the file system that `path` is on.
pub(crate) fn usage(path: &Path) -> Result<DiskUsage> {
    let stat = rustix::fs::statvfs(path).map_err(|errno| Error::io(errno).with_path(path))?;
    Ok(usage_of([stat.f_frsize, stat.f_blocks, stat.f_bfree, stat.f_bavail]))
}

/// Converts blocks to bytes. As `df`, it counts what is reserved for root in the total only.
pub(crate) fn usage_of([size, blocks, unused, available]: Space) -> DiskUsage {
    let bytes = |blocks: u64| blocks.saturating_mul(size);
    let used = bytes(blocks.saturating_sub(unused));
    let free = bytes(available);
    DiskUsage { total: bytes(blocks), used, free, percent: percent(used, used.saturating_add(free)) }
}
