//! The battery.

use clap::Args;
use psoxide::{Record as _, TimeLeft};

use super::{Subcommand, global, none};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, Shape, cell, field, float};
use crate::output::human;

#[derive(Args)]
pub(crate) struct Battery {
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<psoxide::Battery> = Listing {
    command: Battery::NAME,
    columns: &[
        Column::of(field(psoxide::Battery::FIELDS, "percent"), "CHARGE%", |battery: &psoxide::Battery| {
            cell(&battery.percent)
        }),
        Column::of(field(psoxide::Battery::FIELDS, "secsleft"), "LEFT", |battery: &psoxide::Battery| {
            match battery.secsleft {
                TimeLeft::For(time) => float(Some(time.as_secs_f64())),
                TimeLeft::Unknown | TimeLeft::Unlimited => float(None),
            }
        })
        .shown(|battery, out| {
            match battery.secsleft {
                TimeLeft::For(time) => out.push_str(&human::span(time)),
                TimeLeft::Unknown => out.push_str("unknown"),
                TimeLeft::Unlimited => out.push_str("on mains"),
            }
            true
        }),
        Column::of(field(psoxide::Battery::FIELDS, "power_plugged"), "PLUGGED", |battery: &psoxide::Battery| {
            cell(&battery.power_plugged)
        })
        .shape(Shape::Bool),
    ],
    table: &["percent", "secsleft", "power_plugged"],
    continuous: true,
    ..Listing::DEFAULT
};

impl Subcommand for Battery {
    const NAME: &'static str = "battery";
    const ABOUT: &'static str = "Battery charge and the time until it is empty";
    const REFUSES: global::Groups = &[global::BACKEND];
    const FILTER: &'static str = "percent < 20 && power_plugged == no";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("battery", "the current charge; exit status 1 without a battery"),
        ("battery --interval 60", "a line every minute"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let found = LISTING.run(context, &self.list, None, |_| Ok(Sample::of(context.system.sensors_battery()?)))?;
        none(context, found, "no battery was found")
    }
}
