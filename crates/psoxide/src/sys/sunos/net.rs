//! Interfaces and sockets.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;

use psoxide_parse::ParseError;
use psoxide_parse::sunos::kstat::Kstat;
use psoxide_parse::sunos::lif::{self, Address};
use psoxide_parse::sunos::mib2::{self, Socket};
use psoxide_parse::sunos::{fdinfo, unix};

use super::abi::{EADDRNOTAVAIL, ENOENT, ENXIO};
use super::calls::{Family, Question, Request};
use super::{Handle, Source, Sunos};
use crate::sys::NetReadings;
use crate::sys::bsd::text;
use crate::{
    AddressFamily, Connection, ConnectionKind, ConnectionStatus, Duplex, Endpoint, Error, Holder, NetIo, NicAddr,
    NicAddress, NicStats, Result, SocketType,
};

/// The names of the flags in net/if.h, as ifconfig(8) shows them.
const FLAGS: &[(u64, &str)] = &[
    (0x1, "up"),
    (0x2, "broadcast"),
    (0x4, "debug"),
    (0x8, "loopback"),
    (0x10, "pointopoint"),
    (0x20, "notrailers"),
    (0x40, "running"),
    (0x80, "noarp"),
    (0x100, "promisc"),
    (0x200, "allmulti"),
    (0x800, "multicast"),
];
/// `IFF_BROADCAST`, `IFF_POINTOPOINT`.
const BROADCAST: u64 = 0x2;
const POINT_TO_POINT: u64 = 0x10;

impl NetReadings for Sunos {
    /// As in psutil, a link without an interface is left out: the links below an aggregation count its packets once more.
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>> {
        let plumbed = physical_interfaces(source)?;
        source.kstats(&Question::Class("net"), |all| {
            let links = links(all).into_values().filter(|kstat| plumbed.contains_key(kstat.name));
            links.map(|kstat| Ok((text(kstat.name), counters(kstat)?))).collect()
        })
    }

    fn net_if_addrs(source: &Source) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        let mut all: Vec<(OsString, Vec<NicAddr>)> = Vec::new();
        for family in [Family::Inet, Family::Inet6] {
            for (name, address) in interfaces(source, family)? {
                let found = addresses(source, family, &name, address)?;
                let name = text(physical(&name));
                match all.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, list)) => {
                        let new = found.into_iter().filter(|address| !list.contains(address)).collect::<Vec<_>>();
                        list.extend(new);
                    }
                    None => all.push((name, found)),
                }
            }
        }
        Ok(all)
    }

    fn net_if_stats(source: &Source) -> Result<Vec<(OsString, NicStats)>> {
        let interfaces = physical_interfaces(source)?;
        let mut stats = Vec::with_capacity(interfaces.len());
        for (name, (logical, family)) in interfaces {
            let about = |request| Question::Interface(request, family, String::from_utf8_lossy(&logical).into_owned());
            let flags = source.read(&about(Request::Flags), |bytes| Ok(lif::Request::new(bytes)?.flags()));
            let mtu = source.read(&about(Request::Mtu), |bytes| Ok(lif::Request::new(bytes)?.mtu()));
            let (flags, mtu) = match (flags, mtu) {
                // The interface has gone meanwhile.
                (Err(error), _) | (_, Err(error)) if error.errno() == Some(ENXIO) => continue,
                (flags, mtu) => (flags?, mtu?),
            };
            stats.push((text(&name), (flags, mtu)));
        }
        source.kstats(&Question::Class("net"), |all| {
            let links = links(all);
            let stats = stats.into_iter().map(|(name, (flags, mtu))| {
                let link = links.get(name.as_encoded_bytes()).copied();
                Ok::<_, ParseError>((name, state(link, flags, mtu)?))
            });
            stats.collect()
        })
    }

    /// The kernel names no process for a UNIX socket.
    fn net_connections(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        let mut found = sockets(source, kind, |_| true)?;
        if kind.unix() {
            found.extend(source.read(&Question::UnixSockets, |bytes| {
                unix::sockets(bytes).map(|socket| Ok(unix_connection(socket?))).collect::<Result<Vec<_>, _>>()
            })?);
        }
        Ok(found)
    }
}

