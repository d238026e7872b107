//! Lists login sessions, and finds the names of accounts.

use std::ffi::OsString;

use psoxide_parse::windows::{sessions, sid};

use super::abi::NONE_MAPPED;
use super::calls::{Question, SessionClass};
use super::source::{answered, moment, text, text_of};
use super::{Source, Windows};
use crate::sys::UserReadings;
use crate::{Result, User};

impl UserReadings for Windows {
    fn users(source: &Source) -> Result<Vec<User>> {
        let mut users = Vec::new();
        for session in sessions::sessions(&source.ask(&Question::Sessions)?) {
            let ask = |class| answered(source.ask(&Question::Session(class, session.id)));
            // A session without a user: nobody has logged in, or the session has ended.
            let Some(name) = ask(SessionClass::UserName)?.map(|bytes| text_of(&bytes)).filter(|name| !name.is_empty())
            else {
                continue;
            };
            let client = ask(SessionClass::ClientAddress)?.map(|bytes| sessions::client(&bytes)).transpose()?.flatten();
            let logon = ask(SessionClass::Info)?.map(|bytes| sessions::logon(&bytes)).transpose()?;
            users.push(User {
                name,
                terminal: Some(text(&session.name)).filter(|name| !name.is_empty()),
                host: client.map(|address| address.to_string().into()),
                started: logon.filter(|logon| *logon != 0).map(moment).transpose()?,
                pid: None,
            });
        }
        Ok(users)
    }
}

/// Returns `DOMAIN\NAME` for a security identifier, or the identifier if no account has it.
pub(super) fn account(source: &Source, identifier: &[u8]) -> Result<OsString> {
    match source.ask(&Question::Account(identifier.to_vec())) {
        Ok(bytes) => {
            let (domain, name) = sessions::account(&bytes);
            if domain.is_empty() {
                return Ok(text(&name));
            }
            let mut account = text(&domain);
            account.push("\\");
            account.push(text(&name));
            Ok(account)
        }
        Err(error) if error.errno() == Some(NONE_MAPPED) => Ok(sid::text(identifier)?.into()),
        Err(error) => Err(error),
    }
}
