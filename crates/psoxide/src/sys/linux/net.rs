//! Reads network interfaces: /proc/net/dev, rtnetlink(7) and /sys/class/net.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use psoxide_parse::linux::net_dev;
use psoxide_parse::linux::rtnetlink::{self, Address, Link, RTM_NEWADDR, RTM_NEWLINK};
use psoxide_parse::{ParseError, decimal, hex, trim};

use super::abi::NetlinkProtocol;
use super::netlink::Netlink;
use super::{Linux, Source, sockets};
use crate::sys::{NetReadings, text};
use crate::{AddressFamily, Connection, ConnectionKind, Duplex, NetIo, NicAddr, NicAddress, NicStats, Result};

/// Bits of an interface's flags, see netdevice(7). The numbers are those of if.h.
const IFF_UP: u32 = 0x1;
const IFF_BROADCAST: u32 = 0x2;
const IFF_POINTOPOINT: u32 = 0x10;
const IFF_RUNNING: u32 = 0x40;

/// linux/ethtool.h
const DUPLEX_HALF: u8 = 0;
const DUPLEX_FULL: u8 = 1;

/// The names of the flags from bit 0 on.
const FLAG_NAMES: [&str; 16] = [
    "up",
    "broadcast",
    "debug",
    "loopback",
    "pointopoint",
    "notrailers",
    "running",
    "noarp",
    "promisc",
    "allmulti",
    "master",
    "slave",
    "multicast",
    "portsel",
    "automedia",
    "dynamic",
];

impl NetReadings for Linux {
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>> {
        source.read(&source.procfs("net/dev"), |bytes| {
            Ok(net_dev::parse(bytes)?.into_iter().map(|nic| (text::of(nic.name), net_io(&nic))).collect())
        })
    }

    fn net_connections(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::all(source, kind)
    }

    fn net_if_addrs(source: &Source) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        let mut netlink = Netlink::open(source.require_live("net_if_addrs")?, NetlinkProtocol::Route)?;
        let nics = ask(&mut netlink, RTM_GETLINK, &links_question(), RTM_NEWLINK)?;
        let all = ask(&mut netlink, RTM_GETADDR, &ADDRESSES, RTM_NEWADDR)?;
        Ok(nic_addresses(&links(&nics)?, &addresses(&all)?))
    }

    fn net_if_stats(source: &Source) -> Result<Vec<(OsString, NicStats)>> {
        if let Some(kernel) = source.live() {
            // If only one descriptor is free, this socket must be closed before the next one is opened.
            let nics =
                ask(&mut Netlink::open(kernel, NetlinkProtocol::Route)?, RTM_GETLINK, &links_question(), RTM_NEWLINK)?;
            let links = links(&nics)?;
            // /sys may show another network namespace, and needs three calls for each file.
            let settings = kernel.link_settings(links.iter().map(|link| link.name))?;
            let stats = links.iter().zip(settings).map(|(link, settings)| {
                let (speed, duplex) = settings.unzip();
                let duplex = match duplex {
                    Some(DUPLEX_FULL) => Duplex::Full,
                    Some(DUPLEX_HALF) => Duplex::Half,
                    _ => Duplex::Unknown,
                };
                let mtu = link.mtu.map_or(0, u64::from);
                (text::of(link.name), nic_stats(link.flags, duplex, speed.map(u64::from), mtu))
            });
            return Ok(stats.collect());
        }
        let mut names = source.names(&source.file("sys/class/net"))?;
        names.sort_unstable();
        let mut stats = Vec::with_capacity(names.len());
        for name in names {
            if !source.is_dir(&nic_file(source, &name, "")) {
                continue; // a file such as bonding_masters
            }
            let read = || -> Result<NicStats> {
                let flags = copied_flags(source, &name)?;
                let mtu = source.read(&nic_file(source, &name, "mtu"), |bytes| decimal(trim(bytes), "mtu"))?;
                let duplex = match source.line(&nic_file(source, &name, "duplex")).ok().flatten().as_deref() {
                    Some(b"full") => Duplex::Full,
                    Some(b"half") => Duplex::Half,
                    _ => Duplex::Unknown,
                };
                let speed = source.number(&nic_file(source, &name, "speed"));
                Ok(nic_stats(flags, duplex, speed, mtu))
            };
            match read() {
                Ok(nic) => stats.push((name, nic)),
                Err(error) if error.is_missing() => {} // the interface has disappeared since the listing
                Err(error) => return Err(error),
            }
        }
        Ok(stats)
    }
}

fn net_io(nic: &net_dev::Nic<'_>) -> NetIo {
    NetIo {
        bytes_sent: nic.bytes_sent,
        bytes_recv: nic.bytes_recv,
        packets_sent: nic.packets_sent,
        packets_recv: nic.packets_recv,
        errin: nic.errin,
        errout: nic.errout,
        dropin: nic.dropin,
        dropout: nic.dropout,
    }
}

