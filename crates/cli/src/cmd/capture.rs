//! Records this machine, so that another one can read it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use psoxide::{CaptureOptions, Pid};

use super::{Subcommand, global};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::output::schema::Body;

#[derive(Args)]
pub(crate) struct Capture {
    /// File to write; - is standard output
    file: PathBuf,
    /// Keep the names of host and users, addresses and environments
    #[arg(long)]
    raw: bool,
    /// Record this process only (may be repeated)
    #[arg(long, value_name = "PID")]
    pid: Vec<Pid>,
}

impl Subcommand for Capture {
    const NAME: &'static str = "capture";
    const ABOUT: &'static str = "Record this machine in a file that --root reads on any machine";
    const DETAILS: &'static str = "Names of host and users, addresses and environments are replaced, unless --raw keeps \
                                   them. Command lines and paths stay: read the file before you give it away.";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("capture machine.txt", "all processes"),
        ("capture --pid 4711 -", "one process, to standard output"),
        ("--root machine.txt ps", "what ps would have shown there"),
    ];
    const REFUSES: global::Groups = global::EVERY;

    fn body() -> Body {
        Body::None
    }

    fn run(self, context: &Context) -> Outcome {
        let mut options = CaptureOptions::default();
        (options.raw, options.pids) = (self.raw, self.pid);
        let text = context.system.capture(&options)?;
        if self.file == Path::new("-") {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
            return Ok(true);
        }
        // A capture is the answer to a bug that may not come back.
        let file = OpenOptions::new().write(true).create_new(true).open(&self.file);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| Failure::Other(format!("cannot write {}: {error}", self.file.display())))?;
        say(&format!("wrote {}; read it before you give it away", self.file.display()));
        Ok(true)
    }
}
