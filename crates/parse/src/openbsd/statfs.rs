//! `getfsstat(2)` and `statfs(2)`: mounted file systems, as `struct statfs`.

use crate::Result;
use crate::bsd::mount::{Flag, options};
use crate::view::{chunks, view};

view! {
    /// A mounted file system.
    pub struct FileSystem = "statfs" (568) {
        /// `MNT_` flags.
        flags: u32 = "f_flags" @ 0,
        /// Size of the units that blocks are counted in.
        block_size: u32 = "f_bsize" @ 4,
        /// Blocks in all.
        blocks: u64 = "f_blocks" @ 16,
        /// Free blocks.
        free: u64 = "f_bfree" @ 24,
        /// Free blocks that ordinary users may take; negative once they have taken too many.
        available: i64 = "f_bavail" @ 32,
        /// Inodes in all.
        files: u64 = "f_files" @ 40,
        /// Free inodes.
        files_free: u64 = "f_ffree" @ 48,
        /// Type of the file system.
        fstype: [text 16] = "f_fstypename" @ 120,
        /// Where it is mounted.
        mount_point: [text 90] = "f_mntonname" @ 136,
        /// What is mounted.
        device: [text 90] = "f_mntfromname" @ 226,
    }
}

/// Flags in the order in which they are shown.
const OPTIONS: &[Flag] =
    &[(0x2, "sync"), (0x4, "noexec"), (0x8, "nosuid"), (0x40, "async"), (0x8000, "noatime"), (0x0400_0000, "softdep")];

impl FileSystem<'_> {
    /// The options, `ro` or `rw` first.
    #[must_use]
    pub fn options(self) -> String {
        options(self.flags().into(), OPTIONS)
    }
}

/// Reads the file systems in an answer of `getfsstat`.
pub fn file_systems(bytes: &[u8]) -> impl Iterator<Item = Result<FileSystem<'_>>> {
    chunks(bytes, FileSystem::SIZE, FileSystem::STRUCT).map(|record| FileSystem::new(record?))
}
