//! Asks the kernel about sockets: sock_diag(7).

use std::net::{IpAddr, SocketAddr};

use psoxide_parse::linux::net_sock::{InetSocket, UnixSocket};
use psoxide_parse::linux::sock_diag::{self, SOCK_DIAG_BY_FAMILY};

use super::abi::NetlinkProtocol;
use super::live::Live;
use super::netlink::Netlink;
use crate::Result;

const AF_UNIX: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;
/// The states that /proc/net/tcp lists: from TCP_ESTABLISHED to TCP_CLOSING in include/net/tcp_states.h, and
/// TCP_NEW_SYN_RECV.
const LISTED_STATES: u32 = 0x1ffe;
/// TCP_TIME_WAIT and TCP_NEW_SYN_RECV. No process has a descriptor of such a socket. A socket in TCP_SYN_RECV can have
/// one, through TCP_FASTOPEN.
const UNHELD_STATES: u32 = 1 << 6 | 1 << 12;
const UDIAG_SHOW_NAME: u32 = 0x1;
const UDIAG_SHOW_ICONS: u32 = 0x8;
const UDIAG_SHOW_RQLEN: u32 = 0x10;

/// Opens a netlink socket for the functions below. Its answers are about the calling thread's network namespace.
pub(super) fn open(kernel: &Live) -> Result<Netlink> {
    Netlink::open(kernel, NetlinkProtocol::SockDiag)
}

/// Calls `each` with every TCP or UDP socket of one IP version or, with `held`, only with those that a process can
/// hold.
pub(super) fn each_inet(
    diag: &mut Netlink,
    (v6, tcp): (bool, bool),
    held: bool,
    mut each: impl FnMut(InetSocket) -> psoxide_parse::Result<()>,
) -> Result<()> {
    // A `struct inet_diag_req_v2`.
    let mut question = vec![family(v6), protocol(tcp), 0, 0];
    question.extend(listed_states(held).to_ne_bytes());
    question.extend([0; 48]); // any address
    diag.dump(SOCK_DIAG_BY_FAMILY, &question, |kind, payload| match kind {
        SOCK_DIAG_BY_FAMILY => each(sock_diag::inet(payload)?),
        _ => Ok(()),
    })
}

/// Calls `each` with every TCP socket of both IP versions. This takes one walk over the kernel's table, which is large
/// even if it holds few sockets. The question is older than sock_diag(7): a `struct inet_diag_req` of
/// linux/inet_diag.h.
pub(super) fn each_tcp(
    diag: &mut Netlink,
    held: bool,
    mut each: impl FnMut(InetSocket) -> psoxide_parse::Result<()>,
) -> Result<()> {
    const TCPDIAG_GETSOCK: u16 = 18;
    let mut question = vec![0; 52]; // any family, any address
    question.extend(listed_states(held).to_ne_bytes());
    question.extend([0; 4]);
    diag.dump(TCPDIAG_GETSOCK, &question, |kind, payload| match kind {
        TCPDIAG_GETSOCK => each(sock_diag::inet(payload)?),
        _ => Ok(()),
    })
}

/// Calls `each` with every UNIX socket and the number of connections that wait for it. With `held` that number is 0.
pub(super) fn each_unix(
    diag: &mut Netlink,
    held: bool,
    mut each: impl FnMut(UnixSocket<'_>, usize) -> psoxide_parse::Result<()>,
) -> Result<()> {
    let show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN | if held { 0 } else { UDIAG_SHOW_ICONS };
    // A `struct unix_diag_req`.
    let mut question = vec![AF_UNIX, 0, 0, 0];
    // udiag_states, udiag_ino, udiag_show, udiag_cookie
    question.extend([u32::MAX, 0, show, 0, 0].into_iter().flat_map(u32::to_ne_bytes));
    diag.dump(SOCK_DIAG_BY_FAMILY, &question, |kind, payload| match kind {
        SOCK_DIAG_BY_FAMILY => {
            let (socket, waiting) = sock_diag::unix(payload)?;
            each(socket, waiting)
        }
        _ => Ok(()),
    })
}

/// Finds the TCP or UDP socket with these addresses. Returns `None` if there is none, or if it has another inode.
pub(super) fn find(
    diag: &mut Netlink,
    (v6, tcp): (bool, bool),
    [local, remote]: [SocketAddr; 2],
    inode: u64,
) -> Option<InetSocket> {
    const ANY_COOKIE: [u8; 8] = [0xff; 8];
    // For UDP the kernel expects the addresses as in an arriving packet: net/ipv4/udp_diag.c, udp_dump_one.
    let ends = if tcp { [local, remote] } else { [remote, local] };
    // A `struct inet_diag_req_v2`.
    let mut question = vec![family(v6), protocol(tcp), 0, 0];
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

fn family(v6: bool) -> u8 {
    if v6 { AF_INET6 } else { AF_INET }
}

fn protocol(tcp: bool) -> u8 {
    if tcp { IPPROTO_TCP } else { IPPROTO_UDP }
}

fn listed_states(held: bool) -> u32 {
    if held { LISTED_STATES & !UNHELD_STATES } else { LISTED_STATES }
}
