//! Sockets: whose they are from /proc/PID/fd, what they are from sock_diag(7) or else /proc/net.

use std::collections::HashSet;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStringExt as _;

use foldhash::fast::RandomState;
use psoxide_parse::linux::net_sock::{self, InetSocket, UnixSocket};
use psoxide_parse::linux::sock_diag::{self, SOCK_DIAG_BY_FAMILY};
use psoxide_parse::{ParseError, decimal};
use rustix::net::netlink::SOCK_DIAG;

use super::folder::Folder;
use super::netlink::Netlink;
use super::own_sockets::{self, Held, What};
use super::source::if_any;
use super::{Handle, Source};
use crate::{AddressFamily, Connection, ConnectionKind, ConnectionStatus, Endpoint, Pid, Result, SocketType};

/// The sockets of this network namespace.
pub(super) fn all(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let tables: Vec<Table> = TABLES.into_iter().filter(|table| table.is_in(kind)).collect();
    let mut sockets = Vec::new();
    Tables::open(source, "self", false).each(&tables, |socket| sockets.push(socket))?;
    let holders = Holders::of_all(source)?;
    let mut connections = Connections::with_room_for(sockets.len());
    for socket in &sockets {
        connections.add(socket, holders.of(socket.inode));
    }
    Ok(connections.list)
}

/// The sockets of one process, seen from its own network namespace.
pub(super) fn of_process(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let Handle { source, pid, .. } = *process;
    let mut connections = Connections::default();
    let mut holders = Vec::new();
    let mut tables: Vec<Table>;
    let mut told = source.bpf().sockets(source, pid);
    if told.is_none() {
        Holders::add_process(source, pid, &mut holders)?;
        if kind != ConnectionKind::Unix {
            told = own_sockets::ask(process, &holders);
        }
    }
    if let Some(held) = told {
        // A descriptor that was copied holds the same socket.
        let all = Holders::sorted(held.iter().map(|held| Holder { inode: held.inode, pid, fd: held.fd }).collect());
        for table in TABLES.into_iter().filter(|table| table.is_in(kind)) {
            for Held { inode, what, .. } in &held {
                if let Some(socket) = table.socket(what)? {
                    connections.add(&socket, all.of(*inode));
                }
            }
        }
        // Of these only the table has the path.
        let unix = held.iter().filter(|held| held.what == What::Unix);
        holders = unix.map(|held| Holder { inode: held.inode, pid, fd: held.fd }).collect();
        tables = vec![Table::Unix];
    } else {
        tables = tables_of(process, &holders).collect();
    }
    tables.retain(|table| table.is_in(kind));
    if holders.is_empty() || tables.is_empty() {
        return Ok(connections.list);
    }
    let holders = Holders::sorted(holders);
    Tables::open(source, &pid.to_string(), true).each(&tables, |socket| {
        let holders = holders.of(socket.inode);
        if !holders.is_empty() {
            connections.add(&socket, holders);
        }
    })?;
    Ok(connections.list)
}

/// A process that holds a socket, and under which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Holder {
    pub(super) inode: u64,
    pub(super) pid: Pid,
    pub(super) fd: i32,
}

/// Who holds each socket, as far as this user may know; sorted.
struct Holders(Vec<Holder>);

impl Holders {
    fn of_all(source: &Source) -> Result<Self> {
        let (mut holders, pids) = match source.bpf().holders(source) {
            Some(walked) => walked,
            None => (Vec::new(), source.pids()?),
        };
        for pid in pids {
            match Self::add_process(source, pid, &mut holders) {
                Err(error) if !error.is_missing() && !error.is_access_denied() => return Err(error),
                _ => {}
            }
        }
        Ok(Self::sorted(holders))
    }

    fn add_process(source: &Source, pid: Pid, holders: &mut Vec<Holder>) -> Result<()> {
        Folder::open(source, source.process(pid, "fd"))?.each_link(|fd, target| {
            if let (Some(inode), Ok(fd)) = (socket_inode(target), i32::try_from(fd.number)) {
                holders.push(Holder { inode, pid, fd });
            }
            Ok(())
        })
    }

