//! The machine: its kernel, its constants, and what is remembered of it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use psoxide_parse::freebsd::machine;
use psoxide_parse::{ParseError, bsd};

use super::abi::ENOENT;
use super::calls::Question;
use crate::sys::question::Kernel;
#[cfg(feature = "capture")]
use crate::sys::question::{Capture, Recorder};
use crate::{Error, Result};

/// A machine that runs FreeBSD.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    kernel: Kernel<Question>,
    known: Arc<Known>,
}

/// What does not change while the machine runs, or is checked before it is used.
#[derive(Debug, Default)]
struct Known {
    page_size: OnceLock<u64>,
    ticks: OnceLock<u32>,
    boot: Mutex<Option<Boot>>,
    users: Mutex<Users>,
}

/// The time of the boot, which the kernel moves when somebody sets the wall clock.
#[derive(Debug, Clone, Copy)]
struct Boot {
    at: Duration,
    /// The start time of the kernel's own process in a table of processes of the same moment. It moves with the boot time,
    /// so a table with the same start time has the same boot time.
    kernel_start: Option<Duration>,
}

/// The names of users, for a while.
#[derive(Debug, Default)]
struct Users {
    since: Option<Instant>,
    names: HashMap<u32, Option<OsString>>,
}

/// How long names of users are remembered.
const USERS_LIFE: Duration = Duration::from_secs(60);

impl Source {
    pub(super) fn new(kernel: Kernel<Question>) -> Self {
        let source = Self { kernel, known: Arc::default() };
        source.fill_constants();
        source
    }

    /// Takes the constants that the header of a capture has, and the boot time, which never moves there.
    #[cfg(feature = "capture")]
    fn fill_constants(&self) {
        let Some(capture) = self.kernel.capture() else { return };
        let _ = self.known.page_size.set(capture.header.page_size);
        if let Ok(ticks) = u32::try_from(capture.header.clock_ticks) {
            let _ = self.known.ticks.set(ticks);
        }
        let question = Question::sysctl("kern.boottime").to_string();
        let Some(psoxide_capture::Answer::Bytes(bytes)) = capture.answer(&question) else { return };
        if let (Ok(at), Ok(mut boot)) = (machine::boot_time(bytes), self.known.boot.lock()) {
            *boot = Some(Boot { at, kernel_start: None });
        }
    }

    #[cfg(not(feature = "capture"))]
    fn fill_constants(&self) {}

    /// The same machine, whose answers are added to a capture that begins as `capture`.
    #[cfg(feature = "capture")]
    pub(super) fn recorded(&self, mut capture: Capture) -> Result<(Self, Recorder)> {
        capture.header.page_size = self.page_size()?;
        capture.header.clock_ticks = self.ticks()?.into();
        let (kernel, recorder) = self.kernel.recorded(capture)?;
        Ok((Self::new(kernel), recorder))
    }

    pub(super) fn is_live(&self) -> bool {
        self.kernel.is_live()
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

    /// Reads a sysctl that holds an unsigned number of 4 or 8 bytes.
    pub(super) fn number(&self, name: &'static str) -> Result<u64> {
        self.read(&Question::sysctl(name), |bytes| psoxide_parse::freebsd::number(bytes, name))
    }

    pub(super) fn page_size(&self) -> Result<u64> {
        self.constant(&self.known.page_size, || self.number("hw.pagesize"))
    }

    /// Ticks of the clock that CPU times are counted in, in a second.
    pub(super) fn ticks(&self) -> Result<u32> {
        self.constant(&self.known.ticks, || self.read(&Question::sysctl("kern.clockrate"), machine::ticks))
    }

    fn constant<T: Copy>(&self, cell: &OnceLock<T>, read: impl FnOnce() -> Result<T>) -> Result<T> {
        if let Some(value) = cell.get() {
            return Ok(*value);
        }
        let value = read()?;
        Ok(*cell.get_or_init(|| value))
    }

    /// Reads when the machine was booted, as the wall clock says now.
    pub(super) fn boot(&self) -> Result<Duration> {
        self.boot_of(None)
    }

    /// Reads the boot time that belongs to a table of processes in which the kernel's own process has this start time.
    pub(super) fn boot_of(&self, kernel_start: Option<Duration>) -> Result<Duration> {
        let known = self.remembered_boot();
        match known {
            Some(boot) if !self.is_live() => return Ok(boot.at),
            Some(boot) if kernel_start.is_some() && boot.kernel_start == kernel_start => return Ok(boot.at),
            _ => {}
        }
        let at = self.read(&Question::sysctl("kern.boottime"), machine::boot_time)?;
        if let Ok(mut boot) = self.known.boot.try_lock() {
            *boot = Some(Boot { at, kernel_start });
        }
        Ok(at)
    }

    /// The boot time as it was read last. Another thread may hold it, also one that a fork left behind: then there is none.
    fn remembered_boot(&self) -> Option<Boot> {
        self.known.boot.try_lock().ok().and_then(|boot| *boot)
    }

    /// The time on the wall clock; of a capture, when it was taken.
    pub(super) fn now(&self) -> Result<Duration> {
        #[cfg(feature = "capture")]
        if let Some(capture) = self.kernel.capture() {
            return capture.header.taken.ok_or_else(|| Error::not_captured("taken".to_owned()));
        }
        Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    /// Whether a process that the kernel says began at `started`, on the wall clock, has this start stamp.
    pub(super) fn has_stamp(&self, started: Duration, stamp: u64) -> Result<bool> {
        if self.remembered_boot().is_some_and(|boot| stamp_of(started, boot.at) == stamp) {
            return Ok(true);
        }
        Ok(stamp_of(started, self.boot()?) == stamp)
    }

    /// Reads the name of a user; `None` if nobody has the number.
    pub(super) fn user_name(&self, uid: u32) -> Result<Option<OsString>> {
        if let Ok(mut users) = self.known.users.try_lock() {
            if users.since.is_none_or(|since| since.elapsed() > USERS_LIFE) {
                *users = Users { since: Some(Instant::now()), names: HashMap::new() };
            }
            if let Some(name) = users.names.get(&uid) {
                return Ok(name.clone());
            }
        }
        let name = match self.ask(&Question::UserName(uid)) {
            Ok(name) => Some(text(&name)),
            Err(error) if error.errno() == Some(ENOENT) => None,
            Err(error) => return Err(error),
        };
        if let Ok(mut users) = self.known.users.try_lock() {
            users.names.insert(uid, name.clone());
        }
        Ok(name)
    }
}

/// The start stamp of a process: microseconds between the boot and its start. Both times move when somebody sets the wall
/// clock, the difference does not.
pub(super) fn stamp_of(started: Duration, boot: Duration) -> u64 {
    u64::try_from(started.saturating_sub(boot).as_micros()).unwrap_or(u64::MAX)
}

/// What an answer holds up to its first NUL, as text of the system.
pub(super) fn text(bytes: &[u8]) -> OsString {
    crate::sys::bsd::text(bsd::counters::text(bytes))
}
