//! `PROC_PIDFDSOCKETINFO`: a socket of a process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

use crate::bsd::sockaddr::without_embedded_zone;
use crate::view::view;

view! {
    /// A socket. `kind` says which of the fields from `fport` on are set.
    pub struct Record = "socket_fdinfo" (792) {
        /// Address of the socket in the kernel.
        address: u64 = "psi.soi_so" @ 160,
        /// Type.
        socket_type: i32 = "psi.soi_type" @ 176,
        /// Address family.
        family: i32 = "psi.soi_family" @ 184,
        /// Options, `ACCEPTS` and others.
        options: i16 = "psi.soi_options" @ 188,
        /// `CONNECTED` and other flags.
        state: i16 = "psi.soi_state" @ 192,
        /// Of a listener: connections that wait to be accepted.
        waiting: i16 = "psi.soi_qlen" @ 194,
        /// Bytes received that no process has read yet.
        received: u32 = "psi.soi_rcv.sbi_cc" @ 208,
        /// Bytes that are not sent or not acknowledged.
        unsent: u32 = "psi.soi_snd.sbi_cc" @ 232,
        /// `SOCKINFO_IN`, `SOCKINFO_TCP`, `SOCKINFO_UN` or another.
        kind: i32 = "psi.soi_kind" @ 256,
        /// Foreign port: the first two bytes, in network order.
        fport: [bytes 4] = "psi.soi_proto.pri_in.insi_fport" @ 264,
        /// Local port.
        lport: [bytes 4] = "psi.soi_proto.pri_in.insi_lport" @ 268,
        /// 1 for IPv4, 2 for IPv6, 3 for both.
        vflag: u8 = "psi.soi_proto.pri_in.insi_vflag" @ 288,
        /// Foreign address. An IPv4 address takes the last 4 bytes.
        faddr: [bytes 16] = "psi.soi_proto.pri_in.insi_faddr" @ 296,
        /// Local address.
        laddr: [bytes 16] = "psi.soi_proto.pri_in.insi_laddr" @ 312,
        /// State of a TCP socket.
        tcp_state: i32 = "psi.soi_proto.pri_tcp.tcpsi_state" @ 344,
        /// What a UNIX socket is bound to, as `struct sockaddr_un`.
        local: [bytes 255] = "psi.soi_proto.pri_un.unsi_addr" @ 280,
        /// What the peer of a UNIX socket is bound to.
        remote: [bytes 255] = "psi.soi_proto.pri_un.unsi_caddr" @ 535,
    }
}

/// `SO_ACCEPTCONN`: the socket listens.
pub(super) const ACCEPTS: u32 = 2;
/// `SS_ISCONNECTED`: the socket has a peer.
pub(super) const CONNECTED: i16 = 2;

/// `SOCKINFO_IN`, `SOCKINFO_TCP`, `SOCKINFO_UN`.
const INTERNET: i32 = 1;
const TCP: i32 = 2;
const UNIX: i32 = 3;

/// A socket of a process, or of the lists of all users' sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket<'a> {
    /// Address of the socket in the kernel, which identifies it; 0 if the kernel has no socket for the connection.
    pub address: u64,
    /// `SOCK_STREAM` and others; 0 if the kernel has no socket.
    pub socket_type: i32,
    /// Whether it listens.
    pub listens: bool,
    /// Whether it has a peer.
    pub is_connected: bool,
    /// Of a listener: connections that wait to be accepted.
    pub waiting: i16,
    /// Bytes received that no process has read yet.
    pub received: u32,
    /// Bytes that are not sent or not acknowledged.
    pub unsent: u32,
    /// Its addresses.
    pub ends: Ends<'a>,
}

/// The addresses of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends<'a> {
    /// IPv4 or IPv6. A port is 0 until the socket is bound, or has a peer.
    Internet {
        /// Whether the socket is of IPv6. It can have addresses of IPv4.
        v6: bool,
        /// Its own address.
        local: SocketAddr,
        /// The peer's address.
        remote: SocketAddr,
        /// State of a TCP connection; `None` of another protocol.
        tcp_state: Option<i32>,
    },
    /// UNIX sockets: each end as `struct sockaddr_un`.
    Unix {
        /// What it is bound to.
        local: &'a [u8],
        /// What the peer is bound to.
        remote: &'a [u8],
    },
    /// Another family.
    Other,
}

