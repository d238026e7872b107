//! A machine: the kernel that answers, and what is remembered of it.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use psoxide_parse::bsd::counters;

use super::text;
use crate::sys::question::Kernel;
#[cfg(feature = "capture")]
use crate::sys::question::{Capture, Recorder};
use crate::{Error, Result};

/// The questions that all these systems answer, each in a form of its own.
pub(crate) trait Question: Display + Sized {
    /// A sysctl by its name.
    fn sysctl(name: &'static str) -> Self;

    /// The interfaces with their counters and addresses, as route messages.
    fn interfaces() -> Self;

    /// The ioctls that return the media of an interface. If a driver does not know the first one, the next one is asked.
    fn media(interface: &OsStr) -> Vec<Self>;

    /// The name of a terminal by its device number.
    fn device_name(device: u64) -> Self;

    /// The name of a user.
    fn user_name(uid: u32) -> Self;

    /// Parses a sysctl that holds a number.
    fn number(bytes: &[u8], field: &'static str) -> psoxide_parse::Result<u64> {
        counters::number(bytes, field)
    }
}

/// A machine that answers questions.
#[derive(Debug)]
pub(crate) struct Machine<Q> {
    kernel: Kernel<Q>,
    page_size: u64,
    known: Arc<Known>,
}

/// What does not change while the machine runs, or is checked before it is used.
#[derive(Debug, Default)]
struct Known {
    /// The answer that says in what unit the kernel counts time.
    clock: OnceLock<Vec<u8>>,
    boot: Mutex<Option<Boot>>,
}

/// The time of the boot, which the kernel moves when somebody sets the wall clock.
#[derive(Debug, Clone, Copy)]
struct Boot {
    at: Duration,
    /// The start time of the kernel's own process in a table of processes of the same moment. It moves with the boot time,
    /// so a table with the same start time has the same boot time.
    kernel_start: Option<Duration>,
}

impl<Q> Clone for Machine<Q> {
    fn clone(&self) -> Self {
        Self { kernel: self.kernel.clone(), page_size: self.page_size, known: Arc::clone(&self.known) }
    }
}

impl<Q> Machine<Q> {
    /// The running machine.
    #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos"))]
    pub(crate) fn live(os: crate::Os, ask: fn(&Q) -> crate::sys::question::Answer) -> Self {
        Self::new(Kernel::live(os, ask), rustix::param::page_size() as u64)
    }

    /// The machine of a capture.
    #[cfg(feature = "capture")]
    pub(crate) fn captured(os: crate::Os, capture: Capture) -> Self {
        let page_size = capture.header.page_size;
        Self::new(Kernel::captured(os, capture), page_size)
    }

    fn new(kernel: Kernel<Q>, page_size: u64) -> Self {
        Self { kernel, page_size, known: Arc::default() }
    }

    /// The same machine, whose answers are added to a capture that begins as `capture`.
    #[cfg(feature = "capture")]
    pub(crate) fn recorded(&self, mut capture: Capture) -> Result<(Self, Recorder)> {
        capture.header.page_size = self.page_size;
        let (kernel, recorder) = self.kernel.recorded(capture)?;
        Ok((Self::new(kernel, self.page_size), recorder))
    }

    pub(crate) fn is_live(&self) -> bool {
        self.kernel.is_live()
    }

    /// The kernel, whose questions tests count.
    #[cfg(all(test, feature = "capture"))]
    pub(crate) const fn kernel(&self) -> &Kernel<Q> {
        &self.kernel
    }

    pub(crate) const fn page_size(&self) -> u64 {
        self.page_size
    }

    /// The time on the wall clock; of a capture, when it was taken.
    pub(crate) fn now(&self) -> Result<Duration> {
        #[cfg(feature = "capture")]
        if let Some(capture) = self.kernel.capture() {
            let taken = capture.header.taken;
            return taken.ok_or_else(|| Error::not_captured("the time at which the capture was taken".into()));
        }
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Error::invalid("the clock is before 1970"))
    }
}

impl<Q: Question> Machine<Q> {
    pub(crate) fn ask(&self, question: &Q) -> Result<Vec<u8>> {
        self.kernel.ask(question)
    }

    /// Asks a question and parses the answer. The error names the question and the field.
    pub(crate) fn read<T>(&self, question: &Q, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        parsed(question, &self.ask(question)?, parse)
    }

    /// Asks a question whose answer is parsed in several steps.
    pub(crate) fn answer(&self, question: Q) -> Result<Answered<Q>> {
        Ok(Answered { bytes: self.ask(&question)?, question })
    }

    /// Reads a sysctl that holds a number.
    pub(crate) fn number(&self, name: &'static str) -> Result<u64> {
        self.read(&Q::sysctl(name), |bytes| Q::number(bytes, name))
    }

    /// The answer that says in what unit the kernel counts time. It never changes, so `read` is called once.
    pub(crate) fn clock(&self, read: impl FnOnce() -> Result<Vec<u8>>) -> Result<&[u8]> {
        cached(&self.known.clock, read).map(Vec::as_slice)
    }

    /// Reads when the machine was booted, as the wall clock says now.
    pub(crate) fn boot(&self) -> Result<Duration> {
        self.boot_of(None)
    }

