//! The pids of processes with a name.

use std::io::Write as _;
use std::path::Path;

use clap::Args;
use psoxide::{Field, Reading, Row};

use super::Subcommand;
use crate::args::{Format, ListArgs};
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::column::Meta;
use crate::output::listing::Listing;
use crate::process::columns::COLUMNS;
use crate::process::{First, Proc, ProcessArgs, Sampler};

#[derive(Args)]
pub(crate) struct Pidof {
    /// Names, or paths of executables
    #[arg(required = true, value_name = "NAME")]
    names: Vec<std::ffi::OsString>,
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

/// What a process is matched by.
const NEEDS: [Field; 3] = [Field::Name, Field::Exe, Field::Cmdline];

/// Whether `row` is called one of `names`: by its name, its executable's path, or the script that it runs.
pub(crate) fn called(row: &Row, names: &[std::ffi::OsString]) -> bool {
    let file = |path: &std::ffi::OsStr, name| path == name || Path::new(path).file_name() == Some(name);
    names.iter().any(|name| {
        let name = name.as_os_str();
        if row.name.value().is_some_and(|own| own == name) {
            return true;
        }
        let exe = row.exe.value().is_some_and(|exe| exe.as_os_str() == name);
        // argv[0] of a program that was started by another name; argv[1] of a script whose interpreter is argv[0].
        let Reading::Value(cmdline) = &row.cmdline else { return exe };
        exe || cmdline.first().is_some_and(|first| file(first, name))
            || cmdline.get(1).is_some_and(|script| Path::new(script).is_absolute() && file(script, name))
    })
}

impl Subcommand for Pidof {
    const NAME: &'static str = "pidof";
    const ABOUT: &'static str = "The pids of processes with a name";
    const DETAILS: &'static str = "A process is called by its name, by the path of its executable, and by the script that it runs. Without \
         options the pids stand on one line, for other commands.";
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
        let named = |process: &Proc| called(&process.row, &self.names);
        let plain = self.list.columns.is_none() && self.list.filter.is_none() && !self.select.tree;
        if plain && context.format == Format::Text && !context.repeats() {
            let rows = sampler.matching(named)?;
            let pids: Vec<String> = rows.iter().map(|process| process.row.pid.to_string()).collect();
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
