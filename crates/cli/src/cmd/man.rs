//! Manual pages.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man as Page;

use super::{ALL, Subcommand, Takes};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::schema::Body;

#[derive(Args)]
pub(crate) struct Man {
    /// The page of this command; that of psoxide if not given
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    /// Write all pages to this folder
    #[arg(short, long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

impl Subcommand for Man {
    const NAME: &'static str = "man";
    const ABOUT: &'static str = "Manual pages, on standard output or in a folder";
    const TAKES: Takes = Takes::Nothing;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("man | man -l -", "reads the page of psoxide"),
        ("man ps > psoxide-ps.1", "the page of psoxide ps"),
        ("man --out /usr/local/share/man/man1", "installs all pages"),
    ];

    fn body() -> Body {
        Body::None
    }

    fn run(self, _: &Context) -> Outcome {
        if let Some(folder) = &self.out {
            write(folder, "psoxide.1", &page(None)?)?;
            for entry in ALL {
                write(folder, &format!("psoxide-{}.1", entry.name), &page(Some(entry.name))?)?;
            }
            return Ok(true);
        }
        let text = page(self.command.as_deref())?;
        let mut out = anstream::stdout().lock();
        out.write_all(&text)?;
        out.flush()?;
        Ok(true)
    }
}

fn page(name: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut root = crate::command();
    root.build();
    let page = match name {
        None => Page::new(root),
        Some(name) => {
            let found = root.find_subcommand(name).cloned();
            let command =
                found.ok_or_else(|| Failure::Usage(format!("there is no command {name:?} to have a page")))?;
            // Its full name, as every other manual page of a subcommand has it.
            Page::new(command.name(format!("psoxide-{name}")).bin_name(format!("psoxide {name}")))
        }
    };
    let mut text = Vec::new();
    page.render(&mut text)?;
    Ok(text)
}

fn write(folder: &Path, name: &str, text: &[u8]) -> Result<(), Failure> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|error| Failure::Other(format!("{} could not be written: {error}", path.display())))
}
