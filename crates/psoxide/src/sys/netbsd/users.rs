//! Who is logged in.

use psoxide_parse::netbsd::utmpx;

use super::Netbsd;
use crate::sys::UserReadings;
use crate::sys::bsd::users::session;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::question::Question;
use crate::{Result, User};

impl UserReadings for Netbsd {
    fn users(machine: &Machine) -> Result<Vec<User>> {
        let file = match machine.answer(Question::File("/var/run/utmpx")) {
            Ok(file) => file,
            // Nobody has logged in since the boot.
            Err(error) if error.is_missing() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut users = Vec::new();
        for entry in utmpx::entries(&file.bytes) {
            let entry = file.named(entry)?;
            if entry.kind() == utmpx::USER_PROCESS {
                let (started, pid) = (file.named(entry.started())?, entry.pid());
                let user = session(entry.user(), entry.line(), entry.host(), (started, "ut_tv"), Some(pid));
                users.push(file.named(user)?);
            }
        }
        Ok(users)
    }
}
