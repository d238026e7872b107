//! Answers to `SOCK_DIAG_BY_FAMILY`: sock_diag(7), the structures of linux/inet_diag.h and linux/unix_diag.h.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::net_sock::{InetSocket, UnixSocket, UnixState};
use super::netlink::{array, attribute, take, u32_ne};
use crate::{Cursor, ParseError, Result};

/// The type of a message that holds a socket.
pub const SOCK_DIAG_BY_FAMILY: u16 = 20;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_ICONS: u16 = 3;
const UNIX_DIAG_RQLEN: u16 = 4;
/// States of `sk_state`, include/net/tcp_states.h, which UNIX sockets have too.
const ESTABLISHED: u8 = 1;
const LISTEN: u8 = 10;

/// Parses a `struct inet_diag_msg`. The send queue of a TCP listener is the most connections that may wait.
pub fn inet(payload: &[u8]) -> Result<InetSocket> {
    let mut cursor = Cursor::new(payload);
    let [family, state, _timer, _retrans] = array(&mut cursor, "idiag_family")?;
    let local_port = u16::from_be_bytes(array(&mut cursor, "idiag_sport")?);
    let remote_port = u16::from_be_bytes(array(&mut cursor, "idiag_dport")?);
    let local = address(family, array(&mut cursor, "idiag_src")?)?;
    let remote = address(family, array(&mut cursor, "idiag_dst")?)?;
    take(&mut cursor, 12, "idiag_cookie")?; // with idiag_if
    take(&mut cursor, 4, "idiag_expires")?;
    let recv_queue = u32_ne(&mut cursor, "idiag_rqueue")?;
    let send_queue = u32_ne(&mut cursor, "idiag_wqueue")?;
    let uid = u32_ne(&mut cursor, "idiag_uid")?;
    let inode = u32_ne(&mut cursor, "idiag_inode")?.into();
    Ok(InetSocket {
        local: (local, local_port),
        remote: (remote, remote_port),
        state,
        recv_queue,
        send_queue,
        uid,
        inode,
    })
}

fn address(family: u8, bytes: [u8; 16]) -> Result<IpAddr> {
    match (family, bytes) {
        (AF_INET, [a, b, c, d, ..]) => Ok(Ipv4Addr::new(a, b, c, d).into()),
        (AF_INET6, bytes) => Ok(Ipv6Addr::from(bytes).into()),
        (family, _) => Err(ParseError::malformed("idiag_family", &[family])),
    }
}

/// Parses a `struct unix_diag_msg` with its attributes: the socket, and how many connections wait to be accepted there.
///
/// The path is spelled as in `/proc/net/unix`. A connection that waits is a socket of its own in that file, of the
/// same type and path and without inode; here it is only counted, if `UDIAG_SHOW_ICONS` was asked for.
pub fn unix(payload: &[u8]) -> Result<(UnixSocket<'_>, usize)> {
    let mut cursor = Cursor::new(payload);
    let [_family, kind, state, _pad] = array(&mut cursor, "udiag_type")?;
    let inode = u32_ne(&mut cursor, "udiag_ino")?.into();
    take(&mut cursor, 8, "udiag_cookie")?;
    let state = match state {
        LISTEN => UnixState::Listening,
        ESTABLISHED => UnixState::Connected,
        _ => UnixState::Unconnected,
    };
    let mut socket = UnixSocket { kind: kind.into(), state, queues: None, inode, path: Cow::Borrowed(&[]) };
    let mut waiting = 0;
    while let Some((kind, value)) = attribute(&mut cursor)? {
        match kind {
            UNIX_DIAG_NAME => socket.path = path(value),
            UNIX_DIAG_RQLEN => socket.queues = Some(queues(value)?),
            UNIX_DIAG_ICONS => waiting = value.len() / size_of::<u32>(),
            _ => {}
        }
    }
    Ok((socket, waiting))
}

/// A `struct unix_diag_rqlen`.
fn queues(value: &[u8]) -> Result<(u32, u32)> {
    let mut cursor = Cursor::new(value);
    Ok((u32_ne(&mut cursor, "udiag_rqueue")?, u32_ne(&mut cursor, "udiag_wqueue")?))
}

/// A `sun_path` in the spelling of net/unix/af_unix.c, unix_seq_show: a path ends before its NUL, an abstract name has
/// `@` for every NUL.
fn path(name: &[u8]) -> Cow<'_, [u8]> {
    match name.split_last() {
        None => Cow::Borrowed(name),
        Some(_) if name.starts_with(&[0]) => name.iter().map(|&byte| if byte == 0 { b'@' } else { byte }).collect(),
        Some((_, path)) => Cow::Borrowed(path),
    }
}

#[cfg(test)]
mod tests {
    use super::super::netlink::tests::attr;
    use super::*;
    use proptest::prelude::*;

