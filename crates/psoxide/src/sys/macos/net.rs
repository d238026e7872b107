//! Interfaces. One answer holds their counters, flags and addresses.

use std::ffi::OsString;

use psoxide_parse::macos::interface::{Data, LAYOUT, MEDIA, Media};

use super::calls::Question;
use super::{Macos, Source, sockets};
use crate::sys::NetReadings;
use crate::sys::bsd::interfaces;
use crate::{Connection, ConnectionKind, Duplex, NetIo, NicAddr, NicStats, Result};

/// `EINVAL`, `ENOTTY`, `EOPNOTSUPP`: an interface without media, such as the loopback.
const WITHOUT_MEDIA: [i32; 3] = [22, 25, 102];
/// `ENXIO`: an interface that has gone meanwhile.
const GONE: i32 = 6;

impl NetReadings for Macos {
    fn net_io_counters(source: &Source) -> Result<Vec<(OsString, NetIo)>> {
        source.read(&Question::Interfaces, |bytes| {
            interfaces::each(LAYOUT, bytes, |interface| {
                let data = Data::new(interface.data)?;
                Ok(NetIo {
                    bytes_sent: data.bytes_out(),
                    bytes_recv: data.bytes_in(),
                    packets_sent: data.packets_out(),
                    packets_recv: data.packets_in(),
                    errin: data.errors_in(),
                    errout: data.errors_out(),
                    dropin: data.drops_in(),
                    // The kernel does not count them.
                    dropout: 0,
                })
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
        let all = source.read(&Question::Interfaces, |bytes| {
            interfaces::each(LAYOUT, bytes, |interface| Ok((interface.flags, Data::new(interface.data)?.mtu())))
        })?;
        let mut stats = Vec::with_capacity(all.len());
        for (name, (flags, mtu)) in all {
            let question = Question::Media(name.to_string_lossy().into_owned());
            let word = source.read(&question, |bytes| Media::new(bytes).map(Media::active));
            let (duplex, speed) = match word {
                Ok(word) => interfaces::link(&MEDIA, word),
                Err(error) => match error.errno() {
                    Some(GONE) => continue,
                    Some(errno) if WITHOUT_MEDIA.contains(&errno) => (Duplex::Unknown, None),
                    _ => return Err(error),
                },
            };
            let isup = flags & interfaces::RUNNING != 0;
            let speed = speed.map(u64::from);
            stats.push((name, NicStats { isup, duplex, speed, mtu: mtu.into(), flags: interfaces::flags(flags) }));
        }
        Ok(stats)
    }
}
