//! Reads the kernel's tables of sockets: sock_diag(7), or else the files of /proc/net.

use std::net::{IpAddr, SocketAddr};

use psoxide_parse::ParseError;
use psoxide_parse::linux::net_sock::{self, InetSocket, UnixSocket, UnixState};

use super::live::Live;
use super::netlink::Netlink;
use super::sock_diag;
use super::socket_fds::{SocketFd, SocketKind};
use super::source::if_any;
use super::{Handle, Source};
use crate::sys::text;
use crate::{AddressFamily, ConnectionKind, ConnectionStatus, Endpoint, Result, SocketType};

/// A socket, as a table lists it.
pub(super) struct Socket {
    pub(super) inode: u64,
    pub(super) family: AddressFamily,
    pub(super) kind: SocketType,
    pub(super) laddr: Endpoint,
    pub(super) raddr: Endpoint,
    pub(super) status: ConnectionStatus,
    /// The receive queue and the send queue.
    pub(super) queues: Option<(u32, u32)>,
}

/// A table of sockets. /proc/net has one file for each. sock_diag(7) answers about one at a time.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Inet { file: &'static str, v6: bool, tcp: bool },
    Unix,
}

impl Table {
    const ALL: [Self; 5] = [
        Self::Inet { file: "tcp", v6: false, tcp: true },
        Self::Inet { file: "tcp6", v6: true, tcp: true },
        Self::Inet { file: "udp", v6: false, tcp: false },
        Self::Inet { file: "udp6", v6: true, tcp: false },
        Self::Unix,
    ];