    /// Reads the boot time that belongs to a table of processes in which the kernel's own process has this start time. A
    /// table whose kernel began at the same time as in the last one costs no question.
    pub(crate) fn boot_of(&self, kernel_start: Option<Duration>) -> Result<Duration> {
        match self.remembered_boot() {
            Some(boot) if kernel_start.is_some() && boot.kernel_start == kernel_start => return Ok(boot.at),
            _ => {}
        }
        let at = self.read(&Q::sysctl("kern.boottime"), |bytes| counters::timeval(bytes, "kern.boottime"))?;
        if let Ok(mut boot) = self.known.boot.try_lock() {
            let unmoved = boot.filter(|boot| boot.at == at);
            *boot = Some(Boot { at, kernel_start: kernel_start.or(unmoved.and_then(|boot| boot.kernel_start)) });
        }
        Ok(at)
    }

    /// The boot time as it was read last. Another thread may hold it, also one that a fork left behind: then there is none.
    fn remembered_boot(&self) -> Option<Boot> {
        self.known.boot.try_lock().ok().and_then(|boot| *boot)
    }

    /// Computes the start stamp of a process that the kernel says began at `started` on the wall clock. `expected` is the
    /// stamp that the process should have: if it has that one by the boot time as read last, no question is asked.
    pub(crate) fn stamp(&self, started: Duration, expected: Option<u64>, error: u64) -> Result<u64> {
        if let (Some(expected), Some(boot)) = (expected, self.remembered_boot()) {
            let stamp = stamp_of(started, boot.at);
            if stamp.abs_diff(expected) <= error {
                return Ok(stamp);
            }
        }
        Ok(stamp_of(started, self.boot()?))
    }

    /// Reads the name of a user, or writes the number of one without a name.
    pub(crate) fn user_name(&self, uid: u32) -> Result<OsString> {
        match self.ask(&Q::user_name(uid)) {
            Ok(name) => Ok(text(counters::text(&name))),
            Err(error) if error.is_missing() => Ok(uid.to_string().into()),
            Err(error) => Err(error),
        }
    }

    /// Reads the path of a terminal; `None` if the terminal is no longer there.
    pub(crate) fn device_path(&self, device: u64) -> Result<Option<PathBuf>> {
        match self.ask(&Q::device_name(device)) {
            Ok(name) => Ok(Some(PathBuf::from("/dev").join(text(counters::text(&name))))),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// An answer and its question, which errors of parsing name.
#[derive(Debug)]
pub(crate) struct Answered<Q> {
    question: Q,
    pub(crate) bytes: Vec<u8>,
}

impl<Q: Display> Answered<Q> {
    pub(super) const fn new(bytes: Vec<u8>, question: Q) -> Self {
        Self { question, bytes }
    }

    /// Parses the answer. The error names the question and the field.
    pub(crate) fn parse<'a, T>(&'a self, parse: impl FnOnce(&'a [u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        parsed(&self.question, &self.bytes, parse)
    }

    /// What was parsed of the answer. The error names the question and the field.
    pub(crate) fn named<T>(&self, parsed: psoxide_parse::Result<T>) -> Result<T> {
        parsed.map_err(|error| Error::from(error).with_question(self.question.to_string()))
    }
}

/// The start stamp of a process: microseconds between the boot and its start. Both times move when somebody sets the wall
/// clock, the difference does not.
pub(crate) fn stamp_of(started: Duration, boot: Duration) -> u64 {
    u64::try_from(started.saturating_sub(boot).as_micros()).unwrap_or(u64::MAX - 1)
}

/// Parses an answer. The error names the question and the field.
pub(crate) fn parsed<'a, Q: Display, T>(
    question: &Q,
    bytes: &'a [u8],
    parse: impl FnOnce(&'a [u8]) -> psoxide_parse::Result<T>,
) -> Result<T> {
    parse(bytes).map_err(|error| Error::from(error).with_question(question.to_string()))
}

/// Keeps the records of a table that can be read. One that is cut off, or that makes no sense, never loses the others. The
/// error is that of the first record if none can be read.
pub(crate) fn readable<T>(records: impl Iterator<Item = psoxide_parse::Result<T>>) -> psoxide_parse::Result<Vec<T>> {
    let (mut kept, mut first) = (Vec::with_capacity(records.size_hint().0), None);
    for record in records {
        match record {
            Ok(record) => kept.push(record),
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    match first {
        Some(error) if kept.is_empty() => Err(error),
        _ => Ok(kept),
    }
}

/// What `cell` holds, or what `read` returns. An error is not kept.
pub(crate) fn cached<T>(cell: &OnceLock<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = read()?;
    Ok(cell.get_or_init(|| value))
}

/// A span of so many ticks.
pub(crate) fn span(ticks: u64, per_second: u64) -> Duration {
    let per_second = per_second.max(1);
    // Less than a second of ticks, in nanoseconds: below 2^62.
    let nanos = (ticks % per_second).saturating_mul(1_000_000_000) / per_second;
    Duration::new(ticks / per_second, u32::try_from(nanos).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::span;
    use std::time::Duration;

    #[test]
    fn ticks_become_spans() {
        assert_eq!(span(1537, 128), Duration::from_nanos(12_007_812_500));
        assert_eq!(span(u64::MAX, 100).as_secs(), u64::MAX / 100);
        assert_eq!(span(5, 0), Duration::from_secs(5));
    }
}
