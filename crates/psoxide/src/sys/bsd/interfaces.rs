//! Interfaces. One answer of route messages holds their counters, flags and addresses.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use psoxide_parse::ParseError;
use psoxide_parse::bsd::interface::{Counters, Interfaces};
use psoxide_parse::bsd::media;
use psoxide_parse::bsd::route::{Interface, InterfaceAddress, Layout, Message};
use psoxide_parse::bsd::sockaddr::{self, Address};

use super::machine::{Machine, Question};
use super::platform::Bsd;
use super::text;
use crate::sys::NetReadings;
use crate::{
    AddressFamily, Connection, ConnectionKind, Duplex, ErrorKind, NetIo, NicAddr, NicAddress, NicStats, Os, Result,
};

/// `IFF_BROADCAST`.
const BROADCAST: u32 = 0x2;
/// `IFF_POINTOPOINT`.
const POINT_TO_POINT: u32 = 0x10;
/// `IFF_RUNNING`.
const RUNNING: u32 = 0x40;

/// The names of flags as ifconfig(8) shows them, in the order in which they are shown.
const FLAGS: &[(u32, &str)] = &[
    (0x1, "up"),
    (0x2, "broadcast"),
    (0x4, "debug"),
    (0x8, "loopback"),
    (0x10, "pointopoint"),
    (NO_TRAILERS, "notrailers"),
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

/// `IFF_NOTRAILERS`, which macOS alone has. The other systems give the number to other flags.
const NO_TRAILERS: u32 = 0x20;

/// `ENXIO`: there is no interface of this name any more.
const GONE: i32 = 6;

impl<P: Bsd> NetReadings for P {
    fn net_io_counters(machine: &Self::Source) -> Result<Vec<(OsString, NetIo)>> {
        let Interfaces { layout, counters, .. } = P::INTERFACES;
        machine.read(&P::Question::interfaces(), |bytes| {
            each(layout, bytes, |interface| counters(interface.data).map(net_io))
        })
    }

    fn net_if_addrs(machine: &Self::Source) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        machine.read(&P::Question::interfaces(), |bytes| addresses(P::INTERFACES.layout, bytes))
    }

    /// The media of each interface are a question of their own.
    fn net_if_stats(machine: &Self::Source) -> Result<Vec<(OsString, NicStats)>> {
        let Interfaces { layout, counters, .. } = P::INTERFACES;
        let interfaces = machine.read(&P::Question::interfaces(), |bytes| {
            each(layout, bytes, |interface| Ok((interface.flags, counters(interface.data)?.mtu)))
        })?;
        let mut all = Vec::with_capacity(interfaces.len());
        for (name, (set, mtu)) in interfaces {
            let Some((duplex, speed)) = link(&P::INTERFACES, machine, &name)? else { continue };
            let known = if P::OS == Os::Macos { set } else { set & !NO_TRAILERS };
            let flags = FLAGS.iter().filter(|(flag, _)| known & flag != 0).map(|(_, name)| *name).collect();
            all.push((name, NicStats { isup: set & RUNNING != 0, duplex, speed, mtu, flags }));
        }
        Ok(all)
    }

    fn net_connections(machine: &Self::Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        P::sockets(machine, kind)
    }
}

const fn net_io(counters: Counters) -> NetIo {
    NetIo {
        bytes_sent: counters.bytes_out,
        bytes_recv: counters.bytes_in,
        packets_sent: counters.packets_out,
        packets_recv: counters.packets_in,
        errin: counters.errors_in,
        errout: counters.errors_out,
        dropin: counters.drops_in,
        dropout: counters.drops_out,
    }
}

/// Duplex mode and speed; `None` for an interface that has gone meanwhile.
fn link<Q: Question>(
    interfaces: &Interfaces,
    machine: &Machine<Q>,
    name: &OsStr,
) -> Result<Option<(Duplex, Option<u64>)>> {
    for question in Q::media(name) {
        match machine.read(&question, interfaces.media_word) {
            Ok(word) => {
                let duplex = match interfaces.media.duplex(word) {
                    media::Duplex::Full => Duplex::Full,
                    media::Duplex::Half => Duplex::Half,
                    media::Duplex::Unknown => Duplex::Unknown,
                };
                return Ok(Some((duplex, interfaces.media.speed(word).map(u64::from))));
            }
            Err(error) if error.errno() == Some(GONE) => return Ok(None),
            // A request that the driver does not know, or an interface without media, such as the loopback.
            Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::Unsupported) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some((Duplex::Unknown, None)))
}

/// Reads something of each interface. Those of the USB bus are none that ifconfig(8) shows.
fn each<T>(
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
fn addresses(layout: Layout, bytes: &[u8]) -> Result<Vec<(OsString, Vec<NicAddr>)>, ParseError> {
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
