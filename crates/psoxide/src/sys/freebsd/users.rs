//! Who is logged in.

use psoxide_parse::freebsd::utx;

use super::calls::Question;
use super::{Freebsd, Source};
use crate::sys::UserReadings;
use crate::sys::bsd::users::session;
use crate::{Result, User};

impl UserReadings for Freebsd {
    fn users(source: &Source) -> Result<Vec<User>> {
        let users = source.read(&Question::File("/var/run/utx.active"), |bytes| {
            utx::logins(bytes).map(|login| user(&login?)).collect()
        });
        match users {
            // Nobody has ever logged in.
            Err(error) if error.is_missing() => Ok(Vec::new()),
            users => users,
        }
    }
}

fn user(login: &utx::Login<'_>) -> psoxide_parse::Result<User> {
    session(login.user, login.line, login.host, (login.time, "fu_tv"), Some(login.pid))
}
