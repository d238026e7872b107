//! Reads services.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use psoxide_parse::windows::Buffer;
use psoxide_parse::windows::service_table::{self, Status};

use super::abi::{INVALID_NAME, SERVICE_DOES_NOT_EXIST};
use super::calls::{self, Question, ServiceAspect};
use super::source::{answered, text};
use super::{Source, Windows};
use crate::sys::ServiceReadings;
use crate::{Error, Result, Service, ServiceStart, ServiceStatus};

/// Converts dwCurrentState of winsvc.h.
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

/// Converts dwStartType of winsvc.h.
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

impl ServiceReadings for Windows {
    fn services(source: &Source) -> Result<Vec<(OsString, OsString)>> {
        source.read(&Question::Services, |bytes| {
            let listed = service_table::counted_list(bytes)?;
            Ok(listed.iter().map(|service| (text(&service.name), text(&service.display_name))).collect())
        })
    }

    fn service(source: &Source, name: &OsStr) -> Result<Service> {
        let target = Arc::new(calls::Service::new(name.to_owned()));
        let about = |aspect| Question::Service(aspect, Arc::clone(&target));
        let config = |bytes: &[u8]| service_table::config(Buffer::addressed(bytes)?);
        let config = source.read(&about(ServiceAspect::Config), config).map_err(|error| match error.errno() {
            Some(SERVICE_DOES_NOT_EXIST | INVALID_NAME) => Error::no_such_service(name),
            _ => error,
        })?;
        let Status { state, pid } = source.read(&about(ServiceAspect::Status), service_table::status)?;
        // Windows may also fail for a service without a description.
        let description = match source.ask(&about(ServiceAspect::Description)) {
            Err(error) if error.is_access_denied() => return Err(error),
            description => answered(description)?,
        };
        let description =
            description.map(|bytes| service_table::description(Buffer::addressed(&bytes)?)).transpose()?;
        Ok(Service {
            name: name.to_owned(),
            display_name: text(&config.display_name),
            binpath: text(&config.binary_path),
            username: text(&config.account),
            start_type: start(config.start_type),
            status: status(state),
            pid: (pid != 0).then_some(pid),
            description: text(&description.unwrap_or_default()),
        })
    }
}
