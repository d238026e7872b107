//! The tables of TCP and UDP sockets that the network modules return for a `T_SVR4_OPTMGMT_REQ`, as netstat(8) sends it.
//!
//! An answer is a row of messages: a `struct opthdr` with level, name and length, and the data of that length. The counters
//! of TCP and of UDP say how long an entry of their tables is. The structs are packed, so both data models have the same ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::view::{chunks, view};
use crate::{Cursor, ParseError, Result};

/// `IPPROTO_MAX`, after which the numbers of the MIB begin.
const MIB: u32 = 256;
/// `MIB2_TCP`, `MIB2_UDP`, `MIB2_TCP6`, `MIB2_UDP6`.
const TCP: u32 = MIB + 6;
const UDP: u32 = MIB + 7;
const TCP6: u32 = MIB + 14;
const UDP6: u32 = MIB + 15;
/// `MIB2_TCP_CONN`, `MIB2_TCP6_CONN`, `MIB2_UDP_ENTRY`, `MIB2_UDP6_ENTRY`.
const TCP_CONN: u32 = 13;
const TCP6_CONN: u32 = 14;
const UDP_ENTRY: u32 = 5;
const UDP6_ENTRY: u32 = 6;

view! {
    /// What precedes the data of a message.
    pub struct Header = "opthdr" (12) {
        /// Level: the protocol.
        level: u32 = "level" @ 0,
        /// Name: the table; 0 for the counters.
        name: u32 = "name" @ 4,
        /// Length of the data.
        length: u32 = "len" @ 8,
    }
}

view! {
    /// The beginning of TCP's counters.
    pub struct TcpCounters = "mib2_tcp" (212) {
        /// Size of an entry for IPv4.
        entry: i32 = "tcpConnTableSize" @ 48,
        /// Size of an entry for IPv6.
        entry6: i32 = "tcp6ConnTableSize" @ 208,
    }
}

view! {
    /// The beginning of UDP's counters.
    pub struct UdpCounters = "mib2_udp" (20) {
        /// Size of an entry for IPv4.
        entry: i32 = "udpEntrySize" @ 12,
        /// Size of an entry for IPv6.
        entry6: i32 = "udp6EntrySize" @ 16,
    }
}

view! {
    /// A TCP socket of IPv4. Ports are in the machine's byte order.
    pub struct Tcp = "mib2_tcpConnEntry" (56) {
        /// Own address.
        local: [bytes 4] = "tcpConnLocalAddress" @ 4,
        /// Own port.
        local_port: i32 = "tcpConnLocalPort" @ 8,
        /// Peer's address.
        peer: [bytes 4] = "tcpConnRemAddress" @ 12,
        /// Peer's port.
        peer_port: i32 = "tcpConnRemPort" @ 16,
        /// Sequence number of the next byte to send.
        send_next: u32 = "tcpConnEntryInfo.ce_snxt" @ 20,
        /// Sequence number of the first byte that the peer has not acknowledged.
        send_unacknowledged: u32 = "tcpConnEntryInfo.ce_suna" @ 24,
        /// Sequence number of the next byte to receive.
        receive_next: u32 = "tcpConnEntryInfo.ce_rnxt" @ 32,
        /// Sequence number of the first byte that was not acknowledged to the peer.
        receive_acknowledged: u32 = "tcpConnEntryInfo.ce_rack" @ 36,
        /// `TCPS_` state, which distinguishes idle from bound.
        state: i32 = "tcpConnEntryInfo.ce_state" @ 52,
    }
}

view! {
    /// A TCP socket of IPv6.
    pub struct Tcp6 = "mib2_tcp6ConnEntry" (84) {
        /// Own address.
        local: [bytes 16] = "tcp6ConnLocalAddress" @ 0,
        /// Own port.
        local_port: i32 = "tcp6ConnLocalPort" @ 16,
        /// Peer's address.
        peer: [bytes 16] = "tcp6ConnRemAddress" @ 20,
        /// Peer's port.
        peer_port: i32 = "tcp6ConnRemPort" @ 36,
        /// Number of the interface of a link-local address.
        interface: u32 = "tcp6ConnIfIndex" @ 40,
        /// Sequence number of the next byte to send.
        send_next: u32 = "tcp6ConnEntryInfo.ce_snxt" @ 48,
        /// Sequence number of the first byte that the peer has not acknowledged.
        send_unacknowledged: u32 = "tcp6ConnEntryInfo.ce_suna" @ 52,
        /// Sequence number of the next byte to receive.
        receive_next: u32 = "tcp6ConnEntryInfo.ce_rnxt" @ 60,
        /// Sequence number of the first byte that was not acknowledged to the peer.
        receive_acknowledged: u32 = "tcp6ConnEntryInfo.ce_rack" @ 64,
        /// `TCPS_` state.
        state: i32 = "tcp6ConnEntryInfo.ce_state" @ 80,
    }
}

