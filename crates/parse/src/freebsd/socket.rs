//! `net.inet.*.pcblist` and `net.local.*.pcblist`: sockets, between two records that count them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::view::{packed, view};
use crate::{ParseError, Result};

view! {
    /// The part that all sockets have.
    pub struct Common = "xsocket" (240) {
        /// Address of the socket in the kernel, 0 once no process holds it.
        address: u64 = "xso_so" @ 8,
        /// Address of its protocol block in the kernel.
        pcb: u64 = "so_pcb" @ 16,
        /// Protocol.
        protocol: i32 = "xso_protocol" @ 96,
        /// Address family.
        family: i32 = "xso_family" @ 100,
        /// Of a listener: connections that wait to be accepted.
        waiting: u32 = "so_qlen" @ 104,
        /// User.
        uid: u32 = "so_uid" @ 120,
        /// Type.
        kind: i16 = "so_type" @ 156,
        /// Options, [`ACCEPTS`] and others.
        options: i16 = "so_options" @ 158,
        /// Whether it has a peer ([`CONNECTED`]), and other flags.
        state: i16 = "so_state" @ 162,
        /// Bytes received that no process has read yet.
        received: u32 = "so_rcv.sb_cc" @ 168,
        /// Bytes that are not sent or not acknowledged.
        unsent: u32 = "so_snd.sb_cc" @ 204,
    }
}

view! {
    /// An internet socket; the list of UDP and raw sockets has one after the other.
    pub struct Inet = "xinpcb" (400) {
        /// What all sockets have.
        common: [Common] = "xi_socket" @ 8,
        /// Foreign port, in network order.
        fport: [bytes 2] = "inp_inc.inc_ie.ie_fport" @ 252,
        /// Local port, in network order.
        lport: [bytes 2] = "inp_inc.inc_ie.ie_lport" @ 254,
        /// Foreign address; the last 4 bytes of an IPv4 one.
        faddr: [bytes 16] = "inp_inc.inc_ie.ie6_faddr" @ 256,
        /// Local address.
        laddr: [bytes 16] = "inp_inc.inc_ie.ie6_laddr" @ 272,
        /// Zone of IPv6 addresses.
        zone: u32 = "inp_inc.inc_ie.ie6_zoneid" @ 288,
        /// 1 for IPv4, 2 for IPv6; both for an IPv6 socket that takes IPv4 too.
        vflag: u8 = "inp_vflag" @ 392,
    }
}

view! {
    /// A TCP socket.
    pub struct Tcp = "xtcpcb" (744) {
        /// What it has as an internet socket.
        inet: [Inet] = "xt_inp" @ 8,
        /// State, `TCPS_CLOSED` (0) to `TCPS_TIME_WAIT` (10).
        state: i32 = "t_state" @ 568,
    }
}

view! {
    /// A UNIX socket.
    pub struct Unix = "xunpcb" (904) {
        /// Address of its block in the kernel.
        pcb: u64 = "xu_unpp" @ 8,
        /// Address of its peer's block in the kernel, 0 if it has none.
        peer: u64 = "unp_conn" @ 24,
        /// What it is bound to, as `struct sockaddr_un`.
        local: [bytes 106] = "xu_addr" @ 152,
        /// What its peer is bound to.
        remote: [bytes 106] = "xu_caddr" @ 408,
        /// What all sockets have.
        common: [Common] = "xu_socket" @ 664,
    }
}

/// `SO_ACCEPTCONN` of `so_options`: it listens.
pub const ACCEPTS: i16 = 2;
/// `SS_ISCONNECTED` of `so_state`.
pub const CONNECTED: i16 = 2;

/// `INP_IPV4` of `inp_vflag`.
const IPV4: u8 = 1;

