//! A machine: the kernel that answers, and what its answers are measured in.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide_parse::bsd::counters;

use super::question::Question;
pub(crate) use crate::sys::bsd::{moment, text};
use crate::sys::question::Kernel;
use crate::{Error, Result};

/// A machine that answers questions.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    kernel: Kernel<Question>,
    page_size: u64,
}

impl Machine {
    /// The machine of a kernel with pages of this size.
    #[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
    pub(crate) const fn new(kernel: Kernel<Question>, page_size: u64) -> Self {
        Self { kernel, page_size }
    }

    #[cfg(feature = "capture")]
    pub(crate) fn captured(os: crate::Os, capture: crate::sys::question::Capture) -> Self {
        let page_size = capture.header.page_size;
        Self { kernel: Kernel::captured(os, capture), page_size }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.kernel.is_live()
    }

    /// The kernel, whose questions tests count.
    #[cfg(all(test, feature = "capture"))]
    pub(crate) const fn kernel(&self) -> &Kernel<Question> {
        &self.kernel
    }

    pub(crate) fn ask(&self, question: &Question) -> Result<Vec<u8>> {
        self.kernel.ask(question)
    }

    /// Asks a question and parses the answer. An error of either names the question.
    pub(crate) fn read<T>(
        &self,
        question: &Question,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        let bytes = self.ask(question)?;
        parse(&bytes).map_err(|error| Error::from(error).with_question(question.to_string()))
    }

    /// Asks a sysctl for a number.
    pub(crate) fn number(&self, node: &'static str) -> Result<u64> {
        self.read(&Question::sysctl(node), |bytes| counters::number(bytes, node))
    }

    /// Bytes in so many pages. The kernel may keep a negative count for a moment, which is an error of `field`.
    pub(crate) fn bytes<N: TryInto<u64> + Copy + ToString>(&self, pages: N, field: &'static str) -> Result<u64> {
        let pages = unsigned(pages, field)?;
        pages.checked_mul(self.page_size).ok_or_else(|| psoxide_parse::ParseError::overflow(field, &[]).into())
    }

    /// The current time; of a capture, when it was taken.
    pub(crate) fn now(&self) -> Result<Duration> {
        #[cfg(feature = "capture")]
        if let Some(capture) = self.kernel.capture() {
            let taken = capture.header.taken;
            return taken.ok_or_else(|| Error::not_captured("the time at which the capture was taken".into()));
        }
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Error::invalid("the clock is before 1970"))
    }

    /// Ticks of the statistics clock in a second, in which CPU times are counted. `at` is where `stathz` lies in
    /// `struct clockinfo`; a machine without a clock of its own for it has 0 there and counts by `hz`.
    pub(crate) fn ticks_per_second(&self, at: usize) -> Result<u64> {
        self.read(&Question::sysctl("kern.clockrate"), |bytes| {
            let number = |at: usize| counters::number(bytes.get(at..at + 4).unwrap_or_default(), "kern.clockrate");
            match number(at)? {
                0 => number(0),
                statistics => Ok(statistics),
            }
        })
    }
}

/// A count that the kernel keeps in a signed number; a negative one is an error of `field`.
pub(crate) fn unsigned<N: TryInto<u64> + Copy + ToString>(number: N, field: &'static str) -> Result<u64> {
    let malformed = |_| psoxide_parse::ParseError::malformed(field, number.to_string().as_bytes()).into();
    number.try_into().map_err(malformed)
}

/// A span of so many ticks.
pub(crate) fn span(ticks: u64, per_second: u64) -> Duration {
    let per_second = per_second.max(1);
    let nanos = ticks % per_second * 1_000_000_000 / per_second;
    Duration::new(ticks / per_second, u32::try_from(nanos).unwrap_or_default())
}

/// A path that the kernel returned, up to its NUL.
pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    text(counters::text(bytes)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_spans() {
        assert_eq!(span(1537, 128), Duration::from_nanos(12_007_812_500));
        assert_eq!(span(u64::MAX, 100).as_secs(), u64::MAX / 100);
        assert_eq!(span(5, 0), Duration::from_secs(5));
    }

    #[test]
    fn counts_are_never_negative() {
        assert_eq!(unsigned(7i32, "p_vm_rssize").unwrap(), 7);
        assert_eq!(unsigned(-1i64, "p_vm_rssize").unwrap_err().field(), Some("p_vm_rssize"));
    }
}
