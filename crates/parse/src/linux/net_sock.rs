//! `/proc/net/{tcp,tcp6,udp,udp6,unix}`: proc_pid_net(5).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cursor::{hex, lines};
use crate::{Cursor, ParseError, Result};

/// One TCP or UDP socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InetSocket {
    /// Its own address and port.
    pub local: (IpAddr, u16),
    /// The peer's address and port, zeros if there is none.
    pub remote: (IpAddr, u16),
    /// The `st` column: the kernel's TCP state, for UDP too.
    pub state: u8,
    /// Bytes that no process has read yet. A TCP listener: connections that wait to be accepted.
    pub recv_queue: u32,
    /// Bytes that the peer has not acknowledged.
    pub send_queue: u32,
    /// Effective user of the process that made it.
    pub uid: u32,
    /// Inode, 0 once no process holds it.
    pub inode: u64,
}

/// Parses the whole of tcp or udp, or with `v6` of tcp6 or udp6, as a machine of that byte order writes it.
pub fn inet(bytes: &[u8], v6: bool, little_endian: bool) -> Result<Vec<InetSocket>> {
    lines(bytes).skip(1).map(|line| inet_socket(line, v6, little_endian)).collect()
}

fn inet_socket(line: &[u8], v6: bool, little_endian: bool) -> Result<InetSocket> {
    let mut cursor = Cursor::new(line);
    cursor.skip_tokens(1); // sl
    let local = endpoint(cursor.required("local_address")?, v6, little_endian, "local_address")?;
    let remote = endpoint(cursor.required("remote_address")?, v6, little_endian, "remote_address")?;
    let state = cursor.required("st")?;
    let state = u8::try_from(hex(state, "st")?).map_err(|_| ParseError::overflow("st", state))?;
    let (send_queue, recv_queue) = queues(cursor.required("tx_queue")?)?;
    let uid = cursor.skip_tokens(2).decimal("uid")?; // after tr:tm->when retrnsmt
    let uid = u32::try_from(uid).map_err(|_| ParseError::overflow("uid", line))?;
    let inode = cursor.skip_tokens(1).decimal("inode")?; // after timeout
    Ok(InetSocket { local, remote, state, recv_queue, send_queue, uid, inode })
}

/// `tx_queue:rx_queue`
fn queues(text: &[u8]) -> Result<(u32, u32)> {
    let mut cursor = Cursor::new(text);
    let sent = cursor.array::<8>().and_then(digits);
    let received = cursor.array::<9>().and_then(|text| match text {
        [b':', received @ ..] => digits::<8>(received),
        _ => None,
    });
    sent.zip(received).filter(|_| cursor.is_empty()).ok_or_else(|| ParseError::malformed("tx_queue", text))
}

fn endpoint(text: &[u8], v6: bool, little_endian: bool, field: &'static str) -> Result<(IpAddr, u16)> {
    let mut cursor = Cursor::new(text);
    let mut next = || word(&mut cursor, little_endian);
    let address = if v6 {
        next().zip(next()).zip(next().zip(next())).map(|((a, b), (c, d))| {
            let all = u128::from(a) << 96 | u128::from(b) << 64 | u128::from(c) << 32 | u128::from(d);
            IpAddr::V6(Ipv6Addr::from_bits(all))
        })
    } else {
        next().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
    };
    let port = cursor.array::<5>().and_then(|text| match text {
        [b':', port @ ..] => digits(port).and_then(|port| u16::try_from(port).ok()),
        _ => None,
    });
    address.zip(port).filter(|_| cursor.is_empty()).ok_or_else(|| ParseError::malformed(field, text))
}

/// Eight digits: four bytes in network order that the kernel prints as one number of its own order.
fn word(cursor: &mut Cursor<'_>, little_endian: bool) -> Option<u32> {
    let word = digits(cursor.array::<8>()?)?;
    Some(if little_endian { word.swap_bytes() } else { word })
}

/// At most eight hexadecimal digits.
fn digits<const N: usize>(text: [u8; N]) -> Option<u32> {
    text.into_iter().try_fold(0u32, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'F' => byte - b'A' + 10,
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u32::from(digit))
    })
}

