//! Interfaces and sockets: /proc/net, rtnetlink(7) and /sys/class/net.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use psoxide_parse::linux::net_sock::{InetSocket, UnixSocket};
use psoxide_parse::linux::netlink::{self, Address, Link, Message};
use psoxide_parse::linux::{net_dev, net_sock};
use psoxide_parse::{ParseError, decimal, hex, trim};
use rustix::io::retry_on_intr;
use rustix::net::{AddressFamily as SocketFamily, RecvFlags, SendFlags, SocketFlags, SocketType as Transport};

use super::source::if_any;
use super::{Os, Source};
use crate::sys::{Handle, NetReadings};
use crate::{
    AddressFamily, Connection, ConnectionKind, ConnectionStatus, Duplex, Endpoint, Error, NetIo, NicAddr, NicAddress,
    NicStats, Pid, Result, SocketType,
};

/// Bits of an interface's flags, netdevice(7), as if.h numbers them.
const IFF_UP: u32 = 0x1;
const IFF_BROADCAST: u32 = 0x2;
const IFF_POINTOPOINT: u32 = 0x10;
const IFF_RUNNING: u32 = 0x40;

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

impl NetReadings for Os {
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>> {
        source.read(&source.procfs("net/dev"), |bytes| {
            Ok(net_dev::parse(bytes)?.into_iter().map(|nic| (os_string(nic.name), net_io(&nic))).collect())
        })
    }

    fn net_connections(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        let holders = all_holders(source)?;
        let mut connections = Connections::default();
        each_socket(
            source,
            kind,
            |file| source.procfs(&format!("net/{file}")),
            |socket| match holders.get(&socket.inode) {
                Some(holders) => holders.iter().for_each(|&(pid, fd)| connections.add(&socket, Some((pid, fd)))),
                None => connections.add(&socket, None),
            },
        )?;
        Ok(connections.list)
    }

    fn net_if_addrs(source: &Source) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        source.require_live("net_if_addrs")?;
        let links = dump(RTM_GETLINK)?;
        let addresses = dump(RTM_GETADDR)?;
        Ok(nic_addresses(&links_of(&links)?, &addresses_of(&addresses)?))
    }

    fn net_if_stats(source: &Source) -> Result<Vec<(OsString, NicStats)>> {
        if source.is_live() {
            let links = dump(RTM_GETLINK)?;
            return Ok(links_of(&links)?
                .iter()
                .map(|link| {
                    let mtu = link.mtu.map_or(0, u64::from);
                    (os_string(link.name), nic_stats(source, OsStr::from_bytes(link.name), link.flags, mtu))
                })
                .collect());
        }
        let mut names = source.names(&source.file("sys/class/net"))?;
        names.sort_unstable();
        let mut stats = Vec::with_capacity(names.len());
        for name in names {
            if !nic_file(source, &name, "").is_dir() {
                continue; // bonding_masters
            }
            let flags = copied_flags(source, &name)?;
            let mtu = source.read(&nic_file(source, &name, "mtu"), |bytes| decimal(trim(bytes), "mtu"))?;
            let nic = nic_stats(source, &name, flags, mtu);
            stats.push((name, nic));
        }
        Ok(stats)
    }
}

/// The sockets of one process, seen from its own network namespace.
pub(super) fn process_connections(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
    let Handle { source, pid, .. } = *process;
    let mut fds: HashMap<u64, Vec<i32>> = HashMap::new();
    each_socket_fd(source, pid, |inode, fd| fds.entry(inode).or_default().push(fd))?;
    let mut connections = Connections::default();
    if fds.is_empty() {
        return Ok(connections.list);
    }
    each_socket(
        source,
        kind,
        |file| source.process(pid, &format!("net/{file}")),
        |socket| {
            for &fd in fds.get(&socket.inode).into_iter().flatten() {
                connections.add(&socket, Some((pid, fd)));
            }
        },
    )?;
    Ok(connections.list)
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

/// One line of a socket table.
struct Socket {
    inode: u64,
    family: AddressFamily,
    kind: SocketType,
    laddr: Endpoint,
    raddr: Endpoint,
    status: ConnectionStatus,
}

/// Connections in the order they were found, equal ones once.
#[derive(Default)]
struct Connections {
    list: Vec<Connection>,
    seen: HashSet<Connection>,
}

impl Connections {
    fn add(&mut self, socket: &Socket, holder: Option<(Pid, i32)>) {
        let connection = Connection {
            fd: holder.map(|(_, fd)| fd),
            family: socket.family,
            kind: socket.kind,
            laddr: socket.laddr.clone(),
            raddr: socket.raddr.clone(),
            status: socket.status,
            pid: holder.map(|(pid, _)| pid),
        };
        if self.seen.insert(connection.clone()) {
            self.list.push(connection);
        }
    }
}

/// Reads the tables that `kind` asks for.
fn each_socket(
    source: &Source,
    kind: ConnectionKind,
    path: impl Fn(&str) -> PathBuf,
    mut each: impl FnMut(Socket),
) -> Result<()> {
    let tables = [
        ("tcp", kind.tcp(false), false, true),
        ("tcp6", kind.tcp(true), true, true),
        ("udp", kind.udp(false), false, false),
        ("udp6", kind.udp(true), true, false),
    ];
    for (file, wanted, v6, tcp) in tables {
        if !wanted {
            continue;
        }
        let sockets = source.read(&path(file), |bytes| {
            let sockets = net_sock::inet(bytes, v6, cfg!(target_endian = "little"))?;
            sockets.iter().map(|socket| inet_socket(socket, v6, tcp)).collect::<psoxide_parse::Result<Vec<_>>>()
        });
        // A kernel without IPv6 has no tcp6 and udp6.
        let sockets = if v6 { if_any(sockets)?.unwrap_or_default() } else { sockets? };
        sockets.into_iter().for_each(&mut each);
    }
    if kind.unix() {
        let sockets = source
            .read(&path("unix"), |bytes| Ok(net_sock::unix(bytes)?.iter().map(unix_socket).collect::<Vec<_>>()))?;
        sockets.into_iter().for_each(&mut each);
    }
    Ok(())
}

fn inet_socket(socket: &InetSocket, v6: bool, tcp: bool) -> psoxide_parse::Result<Socket> {
    Ok(Socket {
        inode: socket.inode,
        family: if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet },
        kind: if tcp { SocketType::Stream } else { SocketType::Datagram },
        laddr: endpoint(socket.local),
        raddr: endpoint(socket.remote),
        status: if tcp { tcp_status(socket.state)? } else { ConnectionStatus::None },
    })
}