    fn inet_msg(family: u8, state: u8, local: (&[u8], u16), remote: (&[u8], u16), uid: u32, inode: u32) -> Vec<u8> {
        let padded = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            bytes.resize(16, 0);
            bytes
        };
        [
            vec![family, state, 0, 0],
            [local.1.to_be_bytes(), remote.1.to_be_bytes()].concat(),
            padded(local.0),
            padded(remote.0),
            vec![0xff; 16],
            [7_u32.to_ne_bytes(), 8_u32.to_ne_bytes()].concat(),
            [uid.to_ne_bytes(), inode.to_ne_bytes()].concat(),
        ]
        .concat()
    }

    fn unix_msg(kind: u8, inode: u32, attributes: &[u8]) -> Vec<u8> {
        [&[1, kind, 1, 0][..], &inode.to_ne_bytes(), &[0xff; 8], attributes].concat()
    }

    #[test]
    fn both_versions_of_ip() {
        let bytes = inet_msg(2, 10, (&[127, 0, 0, 1], 631), (&[10, 0, 2, 2], 65534), 1000, 12345);
        let socket = InetSocket {
            local: ("127.0.0.1".parse().unwrap(), 631),
            remote: ("10.0.2.2".parse().unwrap(), 65534),
            state: 10,
            recv_queue: 7,
            send_queue: 8,
            uid: 1000,
            inode: 12345,
        };
        // Attributes may follow.
        assert_eq!(inet(&[bytes, attr(8, &[0])].concat()), Ok(socket));
        let mapped = "::ffff:10.0.0.1".parse::<Ipv6Addr>().unwrap();
        let bytes = inet_msg(10, 1, (&mapped.octets(), 22), (&Ipv6Addr::LOCALHOST.octets(), 443), 0, u32::MAX);
        let socket = inet(&bytes).unwrap();
        assert_eq!((socket.local, socket.remote), ((mapped.into(), 22), ("::1".parse().unwrap(), 443)));
        assert_eq!(socket.inode, u32::MAX.into());
    }

    #[test]
    fn unix_names_as_the_file_spells_them() {
        let path_of = |attributes: &[u8]| unix(&unix_msg(1, 7, attributes)).unwrap().0.path.into_owned();
        assert_eq!(path_of(b""), b"");
        assert_eq!(path_of(&attr(0, b"")), b"");
        assert_eq!(path_of(&attr(0, b"/run/a b\n\xff\0")), b"/run/a b\n\xff");
        assert_eq!(path_of(&attr(0, b"\0abstract\0name\0")), b"@abstract@name@");
        assert_eq!(path_of(&attr(0, b"\0")), b"@");
    }

    #[test]
    fn unix_sockets_and_who_waits() {
        let queues = [3_u32.to_ne_bytes(), 128_u32.to_ne_bytes()].concat();
        let mut bytes =
            unix_msg(5, 17, &[attr(3, &[0; 8]), attr(0, b"/s\0"), attr(4, &queues), attr(6, &[0])].concat());
        let mut socket =
            UnixSocket { kind: 5, state: UnixState::Connected, queues: Some((3, 128)), inode: 17, path: b"/s".into() };
        assert_eq!(unix(&bytes), Ok((socket.clone(), 2)));
        for (number, state) in [(10, UnixState::Listening), (7, UnixState::Unconnected)] {
            (bytes[2], socket.state) = (number, state);
            assert_eq!(unix(&bytes), Ok((socket.clone(), 2)));
        }
    }

    #[test]
    fn odd_input_names_the_field() {
        let whole = inet_msg(2, 1, (&[], 1), (&[], 2), 3, 4);
        let cut = |length: usize| inet(whole.split_at(length).0).unwrap_err().field();
        assert_eq!([cut(0), cut(5), cut(7), cut(20)], ["idiag_family", "idiag_sport", "idiag_dport", "idiag_src"]);
        assert_eq!(
            [cut(30), cut(50), cut(53), cut(57), cut(60), cut(65), cut(71)],
            ["idiag_dst", "idiag_cookie", "idiag_expires", "idiag_rqueue", "idiag_wqueue", "idiag_uid", "idiag_inode",]
        );
        assert_eq!(inet(&inet_msg(1, 1, (&[], 1), (&[], 2), 3, 4)).unwrap_err().field(), "idiag_family");
        assert_eq!(unix(&[1, 2]).unwrap_err().field(), "udiag_type");
        assert_eq!(unix(&[1, 2, 3, 0, 1]).unwrap_err().field(), "udiag_ino");
        assert_eq!(unix(&[0; 15]).unwrap_err().field(), "udiag_cookie");
        assert_eq!(unix(&unix_msg(1, 2, &[9, 0, 0, 0])).unwrap_err().field(), "rta_len");
        assert_eq!(unix(&unix_msg(1, 2, &attr(4, &[0; 5]))).unwrap_err().field(), "udiag_wqueue");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = (inet(&bytes), unix(&bytes));
            let _ = unix(&unix_msg(1, 2, &bytes));
        }

        #[test]
        fn every_socket_survives(local: [u8; 16], remote: [u8; 16], ports: (u16, u16), v6: bool, inode: u32) {
            let family = if v6 { 10 } else { 2 };
            let socket = inet(&inet_msg(family, 1, (&local, ports.0), (&remote, ports.1), 5, inode)).unwrap();
            let ip = |bytes: [u8; 16]| -> IpAddr {
                if v6 { bytes.into() } else { Ipv4Addr::from(*bytes.first_chunk::<4>().unwrap()).into() }
            };
            prop_assert_eq!(socket.local, (ip(local), ports.0));
            prop_assert_eq!(socket.remote, (ip(remote), ports.1));
            prop_assert_eq!(socket.inode, u64::from(inode));
        }

        #[test]
        fn paths_keep_all_their_bytes(path in proptest::collection::vec(1u8.., 1..108)) {
            let name = [&path[..], &[0]].concat();
            let bytes = unix_msg(1, 2, &attr(0, &name));
            prop_assert_eq!(&*unix(&bytes).unwrap().0.path, &path[..]);
        }
    }
}
