//! The full-screen view.

use clap::Args;

use super::Subcommand;
use crate::context::{Context, Outcome};
use crate::output::schema::Body;

#[derive(Args)]
pub(crate) struct Top {}

impl Subcommand for Top {
    const NAME: &'static str = "top";
    const ABOUT: &'static str = "The machine and its processes, full screen and live";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("top", "? explains the keys")];

    fn body() -> Body {
        Body::None
    }

    fn run(self, _: &Context) -> Outcome {
        Ok(true)
    }
}
