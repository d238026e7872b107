//! Users: utmp, systemd-logind's sessions, and the user database.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, SystemTime};

use psoxide_parse::linux::utmp::{self, Login};
use psoxide_parse::{decimal, lines, split_once};

use super::source::if_any;
use super::{Os, Source, ffi};
use crate::sys::UserReadings;
use crate::{Result, User};

impl UserReadings for Os {
    fn users(source: &Source) -> Result<Vec<User>> {
        for file in ["var/run/utmp", "run/utmp"] {
            let users = source.read_if_any(&source.file(file), |bytes| {
                Ok(utmp::logins(bytes, cfg!(target_endian = "little")).iter().map(user).collect())
            })?;
            if let Some(users) = users {
                return Ok(users);
            }
        }
        let folder = source.file("run/systemd/sessions");
        let mut names = if_any(source.names(&folder))?.unwrap_or_default();
        // ID.ref is a pipe: opening it would wait for a writer.
        names.retain(|name| !name.as_bytes().contains(&b'.'));
        names.sort_unstable();
        let mut users = Vec::new();
        for name in names {
            users.extend(source.read_if_any(&folder.join(name), |bytes| Ok(session(bytes)))?.flatten());
        }
        Ok(users)
    }

    fn user_name(source: &Source, uid: u32) -> Result<Option<OsString>> {
        if source.is_live() {
            return ffi::user_name(uid);
        }
        let name = source.read_if_any(&source.file("etc/passwd"), |bytes| {
            Ok(lines(bytes).find_map(|line| {
                let mut fields = line.split(|byte| *byte == b':');
                let name = fields.next()?;
                let id = fields.nth(1)?;
                (decimal(id, "uid").ok()? == u64::from(uid)).then(|| OsStr::from_bytes(name).to_owned())
            }))
        })?;
        Ok(name.flatten())
    }
}

fn user(login: &Login<'_>) -> User {
    User {
        name: OsStr::from_bytes(login.user).to_owned(),
        terminal: terminal(login.line),
        host: Some(host(login.host)),
        started: time(login.seconds, login.micros),
        pid: u32::try_from(login.pid).ok().filter(|pid| *pid > 0),
    }
}

/// A file of /run/systemd/sessions, if the session is a user's.
fn session(bytes: &[u8]) -> Option<User> {
    let value =
        |key: &[u8]| lines(bytes).filter_map(|line| split_once(line, b'=')).find(|(k, _)| *k == key).map(|(_, v)| v);
    if value(b"CLASS") != Some(b"user") {
        return None;
    }
    let micros = decimal(value(b"REALTIME")?, "REALTIME").ok()?;
    Some(User {
        name: OsStr::from_bytes(value(b"USER")?).to_owned(),
        terminal: terminal(value(b"TTY").unwrap_or_default()),
        host: Some(host(value(b"REMOTE_HOST").unwrap_or_default())),
        started: SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(micros))?,
        pid: value(b"LEADER")
            .and_then(|pid| decimal(pid, "LEADER").ok())
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid > 0),
    })
}

fn terminal(line: &[u8]) -> Option<OsString> {
    (!line.is_empty()).then(|| OsStr::from_bytes(line).to_owned())
}

/// A display of this machine, or nothing, is this machine.
fn host(host: &[u8]) -> OsString {
    match host {
        b"" | b":0" | b":0.0" => OsString::from("localhost"),
        host => OsStr::from_bytes(host).to_owned(),
    }
}

fn time(seconds: i64, micros: i64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let second =
        if seconds < 0 { SystemTime::UNIX_EPOCH.checked_sub(whole) } else { SystemTime::UNIX_EPOCH.checked_add(whole) };
    let part = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    second.and_then(|second| second.checked_add(part)).unwrap_or(SystemTime::UNIX_EPOCH)
}
