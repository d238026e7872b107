//! getfsstat(2): mounted file systems, as `struct statfs` with 64-bit inode numbers.

use crate::Result;
use crate::bsd::mount::{Flag, options};
use crate::view::{chunks, view};

view! {
    /// A mounted file system. Counts are of blocks of `block_size` bytes.
    pub struct Mount = "statfs" (2168) {
        /// Size of a block in bytes.
        block_size: u32 = "f_bsize" @ 0,
        /// All blocks.
        blocks: u64 = "f_blocks" @ 8,
        /// Free blocks.
        free: u64 = "f_bfree" @ 16,
        /// Blocks free for users other than root.
        available: u64 = "f_bavail" @ 24,
        /// `MNT_` flags.
        flags: u32 = "f_flags" @ 64,
        /// Type of the file system.
        fstype: [text 16] = "f_fstypename" @ 72,
        /// Where it is mounted.
        mount_point: [text 1024] = "f_mntonname" @ 88,
        /// What is mounted.
        device: [text 1024] = "f_mntfromname" @ 1112,
    }
}

/// The `MNT_` flags of sys/mount.h, in the order in which psutil shows them.
const OPTIONS: &[Flag] = &[
    (0x2, "sync"),
    (0x4, "noexec"),
    (0x8, "nosuid"),
    (0x20, "union"),
    (0x40, "async"),
    (0x100, "exported"),
    (0x1000, "local"),
    (0x2000, "quota"),
    (0x4000, "rootfs"),
    (0x8000, "dovolfs"),
    (0x10_0000, "dontbrowse"),
    (0x20_0000, "ignore-ownership"),
    (0x40_0000, "automounted"),
    (0x80_0000, "journaled"),
    (0x100_0000, "nouserxattr"),
    (0x200_0000, "defwrite"),
    (0x400, "quarantine"),
    (0x400_0000, "multilabel"),
    (0x1000_0000, "noatime"),
];

impl Mount<'_> {
    /// The options, `ro` or `rw` first.
    #[must_use]
    pub fn options(self) -> String {
        options(self.flags().into(), OPTIONS)
    }
}

view! {
    /// The answer of getattrlist(2) to `ATTR_VOL_SPACEUSED`.
    pub struct Space = "space" (12) {
        /// Bytes that the volume uses.
        used: u64 = "used" @ 4,
    }
}

/// The bytes that a volume uses.
pub fn space_used(bytes: &[u8]) -> Result<u64> {
    Space::new(bytes).map(Space::used)
}

/// The file systems of an answer.
pub fn mounts(bytes: &[u8]) -> impl Iterator<Item = Result<Mount<'_>>> {
    chunks(bytes, Mount::SIZE, Mount::STRUCT).map(|record| Mount::new(record?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn a_volume() {
        let mut made = Made::new(2168);
        made.u32(64, 0x80_5001).set(72, b"apfs").set(88, b"/").set(1112, b"/dev/disk1s1");
        let mount = mounts(&made.0).next().unwrap().unwrap();
        assert_eq!(
            (mount.fstype(), mount.mount_point(), mount.device()),
            (&b"apfs"[..], &b"/"[..], &b"/dev/disk1s1"[..])
        );
        assert_eq!(mount.options(), "ro,local,rootfs,journaled");
        // 0x200 is a removable volume, which is no option of mount(8).
        made.u32(64, 0x600);
        assert_eq!(Mount::new(&made.0).unwrap().options(), "rw,quarantine");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..4500)) {
            let _ = space_used(&bytes);
            for mount in mounts(&bytes).flatten() {
                let _ = mount.options();
            }
        }
    }
}
