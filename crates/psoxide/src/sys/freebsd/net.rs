//! Interfaces. One answer holds their counters, flags and addresses.

use std::collections::BTreeMap;
use std::ffi::OsString;

use psoxide_parse::ParseError;
use psoxide_parse::bsd::media;
use psoxide_parse::bsd::route::{Interface, InterfaceAddress, Message};
use psoxide_parse::bsd::sockaddr::{self, Address};
use psoxide_parse::freebsd::interface::{Data, FLAGS, LAYOUT, MEDIA, Media};

use super::abi::{AF_INET6, EINVAL, ENOTTY, ENXIO, EOPNOTSUPP};
use super::calls::Question;
use super::{Freebsd, Source, sockets};
use crate::sys::NetReadings;
use crate::sys::bsd::text;
use crate::{AddressFamily, Connection, ConnectionKind, Duplex, NetIo, NicAddr, NicAddress, NicStats, Result};

const BROADCAST: u32 = 0x2;
const POINT_TO_POINT: u32 = 0x10;
const RUNNING: u32 = 0x40;

impl NetReadings for Freebsd {
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>> {
        each_interface(source, |interface| {
            let data = Data::new(interface.data)?;
            Ok(NetIo {
                bytes_sent: data.bytes_out(),
                bytes_recv: data.bytes_in(),
                packets_sent: data.packets_out(),
                packets_recv: data.packets_in(),
                errin: data.errors_in(),
                errout: data.errors_out(),
                dropin: data.drops_in(),
                dropout: data.drops_out(),
            })
        })
    }

    fn net_connections(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_all(source, kind)
    }

    fn net_if_addrs(source: &Source) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        source.read(&Question::Interfaces, addresses)
    }

    fn net_if_stats(source: &Source) -> Result<Vec<(OsString, NicStats)>> {
        let interfaces = each_interface(source, |interface| Ok((interface.flags, Data::new(interface.data)?.mtu())))?;
        let mut all = Vec::with_capacity(interfaces.len());
        for (name, (flags, mtu)) in interfaces {
            let Some((duplex, speed)) = link(source, &name)? else { continue };
            let names = FLAGS.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name);
            let stats = NicStats {
                isup: flags & RUNNING != 0,
                duplex,
                speed: speed.map(u64::from),
                mtu: mtu.into(),
                flags: names.collect(),
            };
            all.push((name, stats));
        }
        Ok(all)
    }
}

/// Reads something of each interface. Those of the USB bus are none that ifconfig(8) shows.
fn each_interface<T>(
    source: &Source,
    read: impl Fn(&Interface<'_>) -> psoxide_parse::Result<T>,
) -> Result<Vec<(OsString, T)>> {
    source.read(&Question::Interfaces, |bytes| {
        let mut all = Vec::new();
        for message in LAYOUT.messages(bytes) {
            if let Message::Interface(interface) = message?
                && let Some(link) = interface.link
                && !link.name.starts_with(b"usbus")
            {
                all.push((text(link.name), read(&interface)?));
            }
        }
        Ok(all)
    })
}

/// Duplex mode and speed; `None` for an interface that has gone meanwhile.
fn link(source: &Source, name: &OsString) -> Result<Option<(Duplex, Option<u32>)>> {
    let ask = |extended| {
        let question = Question::Media(extended, name.to_string_lossy().into_owned());
        source.read(&question, |bytes| Media::new(bytes).map(|media| media.active()))
    };
    // Not every driver knows the newer request.
    let word = ask(true).or_else(|error| match error.errno() {
        Some(EINVAL | ENOTTY | EOPNOTSUPP) => ask(false),
        _ => Err(error),
    });
    match word {
        Ok(word) => {
            let word = word.cast_unsigned().into();
            let duplex = match MEDIA.duplex(word) {
                media::Duplex::Full => Duplex::Full,
                media::Duplex::Half => Duplex::Half,
                media::Duplex::Unknown => Duplex::Unknown,
            };
            Ok(Some((duplex, MEDIA.speed(word))))
        }
        Err(error) => match error.errno() {
            Some(ENXIO) => Ok(None),
            // An interface without media, such as the loopback.
            Some(EINVAL | ENOTTY | EOPNOTSUPP) => Ok(Some((Duplex::Unknown, None))),
            _ => Err(error),
        },
    }
}

/// The addresses of each interface, by family.
fn addresses(bytes: &[u8]) -> Result<Vec<(OsString, Vec<NicAddr>)>, ParseError> {
    let mut names: BTreeMap<u16, OsString> = BTreeMap::new();
    let mut flags = 0;
    let mut all: Vec<(OsString, Vec<(u8, NicAddr)>)> = Vec::new();
    let mut places: BTreeMap<u16, usize> = BTreeMap::new();
    for message in LAYOUT.messages(bytes) {
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
                if let (Some((_, list)), Some(found)) = (place, nic_address(&address, flags, &names)?) {
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
    message: &InterfaceAddress<'_>,
    flags: u32,
    names: &BTreeMap<u16, OsString>,
) -> Result<Option<(u8, NicAddr)>, ParseError> {
    let read = |bytes: &[u8]| {
        Ok::<_, ParseError>(match sockaddr::parse(bytes, AF_INET6)? {
            Address::Inet(ip, _) => Some((sockaddr::INET, NicAddress::Inet(ip))),
            Address::Inet6(ip, _, zone) => {
                let zone = u16::try_from(zone).ok().filter(|zone| *zone != 0);
                let zone = zone.map(|zone| names.get(&zone).cloned().unwrap_or_else(|| zone.to_string().into()));
                Some((AF_INET6, NicAddress::Inet6(ip, zone)))
            }
            _ => None,
        })
    };
    let Some((family, address)) = message.address.map(read).transpose()?.flatten() else { return Ok(None) };
    let netmask = message.netmask.and_then(|mask| sockaddr::netmask(mask, family, AF_INET6)).map(|mask| match mask {
        std::net::IpAddr::V4(mask) => NicAddress::Inet(mask),
        std::net::IpAddr::V6(mask) => NicAddress::Inet6(mask, None),
    });
    let other = message.destination.map(read).transpose()?.flatten().map(|(_, address)| address);
    let (broadcast, ptp) = match flags {
        flags if flags & BROADCAST != 0 => (other, None),
        flags if flags & POINT_TO_POINT != 0 => (None, other),
        _ => (None, None),
    };
    let name = if family == AF_INET6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    Ok(Some((family, NicAddr { family: name, address, netmask, broadcast, ptp })))
}
