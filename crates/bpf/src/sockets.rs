//! Prints sockets in one walk: the holders of all sockets, or the sockets of one process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use psoxide_parse::linux::btf::TypeId;
use psoxide_parse::linux::net_sock::InetSocket;

use crate::Pid;
use crate::asm::{If, Instruction, Label, Op, Program, Reg};
use crate::files::{FD, FILE, begin, tell_visited};
use crate::iterator::{self, STACK, TASK, follow};
use crate::kernel::{Kernel, Place};

/// The file type bits of inode(7).
const TYPE: i32 = 0o170_000;
const SOCKET: i32 = 0o140_000;
/// linux/magic.h: SOCKFS_MAGIC
const SOCKFS: i32 = 0x534f_434b;

/// Sets R1 to the file's inode, and returns its type. Jumps to `other` if it is not a socket. The name of a socket in a
/// file system, which O_PATH can open, has an inode of that file system.
fn socket_inode(p: &mut Program, kernel: &Kernel<'_>, other: Label) -> Option<TypeId> {
    let (inode, inode_type) = kernel.pointer(kernel.file, "f_inode")?;
    let (fs, fs_type) = kernel.pointer(inode_type, "i_sb")?;
    let (mode, magic) = (kernel.place(inode_type, "i_mode")?, kernel.place(fs_type, "s_magic")?);
    p.load(Reg::R1, FILE, inode.offset, inode.size);
    p.load(Reg::R2, Reg::R1, mode.offset, mode.size);
    p.op(Reg::R2, Op::And, TYPE);
    p.jump_if(Reg::R2, If::NotEqual, SOCKET, other);
    p.load(Reg::R2, Reg::R1, fs.offset, fs.size);
    p.load(Reg::R2, Reg::R2, magic.offset, magic.size);
    p.jump_if(Reg::R2, If::NotEqual, SOCKFS, other);
    Some(inode_type)
}

/// Prints pid, descriptor and inode of every descriptor that is a socket.
pub(crate) fn holders(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
    let mut p = Program::default();
    let out = p.label();
    begin(&mut p, out);
    iterator::processes_only(&mut p, kernel, out)?;
    let number = kernel.place(socket_inode(&mut p, kernel, out)?, "i_ino")?;
    p.load(Reg::R2, Reg::R1, number.offset, number.size);
    p.store(STACK, -8, Reg::R2);
    p.store(STACK, -16, FD);
    let tgid = kernel.place(kernel.task, "tgid")?;
    p.load(Reg::R2, TASK, tgid.offset, tgid.size);
    p.store(STACK, -24, Reg::R2);
    iterator::print(&mut p, -24, |p| p.set(Reg::R3, 24));
    p.place(out);
    p.exit();
    p.finish()
}

/// A descriptor that is a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketHolder {
    /// The process that holds it.
    pub pid: Pid,
    /// The descriptor.
    pub fd: i32,
    /// The socket's inode number.
    pub inode: u64,
}

pub(crate) fn parse_holders(printed: &[u8]) -> Option<Vec<SocketHolder>> {
    iterator::parse(printed, |[pid, fd, inode]| {
        Some(SocketHolder { pid: pid.try_into().ok()?, fd: fd.try_into().ok()?, inode })
    })
}

/// The words that are printed for each socket of a process.
#[derive(Debug, Clone, Copy)]
enum Word {
    Fd,
    Inode,
    Family,
    Protocol,
    /// The remote port in network byte order, and the local port in the machine's.
    Ports,
    State,
    /// 1 if the socket is in its protocol's table.
    Listed,
    /// The remote and the local address.
    V4,
    RemoteV6,
    RemoteV6End,
    LocalV6,
    LocalV6End,
    /// For a TCP listener: connections that wait to be accepted.
    Waiting,
    /// For TCP: the sequence numbers up to which bytes were received, read, written and acknowledged.
    Received,
    Read,
    Written,
    Acknowledged,
    /// For UDP: the memory of received bytes and of bytes to be sent, and the excess in the former.
    ReceivedMemory,
    SentMemory,
    Released,
    /// The same words as above, read a second time.
    PortsAfter,
    StateAfter,
    ListedAfter,
}

const WORDS: usize = Word::ListedAfter as usize + 1;
const BYTES: i16 = 8 * (Word::ListedAfter as i16 + 1);