    /// Lists the tables for a kind of connections.
    pub(super) fn of(kind: ConnectionKind) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |table| match *table {
            Self::Inet { v6, tcp: true, .. } => kind.tcp(v6),
            Self::Inet { v6, tcp: false, .. } => kind.udp(v6),
            Self::Unix => kind.unix(),
        })
    }

    /// Converts a socket that the kernel described. Returns `None` if it belongs to another table, or if only the table
    /// has all of its fields.
    pub(super) fn socket(self, described: &SocketKind) -> psoxide_parse::Result<Option<Socket>> {
        match (self, described) {
            (Self::Inet { v6, tcp: true, .. }, SocketKind::Tcp(socket))
            | (Self::Inet { v6, tcp: false, .. }, SocketKind::Udp(socket))
                if v6 == socket.local.0.is_ipv6() =>
            {
                inet_socket(socket, matches!(described, SocketKind::Tcp(_))).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Lists the tables that can hold the sockets of a process.
///
/// Reading a table costs a walk over all of its buckets. Asking for the protocol of a few sockets is cheaper.
pub(super) fn tables_of(
    process: &Handle<'_>,
    fds: &[SocketFd],
    kind: ConnectionKind,
) -> impl Iterator<Item = Table> + use<> {
    const FEW: usize = 16;
    let kernel = process.source.own_kernel().filter(|_| fds.len() <= FEW);
    let protocols: Option<Vec<Protocol>> =
        kernel.and_then(|kernel| fds.iter().map(|fd| Protocol::of(kernel, process, fd.fd)).collect());
    let any = !fds.is_empty();
    Table::of(kind).filter(move |table| match &protocols {
        Some(protocols) => protocols.iter().any(|protocol| protocol.may_be_in(*table)),
        None => any,
    })
}

/// The protocol of a socket, which decides the tables that can hold it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Tcp { v6: bool },
    Udp { v6: bool },
    Unix,
}

impl Protocol {
    /// Asks the kernel. Returns `None` if it does not answer, or for an unknown protocol.
    fn of(kernel: &Live, process: &Handle<'_>, fd: i32) -> Option<Self> {
        match &*kernel.socket_protocol(&process.path(&format!("fd/{fd}")))? {
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
            // IPV6_ADDRFORM turns an IPv6 socket into an IPv4 socket that keeps its protocol's name: ipv6(7).
            (Self::Tcp { v6: named }, Table::Inet { v6, tcp: true, .. })
            | (Self::Udp { v6: named }, Table::Inet { v6, tcp: false, .. }) => named || !v6,
            (Self::Unix, Table::Unix) => true,
            _ => false,
        }
    }
}

/// The tables of the network namespace of one process.
pub(super) struct Tables<'a> {
    source: &'a Source,
    /// The process's name in /proc: its pid or `self`.
    process: &'a str,
    /// A netlink socket, if the process is in the calling thread's network namespace. A netlink socket belongs to the
    /// namespace in which it was made.
    diag: Option<Netlink>,
    /// Whether to leave out sockets that no process holds.
    held: bool,
}

impl<'a> Tables<'a> {
    pub(super) fn open(source: &'a Source, process: &'a str, held: bool) -> Self {
        let kernel = source.own_kernel();
        let kernel = kernel.filter(|kernel| kernel.is_own_network(&source.procfs(&format!("{process}/ns/net"))));
        // If the kernel refuses this socket, the files can still be read.
        let diag = kernel.and_then(|kernel| sock_diag::open(kernel).ok());
        Self { source, process, diag, held }
    }

    /// Calls `each` with every socket of some tables.
    pub(super) fn each(&mut self, tables: &[Table], mut each: impl FnMut(Socket)) -> Result<()> {
        let is_tcp = |table: &Table| matches!(table, Table::Inet { tcp: true, .. });
        let mut tcp = None;
        if tables.iter().filter(|table| is_tcp(table)).count() == 2 {
            tcp = self.diag.as_mut().and_then(|diag| ask_tcp(diag, self.held).ok());
        }
        for &table in tables {
            if tcp.is_none() || !is_tcp(&table) {
                self.read(table)?.into_iter().for_each(&mut each);
            }
        }
        tcp.into_iter().flatten().for_each(each);
        Ok(())
    }

    fn read(&mut self, table: Table) -> Result<Vec<Socket>> {
        // The kernel may lack a part of sock_diag, or a filter may refuse it. The file holds the same sockets.
        let answer = self.diag.as_mut().and_then(|diag| ask(diag, table, self.held).ok());
        answer.map_or_else(|| self.read_file(table), Ok)
    }

    fn read_file(&self, table: Table) -> Result<Vec<Socket>> {
        let path = |file| match self.process {
            // In a copied tree `self` is the process that made the copy.
            "self" => self.source.procfs(&format!("net/{file}")),
            pid => {
                let of_process = |path: &str| self.source.procfs(&format!("{pid}/{path}"));
                // Before Linux 2.6.25 a machine had one network namespace.
                let exists = |path| self.source.kind(&of_process(path)).is_ok();
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

/// Reads one table by sock_diag(7).
fn ask(diag: &mut Netlink, table: Table, held: bool) -> Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    match table {
        Table::Inet { v6, tcp, .. } => sock_diag::each_inet(diag, (v6, tcp), held, |socket| {
            sockets.push(inet_socket(&socket, tcp)?);
            Ok(())
        })?,
        Table::Unix => sock_diag::each_unix(diag, held, |socket, waiting| {
            let waits = UnixSocket { inode: 0, state: UnixState::Connected, queues: None, ..socket.clone() };
            sockets.push(unix_socket(socket));
            // All waiting connections have equal rows.
            sockets.extend((waiting > 0).then(|| unix_socket(waits)));
            Ok(())
        })?,
    }
    Ok(sockets)
}

/// Reads the TCP tables of both versions of IP.
fn ask_tcp(diag: &mut Netlink, held: bool) -> Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    sock_diag::each_tcp(diag, held, |socket| {
        sockets.push(inet_socket(&socket, true)?);
        Ok(())
    })?;
    Ok(sockets)
}

fn inet_socket(socket: &InetSocket, tcp: bool) -> psoxide_parse::Result<Socket> {
    let status = if tcp { tcp_status(socket.state)? } else { ConnectionStatus::None };
    Ok(Socket {
        inode: socket.inode,
        family: if socket.local.0.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet },
        kind: if tcp { SocketType::Stream } else { SocketType::Datagram },
        laddr: endpoint(socket.local),
        raddr: endpoint(socket.remote),
        status,
        queues: Some(queues((socket.recv_queue, socket.send_queue), status)),
    })
}

fn unix_socket(socket: UnixSocket<'_>) -> Socket {
    let status = match socket.state {
        UnixState::Listening => ConnectionStatus::Listen,
        UnixState::Connected => ConnectionStatus::Established,
        UnixState::Unconnected => ConnectionStatus::None,
    };
    Socket {
        inode: socket.inode,
        family: AddressFamily::Unix,
        kind: match socket.kind {
            1 => SocketType::Stream,
            2 => SocketType::Datagram,
            5 => SocketType::SeqPacket,
            other => SocketType::Other(other.into()),
        },
        laddr: Endpoint::Unix(text::owned(socket.path.into_owned())),
        raddr: Endpoint::None,
        status,
        queues: socket.queues.map(|both| queues(both, status)),
    }
}

/// Returns the queues of a socket in this state. A listener has nothing to send. In that place sock_diag(7) reports the
/// backlog limit.
fn queues((received, sent): (u32, u32), status: ConnectionStatus) -> (u32, u32) {
    (received, if status == ConnectionStatus::Listen { 0 } else { sent })
}

fn endpoint((address, port): (IpAddr, u16)) -> Endpoint {
    if port == 0 { Endpoint::None } else { Endpoint::Inet(SocketAddr::new(address, port)) }
}

/// Converts the states of include/net/tcp_states.h.
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
    fn states() {
        // psutil's names of the states in include/net/tcp_states.h. CLOSE (7) is listed only for a moment, after a
        // reset.
        let names =
            "ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING";
        for (number, name) in (1..).zip(names.split(' ')) {
            assert_eq!(tcp_status(number).unwrap().to_string(), name);
        }
        assert_eq!(tcp_status(0).unwrap_err().field(), "st");
        assert_eq!(tcp_status(14).unwrap_err().field(), "st");
    }
}
