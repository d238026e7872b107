//! The machine: its kernel, its clock, and its encoding of texts and paths.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide_parse::ParseError;
use psoxide_parse::windows::machine::{self, TimeOfDay};
use psoxide_parse::windows::process::number;
use psoxide_parse::windows::{self};

use super::calls::{Class, Question};
use crate::sys::question::Kernel;
#[cfg(feature = "capture")]
use crate::sys::question::{Capture, Recorder};
use crate::{Error, ErrorKind, Result};

/// A Windows machine.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    kernel: Kernel<Question>,
}

impl Source {
    pub(super) const fn new(kernel: Kernel<Question>) -> Self {
        Self { kernel }
    }

    pub(super) fn is_live(&self) -> bool {
        self.kernel.is_live()
    }

    /// Returns the same machine, and a recorder that adds its answers to `capture`.
    #[cfg(feature = "capture")]
    pub(super) fn recorded(&self, mut capture: Capture) -> Result<(Self, Recorder)> {
        capture.header.page_size = self.read(&Question::Memory, machine::memory)?.page_size;
        if let Some(version) = answered(self.ask(&Question::Wine))? {
            capture.header.notes.push(format!("Wine {}", String::from_utf8_lossy(&version)));
        }
        let (kernel, recorder) = self.kernel.recorded(capture)?;
        Ok((Self::new(kernel), recorder))
    }

    #[cfg(all(test, feature = "capture"))]
    pub(super) fn kernel(&self) -> &Kernel<Question> {
        &self.kernel
    }

    pub(super) fn ask(&self, question: &Question) -> Result<Vec<u8>> {
        self.kernel.ask(question)
    }

    /// Asks a question and parses the answer. An error names the question and the field.
    pub(super) fn read<T>(&self, question: &Question, parse: impl FnOnce(&[u8]) -> Result<T, ParseError>) -> Result<T> {
        parse(&self.ask(question)?).map_err(|error| Error::from(error).with_question(question.to_string()))
    }

    /// Reads the boot time and the current time.
    pub(super) fn time_of_day(&self) -> Result<TimeOfDay> {
        self.read(&Question::System(Class::TimeOfDay), machine::time_of_day)
    }

    /// Lists the root directories of the drives, such as `C:\`.
    pub(super) fn drives(&self) -> Result<Vec<String>> {
        let letters = self.read(&Question::Drives, |bytes| number(bytes, "letters"))?;
        let used = ('A'..='Z').enumerate().filter(|(bit, _)| letters >> bit & 1 == 1);
        Ok(used.map(|(_, letter)| format!("{letter}:\\")).collect())
    }
}

/// Converts a refusal to `None`. A question that a capture lacks stays an error.
pub(super) fn answered<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotCaptured => Err(error),
        answer => Ok(answer.ok()),
    }
}

/// Converts UTF-16 to this machine's text. On other systems an unpaired surrogate is replaced.
pub(super) fn text(units: &[u16]) -> OsString {
    #[cfg(windows)]
    return std::os::windows::ffi::OsStringExt::from_wide(units);
    #[cfg(not(windows))]
    String::from_utf16_lossy(units).into()
}

/// Returns the text of an answer, up to its first NUL.
pub(super) fn text_of(bytes: &[u8]) -> OsString {
    text(&windows::text(bytes))
}

/// Returns the texts of an answer, each of which ends with a NUL.
pub(super) fn texts_of(bytes: &[u8]) -> Vec<OsString> {
    windows::texts(bytes).iter().map(|units| text(units)).collect()
}

/// Converts a time in units of 100 ns.
pub(super) fn span(units: u64) -> Duration {
    /// Units per second.
    const UNITS: u64 = 10_000_000;
    let nanos = u32::try_from(units % UNITS * 100).unwrap_or(0);
    Duration::new(units / UNITS, nanos)
}

/// Converts a point in time in units of 100 ns since 1601.
pub(super) fn moment(units: u64) -> Result<SystemTime> {
    /// Units from 1601 to 1970.
    const EPOCH: u64 = 116_444_736_000_000_000;
    let moment = match units.checked_sub(EPOCH) {
        Some(after) => SystemTime::UNIX_EPOCH.checked_add(span(after)),
        None => SystemTime::UNIX_EPOCH.checked_sub(span(EPOCH - units)),
    };
    moment.ok_or_else(|| Error::out_of_range("time", units))
}

/// The devices of the drive letters, which are read when the first path needs them.
pub(super) struct Devices<'a> {
    source: &'a Source,
    /// Pairs of a drive such as `C:` and its device, such as `\Device\HarddiskVolume1`.
    drives: Option<Vec<(String, String)>>,
}

impl<'a> Devices<'a> {
    pub(super) const fn new(source: &'a Source) -> Self {
        Self { source, drives: None }
    }

    /// Converts a path of the native interface to a path with a drive letter. If no drive has its device, the path
    /// stays unchanged.
    pub(super) fn plain(&mut self, path: OsString) -> Result<PathBuf> {
        let text = path.to_string_lossy();
        let plain = match plain_path(&text, &[]) {
            None if text.starts_with(r"\Device\") => plain_path(&text, self.drives()?),
            plain => plain,
        };
        Ok(plain.map_or_else(|| PathBuf::from(&path), PathBuf::from))
    }

    fn drives(&mut self) -> Result<&[(String, String)]> {
        if self.drives.is_none() {
            let mut found = Vec::new();
            for root in self.source.drives()? {
                let drive = root.trim_end_matches('\\').to_owned();
                let devices = answered(self.source.ask(&Question::DeviceNames((&drive).into())))?;
                if let Some(device) = devices.and_then(|bytes| texts_of(&bytes).into_iter().next()) {
                    found.push((drive, device.to_string_lossy().into_owned()));
                }
            }
            self.drives = Some(found);
        }
        Ok(self.drives.as_deref().unwrap_or_default())
    }
}

/// Converts a path of the native interface to a path with a drive letter. Returns `None` if no drive has its device.
fn plain_path(path: &str, drives: &[(String, String)]) -> Option<String> {
    for share in [r"\??\UNC\", r"\Device\Mup\"] {
        if let Some(rest) = path.strip_prefix(share) {
            return Some(format!(r"\\{rest}"));
        }
    }
    if let Some(plain) = path.strip_prefix(r"\??\") {
        return Some(plain.to_owned());
    }
    drives.iter().find_map(|(drive, device)| {
        let rest = path.strip_prefix(&**device).filter(|rest| rest.starts_with('\\'))?;
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
        let plain = |path| plain_path(path, &drives);
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
