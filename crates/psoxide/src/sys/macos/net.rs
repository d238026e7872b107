//! Interfaces and sockets.

use std::ffi::OsString;

use psoxide_parse::macos::interface::{Data, LAYOUT, MEDIA, Media};

use super::{Macos, Source, sockets};
use crate::sys::NetReadings;
use crate::sys::bsd::interfaces::Interfaces;
use crate::{Connection, ConnectionKind, NetIo, NicAddr, NicStats, Result};

const INTERFACES: Interfaces = Interfaces {
    layout: LAYOUT,
    media: MEDIA,
    data: |bytes| {
        let data = Data::new(bytes)?;
        let io = NetIo {
            bytes_sent: data.bytes_out(),
            bytes_recv: data.bytes_in(),
            packets_sent: data.packets_out(),
            packets_recv: data.packets_in(),
            errin: data.errors_in(),
            errout: data.errors_out(),
            dropin: data.drops_in(),
            // The kernel does not count them.
            dropout: 0,
        };
        Ok((io, data.mtu().into()))
    },
    word: |bytes| Ok(Media::new(bytes)?.active().cast_unsigned().into()),
};

impl NetReadings for Macos {
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>> {
        INTERFACES.io(source)
    }

    fn net_if_addrs(source: &Source) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        INTERFACES.addresses(source)
    }

    fn net_if_stats(source: &Source) -> Result<Vec<(OsString, NicStats)>> {
        INTERFACES.stats(source)
    }

    fn net_connections(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_all(source, kind)
    }
}