view! {
    /// A UDP socket of IPv4.
    pub struct Udp = "mib2_udpEntry" (20) {
        /// Own address.
        local: [bytes 4] = "udpLocalAddress" @ 0,
        /// Own port.
        local_port: i32 = "udpLocalPort" @ 4,
        /// Peer's address.
        peer: [bytes 4] = "udpEntryInfo.ue_RemoteAddress" @ 12,
        /// Peer's port.
        peer_port: i32 = "udpEntryInfo.ue_RemotePort" @ 16,
    }
}

view! {
    /// A UDP socket of IPv6.
    pub struct Udp6 = "mib2_udp6Entry" (48) {
        /// Own address.
        local: [bytes 16] = "udp6LocalAddress" @ 0,
        /// Own port.
        local_port: i32 = "udp6LocalPort" @ 16,
        /// Number of the interface of a link-local address.
        interface: u32 = "udp6IfIndex" @ 20,
        /// Peer's address.
        peer: [bytes 16] = "udp6EntryInfo.ue_RemoteAddress" @ 28,
        /// Peer's port.
        peer_port: i32 = "udp6EntryInfo.ue_RemotePort" @ 44,
    }
}

/// The offsets of the pid of the process that made the socket, in an entry that is long enough.
const TCP_PID: usize = 56;
const TCP6_PID: usize = 84;
const UDP_PID: usize = 24;
const UDP6_PID: usize = 52;

/// A socket of TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    /// Whether it is TCP's.
    pub is_tcp: bool,
    /// Own address and port.
    pub local: SocketAddr,
    /// The peer's, if there is one.
    pub peer: Option<SocketAddr>,
    /// `TCPS_` state of TCP.
    pub state: Option<i32>,
    /// The process that made the socket, if the kernel names it.
    pub pid: Option<u32>,
    /// The bytes of a TCP connection that wait, as netstat(8) shows them.
    pub queues: Option<Queues>,
}

/// The bytes of a TCP connection that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queues {
    /// Bytes received and not acknowledged yet, because the process has not read them.
    pub receive: u32,
    /// Bytes sent that the peer has not acknowledged.
    pub send: u32,
}

impl Queues {
    /// The differences of sequence numbers, which start again at 0 after the largest one. The kernel gives an unprivileged
    /// caller numbers of which only the differences are true.
    fn of(state: i32, [next, unacknowledged, received, acknowledged]: [u32; 4]) -> Option<Self> {
        /// `TCPS_ESTABLISHED`: before it nothing is exchanged.
        const ESTABLISHED: i32 = 0;
        // A number that is behind the other one says that nothing waits.
        let between = |first: u32, second: u32| u32::try_from(first.wrapping_sub(second).cast_signed()).unwrap_or(0);
        let queues = Self { receive: between(received, acknowledged), send: between(next, unacknowledged) };
        (state >= ESTABLISHED).then_some(queues)
    }
}

/// The sockets of an answer, in its order. What is malformed comes as an error in its place.
#[must_use]
pub fn sockets(answer: &[u8]) -> Vec<Result<Socket>> {
    let (messages, cut) = messages(answer);
    // The kernel puts the counters first, but nothing promises it.
    let sizes = Sizes::of(&messages);
    let mut found = Vec::new();
    for message in messages {
        let mut add = |size: usize, least: usize, what, read: fn(&[u8]) -> Result<Socket>| {
            found.extend(chunks(message.data, size.max(least), what).map(|entry| read(entry?)));
        };
        match (message.level, message.name) {
            (TCP, TCP_CONN) => add(sizes.tcp, Tcp::SIZE, Tcp::STRUCT, tcp),
            (TCP6, TCP6_CONN) => add(sizes.tcp6, Tcp6::SIZE, Tcp6::STRUCT, tcp6),
            (UDP, UDP_ENTRY) => add(sizes.udp, Udp::SIZE, Udp::STRUCT, udp),
            (UDP6, UDP6_ENTRY) => add(sizes.udp6, Udp6::SIZE, Udp6::STRUCT, udp6),
            _ => {}
        }
    }
    found.extend(cut.map(Err));
    found
}

struct Message<'a> {
    level: u32,
    name: u32,
    data: &'a [u8],
}

