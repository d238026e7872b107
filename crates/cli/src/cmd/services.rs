//! Services of Windows.

use clap::Args;

use super::Subcommand;
use crate::context::{Context, Failure, Outcome};
use crate::output::schema::Body;

#[derive(Args)]
pub(crate) struct Services {}

impl Subcommand for Services {
    const NAME: &'static str = "services";
    const ABOUT: &'static str = "Services (Windows only)";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("services", "all services")];

    fn body() -> Body {
        Body::None
    }

    fn run(self, _: &Context) -> Outcome {
        Err(Failure::Other(
            "services are not supported here: only Windows keeps such a list; ask this system's service manager, \
             such as systemctl list-units"
                .into(),
        ))
    }
}