impl<'a> Socket<'a> {
    /// Reads the answer of proc_pidfdinfo(3).
    pub fn new(bytes: &'a [u8]) -> crate::Result<Self> {
        let record = Record::new(bytes)?;
        Ok(Self {
            address: record.address(),
            socket_type: record.socket_type(),
            listens: u32::from(record.options().cast_unsigned()) & ACCEPTS != 0,
            is_connected: record.state() & CONNECTED != 0,
            waiting: record.waiting(),
            received: record.received(),
            unsent: record.unsent(),
            ends: record.ends(),
        })
    }
}

impl<'a> Record<'a> {
    fn ends(self) -> Ends<'a> {
        let [local_port, remote_port] = [self.lport(), self.fport()].map(|[high, low, ..]| [*high, *low]);
        match self.kind() {
            INTERNET | TCP => Ends::Internet {
                v6: self.family() == i32::from(crate::bsd::sockaddr::INET6_MACOS),
                local: endpoint(self.vflag(), *self.laddr(), local_port),
                remote: endpoint(self.vflag(), *self.faddr(), remote_port),
                tcp_state: (self.kind() == TCP).then(|| self.tcp_state()),
            },
            UNIX => Ends::Unix { local: self.local(), remote: self.remote() },
            _ => Ends::Other,
        }
    }
}

/// Reads an address and a port. The kernel keeps the zone of a link-local address inside the address, and reports the
/// number of the interface (`in6_ifindex`) as 0.
pub(super) fn endpoint(vflag: u8, address: [u8; 16], port: [u8; 2]) -> SocketAddr {
    let port = u16::from_be_bytes(port);
    if vflag & 3 == 1 {
        let [.., a, b, c, d] = address;
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), port);
    }
    let (address, zone) = without_embedded_zone(address, 0);
    SocketAddr::V6(SocketAddrV6::new(address, port, 0, zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_either_family() {
        let mut made = Made::new(792);
        made.u32(176, 1).u32(184, 2).u32(256, 2);
        made.set(268, [0x1f, 0x90, 0, 0]).set(288, [1]).set(324, [127, 0, 0, 1]).u32(344, 1);
        let expected = Ends::Internet {
            v6: false,
            local: "127.0.0.1:8080".parse().unwrap(),
            remote: "0.0.0.0:0".parse().unwrap(),
            tcp_state: Some(1),
        };
        assert_eq!(Socket::new(&made.0).unwrap().ends, expected);
        // The zone, 4, is inside the address.
        made.u32(184, 30).set(288, [2]).set(312, [0xfe, 0x80, 0, 4]).set(324, [0, 0, 0, 1]);
        let Ends::Internet { v6: true, local, .. } = Socket::new(&made.0).unwrap().ends else { panic!("not IPv6") };
        assert_eq!(local, "[fe80::1%4]:8080".parse().unwrap());
        assert!(Socket::new(&made.0[..791]).is_err());
    }

    #[test]
    fn listeners_and_unix_sockets() {
        let mut made = Made::new(792);
        made.u32(176, 1).u32(256, 3).set(188, [2, 0]).set(194, [5, 0]).set(280, [9, 1]).set(282, b"/a");
        let socket = Socket::new(&made.0).unwrap();
        assert_eq!((socket.listens, socket.is_connected, socket.waiting), (true, false, 5));
        let Ends::Unix { local, .. } = socket.ends else { panic!("not a UNIX socket") };
        assert_eq!(&local[..5], b"\x09\x01/a\0");
        made.set(192, [2, 0]).u32(256, 0);
        let socket = Socket::new(&made.0).unwrap();
        assert_eq!((socket.is_connected, socket.ends), (true, Ends::Other));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 700..900)) {
            let _ = Socket::new(&bytes);
        }
    }
}
