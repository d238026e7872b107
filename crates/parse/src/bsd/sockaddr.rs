//! `struct sockaddr`, whose first byte is its length and whose second is its family.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::fields::Fields;
use crate::{ParseError, Result};

/// `AF_UNIX`.
pub const UNIX: u8 = 1;
/// `AF_INET`.
pub const INET: u8 = 2;
/// `AF_LINK`.
pub const LINK: u8 = 18;
/// `AF_INET6` on NetBSD and OpenBSD.
pub const INET6: u8 = 24;
/// `AF_INET6` on FreeBSD.
pub const INET6_FREEBSD: u8 = 28;
/// `AF_INET6` on macOS.
pub const INET6_MACOS: u8 = 30;

/// The address of a socket or an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'a> {
    /// IPv4.
    Inet(Ipv4Addr, u16),
    /// IPv6 with the zone (an interface's index), which is 0 for addresses that need none.
    Inet6(Ipv6Addr, u16, u32),
    /// A path in the file system; empty for a socket that is not bound.
    Unix(&'a [u8]),
    /// An interface.
    Link(Link<'a>),
    /// No family at all: an address that is not there.
    Unspecified,
    /// A family that is not read.
    Other(u8),
}

/// `struct sockaddr_dl`: an interface and its hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// The interface's index; 0 for none.
    pub index: u16,
    /// Its type: `IFT_ETHER` is 6, `IFT_LOOP` 24.
    pub kind: u8,
    /// Its name.
    pub name: &'a [u8],
    /// Its hardware address; empty for none.
    pub address: &'a [u8],
}

/// Reads the address at the start of `bytes`. `inet6` is the system's number of `AF_INET6`.
pub fn parse(bytes: &[u8], inet6: u8) -> Result<Address<'_>> {
    let fields = Fields(bounded(bytes)?);
    let family = fields.u8(1, "sa_family")?;
    Ok(match family {
        0 => Address::Unspecified,
        UNIX => Address::Unix(path(fields)?),
        INET => {
            let ip = Ipv4Addr::from(fields.array(4, "sin_addr")?);
            Address::Inet(ip, u16::from_be_bytes(fields.array(2, "sin_port")?))
        }
        LINK => Address::Link(link(fields)?),
        _ if family == inet6 => {
            let ip = fields.array(8, "sin6_addr")?;
            let (ip, zone) = without_embedded_zone(ip, fields.u32(24, "sin6_scope_id")?);
            Address::Inet6(ip, u16::from_be_bytes(fields.array(2, "sin6_port")?), zone)
        }
        other => Address::Other(other),
    })
}

/// Reads the netmask of an address of this family: a socket address whose trailing zeros, and sometimes its family, the
/// kernel leaves out. `None` for families that have no masks.
#[must_use]
pub fn netmask(bytes: &[u8], family: u8, inet6: u8) -> Option<std::net::IpAddr> {
    let bytes = bounded(bytes).unwrap_or_default();
    let octets = |from: usize| bytes.iter().copied().skip(from).chain(std::iter::repeat(0));
    match family {
        INET => Some(Ipv4Addr::from(collect::<4>(octets(4))).into()),
        _ if family == inet6 => Some(Ipv6Addr::from(collect::<16>(octets(8))).into()),
        _ => None,
    }
}

fn collect<const N: usize>(mut octets: impl Iterator<Item = u8>) -> [u8; N] {
    std::array::from_fn(|_| octets.next().unwrap_or_default())
}

/// The bytes of the address at the start of `bytes`, as its own length bounds them; a length of zero bounds nothing.
fn bounded(bytes: &[u8]) -> Result<&[u8]> {
    let length = usize::from(Fields(bytes).u8(0, "sa_len")?);
    Ok(bytes.get(..length).filter(|within| !within.is_empty()).unwrap_or(bytes))
}

fn path<'a>(fields: Fields<'a>) -> Result<&'a [u8]> {
    let all = fields.from(2, "sun_path")?;
    Ok(crate::Cursor::new(all).until(0).unwrap_or(all))
}

fn link<'a>(fields: Fields<'a>) -> Result<Link<'a>> {
    let (name, address) = (usize::from(fields.u8(5, "sdl_nlen")?), usize::from(fields.u8(6, "sdl_alen")?));
    Ok(Link {
        index: fields.u16(2, "sdl_index")?,
        kind: fields.u8(4, "sdl_type")?,
        name: fields.bytes(8, name, "sdl_data")?,
        address: fields.bytes(8usize.saturating_add(name), address, "sdl_data")?,
    })
}

