//! Describes the sockets of the calling process. If they are few, each is looked up by its addresses in sock_diag(7),
//! which does not walk a table.
//!
//! The addresses that a descriptor returns only select the socket to look up. Another thread may close the descriptor,
//! and a cgroup can change the addresses that it returns (BPF_CGROUP_INET4_GETPEERNAME). The kernel's answer holds the
//! inode of the socket. If that differs from the descriptor's, or if there is no answer, the tables are read.

use super::Handle;
use super::abi::SelfSocket;
use super::live::Live;
use super::netlink::Netlink;
use super::sock_diag;
use super::socket_fds::{DescribedSocket, SocketFd, SocketKind};

/// Describes the sockets behind `fds`. Returns `None` if they belong to another process, if reading the tables is
/// cheaper, or if one of them cannot be looked up.
pub(super) fn describe(process: &Handle<'_>, fds: &[SocketFd]) -> Option<Vec<DescribedSocket>> {
    const FEW: usize = 40;
    let kernel = process.source.own_kernel().filter(|_| process.pid == std::process::id())?;
    if fds.is_empty() || fds.len() > FEW || !kernel.is_own_network(&process.path("ns/net")) {
        return None;
    }
    let mut diag = sock_diag::open(kernel).ok()?;
    let describe =
        |fd: &SocketFd| Some(DescribedSocket { fd: fd.fd, inode: fd.inode, kind: socket_kind(kernel, &mut diag, fd)? });
    fds.iter().map(describe).collect()
}

fn socket_kind(kernel: &Live, diag: &mut Netlink, fd: &SocketFd) -> Option<SocketKind> {
    let kind = match kernel.self_socket(fd.fd)? {
        SelfSocket::Unix => SocketKind::Unix,
        SelfSocket::Other => SocketKind::Unlisted,
        // A socket that is not bound to a port is in no table.
        SelfSocket::Inet { ends: [local, _], .. } if local.port() == 0 => SocketKind::Unlisted,
        SelfSocket::Inet { v6, tcp, ends } => {
            let socket = sock_diag::find(diag, (v6, tcp), ends, fd.inode)?;
            if tcp { SocketKind::Tcp(socket) } else { SocketKind::Udp(socket) }
        }
    };
    (kernel.self_inode(fd.fd)? == fd.inode).then_some(kind)
}