    fn sorted(mut holders: Vec<Holder>) -> Self {
        holders.sort_unstable();
        // A process that began during a walk may have been read as well.
        holders.dedup();
        Self(holders)
    }

    fn of(&self, inode: u64) -> &[Holder] {
        let from = self.0.partition_point(|holder| holder.inode < inode);
        let rest = self.0.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|holder| holder.inode == inode).count();
        rest.get(..count).unwrap_or_default()
    }
}

/// `socket:[INODE]`
fn socket_inode(target: &[u8]) -> Option<u64> {
    let inode = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    decimal(inode, "inode").ok()
}

/// What the kernel's tables say of a socket.
struct Socket {
    inode: u64,
    family: AddressFamily,
    kind: SocketType,
    laddr: Endpoint,
    raddr: Endpoint,
    status: ConnectionStatus,
}

/// Connections in the order they were found, equal ones once.
#[derive(Default)]
struct Connections {
    list: Vec<Connection>,
    /// Inode and addresses of those that have a holder. The parts of an MPTCP socket share its inode.
    held: HashSet<(u64, Option<SocketAddr>, Option<SocketAddr>), RandomState>,
    unheld: HashSet<Connection, RandomState>,
}

impl Connections {
    fn with_room_for(count: usize) -> Self {
        Self {
            list: Vec::with_capacity(count),
            held: HashSet::with_capacity_and_hasher(count, RandomState::default()),
            ..Self::default()
        }
    }

    /// Adds a socket; `holders` are sorted.
    fn add(&mut self, socket: &Socket, holders: &[Holder]) {
        let pid = holders.last().map(|holder| holder.pid);
        let connection = Connection {
            fd: holders.iter().find(|holder| Some(holder.pid) == pid).map(|holder| holder.fd),
            family: socket.family,
            kind: socket.kind,
            laddr: socket.laddr.clone(),
            raddr: socket.raddr.clone(),
            status: socket.status,
            pid,
            holders: holders.iter().map(|holder| crate::Holder { pid: holder.pid, fd: Some(holder.fd) }).collect(),
        };
        // A table that changes while it is read may list a socket twice.
        let new = match holders {
            [] => self.unheld.insert(connection.clone()),
            _ => self.held.insert((socket.inode, address(&socket.laddr), address(&socket.raddr))),
        };
        if new {
            self.list.push(connection);
        }
    }
}

fn address(endpoint: &Endpoint) -> Option<SocketAddr> {
    match endpoint {
        Endpoint::Inet(address) => Some(*address),
        _ => None,
    }
}

/// A table of sockets: /proc/net has a file for each, sock_diag(7) answers about one at a time.
#[derive(Clone, Copy)]
enum Table {
    Inet { file: &'static str, v6: bool, tcp: bool },
    Unix,
}

const TABLES: [Table; 5] = [
    Table::Inet { file: "tcp", v6: false, tcp: true },
    Table::Inet { file: "tcp6", v6: true, tcp: true },
    Table::Inet { file: "udp", v6: false, tcp: false },
    Table::Inet { file: "udp6", v6: true, tcp: false },
    Table::Unix,
];

impl Table {
    fn is_in(self, kind: ConnectionKind) -> bool {
        match self {
            Self::Inet { v6, tcp: true, .. } => kind.tcp(v6),
            Self::Inet { v6, tcp: false, .. } => kind.udp(v6),
            Self::Unix => kind.unix(),
        }
    }