const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
/// A `struct rtgenmsg` with its padding, for AF_UNSPEC.
const ADDRESSES: [u8; 4] = [0; 4];

/// Makes a `struct ifinfomsg` of AF_UNSPEC that leaves out the counters, because the kernel would sum them over all
/// CPUs: linux/if_link.h, since Linux 4.4.
fn links_question() -> Vec<u8> {
    const IFLA_EXT_MASK: u16 = 29;
    const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
    const LENGTH: u16 = 8;
    [&[0; 16][..], &LENGTH.to_ne_bytes(), &IFLA_EXT_MASK.to_ne_bytes(), &RTEXT_FILTER_SKIP_STATS.to_ne_bytes()].concat()
}

/// Asks rtnetlink(7) a question. Returns the payloads of all messages of type `answer`.
fn ask(netlink: &mut Netlink, kind: u16, question: &[u8], answer: u16) -> Result<Vec<Vec<u8>>> {
    let mut payloads = Vec::new();
    netlink.dump(kind, question, |kind, payload| {
        if kind == answer {
            payloads.push(payload.to_vec());
        }
        Ok(())
    })?;
    Ok(payloads)
}

fn links(payloads: &[Vec<u8>]) -> Result<Vec<Link<'_>>> {
    payloads.iter().map(|payload| Ok(rtnetlink::link(payload)?)).collect()
}

fn addresses(payloads: &[Vec<u8>]) -> Result<Vec<Address<'_>>> {
    payloads.iter().map(|payload| Ok(rtnetlink::address(payload)?)).collect()
}

/// Combines both answers by interface, as getifaddrs(3) does: IPv4, IPv6, hardware addresses.
fn nic_addresses(links: &[Link<'_>], addresses: &[Address<'_>]) -> Vec<(OsString, Vec<NicAddr>)> {
    let mut nics: Vec<(OsString, Vec<NicAddr>)> = Vec::with_capacity(links.len());
    let mut add = |name: &[u8], address: NicAddr| {
        let name = text::of(name);
        match nics.iter_mut().find(|(known, _)| *known == name) {
            Some((_, addresses)) => addresses.push(address),
            None => nics.push((name, vec![address])),
        }
    };
    for link in links {
        let own = || addresses.iter().filter(|address| address.index == link.index);
        for address in own() {
            if let Some(inet) = inet_address(link, address) {
                add(address.label.filter(|label| !label.is_empty()).unwrap_or(link.name), inet);
            }
        }
        for address in own() {
            if let Some(inet6) = inet6_address(link, address) {
                add(link.name, inet6);
            }
        }
        if !link.address.is_empty() {
            let broadcast = (link.flags & IFF_BROADCAST != 0 && !link.broadcast.is_empty())
                .then(|| NicAddress::Link(link.broadcast.to_vec()));
            let address = NicAddress::Link(link.address.to_vec());
            add(link.name, NicAddr { family: AddressFamily::Link, address, netmask: None, broadcast, ptp: None });
        }
    }
    nics
}

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

fn inet_address(link: &Link<'_>, from: &Address<'_>) -> Option<NicAddr> {
    let parse = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).ok().map(|bytes| NicAddress::Inet(Ipv4Addr::from(bytes)));
    if from.family != AF_INET {
        return None;
    }
    let mask = u32::MAX.checked_shl(32u32.saturating_sub(from.prefix.into())).unwrap_or(0);
    Some(NicAddr {
        family: AddressFamily::Inet,
        address: parse(from.local.unwrap_or(from.address))?,
        netmask: Some(NicAddress::Inet(Ipv4Addr::from_bits(mask))),
        broadcast: from.broadcast.filter(|_| link.flags & IFF_BROADCAST != 0).and_then(parse),
        ptp: peer(link, from).and_then(parse),
    })
}

fn inet6_address(link: &Link<'_>, from: &Address<'_>) -> Option<NicAddr> {
    let parse = |bytes: &[u8]| {
        let address = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
        let zone = address.is_unicast_link_local().then(|| text::of(link.name));
        Some(NicAddress::Inet6(address, zone))
    };
    if from.family != AF_INET6 {
        return None;
    }
    let mask = u128::MAX.checked_shl(128u32.saturating_sub(from.prefix.into())).unwrap_or(0);
    Some(NicAddr {
        family: AddressFamily::Inet6,
        address: parse(from.local.unwrap_or(from.address))?,
        netmask: Some(NicAddress::Inet6(Ipv6Addr::from_bits(mask), None)),
        broadcast: None,
        ptp: peer(link, from).and_then(parse),
    })
}

/// Returns the address of the other end of a point-to-point link.
fn peer<'a>(link: &Link<'_>, from: &Address<'a>) -> Option<&'a [u8]> {
    let other = from.local.is_some_and(|local| local != from.address);
    (other && link.flags & IFF_POINTOPOINT != 0).then_some(from.address)
}

