//! Sockets: the lists of each protocol, joined with the table of open files by the addresses of kernel objects.

use std::collections::HashMap;

use psoxide_parse::bsd::sockaddr::{self, Address};
use psoxide_parse::freebsd::file::{self, DTYPE_SOCKET, Header};
use psoxide_parse::freebsd::socket::{self, Inet};
use psoxide_parse::freebsd::unsigned;

use super::abi::AF_INET6;
use super::calls::Question;
use super::{Handle, Source};
use crate::sys::bsd::sockets::{endpoint, held, is_of_kind, peer, socket_type, tcp_status};
use crate::sys::bsd::text;
use crate::{AddressFamily, Connection, ConnectionKind, ConnectionStatus, Endpoint, Holder, Result, SocketType};

const TCP: Question = Question::sysctl("net.inet.tcp.pcblist");
const UDP: Question = Question::sysctl("net.inet.udp.pcblist");
const UNIX: [(Question, SocketType); 3] = [
    (Question::sysctl("net.local.stream.pcblist"), SocketType::Stream),
    (Question::sysctl("net.local.dgram.pcblist"), SocketType::Datagram),
    (Question::sysctl("net.local.seqpacket.pcblist"), SocketType::SeqPacket),
];

/// The processes that hold each socket, by the address of the socket in the kernel.
type Holders = HashMap<u64, Vec<Holder>>;

/// Reads the sockets of all processes. One that no process holds any more, such as a TCP connection in `TIME_WAIT`, is
/// listed without a process.
pub(super) fn of_all(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let mut holders = source.read(&Question::Files, holders)?;
    let mut all = Vec::new();
    let mut add = |address: u64, connection: Connection| {
        all.push(held(connection, holders.remove(&address).unwrap_or_default()));
    };
    if kind.tcp(false) || kind.tcp(true) {
        source.read(&TCP, |bytes| {
            for socket in socket::tcp(bytes) {
                let (inet, state) = socket.map(|socket| (socket.inet(), socket.state()))?;
                if kind.tcp(!inet.is_ipv4()) {
                    add(
                        inet.common().address(),
                        inet_connection(inet, SocketType::Stream, tcp_status(state.cast_unsigned())),
                    );
                }
            }
            Ok(())
        })?;
    }
    if kind.udp(false) || kind.udp(true) {
        source.read(&UDP, |bytes| {
            for socket in socket::inet(bytes) {
                let inet = socket?;
                if kind.udp(!inet.is_ipv4()) {
                    add(inet.common().address(), inet_connection(inet, SocketType::Datagram, ConnectionStatus::None));
                }
            }
            Ok(())
        })?;
    }
    if kind.unix() {
        for (question, socket_type) in UNIX {
            source.read(&question, |bytes| {
                for socket in socket::unix(bytes) {
                    let socket = socket?;
                    add(socket.common().address(), unix_connection(path(socket.local())?, socket_type));
                }
                Ok(())
            })?;
        }
    }
    Ok(all)
}

/// Reads the sockets of one process. The state of TCP sockets is in the list of all of them, which is asked for if the
/// process has any.
pub(super) fn of_process(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let mut all: Vec<Connection> = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut states: Option<HashMap<u64, i32>> = None;
    for file in process.open_files_of()? {
        let header = file?.header;
        if header.kind() != file::kind::SOCKET || header.fd() < 0 {
            continue;
        }
        let holder = Holder { pid: process.pid, fd: Some(header.fd()) };
        // A descriptor that was duplicated is another holder of the same socket.
        let known = places.get(&header.pcb()).and_then(|place| all.get_mut(*place)).filter(|_| header.pcb() != 0);
        if let Some(connection) = known {
            connection.holders.push(holder);
            continue;
        }
        let Some(mut connection) = connection(header, kind)? else { continue };
        if connection.kind == SocketType::Stream && connection.family != AddressFamily::Unix {
            let states = match &states {
                Some(states) => states,
                None => states.insert(process.source.read(&TCP, tcp_states)?),
            };
            connection.status =
                states.get(&header.pcb()).map_or(ConnectionStatus::None, |state| tcp_status(state.cast_unsigned()));
        }
        places.insert(header.pcb(), all.len());
        all.push(held(connection, vec![holder]));
    }
    Ok(all)
}

fn holders(bytes: &[u8]) -> psoxide_parse::Result<Holders> {
    let mut holders = Holders::new();
    for entry in file::table(bytes) {
        let entry = entry?;
        if entry.kind() == DTYPE_SOCKET {
            let pid = unsigned(entry.pid(), "xf_pid")?;
            holders.entry(entry.data()).or_default().push(Holder { pid, fd: Some(entry.fd()) });
        }
    }
    Ok(holders)
}

/// The state of each TCP socket by the address of its protocol block.
fn tcp_states(bytes: &[u8]) -> psoxide_parse::Result<HashMap<u64, i32>> {
    socket::tcp(bytes).map(|socket| socket.map(|socket| (socket.inet().common().pcb(), socket.state()))).collect()
}

/// A socket as the list of open files shows it; `None` for one of another kind.
fn connection(header: Header<'_>, kind: ConnectionKind) -> Result<Option<Connection>> {
    const IPV4: i32 = sockaddr::INET as i32;
    const IPV6: i32 = AF_INET6 as i32;
    const LOCAL: i32 = sockaddr::UNIX as i32;
    let socket_type = socket_type(unsigned(header.socket_type(), "kf_sock_type")?);
    let family = match header.domain() {
        IPV4 => AddressFamily::Inet,
        IPV6 => AddressFamily::Inet6,
        LOCAL => AddressFamily::Unix,
        _ => return Ok(None),
    };
    if !is_of_kind(kind, family, socket_type) {
        return Ok(None);
    }
    if family == AddressFamily::Unix {
        return Ok(Some(unix_connection(path(header.local())?, socket_type)));
    }
    let read = |bytes| sockaddr::parse(bytes, AF_INET6);
    Ok(Some(Connection {
        fd: None,
        family,
        kind: socket_type,
        laddr: endpoint(read(header.local())?),
        raddr: peer(read(header.peer())?),
        status: ConnectionStatus::None,
        pid: None,
        holders: Vec::new(),
    }))
}

fn inet_connection(inet: Inet<'_>, kind: SocketType, status: ConnectionStatus) -> Connection {
    Connection {
        fd: None,
        family: if inet.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 },
        kind,
        laddr: Endpoint::Inet(inet.local()),
        raddr: Some(inet.remote()).filter(|remote| remote.port() != 0).map_or(Endpoint::None, Endpoint::Inet),
        status,
        pid: None,
        holders: Vec::new(),
    }
}

fn unix_connection(path: &[u8], kind: SocketType) -> Connection {
    Connection {
        fd: None,
        family: AddressFamily::Unix,
        kind,
        laddr: Endpoint::Unix(text(path)),
        raddr: Endpoint::Unix(Default::default()),
        status: ConnectionStatus::None,
        pid: None,
        holders: Vec::new(),
    }
}

/// The path that a UNIX socket is bound to, empty if it is not.
fn path(address: &[u8]) -> psoxide_parse::Result<&[u8]> {
    Ok(match sockaddr::parse(address, AF_INET6)? {
        Address::Unix(path) => path,
        _ => &[],
    })
}
