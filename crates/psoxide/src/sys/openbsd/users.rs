//! Who is logged in.

use std::time::Duration;

use psoxide_parse::freebsd::count;
use psoxide_parse::openbsd::utmp;

use super::Openbsd;
use crate::sys::UserReadings;
use crate::sys::bsd::users::session;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::{Result, User};

impl UserReadings for Openbsd {
    fn users(machine: &Machine) -> Result<Vec<User>> {
        let file = machine.answer(Question::File("/var/run/utmp"))?;
        let mut users = Vec::new();
        for entry in utmp::entries(&file.bytes) {
            let entry = file.named(entry)?;
            // The slot of a terminal where nobody is logged in.
            if !entry.user().is_empty() {
                let started = Duration::from_secs(file.named(count(entry.time(), "ut_time"))?);
                let user = session(entry.user(), entry.line(), entry.host(), (started, "ut_time"), None);
                users.push(file.named(user)?);
            }
        }
        Ok(users)
    }
}
