//! The processors.

use psoxide_parse::windows::machine::{self, Performance};
use psoxide_parse::windows::processors::{self, Times};

use super::source::span;
use super::{Os, Source, ffi, load};
use crate::sys::CpuReadings;
use crate::{CpuFreq, CpuStats, CpuTimes, LoadAverage, Result};

/// SYSTEM_INFORMATION_CLASS
const PERFORMANCE: i32 = 2;
const PROCESSOR_PERFORMANCE: i32 = 8;

/// The most that a group has, each with the size of its structure.
const GROUP: usize = 64 * 48;

/// Of each processor, one group after the other.
fn times() -> Result<Vec<Times>> {
    let groups = u16::try_from(topology()?.groups.len()).unwrap_or(1);
    if groups <= 1 {
        return Ok(processors::times(ffi::system_information(PROCESSOR_PERFORMANCE, GROUP)?.bytes())?);
    }
    // Without a group it is the caller's own that is told.
    let mut all = Vec::new();
    for group in 0..groups {
        all.extend(processors::times(ffi::group_information(PROCESSOR_PERFORMANCE, group, GROUP)?.bytes())?);
    }
    Ok(all)
}

fn of(times: &Times) -> CpuTimes {
    CpuTimes {
        user: span(times.user),
        // Kernel time has the idle time in it.
        system: span(times.kernel.saturating_sub(times.idle)),
        idle: span(times.idle),
        irq: Some(span(times.interrupt)),
        dpc: Some(span(times.dpc)),
        ..CpuTimes::default()
    }
}

/// The active processors of each group, and the cores of all.
pub(super) fn topology() -> Result<processors::Topology> {
    Ok(processors::topology(ffi::topology()?.bytes())?)
}

impl CpuReadings for Os {
    fn cpu_times(_: &Source) -> Result<CpuTimes> {
        let sum = times()?.into_iter().reduce(|a, b| Times {
            idle: a.idle.saturating_add(b.idle),
            kernel: a.kernel.saturating_add(b.kernel),
            user: a.user.saturating_add(b.user),
            dpc: a.dpc.saturating_add(b.dpc),
            interrupt: a.interrupt.saturating_add(b.interrupt),
            interrupts: a.interrupts.wrapping_add(b.interrupts),
        });
        Ok(sum.as_ref().map(of).unwrap_or_default())
    }

    fn cpu_times_per_cpu(_: &Source) -> Result<Vec<CpuTimes>> {
        Ok(times()?.iter().map(of).collect())
    }

    fn cpu_count(_: &Source) -> Result<Option<usize>> {
        let count = topology()?.groups.into_iter().map(usize::from).sum();
        Ok(Some(count).filter(|count| *count > 0))
    }

    fn cpu_count_cores(_: &Source) -> Result<Option<usize>> {
        Ok(Some(topology()?.cores).filter(|cores| *cores > 0))
    }

    fn cpu_stats(_: &Source) -> Result<CpuStats> {
        let filled = ffi::system_information(PERFORMANCE, 512)?;
        let Performance { context_switches, system_calls } = machine::performance(filled.bytes())?;
        Ok(CpuStats {
            ctx_switches: context_switches.into(),
            interrupts: times()?.iter().map(|times| u64::from(times.interrupts)).sum(),
            soft_interrupts: None,
            syscalls: Some(system_calls.into()),
        })
    }

    fn load_average(_: &Source) -> Result<LoadAverage> {
        load::average()
    }

    fn cpu_freq(_: &Source) -> Result<Vec<CpuFreq>> {
        let clocks = processors::clocks(ffi::clocks()?.bytes())?;
        // A machine that does not say has zeros.
        let known = clocks.into_iter().filter(|clock| clock.current > 0);
        Ok(known
            .map(|clock| CpuFreq {
                current: clock.current.into(),
                min: None,
                max: Some(clock.max.into()).filter(|max| *max > 0.0),
            })
            .collect())
    }
}
