//! Reads the CPUs.

use psoxide_parse::windows::machine::{self, Performance};
use psoxide_parse::windows::processors::{self, Times, Topology};

use super::calls::{Class, Question};
use super::source::span;
use super::{Source, Windows, load};
#[cfg(feature = "capture")]
use crate::Error;
use crate::sys::CpuReadings;
use crate::{CpuFreq, CpuStats, CpuTimes, LoadAverage, Result};

/// Reads the times of each CPU, one processor group after the other.
fn times(source: &Source) -> Result<Vec<Times>> {
    let groups = u16::try_from(topology(source)?.groups.len()).unwrap_or(1);
    if groups <= 1 {
        return source.read(&Question::System(Class::Processors), processors::times);
    }
    // Without a group number, Windows answers for the caller's own group.
    let mut all = Vec::new();
    for group in 0..groups {
        all.extend(source.read(&Question::ProcessorsOf(group), processors::times)?);
    }
    Ok(all)
}

fn of(times: &Times) -> CpuTimes {
    CpuTimes {
        user: span(times.user),
        // Windows includes the idle time in the kernel time.
        system: span(times.kernel.saturating_sub(times.idle)),
        idle: span(times.idle),
        irq: Some(span(times.interrupt)),
        dpc: Some(span(times.dpc)),
        ..CpuTimes::default()
    }
}

/// Reads the active CPUs of each group, and the cores of all groups.
pub(super) fn topology(source: &Source) -> Result<Topology> {
    source.read(&Question::Topology, processors::topology)
}

impl CpuReadings for Windows {
    fn cpu_times(source: &Source) -> Result<CpuTimes> {
        let sum = times(source)?.into_iter().reduce(|a, b| Times {
            idle: a.idle.saturating_add(b.idle),
            kernel: a.kernel.saturating_add(b.kernel),
            user: a.user.saturating_add(b.user),
            dpc: a.dpc.saturating_add(b.dpc),
            interrupt: a.interrupt.saturating_add(b.interrupt),
            interrupts: a.interrupts.wrapping_add(b.interrupts),
        });
        Ok(sum.as_ref().map(of).unwrap_or_default())
    }

    fn cpu_times_per_cpu(source: &Source) -> Result<Vec<(u32, CpuTimes)>> {
        Ok((0..).zip(times(source)?.iter().map(of)).collect())
    }

    fn cpu_count(source: &Source) -> Result<Option<usize>> {
        let count = topology(source)?.groups.into_iter().map(usize::from).sum();
        Ok(Some(count).filter(|count| *count > 0))
    }

    fn cpu_count_cores(source: &Source) -> Result<Option<usize>> {
        Ok(Some(topology(source)?.cores).filter(|cores| *cores > 0))
    }

    fn cpu_stats(source: &Source) -> Result<CpuStats> {
        let Performance { context_switches, system_calls } =
            source.read(&Question::System(Class::Performance), machine::performance)?;
        Ok(CpuStats {
            ctx_switches: Some(context_switches.into()),
            interrupts: times(source)?.iter().map(|times| u64::from(times.interrupts)).sum(),
            soft_interrupts: None,
            syscalls: Some(system_calls.into()),
        })
    }

    fn load_average(source: &Source) -> Result<LoadAverage> {
        // Windows keeps no load averages, so this program counts them.
        #[cfg(feature = "capture")]
        if !source.is_live() {
            return Err(Error::not_captured("load_average".to_owned()));
        }
        load::average(source)
    }

    fn cpu_freq(source: &Source) -> Result<Vec<CpuFreq>> {
        let clocks = source.read(&Question::Clocks, processors::clocks)?;
        // The frequency is 0 if the machine does not know it.
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

#[cfg(all(test, feature = "capture"))]
mod tests {
    use super::*;
    use crate::Os;
    use crate::sys::question::{Capture, Kernel};

    /// Makes `count` CPUs whose idle times count up from `first`.
    fn processors(first: u64, count: u8) -> Vec<u8> {
        (first..first + u64::from(count)).flat_map(|idle| [&idle.to_le_bytes()[..], &[0; 40]].concat()).collect()
    }

    /// Makes a machine with processor groups of these sizes.
    fn machine(sizes: &[u8]) -> Source {
        let mut capture = Capture::default();
        let count = u8::try_from(sizes.len()).unwrap_or(u8::MAX);
        let mut groups = [[4u8, 0, 0, 0], [32 + 48 * count, 0, 0, 0], [count, 0, count, 0]].concat();
        groups.resize(32, 0);
        for size in sizes {
            groups.extend([64, *size]);
            groups.extend([0; 46]);
        }
        capture.record(Question::Topology.to_string(), Ok(groups));
        capture.record(Question::System(Class::Processors).to_string(), Ok(processors(1000, 8)));
        for (group, size) in (0u16..).zip(sizes) {
            capture.record(Question::ProcessorsOf(group).to_string(), Ok(processors(u64::from(group) * 64, *size)));
        }
        Source::new(Kernel::captured(Os::Windows, capture))
    }

    #[test]
    fn processors_of_all_groups_are_in_order() {
        let idle = |sizes| times(&machine(sizes)).unwrap().iter().map(|time| time.idle).collect::<Vec<_>>();
        assert_eq!(idle(&[64, 64, 16]), (0..144).collect::<Vec<u64>>());
        assert_eq!(idle(&[8]), (1000..1008).collect::<Vec<u64>>());
    }
}