    /// What this table says of a socket that the kernel has told of.
    fn socket(self, what: &What) -> psoxide_parse::Result<Option<Socket>> {
        match (self, what) {
            (Self::Inet { v6, tcp: true, .. }, What::Tcp(socket))
            | (Self::Inet { v6, tcp: false, .. }, What::Udp(socket))
                if v6 == socket.local.0.is_ipv6() =>
            {
                inet_socket(socket, matches!(what, What::Tcp(_))).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// The tables that can list the sockets of a process.
///
/// Every table costs a walk over all of its buckets. Asking a few sockets for their protocol is cheaper.
fn tables_of(process: &Handle<'_>, holders: &[Holder]) -> impl Iterator<Item = Table> {
    const FEW: usize = 16;
    let asks = process.source.may_ask_kernel() && holders.len() <= FEW;
    let protocols: Option<Vec<Protocol>> =
        if asks { holders.iter().map(|holder| Protocol::of(process, holder.fd)).collect() } else { None };
    TABLES.into_iter().filter(move |table| match &protocols {
        Some(protocols) => protocols.iter().any(|protocol| protocol.may_be_in(*table)),
        None => !holders.is_empty(),
    })
}

/// The protocol of a socket, as far as it says in which tables it can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Tcp { v6: bool },
    Udp { v6: bool },
    Unix,
}

impl Protocol {
    /// Asks the socket, net/socket.c: sockfs_xattr_get. `None` where it does not say, or says what is not known here.
    fn of(process: &Handle<'_>, fd: i32) -> Option<Self> {
        let mut name = [0; 32];
        let path = process.path(&format!("fd/{fd}"));
        let length = rustix::fs::getxattr(path, c"system.sockprotoname", &mut name).ok()?;
        match name.get(..length)?.strip_suffix(&[0])? {
            b"TCP" => Some(Self::Tcp { v6: false }),
            b"TCPv6" => Some(Self::Tcp { v6: true }),
            b"UDP" => Some(Self::Udp { v6: false }),
            b"UDPv6" => Some(Self::Udp { v6: true }),
            b"UNIX" | b"UNIX-STREAM" => Some(Self::Unix),
            _ => None,
        }
    }

    fn may_be_in(self, table: Table) -> bool {
        match (self, table) {
            // IPV6_ADDRFORM makes a socket of IPv4 from one of IPv6, which keeps its name: ipv6(7).
            (Self::Tcp { v6: named }, Table::Inet { v6, tcp: true, .. })
            | (Self::Udp { v6: named }, Table::Inet { v6, tcp: false, .. }) => named || !v6,
            (Self::Unix, Table::Unix) => true,
            _ => false,
        }
    }
}

/// The tables of the network namespace of one process.
struct Tables<'a> {
    source: &'a Source,
    /// The process, as /proc names it.
    whose: &'a str,
    /// Where the namespace is that of this thread: netlink sockets are in their maker's.
    diag: Option<Netlink>,
    /// Whether sockets that no process holds are of no interest.
    held: bool,
}

impl<'a> Tables<'a> {
    fn open(source: &'a Source, whose: &'a str, held: bool) -> Self {
        let ours = source.may_ask_kernel() && is_our_namespace(source, whose);
        // Whatever forbids such a socket does not forbid the files.
        let diag = if ours { Netlink::open(Some(SOCK_DIAG)).ok() } else { None };
        Self { source, whose, diag, held }
    }

    /// The sockets of some tables.
    fn each(&mut self, tables: &[Table], mut each: impl FnMut(Socket)) -> Result<()> {
        let is_tcp = |table: &Table| matches!(table, Table::Inet { tcp: true, .. });
        let mut told = None;
        // Both of TCP at once cost one walk over the kernel's table, which is large even where few sockets are in it.
        if tables.iter().filter(|table| is_tcp(table)).count() == 2 {
            told = self.diag.as_mut().and_then(|diag| ask_tcp(diag, self.held).ok());
        }
        for &table in tables {
            if told.is_none() || !is_tcp(&table) {
                self.read(table)?.into_iter().for_each(&mut each);
            }
        }
        told.into_iter().flatten().for_each(each);
        Ok(())
    }

    fn read(&mut self, table: Table) -> Result<Vec<Socket>> {
        // A kernel may lack a part of sock_diag, or a filter forbid it: the file answers the same.
        let asked = self.diag.as_mut().and_then(|diag| ask(diag, table, self.held).ok());
        asked.map_or_else(|| self.read_file(table), Ok)
    }

    fn read_file(&self, table: Table) -> Result<Vec<Socket>> {
        let path = |file| match self.whose {
            // In a copied tree `self` is whoever copied it.
            "self" => self.source.procfs(&format!("net/{file}")),
            pid => {
                let of_process = |path: &str| self.source.procfs(&format!("{pid}/{path}"));
                // Before Linux 2.6.25 there was but one network.
                let exists = |path| self.source.stat(&of_process(path)).is_ok();
                let only_one = !exists("net") && exists("stat");
                if only_one { self.source.procfs(&format!("net/{file}")) } else { of_process(&format!("net/{file}")) }
            }
        };
        match table {
            Table::Inet { file, v6, tcp } => {
                let sockets = self.source.read(&path(file), |bytes| {
                    let sockets = net_sock::inet(bytes, v6, self.source.little_endian())?;
                    sockets.iter().map(|socket| inet_socket(socket, tcp)).collect()
                });
                // A kernel without IPv6 has no tcp6 and udp6.
                if v6 { Ok(if_any(sockets)?.unwrap_or_default()) } else { sockets }
            }
            Table::Unix => self
                .source
                .read(&path("unix"), |bytes| Ok(net_sock::unix(bytes)?.into_iter().map(unix_socket).collect())),
        }
    }
}

/// Whether a process's network namespace is this thread's. One that may not be known is another.
pub(super) fn is_our_namespace(source: &Source, whose: &str) -> bool {
    let ours = rustix::fs::stat("/proc/thread-self/ns/net");
    let theirs = rustix::fs::stat(source.procfs(&format!("{whose}/ns/net")));
    matches!((ours, theirs), (Ok(ours), Ok(theirs)) if (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino))
}

const AF_UNIX: u8 = 1;
pub(super) const AF_INET: u8 = 2;
pub(super) const AF_INET6: u8 = 10;
pub(super) const IPPROTO_TCP: u8 = 6;
pub(super) const IPPROTO_UDP: u8 = 17;
/// What /proc/net/tcp lists: include/net/tcp_states.h from TCP_ESTABLISHED to TCP_CLOSING, and TCP_NEW_SYN_RECV.
const LISTED_STATES: u32 = 0x1ffe;
/// TCP_TIME_WAIT and TCP_NEW_SYN_RECV: no process holds a socket in these. In TCP_SYN_RECV it may, by TCP_FASTOPEN.
const UNHELD_STATES: u32 = 1 << 6 | 1 << 12;
const UDIAG_SHOW_NAME: u32 = 0x1;
const UDIAG_SHOW_ICONS: u32 = 0x8;

/// One table by sock_diag(7).
fn ask(diag: &mut Netlink, table: Table, held: bool) -> Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    diag.dump(SOCK_DIAG_BY_FAMILY, &question(table, held), |kind, payload| {
        match table {
            _ if kind != SOCK_DIAG_BY_FAMILY => {}
            Table::Inet { tcp, .. } => sockets.push(inet_socket(&sock_diag::inet(payload)?, tcp)?),
            Table::Unix => {
                let (socket, waiting) = sock_diag::unix(payload)?;
                let waiting = (waiting > 0).then(|| UnixSocket { inode: 0, ..socket.clone() });
                sockets.push(unix_socket(socket));
                // Those that wait differ in nothing.
                sockets.extend(waiting.map(unix_socket));
            }
        }
        Ok(())
    })?;
    Ok(sockets)
}

/// TCP of both versions of IP, by the question that was before sock_diag(7): a `struct inet_diag_req`, linux/inet_diag.h.
fn ask_tcp(diag: &mut Netlink, held: bool) -> Result<Vec<Socket>> {
    const TCPDIAG_GETSOCK: u16 = 18;
    let mut question = vec![0; 52]; // any family, any address
    question.extend(listed_states(held).to_ne_bytes());
    question.extend([0; 4]);
    let mut sockets = Vec::new();
    diag.dump(TCPDIAG_GETSOCK, &question, |kind, payload| {
        if kind == TCPDIAG_GETSOCK {
            sockets.push(inet_socket(&sock_diag::inet(payload)?, true)?);
        }
        Ok(())
    })?;
    Ok(sockets)
}

fn listed_states(held: bool) -> u32 {
    if held { LISTED_STATES & !UNHELD_STATES } else { LISTED_STATES }
}

/// A `struct inet_diag_req_v2` or a `struct unix_diag_req`.
fn question(table: Table, held: bool) -> Vec<u8> {
    match table {
        Table::Inet { v6, tcp, .. } => {
            let family = if v6 { AF_INET6 } else { AF_INET };
            let protocol = if tcp { IPPROTO_TCP } else { IPPROTO_UDP };
            let mut question = vec![family, protocol, 0, 0];
            question.extend(listed_states(held).to_ne_bytes());
            question.extend([0; 48]); // any address
            question
        }
        Table::Unix => {
            let show = if held { UDIAG_SHOW_NAME } else { UDIAG_SHOW_NAME | UDIAG_SHOW_ICONS };
            let mut question = vec![AF_UNIX, 0, 0, 0];
            // udiag_states, udiag_ino, udiag_show, udiag_cookie
            question.extend([u32::MAX, 0, show, 0, 0].into_iter().flat_map(u32::to_ne_bytes));
            question
        }
    }
}

fn inet_socket(socket: &InetSocket, tcp: bool) -> psoxide_parse::Result<Socket> {
    Ok(Socket {
        inode: socket.inode,
        family: if socket.local.0.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet },
        kind: if tcp { SocketType::Stream } else { SocketType::Datagram },
        laddr: endpoint(socket.local),
        raddr: endpoint(socket.remote),
        status: if tcp { tcp_status(socket.state)? } else { ConnectionStatus::None },
    })
}

fn unix_socket(socket: UnixSocket<'_>) -> Socket {
    Socket {
        inode: socket.inode,
        family: AddressFamily::Unix,
        kind: match socket.kind {
            1 => SocketType::Stream,
            2 => SocketType::Datagram,
            5 => SocketType::SeqPacket,
            other => SocketType::Other(other.into()),
        },
        laddr: Endpoint::Unix(OsString::from_vec(socket.path.into_owned())),
        raddr: Endpoint::None,
        status: ConnectionStatus::None,
    }
}

fn endpoint((address, port): (IpAddr, u16)) -> Endpoint {
    if port == 0 { Endpoint::None } else { Endpoint::Inet(SocketAddr::new(address, port)) }
}

/// The states of include/net/tcp_states.h.
fn tcp_status(state: u8) -> psoxide_parse::Result<ConnectionStatus> {
    Ok(match state {
        0x01 => ConnectionStatus::Established,
        0x02 => ConnectionStatus::SynSent,
        0x03 => ConnectionStatus::SynRecv,
        0x04 => ConnectionStatus::FinWait1,
        0x05 => ConnectionStatus::FinWait2,
        0x06 => ConnectionStatus::TimeWait,
        0x07 => ConnectionStatus::Close,
        0x08 => ConnectionStatus::CloseWait,
        0x09 => ConnectionStatus::LastAck,
        0x0a => ConnectionStatus::Listen,
        0x0b => ConnectionStatus::Closing,
        0x0c => ConnectionStatus::NewSynRecv,
        0x0d => ConnectionStatus::BoundInactive,
        _ => return Err(ParseError::malformed("st", format!("{state:02X}").as_bytes())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_links() {
        assert_eq!(socket_inode(b"socket:[123]"), Some(123));
        assert_eq!(socket_inode(b"pipe:[123]"), None);
        assert_eq!(socket_inode(b"socket:[]"), None);
    }

    #[test]
    fn states() {
        // include/net/tcp_states.h, in psutil's words; a socket is not listed in CLOSE (7), but as a reset comes.
        let names =
            "ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING";
        for (number, name) in (1..).zip(names.split(' ')) {
            assert_eq!(tcp_status(number).unwrap().to_string(), name);
        }
        assert_eq!(tcp_status(0).unwrap_err().field(), "st");
        assert_eq!(tcp_status(14).unwrap_err().field(), "st");
    }

    #[test]
    fn holders_are_found_by_inode() {
        let holder = |inode, pid, fd| Holder { inode, pid, fd };
        let holders = Holders::sorted(vec![holder(7, 2, 5), holder(3, 1, 4), holder(7, 1, 9), holder(9, 1, 1)]);
        let of = |inode| holders.of(inode).iter().map(|holder| (holder.pid, holder.fd)).collect::<Vec<_>>();
        assert_eq!(of(7), [(1, 9), (2, 5)]);
        assert_eq!(of(9), [(1, 1)]);
        assert_eq!([of(0), of(8), of(10)], [[], [], []] as [[(Pid, i32); 0]; 3]);
    }
}
