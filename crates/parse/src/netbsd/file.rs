//! `kern.file2`: open files, as `struct kinfo_file`.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// An open file of a process.
    pub struct File = "kinfo_file" (120) {
        /// `FREAD` and `FWRITE`, and how it was opened.
        flags: u32 = "ki_flag" @ 8,
        /// What the descriptor refers to, [`kind`].
        kind: u32 = "ki_ftype" @ 16,
        /// Offset of the next read or write.
        offset: u64 = "ki_foffset" @ 56,
        /// Address of the object in the kernel, scrambled for ordinary users. Of a socket it is the
        /// `ki_sockaddr` of its control block.
        data: u64 = "ki_fdata" @ 64,
        /// Size of the file.
        size: u64 = "ki_vsize" @ 80,
        /// Type of the file, [`REGULAR`] or another.
        vnode_type: u32 = "ki_vtype" @ 88,
        /// Address of the file system's own data in the kernel.
        vnode_data: u64 = "ki_vdata" @ 96,
        /// Process id.
        pid: u32 = "ki_pid" @ 104,
        /// Descriptor.
        fd: i32 = "ki_fd" @ 108,
    }
}

/// `ki_ftype`.
#[allow(missing_docs)] // the names are those of sys/file.h, without DTYPE
pub mod kind {
    pub const VNODE: u32 = 1;
    pub const SOCKET: u32 = 2;
    pub const PIPE: u32 = 3;
    pub const KQUEUE: u32 = 4;
}

/// `VREG`, a regular file.
pub const REGULAR: u32 = 1;

/// Reads the open files in an answer whose elements are `size` bytes long.
pub fn files(bytes: &[u8], size: usize) -> impl Iterator<Item = Result<File<'_>>> {
    chunks(bytes, size, File::STRUCT).map(|record| File::new(record?))
}
