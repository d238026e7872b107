//! `kern.proc_vmmap`: mappings of one process, as `struct kinfo_vmentry`.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// A mapping. The kernel does not say what is mapped.
    pub struct Mapping = "kinfo_vmentry" (80) {
        /// First address.
        start: u64 = "kve_start" @ 0,
        /// First address behind it.
        end: u64 = "kve_end" @ 8,
        /// Size of the guard behind it.
        guard: u64 = "kve_guard" @ 16,
        /// Free addresses behind it.
        free: u64 = "kve_fspace" @ 24,
        /// Offset in the object.
        offset: u64 = "kve_offset" @ 40,
        /// Times it was wired.
        wired: i32 = "kve_wired_count" @ 48,
        /// What kind of entry it is, [`kind`].
        kind: i32 = "kve_etype" @ 52,
        /// 1 read, 2 write, 4 execute.
        protection: i32 = "kve_protection" @ 56,
    }
}

/// Bits of `kve_etype`.
#[allow(missing_docs)] // the names are those of sys/sysctl.h, without KVE_ET
pub mod kind {
    pub const OBJ: i32 = 0x1;
    pub const SUBMAP: i32 = 0x2;
    pub const COPYONWRITE: i32 = 0x4;
    pub const NEEDSCOPY: i32 = 0x8;
    pub const HOLE: i32 = 0x10;
    pub const STACK: i32 = 0x40;
}

/// Reads the mappings in an answer.
pub fn mappings(bytes: &[u8]) -> impl Iterator<Item = Result<Mapping<'_>>> {
    chunks(bytes, Mapping::SIZE, Mapping::STRUCT).map(|record| Mapping::new(record?))
}
