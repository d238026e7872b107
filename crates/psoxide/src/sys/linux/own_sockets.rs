//! The sockets of this very program, if they are few: sock_diag(7) is asked for each by its addresses, and goes through no
//! table.
//!
//! What a descriptor says of itself is only what to ask for: another thread may close it meanwhile, and a cgroup may have
//! it say other addresses than the kernel's (BPF_CGROUP_INET4_GETPEERNAME). The answer has the socket's inode; if that is
//! another, or there is no answer, the tables are read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use psoxide_parse::linux::net_sock::InetSocket;
use psoxide_parse::linux::sock_diag::{self, SOCK_DIAG_BY_FAMILY};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;
use rustix::net::{AddressFamily, ipproto, sockopt};

use super::Handle;
use super::ffi;
use super::netlink::Netlink;
use super::sockets::{AF_INET, AF_INET6, Holder, IPPROTO_TCP, IPPROTO_UDP, is_our_namespace};

/// A socket that a process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) fd: i32,
    pub(super) inode: u64,
    pub(super) what: What,
}

/// The kind of a socket, and what the table of its kind shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Tcp(InetSocket),
    Udp(InetSocket),
    Unix,
    /// In no table that is read.
    Unlisted,
}

/// `None` if there are too many for that to pay, if they are another program's, or if one cannot be told so.
pub(super) fn ask(process: &Handle<'_>, holders: &[Holder]) -> Option<Vec<Held>> {
    const FEW: usize = 40;
    let Handle { source, pid, .. } = *process;
    let is_own = source.may_ask_kernel() && pid == std::process::id();
    if !is_own || holders.is_empty() || holders.len() > FEW || !is_our_namespace(source, &pid.to_string()) {
        return None;
    }
    let mut diag = Netlink::open(Some(SOCK_DIAG)).ok()?;
    let told = |holder: &Holder| Some(Held { fd: holder.fd, inode: holder.inode, what: what(&mut diag, holder)? });
    holders.iter().map(told).collect()
}

fn what(diag: &mut Netlink, holder: &Holder) -> Option<What> {
    let socket = ffi::descriptor(holder.fd)?;
    let family = sockopt::socket_domain(socket).ok()?;
    let protocol = sockopt::socket_protocol(socket).ok()?;
    let what = match (family, protocol) {
        (AddressFamily::UNIX, _) => What::Unix,
        (AddressFamily::INET | AddressFamily::INET6, Some(protocol)) => {
            let addresses = addresses(socket)?;
            let [local, _] = addresses;
            match (local.port(), protocol) {
                // What is bound to no port is in no table.
                (0, ipproto::TCP | ipproto::UDP) => What::Unlisted,
                (_, ipproto::TCP) => What::Tcp(find(diag, family, IPPROTO_TCP, addresses, holder.inode)?),
                (_, ipproto::UDP) => What::Udp(find(diag, family, IPPROTO_UDP, addresses, holder.inode)?),
                // MPTCP has sockets of TCP for its parts, under its own inode.
                _ => return None,
            }
        }
        _ => What::Unlisted,
    };
    (rustix::fs::fstat(socket).ok()?.st_ino == holder.inode).then_some(what)
}

/// Its own address, and the other end's.
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

/// What the table has under these addresses, if it is the socket of this inode: a `struct inet_diag_req_v2`.
fn find(
    diag: &mut Netlink,
    family: AddressFamily,
    protocol: u8,
    [local, remote]: [SocketAddr; 2],
    inode: u64,
) -> Option<InetSocket> {
    const ANY_COOKIE: [u8; 8] = [0xff; 8];
    let family = if family == AddressFamily::INET6 { AF_INET6 } else { AF_INET };
    // As a packet's ends that would come for it, for historical reasons: net/ipv4/udp_diag.c, udp_dump_one.
    let ends = if protocol == IPPROTO_UDP { [remote, local] } else { [local, remote] };
    let mut question = vec![family, protocol, 0, 0];
    question.extend(u32::MAX.to_ne_bytes());
    question.extend(ends.iter().flat_map(|end| end.port().to_be_bytes()));
    for end in ends {
        let mut bytes = [0; 16];
        match end.ip() {
            IpAddr::V4(ip) => bytes.iter_mut().zip(ip.octets()).for_each(|(to, from)| *to = from),
            IpAddr::V6(ip) => bytes = ip.octets(),
        }
        question.extend(bytes);
    }
    question.extend([0; 4]); // any interface
    question.extend(ANY_COOKIE);
    let found = diag.get(SOCK_DIAG_BY_FAMILY, &question, sock_diag::inet).ok()??;
    (found.inode == inode).then_some(found)
}
