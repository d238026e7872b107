//! What the BSDs and macOS share: a table of all processes in one answer, route messages, kqueue(2).
//!
//! [`platform::Bsd`] lists what differs. From it `platform` writes the pass, the cache and the readings of the system.
#![cfg_attr(not(feature = "capture"), allow(dead_code))] // one system alone does not use all of it

#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos"))]
pub(crate) mod control;
pub(crate) mod disk;
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos"))]
pub(crate) mod ffi;
#[cfg(any(test, target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos"))]
pub(crate) mod grow;
pub(crate) mod interfaces;
pub(crate) mod machine;
pub(crate) mod platform;
#[cfg(any(feature = "capture", target_os = "freebsd", target_os = "macos"))]
pub(crate) mod records;
pub(crate) mod sockets;
pub(crate) mod users;
#[cfg(any(
    all(test, unix),
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "macos",
    target_os = "illumos",
    target_os = "solaris"
))]
pub(crate) mod wait;

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use psoxide_parse::ParseError;

use crate::Error;

pub(crate) use super::text::of as text;

/// What an answer holds up to its first NUL, as text of this machine.
pub(crate) fn text_in(bytes: &[u8]) -> OsString {
    text(psoxide_parse::bsd::counters::text(bytes))
}

/// A frequency in megahertz as a float, which holds each exactly.
pub(crate) fn megahertz(number: u64) -> Result<f64, Error> {
    u32::try_from(number).map(f64::from).map_err(|_| Error::out_of_range("frequency", number))
}

/// A point in time, counted from 1970. One that this machine cannot represent is an error of `field`.
pub(crate) fn moment(since_1970: Duration, field: &'static str) -> Result<SystemTime, ParseError> {
    let moment = SystemTime::UNIX_EPOCH.checked_add(since_1970);
    moment.ok_or_else(|| ParseError::overflow(field, since_1970.as_secs().to_string().as_bytes()))
}
