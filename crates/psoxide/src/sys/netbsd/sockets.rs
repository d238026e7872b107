//! Sockets: the lists of control blocks, joined with the open files of all processes.

use std::collections::HashMap;

use psoxide_parse::bsd::sockaddr;
use psoxide_parse::netbsd::file::{self, kind};
use psoxide_parse::netbsd::interface::LAYOUT;
use psoxide_parse::netbsd::pcb;

use super::Netbsd;
use super::abi::{FILE, FILES_BY_PID, PCB};
use crate::sys::bsd::machine::Answered;
use crate::sys::bsd::sockets::{endpoint, held, is_of_kind, peer, socket_type, tcp_status};
use crate::sys::netbsdlike::Handle;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::{Question, number};
use crate::{AddressFamily, Connection, ConnectionKind, ConnectionStatus, Holder, Pid, Result, SocketType};

/// The sockets of all processes.
pub(super) fn of_all(machine: &Machine, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let holders = Holders::of_files(&machine.answer(files_of(None))?, None)?;
    sockets(machine, kind, |address| Some(holders.of(address)))
}

/// The sockets of one process.
pub(super) fn of_process(process: &Handle<'_, Netbsd>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let holders = Holders::of_files(&process.answer(files_of(Some(process.pid)))?, Some(process.pid))?;
    let mut found =
        sockets(process.source, kind, |address| Some(holders.of(address)).filter(|holders| !holders.is_empty()))?;
    found.sort_by_key(|socket| socket.fd);
    Ok(found)
}

/// The question for the open files of a process, or of all.
fn files_of(pid: Option<Pid>) -> Question {
    Question::table("kern.file2", &[FILES_BY_PID, pid.map_or(-1, number), FILE])
}

/// Who holds a socket, by its address in the kernel.
struct Holders(HashMap<u64, Vec<Holder>>);

impl Holders {
    /// Finds the sockets among the open files of a process, or of all.
    fn of_files(answer: &Answered<Question>, pid: Option<Pid>) -> Result<Self> {
        let mut holders: HashMap<u64, Vec<Holder>> = HashMap::new();
        for file in file::files(&answer.bytes, FILE.unsigned_abs() as usize) {
            let file = answer.named(file)?;
            // Asked for process 0, the kernel returns the files of all.
            if file.kind() == kind::SOCKET && pid.is_none_or(|pid| pid == file.pid()) {
                holders.entry(file.data()).or_default().push(Holder { pid: file.pid(), fd: Some(file.fd()) });
            }
        }
        Ok(Self(holders))
    }

    fn of(&self, socket: u64) -> Vec<Holder> {
        self.0.get(&socket).cloned().unwrap_or_default()
    }
}

/// A list of control blocks.
struct List {
    node: &'static str,
    family: AddressFamily,
    kind: SocketType,
}

/// The lists. Raw sockets are of no kind that can be asked for.
const LISTS: [List; 7] = [
    List { node: "net.inet.tcp.pcblist", family: AddressFamily::Inet, kind: SocketType::Stream },
    List { node: "net.inet6.tcp6.pcblist", family: AddressFamily::Inet6, kind: SocketType::Stream },
    List { node: "net.inet.udp.pcblist", family: AddressFamily::Inet, kind: SocketType::Datagram },
    List { node: "net.inet6.udp6.pcblist", family: AddressFamily::Inet6, kind: SocketType::Datagram },
    List { node: "net.local.stream.pcblist", family: AddressFamily::Unix, kind: SocketType::Stream },
    List { node: "net.local.dgram.pcblist", family: AddressFamily::Unix, kind: SocketType::Datagram },
    List { node: "net.local.seqpacket.pcblist", family: AddressFamily::Unix, kind: SocketType::SeqPacket },
];

/// Reads the sockets of a kind. `holders` returns who holds the socket at an address, or `None` to leave it out.
fn sockets(
    machine: &Machine,
    kind: ConnectionKind,
    holders: impl Fn(u64) -> Option<Vec<Holder>>,
) -> Result<Vec<Connection>> {
    let mut sockets = Vec::new();
    for list in LISTS.iter().filter(|list| is_of_kind(kind, list.family, list.kind)) {
        let answer = match machine.answer(Question::table(list.node, &[0, 0, PCB])) {
            Ok(answer) => answer,
            // A kernel without IPv6 has no such list.
            Err(error) if error.is_missing() => continue,
            Err(error) => return Err(error),
        };
        for block in pcb::blocks(&answer.bytes, PCB.unsigned_abs() as usize) {
            let block = answer.named(block)?;
            if let Some(holders) = holders(block.socket()) {
                sockets.push(held(answer.named(socket(list, &block))?, holders));
            }
        }
    }
    Ok(sockets)
}

fn socket(list: &List, block: &pcb::Pcb<'_>) -> psoxide_parse::Result<Connection> {
    let read = |bytes| sockaddr::parse(bytes, LAYOUT.inet6);
    let status = match (list.family, list.kind) {
        (AddressFamily::Inet | AddressFamily::Inet6, SocketType::Stream) => tcp_status(block.state()),
        (AddressFamily::Unix, _) if block.socket_state() & pcb::CONNECTED != 0 => ConnectionStatus::Established,
        _ => ConnectionStatus::None,
    };
    let (laddr, raddr) = (endpoint(read(block.local())?), peer(read(block.peer())?));
    Ok(Connection {
        status,
        recv_queue: Some(block.received()),
        send_queue: Some(block.unsent()),
        ..Connection::new(list.family, socket_type(block.kind()), laddr, raddr)
    })
}
