//! Who is logged in.

use std::fmt::Write as _;

use clap::Args;
use psoxide::{Record as _, Unit, User};

use super::{Subcommand, none};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field};
use crate::output::human;

#[derive(Args)]
pub(crate) struct Who {
    #[command(flatten)]
    list: ListArgs,
}

struct Login {
    user: User,
    process: Option<std::ffi::OsString>,
}

const LISTING: Listing<Login> = Listing {
    command: Who::NAME,
    columns: &[
        Column::of(field(User::FIELDS, "name"), "USER", |login: &Login| cell(&login.user.name)),
        Column::of(field(User::FIELDS, "terminal"), "TTY", |login: &Login| cell(&login.user.terminal)),
        Column::of(field(User::FIELDS, "started"), "SINCE", |login: &Login| cell(&login.user.started))
            .shown(|login, out| login.user.started.is_some_and(|time| out.write_str(&human::time(time)).is_ok())),
        Column::of(field(User::FIELDS, "host"), "FROM", |login: &Login| cell(&login.user.host)),
        Column::of(field(User::FIELDS, "pid"), "PID", |login: &Login| cell(&login.user.pid)),
        Column::new("process", "PROCESS", Unit::Text, "The name of that process.", |login: &Login| {
            cell(&login.process)
        }),
    ],
    table: &["name", "terminal", "started", "host", "pid", "process"],
    ..Listing::DEFAULT
};

impl Subcommand for Who {
    const NAME: &'static str = "who";
    const ABOUT: &'static str = "Who is logged in";
    const FILTER: &'static str = "host != null && started > 2d ago";
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("who", "all sessions"), ("who --filter 'host != null'", "those that came over the network")];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        let found = LISTING.run(context, &self.list, None, |_| {
            let login = |user: User| {
                let name = |pid| system.process(pid).and_then(|process| process.name()).ok();
                Login { process: user.pid.and_then(name), user }
            };
            Ok(Sample::of(system.users()?.into_iter().map(login)))
        })?;
        none(context, found, "no login was found")
    }
}
