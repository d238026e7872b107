//! Network interfaces and sockets.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::record::record;
use crate::sys::{self, NetReadings as _};
use crate::value::{ToValue, Value, text};
use crate::{Error, Pid, Result, System};

record! {
    /// Counters of an interface since it came up.
    ///
    /// Linux: `/proc/net/dev`, proc_pid_net(5).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct NetIo = "snetio" {
        /// Bytes sent.
        bytes_sent: u64, Bytes, ALL;
        /// Bytes received.
        bytes_recv: u64, Bytes, ALL;
        /// Packets sent.
        packets_sent: u64, Count, ALL;
        /// Packets received.
        packets_recv: u64, Count, ALL;
        /// Errors while receiving.
        errin: u64, Count, ALL;
        /// Errors while sending.
        errout: u64, Count, ALL;
        /// Incoming packets dropped.
        dropin: u64, Count, ALL;
        /// Outgoing packets dropped.
        dropout: u64, Count, ALL;
    }
}

record! {
    /// An address of an interface.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct NicAddr = "snicaddr" {
        /// Address family.
        family: AddressFamily, Text, ALL;
        /// Address of the interface.
        address: NicAddress, Text, ALL;
        /// Network mask.
        netmask: Option<NicAddress>, Text, ALL;
        /// Broadcast address.
        broadcast: Option<NicAddress>, Text, POSIX;
        /// Address of the other end of a point-to-point link.
        ptp: Option<NicAddress>, Text, POSIX;
    }
}

record! {
    /// State of an interface.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct NicStats = "snicstats" {
        /// Whether the interface is up and has a carrier.
        isup: bool, Plain, ALL;
        /// Duplex mode.
        duplex: Duplex, Text, ALL;
        /// Speed of the link, if it has one.
        speed: Option<u64>, Megabits, ALL;
        /// Largest packet (MTU).
        mtu: u64, Bytes, ALL;
        /// Flags as `ifconfig` names them.
        flags: Vec<&'static str>, Text, POSIX;
    }
}

record! {
    /// A socket, and the processes that hold it.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    pub struct Connection = "sconn" {
        /// Lowest descriptor of the socket in the process `pid`.
        fd: Option<i32>, Plain, ALL;
        /// Address family.
        family: AddressFamily, Text, ALL;
        /// Socket type.
        kind: SocketType, Text, ALL;
        /// Local address.
        laddr: Endpoint, Text, ALL;
        /// Remote address.
        raddr: Endpoint, Text, ALL;
        /// State of a TCP socket. A UNIX socket listens or is established (it has a peer), if the system reports it.
        /// Other sockets have no state.
        status: ConnectionStatus, Text, ALL;
        /// Highest pid of the processes that hold the socket. Absent if no visible process holds it.
        pid: Option<Pid>, Plain, ALL;
        /// Every process and descriptor that holds the socket, by pid and descriptor.
        holders: Vec<Holder>, Text, ALL;
        /// Bytes received that no process has read yet. A listener has the number of connections that wait to be
        /// accepted. On Linux, only sock_diag(7) reports it for UNIX sockets, and UDP sockets have the memory that the
        /// bytes occupy. On SunOS, TCP connections have it.
        recv_queue: Option<u64>, Plain, LINUX | MACOS | BSD | SUNOS;
        /// Bytes that are not sent, or that the peer has not acknowledged. A listener has 0. On SunOS, only bytes
        /// that were sent count.
        send_queue: Option<u64>, Plain, LINUX | MACOS | BSD | SUNOS;
    }
}

record! {
    /// A process that holds a socket.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Holder = "holder" {
        /// Process.
        pid: Pid, Plain, ALL;
        /// Descriptor. A process with several descriptors of the socket appears once for each. `None` if the system
        /// does not report it.
        fd: Option<i32>, Plain, ALL;
    }
}

impl Holder {
    /// Makes a holder. `fd` is the descriptor, if known.
    #[must_use]
    pub const fn new(pid: Pid, fd: Option<i32>) -> Self {
        Self { pid, fd }
    }
}

impl Connection {
    /// Makes a socket with these two ends and without a holder.
    #[must_use]
    pub const fn new(family: AddressFamily, kind: SocketType, laddr: Endpoint, raddr: Endpoint) -> Self {
        Self {
            fd: None,
            family,
            kind,
            laddr,
            raddr,
            status: ConnectionStatus::None,
            pid: None,
            holders: Vec::new(),
            recv_queue: None,
            send_queue: None,
        }
    }
}