/// The sockets of a process: those of TCP and UDP that it made, and the UNIX sockets that it has open.
pub(super) fn of_process(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let mut found = sockets(process.source, kind, |socket| socket.pid == Some(process.pid))?;
    if kind.unix() {
        match unix_of_process(process) {
            Ok(sockets) => found.extend(sockets),
            // Kernels before illumos of 2021 have no fdinfo. The caller who wants other sockets too gets these.
            Err(error) if error.is_unsupported() && kind != ConnectionKind::Unix => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The UNIX sockets among the descriptors of a process, from one file for each descriptor.
fn unix_of_process(process: &Handle<'_>) -> Result<Vec<Connection>> {
    let descriptors = match process.source.numbers(process.path("fdinfo")) {
        Err(error) if error.errno() == Some(ENOENT) && process.source.numbers(process.path("fd")).is_ok() => {
            return Err(Error::unsupported("UNIX sockets of a process"));
        }
        descriptors => descriptors?,
    };
    let mut found = Vec::new();
    for descriptor in descriptors {
        let question = Question::File(process.path(&format!("fdinfo/{descriptor}")));
        let socket = process.source.read(&question, |bytes| Ok(fdinfo::unix_socket(bytes)?.map(unix_connection)));
        match socket {
            Ok(Some(socket)) => found.push(Connection {
                fd: i32::try_from(descriptor).ok(),
                pid: Some(process.pid),
                holders: vec![Holder::new(process.pid, i32::try_from(descriptor).ok())],
                ..socket
            }),
            Ok(None) => {}
            // It was closed meanwhile.
            Err(error) if error.errno() == Some(ENOENT) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn unix_connection(socket: unix::Socket<'_>) -> Connection {
    let kind = match socket.kind {
        unix::STREAM => SocketType::Stream,
        unix::DATAGRAM => SocketType::Datagram,
        unix::SEQPACKET => SocketType::SeqPacket,
        other => SocketType::Other(u32::try_from(other).unwrap_or_default()),
    };
    let status = match socket {
        _ if socket.is_listening => ConnectionStatus::Listen,
        _ if socket.is_connected => ConnectionStatus::Established,
        _ => ConnectionStatus::None,
    };
    let end = |path| Endpoint::Unix(text(path));
    Connection { status, ..Connection::new(AddressFamily::Unix, kind, end(socket.local), end(socket.peer)) }
}

/// The sockets of TCP and UDP. The kernel names the process that made a socket, and no descriptor.
fn sockets(source: &Source, kind: ConnectionKind, wanted: impl Fn(&Socket) -> bool) -> Result<Vec<Connection>> {
    if kind == ConnectionKind::Unix {
        return Ok(Vec::new());
    }
    source.read(&Question::Sockets, |bytes| {
        let of_kind = |socket: &Socket| {
            let v6 = socket.local.is_ipv6();
            if socket.is_tcp { kind.tcp(v6) } else { kind.udp(v6) }
        };
        let mut found = Vec::new();
        for socket in mib2::sockets(bytes) {
            let socket = socket?;
            if of_kind(&socket) && wanted(&socket) {
                found.push(connection(&socket));
            }
        }
        Ok(found)
    })
}

fn connection(socket: &Socket) -> Connection {
    let family = if socket.local.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let kind = if socket.is_tcp { SocketType::Stream } else { SocketType::Datagram };
    let raddr = socket.peer.map_or(Endpoint::None, Endpoint::Inet);
    Connection {
        status: socket.state.map_or(ConnectionStatus::None, status),
        pid: socket.pid,
        holders: socket.pid.map(|pid| Holder::new(pid, None)).into_iter().collect(),
        recv_queue: socket.queues.map(|queues| queues.receive.into()),
        send_queue: socket.queues.map(|queues| queues.send.into()),
        ..Connection::new(family, kind, local(socket.local), raddr)
    }
}

/// A socket that is bound to nothing has no address.
fn local(address: SocketAddr) -> Endpoint {
    if address.port() == 0 && address.ip().is_unspecified() { Endpoint::None } else { Endpoint::Inet(address) }
}

/// `TCPS_` of inet/tcp.h.
fn status(state: i32) -> ConnectionStatus {
    match state {
        -6 => ConnectionStatus::Close,
        -5 => ConnectionStatus::Idle,
        -4 => ConnectionStatus::Bound,
        -3 => ConnectionStatus::Listen,
        -2 => ConnectionStatus::SynSent,
        -1 => ConnectionStatus::SynRecv,
        0 => ConnectionStatus::Established,
        1 => ConnectionStatus::CloseWait,
        2 => ConnectionStatus::FinWait1,
        3 => ConnectionStatus::Closing,
        4 => ConnectionStatus::LastAck,
        5 => ConnectionStatus::FinWait2,
        6 => ConnectionStatus::TimeWait,
        _ => ConnectionStatus::None,
    }
}

/// The kstats of links, by name. The module `link` has them on newer kernels. On older ones the driver's module has them, and
/// their name is the driver's with the instance. Other kstats of a driver, such as `e1000g:0:mac`, count the same packets again.
/// A loopback has none of the counters.
fn links<'a, 'b>(all: &'a [Kstat<'b>]) -> BTreeMap<&'b [u8], &'a Kstat<'b>> {
    let mut links: BTreeMap<&[u8], &Kstat<'_>> = BTreeMap::new();
    for kstat in all.iter().filter(|kstat| kstat.text("rbytes64").or(kstat.text("rbytes")).is_some()) {
        if kstat.module == b"link" {
            links.insert(kstat.name, kstat);
        } else if kstat.name == [kstat.module, kstat.instance.to_string().as_bytes()].concat() {
            links.entry(kstat.name).or_insert(kstat);
        }
    }
    links
}

/// The counters of a link, of 64 bits where the driver has these.
fn counters(kstat: &Kstat<'_>) -> Result<NetIo, ParseError> {
    let number = |wide: &'static str, narrow: &'static str| {
        kstat.number_if_any(wide)?.map_or_else(|| kstat.number(narrow), Ok::<_, ParseError>)
    };
    Ok(NetIo {
        bytes_sent: number("obytes64", "obytes")?,
        bytes_recv: number("rbytes64", "rbytes")?,
        packets_sent: number("opackets64", "opackets")?,
        packets_recv: number("ipackets64", "ipackets")?,
        errin: kstat.number("ierrors")?,
        errout: kstat.number("oerrors")?,
        // Packets for which there was no buffer.
        dropin: kstat.number_if_any("norcvbuf")?.unwrap_or_default(),
        dropout: kstat.number_if_any("noxmtbuf")?.unwrap_or_default(),
    })
}

/// The state of an interface. One without a link, such as the loopback, is up when its flags say so.
fn state(link: Option<&Kstat<'_>>, flags: u64, mtu: u32) -> Result<NicStats, ParseError> {
    let number = |statistic| link.map_or(Ok(None), |link| link.number_if_any(statistic));
    let up = flags & 1 != 0;
    let carrier = match (number("link_state")?, number("link_up")?) {
        // LINK_STATE_DOWN; LINK_STATE_UNKNOWN says nothing.
        (Some(state), _) => state != 0,
        (None, Some(up)) => up != 0,
        (None, None) => true,
    };
    Ok(NicStats {
        isup: up && carrier,
        duplex: match number("link_duplex")? {
            Some(1) => Duplex::Half,
            Some(2) => Duplex::Full,
            _ => Duplex::Unknown,
        },
        speed: number("ifspeed")?.map(|bits| bits / 1_000_000).filter(|speed| *speed > 0),
        mtu: mtu.into(),
        flags: FLAGS.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name).collect(),
    })
}

/// The name of the interface that a logical one, such as `net0:1`, gives another address. psutil shows it alone.
fn physical(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b':').next().unwrap_or(name)
}

/// The name of a logical interface, and the family of its address.
type Logical = (Vec<u8>, Family);

/// Each physical interface, with the first logical one. A zone may see logical ones alone.
fn physical_interfaces(source: &Source) -> Result<BTreeMap<Vec<u8>, Logical>> {
    let mut all = BTreeMap::new();
    for family in [Family::Inet, Family::Inet6] {
        for (name, _) in interfaces(source, family)? {
            all.entry(physical(&name).to_vec()).or_insert((name, family));
        }
    }
    Ok(all)
}

/// Name and address of each interface that has one of this family.
fn interfaces(source: &Source, family: Family) -> Result<Vec<(Vec<u8>, Address)>> {
    source.read(&Question::Interfaces(family), |bytes| {
        let read = |request: psoxide_parse::Result<lif::Request<'_>>| {
            let request = request?;
            Ok((request.name().to_vec(), lif::address(request.address())?))
        };
        lif::requests(bytes).map(read).collect()
    })
}

/// The address of an interface with what belongs to it, and its hardware address.
fn addresses(source: &Source, family: Family, name: &[u8], address: Address) -> Result<Vec<NicAddr>> {
    let shown = String::from_utf8_lossy(name).into_owned();
    let question = |request| Question::Interface(request, family, shown.clone());
    let related = |request| -> Result<Option<NicAddress>> {
        match source.read(&question(request), |bytes| lif::address(lif::Request::new(bytes)?.address())) {
            Ok(address) => Ok(nic_address(address, name)),
            Err(error) if [ENXIO, EADDRNOTAVAIL, ENOENT].contains(&error.errno().unwrap_or_default()) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let Some(address) = nic_address(address, name) else { return Ok(Vec::new()) };
    let flags = source.read(&question(Request::Flags), |bytes| Ok(lif::Request::new(bytes)?.flags()))?;
    let found = NicAddr {
        family: if family == Family::Inet { AddressFamily::Inet } else { AddressFamily::Inet6 },
        address,
        netmask: related(Request::Netmask)?,
        broadcast: if flags & BROADCAST != 0 && family == Family::Inet { related(Request::Broadcast)? } else { None },
        ptp: if flags & POINT_TO_POINT != 0 { related(Request::Destination)? } else { None },
    };
    let hardware = match related(Request::Hardware)? {
        Some(NicAddress::Link(bytes)) if !bytes.is_empty() => {
            Some(NicAddr::new(AddressFamily::Link, NicAddress::Link(bytes)))
        }
        _ => None,
    };
    Ok([Some(found), hardware].into_iter().flatten().collect())
}

/// An address as the library shows it. The zone of a link-local one is the interface that has it.
fn nic_address(address: Address, name: &[u8]) -> Option<NicAddress> {
    match address {
        Address::Inet(address) => Some(NicAddress::Inet(address)),
        Address::Inet6(address, _) => {
            Some(NicAddress::Inet6(address, address.is_unicast_link_local().then(|| text(physical(name)))))
        }
        Address::Link(bytes) => Some(NicAddress::Link(bytes)),
        _ => None,
    }
}