fn unix_socket(socket: &UnixSocket<'_>) -> Socket {
    Socket {
        inode: socket.inode,
        family: AddressFamily::Unix,
        kind: match socket.kind {
            1 => SocketType::Stream,
            2 => SocketType::Datagram,
            5 => SocketType::SeqPacket,
            other => SocketType::Other(other.into()),
        },
        laddr: Endpoint::Unix(os_string(socket.path)),
        raddr: Endpoint::None,
        status: ConnectionStatus::None,
    }
}

fn endpoint((address, port): (IpAddr, u16)) -> Endpoint {
    if port == 0 { Endpoint::None } else { Endpoint::Inet(SocketAddr::new(address, port)) }
}

/// The states of include/net/tcp_states.h.
fn tcp_status(state: u8) -> psoxide_parse::Result<ConnectionStatus> {
    Ok(match state {
        0x01 => ConnectionStatus::Established,
        0x02 => ConnectionStatus::SynSent,
        0x03 => ConnectionStatus::SynRecv,
        0x04 => ConnectionStatus::FinWait1,
        0x05 => ConnectionStatus::FinWait2,
        0x06 => ConnectionStatus::TimeWait,
        0x07 => ConnectionStatus::Close,
        0x08 => ConnectionStatus::CloseWait,
        0x09 => ConnectionStatus::LastAck,
        0x0a => ConnectionStatus::Listen,
        0x0b => ConnectionStatus::Closing,
        0x0c => ConnectionStatus::NewSynRecv,
        0x0d => ConnectionStatus::BoundInactive,
        _ => return Err(ParseError::malformed("st", format!("{state:02X}").as_bytes())),
    })
}

/// Who holds each socket, by inode, as far as this user may know.
fn all_holders(source: &Source) -> Result<HashMap<u64, Vec<(Pid, i32)>>> {
    let mut holders: HashMap<u64, Vec<(Pid, i32)>> = HashMap::new();
    for pid in source.pids()? {
        match each_socket_fd(source, pid, |inode, fd| holders.entry(inode).or_default().push((pid, fd))) {
            Err(error) if !error.is_missing() && !error.is_access_denied() => return Err(error),
            _ => {}
        }
    }
    Ok(holders)
}

/// The sockets among the file descriptors of a process.
fn each_socket_fd(source: &Source, pid: Pid, mut each: impl FnMut(u64, i32)) -> Result<()> {
    let folder = source.process(pid, "fd");
    let mut fds = source.numbers(&folder)?;
    fds.sort_unstable();
    for fd in fds {
        // One that is closed by now is not listed.
        let Some(target) = if_any(source.link(&folder.join(fd.to_string())))? else { continue };
        if let (Some(inode), Ok(fd)) = (socket_inode(target.as_bytes()), i32::try_from(fd)) {
            each(inode, fd);
        }
    }
    Ok(())
}

/// `socket:[INODE]`
fn socket_inode(target: &[u8]) -> Option<u64> {
    let inode = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    decimal(inode, "inode").ok()
}

const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
/// Larger than the largest message of a dump.
const NETLINK_BUFFER: usize = 64 * 1024;

