//! The form of sockets, which all these systems number alike.

use std::collections::HashMap;
use std::net::{SocketAddr, SocketAddrV6};

use psoxide_parse::bsd::sockaddr::Address;

use super::text;
use crate::{AddressFamily, Connection, ConnectionKind, ConnectionStatus, Endpoint, Holder, SocketType};

/// The end of a socket at this address.
pub(crate) fn endpoint(address: Address<'_>) -> Endpoint {
    match address {
        Address::Inet(ip, port) => Endpoint::Inet(SocketAddr::from((ip, port))),
        Address::Inet6(ip, port, zone) => Endpoint::Inet(SocketAddrV6::new(ip, port, 0, zone).into()),
        Address::Unix(path) if !path.is_empty() => Endpoint::Unix(text(path)),
        _ => Endpoint::None,
    }
}

/// The end of a socket that has no peer if its port is 0.
pub(crate) fn peer(address: Address<'_>) -> Endpoint {
    match address {
        Address::Inet(_, 0) | Address::Inet6(_, 0, _) => Endpoint::None,
        other => endpoint(other),
    }
}

/// Sockets and their holders, each socket once.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    all: Vec<(Connection, Vec<Holder>)>,
    /// Where each socket is in `all`, by its address in the kernel.
    places: HashMap<u64, usize>,
}

impl Sockets {
    /// Adds a socket, or a holder of a socket that is there already. An address of 0 is unknown, and equals no other.
    pub(crate) fn add(&mut self, address: u64, socket: Connection, holder: Option<Holder>) {
        let place = if address == 0 { None } else { self.places.get(&address) };
        match place.and_then(|place| self.all.get_mut(*place)) {
            Some((_, holders)) => holders.extend(holder),
            None => {
                self.places.insert(address, self.all.len());
                self.all.push((socket, holder.into_iter().collect()));
            }
        }
    }

    /// The sockets in the order in which they were added.
    pub(crate) fn into_connections(self) -> Vec<Connection> {
        self.all.into_iter().map(|(socket, holders)| held(socket, holders)).collect()
    }
}

/// The socket with those who hold it. The process with the highest pid, and its lowest descriptor, stand for all.
pub(crate) fn held(socket: Connection, mut holders: Vec<Holder>) -> Connection {
    holders.sort_unstable();
    let pid = holders.last().map(|holder| holder.pid);
    let fd = holders.iter().find(|holder| Some(holder.pid) == pid).and_then(|holder| holder.fd);
    Connection { pid, fd, holders, ..socket }
}

/// The type of a socket, as sys/socket.h numbers them everywhere.
pub(crate) const fn socket_type(number: u32) -> SocketType {
    match number {
        1 => SocketType::Stream,
        2 => SocketType::Datagram,
        5 => SocketType::SeqPacket,
        other => SocketType::Other(other),
    }
}

/// Whether sockets of this family and type are of this kind.
pub(crate) fn is_of_kind(kind: ConnectionKind, family: AddressFamily, socket: SocketType) -> bool {
    match (family, socket) {
        (AddressFamily::Unix, _) => kind.unix(),
        (AddressFamily::Inet, SocketType::Stream) => kind.tcp(false),
        (AddressFamily::Inet6, SocketType::Stream) => kind.tcp(true),
        (AddressFamily::Inet, SocketType::Datagram) => kind.udp(false),
        (AddressFamily::Inet6, SocketType::Datagram) => kind.udp(true),
        _ => false,
    }
}

/// A state of TCP, as netinet/tcp_fsm.h numbers them everywhere.
pub(crate) const fn tcp_status(state: u32) -> ConnectionStatus {
    match state {
        0 => ConnectionStatus::Close,
        1 => ConnectionStatus::Listen,
        2 => ConnectionStatus::SynSent,
        3 => ConnectionStatus::SynRecv,
        4 => ConnectionStatus::Established,
        5 => ConnectionStatus::CloseWait,
        6 => ConnectionStatus::FinWait1,
        7 => ConnectionStatus::Closing,
        8 => ConnectionStatus::LastAck,
        9 => ConnectionStatus::FinWait2,
        10 => ConnectionStatus::TimeWait,
        _ => ConnectionStatus::None,
    }
}
