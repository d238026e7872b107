//! Who is logged in.

use psoxide_parse::macos::utmpx::{self, Record};

use super::calls::Question;
use super::{Macos, Source};
use crate::sys::UserReadings;
use crate::sys::bsd::users::session;
use crate::{Result, User};

impl UserReadings for Macos {
    fn users(source: &Source) -> Result<Vec<User>> {
        source.read(&Question::Logins, |bytes| utmpx::logins(bytes).map(|login| user(login?)).collect())
    }
}

fn user(login: Record<'_>) -> psoxide_parse::Result<User> {
    session(login.user(), login.line(), login.host(), (login.time()?, "ut_tv"), Some(login.pid()))
}