/// One Unix domain socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixSocket<'a> {
    /// The socket type: 1 stream, 2 datagram, 5 sequential packets.
    pub kind: u16,
    /// Whether it listens or has a peer.
    pub state: UnixState,
    /// The receive and send queue, which only sock_diag(7) reports: bytes, or of a listener the connections that wait and
    /// the most that may.
    pub queues: Option<(u32, u32)>,
    /// Inode.
    pub inode: u64,
    /// The path, empty for none; an abstract one has `@` for each of its NULs, the first of which begins it.
    pub path: Cow<'a, [u8]>,
}

/// The state of a Unix domain socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnixState {
    /// Neither of the others.
    Unconnected,
    /// It waits for connections.
    Listening,
    /// It has a peer, or will have one once the connection is accepted.
    Connected,
}

/// `__SO_ACCEPTCON` of the `Flags` column: the socket listens.
const ACCEPTS: u64 = 0x10000;
/// `SS_CONNECTING` of the `St` column, which also stands for a connection that waits to be accepted, and `SS_CONNECTED`.
const CONNECTED: [u64; 2] = [2, 3];

/// Parses the whole of unix.
///
/// A path ends at its first newline. Lines without a space are skipped: they continue such a path.
pub fn unix(bytes: &[u8]) -> Result<Vec<UnixSocket<'_>>> {
    lines(bytes).skip(1).filter(|line| line.contains(&b' ')).map(unix_socket).collect()
}