/// Prints a description of each socket of a process. The table in /proc/PID/net leaves out sockets of another network
/// namespace than the process's current one.
pub(crate) fn of_process(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
    const SOCK: Reg = FILE;
    let mut p = Program::default();
    let out = p.label();
    begin(&mut p, out);
    // A socket without a family marks the visit.
    tell_visited(&mut p, -BYTES, WORDS, 0);
    let to = |word: Word| word as i16 * 8 - BYTES;
    p.store(STACK, to(Word::Fd), FD);
    let number = kernel.place(socket_inode(&mut p, kernel, out)?, "i_ino")?;
    p.load(Reg::R2, Reg::R1, number.offset, number.size);
    p.store(STACK, to(Word::Inode), Reg::R2);
    // include/net/sock.h: SOCKET_I
    let with_inode = kernel.socket_with_inode?;
    p.op(Reg::R1, Op::Sub, kernel.offset(with_inode, "vfs_inode")?.into());
    kernel.cast(&mut p, with_inode);
    let (sock, sock_type) = kernel.pointer(with_inode, "socket.sk")?;
    p.load(SOCK, Reg::R0, sock.offset, sock.size);
    let common = |path: &str| kernel.place(sock_type, &format!("__sk_common.{path}"));
    follow(&mut p, kernel, kernel.place(kernel.task, "nsproxy")?);
    let (_, namespaces) = kernel.pointer(kernel.task, "nsproxy")?;
    let (theirs, its) = (kernel.place(namespaces, "net_ns")?, common("skc_net.net")?);
    p.load(Reg::R1, Reg::R1, theirs.offset, theirs.size);
    p.load(Reg::R2, SOCK, its.offset, its.size);
    p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, out);
    let changing = |p: &mut Program, [ports, state, listed]: [Word; 3]| {
        for (path, word) in [("skc_portpair", ports), ("skc_state", state)] {
            let place = common(path)?;
            p.load(Reg::R1, SOCK, place.offset, place.size);
            p.store(STACK, to(word), Reg::R1);
        }
        // include/net/sock.h: sk_unhashed
        let (place, no) = (common("skc_node.pprev")?, p.label());
        p.load(Reg::R1, SOCK, place.offset, place.size);
        p.store_value(STACK, to(listed), 0);
        p.jump_if(Reg::R1, If::Equal, 0, no);
        p.store_value(STACK, to(listed), 1);
        p.place(no);
        Some(())
    };
    changing(&mut p, [Word::Ports, Word::State, Word::Listed])?;
    let half = |path: &str, at: i16| {
        let address = kernel.offset(sock_type, &format!("__sk_common.{path}"))?;
        Some(Place { offset: address.checked_add(at)?, size: 8 })
    };
    for (place, word) in [
        (common("skc_family")?, Word::Family),
        (kernel.place(sock_type, "sk_protocol")?, Word::Protocol),
        (common("skc_addrpair")?, Word::V4),
        (half("skc_v6_daddr", 0)?, Word::RemoteV6),
        (half("skc_v6_daddr", 8)?, Word::RemoteV6End),
        (half("skc_v6_rcv_saddr", 0)?, Word::LocalV6),
        (half("skc_v6_rcv_saddr", 8)?, Word::LocalV6End),
        (kernel.place(sock_type, "sk_ack_backlog")?, Word::Waiting),
        (kernel.place(sock_type, "sk_backlog.rmem_alloc.counter")?, Word::ReceivedMemory),
        (kernel.place(sock_type, "sk_wmem_alloc.refs.counter")?, Word::SentMemory),
    ] {
        p.load(Reg::R1, SOCK, place.offset, place.size);
        p.store(STACK, to(word), Reg::R1);
    }
    // For other protocols these numbers mean nothing, and the reader ignores them.
    for (of, path, word) in [
        (kernel.tcp_socket?, "rcv_nxt", Word::Received),
        (kernel.tcp_socket?, "copied_seq", Word::Read),
        (kernel.tcp_socket?, "write_seq", Word::Written),
        (kernel.tcp_socket?, "snd_una", Word::Acknowledged),
        (kernel.udp_socket?, "forward_deficit", Word::Released),
    ] {
        let place = kernel.place(of, path)?;
        p.copy(Reg::R1, SOCK);
        kernel.cast(&mut p, of);
        p.load(Reg::R1, Reg::R0, place.offset, place.size);
        p.store(STACK, to(word), Reg::R1);
    }
    changing(&mut p, [Word::PortsAfter, Word::StateAfter, Word::ListedAfter])?;
    iterator::print(&mut p, -BYTES, |p| p.set(Reg::R3, BYTES.into()));
    p.place(out);
    p.exit();
    p.finish()
}

