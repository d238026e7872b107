//! The names of terminals.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use std::{fs, io};

use crate::sys::question::Answer;

/// `ENOENT`, `EIO` and `EINVAL`, on all systems.
const ENOENT: i32 = 2;
const EIO: i32 = 5;
const EINVAL: i32 = 22;

/// Finds the name of a terminal below /dev by its device number, as psutil does: devname(3) reads a database that only a
/// complete installation has.
pub(crate) fn name(device: &OsStr) -> Answer {
    name_below(Path::new("/dev"), device.to_str().and_then(|device| device.parse().ok()).ok_or(EINVAL)?)
}

/// Finds the name in `folder`, or in its folder `pts`. Fails with `ENOENT` if no file is the device.
fn name_below(folder: &Path, device: u32) -> Answer {
    let errno = |error: &io::Error| error.raw_os_error().unwrap_or(EIO);
    for (folder, prefix) in [(folder, ""), (&folder.join("pts"), "pts/")] {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| errno(&error))?,
        };
        for entry in entries {
            let entry = entry.map_err(|error| errno(&error))?;
            let name = entry.file_name();
            if prefix.is_empty() && !matches!(name.as_bytes(), [b't', b't', b'y', ..] | b"console") {
                continue;
            }
            let metadata = match entry.metadata() {
                // The terminal has gone meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(|error| errno(&error))?,
            };
            // The kernel's table holds the low half of the number.
            if metadata.file_type().is_char_device() && metadata.rdev() & u64::from(u32::MAX) == u64::from(device) {
                return Ok([prefix.as_bytes(), name.as_bytes()].concat());
            }
        }
    }
    Err(ENOENT)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test fails by panicking

    use super::*;

    #[test]
    fn terminals_are_found_by_their_number() {
        let Ok(terminal) = fs::metadata("/dev/tty") else { return };
        let device = u32::try_from(terminal.rdev()).unwrap();
        assert_eq!(name(OsStr::new(&device.to_string())).unwrap(), b"tty");
        assert_eq!(name(OsStr::new("/dev/tty")), Err(EINVAL));
    }

    #[test]
    fn only_a_folder_that_is_absent_has_no_terminals() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(name_below(&folder.path().join("absent"), 1280), Err(ENOENT));
        fs::write(folder.path().join("ttyp0"), "not a terminal").unwrap();
        assert_eq!(name_below(folder.path(), 1280), Err(ENOENT));
        // ENOTDIR, which says nothing about terminals.
        fs::write(folder.path().join("pts"), "").unwrap();
        assert_eq!(name_below(folder.path(), 1280), Err(20));
    }
}
