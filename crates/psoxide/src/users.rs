//! Login sessions.

use std::ffi::OsString;
use std::time::SystemTime;

use crate::record::record;
use crate::sys::{self, UserReadings as _};
use crate::{Pid, Result, System};

record! {
    /// A login session.
    ///
    /// Linux: `/var/run/utmp`, utmp(5), or the sessions of systemd-logind if that file is missing.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct User = "suser" {
        /// User name.
        name: OsString, Text, ALL;
        /// Terminal, if any.
        terminal: Option<OsString>, Text, ALL;
        /// The host that the login came from, if it came over the network.
        host: Option<OsString>, Text, ALL;
        /// Start of the session, if the system records it.
        started: Option<SystemTime>, Time, ALL;
        /// Login process.
        pid: Option<Pid>, Plain, POSIX;
    }
}

impl System {
    /// Lists the login sessions.
    pub fn users(&self) -> Result<Vec<User>> {
        sys::Os::users(self.source())
    }
}
