//! How long the machine has been up, as uptime(1) shows it.

use std::time::SystemTime;

use clap::Args;
use serde_json::json;

use super::{Subcommand, global};
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::answer;
use crate::output::human;
use crate::output::json::Object;
use crate::output::schema::{self, Body};

#[derive(Args)]
pub(crate) struct Uptime {}

impl Subcommand for Uptime {
    const NAME: &'static str = "uptime";
    const ABOUT: &'static str = "How long the machine has been up, logins and load";
    const REFUSES: global::Groups = &[global::BACKEND];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("uptime", "now"), ("uptime --json", "for another program"), ("uptime --interval 60", "a line every minute")];

    fn body() -> Body {
        Body::Data(schema::object([
            ("boot_time", schema::of_unit(psoxide::Unit::Time)),
            ("uptime", json!({"type": ["number", "null"]})),
            ("users", json!({"type": ["integer", "null"]})),
            ("load_average", schema::record::<psoxide::LoadAverage>()),
        ]))
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        answer::data(
            context,
            Self::NAME,
            || Ok(system.uptime()?),
            |uptime| {
                let mut data = Object::default();
                data.reading("boot_time", system.boot_time());
                data.set("uptime", uptime.as_secs_f64());
                data.reading_as("users", system.users(), |users| users.len().into());
                data.reading("load_average", system.load_average());
                Ok(data)
            },
            |uptime, out| {
                let mut parts = Vec::new();
                let clock = system.is_live().then(|| human::clock(SystemTime::now()));
                parts.push(format!(
                    "{}up {}",
                    clock.map(|at| format!("{at} ")).unwrap_or_default(),
                    human::span(uptime)
                ));
                parts.extend(system.users().ok().map(|users| human::counted(users.len(), "user", "users")));
                let load = system.load_average().ok();
                parts.extend(load.map(|v| format!("load average: {:.2}, {:.2}, {:.2}", v.one, v.five, v.fifteen)));
                writeln!(out, " {}", parts.join(",  "))?;
                Ok(())
            },
        )
    }
}
