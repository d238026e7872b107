//! Answers to `RTM_GETLINK` and `RTM_GETADDR`: rtnetlink(7).

use super::netlink::{array, attribute, take, text, u32_ne};
use crate::{Cursor, ParseError, Result};

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

/// The type of a message that holds a [`Link`].
pub const RTM_NEWLINK: u16 = 16;
/// The type of a message that holds an [`Address`].
pub const RTM_NEWADDR: u16 = 20;

const IFLA_ADDRESS: u16 = 1;
const IFLA_BROADCAST: u16 = 2;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;

/// Parses what follows the header of an `RTM_NEWLINK` message.
pub fn link(payload: &[u8]) -> Result<Link<'_>> {
    let mut payload = Cursor::new(payload);
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

/// Parses what follows the header of an `RTM_NEWADDR` message.
pub fn address(payload: &[u8]) -> Result<Address<'_>> {
    let mut payload = Cursor::new(payload);
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

#[cfg(test)]
mod tests {
    use super::super::netlink::tests::attr;
    use super::*;
    use proptest::prelude::*;

    fn ifinfo() -> Vec<u8> {
        [&[0, 0, 1, 0][..], &2u32.to_ne_bytes(), &0x1043u32.to_ne_bytes(), &[0; 4]].concat()
    }

    fn ifaddr() -> Vec<u8> {
        [&[2, 24, 0x80, 0][..], &2u32.to_ne_bytes()].concat()
    }

    #[test]
    fn links() {
        let bytes = [
            ifinfo(),
            attr(3, b"eth0\0"),
            attr(4, &1500u32.to_ne_bytes()),
            attr(1, &[2, 0, 0, 0, 0, 1]),
            attr(2, &[255; 6]),
            attr(0x8000 | 26, &[1; 8]),
        ];
        let expected = Link {
            index: 2,
            name: b"eth0",
            flags: 0x1043,
            mtu: Some(1500),
            address: &[2, 0, 0, 0, 0, 1],
            broadcast: &[255; 6],
        };
        assert_eq!(link(&bytes.concat()), Ok(expected));
    }

    #[test]
    fn addresses() {
        let bytes = [
            ifaddr(),
            attr(1, &[10, 0, 2, 15]),
            attr(2, &[10, 0, 2, 15]),
            attr(4, &[10, 0, 2, 255]),
            attr(3, b"eth0:1\0"),
        ];
        let expected = Address {
            index: 2,
            family: 2,
            prefix: 24,
            address: &[10, 0, 2, 15],
            local: Some(&[10, 0, 2, 15]),
            broadcast: Some(&[10, 0, 2, 255]),
            label: Some(b"eth0:1"),
        };
        assert_eq!(address(&bytes.concat()), Ok(expected));
    }

    #[test]
    fn odd_input_names_the_field() {
        assert_eq!(link(&ifinfo()).unwrap_err().field(), "IFLA_IFNAME");
        assert_eq!(link(&[0; 4]).unwrap_err().field(), "ifi_index");
        assert_eq!(link(&[ifinfo(), attr(4, &[1, 2])].concat()).unwrap_err().field(), "IFLA_MTU");
        assert_eq!(address(&[0; 3]).unwrap_err().field(), "ifa_family");
        assert_eq!(address(&[ifaddr(), vec![0; 4]].concat()).unwrap_err().field(), "rta_len");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = (link(&bytes), address(&bytes));
            let _ = link(&[ifinfo(), bytes.clone()].concat());
            let _ = address(&[ifaddr(), bytes].concat());
        }
    }
}
