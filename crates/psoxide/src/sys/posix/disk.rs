//! The space of a file system: statvfs(3).

use std::path::Path;

use crate::memory::percent;
use crate::{DiskUsage, Error, Result};

/// Reads the space of the file system that `path` is on. As `df`, it counts what is reserved for root in the total only.
pub(crate) fn usage(path: &Path) -> Result<DiskUsage> {
    let stat = rustix::fs::statvfs(path).map_err(|errno| Error::io(errno).with_path(path))?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    let used = bytes(stat.f_blocks.saturating_sub(stat.f_bfree));
    let free = bytes(stat.f_bavail);
    Ok(DiskUsage { total: bytes(stat.f_blocks), used, free, percent: percent(used, used.saturating_add(free)) })
}
