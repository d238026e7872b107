//! Numbers from the kernel's headers, and the results of its system calls, without libc.

use std::net::SocketAddr;

use crate::{Error, Os, Pid};

/// asm-generic/errno-base.h. These numbers are the same on every architecture.
pub(super) const EPERM: i32 = 1;
#[cfg(feature = "capture")]
pub(super) const ENOENT: i32 = 2;
#[cfg(feature = "capture")]
pub(super) const ENOTDIR: i32 = 20;
#[cfg(feature = "capture")]
pub(super) const EISDIR: i32 = 21;
#[cfg(feature = "capture")]
pub(super) const EINVAL: i32 = 22;
/// asm-generic/errno.h. A captured machine is assumed to have the numbers of most architectures.
pub(super) const ENOSYS: i32 = if MIPS { 89 } else { 38 };
#[cfg(feature = "capture")]
pub(super) const ELOOP: i32 = if MIPS { 90 } else { 40 };
pub(super) const EOPNOTSUPP: i32 = if MIPS { 122 } else { 95 };

const MIPS: bool = cfg!(any(target_arch = "mips", target_arch = "mips64"));

/// linux/ioprio.h
pub(super) const IOPRIO_CLASS_SHIFT: i32 = 13;

/// Makes the error for this error number of the kernel.
pub(super) fn error(errno: i32) -> Error {
    Error::answered(Os::Linux, errno)
}

/// Makes the error for a system call that would reach another process, because its pids are of another namespace.
pub(super) fn another_namespace(pid: Pid) -> Error {
    Error::unsupported("acting on the processes of another pid namespace").with_pid(pid)
}

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Regular,
    Directory,
    Other,
}

/// The kernel's description of an open file, obtained without a path lookup.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenFileInfo {
    pub(crate) is_regular: bool,
    /// The number of directory entries for the file.
    pub(crate) links: u32,
}

/// The kernel's description of a process, obtained through its pidfd. Ids are real, effective and saved.
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

/// The description of a socket of the calling process, obtained through its descriptor.
#[derive(Debug, Clone, Copy)]
pub(super) enum SelfSocket {
    Unix,
    Inet {
        v6: bool,
        tcp: bool,
        /// The local and remote address.
        ends: [SocketAddr; 2],
    },
    /// Neither TCP, nor UDP, nor UNIX.
    Other,
}
