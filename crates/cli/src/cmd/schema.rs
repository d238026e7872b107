//! The JSON Schema of the output.

use std::io::Write as _;

use clap::Args;

use super::Subcommand;
use crate::context::{Context, Outcome};
use crate::output::schema::{Body, schema};

#[derive(Args)]
pub(crate) struct Schema {}

impl Subcommand for Schema {
    const NAME: &'static str = "schema";
    const ABOUT: &'static str = "The JSON Schema of what --json and --jsonl write";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("schema > psoxide.schema.json", "for a validator")];

    fn body() -> Body {
        Body::None
    }

    fn run(self, _: &Context) -> Outcome {
        let mut out = anstream::stdout().lock();
        writeln!(out, "{:#}", schema())?;
        out.flush()?;
        Ok(true)
    }
}