fn unix_socket(line: &[u8]) -> Result<UnixSocket<'_>> {
    let mut cursor = Cursor::new(line);
    let flags = hex(cursor.skip_tokens(3).required("Flags")?, "Flags")?; // after Num RefCount Protocol
    let kind = cursor.required("Type")?;
    let kind = u16::try_from(hex(kind, "Type")?).map_err(|_| ParseError::overflow("Type", kind))?;
    let state = hex(cursor.required("St")?, "St")?;
    let state = match state {
        _ if flags & ACCEPTS != 0 => UnixState::Listening,
        state if CONNECTED.contains(&state) => UnixState::Connected,
        _ => UnixState::Unconnected,
    };
    let inode = cursor.decimal("Inode")?;
    let path = match cursor.rest().split_first() {
        None => &[][..],
        Some((b' ', path)) => path,
        Some(_) => return Err(ParseError::malformed("Path", cursor.rest())),
    };
    Ok(UnixSocket { kind, state, queues: None, inode, path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TCP: &[u8] = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:0277 0202000A:FFFE 0A 00000007:0001F000 00:00000000 00000000  1000        0 12345 1 0000000000000000 100\n";
    const TCP6: &[u8] = b"  sl  local_address                         remote_address                        st\n   \
        0: 00000000000000000000000001000000:0016 B80D01200000000067452301EFCDAB89:01BB 01 00000000:00000000 00:00000000 \
        00000000     0        0 777 1 0000000000000000\n";
    const UNIX: &[u8] = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
        ffff8800: 00000002 00000000 00010000 0001 01  1571 /run/a b\nffff8801: 00000003 00000000 00000000 0002 03 99999\n\
        ffff8802: 00000002 00000000 00000000 0005 01    17 @/abstract  \nrest-of-path\n";

    #[test]
    fn ipv4() {
        let socket = InetSocket {
            local: ("127.0.0.1".parse().unwrap(), 0x277),
            remote: ("10.0.2.2".parse().unwrap(), 0xfffe),
            state: 10,
            recv_queue: 0x1f000,
            send_queue: 7,
            uid: 1000,
            inode: 12345,
        };
        assert_eq!(inet(TCP, false, true), Ok(vec![socket]));
        let big = inet(TCP, false, false).unwrap();
        assert_eq!(big[0].local.0, "1.0.0.127".parse::<IpAddr>().unwrap());
        assert_eq!(inet(b"", false, true), Ok(vec![]));
    }

    #[test]
    fn ipv6() {
        let sockets = inet(TCP6, true, true).unwrap();
        assert_eq!(sockets[0].local, ("::1".parse().unwrap(), 22));
        assert_eq!(sockets[0].remote, ("2001:db8::123:4567:89ab:cdef".parse().unwrap(), 443));
        assert_eq!((sockets[0].state, sockets[0].uid, sockets[0].inode), (1, 0, 777));
    }

    #[test]
    fn odd_inet_lines_name_the_field() {
        let field = |line: &[u8], v6| inet(&[b"header\n", line].concat(), v6, true).unwrap_err().field();
        assert_eq!(field(b"\n", false), "local_address");
        assert_eq!(field(b"0: 0100007F 0100007F:0001", false), "local_address");
        assert_eq!(field(b"0: 0100007F:00001 0100007F:0001", false), "local_address");
        assert_eq!(field(b"0: 0100007F:0001 0100007G:0001", false), "remote_address");
        assert_eq!(field(b"0: 0100007F:0001", true), "local_address");
        assert_eq!(field(b"0: 00000000000000000000000001000000:0016", false), "local_address");
        assert_eq!(field(b"0: 0100007F:0001 0100007F:0001 100 0 0 0 0 0 0", false), "st");
        for queues in
            [&b"0"[..], b"00000000:0000000", b"00000000 00000000", b"00000000:00000000:", b"0000000g:00000000"]
        {
            let line = [b"0: 0100007F:0001 0100007F:0001 0A ", queues, b" 0 0 0 0 0"].concat();
            assert_eq!(field(&line, false), "tx_queue", "{}", queues.escape_ascii());
        }
        assert_eq!(field(b"0: 0100007F:0001 0100007F:0001 0A 0000000A:0000000b 0 0 4294967296 0 0", false), "uid");
        assert_eq!(field(b"0: 0100007F:0001 0100007F:0001 0A 00000000:00000000 0 0 0 0", false), "inode");
    }

    #[test]
    fn unix_sockets() {
        use UnixState::{Connected, Listening, Unconnected};
        let socket = |kind, state, inode, path: &'static [u8]| UnixSocket {
            kind,
            state,
            queues: None,
            inode,
            path: path.into(),
        };
        let all = vec![
            socket(1, Listening, 1571, &b"/run/a b"[..]),
            socket(2, Connected, 99999, b""),
            socket(5, Unconnected, 17, b"@/abstract  "),
        ];
        assert_eq!(unix(UNIX), Ok(all));
        assert_eq!(unix(b""), Ok(vec![]));
    }

    #[test]
    fn odd_unix_lines_name_the_field() {
        let field = |line: &[u8]| unix(&[b"header\n", line].concat()).unwrap_err().field();
        assert_eq!(field(b"f: 2 0 x"), "Flags");
        assert_eq!(field(b"f: 2 0 1"), "Type");
        assert_eq!(field(b"f: 2 0 1 10000 01 5"), "Type");
        assert_eq!(field(b"f: 2 0 1 0001 x"), "St");
        assert_eq!(field(b"f: 2 0 1 0001 01 x"), "Inode");
        assert_eq!(field(b"f: 2 0 1 0001 01"), "Inode");
        assert_eq!(field(b"f: 2 0 1 0001 01 5\t/x"), "Path");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, text in "[0-9A-F: \n]{0,120}", v6: bool, little: bool) {
            let _ = (inet(&bytes, v6, little), unix(&bytes));
            let _ = (inet(text.as_bytes(), v6, little), unix(text.as_bytes()));
        }

        #[test]
        fn every_address_survives(bits: u32, port: u16) {
            let word = bits.swap_bytes();
            let queues = "00000000:00000000";
            let text = format!("h\n0: {word:08X}:{port:04X} {word:08X}:{port:04X} 0A {queues} 0 0 1 0 2\n");
            let sockets = inet(text.as_bytes(), false, true).unwrap();
            prop_assert_eq!(sockets[0].remote, (IpAddr::V4(Ipv4Addr::from_bits(bits)), port));
        }
    }
}