/// The whole messages, and an error if one is cut off.
fn messages(answer: &[u8]) -> (Vec<Message<'_>>, Option<ParseError>) {
    let mut cursor = Cursor::new(answer);
    let mut found = Vec::new();
    while !cursor.is_empty() {
        let message = cursor.take(Header::SIZE).and_then(|header| {
            let header = Header::new(header).ok()?;
            let data = cursor.take(usize::try_from(header.length()).ok()?)?;
            Some(Message { level: header.level(), name: header.name(), data })
        });
        match message {
            Some(message) => found.push(message),
            None => return (found, Some(ParseError::missing(Header::STRUCT))),
        }
    }
    (found, None)
}

/// How long an entry of each table is. Kernels differ: newer ones append fields.
struct Sizes {
    tcp: usize,
    tcp6: usize,
    udp: usize,
    udp6: usize,
}

impl Sizes {
    /// The sizes that the counters name, else those of illumos since its entries have a pid.
    fn of(messages: &[Message<'_>]) -> Self {
        let mut sizes = Self { tcp: 68, tcp6: 96, udp: 36, udp6: 64 };
        let set = |size: &mut usize, told: i32| {
            if let Ok(told @ 1..) = usize::try_from(told) {
                *size = told;
            }
        };
        for message in messages.iter().filter(|message| message.name == 0) {
            match message.level {
                TCP => {
                    if let Ok(counters) = TcpCounters::new(message.data) {
                        set(&mut sizes.tcp, counters.entry());
                        set(&mut sizes.tcp6, counters.entry6());
                    }
                }
                UDP => {
                    if let Ok(counters) = UdpCounters::new(message.data) {
                        set(&mut sizes.udp, counters.entry());
                        set(&mut sizes.udp6, counters.entry6());
                    }
                }
                _ => {}
            }
        }
        sizes
    }
}

fn tcp(bytes: &[u8]) -> Result<Socket> {
    let entry = Tcp::new(bytes)?;
    let (local, peer) = (inet(entry.local(), entry.local_port())?, inet(entry.peer(), entry.peer_port())?);
    let sequence = [entry.send_next(), entry.send_unacknowledged(), entry.receive_next(), entry.receive_acknowledged()];
    let queues = Queues::of(entry.state(), sequence);
    Ok(Socket { is_tcp: true, local, peer: there(peer), state: Some(entry.state()), pid: pid(bytes, TCP_PID), queues })
}

fn tcp6(bytes: &[u8]) -> Result<Socket> {
    let entry = Tcp6::new(bytes)?;
    let local = inet6(entry.local(), entry.local_port(), entry.interface())?;
    let peer = inet6(entry.peer(), entry.peer_port(), entry.interface())?;
    let sequence = [entry.send_next(), entry.send_unacknowledged(), entry.receive_next(), entry.receive_acknowledged()];
    let queues = Queues::of(entry.state(), sequence);
    Ok(Socket { is_tcp: true, local, peer: there(peer), state: Some(entry.state()), pid: pid(bytes, TCP6_PID), queues })
}

fn udp(bytes: &[u8]) -> Result<Socket> {
    let entry = Udp::new(bytes)?;
    let (local, peer) = (inet(entry.local(), entry.local_port())?, inet(entry.peer(), entry.peer_port())?);
    Ok(Socket { is_tcp: false, local, peer: there(peer), state: None, pid: pid(bytes, UDP_PID), queues: None })
}

fn udp6(bytes: &[u8]) -> Result<Socket> {
    let entry = Udp6::new(bytes)?;
    let local = inet6(entry.local(), entry.local_port(), entry.interface())?;
    let peer = inet6(entry.peer(), entry.peer_port(), entry.interface())?;
    Ok(Socket { is_tcp: false, local, peer: there(peer), state: None, pid: pid(bytes, UDP6_PID), queues: None })
}

fn port(number: i32) -> Result<u16> {
    u16::try_from(number).map_err(|_| ParseError::malformed("port", number.to_string().as_bytes()))
}

fn inet(address: &[u8; 4], number: i32) -> Result<SocketAddr> {
    Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(*address)), port(number)?))
}

fn inet6(address: &[u8; 16], number: i32, interface: u32) -> Result<SocketAddr> {
    let address = Ipv6Addr::from(*address);
    let zone = if address.is_unicast_link_local() { interface } else { 0 };
    Ok(SocketAddr::V6(SocketAddrV6::new(address, port(number)?, 0, zone)))
}

/// A peer, unless both address and port are 0.
fn there(peer: SocketAddr) -> Option<SocketAddr> {
    Some(peer).filter(|peer| peer.port() != 0 || !peer.ip().is_unspecified())
}

