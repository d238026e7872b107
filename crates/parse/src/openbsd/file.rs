//! `kern.file`: open files and sockets, as `struct kinfo_file`.

use crate::Result;
use crate::view::{chunks, view};

view! {
    /// An open file of a process, or a directory or program that it uses.
    pub struct File = "kinfo_file" (632) {
        /// `FREAD` and `FWRITE`, and how it was opened.
        flags: u32 = "f_flag" @ 8,
        /// What the descriptor refers to, [`kind`].
        kind: u32 = "f_type" @ 16,
        /// Offset of the next read or write.
        offset: u64 = "f_offset" @ 56,
        /// Address of the object in the kernel, which is 0 for ordinary users.
        data: u64 = "f_data" @ 64,
        /// Type of the file, [`REGULAR`] or another.
        vnode_type: u32 = "v_type" @ 120,
        /// Inode number.
        inode: u64 = "va_fileid" @ 152,
        /// Size of the file.
        size: u64 = "va_size" @ 160,
        /// Device number of the file's file system.
        device: u32 = "va_fsid" @ 172,
        /// Where the file's file system is mounted.
        mount_point: [text 96] = "f_mntonname" @ 176,
        /// A socket: `SOCK_STREAM` and its like.
        socket_type: u32 = "so_type" @ 272,
        /// A socket: whether it has a peer ([`CONNECTED`]), and other flags.
        socket_state: u32 = "so_state" @ 276,
        /// A socket: protocol.
        protocol: u32 = "so_protocol" @ 288,
        /// A socket: address family.
        family: u32 = "so_family" @ 292,
        /// A socket: its own port, in the order of the network.
        local_port: u32 = "inp_lport" @ 304,
        /// A socket: its own address.
        local_address: [bytes 16] = "inp_laddru" @ 308,
        /// A socket: the peer's port, in the order of the network.
        peer_port: u32 = "inp_fport" @ 324,
        /// A socket: the peer's address.
        peer_address: [bytes 16] = "inp_faddru" @ 328,
        /// Process id.
        pid: u32 = "p_pid" @ 376,
        /// A socket: bytes received that no process has read yet.
        received: u64 = "so_rcv_cc" @ 448,
        /// A socket: bytes that are not sent or not acknowledged.
        unsent: u64 = "so_snd_cc" @ 456,
        /// The descriptor, or a negative number for what a process uses without one, [`special`].
        fd: i32 = "fd_fd" @ 380,
        /// A UNIX socket: its path.
        path: [text 104] = "unp_path" @ 488,
        /// A TCP socket: its state, as tcp_fsm.h numbers them.
        state: u32 = "t_state" @ 596,
    }
}

/// `SS_ISCONNECTED` of `so_state`.
pub const CONNECTED: u32 = 2;

/// `f_type`.
#[allow(missing_docs)] // the names are those of sys/file.h, without DTYPE
pub mod kind {
    pub const VNODE: u32 = 1;
    pub const SOCKET: u32 = 2;
    pub const PIPE: u32 = 3;
    pub const KQUEUE: u32 = 4;
}

/// Negative values of `fd_fd`.
#[allow(missing_docs)] // the names are those of sys/sysctl.h, without KERN_FILE
pub mod special {
    pub const TEXT: i32 = -1;
    pub const CDIR: i32 = -2;
    pub const RDIR: i32 = -3;
    pub const TRACE: i32 = -4;
}

/// `VREG`, a regular file.
pub const REGULAR: u32 = 1;

impl File<'_> {
    /// A socket's own port.
    #[must_use]
    pub fn local(self) -> u16 {
        port(self.local_port())
    }

    /// The port of a socket's peer.
    #[must_use]
    pub fn peer(self) -> u16 {
        port(self.peer_port())
    }
}

/// A port in the order of the network, kept in a number of 32 bits.
const fn port(number: u32) -> u16 {
    let [first, second, ..] = number.to_le_bytes();
    u16::from_be_bytes([first, second])
}

/// Reads the open files in an answer whose elements are `size` bytes long.
pub fn files(bytes: &[u8], size: usize) -> impl Iterator<Item = Result<File<'_>>> {
    chunks(bytes, size, File::STRUCT).map(|record| File::new(record?))
}