impl Inet<'_> {
    /// Whether it is an IPv4 socket. An IPv6 socket that takes IPv4 too is IPv6, as is its address.
    #[must_use]
    pub fn is_ipv4(self) -> bool {
        self.vflag() & (IPV4 | 2) == IPV4
    }

    /// Its own address. The port is 0 until it is bound.
    #[must_use]
    pub fn local(self) -> SocketAddr {
        self.endpoint(self.laddr(), *self.lport())
    }

    /// The peer's address. The port is 0 without a peer.
    #[must_use]
    pub fn remote(self) -> SocketAddr {
        self.endpoint(self.faddr(), *self.fport())
    }

    fn endpoint(self, address: &[u8; 16], port: [u8; 2]) -> SocketAddr {
        let port = u16::from_be_bytes(port);
        if self.is_ipv4() {
            let [.., a, b, c, d] = *address;
            return SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), port);
        }
        let address = Ipv6Addr::from(*address);
        let zone = if address.is_unicast_link_local() { self.zone() } else { 0 };
        SocketAddr::V6(SocketAddrV6::new(address, port, 0, zone))
    }
}

/// The UDP or raw sockets of an answer.
pub fn inet(bytes: &[u8]) -> impl Iterator<Item = Result<Inet<'_>>> {
    between(bytes).map(|record| Inet::new(record?))
}

/// The TCP sockets of an answer.
pub fn tcp(bytes: &[u8]) -> impl Iterator<Item = Result<Tcp<'_>>> {
    between(bytes).map(|record| Tcp::new(record?))
}

/// The UNIX sockets of an answer.
pub fn unix(bytes: &[u8]) -> impl Iterator<Item = Result<Unix<'_>>> {
    between(bytes).map(|record| Unix::new(record?))
}

/// `struct xinpgen` and `struct xunpgen`, the first and the last record, are the only ones that short.
const LONGEST_MARKER: usize = 64;

/// The records between the first and the last. An answer that lacks the last one was cut off: an error comes after the
/// records.
fn between(bytes: &[u8]) -> impl Iterator<Item = Result<&[u8]>> {
    let mut records = packed(bytes, "xi_len");
    let mut opened = false;
    let mut closed = false;
    std::iter::from_fn(move || {
        if closed {
            return None;
        }
        loop {
            match records.next() {
                Some(Ok(record)) if record.len() > LONGEST_MARKER => return Some(Ok(record)),
                Some(Ok(_)) if !opened => opened = true,
                Some(Ok(_)) => {
                    closed = true;
                    return None;
                }
                Some(Err(error)) => {
                    closed = true;
                    return Some(Err(error));
                }
                None => {
                    closed = true;
                    return Some(Err(ParseError::missing("xig_len")));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    fn marker() -> Vec<u8> {
        Made::new(64).u64(0, 64).0.clone()
    }

    fn socket(vflag: u8, at: usize, address: &[u8], port: u16) -> Made {
        let mut made = Made::new(744);
        made.u64(0, 744).set(8 + at, address).set(8 + 254, port.to_be_bytes()).set(8 + 392, [vflag]);
        made.u32(8 + 288, 3).u32(568, 4);
        made
    }

    #[test]
    fn addresses_of_either_family() {
        let link_local = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let list = [
            marker(),
            socket(1, 284, &[10, 0, 0, 1], 80).0,
            socket(2, 272, &link_local, 81).0,
            socket(3, 272, &[0; 16], 0).0,
            marker(),
        ];
        let found: Vec<_> = tcp(&list.concat()).map(|socket| socket.unwrap().inet().local()).collect();
        assert_eq!(found, ["10.0.0.1:80", "[fe80::1%3]:81", "[::]:0"].map(|address| address.parse().unwrap()));
    }

    #[test]
    fn a_list_that_is_cut_off_keeps_what_came_before() {
        let list = [marker(), socket(1, 284, &[1, 1, 1, 1], 1).0, marker()].concat();
        assert!(tcp(&list).all(|socket| socket.is_ok()));
        for end in [0, 63, 64, 800, 808, 871] {
            assert!(tcp(&list[..end]).last().unwrap().is_err(), "{end}");
        }
        assert_eq!(tcp(&list[..808]).filter(Result::is_ok).count(), 1);
        assert_eq!(unix(&list).next().unwrap().unwrap_err().field(), "xunpcb");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            for socket in tcp(&bytes).flatten() {
                let _ = (socket.inet().local(), socket.inet().remote());
            }
            let _ = (inet(&bytes).count(), unix(&bytes).count());
        }
    }
}
