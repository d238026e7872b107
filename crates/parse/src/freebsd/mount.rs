//! getfsstat(2): mounted file systems, as `struct statfs`.

use crate::Result;
use crate::bsd::mount::{Flag, options};
use crate::view::{chunks, view};

view! {
    /// A mounted file system. Counts are of blocks of `block_size` bytes.
    pub struct Mount = "statfs" (2344) {
        /// Version of the record.
        version: u32 = "f_version" @ 0,
        /// `MNT_` flags.
        flags: u64 = "f_flags" @ 8,
        /// Size of a block in bytes.
        block_size: u64 = "f_bsize" @ 16,
        /// All blocks.
        blocks: u64 = "f_blocks" @ 32,
        /// Free blocks.
        free: u64 = "f_bfree" @ 40,
        /// Blocks free for users other than root; negative when they use what is reserved.
        available: i64 = "f_bavail" @ 48,
        /// All inodes.
        files: u64 = "f_files" @ 56,
        /// Free inodes.
        files_free: i64 = "f_ffree" @ 64,
        /// Type of the file system.
        fstype: [text 16] = "f_fstypename" @ 280,
        /// What is mounted.
        device: [text 1024] = "f_mntfromname" @ 296,
        /// Where it is mounted.
        mount_point: [text 1024] = "f_mntonname" @ 1320,
    }
}

/// Flags in the order in which they are shown.
const OPTIONS: &[Flag] = &[
    (0x2, "sync"),
    (0x4, "noexec"),
    (0x8, "nosuid"),
    (0x40, "async"),
    (0x1000_0000, "noatime"),
    (0x20_0000, "softdep"),
    (0x20, "union"),
    (0x10_0000, "suiddir"),
    (0x40_0000, "nosymfollow"),
    (0x200_0000, "gjournal"),
    (0x400_0000, "multilabel"),
    (0x800_0000, "acls"),
    (0x4000_0000, "noclusterr"),
    (0x8000_0000, "noclusterw"),
    (0x10, "nfs4acls"),
];

impl Mount<'_> {
    /// The options as mount(8) writes them, `ro` or `rw` first.
    #[must_use]
    pub fn options(self) -> String {
        options(self.flags(), OPTIONS)
    }
}

/// The file systems of an answer.
pub fn mounts(bytes: &[u8]) -> impl Iterator<Item = Result<Mount<'_>>> {
    chunks(bytes, Mount::SIZE, Mount::STRUCT).map(|record| Mount::new(record?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_system() {
        let mut made = Made::new(2344);
        made.u64(8, 0x1000_000d).u64(16, 4096).set(280, b"ufs").set(296, b"/dev/ada0p2").set(1320, b"/");
        let mount = mounts(&made.0).next().unwrap().unwrap();
        assert_eq!(
            (mount.fstype(), mount.device(), mount.mount_point()),
            (&b"ufs"[..], &b"/dev/ada0p2"[..], &b"/"[..])
        );
        assert_eq!(mount.options(), "ro,noexec,nosuid,noatime");
        assert!(mounts(&made.0[..2343]).next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..5000)) {
            for mount in mounts(&bytes).flatten() {
                let _ = mount.options();
            }
        }
    }
}
