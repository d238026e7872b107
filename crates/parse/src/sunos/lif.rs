//! `struct lifreq`, which the `SIOCGLIF` requests fill in about an interface, if_tcp(4P), and socket addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::view::{chunks, view};
use crate::{ParseError, Result};

view! {
    /// The beginning of a request: a name, and a socket address or a number.
    pub struct Request = "lifreq" (376) {
        /// Name of the interface.
        name: [text 32] = "lifr_name" @ 0,
        /// Length of the prefix of an address.
        prefix: u32 = "lifr_addrlen" @ 32,
        /// A socket address.
        address: [bytes 256] = "lifr_addr" @ 40,
        /// `IFF_` flags.
        flags: u64 = "lifr_flags" @ 40,
        /// Largest packet.
        mtu: u32 = "lifr_mtu" @ 40,
        /// Number of the interface.
        index: i32 = "lifr_index" @ 40,
    }
}

/// The requests that `SIOCGLIFCONF` lists. One that is cut off comes as an error after the whole ones.
pub fn requests(bytes: &[u8]) -> impl Iterator<Item = Result<Request<'_>>> {
    chunks(bytes, Request::SIZE, Request::STRUCT).map(|request| Request::new(request?))
}

/// A socket address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// `AF_INET`.
    Inet(Ipv4Addr),
    /// `AF_INET6` and the number of the interface of a link-local address, 0 of others.
    Inet6(Ipv6Addr, u32),
    /// `AF_LINK`: the hardware address.
    Link(Vec<u8>),
    /// Another family.
    Other(u16),
}

/// `AF_INET`, `AF_LINK`, `AF_INET6`.
const INET: u16 = 2;
const LINK: u16 = 25;
const INET6: u16 = 26;

/// Reads a socket address, in which the port does not matter.
///
/// # Errors
/// It is cut off.
pub fn address(bytes: &[u8]) -> Result<Address> {
    let missing = || ParseError::missing("sockaddr");
    let part = |at: usize| bytes.get(at..).unwrap_or_default();
    let family = u16::from_le_bytes(*bytes.first_chunk().ok_or_else(missing)?);
    Ok(match family {
        INET => Address::Inet(Ipv4Addr::from(*part(4).first_chunk::<4>().ok_or_else(missing)?)),
        INET6 => {
            let address = Ipv6Addr::from(*part(8).first_chunk::<16>().ok_or_else(missing)?);
            Address::Inet6(address, u32::from_le_bytes(*part(24).first_chunk().ok_or_else(missing)?))
        }
        LINK => {
            let lengths: [u8; 2] = *part(5).first_chunk().ok_or_else(missing)?;
            let [name, address] = lengths.map(usize::from);
            // `sdl_data` begins with the name.
            Address::Link(part(8).get(name..name + address).ok_or_else(missing)?.to_vec())
        }
        other => Address::Other(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_each_family() {
        assert_eq!(address(&[2, 0, 0, 80, 127, 0, 0, 1]).unwrap(), Address::Inet(Ipv4Addr::LOCALHOST));
        let mut inet6 = vec![26, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x80];
        inet6.resize(24, 0);
        inet6.extend([3, 0, 0, 0]);
        assert_eq!(address(&inet6).unwrap(), Address::Inet6("fe80::".parse().unwrap(), 3));
        let link = [25, 0, 1, 0, 4, 2, 3, 0, b'n', b'0', 2, 8, 32];
        assert_eq!(address(&link).unwrap(), Address::Link(vec![2, 8, 32]));
        assert_eq!(address(&[1, 0]).unwrap(), Address::Other(1));
        for cut in [&link[..12], &inet6[..27], &[2, 0, 0, 80, 127, 0, 0], &[1]] {
            assert_eq!(address(cut).unwrap_err().field(), "sockaddr");
        }
    }

    #[test]
    fn requests_come_one_after_the_other() {
        let mut bytes = vec![0; 2 * 376 + 1];
        bytes[..3].copy_from_slice(b"lo0");
        bytes[376..380].copy_from_slice(b"net0");
        bytes[376 + 40] = 220;
        let found: Vec<_> =
            requests(&bytes).map(|request| request.map(|request| (request.name(), request.mtu())).ok()).collect();
        assert_eq!(found, [Some((&b"lo0"[..], 0)), Some((b"net0", 220)), None]);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = (address(&bytes), requests(&bytes).count());
        }
    }
}
