//! Route messages: the list of interfaces and their addresses that `NET_RT_IFLIST` returns.
//!
//! All systems send the same messages with headers of their own, which [`Layout`] describes.

use super::sockaddr::{self, Address, Link};
use crate::fields::Fields;
use crate::{ParseError, Result};

/// Where one system keeps the fields of its messages.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// `RTM_VERSION`.
    pub version: u8,
    /// `struct if_msghdr` and its type, `RTM_IFINFO`.
    pub interface: Header,
    /// `struct ifa_msghdr` and its type, `RTM_NEWADDR`.
    pub address: Header,
    /// Where `ifm_flags` lies.
    pub flags: usize,
    /// Where `ifm_data` lies.
    pub data: usize,
    /// Socket addresses start at multiples of this.
    pub align: usize,
    /// The number of `AF_INET6`.
    pub inet6: u8,
}

/// The header of a message.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// The type of the message.
    pub kind: u8,
    /// Where the bits lie that say which socket addresses follow.
    pub addrs: usize,
    /// Where the interface's index lies.
    pub index: usize,
    /// How long the header is.
    pub length: Length,
}

/// The length of a header.
#[derive(Debug, Clone, Copy)]
pub enum Length {
    /// Always so many bytes.
    Is(usize),
    /// A 16-bit field of the header itself.
    At(usize),
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// An interface.
    Interface(Interface<'a>),
    /// An address of the interface before it.
    Address(InterfaceAddress<'a>),
    /// A type that is not read.
    Other(u8),
}

/// An interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface<'a> {
    /// Its index.
    pub index: u16,
    /// `IFF_UP` and its like.
    pub flags: u32,
    /// `struct if_data` and what follows it.
    pub data: &'a [u8],
    /// Its name and hardware address.
    pub link: Option<Link<'a>>,
}

/// An address of an interface; each field is a socket address as it lies in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterfaceAddress<'a> {
    /// The interface's index.
    pub index: u16,
    /// The address.
    pub address: Option<&'a [u8]>,
    /// Its netmask.
    pub netmask: Option<&'a [u8]>,
    /// The broadcast address, or that of the other end of a point-to-point link.
    pub destination: Option<&'a [u8]>,
}

const NETMASK: u32 = 2;
const INTERFACE: u32 = 4;
const ADDRESS: u32 = 5;
const DESTINATION: u32 = 7;

impl Layout {
    /// Reads the messages in `bytes`, in their order. After one that is malformed nothing follows.
    pub fn messages<'a>(self, bytes: &'a [u8]) -> impl Iterator<Item = Result<Message<'a>>> + use<'a> {
        let mut rest = bytes;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            Some(self.next(&mut rest).inspect_err(|_| rest = &[]))
        })
    }

    fn next<'a>(self, rest: &mut &'a [u8]) -> Result<Message<'a>> {
        let length = usize::from(Fields(rest).u16(0, "rtm_msglen")?);
        let split = rest.split_at_checked(length).filter(|_| length >= 4);
        let (message, after) = split.ok_or_else(|| ParseError::malformed("rtm_msglen", rest))?;
        *rest = after;
        let message = Fields(message);
        let (version, kind) = (message.u8(2, "rtm_version")?, message.u8(3, "rtm_type")?);
        if version != self.version {
            return Err(ParseError::malformed("rtm_version", &[version]));
        }
        if kind == self.interface.kind {
            self.interface(message).map(Message::Interface)
        } else if kind == self.address.kind {
            self.interface_address(message).map(Message::Address)
        } else {
            Ok(Message::Other(kind))
        }
    }

    fn interface<'a>(self, message: Fields<'a>) -> Result<Interface<'a>> {
        let mut link = None;
        self.interface.addresses(message, self.align, |place, address| {
            if let (INTERFACE, Ok(Address::Link(found))) = (place, sockaddr::parse(address, self.inet6)) {
                link = Some(found);
            }
        })?;
        Ok(Interface {
            index: message.u16(self.interface.index, "ifm_index")?,
            flags: message.u32(self.flags, "ifm_flags")?,
            data: message.from(self.data, "ifm_data")?,
            link,
        })
    }

    fn interface_address<'a>(self, message: Fields<'a>) -> Result<InterfaceAddress<'a>> {
        let index = message.u16(self.address.index, "ifam_index")?;
        let mut found = InterfaceAddress { index, address: None, netmask: None, destination: None };
        self.address.addresses(message, self.align, |place, address| match place {
            ADDRESS => found.address = Some(address),
            NETMASK => found.netmask = Some(address),
            DESTINATION => found.destination = Some(address),
            _ => {}
        })?;
        Ok(found)
    }
}

