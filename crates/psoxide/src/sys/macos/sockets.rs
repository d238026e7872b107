//! Sockets: the kernel's lists of the sockets of all users, and the descriptors of each process that may be read.

use psoxide_parse::bsd::sockaddr::{self, Address};
use psoxide_parse::freebsd::unsigned;
use psoxide_parse::macos::socket::{Ends, Socket};
use psoxide_parse::macos::{file, pcblist};

use super::calls::{Question, was_closed};
use super::{Handle, Macos, Source};
use crate::sys::bsd::sockets::{Sockets, socket_type, tcp_status};
use crate::sys::bsd::text;
use crate::sys::{Platform as _, SystemReadings as _};
use crate::{AddressFamily, Connection, ConnectionKind, ConnectionStatus, Endpoint, Holder, Result, SocketType};

/// A list of sockets, and the type of those that no process holds any more.
type List = (Question, SocketType);

const TCP: List = (Question::Sysctl("net.inet.tcp.pcblist_n"), SocketType::Stream);
const UDP: List = (Question::Sysctl("net.inet.udp.pcblist_n"), SocketType::Datagram);
const UNIX: [List; 2] = [
    (Question::Sysctl("net.local.stream.pcblist_n"), SocketType::Stream),
    (Question::Sysctl("net.local.dgram.pcblist_n"), SocketType::Datagram),
];

/// Reads the sockets of all users. Those of processes that may not be read are listed without a process: without root, the
/// kernel refuses the descriptors of other users' processes, but not the lists.
pub(super) fn of_all(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
    // The lists come first, so that a socket that is opened meanwhile has its process.
    let mut listed = Vec::new();
    for list in lists(kind) {
        listed.extend(of_list(source, &list, kind)?);
    }
    let mut sockets = Sockets::default();
    for pid in Macos::pids(source)? {
        let cache = Macos::cache(source, false);
        let process = Handle { source, pid, start: None, unique: None, cache: &cache };
        match add_all(&process, kind, &mut sockets) {
            Err(error) if error.is_access_denied() || error.is_missing() => {}
            added => added?,
        }
    }
    for (address, socket) in listed {
        sockets.add(address, socket, None);
    }
    Ok(sockets.into_connections())
}

/// Reads the sockets of one process.
pub(super) fn of_process(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let mut sockets = Sockets::default();
    add_all(process, kind, &mut sockets)?;
    Ok(sockets.into_connections())
}

/// Adds the sockets of one process.
fn add_all(process: &Handle<'_>, kind: ConnectionKind, sockets: &mut Sockets) -> Result<()> {
    for descriptor in process.descriptors()? {
        let descriptor = descriptor?;
        if descriptor.kind() != file::SOCKET {
            continue;
        }
        let question = Question::Socket(process.pid, descriptor.fd());
        let found = process.read(&question, |bytes| {
            let socket = Socket::new(bytes)?;
            let socket_type = socket_type(unsigned(socket.socket_type, "soi_type")?);
            Ok(connection(socket, socket_type, kind)?.map(|found| (socket.address, found)))
        });
        match found {
            Ok(Some((address, found))) => {
                sockets.add(address, found, Some(Holder { pid: process.pid, fd: Some(descriptor.fd()) }));
            }
            Ok(None) => {}
            Err(error) if was_closed(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The lists that have sockets of a kind.
fn lists(kind: ConnectionKind) -> impl Iterator<Item = List> {
    let inet = [(kind.tcp(false) || kind.tcp(true), TCP), (kind.udp(false) || kind.udp(true), UDP)];
    let unix = UNIX.into_iter().filter(move |_| kind.unix());
    inet.into_iter().filter(|(wanted, _)| *wanted).map(|(_, list)| list).chain(unix)
}

/// Reads the sockets of a list, each with its address in the kernel. Sandboxes refuse the lists, and kernels of macOS 11 do
/// not have those of UNIX sockets. The sockets of the processes that may be read are left then.
fn of_list(source: &Source, (question, kept_type): &List, kind: ConnectionKind) -> Result<Vec<(u64, Connection)>> {
    let read = source.read(question, |bytes| {
        let mut found = Vec::new();
        for socket in pcblist::sockets(bytes)? {
            let socket_type = match unsigned(socket.socket_type, "so_type")? {
                0 => *kept_type,
                number => socket_type(number),
            };
            found.extend(connection(socket, socket_type, kind)?.map(|connection| (socket.address, connection)));
        }
        Ok(found)
    });
    match read {
        Err(error) if error.is_access_denied() || error.is_missing() => Ok(Vec::new()),
        found => found,
    }
}

/// The record of a socket; `None` of another kind.
fn connection(
    socket: Socket<'_>,
    socket_type: SocketType,
    kind: ConnectionKind,
) -> psoxide_parse::Result<Option<Connection>> {
    let (laddr, raddr, family, status) = match socket.ends {
        Ends::Internet { v6, local, remote, tcp_state } => {
            let (wanted, status) = match tcp_state {
                Some(state) => (kind.tcp(v6), tcp_status(state.cast_unsigned())),
                None => (kind.udp(v6) && socket_type == SocketType::Datagram, ConnectionStatus::None),
            };
            if !wanted {
                return Ok(None);
            }
            let remote = if remote.port() == 0 { Endpoint::None } else { Endpoint::Inet(remote) };
            let family = if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
            (Endpoint::Inet(local), remote, family, status)
        }
        Ends::Unix { local, remote } if kind.unix() => {
            let status = match socket {
                _ if socket.listens => ConnectionStatus::Listen,
                _ if socket.is_connected => ConnectionStatus::Established,
                _ => ConnectionStatus::None,
            };
            (path(local)?, path(remote)?, AddressFamily::Unix, status)
        }
        _ => return Ok(None),
    };
    let (received, unsent) = match socket.listens {
        true => (unsigned(i32::from(socket.waiting), "so_qlen")?, 0),
        false => (socket.received, socket.unsent),
    };
    Ok(Some(Connection {
        status,
        recv_queue: Some(received.into()),
        send_queue: Some(unsent.into()),
        ..Connection::new(family, socket_type, laddr, raddr)
    }))
}

/// The path that a UNIX socket is bound to, empty if it is not.
fn path(address: &[u8]) -> psoxide_parse::Result<Endpoint> {
    Ok(match sockaddr::parse(address, sockaddr::INET6_MACOS)? {
        Address::Unix(path) => Endpoint::Unix(text(path)),
        _ => Endpoint::Unix(Default::default()),
    })
}
