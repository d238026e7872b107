//! Interfaces. One answer holds their counters, flags and addresses.

use std::ffi::OsString;

use psoxide_parse::bsd::route::Interface;
use psoxide_parse::freebsd::interface::{Data, LAYOUT, MEDIA, Media};

use super::abi::{EINVAL, ENOTTY, ENXIO, EOPNOTSUPP};
use super::calls::Question;
use super::{Freebsd, Source, sockets};
use crate::sys::NetReadings;
use crate::sys::bsd::interfaces;
use crate::{Connection, ConnectionKind, Duplex, NetIo, NicAddr, NicStats, Result};

impl NetReadings for Freebsd {
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>> {
        each_interface(source, |interface| {
            let data = Data::new(interface.data)?;
            Ok(NetIo {
                bytes_sent: data.bytes_out(),
                bytes_recv: data.bytes_in(),
                packets_sent: data.packets_out(),
                packets_recv: data.packets_in(),
                errin: data.errors_in(),
                errout: data.errors_out(),
                dropin: data.drops_in(),
                dropout: data.drops_out(),
            })
        })
    }

    fn net_connections(source: &Source, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_all(source, kind)
    }

    fn net_if_addrs(source: &Source) -> Result<Vec<(OsString, Vec<NicAddr>)>> {
        source.read(&Question::Interfaces, |bytes| interfaces::addresses(LAYOUT, bytes))
    }

    fn net_if_stats(source: &Source) -> Result<Vec<(OsString, NicStats)>> {
        let interfaces = each_interface(source, |interface| Ok((interface.flags, Data::new(interface.data)?.mtu())))?;
        let mut all = Vec::with_capacity(interfaces.len());
        for (name, (flags, mtu)) in interfaces {
            let Some((duplex, speed)) = link(source, &name)? else { continue };
            let stats = NicStats {
                isup: flags & interfaces::RUNNING != 0,
                duplex,
                speed: speed.map(u64::from),
                mtu: mtu.into(),
                flags: interfaces::flags(flags),
            };
            all.push((name, stats));
        }
        Ok(all)
    }
}

/// Reads something of each interface.
fn each_interface<T>(
    source: &Source,
    read: impl Fn(&Interface<'_>) -> psoxide_parse::Result<T>,
) -> Result<Vec<(OsString, T)>> {
    source.read(&Question::Interfaces, |bytes| interfaces::each(LAYOUT, bytes, read))
}

/// Duplex mode and speed; `None` for an interface that has gone meanwhile.
fn link(source: &Source, name: &OsString) -> Result<Option<(Duplex, Option<u32>)>> {
    let ask = |extended| {
        let question = Question::Media(extended, name.to_string_lossy().into_owned());
        source.read(&question, |bytes| Media::new(bytes).map(|media| media.active()))
    };
    // Not every driver knows the newer request.
    let word = ask(true).or_else(|error| match error.errno() {
        Some(EINVAL | ENOTTY | EOPNOTSUPP) => ask(false),
        _ => Err(error),
    });
    match word {
        Ok(word) => Ok(Some(interfaces::link(&MEDIA, word))),
        Err(error) => match error.errno() {
            Some(ENXIO) => Ok(None),
            // An interface without media, such as the loopback.
            Some(EINVAL | ENOTTY | EOPNOTSUPP) => Ok(Some((Duplex::Unknown, None))),
            _ => Err(error),
        },
    }
}
