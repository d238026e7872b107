//! Who is logged in.

use psoxide_parse::macos::utmpx::{self, Record};

use super::calls::Question;
use super::{Macos, Source};
use crate::sys::UserReadings;
use crate::sys::bsd::{moment, text};
use crate::{Result, User};

impl UserReadings for Macos {
    fn users(source: &Source) -> Result<Vec<User>> {
        source.read(&Question::Logins, |bytes| utmpx::logins(bytes).map(|login| user(login?)).collect())
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
