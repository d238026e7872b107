//! Windows services.

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
        /// Internal name.
        name: OsString, Text, WINDOWS;
        /// Display name.
        display_name: OsString, Text, WINDOWS;
        /// Command line of the service's program.
        binpath: OsString, Text, WINDOWS;
        /// Account that the service runs as.
        username: OsString, Text, WINDOWS;
        /// How the service is started.
        start_type: ServiceStart, Text, WINDOWS;
        /// Current status.
        status: ServiceStatus, Text, WINDOWS;
        /// Process, if the service runs.
        pid: Option<Pid>, Plain, WINDOWS;
        /// Description.
        description: OsString, Text, WINDOWS;
    }
}

/// Current status of a service.
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
    /// A number for which psoxide has no name.
    #[default]
    Unknown,
}

/// How a service is started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceStart {
    /// The boot loader (a driver).
    Boot,
    /// The kernel, during initialization (a driver).
    System,
    /// The service manager, at system start.
    Automatic,
    /// A program, on demand.
    Manual,
    /// Nothing, because the service is disabled.
    Disabled,
    /// A number for which psoxide has no name.
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
    /// Lists the name and display name of each Windows service, in the system's order.
    pub fn services(&self) -> Result<Vec<(OsString, OsString)>> {
        sys::Os::services(self.source())
    }

    /// Reads the service with this name.
    ///
    /// # Errors
    /// Fails with [`NoSuchProcess`](crate::ErrorKind::NoSuchProcess) without a pid if there is no such service, and
    /// with [`AccessDenied`](crate::ErrorKind::AccessDenied) if the system denies access.
    pub fn service(&self, name: impl AsRef<OsStr>) -> Result<Service> {
        sys::Os::service(self.source(), name.as_ref())
    }
}
