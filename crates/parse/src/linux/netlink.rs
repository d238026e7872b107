//! Answers to `RTM_GETLINK` and `RTM_GETADDR`: netlink(7), rtnetlink(7). Integers are in the machine's own byte order.

use crate::{Cursor, ParseError, Result};

/// One message of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message<'a> {
    /// A network interface.
    Link(Link<'a>),
    /// An address of a network interface.
    Address(Address<'a>),
    /// The end of the answer.
    Done,
    /// The kernel's refusal: a negative errno, or 0 for an acknowledgement.
    Error(i32),
    /// Any other message.
    Other,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: &'a [u8],
    /// `IFF_*`.
    pub flags: u32,
    /// The largest packet it carries, in bytes.
    pub mtu: Option<u32>,
    /// Its hardware address, empty for none.
    pub address: &'a [u8],
    /// Its hardware broadcast address, empty for none.
    pub broadcast: &'a [u8],
}

/// An address of a network interface, in network byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address<'a> {
    /// The interface's number.
    pub index: u32,
    /// `AF_INET`, `AF_INET6` …
    pub family: u8,
    /// How many bits of the address are the network's.
    pub prefix: u8,
    /// The address; on a point-to-point interface the peer's. Empty if the kernel gives none.
    pub address: &'a [u8],
    /// The interface's own address.
    pub local: Option<&'a [u8]>,
    /// The broadcast address.
    pub broadcast: Option<&'a [u8]>,
    /// The interface's name, or an alias of it as `eth0:1`.
    pub label: Option<&'a [u8]>,
}

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;

const IFLA_ADDRESS: u16 = 1;
const IFLA_BROADCAST: u16 = 2;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;

/// The two topmost bits of an attribute's type are flags.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// Parses all messages that one read returned.
pub fn messages(bytes: &[u8]) -> Result<Vec<Message<'_>>> {
    let mut cursor = Cursor::new(bytes);
    let mut messages = Vec::new();
    while !cursor.is_empty() {
        let length = u32_ne(&mut cursor, "nlmsg_len")?;
        let kind = u16_ne(&mut cursor, "nlmsg_type")?;
        take(&mut cursor, 10, "nlmsg_pid")?; // with nlmsg_flags nlmsg_seq
        let mut payload = Cursor::new(body(&mut cursor, length, 16, "nlmsg_len")?);
        messages.push(match kind {
            RTM_NEWLINK => Message::Link(link(payload)?),
            RTM_NEWADDR => Message::Address(address(payload)?),
            NLMSG_ERROR => Message::Error(i32::from_ne_bytes(array(&mut payload, "error")?)),
            // The end of an answer that the kernel could not finish says why.
            NLMSG_DONE => match payload.array().map(i32::from_ne_bytes) {
                Some(error) if error < 0 => Message::Error(error),
                _ => Message::Done,
            },
            _ => Message::Other,
        });
    }
    Ok(messages)
}

