//! The running machine: there is no other source, as Windows keeps nothing of this in files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use psoxide_parse::windows::machine::{self, TimeOfDay};

use super::ffi;
use crate::{Backend, Error, Result};

/// SYSTEM_INFORMATION_CLASS
const TIME_OF_DAY: i32 = 3;

/// The running machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source;

impl Source {
    pub(crate) fn host() -> Self {
        Self
    }

    pub(crate) fn with_procfs(_: &Path) -> Result<Self> {
        Err(Error::unsupported("reading from another /proc"))
    }

    pub(crate) fn at_root(_: &Path) -> Result<Self> {
        Err(Error::unsupported("reading from copied files"))
    }

    pub(crate) fn with_backend(&self, _: Backend) -> Self {
        *self
    }

    /// There is but one way to each fact.
    #[allow(clippy::unused_self)]
    pub(crate) fn backend(&self) -> Backend {
        Backend::Auto
    }

    #[allow(clippy::unused_self)] // the contract: other sources are not always live
    pub(crate) fn is_live(&self) -> bool {
        true
    }
}

/// When the machine was booted, and now.
pub(super) fn time_of_day() -> Result<TimeOfDay> {
    let filled = ffi::system_information(TIME_OF_DAY, 48)?;
    Ok(machine::time_of_day(filled.bytes())?)
}

/// A span in units of 100 ns.
pub(super) fn span(units: u64) -> Duration {
    /// In a second.
    const UNITS: u64 = 10_000_000;
    let nanos = u32::try_from(units % UNITS * 100).unwrap_or(0);
    Duration::new(units / UNITS, nanos)
}

/// A moment in units of 100 ns since 1601.
pub(super) fn moment(units: u64) -> Result<SystemTime> {
    /// From then to 1970.
    const EPOCH: u64 = 116_444_736_000_000_000;
    let moment = match units.checked_sub(EPOCH) {
        Some(after) => SystemTime::UNIX_EPOCH.checked_add(span(after)),
        None => SystemTime::UNIX_EPOCH.checked_sub(span(EPOCH - units)),
    };
    moment.ok_or_else(|| Error::invalid("a time that is out of range"))
}

/// A path with a drive instead of `\Device\HarddiskVolume1`, if a drive stands for the device.
pub(super) fn with_drive(path: OsString) -> PathBuf {
    let text = path.to_string_lossy();
    // The native interface's own name for what has a drive already.
    if let Some(plain) = text.strip_prefix(r"\??\") {
        return PathBuf::from(plain);
    }
    for (root, _) in ffi::drives() {
        let drive = root.to_string_lossy().trim_end_matches('\\').to_owned();
        for device in ffi::device_names(drive.as_ref()).into_iter().take(1) {
            let rest = text.strip_prefix(&*device.to_string_lossy()).filter(|rest| rest.starts_with('\\'));
            if let Some(rest) = rest {
                return PathBuf::from(format!("{drive}{rest}"));
            }
        }
    }
    PathBuf::from(path)
}
