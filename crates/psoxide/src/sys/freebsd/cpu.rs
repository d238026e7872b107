//! The processors.

use psoxide_parse::freebsd::machine::{self, CpuTicks};
use psoxide_parse::freebsd::{count, topology, unsigned};

use super::calls::Question;
use super::{Freebsd, Source};
use crate::sys::CpuReadings;
use crate::sys::bsd::machine::{parsed, span};
use crate::{CpuFreq, CpuStats, CpuTimes, LoadAverage, Result};

impl CpuReadings for Freebsd {
    fn cpu_times(source: &Source) -> Result<CpuTimes> {
        let ticks = ticks(source)?;
        source.read(&Question::sysctl("kern.cp_time"), |bytes| times(CpuTicks::new(bytes)?, ticks))
    }

    fn cpu_times_per_cpu(source: &Source) -> Result<Vec<(u32, CpuTimes)>> {
        let ticks = ticks(source)?;
        source.read(&Question::sysctl("kern.cp_times"), |bytes| {
            let cpus = (0..).zip(machine::cpus(bytes));
            let present = cpus.filter(|(_, cpu)| cpu.as_ref().map_or(true, |cpu| !cpu.is_absent()));
            present.map(|(number, cpu)| Ok((number, times(cpu?, ticks)?))).collect()
        })
    }

    fn cpu_count(source: &Source) -> Result<Option<usize>> {
        Ok(usize::try_from(source.number("hw.ncpu")?).ok())
    }

    fn cpu_count_cores(source: &Source) -> Result<Option<usize>> {
        let cores = source.read(&Question::sysctl("kern.sched.topology_spec"), topology::cores);
        match cores {
            // The older scheduler has no topology.
            Err(error) if error.is_missing() => Ok(Self::cpu_count(source)?.filter(|cpus| *cpus == 1)),
            cores => cores,
        }
    }

    fn cpu_stats(source: &Source) -> Result<CpuStats> {
        Ok(CpuStats {
            ctx_switches: Some(source.number("vm.stats.sys.v_swtch")?),
            interrupts: source.number("vm.stats.sys.v_intr")?,
            soft_interrupts: Some(source.number("vm.stats.sys.v_soft")?),
            syscalls: Some(source.number("vm.stats.sys.v_syscall")?),
        })
    }

    fn load_average(source: &Source) -> Result<LoadAverage> {
        let [one, five, fifteen] = source.read(&Question::sysctl("vm.loadavg"), machine::load)?;
        Ok(LoadAverage { one, five, fifteen })
    }

    fn cpu_freq(source: &Source) -> Result<Vec<CpuFreq>> {
        let mut all = Vec::new();
        for cpu in 0..source.number("hw.ncpu")? {
            let question = Question::sysctl_of(format!("dev.cpu.{cpu}.freq"));
            let current = source.read(&question, |bytes| {
                unsigned(psoxide_parse::freebsd::integer(bytes, "dev.cpu.freq")?, "dev.cpu.freq")
            });
            let current = match current {
                // The first CPU has a frequency if any has, and often it alone, as all share it.
                Err(error) if error.is_missing() => break,
                current => current?,
            };
            let question = Question::sysctl_of(format!("dev.cpu.{cpu}.freq_levels"));
            let range = match source.read(&question, machine::frequencies) {
                Err(error) if error.is_missing() => None,
                range => range?,
            };
            let float = |megahertz: u64| u32::try_from(megahertz).ok().map(f64::from);
            all.push(CpuFreq {
                current: current.into(),
                min: range.and_then(|(low, _)| float(low)),
                max: range.and_then(|(_, high)| float(high)),
            });
        }
        Ok(all)
    }
}

/// How many ticks, in which CPU times are counted, a second has.
fn ticks(source: &Source) -> Result<u32> {
    let question = Question::sysctl("kern.clockrate");
    parsed(&question, source.clock(|| source.ask(&question))?, machine::ticks)
}

fn times(cpu: CpuTicks<'_>, ticks: u32) -> psoxide_parse::Result<CpuTimes> {
    let time = |number, field| count(number, field).map(|number| span(number, ticks.into()));
    Ok(CpuTimes {
        user: time(cpu.user(), "CP_USER")?,
        nice: Some(time(cpu.nice(), "CP_NICE")?),
        system: time(cpu.system(), "CP_SYS")?,
        idle: time(cpu.idle(), "CP_IDLE")?,
        irq: Some(time(cpu.interrupt(), "CP_INTR")?),
        ..CpuTimes::default()
    })
}
