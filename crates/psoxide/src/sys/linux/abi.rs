//! Numbers of the kernel's headers, and what its system calls return, without libc.

use std::net::SocketAddr;

use crate::{Error, Os};

/// asm-generic/errno-base.h: the same on every architecture.
pub(super) const EPERM: i32 = 1;
#[cfg(feature = "capture")]
pub(super) const ENOENT: i32 = 2;
#[cfg(feature = "capture")]
pub(super) const ENOTDIR: i32 = 20;
#[cfg(feature = "capture")]
pub(super) const EISDIR: i32 = 21;
#[cfg(feature = "capture")]
pub(super) const EINVAL: i32 = 22;
/// asm-generic/errno.h: a captured machine's are those of most architectures.
pub(super) const ENOSYS: i32 = if MIPS { 89 } else { 38 };
#[cfg(feature = "capture")]
pub(super) const ELOOP: i32 = if MIPS { 90 } else { 40 };
pub(super) const EOPNOTSUPP: i32 = if MIPS { 122 } else { 95 };

const MIPS: bool = cfg!(any(target_arch = "mips", target_arch = "mips64"));

/// linux/ioprio.h
pub(super) const IOPRIO_CLASS_SHIFT: i32 = 13;

/// The error that the kernel returns as this number.
pub(super) fn error(errno: i32) -> Error {
    Error::answered(Os::Linux, errno)
}

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Regular,
    Directory,
    Other,
}

/// What the kernel says about an open file without a lookup of its path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenFileInfo {
    pub(crate) is_regular: bool,
    /// The number of names that directories have for it.
    pub(crate) links: u32,
}

/// What the kernel says about a process through its pidfd: real, effective and saved ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct PidfdInfo {
    pub(super) ppid: u32,
    pub(super) uids: [u32; 3],
    pub(super) gids: [u32; 3],
}

/// A protocol of netlink(7).
#[derive(Debug, Clone, Copy)]
pub(super) enum NetlinkProtocol {
    Route,
    SockDiag,
}

/// What a socket of the calling process says about itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum SelfSocket {
    Unix,
    Inet {
        v6: bool,
        tcp: bool,
        /// The local and the remote address.
        ends: [SocketAddr; 2],
    },
    /// Neither TCP, nor UDP, nor Unix.
    Other,
}
