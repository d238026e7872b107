//! How a command can end without its answer.

use std::io;

use psoxide::{Error, ErrorKind, Pid, System};

/// Why a command ended without its answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Reading(Error),
    Output(io::Error),
    Usage(String),
    /// No process has this pid.
    NoProcess(Pid),
    /// Anything else, in a sentence.
    Other(String),
}

/// Whether anything was found.
pub(crate) type Outcome = Result<bool, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Reading(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// The exit status.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Reading(error) => match error.kind() {
                ErrorKind::AccessDenied => 3,
                ErrorKind::NoSuchProcess | ErrorKind::ZombieProcess => 4,
                ErrorKind::InvalidInput => 2,
                _ => 1,
            },
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::NoProcess(_) => 4,
            Self::Output(_) | Self::Other(_) => 1,
            Self::Usage(_) => 2,
        }
    }

    /// Returns the message for the user, if there is one.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Reading(error) if error.is_access_denied() => Some(format!("{error} ({})", privilege())),
            Self::Reading(error) => Some(error.to_string()),
            Self::NoProcess(pid) => Some(format!("no such process: {pid} (psoxide ps lists the running ones)")),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Output(error) => Some(format!("cannot write the output: {error}")),
            Self::Usage(message) | Self::Other(message) => Some(message.clone()),
        }
    }
}

/// Says that a history does not hold a reading, if that is why the reading failed.
pub(crate) fn not_recorded(error: &Error) -> Option<String> {
    let things = match (error.kind(), error.field()) {
        (ErrorKind::NotCaptured, _) => return Some(error.to_string().replace("the capture", "the history")),
        (ErrorKind::Unsupported, Some("wait")) => return Some("a recorded process cannot be waited for".into()),
        (ErrorKind::Unsupported, Some(field)) => match field {
            "net_connections" => "sockets",
            "net_if_stats" | "net_if_addrs" => "addresses of interfaces",
            "open_files" => "open files",
            "users" => "logins",
            "sensors_temperatures" | "sensors_fans" => "sensors",
            "sensors_battery" => "the battery",
            "gpus" => "GPUs",
            "services" | "service" => "services",
            "memory_maps" | "memory_maps_grouped" => "memory maps",
            "environ" => "environments",
            other => other,
        },
        _ => return None,
    };
    Some(format!("the history does not hold {things}"))
}

/// The message without the numbers that the standard library adds to errors of the system.
pub(crate) fn without_numbers(message: &str) -> String {
    const NUMBER: &str = " (os error ";
    let mut parts = message.split(NUMBER);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((number, rest)) if number.parse::<i32>().is_ok() => plain.push_str(rest),
            _ => {
                plain.push_str(NUMBER);
                plain.push_str(part);
            }
        }
    }
    plain
}

/// What to do about a refused permission.
pub(crate) fn privilege() -> &'static str {
    if is_root() { "refused even to root" } else { "try as root" }
}

pub(crate) fn is_root() -> bool {
    System::host().current_process().and_then(|me| me.uids()).is_ok_and(|ids| ids.effective == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_have_no_numbers() {
        assert_eq!(without_numbers("a: No such file (os error 2) (try b) (os error 13)"), "a: No such file (try b)");
        assert_eq!(without_numbers("a (os error x) b (os error "), "a (os error x) b (os error ");
    }
}
