//! Sockets: `kern.file` holds everything about a socket.

use std::net::Ipv4Addr;

use psoxide_parse::bsd::sockaddr::{self, Address};
use psoxide_parse::openbsd::file::{self, CONNECTED, File, kind};

use super::abi::{FILE, FILES_BY_PID};
use crate::sys::bsd::sockets::{Sockets, endpoint, is_of_kind, peer, socket_type, tcp_status};
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::{AddressFamily, Connection, ConnectionKind, ConnectionStatus, Endpoint, Holder, Result, SocketType};

/// The sockets of all processes.
pub(super) fn of_all(machine: &Machine, kind: ConnectionKind) -> Result<Vec<Connection>> {
    machine.read(&Question::table("kern.file", &[FILES_BY_PID, -1, FILE]), |answer| sockets(answer, kind))
}

/// Reads the sockets of a kind in an answer of `kern.file`, which lists each once for every holder.
pub(super) fn sockets(answer: &[u8], kind: ConnectionKind) -> psoxide_parse::Result<Vec<Connection>> {
    let mut sockets = Sockets::default();
    for file in file::files(answer, FILE.unsigned_abs() as usize) {
        let file = file?;
        let Some(socket) = socket(&file).filter(|socket| is_of_kind(kind, socket.family, socket.kind)) else {
            continue;
        };
        // The kernel hides the addresses from ordinary users.
        sockets.add(file.data(), socket, Some(Holder { pid: file.pid(), fd: Some(file.fd()) }));
    }
    Ok(sockets.into_connections())
}

/// The socket that a file is; `None` for another file, or another family.
fn socket(file: &File<'_>) -> Option<Connection> {
    let family = match u8::try_from(file.family()).ok().filter(|_| file.kind() == kind::SOCKET)? {
        sockaddr::UNIX => AddressFamily::Unix,
        sockaddr::INET => AddressFamily::Inet,
        sockaddr::INET6 => AddressFamily::Inet6,
        _ => return None,
    };
    let kind = socket_type(file.socket_type());
    let (laddr, raddr) = ends(file, family);
    let status = match (family, kind) {
        (AddressFamily::Unix, _) if file.socket_state() & CONNECTED != 0 => ConnectionStatus::Established,
        (AddressFamily::Inet | AddressFamily::Inet6, SocketType::Stream) => tcp_status(file.state()),
        _ => ConnectionStatus::None,
    };
    Some(Connection {
        status,
        recv_queue: Some(file.received()),
        send_queue: Some(file.unsent()),
        ..Connection::new(family, kind, laddr, raddr)
    })
}

/// Both ends of a socket. The kernel does not return the peer's path of a UNIX socket.
fn ends(file: &File<'_>, family: AddressFamily) -> (Endpoint, Endpoint) {
    let address = |octets: &[u8; 16], port| match family {
        AddressFamily::Inet => {
            let [a, b, c, d, ..] = *octets;
            Address::Inet(Ipv4Addr::new(a, b, c, d), port)
        }
        _ => {
            let (ip, zone) = sockaddr::without_embedded_zone(*octets, 0);
            Address::Inet6(ip, port, zone)
        }
    };
    if family == AddressFamily::Unix {
        return (endpoint(Address::Unix(file.path())), Endpoint::None);
    }
    (endpoint(address(file.local_address(), file.local())), peer(address(file.peer_address(), file.peer())))
}
