//! `getvfsstat(2)` and `statvfs(2)`: mounted file systems, as `struct statvfs` of NetBSD 10 and later.

use crate::bsd::mount::{Flag, options};
use crate::view::{chunks, view};
use crate::{Cursor, Result};

view! {
    /// A mounted file system.
    pub struct FileSystem = "statvfs" (3296) {
        /// `MNT_` flags.
        flags: u64 = "f_flag" @ 0,
        /// Preferred size of a transfer.
        block_size: u64 = "f_bsize" @ 8,
        /// Size of the units that blocks are counted in.
        fragment_size: u64 = "f_frsize" @ 16,
        /// Blocks in all.
        blocks: u64 = "f_blocks" @ 32,
        /// Free blocks.
        free: u64 = "f_bfree" @ 40,
        /// Free blocks that ordinary users may take.
        available: u64 = "f_bavail" @ 48,
        /// Inodes in all.
        files: u64 = "f_files" @ 64,
        /// Free inodes.
        files_free: u64 = "f_ffree" @ 72,
        /// Type of the file system.
        fstype: [text 32] = "f_fstypename" @ 192,
        /// Where it is mounted.
        mount_point: [text 1024] = "f_mntonname" @ 224,
        /// What is mounted.
        device: [text 1024] = "f_mntfromname" @ 1248,
    }
}

/// Flags in the order in which they are shown.
const OPTIONS: &[Flag] = &[
    (0x2, "sync"),
    (0x4, "noexec"),
    (0x8, "nosuid"),
    (0x40, "async"),
    (0x0400_0000, "noatime"),
    (0x8000_0000, "softdep"),
    (0x10, "nodev"),
    (0x20, "union"),
    (0x8000, "nocoredump"),
    (0x2_0000, "relatime"),
    (0x10_0000, "ignore"),
    (0x80_0000, "discard"),
    (0x0100_0000, "extattr"),
    (0x0200_0000, "log"),
    (0x2000_0000, "symperm"),
    (0x4000_0000, "nodevmtime"),
];

impl FileSystem<'_> {
    /// The options, `ro` or `rw` first.
    #[must_use]
    pub fn options(self) -> String {
        options(self.flags(), OPTIONS)
    }
}

/// Reads the file systems in an answer of `getvfsstat`.
pub fn file_systems(bytes: &[u8]) -> impl Iterator<Item = Result<FileSystem<'_>>> {
    chunks(bytes, FileSystem::SIZE, FileSystem::STRUCT).map(|record| FileSystem::new(record?))
}

/// The size of the struct up to NetBSD 9.
pub const OLD_SIZE: usize = 2256;

/// Converts structs of NetBSD 9 and before to [`FileSystem`]s. The older struct has less spare room before the names, and no
/// label behind them.
#[must_use]
pub fn widened(bytes: &[u8]) -> Vec<u8> {
    const NUMBERS: usize = 156;
    const OLD_SPARE: usize = 16;
    const NAMES: usize = 32 + 2 * 1024;
    const NAMES_AT: usize = 192;
    let mut wide = Vec::new();
    for record in bytes.chunks(OLD_SIZE) {
        let mut cursor = Cursor::new(record);
        let start = wide.len();
        if let (Some(numbers), Some(_), Some(names)) =
            (cursor.take(NUMBERS), cursor.take(OLD_SPARE), cursor.take(NAMES))
        {
            wide.extend_from_slice(numbers);
            wide.resize(start + NAMES_AT, 0);
            wide.extend_from_slice(names);
            wide.resize(start + FileSystem::SIZE, 0);
        } else {
            // A struct that is cut off stays one.
            wide.extend_from_slice(record);
        }
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn structs_of_netbsd_9_are_converted() {
        let mut old = Made::new(OLD_SIZE);
        // MNT_NOSUID, and blocks of 2048 bytes.
        old.u64(0, 8).u64(8, 16384).u64(16, 2048).u64(32, 1000).u64(40, 400).u64(48, 350);
        old.set(172, b"ffs").set(172 + 32, b"/usr").set(172 + 32 + 1024, b"/dev/wd0e");
        let bytes = [old.0.clone(), old.0.clone(), vec![1; 100]].concat();
        let wide = widened(&bytes);
        let found: Vec<_> = file_systems(&wide).collect();
        assert_eq!((found.len(), found[2].is_err()), (3, true));
        let mount = found[1].as_ref().unwrap();
        assert_eq!(
            (mount.device(), mount.mount_point(), mount.fstype()),
            (&b"/dev/wd0e"[..], &b"/usr"[..], &b"ffs"[..])
        );
        assert_eq!((mount.fragment_size(), mount.blocks(), mount.free(), mount.available()), (2048, 1000, 400, 350));
        assert_eq!(mount.options(), "rw,nosuid");
        assert!(widened(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..7000)) {
            file_systems(&bytes).flatten().for_each(|mount| drop(mount.options()));
            let _ = file_systems(&widened(&bytes)).count();
        }
    }
}