/// Separates a link-local address from its zone. Kernels that descend from KAME keep the zone inside the address, in its
/// second group. `zone` is returned for an address without one.
#[must_use]
pub fn without_embedded_zone(octets: [u8; 16], zone: u32) -> (Ipv6Addr, u32) {
    let mut groups = Ipv6Addr::from(octets).segments();
    let [first, second, ..] = &mut groups;
    let is_local = *first & 0xffc0 == 0xfe80 || *first & 0xff0f == 0xff02 || *first & 0xff0f == 0xff01;
    if !is_local || *second == 0 {
        return (octets.into(), zone);
    }
    let embedded = u32::from(std::mem::take(second));
    (groups.into(), if zone == 0 { embedded } else { zone })
}

/// The length of a socket address in a list where each starts at a multiple of `align`.
pub(crate) fn stride(bytes: &[u8], align: usize) -> Result<usize> {
    let length = usize::from(Fields(bytes).u8(0, "sa_len")?);
    length.max(1).checked_next_multiple_of(align).ok_or_else(|| ParseError::malformed("sa_len", bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_family() {
        let inet = [16, 2, 0x1f, 0x90, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(parse(&inet, INET6), Ok(Address::Inet(Ipv4Addr::new(10, 0, 2, 15), 8080)));
        let link = *b"\x14\x12\x01\x00\x06\x06\x06\x00vioif0\x52\x54\x00\x12\x34\x56";
        let found = Link { index: 1, kind: 6, name: b"vioif0", address: b"\x52\x54\x00\x12\x34\x56" };
        assert_eq!(parse(&link, INET6), Ok(Address::Link(found)));
        let unix = [b"\x6a\x01/data/a.sock".as_slice(), &[0; 80]].concat();
        assert_eq!(parse(&unix, INET6), Ok(Address::Unix(b"/data/a.sock")));
        assert_eq!(parse(&[0; 16], INET6), Ok(Address::Unspecified));
        assert_eq!(parse(&[16, 9, 0], INET6), Ok(Address::Other(9)));
    }

    #[test]
    fn zones_are_taken_out_of_addresses() {
        let mut inet6 = [0; 28];
        inet6[..4].copy_from_slice(&[28, INET6, 0, 80]);
        inet6[8..12].copy_from_slice(&[0xfe, 0x80, 0, 2]);
        inet6[23] = 1;
        let ip = "fe80::1".parse().unwrap();
        assert_eq!(parse(&inet6, INET6), Ok(Address::Inet6(ip, 80, 2)));
        inet6[8..12].copy_from_slice(&[0xfe, 0x80, 0, 0]);
        inet6[24] = 3;
        assert_eq!(parse(&inet6, INET6), Ok(Address::Inet6(ip, 80, 3)));
        inet6[8..12].copy_from_slice(&[0xfd, 0, 0, 7]);
        assert_eq!(parse(&inet6, INET6), Ok(Address::Inet6("fd00:7::1".parse().unwrap(), 80, 3)));
        assert_eq!(parse(&inet6, INET6_FREEBSD), Ok(Address::Other(INET6)));
    }

    #[test]
    fn masks_are_cut_short() {
        assert_eq!(netmask(&[7, 0, 0, 0, 255, 255, 255], INET, INET6), Some(Ipv4Addr::new(255, 255, 255, 0).into()));
        assert_eq!(netmask(&[5, 0, 0, 0, 255], INET, INET6), Some(Ipv4Addr::new(255, 0, 0, 0).into()));
        let mask = [&[16, 0, 0, 0, 0, 0, 0, 0][..], &[255; 8]].concat();
        assert_eq!(netmask(&mask, INET6, INET6), Some("ffff:ffff:ffff:ffff::".parse().unwrap()));
        assert_eq!(netmask(&[], INET, INET6), Some(Ipv4Addr::UNSPECIFIED.into()));
        assert_eq!(netmask(&[7, 0, 0, 0, 255, 255, 255], LINK, INET6), None);
    }

    #[test]
    fn what_is_cut_off_is_named() {
        assert_eq!(parse(&[], INET6).unwrap_err().field(), "sa_len");
        assert_eq!(parse(&[16, 2, 0, 0, 1], INET6).unwrap_err().field(), "sin_addr");
        assert_eq!(parse(&[11, 18, 1, 0, 6, 9, 0, 0, 1, 2, 3], INET6).unwrap_err().field(), "sdl_data");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..150), family: u8, align in 1usize..16) {
            let _ = (parse(&bytes, INET6), netmask(&bytes, family, INET6), stride(&bytes, align));
        }
    }
}
