//! Sockets, which macOS shows of one process at a time.

use psoxide_parse::bsd::sockaddr::{self, Address};
use psoxide_parse::freebsd::unsigned;
use psoxide_parse::macos::file;
use psoxide_parse::macos::socket::{ACCEPTS, CONNECTED, INTERNET, Socket, TCP, UNIX};

use super::calls::{Question, was_closed};
use super::{Handle, Macos, Source, table};
use crate::sys::Platform as _;
use crate::sys::bsd::sockets::{socket_type, tcp_status};
use crate::sys::bsd::text;
use crate::{AddressFamily, Connection, ConnectionKind, ConnectionStatus, Endpoint, Holder, Result, SocketType};

/// Reads the sockets of all processes that may be read. Those of other users' processes are hidden without root.
pub(super) fn of_all(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let mut all = Vec::new();
    for pid in table::read(source)?.pids() {
        let cache = Macos::cache(source, false);
        let process = Handle { source, pid, start: None, unique: None, cache: &cache };
        match of_process(&process, kind) {
            Ok(sockets) => all.extend(sockets),
            Err(error) if error.is_access_denied() || error.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Reads the sockets of one process.
pub(super) fn of_process(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let mut all = Vec::new();
    for descriptor in file::descriptors(process.files()?) {
        let descriptor = descriptor?;
        if descriptor.kind() != file::SOCKET {
            continue;
        }
        let question = Question::Socket(process.pid, descriptor.fd());
        match process.source.read(&question, |bytes| connection(Socket::new(bytes)?, kind)) {
            Ok(Some(connection)) => {
                let fd = Some(descriptor.fd());
                let holders = vec![Holder { pid: process.pid, fd }];
                all.push(Connection { fd, pid: Some(process.pid), holders, ..connection });
            }
            Ok(None) => {}
            Err(error) if was_closed(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn connection(socket: Socket<'_>, kind: ConnectionKind) -> psoxide_parse::Result<Option<Connection>> {
    let socket_type = socket_type(unsigned(socket.socket_type(), "soi_type")?);
    let v6 = socket.family() == i32::from(sockaddr::INET6_MACOS);
    let (laddr, raddr, family, status) = match socket.kind() {
        TCP if kind.tcp(v6) => internet(socket, v6, tcp_status(socket.state().cast_unsigned())),
        INTERNET if socket_type == SocketType::Datagram && kind.udp(v6) => internet(socket, v6, ConnectionStatus::None),
        UNIX if kind.unix() => {
            let path = |address: &[u8; 255]| {
                Ok(match sockaddr::parse(address, sockaddr::INET6_MACOS)? {
                    Address::Unix(path) => Endpoint::Unix(text(path)),
                    _ => Endpoint::Unix(Default::default()),
                })
            };
            let status = match socket {
                _ if listens(socket) => ConnectionStatus::Listen,
                _ if socket.socket_state() & CONNECTED != 0 => ConnectionStatus::Established,
                _ => ConnectionStatus::None,
            };
            (path(socket.local())?, path(socket.remote())?, AddressFamily::Unix, status)
        }
        _ => return Ok(None),
    };
    let (received, unsent) = match listens(socket) {
        true => (unsigned(i32::from(socket.waiting()), "soi_qlen")?, 0),
        false => (socket.received(), socket.unsent()),
    };
    Ok(Some(Connection {
        status,
        recv_queue: Some(received.into()),
        send_queue: Some(unsent.into()),
        ..Connection::new(family, socket_type, laddr, raddr)
    }))
}

fn listens(socket: Socket<'_>) -> bool {
    socket.options() & ACCEPTS != 0
}

fn internet(
    socket: Socket<'_>,
    v6: bool,
    status: ConnectionStatus,
) -> (Endpoint, Endpoint, AddressFamily, ConnectionStatus) {
    let remote = Some(socket.remote_address()).filter(|remote| remote.port() != 0);
    let family = if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    (Endpoint::Inet(socket.local_address()), remote.map_or(Endpoint::None, Endpoint::Inet), family, status)
}
