//! Interfaces: the headers of the route messages of `NET_RT_IFLIST2`, `struct if_data64`, `SIOCGIFXMEDIA`.

use crate::bsd::interface::interfaces;
use crate::bsd::media::Encoding;
use crate::bsd::route::{Header, Layout, Length};
use crate::bsd::sockaddr;
use crate::view::view;

view! {
    /// Counters of an interface, with 64 bits.
    pub struct Data = "if_data64" (128) {
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
    }
}

view! {
    /// How an interface is connected.
    pub struct Media = "ifmediareq" (44) {
        /// Media word in use.
        active: u32 = "ifm_active" @ 28,
    }
}

/// The headers of route messages.
pub const LAYOUT: Layout = Layout {
    version: 5,
    interface: Header { kind: 0x12, addrs: 4, index: 12, length: Length::Is(160) },
    address: Header { kind: 0x0c, addrs: 4, index: 12, length: Length::Is(20) },
    flags: 8,
    data: 32,
    align: 4,
    inet6: sockaddr::INET6_MACOS,
};

/// Media words.
pub const MEDIA: Encoding = Encoding {
    kind_mask: 0xe0,
    ethernet: 0x20,
    ethernet_mask: 0xf_001f,
    ethernet_speed,
    wireless: 0x80,
    subtype_mask: 0x1f,
    full_duplex: 0x10_0000,
    half_duplex: 0x20_0000,
};

// The kernel does not count packets that it could not send.
interfaces!(data => 0);

/// The speed of an Ethernet subtype, whose number lies in two pieces of the media word (`IFM_X_SUBTYPE`).
const fn ethernet_speed(subtype: u64) -> Option<u32> {
    Some(match subtype & 0x1f | subtype >> 11 & 0x1e0 {
        17 => 1,
        3..=5 | 12..=13 => 10,
        6..=10 | 52 | 62 => 100,
        11 | 14..=16 | 24..=25 | 41 => 1000,
        22 | 32 | 36 | 63 => 2500,
        23 | 64 | 69..=70 => 5000,
        18..=21 | 26..=29 | 33..=35 | 42 | 59 => 10_000,
        30 => 20_000,
        40 | 53..=55 | 58 | 60..=61 | 65..=68 | 71 | 86 => 25_000,
        37..=38 | 43..=45 | 72..=74 => 40_000,
        39 | 56..=57 | 75..=85 | 87..=88 => 50_000,
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
        assert_eq!((MEDIA.speed(0x20 | 22), MEDIA.speed(0x80 | 17), MEDIA.speed(0x20)), (Some(2500), Some(54), None));
        // The low five bits of 100BaseT (52) are those of 10GBase-CX4 (20). The rest is eleven places higher.
        let extended = |subtype: u64| MEDIA.speed(0x20 | subtype & 0x1f | (subtype & 0x1e0) << 11 | 0x10_0000);
        assert_eq!((extended(20), extended(52), extended(63)), (Some(10_000), Some(100), Some(2500)));
        assert_eq!((extended(53), extended(117), extended(118)), (Some(25_000), Some(400_000), None));
    }
}
