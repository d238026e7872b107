//! Lists connections: the sockets of the kernel's tables, with the processes that hold them.

use std::collections::HashSet;
use std::net::SocketAddr;

use foldhash::fast::FixedState;

use super::socket_fds::{DescribedSocket, SocketFd, SocketFds, SocketKind, add_process};
use super::socket_tables::{Socket, Table, Tables, tables_of};
use super::{Handle, Source, bpf, self_sockets};
use crate::{Connection, ConnectionKind, Endpoint, Holder, Result};

/// Reads the sockets of this network namespace.
pub(super) fn all(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let tables: Vec<Table> = Table::of(kind).collect();
    let mut sockets = Vec::new();
    Tables::open(source, "self", false).each(&tables, |socket| sockets.push(socket))?;
    let fds = all_fds(source)?;
    let mut connections = Connections::with_room_for(sockets.len());
    for socket in &sockets {
        connections.add(socket, fds.of(socket.inode));
    }
    Ok(connections.list)
}

/// Reads the sockets of one process, in its own network namespace.
pub(super) fn of_process(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let Handle { source, pid, .. } = *process;
    let mut connections = Connections::with_room_for(0);
    let mut fds = Vec::new();
    let tables: Vec<Table>;
    let mut described = bpf::sockets(source, pid);
    if described.is_none() {
        add_process(source, pid, &mut fds)?;
        if kind != ConnectionKind::Unix {
            described = self_sockets::describe(process, &fds);
        }
    }
    if let Some(sockets) = described {
        let fd_of = |socket: &DescribedSocket| SocketFd { inode: socket.inode, pid, fd: socket.fd };
        // Two descriptors can refer to one socket.
        let all = SocketFds::sorted(sockets.iter().map(fd_of).collect());
        for table in Table::of(kind) {
            for socket in &sockets {
                if let Some(found) = table.socket(&socket.kind)? {
                    connections.add(&found, all.of(socket.inode));
                }
            }
        }
        // Only the table has the path of a UNIX socket.
        fds = sockets.iter().filter(|socket| socket.kind == SocketKind::Unix).map(fd_of).collect();
        tables = Table::of(kind).filter(|table| matches!(table, Table::Unix)).collect();
    } else {
        tables = tables_of(process, &fds, kind).collect();
    }
    if fds.is_empty() || tables.is_empty() {
        return Ok(connections.list);
    }
    let fds = SocketFds::sorted(fds);
    Tables::open(source, &pid.to_string(), true).each(&tables, |socket| {
        let fds = fds.of(socket.inode);
        if !fds.is_empty() {
            connections.add(&socket, fds);
        }
    })?;
    Ok(connections.list)
}

/// Reads the descriptors of all processes that are sockets. Leaves out processes that deny access.
fn all_fds(source: &Source) -> Result<SocketFds> {
    let (mut fds, pids) = match bpf::socket_fds(source) {
        Some(walked) => walked,
        None => (Vec::new(), source.pids()?),
    };
    for pid in pids {
        match add_process(source, pid, &mut fds) {
            Err(error) if !error.is_missing() && !error.is_access_denied() => return Err(error),
            _ => {}
        }
    }
    Ok(SocketFds::sorted(fds))
}

/// Makes a hasher with a seed that other programs do not know, the address of this one: anyone can name a UNIX socket.
///
/// No random seed is made. A thread that makes the first one can hold a lock, for which a child that is forked meanwhile would
/// wait for ever.
fn hasher() -> FixedState {
    static HERE: u8 = 0;
    FixedState::with_seed(std::ptr::from_ref(&HERE).addr() as u64)
}

/// Connections in the order in which they were found, without duplicates.
struct Connections {
    list: Vec<Connection>,
    /// The inode and addresses of sockets that a process holds. The subflows of an MPTCP socket share its inode.
    held: HashSet<(u64, Option<SocketAddr>, Option<SocketAddr>), FixedState>,
    unheld: HashSet<Connection, FixedState>,
}

impl Connections {
    fn with_room_for(count: usize) -> Self {
        Self {
            list: Vec::with_capacity(count),
            held: HashSet::with_capacity_and_hasher(count, hasher()),
            unheld: HashSet::with_hasher(hasher()),
        }
    }

    /// Adds a socket. `fds` are its descriptors, sorted by process.
    fn add(&mut self, socket: &Socket, fds: &[SocketFd]) {
        let pid = fds.last().map(|fd| fd.pid);
        let mut connection = Connection {
            fd: fds.iter().find(|fd| Some(fd.pid) == pid).map(|fd| fd.fd),
            status: socket.status,
            pid,
            holders: fds.iter().map(|fd| Holder { pid: fd.pid, fd: Some(fd.fd) }).collect(),
            ..Connection::new(socket.family, socket.kind, socket.laddr.clone(), socket.raddr.clone())
        };
        // A table that changes during the reading may list a socket twice, with different queues.
        let new = match fds {
            [] => self.unheld.insert(connection.clone()),
            _ => self.held.insert((socket.inode, address(&socket.laddr), address(&socket.raddr))),
        };
        if new {
            connection.recv_queue = socket.queues.map(|(received, _)| received.into());
            connection.send_queue = socket.queues.map(|(_, sent)| sent.into());
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
