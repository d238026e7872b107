//! `getvfsstat(2)` and `statvfs(2)`: mounted file systems, as `struct statvfs` of NetBSD 10 and later.

use crate::Result;
use crate::bsd::mount::{Flag, options};
use crate::view::{chunks, view};

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
