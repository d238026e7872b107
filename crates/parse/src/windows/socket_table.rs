//! `GetExtendedTcpTable` and `GetExtendedUdpTable`: sockets and the processes that own them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Result;
use crate::fields::Fields;

/// A socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    /// This end: address, port, and the zone of a link-local address.
    pub local: (IpAddr, u16, u32),
    /// The other end; `None` of UDP.
    pub remote: Option<(IpAddr, u16, u32)>,
    /// `MIB_TCP_STATE`; `None` of UDP.
    pub state: Option<u32>,
    /// The owner.
    pub pid: u32,
}

/// The four tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Table {
    Tcp4,
    Tcp6,
    Udp4,
    Udp6,
}

/// All sockets of a table whose class is `OWNER_PID`.
pub fn sockets(bytes: &[u8], table: Table) -> Result<Vec<Socket>> {
    let count = Fields(bytes).u32(0, "dwNumEntries")? as usize;
    let (size, parse): (_, fn(Fields<'_>) -> Result<Socket>) = match table {
        Table::Tcp4 => (24, tcp4),
        Table::Tcp6 => (56, tcp6),
        Table::Udp4 => {
            (12, |row| Ok(Socket { local: v4(row, 0, 4)?, remote: None, state: None, pid: row.u32(8, "dwOwningPid")? }))
        }
        Table::Udp6 => {
            (28, |row| Ok(Socket { local: v6(row, 0)?, remote: None, state: None, pid: row.u32(24, "dwOwningPid")? }))
        }
    };
    Fields(bytes).rows(4, size, count, "table")?.map(parse).collect()
}

fn tcp4(row: Fields<'_>) -> Result<Socket> {
    Ok(Socket {
        state: Some(row.u32(0, "dwState")?),
        local: v4(row, 4, 8)?,
        remote: Some(v4(row, 12, 16)?),
        pid: row.u32(20, "dwOwningPid")?,
    })
}

fn tcp6(row: Fields<'_>) -> Result<Socket> {
    Ok(Socket {
        local: v6(row, 0)?,
        remote: Some(v6(row, 24)?),
        state: Some(row.u32(48, "dwState")?),
        pid: row.u32(52, "dwOwningPid")?,
    })
}

fn v4(row: Fields<'_>, address: usize, port: usize) -> Result<(IpAddr, u16, u32)> {
    Ok((Ipv4Addr::from(row.array::<4>(address, "dwAddr")?).into(), self::port(row, port)?, 0))
}

fn v6(row: Fields<'_>, at: usize) -> Result<(IpAddr, u16, u32)> {
    let address = Ipv6Addr::from(row.array::<16>(at, "ucAddr")?);
    Ok((address.into(), port(row, at + 20)?, row.u32(at + 16, "dwScopeId")?))
}

/// The first two bytes, in the order of the network; the other two may hold anything.
fn port(row: Fields<'_>, at: usize) -> Result<u16> {
    row.array(at, "dwPort").map(u16::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_table() {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut tcp = Made::new(28);
        tcp.u32(0, 1).u32(4, 5).set(8, [127, 0, 0, 1]).set(12, [0, 80, 9, 9]).set(16, [10, 0, 0, 1]);
        tcp.set(20, [1, 0]).u32(24, 42);
        let socket = sockets(&tcp.0, Table::Tcp4).unwrap()[0];
        assert_eq!((socket.local, socket.state, socket.pid), ((localhost, 80, 0), Some(5), 42));
        assert_eq!(socket.remote, Some((IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 256, 0)));

        let mut tcp6 = Made::new(60);
        tcp6.u32(0, 1).set(19, [1]).u32(20, 3).set(24, [0, 80]).set(48, [0, 81]).u32(52, 2).u32(56, 43);
        let socket = sockets(&tcp6.0, Table::Tcp6).unwrap()[0];
        assert_eq!(socket.local, (IpAddr::V6(Ipv6Addr::LOCALHOST), 80, 3));
        assert_eq!(socket.remote, Some((IpAddr::V6(Ipv6Addr::UNSPECIFIED), 81, 0)));
        assert_eq!((socket.state, socket.pid), (Some(2), 43));

        let mut udp = Made::new(16);
        udp.u32(0, 1).set(4, [127, 0, 0, 1]).set(8, [0, 53]).u32(12, 44);
        let socket = sockets(&udp.0, Table::Udp4).unwrap()[0];
        assert_eq!(socket, Socket { local: (localhost, 53, 0), remote: None, state: None, pid: 44 });

        let mut udp6 = Made::new(32);
        udp6.u32(0, 1).set(24, [0, 53]).u32(28, 45);
        let socket = sockets(&udp6.0, Table::Udp6).unwrap()[0];
        assert_eq!((socket.local.1, socket.pid), (53, 45));
        udp6.u32(0, 2);
        assert_eq!(sockets(&udp6.0, Table::Udp6).unwrap_err().field(), "table");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for table in [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Udp6] {
                let _ = sockets(&bytes, table);
            }
        }
    }
}
