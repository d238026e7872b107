//! The processors.

use psoxide_parse::windows::machine::{self, Performance};
use psoxide_parse::windows::processors::{self, Times, Topology};

use super::source::span;
use super::{Source, Windows, ffi, load};
use crate::sys::CpuReadings;
use crate::{CpuFreq, CpuStats, CpuTimes, LoadAverage, Result};

/// SYSTEM_INFORMATION_CLASS
const PERFORMANCE: i32 = 2;
const PROCESSOR_PERFORMANCE: i32 = 8;

/// The most that a group has, each with the size of its structure.
const GROUP: usize = 64 * 48;

/// Of each processor, one group after the other.
fn times() -> Result<Vec<Times>> {
    times_of(&topology()?, |group| match group {
        None => ffi::system_information(PROCESSOR_PERFORMANCE, GROUP),
        Some(group) => ffi::group_information(PROCESSOR_PERFORMANCE, group, GROUP),
    })
}

fn times_of<T: AsRef<[u8]>>(topology: &Topology, ask: impl Fn(Option<u16>) -> Result<T>) -> Result<Vec<Times>> {
    let groups = u16::try_from(topology.groups.len()).unwrap_or(1);
    if groups <= 1 {
        return Ok(processors::times(ask(None)?.as_ref())?);
    }
    // Without a group it is the caller's own that is told.
    let mut all = Vec::new();
    for group in 0..groups {
        all.extend(processors::times(ask(Some(group))?.as_ref())?);
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
pub(super) fn topology() -> Result<Topology> {
    Ok(processors::topology(ffi::topology()?.bytes())?)
}

impl CpuReadings for Windows {
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

    fn cpu_times_per_cpu(_: &Source) -> Result<Vec<(u32, CpuTimes)>> {
        Ok((0..).zip(times()?.iter().map(of)).collect())
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
            ctx_switches: Some(context_switches.into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As many processors, whose idle times count up from `first`.
    fn buffer(first: u64, count: u64) -> Vec<u8> {
        (first..first + count).flat_map(|idle| [&idle.to_le_bytes()[..], &[0; 40]].concat()).collect()
    }

    #[test]
    fn the_processors_of_all_groups_are_told_in_order() {
        let sizes = [64u8, 64, 16];
        let topology = |sizes: &[u8]| Topology { cores: 72, groups: sizes.to_vec() };
        let asked = |group: Option<u16>| match group {
            Some(group) => Ok(buffer(u64::from(group) * 64, sizes[usize::from(group)].into())),
            None => Ok(buffer(1000, 8)),
        };
        let idle = |sizes| times_of(&topology(sizes), asked).unwrap().iter().map(|time| time.idle).collect::<Vec<_>>();
        assert_eq!(idle(&sizes), (0..144).collect::<Vec<u64>>());
        assert_eq!(idle(&[8]), (1000..1008).collect::<Vec<u64>>());
    }
}
