//! File systems.

use crate::memory::percent;
use crate::sys::bsd::text;
use crate::{DiskPartition, DiskUsage, SwapMemory};

/// A mounted file system.
pub(crate) fn partition(device: &[u8], mount_point: &[u8], fstype: &[u8], options: String) -> DiskPartition {
    DiskPartition {
        device: text(device),
        mountpoint: text(mount_point).into(),
        fstype: text(fstype),
        opts: options.into(),
    }
}

/// Computes the space of a file system from its blocks of `unit` bytes. What is left for ordinary users is negative once
/// they use the reserve of root.
pub(crate) fn usage(unit: u64, blocks: u64, free: u64, available: impl TryInto<u64>) -> DiskUsage {
    DiskUsage::of_blocks(unit, blocks, free, available.try_into().unwrap_or(0))
}

/// Adds up swap devices: bytes in all and in use of each.
pub(crate) fn swap(devices: impl IntoIterator<Item = (u64, u64)>, sin: u64, sout: u64) -> SwapMemory {
    let add = |(all, used): (u64, u64), (more, more_used)| (all.saturating_add(more), used.saturating_add(more_used));
    let (total, used) = devices.into_iter().fold((0, 0), add);
    SwapMemory {
        total,
        used,
        free: total.saturating_sub(used),
        percent: percent(used, total),
        sin: Some(sin),
        sout: Some(sout),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_reserved_for_root_is_neither_used_nor_free() {
        let space = usage(1024, 100, 40, 30);
        assert_eq!((space.total, space.used, space.free), (102_400, 61_440, 30_720));
        assert!((space.percent - 66.666).abs() < 0.01);
        assert_eq!(usage(512, 100, 0, -20).free, 0);
    }
}