impl NicAddr {
    /// Makes an address without a mask.
    #[must_use]
    pub const fn new(family: AddressFamily, address: NicAddress) -> Self {
        Self { family, address, netmask: None, broadcast: None, ptp: None }
    }
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AddressFamily {
    /// `AF_UNIX`.
    Unix,
    /// `AF_INET`.
    Inet,
    /// `AF_INET6`.
    Inet6,
    /// Hardware addresses: `AF_PACKET` on Linux, `AF_LINK` elsewhere.
    Link,
}

/// A socket type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SocketType {
    /// `SOCK_STREAM`.
    Stream,
    /// `SOCK_DGRAM`.
    Datagram,
    /// `SOCK_SEQPACKET`.
    SeqPacket,
    /// A number for which psoxide has no name.
    Other(u32),
}

/// The state of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // RFC 9293's own names
pub enum ConnectionStatus {
    Established,
    SynSent,
    SynRecv,
    FinWait1,
    FinWait2,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    Closing,
    /// Linux: a request socket that has not been accepted (`TCP_NEW_SYN_RECV`).
    NewSynRecv,
    /// Linux: bound but neither listening nor connected (`TCP_BOUND_INACTIVE`).
    BoundInactive,
    /// Windows: the connection's record is about to be deleted.
    DeleteTcb,
    /// SunOS: neither bound nor connected.
    Idle,
    /// SunOS: bound but neither listening nor connected.
    Bound,
    /// The socket has no state.
    None,
}

/// One end of a socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// Not bound or not connected.
    None,
    /// An Internet address and port.
    Inet(SocketAddr),
    /// A UNIX path; an abstract one begins with `@`.
    Unix(OsString),
}

/// Which sockets to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)] // what they name is said by `from_str`
#[non_exhaustive]
pub enum ConnectionKind {
    #[default]
    Inet,
    Inet4,
    Inet6,
    Tcp,
    Tcp4,
    Tcp6,
    Udp,
    Udp4,
    Udp6,
    Unix,
    All,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NicAddress {
    /// IPv4.
    Inet(Ipv4Addr),
    /// IPv6, with the zone name of a link-local address.
    Inet6(Ipv6Addr, Option<OsString>),
    /// Hardware address.
    Link(Vec<u8>),
}

/// Duplex mode of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Duplex {
    /// Both directions at once.
    Full,
    /// One direction at a time.
    Half,
    /// Unknown, or the link has no duplex mode.
    #[default]
    Unknown,
}

impl ConnectionKind {
    const NAMES: [(&'static str, Self); 11] = [
        ("inet", Self::Inet),
        ("inet4", Self::Inet4),
        ("inet6", Self::Inet6),
        ("tcp", Self::Tcp),
        ("tcp4", Self::Tcp4),
        ("tcp6", Self::Tcp6),
        ("udp", Self::Udp),
        ("udp4", Self::Udp4),
        ("udp6", Self::Udp6),
        ("unix", Self::Unix),
        ("all", Self::All),
    ];

    /// Lists the names that [`from_str`](str::parse) accepts, those of `psutil.net_connections(kind)`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(name, _)| *name)
    }

    /// Returns whether UNIX sockets are included.
    #[must_use]
    pub fn unix(self) -> bool {
        matches!(self, Self::Unix | Self::All)
    }

    /// Returns whether TCP sockets of this IP version are included.
    #[must_use]
    pub fn tcp(self, v6: bool) -> bool {
        match self {
            Self::Inet | Self::Tcp | Self::All => true,
            Self::Inet4 | Self::Tcp4 => !v6,
            Self::Inet6 | Self::Tcp6 => v6,
            _ => false,
        }
    }

    /// Returns whether UDP sockets of this IP version are included.
    #[must_use]
    pub fn udp(self, v6: bool) -> bool {
        match self {
            Self::Inet | Self::Udp | Self::All => true,
            Self::Inet4 | Self::Udp4 => !v6,
            Self::Inet6 | Self::Udp6 => v6,
            _ => false,
        }
    }
}

impl FromStr for ConnectionKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<_> = Self::names().collect();
            Error::invalid(format!("invalid kind of connection {name:?}; it is one of {}", names.join(", ")))
        })
    }
}

impl fmt::Display for AddressFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unix => "AF_UNIX",
            Self::Inet => "AF_INET",
            Self::Inet6 => "AF_INET6",
            Self::Link => "AF_LINK",
        })
    }
}

