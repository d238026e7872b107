//! The sysctls `net.inet.tcp.pcblist_n`, `net.inet.udp.pcblist_n`, `net.local.stream.pcblist_n` and
//! `net.local.dgram.pcblist_n`: the sockets of all users.
//!
//! The kernel writes a header, several records for each socket, and a trailer. A record begins with its length and its
//! kind, and the next record begins at a multiple of 8 bytes. XNU declares them in bsd/sys/socketvar.h,
//! bsd/netinet/in_pcb.h, bsd/netinet/tcp_var.h and bsd/sys/unpcb.h, packed to 4 bytes.

use super::socket::{ACCEPTS, CONNECTED, Ends, Socket, endpoint};
use crate::view::view;
use crate::{Cursor, ParseError, Result};

view! {
    /// The beginning of each record.
    pub struct Start = "xgen_n" (8) {
        /// Length of the record in bytes.
        length: u32 = "xgn_len" @ 0,
        /// Kind of the record.
        kind: u32 = "xgn_kind" @ 4,
    }
}

view! {
    /// The addresses of a socket of TCP or UDP.
    pub struct Internet = "xinpcb_n" (104) {
        /// Foreign port, in network order.
        fport: [bytes 2] = "inp_fport" @ 16,
        /// Local port.
        lport: [bytes 2] = "inp_lport" @ 18,
        /// 1 for IPv4, 2 for IPv6, 3 for both.
        vflag: u8 = "inp_vflag" @ 44,
        /// Foreign address. An IPv4 address takes the last 4 bytes.
        faddr: [bytes 16] = "inp_dependfaddr" @ 48,
        /// Local address.
        laddr: [bytes 16] = "inp_dependladdr" @ 64,
    }
}

view! {
    /// The addresses of a UNIX socket, as `struct sockaddr_un`.
    pub struct Unix = "xunpcb_n" (588) {
        /// What it is bound to.
        local: [bytes 256] = "xu_au" @ 76,
        /// What the peer is bound to.
        remote: [bytes 256] = "xu_cau" @ 332,
    }
}

view! {
    /// What all sockets have.
    pub struct Common = "xsocket_n" (76) {
        /// Address of the socket in the kernel.
        address: u64 = "xso_so" @ 8,
        /// Type.
        socket_type: i16 = "so_type" @ 16,
        /// Options.
        options: u32 = "so_options" @ 20,
        /// Flags.
        state: i16 = "so_state" @ 26,
        /// Address family.
        family: i32 = "xso_family" @ 40,
        /// Of a listener: connections that wait to be accepted.
        waiting: i16 = "so_qlen" @ 44,
    }
}

view! {
    /// A buffer of a socket.
    pub struct Buffer = "xsockbuf_n" (32) {
        /// Bytes in it.
        used: u32 = "sb_cc" @ 8,
    }
}

view! {
    /// A TCP connection.
    pub struct Tcp = "xtcpcb_n" (40) {
        /// State.
        state: i32 = "t_state" @ 36,
    }
}

/// The kinds of records, `XSO_` in bsd/sys/socketvar.h.
mod kind {
    pub(super) const SOCKET: u32 = 1;
    pub(super) const RECEIVED: u32 = 2;
    pub(super) const UNSENT: u32 = 4;
    pub(super) const INTERNET: u32 = 0x10;
    pub(super) const TCP: u32 = 0x20;
    pub(super) const UNIX: u32 = 0x200;
}

/// The length of the header and of the trailer, `struct xinpgen`. All other records are longer.
const HEADER: usize = 24;
/// `AF_INET6`.
const IPV6: i32 = crate::bsd::sockaddr::INET6_MACOS as i32;

/// Reads the sockets of a list. A list that a record cuts off is an error.
pub fn sockets(bytes: &[u8]) -> Result<Vec<Socket<'_>>> {
    let mut cursor = Cursor::new(bytes);
    let missing = || ParseError::missing("xgn_len");
    let header = Start::new(bytes)?.length() as usize;
    padded(&mut cursor, header).filter(|_| header >= HEADER).ok_or_else(missing)?;
    let mut sockets = Vec::new();
    let mut parts = Parts::default();
    while !cursor.is_empty() {
        let start = Start::new(cursor.rest())?;
        let length = start.length() as usize;
        if length <= HEADER {
            // The trailer.
            break;
        }
        let record = padded(&mut cursor, length).ok_or_else(missing)?;
        match start.kind() {
            kind::INTERNET | kind::UNIX => {
                sockets.extend(std::mem::take(&mut parts).socket()?);
                parts.block = Some(match start.kind() {
                    kind::UNIX => Block::Unix(Unix::new(record)?),
                    _ => Block::Internet(Internet::new(record)?),
                });
            }
            kind::SOCKET => parts.common = Some(Common::new(record)?),
            kind::RECEIVED => parts.received = Buffer::new(record)?.used(),
            kind::UNSENT => parts.unsent = Buffer::new(record)?.used(),
            kind::TCP => parts.tcp_state = Some(Tcp::new(record)?.state()),
            _ => {}
        }
    }
    sockets.extend(parts.socket()?);
    Ok(sockets)
}

/// Takes a record of so many bytes, and what pads it to a multiple of 8 bytes.
fn padded<'a>(cursor: &mut Cursor<'a>, length: usize) -> Option<&'a [u8]> {
    let record = cursor.take(length)?;
    // The last record may end the answer.
    let padding = length.next_multiple_of(8).saturating_sub(length).min(cursor.rest().len());
    cursor.take(padding)?;
    Some(record)
}

