//! Interfaces: the headers of route messages, `struct if_data`, `SIOCGIFMEDIA`.

use crate::bsd::interface::interfaces;
use crate::bsd::media::Encoding;
use crate::bsd::route::{Header, Layout, Length};
use crate::bsd::sockaddr;
use crate::view::view;

view! {
    /// Counters of an interface.
    pub struct Data = "if_data" (144) {
        /// Kind of interface: 6 Ethernet, 24 loopback.
        kind: u8 = "ifi_type" @ 0,
        /// 2 down, 4 up and more.
        link_state: u8 = "ifi_link_state" @ 3,
        /// Largest packet.
        mtu: u32 = "ifi_mtu" @ 4,
        /// Bits per second.
        baudrate: u64 = "ifi_baudrate" @ 16,
        /// Packets received.
        packets_in: u64 = "ifi_ipackets" @ 24,
        /// Errors while receiving.
        errors_in: u64 = "ifi_ierrors" @ 32,
        /// Packets sent.
        packets_out: u64 = "ifi_opackets" @ 40,
        /// Errors while sending.
        errors_out: u64 = "ifi_oerrors" @ 48,
        /// Bytes received.
        bytes_in: u64 = "ifi_ibytes" @ 64,
        /// Bytes sent.
        bytes_out: u64 = "ifi_obytes" @ 72,
        /// Received packets dropped.
        drops_in: u64 = "ifi_iqdrops" @ 96,
        /// Packets to be sent that were dropped.
        drops_out: u64 = "ifi_oqdrops" @ 104,
    }
}

view! {
    /// How an interface is connected.
    pub struct Media = "ifmediareq" (64) {
        /// Bit 0: the status is known. Bit 1: it is connected.
        status: u64 = "ifm_status" @ 32,
        /// Media word in use.
        active: u64 = "ifm_active" @ 40,
    }
}

/// The headers of route messages.
pub const LAYOUT: Layout = Layout {
    version: 5,
    interface: Header { kind: 0xe, addrs: 12, index: 6, length: Length::At(4) },
    address: Header { kind: 0xc, addrs: 12, index: 6, length: Length::At(4) },
    flags: 16,
    data: 24,
    align: 8,
    inet6: sockaddr::INET6,
};

/// Media words.
pub const MEDIA: Encoding = Encoding {
    kind_mask: 0xff00,
    ethernet: 0x100,
    ethernet_mask: 0xff,
    ethernet_speed,
    wireless: 0x400,
    subtype_mask: 0xff,
    full_duplex: 1 << 40,
    half_duplex: 1 << 41,
};

interfaces!(data => data.drops_out());

const fn ethernet_speed(subtype: u64) -> Option<u32> {
    Some(match subtype {
        0x3..=0x5 | 0xc..=0xd => 10,
        0x6..=0xa => 100,
        0xb | 0xe..=0x10 | 0x1c | 0x24 | 0x27 => 1000,
        0x11 => 1,
        0x15 | 0x21..=0x22 => 2500,
        0x23 => 5000,
        0x12..=0x14 | 0x16..=0x18 | 0x1d..=0x1f | 0x25 | 0x29 | 0x36 => 10_000,
        0x20 => 20_000,
        0x2f..=0x31 | 0x34..=0x35 | 0x37 => 25_000,
        0x19..=0x1b | 0x26 | 0x28 | 0x38 => 40_000,
        0x32..=0x33 => 50_000,
        0x2e => 56_000,
        0x2a..=0x2d | 0x39 => 100_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bsd::media::Duplex;

    #[test]
    fn media_words() {
        let gigabit = 0x100 | 0x10 | 1 << 40;
        assert_eq!((MEDIA.speed(gigabit), MEDIA.duplex(gigabit)), (Some(1000), Duplex::Full));
        assert_eq!((MEDIA.speed(0x100 | 0x2a), MEDIA.duplex(1 << 41)), (Some(100_000), Duplex::Half));
        assert_eq!((MEDIA.speed(0x400 | 7), MEDIA.duplex(0x400)), (Some(11), Duplex::Unknown));
        assert_eq!(MEDIA.speed(0x100), None);
    }
}
