//! Services of Windows.

use std::ffi::{OsStr, OsString};
use std::fmt;

use crate::record::record;
use crate::sys::{self, ServiceReadings as _};
use crate::value::{ToValue, Value, text};
use crate::{Pid, Result, System};

record! {
    /// A service.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Service = "winservice" {
        /// The name by which the system knows it.
        name: OsString, Text, WINDOWS;
        /// The name for people.
        display_name: OsString, Text, WINDOWS;
        /// The command line of its program.
        binpath: OsString, Text, WINDOWS;
        /// The account that it runs as.
        username: OsString, Text, WINDOWS;
        /// What starts it.
        start_type: ServiceStart, Text, WINDOWS;
        /// What it does now.
        status: ServiceStatus, Text, WINDOWS;
        /// Its process, if it runs.
        pid: Option<Pid>, Plain, WINDOWS;
        /// What it is for.
        description: OsString, Text, WINDOWS;
    }
}

/// What a service does now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // the names are those of Windows
pub enum ServiceStatus {
    Running,
    Paused,
    StartPending,
    PausePending,
    ContinuePending,
    StopPending,
    Stopped,
    /// One that psoxide has no name for.
    #[default]
    Unknown,
}

/// What starts a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceStart {
    /// The loader of the system: a driver.
    Boot,
    /// The system, at its start: a driver.
    System,
    /// The service manager, at the start of the system.
    Automatic,
    /// Whoever needs it.
    Manual,
    /// Nothing can.
    Disabled,
    /// One that psoxide has no name for.
    #[default]
    Unknown,
}

impl fmt::Display for ServiceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::StartPending => "start_pending",
            Self::PausePending => "pause_pending",
            Self::ContinuePending => "continue_pending",
            Self::StopPending => "stop_pending",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        })
    }
}

impl fmt::Display for ServiceStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Boot => "boot",
            Self::System => "system",
            Self::Automatic => "automatic",
            Self::Manual => "manual",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        })
    }
}

impl ToValue for ServiceStatus {
    fn to_value(&self) -> Value<'_> {
        text(self)
    }
}

impl ToValue for ServiceStart {
    fn to_value(&self) -> Value<'_> {
        text(self)
    }
}

impl System {
    /// The services of Windows: the name and the display name of each, in the system's order.
    pub fn services(&self) -> Result<Vec<(OsString, OsString)>> {
        sys::Os::services(self.source())
    }

    /// The service of this name, as it is now.
    ///
    /// # Errors
    /// [`NoSuchProcess`](crate::ErrorKind::NoSuchProcess) without a pid: there is no such service;
    /// [`AccessDenied`](crate::ErrorKind::AccessDenied).
    pub fn service(&self, name: impl AsRef<OsStr>) -> Result<Service> {
        sys::Os::service(self.source(), name.as_ref())
    }
}