fn link(mut payload: Cursor<'_>) -> Result<Link<'_>> {
    take(&mut payload, 4, "ifi_type")?; // with ifi_family
    let index = u32_ne(&mut payload, "ifi_index")?;
    let flags = u32_ne(&mut payload, "ifi_flags")?;
    take(&mut payload, 4, "ifi_change")?;
    let mut name = None;
    let mut link = Link { index, name: &[], flags, mtu: None, address: &[], broadcast: &[] };
    while let Some((kind, value)) = attribute(&mut payload)? {
        match kind {
            IFLA_ADDRESS => link.address = value,
            IFLA_BROADCAST => link.broadcast = value,
            IFLA_IFNAME => name = Some(text(value)),
            IFLA_MTU => link.mtu = Some(u32_ne(&mut Cursor::new(value), "IFLA_MTU")?),
            _ => {}
        }
    }
    link.name = name.ok_or_else(|| ParseError::missing("IFLA_IFNAME"))?;
    Ok(link)
}

fn address(mut payload: Cursor<'_>) -> Result<Address<'_>> {
    let [family, prefix, _flags, _scope] = array(&mut payload, "ifa_family")?;
    let index = u32_ne(&mut payload, "ifa_index")?;
    let mut address = Address { index, family, prefix, address: &[], local: None, broadcast: None, label: None };
    while let Some((kind, value)) = attribute(&mut payload)? {
        match kind {
            IFA_ADDRESS => address.address = value,
            IFA_LOCAL => address.local = Some(value),
            IFA_LABEL => address.label = Some(text(value)),
            IFA_BROADCAST => address.broadcast = Some(value),
            _ => {}
        }
    }
    Ok(address)
}

/// The next attribute's type and value.
fn attribute<'a>(cursor: &mut Cursor<'a>) -> Result<Option<(u16, &'a [u8])>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let length = u16_ne(cursor, "rta_len")?;
    let kind = u16_ne(cursor, "rta_type")?;
    let value = body(cursor, u32::from(length), 4, "rta_len")?;
    Ok(Some((kind & NLA_TYPE_MASK, value)))
}

/// What follows a header of `header` bytes that gives `length` for both; the padding up to the next header goes too.
fn body<'a>(cursor: &mut Cursor<'a>, length: u32, header: usize, field: &'static str) -> Result<&'a [u8]> {
    let length = usize::try_from(length).ok().and_then(|length| length.checked_sub(header));
    let length = length.ok_or_else(|| ParseError::malformed(field, cursor.rest()))?;
    let body = take(cursor, length, field)?;
    let padding = length.next_multiple_of(4) - length; // no overflow: `length` bytes exist
    cursor.take(padding.min(cursor.rest().len())); // the last may lack it
    Ok(body)
}

fn text(value: &[u8]) -> &[u8] {
    Cursor::new(value).until(0).unwrap_or(value)
}

fn take<'a>(cursor: &mut Cursor<'a>, n: usize, field: &'static str) -> Result<&'a [u8]> {
    cursor.take(n).ok_or_else(|| ParseError::missing(field))
}

fn array<const N: usize>(cursor: &mut Cursor<'_>, field: &'static str) -> Result<[u8; N]> {
    cursor.array().ok_or_else(|| ParseError::missing(field))
}

fn u16_ne(cursor: &mut Cursor<'_>, field: &'static str) -> Result<u16> {
    array(cursor, field).map(u16::from_ne_bytes)
}

fn u32_ne(cursor: &mut Cursor<'_>, field: &'static str) -> Result<u32> {
    array(cursor, field).map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap() + 16;
        let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], payload].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn attr(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap() + 4;
        let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn ifinfo() -> Vec<u8> {
        [&[0, 0, 1, 0][..], &2u32.to_ne_bytes(), &0x1043u32.to_ne_bytes(), &[0; 4]].concat()
    }

    fn ifaddr() -> Vec<u8> {
        [&[2, 24, 0x80, 0][..], &2u32.to_ne_bytes()].concat()
    }

    #[test]
    fn links_addresses_and_the_end() {
        let link = [
            ifinfo(),
            attr(3, b"eth0\0"),
            attr(4, &1500u32.to_ne_bytes()),
            attr(1, &[2, 0, 0, 0, 0, 1]),
            attr(2, &[255; 6]),
            attr(0x8000 | 26, &[1; 8]),
        ];
        let address = [
            ifaddr(),
            attr(1, &[10, 0, 2, 15]),
            attr(2, &[10, 0, 2, 15]),
            attr(4, &[10, 0, 2, 255]),
            attr(3, b"eth0:1\0"),
        ];
        let bytes = [message(16, &link.concat()), message(20, &address.concat()), message(1, b""), message(3, &[0; 4])];
        let link = Link {
            index: 2,
            name: b"eth0",
            flags: 0x1043,
            mtu: Some(1500),
            address: &[2, 0, 0, 0, 0, 1],
            broadcast: &[255; 6],
        };
        let address = Address {
            index: 2,
            family: 2,
            prefix: 24,
            address: &[10, 0, 2, 15],
            local: Some(&[10, 0, 2, 15]),
            broadcast: Some(&[10, 0, 2, 255]),
            label: Some(b"eth0:1"),
        };
        let expected = vec![Message::Link(link), Message::Address(address), Message::Other, Message::Done];
        assert_eq!(messages(&bytes.concat()), Ok(expected));
        assert_eq!(messages(b""), Ok(vec![]));
    }

    #[test]
    fn refusals() {
        assert_eq!(messages(&message(2, &(-1i32).to_ne_bytes())), Ok(vec![Message::Error(-1)]));
        assert_eq!(messages(&message(3, &(-4i32).to_ne_bytes())), Ok(vec![Message::Error(-4)]));
        assert_eq!(messages(&message(3, b"")), Ok(vec![Message::Done]));
    }

    #[test]
    fn odd_input_names_the_field() {
        let field = |bytes: &[u8]| messages(bytes).unwrap_err().field();
        assert_eq!(field(&[1]), "nlmsg_len");
        assert_eq!(field(&[0; 16]), "nlmsg_len");
        assert_eq!(field(message(20, &ifaddr()).split_at(20).0), "nlmsg_len");
        assert_eq!(field(&message(2, b"")), "error");
        assert_eq!(field(&message(16, &ifinfo())), "IFLA_IFNAME");
        assert_eq!(field(&message(16, &[0; 4])), "ifi_index");
        assert_eq!(field(&message(20, &[ifaddr(), vec![0; 4]].concat())), "rta_len");
        assert_eq!(field(&message(16, &[ifinfo(), attr(4, &[1, 2])].concat())), "IFLA_MTU");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, kind in 0u16..24) {
            let _ = messages(&bytes);
            let _ = messages(&message(kind, &bytes));
            let _ = messages(&message(16, &[ifinfo(), bytes.clone()].concat()));
            let _ = messages(&message(20, &[ifaddr(), bytes].concat()));
        }
    }
}
