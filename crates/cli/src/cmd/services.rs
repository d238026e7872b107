//! Services of Windows.

use clap::Args;
use psoxide::{Record as _, Service, ServiceStatus};

use super::{Subcommand, global};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field};
use crate::output::style::Tone;

#[derive(Args)]
pub(crate) struct Services {
    #[command(flatten)]
    list: ListArgs,
}

macro_rules! part {
    ($name:ident, $title:literal) => {
        Column::of(field(Service::FIELDS, stringify!($name)), $title, |service: &Service| cell(&service.$name))
    };
}

const LISTING: Listing<Service> = Listing {
    command: Services::NAME,
    columns: &[
        part!(name, "NAME"),
        part!(status, "STATUS").tone(|service| match service.status {
            ServiceStatus::Running => Tone::Low,
            ServiceStatus::Stopped => Tone::Faint,
            _ => Tone::Medium,
        }),
        part!(pid, "PID"),
        part!(start_type, "START"),
        part!(username, "USER"),
        part!(display_name, "TITLE"),
        part!(binpath, "COMMAND"),
        part!(description, "DESCRIPTION"),
    ],
    table: &["name", "status", "pid", "start_type", "username", "display_name"],
    ..Listing::DEFAULT
};

impl Subcommand for Services {
    const NAME: &'static str = "services";
    const ABOUT: &'static str = "Services (Windows only)";
    const REFUSES: global::Groups = &[global::BACKEND];
    const FILTER: &'static str = "status == running && start_type == automatic";
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("services", "all services"), ("services --filter 'status == running'", "those that run")];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        // What a history does not hold, another system may.
        if context.sampled.is_none() && system.services().is_err_and(|error| error.is_unsupported()) {
            return Err(Failure::Other(
                "services are not supported here: only Windows keeps such a list; ask this system's service manager, \
                 such as systemctl list-units"
                    .into(),
            ));
        }
        LISTING.run(context, &self.list, None, |_| {
            // One that was removed meanwhile, or that this user may not look at, is left out.
            let services = system.services()?.into_iter().filter_map(|(name, _)| system.service(name).ok());
            Ok(Sample::of(services))
        })
    }
}

#[cfg(test)]
mod tests {
    use psoxide::ServiceStart;

    use super::*;
    use crate::args::Globals;
    use crate::checker::Checker;
    use crate::config::Config;

    fn service(pid: Option<u32>, status: ServiceStatus) -> Service {
        Service::with(|service| {
            service.name = "spooler".into();
            service.display_name = "Print Spooler".into();
            service.binpath = r"C:\windows\system32\spoolsv.exe".into();
            service.username = "LocalSystem".into();
            service.start_type = ServiceStart::Automatic;
            (service.status, service.pid) = (status, pid);
            service.description = "Loads files to memory for printing".into();
        })
    }

    #[test]
    fn what_is_written_keeps_to_the_schema() {
        let services = || vec![service(Some(42), ServiceStatus::Running), service(None, ServiceStatus::StartPending)];
        let context = |globals| Context::new(globals, Config::default(), false).unwrap();
        let mut checker = Checker::new();
        let json = LISTING.written(&context(Globals { json: true, ..Globals::default() }), services());
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        checker.check("services", &json);
        assert_eq!(json["rows"].as_array().map(Vec::len), Some(2));
        let lines = LISTING.written(&context(Globals { jsonl: true, ..Globals::default() }), services());
        checker.check_lines("services", &lines);
        assert_eq!(lines.lines().count(), 2);
    }
}
