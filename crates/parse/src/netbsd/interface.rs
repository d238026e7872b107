//! Interfaces: the headers of route messages, `struct if_data`, `SIOCGIFMEDIA`.

use crate::bsd::interface::interfaces;
use crate::bsd::media::Encoding;
use crate::bsd::route::{Header, Layout, Length};
use crate::bsd::sockaddr;
use crate::view::view;

view! {
    /// Counters of an interface.
    pub struct Data = "if_data" (136) {
        /// Kind of interface: 6 Ethernet, 24 loopback.
        kind: u8 = "ifi_type" @ 0,
        /// 0 unknown, 1 down, 2 up.
        link_state: i32 = "ifi_link_state" @ 4,
        /// Largest packet.
        mtu: u64 = "ifi_mtu" @ 8,
        /// Bits per second.
        baudrate: u64 = "ifi_baudrate" @ 24,
        /// Packets received.
        packets_in: u64 = "ifi_ipackets" @ 32,
        /// Errors while receiving.
        errors_in: u64 = "ifi_ierrors" @ 40,
        /// Packets sent.
        packets_out: u64 = "ifi_opackets" @ 48,
        /// Errors while sending.
        errors_out: u64 = "ifi_oerrors" @ 56,
        /// Bytes received.
        bytes_in: u64 = "ifi_ibytes" @ 72,
        /// Bytes sent.
        bytes_out: u64 = "ifi_obytes" @ 80,
        /// Received packets dropped.
        drops_in: u64 = "ifi_iqdrops" @ 104,
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
    version: 4,
    interface: Header { kind: 0x14, addrs: 4, index: 12, length: Length::Is(152) },
    address: Header { kind: 0x16, addrs: 12, index: 4, length: Length::Is(32) },
    flags: 8,
    data: 16,
    align: 8,
    inet6: sockaddr::INET6,
};

/// Media words.
pub const MEDIA: Encoding = Encoding {
    kind_mask: 0xe0,
    ethernet: 0x20,
    ethernet_mask: 0xe01f,
    ethernet_speed,
    wireless: 0x80,
    subtype_mask: 0x1f,
    full_duplex: 0x10_0000,
    half_duplex: 0x20_0000,
};

// The kernel counts packets that it could not send with the errors.
interfaces!(data => 0);

const fn ethernet_speed(subtype: u64) -> Option<u32> {
    Some(match subtype {
        0x3..=0x5 | 0xc..=0xd => 10,
        0x6..=0xa => 100,
        0xb | 0xe..=0x10 | 0x16 | 0x1b | 0x2000 => 1000,
        0x11 => 1,
        0x15 | 0x1c..=0x1d => 2500,
        0x1e | 0x2001 => 5000,
        0x12..=0x14 | 0x17..=0x1a | 0x2002..=0x2009 => 10_000,
        0x200a => 20_000,
        0x200b..=0x2015 => 25_000,
        0x2016..=0x201e => 40_000,
        0x201f | 0x4000..=0x4007 | 0x4009..=0x400a => 50_000,
        0x400b => 56_000,
        0x400c..=0x4017 | 0x6006..=0x6009 => 100_000,
        0x4018..=0x401f | 0x600a => 200_000,
        0x6000..=0x6005 | 0x600b..=0x600f => 400_000,
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
        assert_eq!((MEDIA.speed(0x20 | 0x4000 | 0x0d), MEDIA.duplex(0x20_0020)), (Some(100_000), Duplex::Half));
        assert_eq!((MEDIA.speed(0x80 | 17), MEDIA.duplex(0x80)), (Some(54), Duplex::Unknown));
        assert_eq!((MEDIA.speed(0x20), MEDIA.speed(0x60 | 3)), (None, None));
    }
}