impl Header {
    /// Calls `each` with every socket address after the header and its place, which is the number of its bit.
    fn addresses<'a>(self, message: Fields<'a>, align: usize, mut each: impl FnMut(u32, &'a [u8])) -> Result<()> {
        let header = match self.length {
            Length::Is(length) => length,
            Length::At(at) => usize::from(message.u16(at, "rtm_hdrlen")?),
        };
        let places = message.u32(self.addrs, "rtm_addrs")?;
        let mut rest = message.from(header, "rtm_hdrlen")?;
        for place in (0..32).filter(|place| places & (1 << place) != 0) {
            // The last address may lack its padding.
            let stride = sockaddr::stride(rest, align)?.min(rest.len());
            let (address, after) = rest.split_at_checked(stride).ok_or_else(|| ParseError::missing("rtm_addrs"))?;
            each(place, address);
            rest = after;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    /// Headers of 16 bytes.
    const LAYOUT: Layout = Layout {
        version: 4,
        interface: Header { kind: 20, addrs: 4, index: 12, length: Length::Is(16) },
        address: Header { kind: 22, addrs: 4, index: 12, length: Length::At(14) },
        flags: 8,
        data: 16,
        align: 8,
        inet6: sockaddr::INET6,
    };

    fn message(kind: u8, addrs: u32, addresses: &[u8]) -> Vec<u8> {
        let length = 16 + addresses.len();
        let mut made = Made::new(length);
        made.set(0, u16::try_from(length).unwrap().to_le_bytes()).set(2, [4, kind]).u32(4, addrs).u32(8, 0x8843);
        made.set(12, [3, 0, 16, 0]).set(16, addresses);
        made.0
    }

    fn list() -> Vec<u8> {
        let link = *b"\x12\x12\x03\x00\x06\x04\x06\x00wm03\x52\x54\x00\x12\x34\x56\0\0\0\0\0\0";
        let inet = |last| [16, 2, 0, 0, 10, 0, 2, last, 0, 0, 0, 0, 0, 0, 0, 0];
        let addresses = [&[7, 0, 0, 0, 255, 255, 255, 0][..], &inet(15), &inet(255)].concat();
        [message(20, 1 << 4, &link), message(22, 1 << 2 | 1 << 5 | 1 << 7, &addresses), message(9, 0, &[])].concat()
    }

    #[test]
    fn an_interface_and_its_address() {
        let bytes = list();
        let found: Vec<_> = LAYOUT.messages(&bytes).map(Result::unwrap).collect();
        let [Message::Interface(interface), Message::Address(address), Message::Other(9)] = found[..] else {
            panic!("{found:?}")
        };
        assert_eq!((interface.index, interface.flags), (3, 0x8843));
        assert_eq!(interface.link.map(|link| (link.name, link.address)), Some((&b"wm03"[..], &b"RT\0\x124V"[..])));
        assert_eq!(address.netmask.map(<[u8]>::len), Some(8));
        assert_eq!(address.address.map(|bytes| bytes[7]), Some(15));
        assert_eq!(address.destination.map(|bytes| bytes[7]), Some(255));
    }

    #[test]
    fn a_message_that_is_cut_off_loses_none_before_it() {
        let bytes = list();
        let found: Vec<_> = LAYOUT.messages(&bytes[..60]).collect();
        assert!(found.len() == 2 && found[0].is_ok());
        assert_eq!(found[1].as_ref().unwrap_err().field(), "rtm_msglen");
        let field = |bytes: &[u8]| LAYOUT.messages(bytes).next().unwrap().unwrap_err().field();
        assert_eq!(field(&[0, 0, 4, 20]), "rtm_msglen");
        assert_eq!(field(&[4, 0, 3, 20]), "rtm_version");
        assert_eq!(field(&message(20, 1, &[])), "sa_len");
    }

    proptest! {
        #[test]
        fn never_panics_and_ends(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..60, value: u8) {
            LAYOUT.messages(&bytes).count();
            let mut broken = list();
            broken[at] = value;
            LAYOUT.messages(&broken).count();
        }
    }
}
