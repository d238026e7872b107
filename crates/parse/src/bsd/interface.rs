//! How a system describes its interfaces: route messages, the counters in them, and media requests.

use super::media::Encoding;
use super::route::Layout;
use crate::Result;

/// The counters of an interface, and its largest packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Largest packet.
    pub mtu: u64,
    /// Packets received.
    pub packets_in: u64,
    /// Errors while receiving.
    pub errors_in: u64,
    /// Packets sent.
    pub packets_out: u64,
    /// Errors while sending.
    pub errors_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Received packets dropped.
    pub drops_in: u64,
    /// Packets dropped instead of being sent. 0 where the kernel counts these packets elsewhere or not at all.
    pub drops_out: u64,
}

/// How one system describes its interfaces.
#[derive(Debug, Clone, Copy)]
pub struct Interfaces {
    /// The headers of route messages.
    pub layout: Layout,
    /// Media words.
    pub media: Encoding,
    /// Reads the counters in `struct if_data`.
    pub counters: fn(&[u8]) -> Result<Counters>,
    /// Reads the media word in use from `struct ifmediareq`.
    pub media_word: fn(&[u8]) -> Result<u64>,
}

/// Writes `INTERFACES` from `LAYOUT`, `MEDIA` and the views `Data` and `Media`. `$drops_out` is the number of packets dropped
/// instead of being sent, as read from `$data`.
macro_rules! interfaces {
    ($data:ident => $drops_out:expr) => {
        /// How this system describes its interfaces.
        pub const INTERFACES: $crate::bsd::interface::Interfaces =
            $crate::bsd::interface::Interfaces { layout: LAYOUT, media: MEDIA, counters, media_word };

        fn counters(bytes: &[u8]) -> $crate::Result<$crate::bsd::interface::Counters> {
            let $data = Data::new(bytes)?;
            Ok($crate::bsd::interface::Counters {
                mtu: $data.mtu().into(),
                packets_in: $data.packets_in(),
                errors_in: $data.errors_in(),
                packets_out: $data.packets_out(),
                errors_out: $data.errors_out(),
                bytes_in: $data.bytes_in(),
                bytes_out: $data.bytes_out(),
                drops_in: $data.drops_in(),
                drops_out: $drops_out,
            })
        }

        fn media_word(bytes: &[u8]) -> $crate::Result<u64> {
            Media::new(bytes).map(|media| media.active().into())
        }
    };
}
pub(crate) use interfaces;
