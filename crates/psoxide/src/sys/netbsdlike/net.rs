//! Interfaces, from one list of route messages; and the form of sockets.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use psoxide_parse::bsd::media::{self, Encoding};
use psoxide_parse::bsd::route::{Interface, InterfaceAddress, Layout, Message};
use psoxide_parse::bsd::sockaddr::{self, Address};

use super::machine::{Machine, text};
use super::question::Question;
use crate::{
    AddressFamily, Connection, ConnectionKind, ConnectionStatus, Duplex, Endpoint, ErrorKind, Holder, NetIo, NicAddr,
    NicAddress, NicStats, Result, SocketType,
};

/// How a system describes its interfaces.
pub(crate) struct Interfaces {
    pub(crate) layout: Layout,
    pub(crate) media: Encoding,
    /// Reads `struct if_data`.
    pub(crate) data: fn(&[u8]) -> psoxide_parse::Result<(NetIo, u64)>,
    /// Reads the media word in use from `struct ifmediareq`.
    pub(crate) word: fn(&[u8]) -> psoxide_parse::Result<u64>,
}

/// Flags of an interface and their names, in psutil's order; net/if.h of both systems.
const FLAGS: [(u32, &str); 15] = [
    (0x1, "up"),
    (BROADCAST, "broadcast"),
    (0x4, "debug"),
    (0x8, "loopback"),
    (POINT_TO_POINT, "pointopoint"),
    (RUNNING, "running"),
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
const BROADCAST: u32 = 0x2;
const POINT_TO_POINT: u32 = 0x10;
const RUNNING: u32 = 0x40;

impl Interfaces {
    /// Reads the list and calls `each` with every interface, its name and its addresses.
    fn list<T>(
        &self,
        machine: &Machine,
        mut each: impl FnMut(&Interface<'_>, OsString, &[InterfaceAddress<'_>]) -> psoxide_parse::Result<T>,
    ) -> Result<Vec<T>> {
        machine.read(&Question::sysctl("net.route.0.0.iflist.0"), |bytes| {
            let mut all: Vec<(Interface<'_>, Vec<InterfaceAddress<'_>>)> = Vec::new();
            for message in self.layout.messages(bytes) {
                match message? {
                    Message::Interface(interface) => all.push((interface, Vec::new())),
                    // The addresses of an interface follow it.
                    Message::Address(address) => {
                        let of = all.last_mut().filter(|(interface, _)| interface.index == address.index);
                        if let Some((_, addresses)) = of {
                            addresses.push(address);
                        }
                    }
                    Message::Other(_) => {}
                }
            }
            let named = all
                .iter()
                .filter_map(|(interface, addresses)| Some((interface, text(interface.link?.name), addresses)));
            named.map(|(interface, name, addresses)| each(interface, name, addresses)).collect()
        })
    }

    /// Reads the counters of each interface.
    pub(crate) fn io(&self, machine: &Machine) -> Result<Vec<(OsString, NetIo)>> {
        self.list(machine, |interface, name, _| Ok((name, (self.data)(interface.data)?.0)))
    }

    /// Reads the addresses of each interface.
    pub(crate) fn addresses(&self, machine: &Machine) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        self.list(machine, |interface, name, addresses| {
            let mut all = Vec::new();
            if let Some(link) = interface.link.filter(|link| !link.address.is_empty()) {
                all.push(NicAddr {
                    family: AddressFamily::Link,
                    address: NicAddress::Link(link.address.to_vec()),
                    netmask: None,
                    broadcast: None,
                    ptp: None,
                });
            }
            for address in addresses {
                all.extend(self.address(interface, &name, address)?);
            }
            Ok((name, all))
        })
    }

    fn address(
        &self,
        interface: &Interface<'_>,
        name: &OsString,
        of: &InterfaceAddress<'_>,
    ) -> psoxide_parse::Result<Option<NicAddr>> {
        let Some(bytes) = of.address else { return Ok(None) };
        let inet6 = self.layout.inet6;
        let (family, number) = match sockaddr::parse(bytes, inet6)? {
            Address::Inet(..) => (AddressFamily::Inet, sockaddr::INET),
            Address::Inet6(..) => (AddressFamily::Inet6, inet6),
            _ => return Ok(None),
        };
        let read = |bytes: &[u8]| match sockaddr::parse(bytes, inet6) {
            Ok(Address::Inet(ip, _)) => Some(NicAddress::Inet(ip)),
            Ok(Address::Inet6(ip, _, zone)) => Some(NicAddress::Inet6(ip, (zone != 0).then(|| name.clone()))),
            _ => None,
        };
        let Some(address) = read(bytes) else { return Ok(None) };
        let netmask = of.netmask.and_then(|bytes| sockaddr::netmask(bytes, number, inet6)).map(|mask| match mask {
            IpAddr::V4(mask) => NicAddress::Inet(mask),
            IpAddr::V6(mask) => NicAddress::Inet6(mask, None),
        });
        let destination = |flag| of.destination.filter(|_| interface.flags & flag != 0).and_then(read);
        Ok(Some(NicAddr {
            family,
            address,
            netmask,
            broadcast: destination(BROADCAST),
            ptp: destination(POINT_TO_POINT),
        }))
    }

    /// Reads the state of each interface. The speed is a question of its own for each.
    pub(crate) fn stats(&self, machine: &Machine) -> Result<Vec<(OsString, NicStats)>> {
        let list =
            self.list(machine, |interface, name, _| Ok((name, interface.flags, (self.data)(interface.data)?.1)))?;
        list.into_iter()
            .map(|(name, flags, mtu)| {
                let (duplex, speed) = self.connected(machine, &name)?;
                let flag_names = FLAGS.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name).collect();
                Ok((name, NicStats { isup: flags & RUNNING != 0, duplex, speed, mtu, flags: flag_names }))
            })
            .collect()
    }

    fn connected(&self, machine: &Machine, name: &OsString) -> Result<(Duplex, Option<u64>)> {
        match machine.read(&Question::Ioctl("SIOCGIFMEDIA", name.clone()), self.word) {
            Ok(word) => {
                let duplex = match self.media.duplex(word) {
                    media::Duplex::Full => Duplex::Full,
                    media::Duplex::Half => Duplex::Half,
                    media::Duplex::Unknown => Duplex::Unknown,
                };
                Ok((duplex, self.media.speed(word).map(u64::from)))
            }
            // An interface without media, or that has just gone.
            Err(error) if error.kind() == ErrorKind::Io => Ok((Duplex::Unknown, None)),
            Err(error) => Err(error),
        }
    }
}

