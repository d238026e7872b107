//! Temperatures and fans.

use clap::Args;
use psoxide::{Fan, Record as _, Temperature, Unit};

use super::{Subcommand, global, none};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field, float, whole};
use crate::output::style::Tone;

#[derive(Args)]
pub(crate) struct Sensors {
    #[command(flatten)]
    list: ListArgs,
}

enum Reads {
    Temperature(Temperature),
    Fan(Fan),
}

struct Sensor {
    chip: String,
    label: String,
    reads: Reads,
}

impl Sensor {
    fn temperature(&self) -> Option<&Temperature> {
        match &self.reads {
            Reads::Temperature(temperature) => Some(temperature),
            Reads::Fan(_) => None,
        }
    }
}

const LISTING: Listing<Sensor> = Listing {
    command: Sensors::NAME,
    columns: &[
        Column::new("chip", "CHIP", Unit::Text, "The chip that measures.", |sensor: &Sensor| cell(&sensor.chip)),
        Column::of(field(Temperature::FIELDS, "label"), "LABEL", |sensor: &Sensor| cell(&sensor.label)),
        Column::new(
            "temperature",
            "TEMP",
            Unit::Celsius,
            "The temperature now, in degrees Celsius.",
            |sensor: &Sensor| float(sensor.temperature().map(|temperature| temperature.current)),
        )
        .tone(|sensor| {
            let Some(temperature) = sensor.temperature() else { return Tone::Faint };
            let reaches = |limit: Option<f64>| limit.is_some_and(|limit| temperature.current >= limit);
            match (reaches(temperature.high), reaches(temperature.critical)) {
                (_, true) => Tone::High,
                (true, _) => Tone::Medium,
                _ => Tone::Plain,
            }
        }),
        Column::of(field(Temperature::FIELDS, "high"), "HIGH", |sensor: &Sensor| {
            float(sensor.temperature().and_then(|temperature| temperature.high))
        }),
        Column::of(field(Temperature::FIELDS, "critical"), "CRITICAL", |sensor: &Sensor| {
            float(sensor.temperature().and_then(|temperature| temperature.critical))
        }),
        Column::new("rpm", "RPM", Unit::Count, "A fan's revolutions per minute now.", |sensor: &Sensor| match &sensor
            .reads
        {
            Reads::Fan(fan) => whole(Some(fan.current)),
            Reads::Temperature(_) => whole(None),
        }),
    ],
    table: &["chip", "label", "temperature", "high", "critical", "rpm"],
    ..Listing::DEFAULT
};

impl Subcommand for Sensors {
    const NAME: &'static str = "sensors";
    const ABOUT: &'static str = "Temperatures and fans";
    const REFUSES: global::Groups = &[global::BACKEND];
    const FILTER: &'static str = "temperature > 70 || rpm > 0";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("sensors", "all of them"),
        ("sensors --filter 'temperature > 70'", "what is hot"),
        ("sensors --interval 5 --jsonl", "a record, for another program"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        let found = LISTING.run(context, &self.list, None, |_| {
            let mut rows = Vec::new();
            // Some systems and machines report temperatures alone, and some Macs fans alone.
            let fans = system.sensors_fans();
            let temperatures = match system.sensors_temperatures() {
                Err(error) if error.is_unsupported() && fans.is_ok() => Vec::new(),
                temperatures => temperatures?,
            };
            for (chip, temperatures) in temperatures {
                rows.extend(temperatures.into_iter().map(|temperature| Sensor {
                    chip: chip.clone(),
                    label: temperature.label.clone(),
                    reads: Reads::Temperature(temperature),
                }));
            }
            match fans {
                Ok(chips) => {
                    for (chip, fans) in chips {
                        rows.extend(fans.into_iter().map(|fan| Sensor {
                            chip: chip.clone(),
                            label: fan.label.clone(),
                            reads: Reads::Fan(fan),
                        }));
                    }
                }
                Err(error) if error.is_unsupported() => {}
                Err(error) => return Err(Failure::from(error)),
            }
            Ok(Sample::of(rows))
        })?;
        none(context, found, "no sensor was found")
    }
}
