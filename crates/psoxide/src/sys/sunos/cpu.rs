//! The processors, all from kstats.

use std::collections::BTreeSet;
use std::time::Duration;

use psoxide_parse::sunos::kstat::Kstat;
use psoxide_parse::{ParseError, decimal};

use super::calls::Question;
use super::source::named;
use super::{Source, Sunos};
use crate::sys::CpuReadings;
use crate::sys::bsd::megahertz;
use crate::{CpuFreq, CpuStats, CpuTimes, LoadAverage, Result};

/// Load averages are kept as multiples of this, `FSCALE`.
const SCALE: f64 = 256.0;

impl CpuReadings for Sunos {
    fn cpu_times(source: &Source) -> Result<CpuTimes> {
        let each = Self::cpu_times_per_cpu(source)?;
        let sum = |time: fn(&CpuTimes) -> Duration| each.iter().map(|(_, cpu)| time(cpu)).sum();
        Ok(CpuTimes {
            user: sum(|cpu| cpu.user),
            system: sum(|cpu| cpu.system),
            idle: sum(|cpu| cpu.idle),
            iowait: Some(sum(|cpu| cpu.iowait.unwrap_or_default())),
            ..CpuTimes::default()
        })
    }

    fn cpu_times_per_cpu(source: &Source) -> Result<Vec<(u32, CpuTimes)>> {
        source.kstats(&Question::Module("cpu"), |all| {
            each_cpu(all, "sys").map(|kstat| Ok((kstat.instance, times(source, kstat)?))).collect()
        })
    }

    fn cpu_count(source: &Source) -> Result<Option<usize>> {
        source.kstats(&Question::Module("cpu_info"), |all| Ok(Some(online(all).count())))
    }

    fn cpu_count_cores(source: &Source) -> Result<Option<usize>> {
        source.kstats(&Question::Module("cpu_info"), |all| {
            // A core has a number within its chip.
            let core = |kstat: &Kstat<'_>| Some((kstat.text("chip_id")?.to_vec(), kstat.text("core_id")?.to_vec()));
            let cores: Option<BTreeSet<_>> = all.iter().map(core).collect();
            Ok(cores.map(|cores| cores.len()).filter(|count| *count > 0))
        })
    }

    fn cpu_stats(source: &Source) -> Result<CpuStats> {
        source.kstats(&Question::Module("cpu"), |all| {
            let sum = |statistic| -> Result<u64, ParseError> {
                each_cpu(all, "sys").try_fold(0u64, |sum, kstat| Ok(sum.saturating_add(kstat.number(statistic)?)))
            };
            Ok(CpuStats {
                ctx_switches: Some(sum("pswitch")?),
                interrupts: sum("intr")?,
                soft_interrupts: None,
                syscalls: Some(sum("syscall")?),
            })
        })
    }

    fn load_average(source: &Source) -> Result<LoadAverage> {
        source.kstats(&Question::Module("unix"), |all| {
            let kstat = named(all, "system_misc")?;
            let average = |statistic| {
                let value = kstat.number(statistic)?;
                let value = u32::try_from(value).map_err(|_| ParseError::overflow(statistic, &[]))?;
                Ok::<_, ParseError>(f64::from(value) / SCALE)
            };
            Ok(LoadAverage {
                one: average("avenrun_1min")?,
                five: average("avenrun_5min")?,
                fifteen: average("avenrun_15min")?,
            })
        })
    }

    fn cpu_freq(source: &Source) -> Result<Vec<CpuFreq>> {
        let clocks: Vec<Clock> =
            source.kstats(&Question::Module("cpu_info"), |all| online(all).map(clock).collect())?;
        let frequency = |clock: Clock| {
            Ok(CpuFreq {
                current: megahertz(clock.current)?,
                min: clock.min.map(megahertz).transpose()?,
                max: clock.max.map(megahertz).transpose()?,
            })
        };
        clocks.into_iter().map(frequency).collect()
    }
}

/// The kstats of each processor with this name.
fn each_cpu<'a, 'b>(all: &'a [Kstat<'b>], name: &'static str) -> impl Iterator<Item = &'a Kstat<'b>> {
    all.iter().filter(move |kstat| kstat.name == name.as_bytes())
}

/// The processors that run threads.
fn online<'a, 'b>(all: &'a [Kstat<'b>]) -> impl Iterator<Item = &'a Kstat<'b>> {
    all.iter().filter(|kstat| matches!(kstat.text("state"), Some(b"on-line" | b"no-intr")))
}

fn times(source: &Source, kstat: &Kstat<'_>) -> Result<CpuTimes, ParseError> {
    let time = |statistic| kstat.number(statistic).map(Duration::from_nanos);
    Ok(CpuTimes {
        user: time("cpu_nsec_user")?,
        system: time("cpu_nsec_kernel")?,
        idle: time("cpu_nsec_idle")?,
        iowait: Some(source.ticks(kstat.number("cpu_ticks_wait")?)),
        ..CpuTimes::default()
    })
}

/// The frequency of a processor and its limits, in megahertz.
struct Clock {
    current: u64,
    min: Option<u64>,
    max: Option<u64>,
}

/// Reads the frequency of a processor. The kernel reports hertz, and the steps with colons between them.
fn clock(kstat: &Kstat<'_>) -> Result<Clock, ParseError> {
    const MEGA: u64 = 1_000_000;
    let steps = kstat.text("supported_frequencies_Hz").unwrap_or_default();
    let steps: Vec<u64> =
        steps.split(|byte| *byte == b':').filter_map(|step| decimal(step, "supported_frequencies_Hz").ok()).collect();
    let current = match kstat.number_if_any("current_clock_Hz")? {
        Some(hertz) => hertz / MEGA,
        None => kstat.number("clock_MHz")?,
    };
    Ok(Clock {
        current,
        min: steps.iter().min().map(|hertz| hertz / MEGA),
        max: steps.iter().max().map(|hertz| hertz / MEGA),
    })
}