/// The pid that a longer entry holds; 0 is `MIB2_UNKNOWN_PROCESS`.
fn pid(entry: &[u8], at: usize) -> Option<u32> {
    let pid = u32::from_le_bytes(*entry.get(at..)?.first_chunk()?);
    Some(pid).filter(|pid| *pid != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(level: u32, name: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [&level.to_le_bytes()[..], &name.to_le_bytes(), &length.to_le_bytes(), data].concat()
    }

    fn entry(size: usize, fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; size];
        fields.iter().for_each(|(at, field)| bytes[*at..*at + field.len()].copy_from_slice(field));
        bytes
    }

    #[test]
    fn sockets_of_each_table() {
        let tcp = entry(
            68,
            &[
                (4, &[127, 0, 0, 1]),
                (8, &22i32.to_le_bytes()),
                (52, &(-3i32).to_le_bytes()),
                (56, &77u32.to_le_bytes()),
            ],
        );
        let mut link_local = [0u8; 16];
        link_local[..2].copy_from_slice(&[0xfe, 0x80]);
        let tcp6 = entry(
            96,
            &[
                (0, &link_local),
                (16, &443i32.to_le_bytes()),
                (20, &link_local),
                (36, &9i32.to_le_bytes()),
                (40, &2u32.to_le_bytes()),
                // Two bytes past the largest number, and five before.
                (48, &2u32.to_le_bytes()),
                (52, &(u32::MAX - 4).to_le_bytes()),
                (60, &9u32.to_le_bytes()),
                (64, &6u32.to_le_bytes()),
                (80, &4i32.to_le_bytes()),
            ],
        );
        let udp = entry(36, &[(4, &53i32.to_le_bytes()), (24, &8u32.to_le_bytes())]);
        let udp6 = entry(64, &[(16, &546i32.to_le_bytes())]);
        let answer = [
            message(TCP, 0, &[0; 212]),
            message(TCP, TCP_CONN, &tcp),
            message(TCP6, TCP6_CONN, &tcp6),
            message(MIB + 4, 20, &[1, 2, 3]),
            message(UDP, UDP_ENTRY, &udp),
            message(UDP6, UDP6_ENTRY, &udp6),
        ]
        .concat();
        let found: Vec<_> = sockets(&answer).into_iter().collect::<Result<_>>().unwrap();
        let of = |is_tcp, local: &str, peer: Option<&str>, state, pid| Socket {
            is_tcp,
            local: local.parse().unwrap(),
            peer: peer.map(|peer| peer.parse().unwrap()),
            state,
            pid,
            queues: (state == Some(4)).then_some(Queues { receive: 3, send: 7 }),
        };
        assert_eq!(
            found,
            [
                of(true, "127.0.0.1:22", None, Some(-3), Some(77)),
                of(true, "[fe80::%2]:443", Some("[fe80::%2]:9"), Some(4), None),
                of(false, "0.0.0.0:53", None, None, Some(8)),
                of(false, "[::]:546", None, None, None),
            ]
        );
    }

    #[test]
    fn the_kernel_says_how_long_an_entry_is() {
        let counters = entry(212, &[(48, &56i32.to_le_bytes())]);
        let old = [message(TCP, TCP_CONN, &[0; 112]), message(TCP, 0, &counters)].concat();
        let found = sockets(&old);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|socket| socket.as_ref().is_ok_and(|socket| socket.pid.is_none())));
        let counters = entry(20, &[(12, &40i32.to_le_bytes())]);
        let newer = [message(UDP, 0, &counters), message(UDP, UDP_ENTRY, &[0; 80])].concat();
        assert_eq!(sockets(&newer).len(), 2);
    }

    #[test]
    fn what_is_cut_off_comes_after_the_whole_ones() {
        let tcp = entry(68, &[(8, &22i32.to_le_bytes())]);
        let answer = message(TCP, TCP_CONN, &[&tcp[..], &tcp[..60]].concat());
        assert_eq!(sockets(&answer).iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
        let answer = [message(TCP, TCP_CONN, &tcp), vec![6, 1, 0]].concat();
        assert_eq!(sockets(&answer).iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
        let odd = entry(68, &[(8, &70_000i32.to_le_bytes())]);
        assert_eq!(sockets(&message(TCP, TCP_CONN, &odd)).remove(0).unwrap_err().field(), "port");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, data: Vec<u8>) {
            let _ = sockets(&bytes);
            for (level, name) in [(TCP, 0), (TCP, TCP_CONN), (TCP6, TCP6_CONN), (UDP, 0), (UDP, UDP_ENTRY), (UDP6, UDP6_ENTRY)] {
                let _ = sockets(&message(level, name, &data));
            }
        }
    }
}
