//! Who is logged in.

use std::ffi::OsString;
use std::time::SystemTime;

use crate::record::record;
use crate::sys::{self, UserReadings as _};
use crate::{Pid, Result, System};

record! {
    /// A login session.
    ///
    /// Linux: `/var/run/utmp`, utmp(5); where there is none, the sessions of systemd-logind.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct User = "suser" {
        /// The user.
        name: OsString, Text, ALL;
        /// The terminal, if any.
        terminal: Option<OsString>, Text, ALL;
        /// The host that the login came from, if it came over the network.
        host: Option<OsString>, Text, ALL;
        /// When it began, where the system tells.
        started: Option<SystemTime>, Time, ALL;
        /// The login process.
        pid: Option<Pid>, Plain, POSIX;
    }
}

impl System {
    /// Login sessions.
    pub fn users(&self) -> Result<Vec<User>> {
        sys::Os::users(self.source())
    }
}
