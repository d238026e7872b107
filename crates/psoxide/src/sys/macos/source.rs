//! The machine: its kernel, its constants, and the names of users.

use std::ffi::OsString;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use psoxide_parse::macos::process::Timebase;
use psoxide_parse::{ParseError, bsd};

use super::calls::Question;
use crate::sys::question::Kernel;
#[cfg(feature = "capture")]
use crate::sys::question::{Capture, Recorder};
use crate::{Error, Result};

/// `ENOENT`.
const ENOENT: i32 = 2;

/// A machine that runs macOS.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    kernel: Kernel<Question>,
    known: Arc<Known>,
}

/// What does not change while the machine runs.
#[derive(Debug, Default)]
struct Known {
    page_size: OnceLock<u64>,
    timebase: OnceLock<Vec<u8>>,
}

impl Source {
    pub(super) fn new(kernel: Kernel<Question>) -> Self {
        let known = Known::default();
        #[cfg(feature = "capture")]
        if let Some(capture) = kernel.capture() {
            let _ = known.page_size.set(capture.header.page_size);
        }
        Self { kernel, known: Arc::new(known) }
    }

    pub(super) fn is_live(&self) -> bool {
        self.kernel.is_live()
    }

    /// The same machine, whose answers are added to a capture that begins as `capture`.
    #[cfg(feature = "capture")]
    pub(super) fn recorded(&self, mut capture: Capture) -> Result<(Self, Recorder)> {
        capture.header.page_size = self.page_size()?;
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

    /// Asks a question and parses the answer. The error names the question and the field.
    pub(super) fn read<T>(&self, question: &Question, parse: impl FnOnce(&[u8]) -> Result<T, ParseError>) -> Result<T> {
        parse(&self.ask(question)?).map_err(|error| Error::from(error).with_question(question.to_string()))
    }

    /// Reads a sysctl that holds a number.
    pub(super) fn number(&self, name: &'static str) -> Result<u64> {
        self.read(&Question::Sysctl(name), |bytes| bsd::counters::number(bytes, name))
    }

    pub(super) fn page_size(&self) -> Result<u64> {
        if let Some(size) = self.known.page_size.get() {
            return Ok(*size);
        }
        let size = self.number("hw.pagesize")?;
        Ok(*self.known.page_size.get_or_init(|| size))
    }

    /// Converts a time in units of the Mach clock.
    pub(super) fn mach_time(&self, ticks: u64) -> Result<Duration> {
        let bytes = match self.known.timebase.get() {
            Some(bytes) => bytes,
            None => {
                let bytes = self.ask(&Question::Timebase)?;
                self.known.timebase.get_or_init(|| bytes)
            }
        };
        Ok(Timebase::new(bytes)?.duration(ticks)?)
    }

    /// Reads when the machine was booted, as the wall clock says now.
    pub(super) fn boot(&self) -> Result<Duration> {
        self.read(&Question::Sysctl("kern.boottime"), |bytes| bsd::counters::timeval(bytes, "kern.boottime"))
    }

    /// The time on the wall clock; of a capture, when it was taken.
    pub(super) fn now(&self) -> Result<Duration> {
        #[cfg(feature = "capture")]
        if let Some(capture) = self.kernel.capture() {
            return capture.header.taken.ok_or_else(|| Error::not_captured("taken".to_owned()));
        }
        Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    /// Reads the name of a user; `None` if nobody has the number.
    pub(super) fn user_name(&self, uid: u32) -> Result<Option<OsString>> {
        match self.ask(&Question::UserName(uid)) {
            Ok(name) => Ok(Some(text(&name))),
            Err(error) if error.errno() == Some(ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What an answer holds up to its first NUL, as text of the system.
pub(super) fn text(bytes: &[u8]) -> OsString {
    crate::sys::bsd::text(bsd::counters::text(bytes))
}
