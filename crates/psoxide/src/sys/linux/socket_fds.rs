//! Finds the file descriptors of processes that are sockets.

use psoxide_parse::decimal;
use psoxide_parse::linux::net_sock::InetSocket;

use super::Source;
use super::dir::Dir;
use crate::{Pid, Result};

/// A file descriptor that is a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SocketFd {
    pub(super) inode: u64,
    pub(super) pid: Pid,
    pub(super) fd: i32,
}

/// A socket of one process that the kernel described without reading a table of sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DescribedSocket {
    pub(super) fd: i32,
    pub(super) inode: u64,
    pub(super) kind: SocketKind,
}

/// The kind of a socket, with the kernel's description of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SocketKind {
    Tcp(InetSocket),
    Udp(InetSocket),
    Unix,
    /// The socket is in none of the tables that are read.
    Unlisted,
}

/// File descriptors that are sockets, sorted by inode.
pub(super) struct SocketFds(Vec<SocketFd>);

impl SocketFds {
    pub(super) fn sorted(mut fds: Vec<SocketFd>) -> Self {
        fds.sort_unstable();
        // A process that started during a walk may have been read twice.
        fds.dedup();
        Self(fds)
    }

    /// Returns the descriptors of a socket, by process.
    pub(super) fn of(&self, inode: u64) -> &[SocketFd] {
        let from = self.0.partition_point(|fd| fd.inode < inode);
        let rest = self.0.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|fd| fd.inode == inode).count();
        rest.get(..count).unwrap_or_default()
    }
}

/// Adds the sockets in `/proc/PID/fd`.
pub(super) fn add_process(source: &Source, pid: Pid, fds: &mut Vec<SocketFd>) -> Result<()> {
    Dir::open(source, source.process(pid, "fd"))?.each_link(|fd, target| {
        if let (Some(inode), Ok(fd)) = (inode(target), i32::try_from(fd)) {
            fds.push(SocketFd { inode, pid, fd });
        }
        Ok(())
    })
}

/// Parses `socket:[INODE]`.
fn inode(target: &[u8]) -> Option<u64> {
    let inode = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    decimal(inode, "inode").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_links() {
        assert_eq!(inode(b"socket:[123]"), Some(123));
        assert_eq!(inode(b"pipe:[123]"), None);
        assert_eq!(inode(b"socket:[]"), None);
    }

    #[test]
    fn descriptors_are_found_by_inode() {
        let fd = |inode, pid, fd| SocketFd { inode, pid, fd };
        let fds = SocketFds::sorted(vec![fd(7, 2, 5), fd(3, 1, 4), fd(7, 1, 9), fd(9, 1, 1)]);
        let of = |inode| fds.of(inode).iter().map(|fd| (fd.pid, fd.fd)).collect::<Vec<_>>();
        assert_eq!(of(7), [(1, 9), (2, 5)]);
        assert_eq!(of(9), [(1, 1)]);
        assert_eq!([of(0), of(8), of(10)], [[], [], []] as [[(Pid, i32); 0]; 3]);
    }
}
