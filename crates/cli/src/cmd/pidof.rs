//! Finds the pids of processes by name.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;

use clap::Args;
use psoxide::{Field, Row};

use super::Subcommand;
use crate::args::{Format, ListArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::listing::presentation::Presentation;
use crate::output::column::Meta;
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler};

#[derive(Args)]
pub(crate) struct Pidof {
    /// Names, or paths of executables
    #[arg(required = true, value_name = "NAME")]
    names: Vec<OsString>,
    #[command(flatten)]
    select: ProcessArgs,
    #[command(flatten)]
    list: ListArgs,
}

const LISTING: Listing<Proc> = Listing {
    command: Pidof::NAME,
    columns: COLUMNS,
    table: &["pid"],
    data: &["pid", "name", "username"],
    ..Listing::DEFAULT
};

/// The fields that a process is matched by.
const NEEDS: [Field; 3] = [Field::Name, Field::Exe, Field::Cmdline];

/// Returns what of `row` matches one of `names`: its name, the path of its executable, or, unless the match must be
/// exact, `argv[0]` or the script that it runs.
pub(crate) fn matched(row: &Row, names: &[OsString], exact: bool) -> Option<&'static str> {
    let file = |path: &OsStr, name| path == name || Path::new(path).file_name() == Some(name);
    names.iter().find_map(|name| {
        let name = name.as_os_str();
        if row.name.value().is_some_and(|own| own == name) {
            return Some("name");
        }
        if row.exe.value().is_some_and(|exe| exe.as_os_str() == name) {
            return Some("path");
        }
        let cmdline = row.cmdline.value().filter(|_| !exact)?;
        if cmdline.first().is_some_and(|first| file(first, name)) {
            return Some("argv[0]");
        }
        // An interpreter is argv[0] and gets the path of the script as its first argument.
        let script = cmdline.get(1).filter(|script| Path::new(script).is_absolute());
        script.is_some_and(|script| file(script, name)).then_some("script")
    })
}

impl Subcommand for Pidof {
    const NAME: &'static str = "pidof";
    const ABOUT: &'static str = "Find the pids of processes by name";
    const DETAILS: &'static str = "A process matches by its name, the path of its executable, argv[0], or the script that it runs. Without \
         --columns the pids are written on one line, for other commands.";
    const FILTER: &'static str = "username == anna && status == sleeping";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("pidof sshd", "all sshd on one line"),
        ("pidof sshd --columns pid,cmdline", "as a table"),
        ("pidof python3 --user anna --json", "anna's, for another program"),
    ];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut sampler = Sampler::new(context, &self.select, First::Lifetime).also(&NEEDS);
        let named = |process: &Proc| matched(&process.row, &self.names, false).is_some();
        if self.list.columns.is_none() && !self.select.tree && context.format == Format::Text && !context.repeats() {
            if let Some(option) = self.list.form() {
                return Err(Failure::Usage(format!("{option} is for tables; pidof writes one with --columns")));
            }
            let presentation = Presentation::new(&LISTING, context.format, &context.config, &self.list)?;
            let mut rows = sampler.sample(&presentation.ask())?.rows;
            rows.retain(named);
            let pids: Vec<String> =
                presentation.chosen(rows).iter().map(|process| process.row.pid.to_string()).collect();
            if !pids.is_empty() {
                let mut out = context.sink();
                writeln!(out, "{}", pids.join(" "))?;
                out.finish()?;
            }
            return Ok(!pids.is_empty());
        }
        LISTING.run(context, &self.list, self.select.tree(), |ask| {
            let mut sample = sampler.sample(ask)?;
            sample.rows.retain(named);
            Ok(sample)
        })
    }
}
