//! Who is logged in.

use psoxide_parse::netbsd::utmpx;

use super::Netbsd;
use crate::sys::UserReadings;
use crate::sys::netbsdlike::machine::{Machine, moment, text};
use crate::sys::netbsdlike::question::Question;
use crate::{Result, User};

impl UserReadings for Netbsd {
    fn users(machine: &Machine) -> Result<Vec<User>> {
        let file = match machine.ask(&Question::File("/var/run/utmpx")) {
            Ok(file) => file,
            // Nobody has logged in since the boot.
            Err(error) if error.is_missing() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut users = Vec::new();
        for entry in utmpx::entries(&file) {
            let entry = entry?;
            if entry.kind() == utmpx::USER_PROCESS {
                let filled = |bytes: &[u8]| (!bytes.is_empty()).then(|| text(bytes));
                users.push(User {
                    name: text(entry.user()),
                    terminal: filled(entry.line()),
                    host: filled(entry.host()),
                    started: Some(moment(entry.started()?, "ut_tv")?),
                    pid: u32::try_from(entry.pid()).ok(),
                });
            }
        }
        Ok(users)
    }
}
