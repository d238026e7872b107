//! Sockets: the lists of each protocol, joined with the table of open files by the addresses of kernel objects.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use psoxide_parse::bsd::sockaddr::{self, Address};
use psoxide_parse::freebsd::file::{self, DTYPE_SOCKET, Header};
use psoxide_parse::freebsd::socket::{self, Common, Inet, Tcp, Unix};
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
                    let connection = unix_connection(path(socket.local())?, socket_type);
                    add(socket.common().address(), with_state(connection, unix_state(socket)));
                }
                Ok(())
            })?;
        }
    }
    Ok(all)
}

/// Reads the sockets of one process. Their states and queues are in the lists of all sockets, each of which is asked for if
/// the process has a socket of it.
pub(super) fn of_process(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let mut all: Vec<Connection> = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut lists: HashMap<List, States> = HashMap::new();
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
        if let Some(list) = List::of(&connection) {
            let states = match lists.entry(list) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(list.read(process.source)?),
            };
            if let Some(state) = states.get(&header.pcb()) {
                connection = with_state(connection, *state);
            }
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

/// A list of all sockets of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum List {
    Tcp,
    Udp,
    Unix(SocketType),
}

/// The state of a socket.
#[derive(Clone, Copy)]
struct State {
    status: ConnectionStatus,
    received: u32,
    unsent: u32,
}

/// The state of each socket of a list, by the address of its protocol block.
type States = HashMap<u64, State>;

impl List {
    /// Returns the list that a socket is in.
    fn of(socket: &Connection) -> Option<Self> {
        Some(match (socket.family, socket.kind) {
            (AddressFamily::Unix, kind) => Self::Unix(kind),
            (_, SocketType::Stream) => Self::Tcp,
            (_, SocketType::Datagram) => Self::Udp,
            _ => return None,
        })
    }

    fn read(self, source: &Source) -> Result<States> {
        match self {
            Self::Tcp => source.read(&TCP, |bytes| {
                let state = |socket: Tcp<'_>| state(socket.inet().common(), tcp_status(socket.state().cast_unsigned()));
                socket::tcp(bytes).map(|socket| socket.map(state)).collect()
            }),
            Self::Udp => source.read(&UDP, |bytes| {
                let state = |socket: Inet<'_>| state(socket.common(), ConnectionStatus::None);
                socket::inet(bytes).map(|socket| socket.map(state)).collect()
            }),
            Self::Unix(kind) => {
                let Some((question, _)) = UNIX.into_iter().find(|(_, known)| *known == kind) else {
                    return Ok(States::new());
                };
                source.read(&question, |bytes| {
                    socket::unix(bytes)
                        .map(|socket| socket.map(|socket| (socket.common().pcb(), unix_state(socket))))
                        .collect()
                })
            }
        }
    }
}

/// The state of a socket, behind the address of its protocol block.
fn state(socket: Common<'_>, status: ConnectionStatus) -> (u64, State) {
    let (received, unsent) = if listens(socket) { (socket.waiting(), 0) } else { (socket.received(), socket.unsent()) };
    (socket.pcb(), State { status, received, unsent })
}

fn unix_state(socket: Unix<'_>) -> State {
    let common = socket.common();
    let status = match common {
        _ if listens(common) => ConnectionStatus::Listen,
        _ if common.state() & socket::CONNECTED != 0 => ConnectionStatus::Established,
        _ => ConnectionStatus::None,
    };
    state(common, status).1
}

fn listens(socket: Common<'_>) -> bool {
    socket.options() & socket::ACCEPTS != 0
}

fn with_state(connection: Connection, State { status, received, unsent }: State) -> Connection {
    Connection { status, recv_queue: Some(received.into()), send_queue: Some(unsent.into()), ..connection }
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
    let (laddr, raddr) = (endpoint(read(header.local())?), peer(read(header.peer())?));
    Ok(Some(Connection::new(family, socket_type, laddr, raddr)))
}

fn inet_connection(inet: Inet<'_>, kind: SocketType, status: ConnectionStatus) -> Connection {
    let connection = Connection::new(
        if inet.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 },
        kind,
        Endpoint::Inet(inet.local()),
        Some(inet.remote()).filter(|remote| remote.port() != 0).map_or(Endpoint::None, Endpoint::Inet),
    );
    with_state(connection, state(inet.common(), status).1)
}

fn unix_connection(path: &[u8], kind: SocketType) -> Connection {
    Connection::new(AddressFamily::Unix, kind, Endpoint::Unix(text(path)), Endpoint::Unix(Default::default()))
}

/// The path that a UNIX socket is bound to, empty if it is not.
fn path(address: &[u8]) -> psoxide_parse::Result<&[u8]> {
    Ok(match sockaddr::parse(address, AF_INET6)? {
        Address::Unix(path) => path,
        _ => &[],
    })
}
