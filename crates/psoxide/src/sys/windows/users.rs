//! Who is logged in, and who an account is.

use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr};

use psoxide_parse::windows::sid;

use super::source::moment;
use super::{Source, Windows, ffi};
use crate::sys::UserReadings;
use crate::{Result, User};

impl UserReadings for Windows {
    fn users(_: &Source) -> Result<Vec<User>> {
        let sessions = ffi::sessions()?.into_iter().map(|session| {
            Ok(User {
                name: session.user,
                terminal: Some(session.name).filter(|name| !name.is_empty()),
                host: session.client.and_then(|(family, bytes)| host(family, &bytes)),
                started: (session.logon != 0).then(|| moment(session.logon)).transpose()?,
                pid: None,
            })
        });
        sessions.collect()
    }
}

/// WTS_CLIENT_ADDRESS: an IPv4 address begins at the third byte.
fn host(family: u32, bytes: &[u8; 20]) -> Option<OsString> {
    const AF_INET: u32 = 2;
    const AF_INET6: u32 = 23;
    match family {
        AF_INET => {
            let [_, _, a, b, c, d, ..] = *bytes;
            Some(Ipv4Addr::new(a, b, c, d).to_string().into())
        }
        AF_INET6 => Some(Ipv6Addr::from(*bytes.get(2..)?.first_chunk::<16>()?).to_string().into()),
        _ => None,
    }
}

/// `DOMAIN\name` of a security identifier, or the identifier where nobody has it.
pub(super) fn account(identifier: &[u8]) -> Result<OsString> {
    match ffi::account_name(identifier)? {
        Some((domain, name)) if domain.is_empty() => Ok(name),
        Some((mut domain, name)) => {
            domain.push("\\");
            domain.push(name);
            Ok(domain)
        }
        None => Ok(sid::text(identifier)?.into()),
    }
}
