//! What the interfaces carry.

use std::ffi::OsString;

use clap::Args;
use psoxide::{NetIo, Record as _, Unit};

use super::{Subcommand, global};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::rate::Rate;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field, float};

#[derive(Args)]
pub(crate) struct Nettop {
    #[command(flatten)]
    list: ListArgs,
}

struct Nic {
    name: OsString,
    io: NetIo,
    recv_rate: Option<f64>,
    sent_rate: Option<f64>,
    recv_packets: Option<f64>,
    sent_packets: Option<f64>,
}

macro_rules! counter {
    ($name:ident, $title:literal) => {
        Column::of(field(NetIo::FIELDS, stringify!($name)), $title, |nic: &Nic| cell(&nic.io.$name))
    };
}

const LISTING: Listing<Nic> = Listing {
    command: Nettop::NAME,
    columns: &[
        Column::new("name", "INTERFACE", Unit::Text, "The interface's name; total is all of them.", |nic: &Nic| {
            cell(&nic.name)
        }),
        Column::new("recv_rate", "RECV/s", Unit::BytesPerSecond, "Bytes received per second.", |nic: &Nic| {
            float(nic.recv_rate)
        }),
        Column::new("sent_rate", "SENT/s", Unit::BytesPerSecond, "Bytes sent per second.", |nic: &Nic| {
            float(nic.sent_rate)
        }),
        Column::new("recv_packets", "PKTS-IN/s", Unit::PerSecond, "Packets received per second.", |nic: &Nic| {
            float(nic.recv_packets)
        }),
        Column::new("sent_packets", "PKTS-OUT/s", Unit::PerSecond, "Packets sent per second.", |nic: &Nic| {
            float(nic.sent_packets)
        }),
        counter!(bytes_recv, "RECV"),
        counter!(bytes_sent, "SENT"),
        counter!(packets_recv, "PKTS-IN"),
        counter!(packets_sent, "PKTS-OUT"),
        counter!(errin, "ERR-IN"),
        counter!(errout, "ERR-OUT"),
        counter!(dropin, "DROP-IN"),
        counter!(dropout, "DROP-OUT"),
    ],
    table: &["name", "recv_rate", "sent_rate", "recv_packets", "sent_packets", "bytes_recv", "bytes_sent"],
    spare: &["recv_packets", "sent_packets", "bytes_recv", "bytes_sent"],
    ..Listing::DEFAULT
};

impl Subcommand for Nettop {
    const NAME: &'static str = "nettop";
    const ABOUT: &'static str = "Network traffic of each interface";
    const REFUSES: global::Groups = &[global::BACKEND];
    const DETAILS: &'static str = "On a terminal the rows are refreshed every second; --count 1 prints them once. The first sample covers half a \
         second, later ones the interval. With --root, rates are averages since boot.";
    const LIVE: bool = true;
    const FILTER: &'static str = "recv_rate > 1M || errin > 0";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("nettop", "live"),
        ("nettop --count 1", "once"),
        ("nettop --interval 2 --sort=-recv_rate", "every two seconds, the busiest first"),
        ("nettop --columns name,errin,dropin", "who loses packets"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut rate = Rate::new(context);
        LISTING.run(context, &self.list, None, |_| {
            let pair = rate.next(|system| {
                let mut nics = system.net_io_counters()?;
                let total = nics.iter().map(|(_, io)| io.clone()).reduce(|a, b| a.plus(&b));
                nics.extend(total.map(|total| ("total".into(), total)));
                Ok(nics)
            })?;
            let row = |(name, now): &(OsString, NetIo)| {
                let then = pair.then.iter().flatten().find(|(known, _)| known == name);
                let io = then.map_or_else(|| now.clone(), |(_, then)| now.since(then));
                Nic {
                    name: name.clone(),
                    recv_rate: pair.per_second(io.bytes_recv),
                    sent_rate: pair.per_second(io.bytes_sent),
                    recv_packets: pair.per_second(io.packets_recv),
                    sent_packets: pair.per_second(io.packets_sent),
                    io: now.clone(),
                }
            };
            Ok(Sample::over(pair.window, pair.now.iter().map(row)))
        })
    }
}
