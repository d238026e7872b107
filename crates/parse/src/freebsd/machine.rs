//! Small answers about the machine: CPU times, memory, load, clock.

use std::time::Duration;

use crate::view::{chunks, view};
use crate::{ParseError, Result};

view! {
    /// `kern.cp_time`, and one CPU of `kern.cp_times`: ticks of the statistics clock in each mode.
    pub struct CpuTicks = "cp_time" (40) {
        /// Normal processes in user mode.
        user: i64 = "CP_USER" @ 0,
        /// Niced processes in user mode.
        nice: i64 = "CP_NICE" @ 8,
        /// Kernel mode.
        system: i64 = "CP_SYS" @ 16,
        /// Interrupts.
        interrupt: i64 = "CP_INTR" @ 24,
        /// Idle.
        idle: i64 = "CP_IDLE" @ 32,
    }
}

view! {
    /// `vm.vmtotal`. Counts of memory are in pages.
    pub struct VmTotal = "vmtotal" (88) {
        /// Virtual memory.
        vm: u64 = "t_vm" @ 0,
        /// Shared virtual memory.
        vmshr: u64 = "t_vmshr" @ 32,
        /// Shared real memory.
        rmshr: u64 = "t_rmshr" @ 48,
        /// Threads that are ready to run.
        ready: i16 = "t_rq" @ 72,
    }
}

view! {
    /// `vm.loadavg`.
    pub struct Load = "loadavg" (24) {
        /// Average over one minute, in units of `scale`.
        one: u32 = "ldavg[0]" @ 0,
        /// Average over five minutes.
        five: u32 = "ldavg[1]" @ 4,
        /// Average over fifteen minutes.
        fifteen: u32 = "ldavg[2]" @ 8,
        /// What 1 is written as.
        scale: i64 = "fscale" @ 16,
    }
}

view! {
    /// `kern.clockrate`.
    pub struct ClockRate = "clockinfo" (20) {
        /// Ticks of the clock in a second.
        hz: i32 = "hz" @ 0,
        /// Ticks of the statistics clock in a second.
        stathz: i32 = "stathz" @ 12,
    }
}

/// The CPUs of `kern.cp_times`, in order.
pub fn cpus(bytes: &[u8]) -> impl Iterator<Item = Result<CpuTicks<'_>>> {
    chunks(bytes, CpuTicks::SIZE, CpuTicks::STRUCT).map(|cpu| CpuTicks::new(cpu?))
}

impl CpuTicks<'_> {
    /// Whether it never ticked: a number without a CPU. The list has a place for each number up to the highest.
    #[must_use]
    pub fn is_absent(self) -> bool {
        [self.user(), self.nice(), self.system(), self.interrupt(), self.idle()].iter().all(|ticks| *ticks == 0)
    }
}

/// The load averages over 1, 5 and 15 minutes.
pub fn load(bytes: &[u8]) -> Result<[f64; 3]> {
    let load = Load::new(bytes)?;
    let scale = u32::try_from(load.scale()).ok().filter(|scale| *scale > 0);
    let scale = scale.ok_or_else(|| ParseError::malformed("fscale", load.scale().to_string().as_bytes()))?;
    Ok([load.one(), load.five(), load.fifteen()].map(|average| f64::from(average) / f64::from(scale)))
}

/// Ticks of the statistics clock, in which CPU times are counted, in a second.
pub fn ticks(bytes: &[u8]) -> Result<u32> {
    let rate = ClockRate::new(bytes)?;
    let ticks = if rate.stathz() == 0 { rate.hz() } else { rate.stathz() };
    let ticks = u32::try_from(ticks).ok().filter(|ticks| *ticks > 0);
    ticks.ok_or_else(|| ParseError::malformed("stathz", rate.stathz().to_string().as_bytes()))
}

/// `kern.boottime`: when the kernel booted, as the wall clock says now.
pub fn boot_time(bytes: &[u8]) -> Result<Duration> {
    super::Timeval::new(bytes)?.duration("kern.boottime")
}

/// The lowest and the highest of `dev.cpu.N.freq_levels`, in megahertz: `2400/35000 2300/33000 …`. `None` for an empty list.
pub fn frequencies(bytes: &[u8]) -> Result<Option<(u64, u64)>> {
    let text = crate::view::text(bytes);
    let mut range: Option<(u64, u64)> = None;
    for level in crate::Cursor::new(text).tokens() {
        let frequency = crate::split_once(level, b'/').map_or(level, |(frequency, _)| frequency);
        let frequency = crate::decimal(frequency, "freq_levels")?;
        range = Some(range.map_or((frequency, frequency), |(low, high)| (low.min(frequency), high.max(frequency))));
    }
    Ok(range)
}

/// Tenths of kelvins as degrees Celsius; `None` for what is below the absolute zero, which sensors without a value show.
#[must_use]
pub fn celsius(decikelvins: i32) -> Option<f64> {
    (decikelvins > 0).then(|| (f64::from(decikelvins) - 2731.5) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn longs(numbers: &[i64]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn cpus_in_order() {
        let bytes = longs(&[1, 2, 3, 4, 5, 0, 0, 0, 0, 0]);
        let found: Vec<_> = cpus(&bytes).map(Result::unwrap).collect();
        assert_eq!((found[0].user(), found[0].interrupt(), found[0].idle()), (1, 4, 5));
        assert!(!found[0].is_absent() && found[1].is_absent());
        assert!(cpus(&bytes[..79]).last().unwrap().is_err());
    }

    #[test]
    fn load_is_scaled() {
        let bytes = [&512u32.to_le_bytes()[..], &1024u32.to_le_bytes(), &[0; 8], &2048i64.to_le_bytes()].concat();
        assert_eq!(load(&bytes), Ok([0.25, 0.5, 0.0]));
        assert_eq!(load(&[0; 24]).unwrap_err().field(), "fscale");
    }

    #[test]
    fn times_are_counted_by_the_statistics_clock() {
        let rate = |hz: i32, stathz: i32| [hz, 10, 0, stathz, 0].map(i32::to_le_bytes).concat();
        assert_eq!((ticks(&rate(1000, 127)), ticks(&rate(100, 0))), (Ok(127), Ok(100)));
        assert!(ticks(&rate(0, 0)).is_err() && ticks(&rate(100, -1)).is_err() && ticks(&[0; 19]).is_err());
    }

    #[test]
    fn frequencies_and_temperatures() {
        assert_eq!(frequencies(b"2401/35000 2400/34000 800/1000\0"), Ok(Some((800, 2401))));
        assert_eq!(frequencies(b"1500/-1\0"), Ok(Some((1500, 1500))));
        assert_eq!(frequencies(b"\0"), Ok(None));
        assert!(frequencies(b"fast").is_err());
        assert_eq!((celsius(3001), celsius(-1)), (Some(26.95), None));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (cpus(&bytes).count(), load(&bytes), ticks(&bytes), boot_time(&bytes), frequencies(&bytes));
            let _ = VmTotal::new(&bytes).map(VmTotal::ready);
        }
    }
}
