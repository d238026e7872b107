//! Services.

use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::OsStringExt as _;

use psoxide_parse::windows::service_table::{self, Status};

use super::{Source, Windows, ffi};
use crate::sys::ServiceReadings;
use crate::{Error, Result, Service, ServiceStart, ServiceStatus};

/// dwCurrentState of winsvc.h.
fn status(state: u32) -> ServiceStatus {
    match state {
        1 => ServiceStatus::Stopped,
        2 => ServiceStatus::StartPending,
        3 => ServiceStatus::StopPending,
        4 => ServiceStatus::Running,
        5 => ServiceStatus::ContinuePending,
        6 => ServiceStatus::PausePending,
        7 => ServiceStatus::Paused,
        _ => ServiceStatus::Unknown,
    }
}

/// dwStartType of winsvc.h.
fn start(kind: u32) -> ServiceStart {
    match kind {
        0 => ServiceStart::Boot,
        1 => ServiceStart::System,
        2 => ServiceStart::Automatic,
        3 => ServiceStart::Manual,
        4 => ServiceStart::Disabled,
        _ => ServiceStart::Unknown,
    }
}

fn text(units: &[u16]) -> OsString {
    OsString::from_wide(units)
}

impl ServiceReadings for Windows {
    fn services(_: &Source) -> Result<Vec<(OsString, OsString)>> {
        let (filled, count) = ffi::Manager::open()?.list()?;
        let listed = service_table::list(filled.buffer(), count)?;
        Ok(listed.iter().map(|service| (text(&service.name), text(&service.display_name))).collect())
    }

    fn service(_: &Source, name: &OsStr) -> Result<Service> {
        let service = ffi::Manager::open()?.service(name)?.ok_or_else(|| Error::no_such_service(name))?;
        let filled = service.config()?;
        let config = service_table::config(filled.buffer())?;
        let Status { state, pid } = service_table::status(service.status()?.bytes())?;
        // A service without a description may have no room for one either.
        let description = match service.description() {
            Ok(filled) => text(&service_table::description(filled.buffer())?),
            Err(error) if error.is_access_denied() => return Err(error),
            Err(_) => OsString::new(),
        };
        Ok(Service {
            name: name.to_owned(),
            display_name: text(&config.display_name),
            binpath: text(&config.binary_path),
            username: text(&config.account),
            start_type: start(config.start_type),
            status: status(state),
            pid: (pid != 0).then_some(pid),
            description,
        })
    }
}
