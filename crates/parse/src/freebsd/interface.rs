//! Interfaces: the headers of route messages, `struct if_data`, `SIOCGIFXMEDIA`.

use crate::bsd::interface::interfaces;
use crate::bsd::media::Encoding;
use crate::bsd::route::{Header, Layout, Length};
use crate::bsd::sockaddr;
use crate::view::view;

view! {
    /// Counters of an interface.
    pub struct Data = "if_data" (152) {
        /// Largest packet.
        mtu: u32 = "ifi_mtu" @ 8,
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
        /// Packets dropped instead of being sent.
        drops_out: u64 = "ifi_oqdrops" @ 104,
    }
}

view! {
    /// How an interface is connected.
    pub struct Media = "ifmediareq" (48) {
        /// Bit 0: the status is known. Bit 1: it is connected.
        status: i32 = "ifm_status" @ 24,
        /// Media word in use.
        active: u32 = "ifm_active" @ 28,
    }
}

/// The headers of route messages.
pub const LAYOUT: Layout = Layout {
    version: 5,
    interface: Header { kind: 0x0e, addrs: 4, index: 12, length: Length::Is(168) },
    address: Header { kind: 0x0c, addrs: 4, index: 12, length: Length::Is(20) },
    flags: 8,
    data: 16,
    align: 8,
    inet6: sockaddr::INET6_FREEBSD,
};

/// Media words.
pub const MEDIA: Encoding = Encoding {
    kind_mask: 0xe0,
    ethernet: 0x20,
    ethernet_mask: 0x781f,
    ethernet_speed,
    wireless: 0x80,
    subtype_mask: 0x1f,
    full_duplex: 0x10_0000,
    half_duplex: 0x20_0000,
};

interfaces!(data => data.drops_out());

/// The speed of an Ethernet subtype, whose number lies in two pieces of the media word.
const fn ethernet_speed(subtype: u64) -> Option<u32> {
    Some(match subtype & 0x1f | subtype >> 6 & 0x1e0 {
        3..=5 | 12..=13 => 10,
        6..=10 | 52 | 62 | 120 => 100,
        11 | 14..=16 | 30 | 41 | 44 | 121 => 1000,
        21 | 36..=37 | 63 => 2500,
        38 | 64 | 69..=70 => 5000,
        18..=20 | 22..=24 | 26 | 32..=34 | 42 | 46 | 59 => 10_000,
        35 => 20_000,
        40 | 53..=55 | 58 | 60..=61 | 65..=68 | 71 | 86 => 25_000,
        27..=29 | 43 | 45 | 72..=74 | 119 => 40_000,
        39 | 56..=57 | 75..=85 | 87..=88 | 118 => 50_000,
        51 => 56_000,
        47..=50 | 89..=102 => 100_000,
        103..=112 => 200_000,
        113..=117 => 400_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bsd::media::Duplex;

    #[test]
    fn media_words() {
        let gigabit = 0x20 | 0x10 | 0x10_0000;
        assert_eq!((MEDIA.speed(gigabit), MEDIA.duplex(gigabit)), (Some(1000), Duplex::Full));
        // 53, 25GBase-CR: its low five bits, and the rest six places higher.
        let extended = 0x20 | 53 & 0x1f | (53 & 0x1e0) << 6;
        assert_eq!((MEDIA.speed(extended), MEDIA.duplex(extended | 0x20_0000)), (Some(25_000), Duplex::Half));
        assert_eq!((MEDIA.speed(0x80 | 17), MEDIA.duplex(0x80)), (Some(54), Duplex::Unknown));
        assert_eq!((MEDIA.speed(0x20), MEDIA.speed(0x60 | 3)), (None, None));
    }
}
