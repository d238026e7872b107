//! Reads network interfaces and sockets.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use psoxide_parse::windows::Buffer;
use psoxide_parse::windows::adapters::{self, Adapter, Address, Counters};
use psoxide_parse::windows::socket_table::{self, Socket, Table};

use super::calls::Question;
use super::source::text;
use super::{Source, Windows};
use crate::sys::NetReadings;
use crate::{
    AddressFamily, Connection, ConnectionKind, ConnectionStatus, Duplex, Endpoint, Holder, NetIo, NicAddr, NicAddress,
    NicStats, Pid, Result, SocketType,
};

fn adapters(source: &Source) -> Result<Vec<(OsString, Adapter)>> {
    let parse = |bytes: &[u8]| adapters::adapters(Buffer::addressed(bytes)?);
    let adapters = source.read(&Question::Adapters, parse)?;
    Ok(adapters.into_iter().map(|adapter| (text(&adapter.name), adapter)).collect())
}

fn io(counters: &Counters) -> NetIo {
    NetIo {
        bytes_sent: counters.out_bytes,
        bytes_recv: counters.in_bytes,
        packets_sent: counters.out_packets,
        packets_recv: counters.in_packets,
        errin: counters.in_errors,
        errout: counters.out_errors,
        dropin: counters.in_discards,
        dropout: counters.out_discards,
    }
}

fn address(of: &Address) -> NicAddr {
    match of.address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(of.prefix.into())).unwrap_or(0);
            NicAddr {
                family: AddressFamily::Inet,
                address: NicAddress::Inet(address),
                netmask: Some(NicAddress::Inet(Ipv4Addr::from(mask))),
                broadcast: None,
                ptp: None,
            }
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128u32.saturating_sub(of.prefix.into())).unwrap_or(0);
            let zone = (of.scope != 0).then(|| OsString::from(of.scope.to_string()));
            NicAddr {
                family: AddressFamily::Inet6,
                address: NicAddress::Inet6(address, zone),
                netmask: Some(NicAddress::Inet6(Ipv6Addr::from(mask), None)),
                broadcast: None,
                ptp: None,
            }
        }
    }
}

/// Converts MIB_TCP_STATE of tcpmib.h.
fn status(state: Option<u32>) -> ConnectionStatus {
    match state {
        Some(1) => ConnectionStatus::Close,
        Some(2) => ConnectionStatus::Listen,
        Some(3) => ConnectionStatus::SynSent,
        Some(4) => ConnectionStatus::SynRecv,
        Some(5) => ConnectionStatus::Established,
        Some(6) => ConnectionStatus::FinWait1,
        Some(7) => ConnectionStatus::FinWait2,
        Some(8) => ConnectionStatus::CloseWait,
        Some(9) => ConnectionStatus::Closing,
        Some(10) => ConnectionStatus::LastAck,
        Some(11) => ConnectionStatus::TimeWait,
        Some(12) => ConnectionStatus::DeleteTcb,
        _ => ConnectionStatus::None,
    }
}

fn endpoint((address, port, scope): (IpAddr, u16, u32)) -> Endpoint {
    Endpoint::Inet(match address {
        IpAddr::V4(address) => SocketAddr::from((address, port)),
        // Only link-local addresses have a meaningful scope. For others it is not always 0.
        IpAddr::V6(address) => {
            SocketAddrV6::new(address, port, 0, if address.is_unicast_link_local() { scope } else { 0 }).into()
        }
    })
}

fn connection(socket: &Socket, family: AddressFamily, kind: SocketType) -> Connection {
    let status = status(socket.state);
    // A listening socket has no remote end, whatever its row holds.
    let remote = socket.remote.filter(|(_, port, _)| *port != 0 && status != ConnectionStatus::Listen);
    Connection {
        status,
        pid: Some(socket.pid),
        holders: vec![Holder { pid: socket.pid, fd: None }],
        ..Connection::new(family, kind, endpoint(socket.local), remote.map_or(Endpoint::None, endpoint))
    }
}

/// Lists the sockets of a kind: those of the process `of`, or all.
pub(super) fn connections(source: &Source, kind: ConnectionKind, of: Option<Pid>) -> Result<Vec<Connection>> {
    let mut connections = Vec::new();
    for (asked, table, family, transport) in [
        (kind.tcp(false), Table::Tcp4, AddressFamily::Inet, SocketType::Stream),
        (kind.tcp(true), Table::Tcp6, AddressFamily::Inet6, SocketType::Stream),
        (kind.udp(false), Table::Udp4, AddressFamily::Inet, SocketType::Datagram),
        (kind.udp(true), Table::Udp6, AddressFamily::Inet6, SocketType::Datagram),
    ] {
        if asked {
            let sockets = source.read(&Question::Sockets(table), |bytes| socket_table::sockets(bytes, table))?;
            let wanted = sockets.iter().filter(|socket| of.is_none_or(|pid| pid == socket.pid));
            connections.extend(wanted.map(|socket| connection(socket, family, transport)));
        }
    }
    Ok(connections)
}

impl NetReadings for Windows {
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>> {
        let counters = |(name, adapter): (OsString, Adapter)| {
            let counters = source.read(&Question::Interface(adapter.luid), adapters::counters)?;
            Ok((name, io(&counters)))
        };
        adapters(source)?.into_iter().map(counters).collect()
    }

    fn net_connections(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        connections(source, kind, None)
    }

    fn net_if_addrs(source: &Source) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        let all = adapters(source)?.into_iter().map(|(name, adapter)| {
            let hardware = (!adapter.hardware.is_empty()).then_some(NicAddr {
                family: AddressFamily::Link,
                address: NicAddress::Link(adapter.hardware.clone()),
                netmask: None,
                broadcast: None,
                ptp: None,
            });
            (name, hardware.into_iter().chain(adapter.addresses.iter().map(address)).collect())
        });
        Ok(all.collect())
    }

    fn net_if_stats(source: &Source) -> Result<Vec<(OsString, NicStats)>> {
        let all = adapters(source)?.into_iter().map(|(name, adapter)| {
            let stats = NicStats {
                // 1 is IfOperStatusUp.
                isup: adapter.status == 1,
                duplex: Duplex::Unknown,
                speed: (adapter.speed != u64::MAX).then_some(adapter.speed / 1_000_000).filter(|speed| *speed > 0),
                mtu: adapter.mtu.into(),
                flags: Vec::new(),
            };
            (name, stats)
        });
        Ok(all.collect())
    }
}