/// `struct nlmsghdr` and `struct rtgenmsg` with its padding.
fn dump_request(kind: u16) -> Vec<u8> {
    const LENGTH: u32 = 20;
    const SEQUENCE: u32 = 1;
    let mut request = Vec::with_capacity(20);
    request.extend(LENGTH.to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    request.extend(SEQUENCE.to_ne_bytes());
    request.extend([0; 8]); // the kernel's pid, AF_UNSPEC and padding
    request
}

/// All the messages of the kernel's answer.
fn dump(kind: u16) -> Result<Vec<u8>> {
    // No protocol means NETLINK_ROUTE.
    let socket = rustix::net::socket_with(SocketFamily::NETLINK, Transport::RAW, SocketFlags::CLOEXEC, None)
        .map_err(Error::io)?;
    retry_on_intr(|| rustix::net::send(&socket, &dump_request(kind), SendFlags::empty())).map_err(Error::io)?;
    let mut buffer = vec![0; NETLINK_BUFFER];
    let mut answer = Vec::new();
    loop {
        let (length, _) = retry_on_intr(|| rustix::net::recv(&socket, buffer.as_mut_slice(), RecvFlags::empty()))
            .map_err(Error::io)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() {
            return Err(Error::io(io::ErrorKind::UnexpectedEof));
        }
        let mut done = false;
        for message in netlink::messages(bytes)? {
            match message {
                Message::Done => done = true,
                Message::Error(0) => {}
                Message::Error(number) => {
                    return Err(Error::io(io::Error::from_raw_os_error(number.saturating_neg())));
                }
                _ => {}
            }
        }
        answer.extend_from_slice(bytes);
        answer.resize(answer.len().next_multiple_of(4), 0); // where the next message begins
        if done {
            return Ok(answer);
        }
    }
}

fn links_of(answer: &[u8]) -> Result<Vec<Link<'_>>> {
    let link = |message| if let Message::Link(link) = message { Some(link) } else { None };
    Ok(netlink::messages(answer)?.into_iter().filter_map(link).collect())
}

fn addresses_of(answer: &[u8]) -> Result<Vec<Address<'_>>> {
    let address = |message| if let Message::Address(address) = message { Some(address) } else { None };
    Ok(netlink::messages(answer)?.into_iter().filter_map(address).collect())
}

/// What getifaddrs(3) makes of both answers, by interface: IPv4, IPv6, hardware.
fn nic_addresses(links: &[Link<'_>], addresses: &[Address<'_>]) -> Vec<(OsString, Vec<NicAddr>)> {
    let mut nics: Vec<(OsString, Vec<NicAddr>)> = Vec::with_capacity(links.len());
    let mut add = |name: &[u8], address: NicAddr| {
        let name = OsStr::from_bytes(name);
        match nics.iter_mut().find(|(known, _)| known == name) {
            Some((_, addresses)) => addresses.push(address),
            None => nics.push((name.to_owned(), vec![address])),
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
        let zone = address.is_unicast_link_local().then(|| os_string(link.name));
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

/// The other end of a point-to-point link.
fn peer<'a>(link: &Link<'_>, from: &Address<'a>) -> Option<&'a [u8]> {
    let other = from.local.is_some_and(|local| local != from.address);
    (other && link.flags & IFF_POINTOPOINT != 0).then_some(from.address)
}

fn nic_file(source: &Source, name: &OsStr, file: &str) -> PathBuf {
    source.file("sys/class/net").join(name).join(file)
}

fn nic_stats(source: &Source, name: &OsStr, flags: u32, mtu: u64) -> NicStats {
    // Most virtual interfaces, and those that are down, fail these reads or answer -1.
    let speed = source.number(&nic_file(source, name, "speed")).filter(|speed| *speed <= 1 << 31);
    let duplex = source.line(&nic_file(source, name, "duplex")).ok().flatten();
    NicStats {
        isup: flags & IFF_RUNNING != 0,
        duplex: match duplex.as_deref() {
            Some(b"full") => Duplex::Full,
            Some(b"half") => Duplex::Half,
            _ => Duplex::Unknown,
        },
        speed,
        mtu,
        flags: flag_names(flags),
    }
}

fn flag_names(flags: u32) -> Vec<&'static str> {
    FLAG_NAMES.into_iter().zip(0u32..).filter(|(_, bit)| flags >> bit & 1 != 0).map(|(name, _)| name).collect()
}

/// The file has the flags that were set; whether packets flow is the operational state's to say.
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

fn os_string(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
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
    fn socket_links() {
        assert_eq!(socket_inode(b"socket:[123]"), Some(123));
        assert_eq!(socket_inode(b"pipe:[123]"), None);
        assert_eq!(socket_inode(b"socket:[]"), None);
    }

    #[test]
    fn states() {
        assert_eq!(tcp_status(10), Ok(ConnectionStatus::Listen));
        assert_eq!(tcp_status(0).unwrap_err().field(), "st");
        assert_eq!(tcp_status(14).unwrap_err().field(), "st");
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

    #[test]
    fn live_interfaces() {
        let source = Source::host();
        let stats = Os::net_if_stats(&source).unwrap();
        assert!(stats.iter().any(|(name, _)| name == "lo"), "{stats:?}");
        Os::net_if_addrs(&source).unwrap();
    }
}
