//! Interfaces by route messages, for the systems whose messages hold counters, flags and addresses in one answer.

use std::collections::BTreeMap;
use std::ffi::OsString;

use psoxide_parse::ParseError;
use psoxide_parse::bsd::media::{self, Encoding};
use psoxide_parse::bsd::route::{Interface, InterfaceAddress, Layout, Message};
use psoxide_parse::bsd::sockaddr::{self, Address};

use super::text;
use crate::{AddressFamily, Duplex, NicAddr, NicAddress};

/// `IFF_BROADCAST`.
const BROADCAST: u32 = 0x2;
/// `IFF_POINTOPOINT`.
const POINT_TO_POINT: u32 = 0x10;
/// `IFF_RUNNING`.
pub(crate) const RUNNING: u32 = 0x40;

/// The names of flags as ifconfig(8) shows them, in the order in which they are shown.
const FLAGS: &[(u32, &str)] = &[
    (0x1, "up"),
    (0x2, "broadcast"),
    (0x4, "debug"),
    (0x8, "loopback"),
    (0x10, "pointopoint"),
    (0x40, "running"),
    (0x80, "noarp"),
    (0x100, "promisc"),
    (0x200, "allmulti"),
    (0x8000, "multicast"),
    (0x400, "oactive"),
    (0x800, "simplex"),
    (0x1000, "link0"),
    (0x2000, "link1"),
    (0x4000, "link2"),
];

/// The names of the flags that are set.
pub(crate) fn flags(set: u32) -> Vec<&'static str> {
    FLAGS.iter().filter(|(flag, _)| set & flag != 0).map(|(_, name)| *name).collect()
}

/// Duplex mode and speed of a media word.
pub(crate) fn link(encoding: &Encoding, word: i32) -> (Duplex, Option<u32>) {
    let word = word.cast_unsigned().into();
    let duplex = match encoding.duplex(word) {
        media::Duplex::Full => Duplex::Full,
        media::Duplex::Half => Duplex::Half,
        media::Duplex::Unknown => Duplex::Unknown,
    };
    (duplex, encoding.speed(word))
}

/// Reads something of each interface. Those of the USB bus are none that ifconfig(8) shows.
pub(crate) fn each<T>(
    layout: Layout,
    bytes: &[u8],
    read: impl Fn(&Interface<'_>) -> Result<T, ParseError>,
) -> Result<Vec<(OsString, T)>, ParseError> {
    let mut all = Vec::new();
    for message in layout.messages(bytes) {
        if let Message::Interface(interface) = message?
            && let Some(link) = interface.link
            && !link.name.starts_with(b"usbus")
        {
            all.push((text(link.name), read(&interface)?));
        }
    }
    Ok(all)
}

/// The addresses of each interface, by family.
pub(crate) fn addresses(layout: Layout, bytes: &[u8]) -> Result<Vec<(OsString, Vec<NicAddr>)>, ParseError> {
    let mut names: BTreeMap<u16, OsString> = BTreeMap::new();
    let mut flags = 0;
    let mut all: Vec<(OsString, Vec<(u8, NicAddr)>)> = Vec::new();
    let mut places: BTreeMap<u16, usize> = BTreeMap::new();
    for message in layout.messages(bytes) {
        match message? {
            Message::Interface(interface) => {
                let Some(link) = interface.link else { continue };
                flags = interface.flags;
                names.insert(interface.index, text(link.name));
                places.insert(interface.index, all.len());
                all.push((text(link.name), Vec::new()));
                if !link.address.is_empty() {
                    let address = NicAddress::Link(link.address.to_vec());
                    let found =
                        NicAddr { family: AddressFamily::Link, address, netmask: None, broadcast: None, ptp: None };
                    all.last_mut().into_iter().for_each(|(_, list)| list.push((sockaddr::LINK, found.clone())));
                }
            }
            Message::Address(address) => {
                let place = places.get(&address.index).and_then(|place| all.get_mut(*place));
                if let (Some((_, list)), Some(found)) = (place, nic_address(layout.inet6, &address, flags, &names)?) {
                    list.push(found);
                }
            }
            Message::Other(_) => {}
        }
    }
    let by_family = |mut list: Vec<(u8, NicAddr)>| {
        list.sort_by_key(|(family, _)| *family);
        list.into_iter().map(|(_, address)| address).collect::<Vec<_>>()
    };
    let with_any = all.into_iter().filter(|(_, list)| !list.is_empty());
    Ok(with_any.map(|(name, list)| (name, by_family(list))).collect())
}

/// An address with its family's number; `None` for one of another kind.
fn nic_address(
    inet6: u8,
    message: &InterfaceAddress<'_>,
    flags: u32,
    names: &BTreeMap<u16, OsString>,
) -> Result<Option<(u8, NicAddr)>, ParseError> {
    let read = |bytes: &[u8]| {
        Ok::<_, ParseError>(match sockaddr::parse(bytes, inet6)? {
            Address::Inet(ip, _) => Some((sockaddr::INET, NicAddress::Inet(ip))),
            Address::Inet6(ip, _, zone) => {
                let zone = u16::try_from(zone).ok().filter(|zone| *zone != 0);
                let zone = zone.map(|zone| names.get(&zone).cloned().unwrap_or_else(|| zone.to_string().into()));
                Some((inet6, NicAddress::Inet6(ip, zone)))
            }
            _ => None,
        })
    };
    let Some((family, address)) = message.address.map(read).transpose()?.flatten() else { return Ok(None) };
    let netmask = message.netmask.and_then(|mask| sockaddr::netmask(mask, family, inet6)).map(|mask| match mask {
        std::net::IpAddr::V4(mask) => NicAddress::Inet(mask),
        std::net::IpAddr::V6(mask) => NicAddress::Inet6(mask, None),
    });
    let other = message.destination.map(read).transpose()?.flatten().map(|(_, address)| address);
    let (broadcast, ptp) = match flags {
        flags if flags & BROADCAST != 0 => (other, None),
        flags if flags & POINT_TO_POINT != 0 => (None, other),
        _ => (None, None),
    };
    let name = if family == inet6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    Ok(Some((family, NicAddr { family: name, address, netmask, broadcast, ptp })))
}
