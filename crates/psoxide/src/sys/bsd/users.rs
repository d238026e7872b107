//! Who is logged in.

use std::time::Duration;

use super::{moment, text};
use crate::User;

/// A session as a system's list of logins describes it. An empty terminal or host is unknown.
pub(crate) fn session(
    user: &[u8],
    terminal: &[u8],
    host: &[u8],
    (started, field): (Duration, &'static str),
    pid: Option<i32>,
) -> psoxide_parse::Result<User> {
    let filled = |bytes: &[u8]| (!bytes.is_empty()).then(|| text(bytes));
    Ok(User {
        name: text(user),
        terminal: filled(terminal),
        host: filled(host),
        started: Some(moment(started, field)?),
        pid: pid.and_then(|pid| u32::try_from(pid).ok()),
    })
}
