//! The processors.

use std::time::Duration;

use psoxide_parse::bsd::counters;
use psoxide_parse::macos::iokit;
use psoxide_parse::macos::machine::{self, CpuTicks};

use super::calls::Question;
use super::process::is_translated;
use super::{Macos, Source};
use crate::sys::CpuReadings;
use crate::sys::bsd::megahertz;
use crate::{CoreKind, CpuFreq, CpuStats, CpuTimes, Error, LoadAverage, Result};

/// `ENOTSUP`
const ENOTSUP: i32 = 45;
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

    fn core_kinds(source: &Source) -> Result<Vec<CoreKind>> {
        let kinds = match source.number("hw.nperflevels") {
            // Before macOS 12.
            Err(error) if error.is_missing() => return Err(Error::unsupported("core_kinds")),
            kinds => u32::try_from(kinds?).map_err(|_| Error::unsupported("core_kinds"))?,
        };
        let kind = |kind| {
            let number = |name| source.read(&Question::CoreKind(kind, name), |bytes| counters::number(bytes, name));
            Ok(CoreKind {
                name: source.read(&Question::CoreKind(kind, "name"), |bytes| {
                    Ok(String::from_utf8_lossy(counters::text(bytes)).into_owned())
                })?,
                cores: number("physicalcpu")?,
                logical: number("logicalcpu")?,
            })
        };
        (0..kinds).map(kind).collect()
    }

    fn cpu_stats(source: &Source) -> Result<CpuStats> {
        // psutil shows counts of pages by these names. The kernel counts interrupts alone, and those of arm64 only.
        let processors = usize::try_from(source.number("hw.logicalcpu")?).unwrap_or(0);
        let counted = source.read(&Question::Interrupts, |bytes| machine::interrupts(bytes, processors));
        match counted {
            Err(error) if error.errno() == Some(ENOTSUP) => Err(Error::unsupported("cpu_stats")),
            interrupts => Ok(CpuStats { interrupts: interrupts?, ..CpuStats::default() }),
        }
    }

    fn cpu_freq(source: &Source) -> Result<Vec<CpuFreq>> {
        match source.read(&Question::VoltageStates, iokit::frequencies) {
            Ok(Some(found)) => {
                let (min, max) = (megahertz(found.min / 1000)?, megahertz(found.max / 1000)?);
                return Ok(vec![CpuFreq { current: max, min: Some(min), max: Some(max) }]);
            }
            // Apple silicon whose tables have other names. It has none of the sysctls below.
            Ok(None) => return Err(Error::unsupported("cpu_freq")),
            // Intel, and virtual machines.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
        // Rosetta answers these sysctls with constants.
        if is_translated(source)? {
            return Err(Error::unsupported("cpu_freq"));
        }
        let number = |name| match source.number(name) {
            Err(error) if error.is_missing() => Ok(None),
            hertz => megahertz(hertz? / 1_000_000).map(Some),
        };
        let current = number("hw.cpufrequency")?.ok_or_else(|| Error::unsupported("cpu_freq"))?;
        Ok(vec![CpuFreq { current, min: number("hw.cpufrequency_min")?, max: number("hw.cpufrequency_max")? }])
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
