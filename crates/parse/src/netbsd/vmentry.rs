//! `vm.proc.map`: mappings of one process, as `struct kinfo_vmentry`.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// A mapping.
    pub struct Mapping = "kinfo_vmentry" (1128) {
        /// First address.
        start: u64 = "kve_start" @ 0,
        /// First address behind it.
        end: u64 = "kve_end" @ 8,
        /// Offset in the file.
        offset: u64 = "kve_offset" @ 16,
        /// What is mapped, [`kind`].
        kind: u32 = "kve_type" @ 24,
        /// Flags, [`flag`].
        flags: u32 = "kve_flags" @ 28,
        /// Wired pages.
        wired: u32 = "kve_wired_count" @ 36,
        /// 1 read, 2 write, 4 execute.
        protection: u32 = "kve_protection" @ 48,
        /// References to the object.
        ref_count: u32 = "kve_ref_count" @ 56,
        /// Inode number of the file.
        inode: u64 = "kve_vn_fileid" @ 64,
        /// Device number of the file's file system.
        device: u64 = "kve_vn_fsid" @ 80,
        /// Path of the file; empty for none.
        path: [text 1024] = "kve_path" @ 104,
    }
}

/// `kve_type`.
#[allow(missing_docs)] // the names are those of sys/sysctl.h, without KVME_TYPE
pub mod kind {
    pub const OBJECT: u32 = 1;
    pub const VNODE: u32 = 2;
    pub const DEVICE: u32 = 4;
    pub const ANON: u32 = 5;
}

/// `kve_flags`.
#[allow(missing_docs)] // the names are those of sys/sysctl.h, without KVME_FLAG
pub mod flag {
    pub const COW: u32 = 1;
    pub const GROWS_DOWN: u32 = 0x20;
}

/// Reads the mappings in an answer whose elements are `size` bytes long.
pub fn mappings(bytes: &[u8], size: usize) -> impl Iterator<Item = Result<Mapping<'_>>> {
    chunks(bytes, size, Mapping::STRUCT).map(|record| Mapping::new(record?))
}
