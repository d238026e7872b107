//! Reads users: utmp, systemd-logind's sessions, and the user database.

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use psoxide_parse::linux::utmp::{self, Login};
use psoxide_parse::{decimal, lines, passwd, split_once, trim};

use super::source::if_any;
use super::{Linux, Source};
use crate::sys::{UserReadings, text};
use crate::{Result, User};

impl UserReadings for Linux {
    fn users(source: &Source) -> Result<Vec<User>> {
        let users = source.read_if_any(&source.file("var/run/utmp"), |bytes| {
            Ok(utmp::logins(bytes, source.little_endian()).iter().map(user).collect())
        })?;
        if let Some(users) = users {
            return Ok(users);
        }
        let folder = source.file("run/systemd/sessions");
        let mut names = if_any(source.names(&folder))?.unwrap_or_default();
        // ID.ref is a pipe, and opening it would wait for a writer.
        names.retain(|name| !name.as_encoded_bytes().contains(&b'.'));
        names.sort_unstable();
        let mut users = Vec::new();
        for name in names {
            users.extend(source.read_if_any(&folder.join(name), |bytes| Ok(session(bytes)))?.flatten());
        }
        Ok(users)
    }
}

/// Finds the name of a user id. Returns `None` if no user has it.
pub(super) fn name(source: &Source, uid: u32) -> Result<Option<OsString>> {
    source.user_names().get(source.user_database(), uid, || {
        let local = || {
            let found = |bytes: &[u8]| Ok(passwd::name_of(bytes, uid).map(text::of));
            source.read_if_any(&source.file("etc/passwd"), found).map(Option::flatten)
        };
        match source.live() {
            None => local(),
            // The C library would read the same file, after it has loaded its modules.
            Some(kernel) => match is_local_first(source).then(local) {
                Some(Ok(Some(name))) => Ok(Some(name)),
                _ => kernel.user_name(uid),
            },
        }
    })
}

/// Whether nsswitch.conf(5) names /etc/passwd as the first place to look for users, as it does where it is missing.
fn is_local_first(source: &Source) -> bool {
    let first = source.read_if_any(&source.file("etc/nsswitch.conf"), |bytes| {
        let mut services = lines(bytes).filter_map(|line| split_once(line, b':'));
        let users = services.find(|(name, _)| trim(name) == b"passwd");
        Ok(users.is_none_or(|(_, services)| {
            services.split(u8::is_ascii_whitespace).find(|word| !word.is_empty()) == Some(b"files")
        }))
    });
    matches!(first, Ok(None | Some(true)))
}

fn user(login: &Login<'_>) -> User {
    User {
        name: text::of(login.user),
        terminal: terminal(login.line),
        host: host(login.host),
        started: Some(time(login.seconds, login.micros)),
        pid: u32::try_from(login.pid).ok().filter(|pid| *pid > 0),
    }
}

/// Parses a file of /run/systemd/sessions. Returns `None` if the session is not a user's.
fn session(bytes: &[u8]) -> Option<User> {
    let value =
        |key: &[u8]| lines(bytes).filter_map(|line| split_once(line, b'=')).find(|(k, _)| *k == key).map(|(_, v)| v);
    if value(b"CLASS") != Some(b"user") {
        return None;
    }
    let micros = decimal(value(b"REALTIME")?, "REALTIME").ok()?;
    Some(User {
        name: text::of(value(b"USER")?),
        terminal: terminal(value(b"TTY").unwrap_or_default()),
        host: host(value(b"REMOTE_HOST").unwrap_or_default()),
        started: Some(SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(micros))?),
        pid: value(b"LEADER")
            .and_then(|pid| decimal(pid, "LEADER").ok())
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid > 0),
    })
}

fn terminal(line: &[u8]) -> Option<OsString> {
    (!line.is_empty()).then(|| text::of(line))
}

/// Returns the remote host of a login. A login at a display of this machine has none.
fn host(host: &[u8]) -> Option<OsString> {
    match host {
        b"" | b":0" | b":0.0" => None,
        host => Some(text::of(host)),
    }
}

fn time(seconds: i64, micros: i64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let second =
        if seconds < 0 { SystemTime::UNIX_EPOCH.checked_sub(whole) } else { SystemTime::UNIX_EPOCH.checked_add(whole) };
    let part = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    second.and_then(|second| second.checked_add(part)).unwrap_or(SystemTime::UNIX_EPOCH)
}

// Other systems read a copied tree once, as a whole.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::ffi::OsStr;
    use std::fs;

    use super::*;

    #[test]
    fn names_are_remembered_until_passwd_changes() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("proc")).unwrap();
        fs::create_dir_all(root.path().join("etc")).unwrap();
        let passwd = root.path().join("etc/passwd");
        let source = Source::at_root(root.path()).unwrap();
        assert_eq!(name(&source, 7).unwrap(), None);
        fs::write(&passwd, "ann:x:7:7::/:\n").unwrap();
        assert_eq!(name(&source, 7).unwrap().as_deref(), Some(OsStr::new("ann")));
        let asked_again = source.user_names().get(source.user_database(), 7, || panic!("it is known"));
        assert_eq!(asked_again.unwrap().as_deref(), Some(OsStr::new("ann")));
        fs::write(&passwd, "berta:x:7:7::/:\n").unwrap();
        assert_eq!(name(&source, 7).unwrap().as_deref(), Some(OsStr::new("berta")));
    }

    #[test]
    fn the_user_database_is_the_local_file_unless_another_is_asked_first() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("proc")).unwrap();
        fs::create_dir_all(root.path().join("etc")).unwrap();
        let source = Source::at_root(root.path()).unwrap();
        assert!(is_local_first(&source));
        for (text, expected) in [
            ("passwd: files systemd\ngroup: sss\n", true),
            ("# passwd: sss\npasswd:\tfiles\n", true),
            ("group: files\n", true),
            ("passwd: sss files\n", false),
            ("passwd: compat\n", false),
            ("passwd:\n", false),
        ] {
            fs::write(root.path().join("etc/nsswitch.conf"), text).unwrap();
            assert_eq!(is_local_first(&source), expected, "{text:?}");
        }
    }
}
