//! The kstat `sockfs:0:sock_unix_list`: the UNIX sockets of a zone, as netstat(8) lists them.
//!
//! The kernel's `struct sockinfo` is no published interface. Each record says how long it is, so that a kernel with another
//! struct is an error and never a wrong path.

use crate::view::{packed, view};
use crate::{ParseError, Result};

view! {
    /// A record of the list: a `struct sockinfo`, and three addresses of the kernel as text.
    pub struct Record = "sockinfo" (2100) {
        /// Length of the record.
        size: u32 = "si_size" @ 0,
        /// Address family.
        family: i16 = "si_family" @ 4,
        /// `SOCK_` type.
        kind: i16 = "si_type" @ 6,
        /// `SS_` flags.
        state: u32 = "si_state" @ 12,
        /// Length of the own address, with its family.
        local_length: u32 = "si_laddr_soa_len" @ 28,
        /// Length of the peer's address, with its family.
        peer_length: u32 = "si_faddr_soa_len" @ 32,
        /// Path that the socket is bound to.
        local: [text 1025] = "si_laddr_sun_path" @ 40,
        /// Path that the peer is bound to.
        peer: [text 1025] = "si_faddr_sun_path" @ 1065,
        /// Whether the socket is an end of a socketpair(3SOCKET).
        is_pair: u32 = "si_faddr_noxlate" @ 2092,
        /// Zone of the socket.
        zone: i32 = "si_szoneid" @ 2096,
    }
}

/// The length of a record: the struct, and three texts of 17 bytes.
const RECORD: u32 = 2152;
/// `SS_ISCONNECTED`, `SS_ISBOUND`, `SS_ACCEPTCONN`.
const CONNECTED: u32 = 0x1;
const BOUND: u32 = 0x20;
const LISTENS: u32 = 0x200;
/// The length of an address that is a family alone.
const FAMILY: u32 = 2;

/// A UNIX socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket<'a> {
    /// `SOCK_` type: see [`STREAM`] and [`DATAGRAM`].
    pub kind: i32,
    /// The path that the socket is bound to; empty of others.
    pub local: &'a [u8],
    /// The path that the peer is bound to; empty of others.
    pub peer: &'a [u8],
    /// Whether the socket has a peer.
    pub is_connected: bool,
    /// Whether the socket waits for connections, where the source says so.
    pub is_listening: bool,
}

/// `SOCK_DGRAM`, `SOCK_STREAM` and `SOCK_SEQPACKET` of SunOS, where the first two have each other's numbers of other systems.
pub const DATAGRAM: i32 = 1;
/// See [`DATAGRAM`].
pub const STREAM: i32 = 2;
/// See [`DATAGRAM`].
pub const SEQPACKET: i32 = 6;

/// The sockets of the list. One that is cut off, or of another length, comes as an error and ends the list.
pub fn sockets(bytes: &[u8]) -> impl Iterator<Item = Result<Socket<'_>>> {
    let mut is_whole = true;
    packed(bytes, Record::STRUCT).map_while(move |record| {
        let found = is_whole.then(|| socket(record?));
        is_whole = found.as_ref().is_some_and(Result::is_ok);
        found
    })
}

fn socket(bytes: &[u8]) -> Result<Socket<'_>> {
    let record = Record::new(bytes)?;
    if record.size() != RECORD {
        return Err(ParseError::malformed("si_size", record.size().to_string().as_bytes()));
    }
    // The kernel fills a path in only if the flag says so, and gives the ends of a pair made-up ones.
    let path = |flag: u32, length: u32, path| {
        let is_there = record.state() & flag != 0 && length > FAMILY && record.is_pair() == 0;
        if is_there { path } else { &[][..] }
    };
    Ok(Socket {
        kind: record.kind().into(),
        local: path(BOUND, record.local_length(), record.local()),
        peer: path(CONNECTED, record.peer_length(), record.peer()),
        is_connected: record.state() & CONNECTED != 0,
        is_listening: record.state() & LISTENS != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(kind: u8, state: u32, local: &[u8], peer: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 2152];
        bytes[..4].copy_from_slice(&2152u32.to_le_bytes());
        bytes[4] = 1;
        bytes[6] = kind;
        bytes[12..16].copy_from_slice(&state.to_le_bytes());
        for (at, length, path) in [(28, local.len(), local), (32, peer.len(), peer)] {
            bytes[at] = u8::try_from(length + 3).unwrap();
            let place = if at == 28 { 40 } else { 1065 };
            bytes[place..place + length].copy_from_slice(path);
        }
        bytes
    }

    #[test]
    fn sockets_have_the_paths_that_their_flags_name() {
        let mut pair = record(2, 0x21, b"/made/up", b"/made/up");
        pair[2092] = 1;
        let list = [record(2, 0x220, b"/var/run/x", b""), record(1, 0x1, b"/stale", b"/dev/log"), pair].concat();
        let found: Vec<_> = sockets(&list).collect::<Result<_>>().unwrap();
        let of =
            |kind, local, peer, is_connected| Socket { kind, local, peer, is_connected, is_listening: !is_connected };
        assert_eq!(
            found,
            [
                of(STREAM, &b"/var/run/x"[..], &b""[..], false),
                of(DATAGRAM, b"", b"/dev/log", true),
                of(STREAM, b"", b"", true)
            ]
        );
    }

    #[test]
    fn another_struct_is_an_error() {
        let whole = record(2, 0x20, b"/a", b"");
        let mut other = record(2, 0x20, b"/a", b"");
        other.resize(2160, 0);
        other[..2].copy_from_slice(&2160u16.to_le_bytes());
        let list = [&whole[..], &other, &whole].concat();
        let found: Vec<_> = sockets(&list).map(|socket| socket.map_err(|error| error.field())).collect();
        assert_eq!((found.len(), found[1]), (2, Err("si_size")));
        assert_eq!(sockets(&whole[..2151]).map(|socket| socket.is_ok()).collect::<Vec<_>>(), [false]);
        assert_eq!(sockets(&[]).count(), 0);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = sockets(&bytes).count();
        }
    }
}
