//! Network interfaces: state, addresses, counters.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;

use clap::Args;
use psoxide::{AddressFamily, NetIo, NicAddr, NicStats, Reading, Record as _, Unit, Value};

use super::{Subcommand, global};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, Shape, cell, field, part};
use crate::output::value::Cell;

#[derive(Args)]
pub(crate) struct Ifconfig {
    #[command(flatten)]
    list: ListArgs,
}

struct Nic {
    name: OsString,
    stats: Reading<NicStats>,
    io: Reading<NetIo>,
    addresses: Reading<Vec<NicAddr>>,
}

impl Nic {
    /// Returns the interface's addresses of one family, each with its prefix length.
    fn addresses(&self, family: AddressFamily) -> Cell<'_> {
        self.addresses.as_ref().map(|addresses| {
            let own = addresses.iter().filter(|address| address.family == family);
            Value::List(own.map(|address| Value::Text(OsString::from(with_prefix(address)).into())).collect())
        })
    }
}

/// Formats an address with its prefix length, as `192.168.0.5/24`. A hardware address has none.
fn with_prefix(address: &NicAddr) -> String {
    let ones = match &address.netmask {
        Some(psoxide::NicAddress::Inet(mask)) => Some(mask.to_bits().count_ones()),
        Some(psoxide::NicAddress::Inet6(mask, _)) => Some(mask.to_bits().count_ones()),
        _ => None,
    };
    ones.map_or_else(|| address.address.to_string(), |ones| format!("{}/{ones}", address.address))
}

macro_rules! stat {
    ($name:ident, $title:literal) => {
        Column::of(field(NicStats::FIELDS, stringify!($name)), $title, |nic: &Nic| part(&nic.stats, |v| &v.$name))
    };
}

macro_rules! counter {
    ($name:ident, $title:literal) => {
        Column::of(field(NetIo::FIELDS, stringify!($name)), $title, |nic: &Nic| part(&nic.io, |v| &v.$name))
    };
}

const LISTING: Listing<Nic> = Listing {
    command: Ifconfig::NAME,
    columns: &[
        Column::new("name", "INTERFACE", Unit::Text, "Name of the interface.", |nic: &Nic| cell(&nic.name)),
        stat!(isup, "UP").shape(Shape::Bool),
        stat!(speed, "MBIT/s").shape(Shape::Integer),
        stat!(duplex, "DUPLEX"),
        stat!(mtu, "MTU").shown(|nic, out| nic.stats.value().is_some_and(|stats| write!(out, "{}", stats.mtu).is_ok())),
        counter!(bytes_recv, "RECV"),
        counter!(bytes_sent, "SENT"),
        counter!(packets_recv, "PKTS-IN"),
        counter!(packets_sent, "PKTS-OUT"),
        counter!(errin, "ERR-IN"),
        counter!(errout, "ERR-OUT"),
        counter!(dropin, "DROP-IN"),
        counter!(dropout, "DROP-OUT"),
        Column::new("mac", "MAC", Unit::Text, "Hardware addresses.", |nic: &Nic| nic.addresses(AddressFamily::Link))
            .shape(Shape::Texts),
        Column::new("ipv4", "IPV4", Unit::Text, "IPv4 addresses with their prefix lengths.", |nic: &Nic| {
            nic.addresses(AddressFamily::Inet)
        })
        .shape(Shape::Texts),
        Column::new("ipv6", "IPV6", Unit::Text, "IPv6 addresses with their prefix lengths.", |nic: &Nic| {
            nic.addresses(AddressFamily::Inet6)
        })
        .shape(Shape::Texts),
        stat!(flags, "FLAGS").shape(Shape::Texts),
    ],
    table: &["name", "isup", "speed", "mtu", "bytes_recv", "bytes_sent", "mac", "ipv4", "ipv6"],
    data: &[
        "name",
        "isup",
        "speed",
        "duplex",
        "mtu",
        "flags",
        "mac",
        "ipv4",
        "ipv6",
        "bytes_recv",
        "bytes_sent",
        "packets_recv",
        "packets_sent",
        "errin",
        "errout",
        "dropin",
        "dropout",
    ],
    spare: &["speed", "mtu", "mac", "bytes_sent", "bytes_recv"],
    ..Listing::DEFAULT
};

impl Subcommand for Ifconfig {
    const NAME: &'static str = "ifconfig";
    const ABOUT: &'static str = "Network interfaces: state, addresses, counters";
    const REFUSES: global::Groups = &[global::BACKEND];
    const FILTER: &'static str = "isup == yes && ipv4 != null";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("ifconfig", "all interfaces"),
        ("ifconfig --filter 'isup == yes'", "interfaces that are up"),
        ("ifconfig --columns name,ipv4 --no-header", "names and addresses for a script"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        LISTING.run(context, &self.list, None, |_| {
            let counters = system.net_io_counters()?;
            let (mut stats, stats_missing) = by_name(system.net_if_stats());
            let (mut addresses, addresses_missing) = by_name(system.net_if_addrs());
            let row = |(name, io): (OsString, NetIo)| Nic {
                stats: stats
                    .remove(&name)
                    .map_or_else(|| stats_missing.as_ref().map(|()| NicStats::default()), Reading::Value),
                addresses: addresses
                    .remove(&name)
                    .map_or_else(|| addresses_missing.as_ref().map(|()| Vec::new()), Reading::Value),
                io: Reading::Value(io),
                name,
            };
            Ok(Sample::of(counters.into_iter().map(row)))
        })
    }
}

/// Indexes readings by interface name. Also returns what an interface without an entry shows: nothing, or why the reading
/// failed.
fn by_name<T>(reading: psoxide::Result<Vec<(OsString, T)>>) -> (BTreeMap<OsString, T>, Reading<()>) {
    match Reading::from(reading) {
        Reading::Value(list) => (list.into_iter().collect(), Reading::NotAsked),
        missing => (BTreeMap::new(), missing.map(drop)),
    }
}