/// A socket that a process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// The descriptor.
    pub fd: i32,
    /// The socket's inode number.
    pub inode: u64,
    /// The kind of the socket.
    pub kind: SocketKind,
}

/// The kind of a socket, with its values in the table of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketKind {
    /// A TCP socket.
    Tcp(InetSocket),
    /// A UDP socket.
    Udp(InetSocket),
    /// A UNIX socket, whose path is only in the table.
    Unix,
    /// A socket that no table lists.
    Unlisted,
}

/// Parses the sockets of a process. Returns `None` if a socket changed during the reading, if other sockets in the
/// tables may have its inode, or if no descriptor was visited.
pub(crate) fn parse_of_process(printed: &[u8]) -> Option<Vec<Socket>> {
    let held = iterator::parse(printed, |words: [u64; WORDS]| {
        let get = |word: Word| words.get(word as usize).copied().unwrap_or_default();
        let (fd, inode) = (get(Word::Fd).try_into().ok()?, get(Word::Inode));
        let kind = kind(get)?;
        Some(Socket { fd, inode, kind })
    })?;
    (!held.is_empty()).then_some(held)
}

fn kind(get: impl Fn(Word) -> u64) -> Option<SocketKind> {
    const AF_UNIX: u64 = 1;
    const AF_INET: u64 = 2;
    const AF_INET6: u64 = 10;
    const TCP: u64 = 6;
    const UDP: u64 = 17;
    let family = get(Word::Family);
    let of = match (family, get(Word::Protocol)) {
        (AF_UNIX, _) => return Some(SocketKind::Unix),
        (AF_INET | AF_INET6, TCP) => SocketKind::Tcp,
        (AF_INET | AF_INET6, UDP) => SocketKind::Udp,
        // The subflows of an MPTCP socket are TCP sockets with its inode.
        (AF_INET | AF_INET6, _) => return None,
        _ => return Some(SocketKind::Unlisted),
    };
    let twice = [(Word::Ports, Word::PortsAfter), (Word::State, Word::StateAfter), (Word::Listed, Word::ListedAfter)];
    if twice.into_iter().any(|(before, after)| get(before) != get(after)) {
        return None;
    }
    if get(Word::Listed) == 0 {
        return Some(SocketKind::Unlisted);
    }
    let [remote, local] = if family == AF_INET {
        let [a, b, c, d, e, f, g, h] = get(Word::V4).to_ne_bytes();
        [[a, b, c, d], [e, f, g, h]].map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)))
    } else {
        [[Word::RemoteV6, Word::RemoteV6End], [Word::LocalV6, Word::LocalV6End]].map(|halves| {
            let mut bytes = [0; 16];
            let halves = halves.map(|half| get(half).to_ne_bytes());
            bytes.iter_mut().zip(halves.as_flattened()).for_each(|(to, from)| *to = *from);
            Ipv6Addr::from(bytes).into()
        })
    };
    let [a, b, c, d] = u32::try_from(get(Word::Ports)).ok()?.to_ne_bytes();
    let state = get(Word::State).try_into().ok()?;
    let (recv_queue, send_queue) = queues(get(Word::Protocol) == TCP, state, |word| u32::try_from(get(word)).ok())?;
    Some(of(InetSocket {
        local: (local, u16::from_ne_bytes([c, d])),
        remote: (remote, u16::from_be_bytes([a, b])),
        state,
        recv_queue,
        send_queue,
        uid: 0,
        inode: get(Word::Inode),
    }))
}

