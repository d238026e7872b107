//! The running machine: there is no other source, as Windows keeps nothing of this in files.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide_parse::windows::machine::{self, TimeOfDay};

use super::ffi;
use crate::{Error, Result};

/// SYSTEM_INFORMATION_CLASS
const TIME_OF_DAY: i32 = 3;

/// The running machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source;

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
    moment.ok_or_else(|| Error::out_of_range("time", units))
}

/// A path with a drive instead of `\Device\HarddiskVolume1`, if a drive stands for the device.
pub(super) fn with_drive(path: OsString) -> PathBuf {
    let drives = || {
        ffi::drives().into_iter().filter_map(|(root, _)| {
            let drive = root.to_string_lossy().trim_end_matches('\\').to_owned();
            // The first is the one that it means now.
            let device = ffi::device_names(drive.as_ref()).into_iter().next()?;
            Some((drive, device.to_string_lossy().into_owned()))
        })
    };
    plain_path(&path.to_string_lossy(), drives).map_or_else(|| PathBuf::from(path), PathBuf::from)
}

/// What people call a path of the native interface; `None` where it stays as it is. Drives come with their devices.
fn plain_path<Drives: Iterator<Item = (String, String)>>(
    path: &str,
    drives: impl FnOnce() -> Drives,
) -> Option<String> {
    for share in [r"\??\UNC\", r"\Device\Mup\"] {
        if let Some(rest) = path.strip_prefix(share) {
            return Some(format!(r"\\{rest}"));
        }
    }
    if let Some(plain) = path.strip_prefix(r"\??\") {
        return Some(plain.to_owned());
    }
    if !path.starts_with(r"\Device\") {
        return None;
    }
    drives().find_map(|(drive, device)| {
        let rest = path.strip_prefix(&*device).filter(|rest| rest.starts_with('\\'))?;
        Some(format!("{drive}{rest}"))
    })
}

#[cfg(test)]
mod tests {
    use super::plain_path;

    #[test]
    fn native_paths_as_people_know_them() {
        let drives = [("C:", r"\Device\HarddiskVolume1"), ("D:", r"\Device\HarddiskVolume12")];
        let drives = drives.map(|(drive, device)| (drive.to_owned(), device.to_owned()));
        let plain = |path| plain_path(path, || drives.clone().into_iter());
        let text = |path: &str| Some(path.to_owned());
        assert_eq!(plain(r"\Device\HarddiskVolume1\a\b.exe"), text(r"C:\a\b.exe"));
        assert_eq!(plain(r"\Device\HarddiskVolume12\b.exe"), text(r"D:\b.exe"));
        assert_eq!(plain(r"\Device\HarddiskVolume2\b.exe"), None);
        assert_eq!(plain(r"\??\C:\a"), text(r"C:\a"));
        assert_eq!(plain(r"\??\UNC\server\share\a"), text(r"\\server\share\a"));
        assert_eq!(plain(r"\Device\Mup\server\share\a"), text(r"\\server\share\a"));
        assert_eq!(plain(r"\\server\share\a"), None);
        assert_eq!(plain("Registry"), None);
    }
}