fn nic_file(source: &Source, name: &OsStr, file: &str) -> PathBuf {
    source.file("sys/class/net").join(name).join(file)
}

fn nic_stats(flags: u32, duplex: Duplex, speed: Option<u64>, mtu: u64) -> NicStats {
    NicStats {
        isup: flags & IFF_RUNNING != 0,
        duplex,
        // Interfaces that are virtual or down have no speed, or -1 as a 16-bit or 32-bit number.
        speed: speed.filter(|speed| (1..1 << 31).contains(speed) && *speed != u64::from(u16::MAX)),
        mtu,
        flags: flag_names(flags),
    }
}

fn flag_names(flags: u32) -> Vec<&'static str> {
    FLAG_NAMES.into_iter().zip(0u32..).filter(|(_, bit)| flags >> bit & 1 != 0).map(|(name, _)| name).collect()
}

/// Reads the flags of an interface of a copied machine. The file has the flags that were set. The operational state
/// says whether packets flow.
fn copied_flags(source: &Source, name: &OsStr) -> Result<u32> {
    let flags = source.read(&nic_file(source, name, "flags"), |bytes| {
        let text = trim(bytes);
        let flags = hex(text.strip_prefix(b"0x").unwrap_or(text), "flags")?;
        u32::try_from(flags).map_err(|_| ParseError::overflow("flags", text))
    })?;
    let state = source.line(&nic_file(source, name, "operstate"))?;
    let running = flags & IFF_UP != 0 && matches!(state.as_deref(), Some(b"up" | b"unknown"));
    Ok(if running { flags | IFF_RUNNING } else { flags })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(flags: u32) -> Link<'static> {
        Link { index: 2, name: b"eth0", flags, mtu: Some(1500), address: &[2, 0, 0, 0, 0, 1], broadcast: &[255; 6] }
    }

    fn address<'a>(family: u8, prefix: u8, address: &'a [u8], local: Option<&'a [u8]>) -> Address<'a> {
        Address { index: 2, family, prefix, address, local, broadcast: None, label: None }
    }

    #[test]
    fn flags_by_name() {
        assert_eq!(flag_names(0x1043), ["up", "broadcast", "running", "multicast"]);
        assert_eq!(flag_names(0x1_0049), ["up", "loopback", "running"]);
    }

    #[test]
    fn families_in_order_and_labels_apart() {
        let v6 = "fe80::1".parse::<Ipv6Addr>().unwrap().octets();
        let mut second = address(AF_INET, 32, &[10, 0, 0, 3], Some(&[10, 0, 0, 3]));
        second.label = Some(b"eth0:1");
        let mut first = address(AF_INET, 24, &[10, 0, 0, 2], Some(&[10, 0, 0, 2]));
        first.broadcast = Some(&[10, 0, 0, 255]);
        let nics = nic_addresses(&[link(IFF_BROADCAST)], &[address(AF_INET6, 64, &v6, None), first, second]);
        let [(name, eth0), (alias, eth0_1)] = nics.as_slice() else { panic!("{nics:?}") };
        assert_eq!((name.as_os_str(), alias.as_os_str()), (OsStr::new("eth0"), OsStr::new("eth0:1")));
        let families: Vec<_> = eth0.iter().map(|a| a.family).collect();
        assert_eq!(families, [AddressFamily::Inet, AddressFamily::Inet6, AddressFamily::Link]);
        assert_eq!(eth0[0].netmask.as_ref().unwrap().to_string(), "255.255.255.0");
        assert_eq!(eth0[0].broadcast.as_ref().unwrap().to_string(), "10.0.0.255");
        assert_eq!(eth0[0].ptp, None);
        assert_eq!(eth0[1].address.to_string(), "fe80::1%eth0");
        assert_eq!(eth0[1].netmask.as_ref().unwrap().to_string(), "ffff:ffff:ffff:ffff::");
        assert_eq!(eth0[2].broadcast.as_ref().unwrap().to_string(), "ff:ff:ff:ff:ff:ff");
        assert_eq!(eth0_1[0].netmask.as_ref().unwrap().to_string(), "255.255.255.255");
    }

    #[test]
    fn point_to_point() {
        let from = address(AF_INET, 0, &[10, 0, 0, 9], Some(&[10, 0, 0, 2]));
        let inet = inet_address(&link(IFF_POINTOPOINT), &from).unwrap();
        assert_eq!(inet.address.to_string(), "10.0.0.2");
        assert_eq!(inet.ptp.unwrap().to_string(), "10.0.0.9");
        assert_eq!(inet.netmask.unwrap().to_string(), "0.0.0.0");
        assert_eq!(inet_address(&link(0), &from).unwrap().ptp, None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn live_interfaces() {
        let source = Source::host();
        let stats = Linux::net_if_stats(&source).unwrap();
        assert!(stats.iter().any(|(name, _)| name == "lo"), "{stats:?}");
        Linux::net_if_addrs(&source).unwrap();
    }
}