/// The end of a socket at this address.
pub(crate) fn endpoint(address: Address<'_>) -> Endpoint {
    match address {
        Address::Inet(ip, port) => Endpoint::Inet(SocketAddr::from((ip, port))),
        Address::Inet6(ip, port, zone) => Endpoint::Inet(SocketAddrV6::new(ip, port, 0, zone).into()),
        Address::Unix(path) if !path.is_empty() => Endpoint::Unix(text(path)),
        _ => Endpoint::None,
    }
}

/// The end of a socket that has no peer if its port is 0.
pub(crate) fn peer(address: Address<'_>) -> Endpoint {
    match address {
        Address::Inet(_, 0) | Address::Inet6(_, 0, _) => Endpoint::None,
        other => endpoint(other),
    }
}

/// The socket with those who hold it; of these, the process with the highest pid stands for all.
pub(crate) fn held(socket: Connection, mut holders: Vec<Holder>) -> Connection {
    holders.sort_unstable();
    let pid = holders.last().map(|holder| holder.pid);
    let fd = holders.iter().find(|holder| Some(holder.pid) == pid).and_then(|holder| holder.fd);
    Connection { pid, fd, holders, ..socket }
}

/// The type of a socket, as sys/socket.h numbers them everywhere.
pub(crate) const fn socket_type(number: u32) -> SocketType {
    match number {
        1 => SocketType::Stream,
        2 => SocketType::Datagram,
        5 => SocketType::SeqPacket,
        other => SocketType::Other(other),
    }
}

/// Whether sockets of this family and type are of this kind.
pub(crate) fn is_of_kind(kind: ConnectionKind, family: AddressFamily, socket: SocketType) -> bool {
    match (family, socket) {
        (AddressFamily::Unix, _) => kind.unix(),
        (AddressFamily::Inet, SocketType::Stream) => kind.tcp(false),
        (AddressFamily::Inet6, SocketType::Stream) => kind.tcp(true),
        (AddressFamily::Inet, SocketType::Datagram) => kind.udp(false),
        (AddressFamily::Inet6, SocketType::Datagram) => kind.udp(true),
        _ => false,
    }
}

/// A state of TCP, as netinet/tcp_fsm.h numbers them on all BSDs.
pub(crate) const fn tcp_status(state: u32) -> ConnectionStatus {
    match state {
        0 => ConnectionStatus::Close,
        1 => ConnectionStatus::Listen,
        2 => ConnectionStatus::SynSent,
        3 => ConnectionStatus::SynRecv,
        4 => ConnectionStatus::Established,
        5 => ConnectionStatus::CloseWait,
        6 => ConnectionStatus::FinWait1,
        7 => ConnectionStatus::Closing,
        8 => ConnectionStatus::LastAck,
        9 => ConnectionStatus::FinWait2,
        10 => ConnectionStatus::TimeWait,
        _ => ConnectionStatus::None,
    }
}
