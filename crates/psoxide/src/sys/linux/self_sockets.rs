//! The sockets of the calling process. If they are few, sock_diag(7) is asked for each by its addresses, which walks no
//! table.
//!
//! What a descriptor says about itself only shows which socket to ask for: another thread may close it meanwhile, and a
//! cgroup can change the addresses that it returns (BPF_CGROUP_INET4_GETPEERNAME). The kernel's answer holds the socket's
//! inode. If that is another one, or if there is no answer, the tables are read.

use super::Handle;
use super::abi::SelfSocket;
use super::live::Live;
use super::netlink::Netlink;
use super::sock_diag;
use super::socket_fds::{DescribedSocket, SocketFd, SocketKind};

/// Describes the sockets behind `fds`. `None` if they are another process's, if reading the tables is cheaper, or if one
/// of them cannot be described in this way.
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
        // A socket that is bound to no port is in no table.
        SelfSocket::Inet { ends: [local, _], .. } if local.port() == 0 => SocketKind::Unlisted,
        SelfSocket::Inet { v6, tcp, ends } => {
            let socket = sock_diag::find(diag, (v6, tcp), ends, fd.inode)?;
            if tcp { SocketKind::Tcp(socket) } else { SocketKind::Udp(socket) }
        }
    };
    (kernel.self_inode(fd.fd)? == fd.inode).then_some(kind)
}
