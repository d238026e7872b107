//! Reads network interfaces and sockets.

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

use super::{Filled, fill, fill_addressed, size_of_u32};
use crate::sys::question::Answer;

/// Checks the offsets that `psoxide_parse` assumes.
const _: () = {
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, FirstUnicastAddress) == 24);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, FriendlyName) == 72);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, PhysicalAddress) == 80);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, Mtu) == 96 && offset_of!(IP_ADAPTER_ADDRESSES_LH, OperStatus) == 104);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, TransmitLinkSpeed) == 184);
    assert!(offset_of!(IP_ADAPTER_ADDRESSES_LH, Luid) == 224);
    assert!(offset_of!(IP_ADAPTER_UNICAST_ADDRESS_LH, Address) == 16);
    assert!(offset_of!(IP_ADAPTER_UNICAST_ADDRESS_LH, OnLinkPrefixLength) == 56);
    assert!(offset_of!(MIB_IF_ROW2, InterfaceLuid) == 0 && offset_of!(MIB_IF_ROW2, InOctets) == 1208);
    assert!(offset_of!(MIB_IF_ROW2, OutOctets) == 1280 && offset_of!(MIB_IF_ROW2, OutErrors) == 1312);
};

pub(super) fn adapters() -> Answer {
    let flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    fill_addressed(15 << 10, |buffer, room| {
        let mut needed = room;
        // SAFETY: the buffer has `room` bytes.
        let answer =
            unsafe { GetAdaptersAddresses(u32::from(AF_UNSPEC), flags, ptr::null(), buffer.cast(), &raw mut needed) };
        match answer {
            NO_ERROR => Filled::Done(room),
            ERROR_NO_DATA => Filled::Done(0),
            ERROR_BUFFER_OVERFLOW => Filled::TooSmall(needed),
            code => Filled::Failed(code.cast_signed()),
        }
    })
}

/// Returns the row of an interface.
pub(super) fn interface(luid: u64) -> Answer {
    let size = size_of_u32::<MIB_IF_ROW2>();
    fill(size as usize, |buffer, _| {
        let row: *mut MIB_IF_ROW2 = buffer.cast();
        // SAFETY: the buffer has the size of the struct and is aligned for it. Zero is a value of each of its fields.
        // The struct names the interface.
        let answer = unsafe {
            (*row).InterfaceLuid.Value = luid;
            GetIfEntry2(row)
        };
        match answer {
            NO_ERROR => Filled::Done(size),
            code => Filled::Failed(code.cast_signed()),
        }
    })
}

/// Returns a table of sockets with their owners.
pub(super) fn sockets(table: Table) -> Answer {
    fill(16 << 10, |buffer, room| {
        let mut needed = room;
        let family = u32::from(match table {
            Table::Tcp4 | Table::Udp4 => AF_INET,
            Table::Tcp6 | Table::Udp6 => AF_INET6,
        });
        let size = &raw mut needed;
        let answer = match table {
            // SAFETY: the buffer has `room` bytes.
            Table::Tcp4 | Table::Tcp6 => unsafe {
                GetExtendedTcpTable(buffer, size, 0, family, TCP_TABLE_OWNER_PID_ALL, 0)
            },
            // SAFETY: the buffer has `room` bytes.
            Table::Udp4 | Table::Udp6 => unsafe {
                GetExtendedUdpTable(buffer, size, 0, family, UDP_TABLE_OWNER_PID, 0)
            },
        };
        match answer {
            NO_ERROR => Filled::Done(room),
            ERROR_INSUFFICIENT_BUFFER => Filled::TooSmall(needed),
            code => Filled::Failed(code.cast_signed()),
        }
    })
}
