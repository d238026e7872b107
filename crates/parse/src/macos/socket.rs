//! `PROC_PIDFDSOCKETINFO`: a socket of a process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::view::view;

view! {
    /// A socket. Which of the later fields mean something is said by `kind`.
    pub struct Socket = "socket_fdinfo" (792) {
        /// Address of the socket in the kernel.
        address: u64 = "psi.soi_so" @ 160,
        /// Type.
        socket_type: i32 = "psi.soi_type" @ 176,
        /// Protocol.
        protocol: i32 = "psi.soi_protocol" @ 180,
        /// Address family.
        family: i32 = "psi.soi_family" @ 184,
        /// Options, [`ACCEPTS`] and others.
        options: i16 = "psi.soi_options" @ 188,
        /// Whether it has a peer ([`CONNECTED`]), and other flags.
        socket_state: i16 = "psi.soi_state" @ 192,
        /// Of a listener: connections that wait to be accepted.
        waiting: i16 = "psi.soi_qlen" @ 194,
        /// Bytes received that no process has read yet.
        received: u32 = "psi.soi_rcv.sbi_cc" @ 208,
        /// Bytes that are not sent or not acknowledged.
        unsent: u32 = "psi.soi_snd.sbi_cc" @ 232,
        /// [`INTERNET`], [`TCP`], [`UNIX`] or another.
        kind: i32 = "psi.soi_kind" @ 256,
        /// Foreign port, the first two bytes in network order.
        fport: [bytes 4] = "psi.soi_proto.pri_in.insi_fport" @ 264,
        /// Local port.
        lport: [bytes 4] = "psi.soi_proto.pri_in.insi_lport" @ 268,
        /// 1 for IPv4, 2 for IPv6.
        vflag: u8 = "psi.soi_proto.pri_in.insi_vflag" @ 288,
        /// Foreign address; the last 4 bytes of an IPv4 one.
        faddr: [bytes 16] = "psi.soi_proto.pri_in.insi_faddr" @ 296,
        /// Local address.
        laddr: [bytes 16] = "psi.soi_proto.pri_in.insi_laddr" @ 312,
        /// Interface of a link-local address.
        interface: u16 = "psi.soi_proto.pri_in.insi_v6.in6_ifindex" @ 340,
        /// State of a TCP socket.
        state: i32 = "psi.soi_proto.pri_tcp.tcpsi_state" @ 344,
        /// What a UNIX socket is bound to, as `struct sockaddr_un`.
        local: [bytes 255] = "psi.soi_proto.pri_un.unsi_addr" @ 280,
        /// What the peer of a UNIX socket is bound to.
        remote: [bytes 255] = "psi.soi_proto.pri_un.unsi_caddr" @ 535,
    }
}

/// `SO_ACCEPTCONN` of `soi_options`: it listens.
pub const ACCEPTS: i16 = 2;
/// `SOI_S_ISCONNECTED` of `soi_state`.
pub const CONNECTED: i16 = 2;

/// `SOCKINFO_IN`.
pub const INTERNET: i32 = 1;
/// `SOCKINFO_TCP`.
pub const TCP: i32 = 2;
/// `SOCKINFO_UN`.
pub const UNIX: i32 = 3;

impl Socket<'_> {
    /// Whether its addresses are of IPv4.
    #[must_use]
    pub fn is_ipv4(self) -> bool {
        self.vflag() & 3 == 1
    }

    /// Its own address. The port is 0 until it is bound.
    #[must_use]
    pub fn local_address(self) -> SocketAddr {
        self.endpoint(self.laddr(), self.lport())
    }

    /// The peer's address. The port is 0 without a peer.
    #[must_use]
    pub fn remote_address(self) -> SocketAddr {
        self.endpoint(self.faddr(), self.fport())
    }

    fn endpoint(self, address: &[u8; 16], port: &[u8; 4]) -> SocketAddr {
        let [high, low, ..] = *port;
        let port = u16::from_be_bytes([high, low]);
        if self.is_ipv4() {
            let [.., a, b, c, d] = *address;
            return SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), port);
        }
        let address = Ipv6Addr::from(*address);
        let zone = if address.is_unicast_link_local() { self.interface().into() } else { 0 };
        SocketAddr::V6(SocketAddrV6::new(address, port, 0, zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_either_family() {
        let mut made = Made::new(792);
        made.set(268, [0x1f, 0x90, 0, 0]).set(288, [1]).set(324, [127, 0, 0, 1]).u32(344, 1);
        let socket = Socket::new(&made.0).unwrap();
        assert_eq!(socket.local_address(), "127.0.0.1:8080".parse().unwrap());
        assert_eq!((socket.remote_address().port(), socket.state()), (0, 1));
        made.set(288, [2]).set(312, [0xfe, 0x80]).set(324, [0, 0, 0, 1]).set(340, [4, 0]);
        assert_eq!(Socket::new(&made.0).unwrap().local_address(), "[fe80::1%4]:8080".parse().unwrap());
        assert!(Socket::new(&made.0[..791]).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 700..900)) {
            if let Ok(socket) = Socket::new(&bytes) {
                let _ = (socket.local_address(), socket.remote_address());
            }
        }
    }
}
