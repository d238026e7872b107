//! `SIOCGIFMEDIA`: what an interface is connected by. The numbers of media differ between systems.

/// How one system encodes media words; see `if_media.h`.
#[derive(Debug, Clone, Copy)]
pub struct Encoding {
    /// `IFM_NMASK`: the bits that hold the kind of network.
    pub kind_mask: u64,
    /// `IFM_ETHER`.
    pub ethernet: u64,
    /// The bits that hold an Ethernet subtype.
    pub ethernet_mask: u64,
    /// Megabits per second of an Ethernet subtype.
    pub ethernet_speed: fn(u64) -> Option<u32>,
    /// `IFM_IEEE80211`.
    pub wireless: u64,
    /// `IFM_TMASK`: the bits that hold any other subtype.
    pub subtype_mask: u64,
    /// `IFM_FDX`.
    pub full_duplex: u64,
    /// `IFM_HDX`.
    pub half_duplex: u64,
}

/// Whether both ends may send at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplex {
    /// Both at once.
    Full,
    /// One at a time.
    Half,
    /// The driver does not report it.
    Unknown,
}

impl Encoding {
    /// The speed that a media word stands for, in megabits per second.
    #[must_use]
    pub fn speed(&self, word: u64) -> Option<u32> {
        let kind = word & self.kind_mask;
        if kind == self.ethernet {
            (self.ethernet_speed)(word & self.ethernet_mask)
        } else if kind == self.wireless {
            wireless_speed(word & self.subtype_mask)
        } else {
            None
        }
    }

    /// The duplex mode that a media word stands for.
    #[must_use]
    pub fn duplex(&self, word: u64) -> Duplex {
        if word & self.full_duplex != 0 {
            Duplex::Full
        } else if word & self.half_duplex != 0 {
            Duplex::Half
        } else {
            Duplex::Unknown
        }
    }
}

/// The subtypes of 802.11 up to OFDM72 have the same numbers everywhere.
const fn wireless_speed(subtype: u64) -> Option<u32> {
    Some(match subtype {
        3 | 8 => 1,
        4 | 5 => 2,
        6 => 5,
        7 => 11,
        9 => 22,
        10 => 6,
        11 => 9,
        12 => 12,
        13 => 18,
        14 => 24,
        15 => 36,
        16 => 48,
        17 => 54,
        18 => 72,
        _ => return None,
    })
}
