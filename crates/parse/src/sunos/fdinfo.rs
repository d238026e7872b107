//! `/proc/PID/fdinfo/FD`, proc(5): an open file, and the names of a socket. illumos has had it since 2021. Both data models have
//! the same layout.

use super::unix::Socket;
use crate::view::view;
use crate::{Cursor, ParseError, Result};

view! {
    /// The beginning of the file.
    pub struct Descriptor = "prfdinfo_t" (196) {
        /// File descriptor.
        fd: i32 = "pr_fd" @ 0,
        /// Type and mode, as `st_mode` of stat(2).
        mode: u32 = "pr_mode" @ 4,
        /// Size of the file in bytes.
        size: u64 = "pr_size" @ 16,
        /// Position in the file.
        offset: i64 = "pr_offset" @ 24,
        /// `O_` flags, as `F_GETXFL` of fcntl(2) returns them.
        flags: i32 = "pr_fileflags" @ 56,
        /// Process at the other end of a socket or door; -1 of others.
        peer: i32 = "pr_peerpid" @ 76,
    }
}

/// `PR_SOCKETNAME`, `PR_PEERSOCKNAME`, `PR_SOCKOPT_TYPE`.
const NAME: u32 = 1;
const PEER: u32 = 2;
const TYPE: u32 = 9;
/// The length of `pr_misc_header_t`.
const HEADER: usize = 8;
/// `AF_UNIX`.
const UNIX: u16 = 1;

/// The items behind the struct: the type of each and its bytes. One that is cut off comes as an error after the whole ones.
///
/// # Errors
/// The file is shorter than the struct.
pub fn items(bytes: &[u8]) -> Result<impl Iterator<Item = Result<(u32, &[u8])>>> {
    Descriptor::new(bytes)?;
    let mut cursor = Cursor::new(bytes.get(Descriptor::SIZE..).unwrap_or_default());
    Ok(std::iter::from_fn(move || {
        let item = item(&mut cursor);
        if item.is_none() {
            // A length of 0 ends the list, and a file that was read whole.
            let rest = std::mem::replace(&mut cursor, Cursor::new(&[])).rest();
            let is_end = rest.is_empty() || rest.starts_with(&[0; 4]);
            return (!is_end).then(|| Err(ParseError::missing("pr_misc_header_t")));
        }
        item.map(Ok)
    }))
}

/// The next item: its type, and the bytes behind its header, whose length counts the header too.
fn item<'a>(cursor: &mut Cursor<'a>) -> Option<(u32, &'a [u8])> {
    let mut ahead = *cursor;
    let size = usize::try_from(u32::from_le_bytes(ahead.array()?)).ok()?;
    let kind = u32::from_le_bytes(ahead.array()?);
    let data = ahead.take(size.checked_sub(HEADER)?)?;
    *cursor = ahead;
    Some((kind, data))
}

/// The UNIX socket behind a descriptor; `None` of any other file.
///
/// # Errors
/// The file is cut off.
pub fn unix_socket(bytes: &[u8]) -> Result<Option<Socket<'_>>> {
    let (mut kind, mut local, mut peer) = (0, None, None);
    for item in items(bytes)? {
        match item? {
            (NAME, address) => local = path(address),
            (PEER, address) => peer = path(address),
            (TYPE, number) => kind = number.first_chunk().map_or(0, |number| i32::from_le_bytes(*number)),
            _ => {}
        }
    }
    Ok(local.map(|local| Socket {
        kind,
        local,
        peer: peer.unwrap_or_default(),
        is_connected: peer.is_some(),
        is_listening: false,
    }))
}

/// The path of an address; `None` of another family's.
fn path(address: &[u8]) -> Option<&[u8]> {
    let (family, path) = address.split_first_chunk()?;
    (u16::from_le_bytes(*family) == UNIX).then(|| crate::view::text(path))
}

#[cfg(test)]
mod tests {
    use super::super::unix::STREAM;
    use super::*;
    use proptest::prelude::*;

    fn item(kind: u32, data: &[u8]) -> Vec<u8> {
        let size = u32::try_from(data.len() + 8).unwrap();
        [&size.to_le_bytes()[..], &kind.to_le_bytes(), data].concat()
    }

    fn file(items: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; 196];
        bytes[0] = 5;
        bytes[4..8].copy_from_slice(&0o140_666u32.to_le_bytes());
        [bytes, items.concat(), vec![0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]].concat()
    }

    #[test]
    fn a_socket_has_a_name_and_a_type() {
        let bytes = file(&[item(1, b"\x01\0/var/run/x\0\0"), item(2, b"\x01\0"), item(9, &[2, 0, 0, 0])]);
        let expected =
            Socket { kind: STREAM, local: b"/var/run/x", peer: b"", is_connected: true, is_listening: false };
        assert_eq!(unix_socket(&bytes).unwrap(), Some(expected));
        assert_eq!(Descriptor::new(&bytes).unwrap().fd(), 5);
    }

    #[test]
    fn other_files_are_no_unix_sockets() {
        let inet = file(&[item(1, &[2, 0, 0, 22, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), item(9, &[2, 0, 0, 0])]);
        assert_eq!(unix_socket(&inet).unwrap(), None);
        assert_eq!(unix_socket(&file(&[item(0, b"/etc/passwd\0")])).unwrap(), None);
        assert_eq!(items(&inet).unwrap().collect::<Result<Vec<_>>>().unwrap().len(), 2);
    }

    #[test]
    fn a_list_that_does_not_end_is_cut_off() {
        let bytes = file(&[item(1, b"\x01\0/var/run/x\0\0")]);
        assert!(unix_socket(&bytes[..bytes.len() - 8]).is_ok(), "whole items alone");
        assert!(unix_socket(&bytes[..bytes.len() - 9]).is_err());
        assert_eq!(unix_socket(&bytes[..195]).unwrap_err().field(), "prfdinfo_t");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, rest: Vec<u8>) {
            let _ = unix_socket(&bytes);
            let _ = unix_socket(&[vec![0; 196], rest].concat());
        }
    }
}