impl fmt::Display for SocketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stream => "SOCK_STREAM",
            Self::Datagram => "SOCK_DGRAM",
            Self::SeqPacket => "SOCK_SEQPACKET",
            Self::Other(number) => return write!(f, "{number}"),
        })
    }
}

impl fmt::Display for ConnectionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN_SENT",
            Self::SynRecv => "SYN_RECV",
            Self::FinWait1 => "FIN_WAIT1",
            Self::FinWait2 => "FIN_WAIT2",
            Self::TimeWait => "TIME_WAIT",
            Self::Close => "CLOSE",
            Self::CloseWait => "CLOSE_WAIT",
            Self::LastAck => "LAST_ACK",
            Self::Listen => "LISTEN",
            Self::Closing => "CLOSING",
            Self::NewSynRecv => "NEW_SYN_RECV",
            Self::BoundInactive => "BOUND_INACTIVE",
            Self::DeleteTcb => "DELETE_TCB",
            Self::Idle => "IDLE",
            Self::Bound => "BOUND",
            Self::None => "NONE",
        })
    }
}

impl fmt::Display for Duplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Half => "half",
            Self::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Inet(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Display for NicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => write!(f, "{address}"),
            Self::Inet6(address, None) => write!(f, "{address}"),
            Self::Inet6(address, Some(zone)) => write!(f, "{address}%{}", zone.display()),
            Self::Link(bytes) => {
                let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('?');
                for (i, byte) in bytes.iter().enumerate() {
                    if i > 0 {
                        f.write_char(':')?;
                    }
                    f.write_char(digit(byte >> 4))?;
                    f.write_char(digit(byte & 0xf))?;
                }
                Ok(())
            }
        }
    }
}

macro_rules! shown_as_text {
    ($($type:ty),+) => {
        $(impl ToValue for $type {
            fn to_value(&self) -> Value<'_> {
                text(self)
            }
        })+
    };
}
shown_as_text!(AddressFamily, SocketType, ConnectionStatus, Duplex, NicAddress);

impl ToValue for Endpoint {
    fn to_value(&self) -> Value<'_> {
        match self {
            Self::None => Value::None,
            Self::Inet(address) => {
                Value::Record(vec![("ip", text(&address.ip())), ("port", Value::Unsigned(address.port().into()))])
            }
            Self::Unix(path) => path.to_value(),
        }
    }
}

impl System {
    /// Reads the counters of each interface, in the kernel's order.
    pub fn net_io_counters(&self) -> Result<Vec<(OsString, NetIo)>> {
        sys::Os::net_io_counters(self.source())
    }

    /// Sums the counters of all interfaces. Returns `None` if there is no interface.
    pub fn net_io_total(&self) -> Result<Option<NetIo>> {
        Ok(self.net_io_counters()?.into_iter().map(|(_, io)| io).reduce(|a, b| a.plus(&b)))
    }

    /// Lists the sockets of a kind. Each socket appears once, with all its holders.
    ///
    /// Linux: sock_diag(7), or else `/proc/net/{tcp,tcp6,udp,udp6,unix}`, and the file descriptors of all processes
    /// that this user may inspect. Sockets of other processes have no pid. Only sock_diag reports a UNIX path with a
    /// newline completely.
    pub fn net_connections(&self, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sys::Os::net_connections(self.source(), kind)
    }

    /// Lists the addresses of each interface.
    pub fn net_if_addrs(&self) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        sys::Os::net_if_addrs(self.source())
    }

    /// Reads the state of each interface.
    pub fn net_if_stats(&self) -> Result<Vec<(OsString, NicStats)>> {
        sys::Os::net_if_stats(self.source())
    }
}

impl NetIo {
    /// Returns the sums of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// Returns the growth since `earlier`. A counter that decreased counts as unchanged.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        self.zip(earlier, u64::saturating_sub)
    }

    pub(crate) fn zip(&self, other: &Self, count: fn(u64, u64) -> u64) -> Self {
        Self {
            bytes_sent: count(self.bytes_sent, other.bytes_sent),
            bytes_recv: count(self.bytes_recv, other.bytes_recv),
            packets_sent: count(self.packets_sent, other.packets_sent),
            packets_recv: count(self.packets_recv, other.packets_recv),
            errin: count(self.errin, other.errin),
            errout: count(self.errout, other.errout),
            dropin: count(self.dropin, other.dropin),
            dropout: count(self.dropout, other.dropout),
        }
    }
}
