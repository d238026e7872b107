//! A machine that runs NetBSD or OpenBSD, and what its answers are measured in.

use std::path::PathBuf;

use psoxide_parse::bsd::counters;

use super::question::Question;
use crate::sys::bsd::disk;
pub(crate) use crate::sys::bsd::machine::span;
use crate::sys::bsd::machine::{self, parsed};
pub(crate) use crate::sys::bsd::{moment, text};
use crate::{Result, SwapMemory};

/// A machine that answers questions.
pub(crate) type Machine = machine::Machine<Question>;

/// Reads the bytes in all and in use of each swap device.
type SwapSizes = fn(&[u8]) -> psoxide_parse::Result<Vec<(u64, u64)>>;

impl Machine {
    /// Bytes in so many pages. The kernel may keep a negative count for a moment, which is an error of `field`.
    pub(crate) fn bytes<N: TryInto<u64> + Copy + ToString>(
        &self,
        pages: N,
        field: &'static str,
    ) -> psoxide_parse::Result<u64> {
        let pages = unsigned(pages, field)?;
        pages.checked_mul(self.page_size()).ok_or_else(|| psoxide_parse::ParseError::overflow(field, &[]))
    }

    /// Adds up the swap devices, of which `sizes` reads the bytes in all and in use. `moved` reads the bytes swapped in and
    /// out since the boot from the answer to `counters`.
    pub(crate) fn swap(
        &self,
        sizes: SwapSizes,
        counters: &Question,
        moved: impl FnOnce(&[u8]) -> psoxide_parse::Result<(u64, u64)>,
    ) -> Result<SwapMemory> {
        let devices = self.read(&Question::call_of("swapctl", "stats"), sizes)?;
        let (sin, sout) = self.read(counters, moved)?;
        Ok(disk::swap(devices, sin, sout))
    }

    /// Ticks of the statistics clock in a second, in which CPU times are counted. `at` is where `stathz` lies in
    /// `struct clockinfo`; a machine without a clock of its own for it has 0 there and counts by `hz`.
    pub(crate) fn ticks_per_second(&self, at: usize) -> Result<u64> {
        let question = Question::sysctl("kern.clockrate");
        parsed(&question, self.clock(|| self.ask(&question))?, |bytes| {
            let number = |at: usize| counters::number(bytes.get(at..at + 4).unwrap_or_default(), "kern.clockrate");
            match number(at)? {
                0 => number(0),
                statistics => Ok(statistics),
            }
        })
    }
}

/// A count that the kernel keeps in a signed number; a negative one is an error of `field`.
pub(crate) fn unsigned<N: TryInto<u64> + Copy + ToString>(
    number: N,
    field: &'static str,
) -> psoxide_parse::Result<u64> {
    let malformed = |_| psoxide_parse::ParseError::malformed(field, number.to_string().as_bytes());
    number.try_into().map_err(malformed)
}

/// A path that the kernel returned, up to its NUL.
pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    text(counters::text(bytes)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_never_negative() {
        assert_eq!(unsigned(7i32, "p_vm_rssize").unwrap(), 7);
        assert_eq!(unsigned(-1i64, "p_vm_rssize").unwrap_err().field(), "p_vm_rssize");
    }
}
