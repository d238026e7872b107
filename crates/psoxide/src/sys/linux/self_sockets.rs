//! The sockets of the calling process. If they are few, sock_diag(7) is asked for each by its addresses, which walks no
//! table.
//!
//! What a descriptor says about itself only shows which socket to ask for: another thread may close it meanwhile, and a
//! cgroup can change the addresses that it returns (BPF_CGROUP_INET4_GETPEERNAME). The kernel's answer holds the socket's
//! inode. If that is another one, or if there is no answer, the tables are read.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, ipproto, sockopt};

use super::Handle;
use super::live::ffi;
use super::live::netlink::Netlink;
use super::sock_diag;
use super::socket_fds::{DescribedSocket, SocketFd, SocketKind};

/// Describes the sockets behind `fds`. `None` if they are another process's, if reading the tables is cheaper, or if one
/// of them cannot be described in this way.
pub(super) fn describe(process: &Handle<'_>, fds: &[SocketFd]) -> Option<Vec<DescribedSocket>> {
    const FEW: usize = 40;
    let Handle { source, pid, .. } = *process;
    let is_own = source.may_ask_kernel() && pid == std::process::id();
    if !is_own || fds.is_empty() || fds.len() > FEW || !sock_diag::is_own_namespace(source, &pid.to_string()) {
        return None;
    }
    let mut diag = sock_diag::open().ok()?;
    let describe =
        |fd: &SocketFd| Some(DescribedSocket { fd: fd.fd, inode: fd.inode, kind: socket_kind(&mut diag, fd)? });
    fds.iter().map(describe).collect()
}

fn socket_kind(diag: &mut Netlink, fd: &SocketFd) -> Option<SocketKind> {
    let socket = ffi::descriptor(fd.fd)?;
    let family = sockopt::socket_domain(socket).ok()?;
    let protocol = sockopt::socket_protocol(socket).ok()?;
    let kind = match (family, protocol) {
        (AddressFamily::UNIX, _) => SocketKind::Unix,
        (AddressFamily::INET | AddressFamily::INET6, Some(protocol)) => {
            let addresses = addresses(socket)?;
            let [local, _] = addresses;
            let v6 = family == AddressFamily::INET6;
            match (local.port(), protocol) {
                // A socket that is bound to no port is in no table.
                (0, ipproto::TCP | ipproto::UDP) => SocketKind::Unlisted,
                (_, ipproto::TCP) => SocketKind::Tcp(sock_diag::find(diag, (v6, true), addresses, fd.inode)?),
                (_, ipproto::UDP) => SocketKind::Udp(sock_diag::find(diag, (v6, false), addresses, fd.inode)?),
                // The parts of an MPTCP socket are TCP sockets with its inode.
                _ => return None,
            }
        }
        _ => SocketKind::Unlisted,
    };
    (rustix::fs::fstat(socket).ok()?.st_ino == fd.inode).then_some(kind)
}

/// Returns the local and the remote address.
fn addresses(socket: BorrowedFd<'_>) -> Option<[SocketAddr; 2]> {
    let local = SocketAddr::try_from(rustix::net::getsockname(socket).ok()?).ok()?;
    let remote = match rustix::net::getpeername(socket) {
        Ok(remote) => SocketAddr::try_from(remote?).ok()?,
        Err(Errno::NOTCONN) if local.is_ipv4() => (Ipv4Addr::UNSPECIFIED, 0).into(),
        Err(Errno::NOTCONN) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        Err(_) => return None,
    };
    Some([local, remote])
}
