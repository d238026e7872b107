//! `GetAdaptersAddresses`: network interfaces and their addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Buffer;
use crate::Result;
use crate::fields::Fields;

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// The number that names it for good, `NET_LUID`.
    pub luid: u64,
    /// The name that people see and give.
    pub name: Vec<u16>,
    /// The hardware's address; empty for an interface without one.
    pub hardware: Vec<u8>,
    /// Largest packet; all ones where there is no limit.
    pub mtu: u32,
    /// `IF_OPER_STATUS`; 1 is up.
    pub status: u32,
    /// Bits per second; all ones where it is not known.
    pub speed: u64,
    /// Its unicast addresses.
    pub addresses: Vec<Address>,
}

/// An address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// The zone of a link-local one.
    pub scope: u32,
    /// How many of its bits name the network.
    pub prefix: u8,
}

/// The interfaces of the list in the buffer.
pub fn adapters(buffer: Buffer<'_>) -> Result<Vec<Adapter>> {
    let mut adapters = Vec::new();
    let mut next = if buffer.bytes.is_empty() { None } else { Some(Fields(buffer.bytes)) };
    // A list that leads back into itself would have no end.
    let mut left = buffer.bytes.len();
    while let Some(fields) = next.filter(|_| left > 0) {
        adapters.push(adapter(buffer, fields)?);
        next = buffer.record(fields.u64(8, "Next")?, "Next")?;
        left = left.saturating_sub(64);
    }
    Ok(adapters)
}

fn adapter(buffer: Buffer<'_>, fields: Fields<'_>) -> Result<Adapter> {
    let hardware = (fields.u32(88, "PhysicalAddressLength")? as usize).min(8);
    let mut addresses = Vec::new();
    let mut next = buffer.record(fields.u64(24, "FirstUnicastAddress")?, "FirstUnicastAddress")?;
    let mut left = buffer.bytes.len();
    while let Some(unicast) = next.filter(|_| left > 0) {
        addresses.extend(address(buffer, unicast)?);
        next = buffer.record(unicast.u64(8, "Next")?, "Next")?;
        left = left.saturating_sub(64);
    }
    Ok(Adapter {
        name: buffer.text(fields.u64(72, "FriendlyName")?, "FriendlyName")?,
        hardware: fields.bytes(80, hardware, "PhysicalAddress")?.to_vec(),
        mtu: fields.u32(96, "Mtu")?,
        status: fields.u32(104, "OperStatus")?,
        speed: fields.u64(184, "TransmitLinkSpeed")?,
        luid: fields.u64(224, "Luid")?,
        addresses,
    })
}

/// `None` for a family that is not of the Internet.
fn address(buffer: Buffer<'_>, unicast: Fields<'_>) -> Result<Option<Address>> {
    const AF_INET: u16 = 2;
    const AF_INET6: u16 = 23;
    let Some(socket) = buffer.record(unicast.u64(16, "lpSockaddr")?, "lpSockaddr")? else { return Ok(None) };
    let (address, scope) = match socket.u16(0, "sa_family")? {
        AF_INET => (IpAddr::from(Ipv4Addr::from(socket.array::<4>(4, "sin_addr")?)), 0),
        AF_INET6 => (Ipv6Addr::from(socket.array::<16>(8, "sin6_addr")?).into(), socket.u32(24, "sin6_scope_id")?),
        _ => return Ok(None),
    };
    Ok(Some(Address { address, scope, prefix: unicast.u8(56, "OnLinkPrefixLength")? }))
}

/// What an interface has carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counters {
    pub in_bytes: u64,
    pub in_packets: u64,
    pub in_errors: u64,
    pub in_discards: u64,
    pub out_bytes: u64,
    pub out_packets: u64,
    pub out_errors: u64,
    pub out_discards: u64,
}

/// `GetIfEntry2`.
pub fn counters(bytes: &[u8]) -> Result<Counters> {
    let row = Fields(bytes);
    Ok(Counters {
        in_bytes: row.u64(1208, "InOctets")?,
        in_packets: row.u64(1216, "InUcastPkts")?.saturating_add(row.u64(1224, "InNUcastPkts")?),
        in_discards: row.u64(1232, "InDiscards")?,
        in_errors: row.u64(1240, "InErrors")?,
        out_bytes: row.u64(1280, "OutOctets")?,
        out_packets: row.u64(1288, "OutUcastPkts")?.saturating_add(row.u64(1296, "OutNUcastPkts")?),
        out_discards: row.u64(1304, "OutDiscards")?,
        out_errors: row.u64(1312, "OutErrors")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, wide, wide_bytes};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_interfaces() {
        let (base, unicast, socket, second) = (0x1000u64, 448usize, 512usize, 640usize);
        let at = |offset: usize| base + offset as u64;
        let mut made = Made::new(1100);
        made.u64(8, at(second)).u64(24, at(unicast)).u64(72, at(560)).set(80, [2, 0, 0, 0, 0, 7]).u32(88, 6);
        made.u32(96, 1500).u32(104, 1).u64(184, 10_000_000).u64(224, 55);
        made.u64(unicast + 16, at(socket)).set(unicast + 56, [24]);
        made.set(socket, [2, 0, 0, 0, 10, 0, 2, 15]).set(560, wide_bytes("Ethernet\0"));
        let found = adapters(Buffer::new(&made.0, base)).unwrap();
        let first = Adapter {
            luid: 55,
            name: wide("Ethernet"),
            hardware: vec![2, 0, 0, 0, 0, 7],
            mtu: 1500,
            status: 1,
            speed: 10_000_000,
            addresses: vec![Address { address: Ipv4Addr::new(10, 0, 2, 15).into(), scope: 0, prefix: 24 }],
        };
        assert_eq!((found.len(), &found[0]), (2, &first));
        assert!(found[1].name.is_empty() && found[1].hardware.is_empty());
        made.u64(8, 1);
        assert_eq!(adapters(Buffer::new(&made.0, base)).unwrap_err().field(), "Next");
        // A ring ends.
        made.u64(8, base);
        assert!(adapters(Buffer::new(&made.0, base)).unwrap().len() < 100);
    }

    #[test]
    fn counters_of_an_interface() {
        let mut made = Made::new(1352);
        for (number, at) in [1208, 1216, 1224, 1232, 1240, 1280, 1288, 1296, 1304, 1312].into_iter().enumerate() {
            made.u64(at, 1 << number);
        }
        let expected = Counters {
            in_bytes: 1,
            in_packets: 2 + 4,
            in_discards: 8,
            in_errors: 16,
            out_bytes: 32,
            out_packets: 64 + 128,
            out_discards: 256,
            out_errors: 512,
        };
        assert_eq!(counters(&made.0), Ok(expected));
        assert_eq!(counters(&made.0[..1312]).unwrap_err().field(), "OutErrors");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600), address in 0u64..64) {
            let _ = (adapters(Buffer::new(&bytes, address)), counters(&bytes));
        }
    }
}
