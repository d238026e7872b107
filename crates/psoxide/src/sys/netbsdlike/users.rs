//! Names of users.

use std::ffi::OsString;

use super::machine::{Machine, text};
use super::question::Question;
use crate::Result;

/// Reads the name of a user, or writes the number of one without a name.
pub(crate) fn name(machine: &Machine, uid: u32) -> Result<OsString> {
    match machine.ask(&Question::call_of("getpwuid", uid.to_string())) {
        Ok(name) => Ok(text(&name)),
        Err(error) if error.is_missing() => Ok(uid.to_string().into()),
        Err(error) => Err(error),
    }
}
