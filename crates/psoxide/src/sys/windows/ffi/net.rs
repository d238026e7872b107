//! Interfaces and sockets.

use std::io;
use std::mem::offset_of;
use std::ptr;

use psoxide_parse::windows::socket_table::Table;
use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_INSUFFICIENT_BUFFER, ERROR_NO_DATA, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_DNS_SERVER, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
    GetExtendedTcpTable, GetExtendedUdpTable, GetIfEntry2, IP_ADAPTER_ADDRESSES_LH, IP_ADAPTER_UNICAST_ADDRESS_LH,
    MIB_IF_ROW2, TCP_TABLE_OWNER_PID_ALL, UDP_TABLE_OWNER_PID,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6, AF_UNSPEC};

use super::{Answer, Filled, fill};
use crate::{Error, NetIo, Result};

/// Where `psoxide_parse` finds the fields.
const _: () = {
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, FirstUnicastAddress) == 24);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, FriendlyName) == 72);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, PhysicalAddress) == 80);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, Mtu) == 96 && offset_of!(IP_ADAPTER_ADDRESSES_LH, OperStatus) == 104);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, TransmitLinkSpeed) == 184);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, Luid) == 224);
    assert!(offset_of!(IP_ADAPTER_UNICAST_ADDRESS_LH, Address) == 16);
    assert!(offset_of!(IP_ADAPTER_UNICAST_ADDRESS_LH, OnLinkPrefixLength) == 56);
};

fn failed(code: u32) -> io::Error {
    io::Error::from_raw_os_error(code.cast_signed())
}

/// `GetAdaptersAddresses`
pub(crate) fn adapters() -> Result<Filled> {
    let flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    fill(15 << 10, |buffer, capacity| {
        let mut needed = capacity;
        // SAFETY: the buffer has the size that is told.
        let answer =
            unsafe { GetAdaptersAddresses(u32::from(AF_UNSPEC), flags, ptr::null(), buffer.cast(), &raw mut needed) };
        match answer {
            NO_ERROR => Answer::Done(capacity),
            ERROR_NO_DATA => Answer::Done(0),
            ERROR_BUFFER_OVERFLOW => Answer::TooSmall(needed),
            code => Answer::Failed(failed(code)),
        }
    })
}

/// What an interface has carried: `GetIfEntry2`.
pub(crate) fn counters(luid: u64) -> Result<NetIo> {
    // SAFETY: the struct is numbers, for which zero is a value.
    let mut row: MIB_IF_ROW2 = unsafe { std::mem::zeroed() };
    row.InterfaceLuid.Value = luid;
    // SAFETY: the struct is alive, and names the interface.
    match unsafe { GetIfEntry2(&raw mut row) } {
        NO_ERROR => Ok(NetIo {
            bytes_sent: row.OutOctets,
            bytes_recv: row.InOctets,
            packets_sent: row.OutUcastPkts.saturating_add(row.OutNUcastPkts),
            packets_recv: row.InUcastPkts.saturating_add(row.InNUcastPkts),
            errin: row.InErrors,
            errout: row.OutErrors,
            dropin: row.InDiscards,
            dropout: row.OutDiscards,
        }),
        code => Err(Error::io(failed(code))),
    }
}

/// A table of sockets with their owners.
pub(crate) fn sockets(table: Table) -> Result<Filled> {
    fill(16 << 10, |buffer, capacity| {
        let mut needed = capacity;
        let family = u32::from(match table {
            Table::Tcp4 | Table::Udp4 => AF_INET,
            Table::Tcp6 | Table::Udp6 => AF_INET6,
        });
        let size = &raw mut needed;
        let answer = match table {
            // SAFETY: the buffer has the size that is told.
            Table::Tcp4 | Table::Tcp6 => unsafe {
                GetExtendedTcpTable(buffer, size, 0, family, TCP_TABLE_OWNER_PID_ALL, 0)
            },
            // SAFETY: the buffer has the size that is told.
            Table::Udp4 | Table::Udp6 => unsafe {
                GetExtendedUdpTable(buffer, size, 0, family, UDP_TABLE_OWNER_PID, 0)
            },
        };
        match answer {
            NO_ERROR => Answer::Done(capacity),
            ERROR_INSUFFICIENT_BUFFER => Answer::TooSmall(needed),
            code => Answer::Failed(failed(code)),
        }
    })
}
