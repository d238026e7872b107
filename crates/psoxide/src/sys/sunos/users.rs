//! Who is logged in.

use psoxide_parse::sunos::utmpx::{self, Record};

use super::calls::Question;
use super::{Source, Sunos};
use crate::sys::UserReadings;
use crate::sys::bsd::{moment, text};
use crate::{Result, User};

impl UserReadings for Sunos {
    fn users(source: &Source) -> Result<Vec<User>> {
        source.read(&Question::File("/var/adm/utmpx".into()), |bytes| {
            let mut users = Vec::new();
            for record in utmpx::records(bytes) {
                let record = record?;
                if record.is_login() {
                    users.push(user(record)?);
                }
            }
            Ok(users)
        })
    }
}

fn user(login: Record<'_>) -> psoxide_parse::Result<User> {
    let some = |bytes: &[u8]| (!bytes.is_empty()).then(|| text(bytes));
    Ok(User {
        name: text(login.user()),
        terminal: some(login.line()),
        host: some(login.host()),
        started: Some(moment(login.time()?, "ut_tv")?),
        pid: u32::try_from(login.pid()).ok(),
    })
}
