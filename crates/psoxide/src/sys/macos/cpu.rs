//! The processors.

use std::time::Duration;

use psoxide_parse::bsd::counters;
use psoxide_parse::macos::machine::{self, CpuTicks};

use super::calls::Question;
use super::{Macos, Source};
use crate::sys::CpuReadings;
use crate::{CpuFreq, CpuTimes, Error, LoadAverage, Result};

/// Ticks in a second, on every machine.
const TICKS: u64 = 100;

impl CpuReadings for Macos {
    fn cpu_times(source: &Source) -> Result<CpuTimes> {
        let each = Self::cpu_times_per_cpu(source)?;
        let sum = |time: fn(&CpuTimes) -> Duration| each.iter().map(|(_, cpu)| time(cpu)).sum();
        Ok(CpuTimes {
            user: sum(|cpu| cpu.user),
            nice: Some(sum(|cpu| cpu.nice.unwrap_or_default())),
            system: sum(|cpu| cpu.system),
            idle: sum(|cpu| cpu.idle),
            ..CpuTimes::default()
        })
    }

    fn cpu_times_per_cpu(source: &Source) -> Result<Vec<(u32, CpuTimes)>> {
        source.read(&Question::CpuTicks, |bytes| {
            (0..).zip(machine::cpus(bytes)).map(|(number, cpu)| Ok((number, times(cpu?)))).collect()
        })
    }

    fn cpu_count(source: &Source) -> Result<Option<usize>> {
        Ok(usize::try_from(source.number("hw.logicalcpu")?).ok())
    }

    fn cpu_count_cores(source: &Source) -> Result<Option<usize>> {
        Ok(usize::try_from(source.number("hw.physicalcpu")?).ok())
    }

    fn load_average(source: &Source) -> Result<LoadAverage> {
        let [one, five, fifteen] = source.read(&Question::Sysctl("vm.loadavg"), counters::load_average)?;
        Ok(LoadAverage { one, five, fifteen })
    }

    fn cpu_freq(source: &Source) -> Result<Vec<CpuFreq>> {
        let megahertz = |hertz: u64| u32::try_from(hertz / 1_000_000).ok().map(f64::from);
        let current = match source.number("hw.cpufrequency") {
            // Apple silicon does not have it: a constant in its place would be wrong.
            Err(error) if error.is_missing() => return Ok(Vec::new()),
            hertz => megahertz(hertz?).ok_or_else(|| Error::unsupported("cpu_freq"))?,
        };
        let min = megahertz(source.number("hw.cpufrequency_min")?);
        Ok(vec![CpuFreq { current, min, max: megahertz(source.number("hw.cpufrequency_max")?) }])
    }
}

fn times(cpu: CpuTicks<'_>) -> CpuTimes {
    let time = |ticks: u32| Duration::from_millis(u64::from(ticks) * (1000 / TICKS));
    CpuTimes {
        user: time(cpu.user()),
        nice: Some(time(cpu.nice())),
        system: time(cpu.system()),
        idle: time(cpu.idle()),
        ..CpuTimes::default()
    }
}