/// Returns the receive and the send queue as /proc/net counts them: net/ipv4/tcp_ipv4.c, get_tcp4_sock; net/ipv4/udp.c,
/// udp4_format_sock. Each number is read at another moment, so a difference may be negative.
fn queues(tcp: bool, state: u8, get: impl Fn(Word) -> Option<u32>) -> Option<(u32, u32)> {
    const LISTEN: u8 = 10;
    let growth = |after: u32, before: u32| u32::try_from(after.wrapping_sub(before).cast_signed()).unwrap_or(0);
    let received = match (tcp, state) {
        (true, LISTEN) => get(Word::Waiting)?,
        (true, _) => growth(get(Word::Received)?, get(Word::Read)?),
        (false, _) => growth(get(Word::ReceivedMemory)?, get(Word::Released)?),
    };
    // The socket itself counts as one byte.
    let sent =
        if tcp { growth(get(Word::Written)?, get(Word::Acknowledged)?) } else { growth(get(Word::SentMemory)?, 1) };
    Some((received, sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    #[test]
    fn holders_are_understood_and_nothing_else() {
        let socket = SocketHolder { pid: 7, fd: 3, inode: 99 };
        assert_eq!(parse_holders(&printed(&[7, 3, 99])), Some(vec![socket]));
        assert_eq!(parse_holders(&printed(&[7, 3])), None);
        assert_eq!(parse_holders(&printed(&[1 << 40, 3, 9])), None);
    }

    /// Parses a socket that listens at port 80 of 127.0.0.1 or ::1, after `change` has modified its words.
    fn listens(change: impl Fn(&mut [u64; WORDS])) -> Option<Vec<Socket>> {
        let mut words = [0; WORDS];
        let ports = u64::from(u32::from_ne_bytes([&[0, 0], &80_u16.to_ne_bytes()[..]].concat().try_into().unwrap()));
        let v4 = u64::from_ne_bytes([0, 0, 0, 0, 127, 0, 0, 1]);
        let v6 = u64::from_ne_bytes([0, 0, 0, 0, 0, 0, 0, 1]);
        for (word, value) in [
            (Word::Fd, 3),
            (Word::Inode, 99),
            (Word::Family, 2),
            (Word::Protocol, 6),
            (Word::Ports, ports),
            (Word::PortsAfter, ports),
            (Word::State, 10),
            (Word::StateAfter, 10),
            (Word::Listed, 1),
            (Word::ListedAfter, 1),
            (Word::V4, v4),
            (Word::LocalV6End, v6),
        ] {
            words[word as usize] = value;
        }
        change(&mut words);
        parse_of_process(&printed(&words))
    }

    #[test]
    fn sockets_are_what_their_family_and_protocol_make_them() {
        let held = |kind| Some(vec![Socket { fd: 3, inode: 99, kind }]);
        let at = |address: &str| InetSocket {
            local: (address.parse().unwrap(), 80),
            remote: (if address == "::1" { "::" } else { "0.0.0.0" }.parse().unwrap(), 0),
            state: 10,
            recv_queue: 0,
            send_queue: 0,
            uid: 0,
            inode: 99,
        };
        let set = |word: Word, value| move |words: &mut [u64; WORDS]| words[word as usize] = value;
        assert_eq!(listens(|_| {}), held(SocketKind::Tcp(at("127.0.0.1"))));
        assert_eq!(listens(set(Word::Family, 10)), held(SocketKind::Tcp(at("::1"))));
        assert_eq!(listens(set(Word::Protocol, 17)), held(SocketKind::Udp(at("127.0.0.1"))));
        assert_eq!(listens(set(Word::Family, 1)), held(SocketKind::Unix));
        assert_eq!(listens(set(Word::Family, 16)), held(SocketKind::Unlisted), "netlink");
        assert_eq!(listens(set(Word::Protocol, 262)), None, "it has parts that are TCP");
        for word in [Word::PortsAfter, Word::StateAfter, Word::ListedAfter] {
            assert_eq!(listens(set(word, 0)), None, "{word:?} has changed");
        }
        let unlisted = |words: &mut [u64; WORDS]| {
            [Word::Listed, Word::ListedAfter].into_iter().for_each(|word| words[word as usize] = 0);
        };
        assert_eq!(listens(unlisted), held(SocketKind::Unlisted));
        assert_eq!(parse_of_process(&printed(&[0; WORDS])).map(|held| held.len()), Some(1), "somebody without sockets");
        assert_eq!(parse_of_process(&[]), None, "nobody was visited");
    }
}
