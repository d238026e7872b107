//! File systems.

use std::ffi::OsString;

use crate::memory::percent;
use crate::{DiskUsage, SwapMemory};

/// A flag of a mount and its name.
pub(crate) type MountFlag = (u64, &'static str);

/// Names the flags of a mount, as psutil orders them: `ro` or `rw` first.
pub(crate) fn options(flags: u64, names: &[MountFlag]) -> OsString {
    /// `MNT_RDONLY` on all BSDs.
    const READ_ONLY: u64 = 1;
    let first = if flags & READ_ONLY != 0 { "ro" } else { "rw" };
    let others = names.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name);
    std::iter::once(first).chain(others).collect::<Vec<_>>().join(",").into()
}

/// Computes the space of a file system from its blocks of `unit` bytes.
pub(crate) fn usage(unit: u64, blocks: u64, free: u64, available: u64) -> DiskUsage {
    let bytes = |count: u64| count.saturating_mul(unit);
    let used = bytes(blocks.saturating_sub(free));
    let (total, free) = (bytes(blocks), bytes(available));
    DiskUsage { total, used, free, percent: percent(used, used.saturating_add(free)) }
}

/// Adds up swap devices: bytes in all and in use of each.
pub(crate) fn swap(devices: impl Iterator<Item = (u64, u64)>, sin: u64, sout: u64) -> SwapMemory {
    let add = |(all, used): (u64, u64), (more, more_used)| (all.saturating_add(more), used.saturating_add(more_used));
    let (total, used) = devices.fold((0, 0), add);
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
        assert_eq!(options(1 | 8, &[(8, "nosuid"), (16, "nodev")]), "ro,nosuid");
    }
}