/// The records of one socket.
#[derive(Default)]
struct Parts<'a> {
    block: Option<Block<'a>>,
    common: Option<Common<'a>>,
    received: u32,
    unsent: u32,
    tcp_state: Option<i32>,
}

enum Block<'a> {
    Internet(Internet<'a>),
    Unix(Unix<'a>),
}

impl<'a> Parts<'a> {
    /// The socket of these records; `None` before the first record.
    fn socket(self) -> Result<Option<Socket<'a>>> {
        let Some(block) = self.block else { return Ok(None) };
        let common = self.common.ok_or_else(|| ParseError::missing(Common::STRUCT))?;
        let ends = match block {
            Block::Internet(block) => {
                // A connection in TIME_WAIT and a flow of a user-space network stack have no socket, and so no family.
                let v6 = if common.family() == 0 { block.vflag() & 1 == 0 } else { common.family() == IPV6 };
                Ends::Internet {
                    v6,
                    local: endpoint(block.vflag(), *block.laddr(), *block.lport()),
                    remote: endpoint(block.vflag(), *block.faddr(), *block.fport()),
                    tcp_state: self.tcp_state,
                }
            }
            Block::Unix(block) => Ends::Unix { local: block.local(), remote: block.remote() },
        };
        Ok(Some(Socket {
            address: common.address(),
            socket_type: common.socket_type().into(),
            listens: common.options() & ACCEPTS != 0,
            is_connected: common.state() & CONNECTED != 0,
            waiting: common.waiting(),
            received: self.received,
            unsent: self.unsent,
            ends,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    /// A record of a kind, with its padding.
    fn record(length: u32, kind: u32, fill: impl FnOnce(&mut Made)) -> Vec<u8> {
        let mut made = Made::new(length as usize);
        made.u32(0, length).u32(4, kind);
        fill(&mut made);
        made.0.resize(made.0.len().next_multiple_of(8), 0);
        made.0
    }

    fn list(records: &[Vec<u8>]) -> Vec<u8> {
        let end = record(24, 1, |_| {});
        [&end[..], &records.concat(), &end].concat()
    }

    fn tcp() -> Vec<Vec<u8>> {
        vec![
            record(104, 0x10, |made| _ = made.set(18, [0, 22]).set(44, [1]).set(76, [10, 0, 0, 2])),
            record(108, 1, |made| _ = made.u64(8, 0xabc).set(16, [1, 0]).u32(20, 2).u32(40, 2).set(44, [3, 0])),
            record(32, 2, |made| _ = made.u32(8, 7)),
            record(32, 4, |made| _ = made.u32(8, 9)),
            record(136, 8, |_| {}),
            record(204, 0x20, |made| _ = made.u32(36, 1)),
        ]
    }

    #[test]
    fn the_records_of_a_socket_are_joined() {
        let udp = vec![
            record(104, 0x10, |made| _ = made.set(44, [2]).set(64, [0xfe, 0x80, 0, 5]).set(79, [1])),
            record(76, 1, |_| {}),
        ];
        let text = list(&[tcp(), udp].concat());
        let found = sockets(&text).unwrap();
        let shown: Vec<_> = found.iter().map(|s| (s.address, s.socket_type, s.listens, s.received, s.unsent)).collect();
        assert_eq!(shown, [(0xabc, 1, true, 7, 9), (0, 0, false, 0, 0)]);
        let Ends::Internet { v6: false, local, tcp_state: Some(1), .. } = found[0].ends else { panic!("{found:?}") };
        assert_eq!((local, found[0].waiting), ("10.0.0.2:22".parse().unwrap(), 3));
        let Ends::Internet { v6: true, local, tcp_state: None, .. } = found[1].ends else { panic!("{found:?}") };
        assert_eq!(local, "[fe80::1%5]:0".parse().unwrap());
    }

    #[test]
    fn unix_sockets_have_paths() {
        let text = list(&[
            record(588, 0x200, |made| _ = made.set(76, [5, 1]).set(78, b"/a").set(332, [0, 1])),
            record(108, 1, |made| _ = made.set(16, [2, 0]).set(26, [2, 0])),
        ]);
        let found = sockets(&text).unwrap();
        let Ends::Unix { local, remote } = found[0].ends else { panic!("{found:?}") };
        assert_eq!((&local[..5], &remote[..2], found[0].is_connected), (&b"\x05\x01/a\0"[..], &[0, 1][..], true));
    }

    #[test]
    fn empty_lists_and_lists_that_are_cut_off() {
        assert_eq!(sockets(&list(&[])), Ok(Vec::new()));
        // Without a socket the kernel writes the header alone.
        assert_eq!(sockets(&record(24, 0, |_| {})), Ok(Vec::new()));
        let text = list(&tcp());
        assert_eq!(sockets(&text[..200]).unwrap_err().field(), "xgn_len");
        assert_eq!(sockets(&text[..128]).unwrap_err().field(), "xsocket_n");
        assert_eq!(sockets(&text[..4]).unwrap_err().field(), "xgen_n");
        assert_eq!(sockets(&[0; 64]).unwrap_err().field(), "xgn_len");
    }

    proptest! {
        #[test]
        fn never_panics(at in 0usize..700, byte: u8, bytes in proptest::collection::vec(any::<u8>(), 0..900)) {
            let mut text = list(&tcp());
            let at = at % text.len();
            text[at] = byte;
            let _ = (sockets(&text), sockets(&bytes));
        }
    }
}
