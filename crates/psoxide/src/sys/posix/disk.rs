//! Reads the space of a file system by statvfs(3).

use std::path::Path;

use crate::{DiskUsage, Error, Result};

/// The block size, and the numbers of blocks: all, free, and available to ordinary users.
pub(crate) type Space = [u64; 4];

/// Reads the space of the file system that holds `path`.
pub(crate) fn usage(path: &Path) -> Result<DiskUsage> {
    let stat = rustix::fs::statvfs(path).map_err(|errno| Error::io(errno).with_path(path))?;
    Ok(DiskUsage::of_blocks(stat.f_frsize, stat.f_blocks, stat.f_bfree, stat.f_bavail))
}
