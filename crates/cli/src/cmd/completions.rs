//! Completions for shells.

use std::io::Write as _;

use clap::Args;
use clap_complete::Shell;

use super::{Subcommand, Takes};
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::schema::Body;

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Subcommand for Completions {
    const NAME: &'static str = "completions";
    const ABOUT: &'static str = "Completions for a shell, on standard output";
    const TAKES: Takes = Takes::Nothing;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("completions bash > /etc/bash_completion.d/psoxide", "for all users of bash"),
        ("completions zsh > ~/.zfunc/_psoxide", "for yourself, in zsh"),
        ("completions fish > ~/.config/fish/completions/psoxide.fish", "in fish"),
    ];

    fn body() -> Body {
        Body::None
    }

    fn run(self, _: &Context) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::command(), "psoxide", &mut script);
        let mut out = anstream::stdout().lock();
        out.write_all(&script)?;
        out.flush()?;
        Ok(true)
    }
}
