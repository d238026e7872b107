//! Opens netlink(7) sockets, and queries the sockets of the calling process through their descriptors.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::SOCK_DIAG;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, socket_with, sockopt};

use super::{Live, ffi};
use crate::sys::linux::abi::{NetlinkProtocol, SelfSocket};
use crate::{Error, Result};

/// A netlink socket.
pub(crate) struct NetlinkSocket(OwnedFd);

impl NetlinkSocket {
    pub(crate) fn send(&self, request: &[u8]) -> Result<()> {
        retry_on_intr(|| rustix::net::send(&self.0, request, SendFlags::empty())).map_err(Error::io)?;
        Ok(())
    }

    /// Receives one message into the free capacity of `buffer`.
    pub(crate) fn receive(&self, buffer: &mut Vec<u8>) -> Result<()> {
        retry_on_intr(|| rustix::net::recv(&self.0, spare_capacity(buffer), RecvFlags::empty())).map_err(Error::io)?;
        Ok(())
    }
}

impl Live {
    pub(crate) fn netlink(&self, protocol: NetlinkProtocol) -> Result<NetlinkSocket> {
        let protocol = match protocol {
            // rustix names protocol 0 by `None`.
            NetlinkProtocol::Route => None,
            NetlinkProtocol::SockDiag => Some(SOCK_DIAG),
        };
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)
            .map(NetlinkSocket)
            .map_err(Error::io)
    }

    /// Returns whether a namespace file is the calling thread's network namespace. If the kernel does not show it, the
    /// result is false.
    pub(crate) fn is_own_network(&self, namespace: &Path) -> bool {
        let ours = rustix::fs::stat("/proc/thread-self/ns/net");
        let theirs = rustix::fs::stat(namespace);
        matches!((ours, theirs), (Ok(ours), Ok(theirs)) if (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino))
    }

    /// Reads the speed in megabits and the duplex mode of each interface. `None` if an interface reports neither.
    pub(crate) fn link_settings<'a>(&self, names: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Option<(u32, u8)>>> {
        let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
        let socket = socket.map_err(Error::io)?;
        Ok(names.map(|name| ffi::link_settings(socket.as_fd(), OsStr::from_bytes(name))).collect())
    }

    /// Reads the kernel's name for the protocol of a socket, from net/socket.c: sockfs_xattr_get. `path` is its link in
    /// /proc.
    pub(crate) fn socket_protocol(&self, path: &Path) -> Option<Vec<u8>> {
        let mut name = [0; 32];
        let length = rustix::fs::getxattr(path, c"system.sockprotoname", &mut name).ok()?;
        Some(name.get(..length)?.strip_suffix(&[0])?.to_vec())
    }

    /// Describes the socket of a descriptor of the calling process. Returns `None` for a protocol without a table of
    /// its own.
    pub(crate) fn self_socket(&self, fd: i32) -> Option<SelfSocket> {
        let socket = ffi::descriptor(fd)?;
        let family = sockopt::socket_domain(socket).ok()?;
        let protocol = sockopt::socket_protocol(socket).ok()?;
        Some(match (family, protocol) {
            (AddressFamily::UNIX, _) => SelfSocket::Unix,
            (AddressFamily::INET | AddressFamily::INET6, Some(protocol)) => {
                let tcp = match protocol {
                    ipproto::TCP => true,
                    ipproto::UDP => false,
                    // The subflows of an MPTCP socket are TCP sockets with its inode.
                    _ => return None,
                };
                SelfSocket::Inet { v6: family == AddressFamily::INET6, tcp, ends: ends(socket)? }
            }
            _ => SelfSocket::Other,
        })
    }

    /// Returns the inode of a descriptor of the calling process.
    pub(crate) fn self_inode(&self, fd: i32) -> Option<u64> {
        Some(rustix::fs::fstat(ffi::descriptor(fd)?).ok()?.st_ino)
    }
}

/// Returns the local and the remote address.
fn ends(socket: BorrowedFd<'_>) -> Option<[SocketAddr; 2]> {
    let local = SocketAddr::try_from(rustix::net::getsockname(socket).ok()?).ok()?;
    let remote = match rustix::net::getpeername(socket) {
        Ok(remote) => SocketAddr::try_from(remote?).ok()?,
        Err(Errno::NOTCONN) if local.is_ipv4() => (Ipv4Addr::UNSPECIFIED, 0).into(),
        Err(Errno::NOTCONN) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        Err(_) => return None,
    };
    Some([local, remote])
}
