//! The processors.

use psoxide_parse::bsd::counters;
use psoxide_parse::netbsd::uvmexp::Uvmexp;

use super::Netbsd;
use super::abi::STATHZ;
use crate::sys::CpuReadings;
use crate::sys::netbsdlike::machine::{Machine, span, unsigned};
use crate::sys::netbsdlike::question::Question;
use crate::{CpuStats, CpuTimes, LoadAverage, Result};

/// `CPUSTATES`: user, nice, system, interrupts, idle.
const STATES: usize = 5;

/// The ticks of each processor: one question for all of them.
fn ticks(machine: &Machine) -> Result<Vec<[u64; STATES]>> {
    machine.read(&Question::sysctl("kern.cp_time"), |bytes| counters::ticks(bytes, "kern.cp_time"))
}

fn times([user, nice, system, interrupts, idle]: [u64; STATES], per_second: u64) -> CpuTimes {
    let span = |ticks| span(ticks, per_second);
    CpuTimes {
        user: span(user),
        nice: Some(span(nice)),
        system: span(system),
        idle: span(idle),
        irq: Some(span(interrupts)),
        ..CpuTimes::default()
    }
}

impl CpuReadings for Netbsd {
    fn cpu_times(machine: &Machine) -> Result<CpuTimes> {
        let per_second = machine.ticks_per_second(STATHZ)?;
        let add = |sum: [u64; STATES], one: &[u64; STATES]| {
            let mut pairs = sum.into_iter().zip(one);
            std::array::from_fn(|_| pairs.next().map_or(0, |(sum, one)| sum.saturating_add(*one)))
        };
        Ok(times(ticks(machine)?.iter().fold([0; STATES], add), per_second))
    }

    fn cpu_times_per_cpu(machine: &Machine) -> Result<Vec<(u32, CpuTimes)>> {
        let per_second = machine.ticks_per_second(STATHZ)?;
        // They come in the order of their numbers, which none is left out of.
        Ok((0..).zip(ticks(machine)?).map(|(cpu, ticks)| (cpu, times(ticks, per_second))).collect())
    }

    fn cpu_count(machine: &Machine) -> Result<Option<usize>> {
        Ok(usize::try_from(machine.number("hw.ncpuonline")?).ok())
    }

    /// The kernel does not distinguish cores from threads. Only a single CPU is certainly one core.
    fn cpu_count_cores(machine: &Machine) -> Result<Option<usize>> {
        Ok(Self::cpu_count(machine)?.filter(|count| *count == 1))
    }

    fn cpu_stats(machine: &Machine) -> Result<CpuStats> {
        machine.read(&Question::sysctl("vm.uvmexp2"), |bytes| {
            let counters = Uvmexp::new(bytes)?;
            Ok(CpuStats {
                ctx_switches: Some(unsigned(counters.switches(), "swtch")?),
                interrupts: unsigned(counters.interrupts(), "intrs")?,
                soft_interrupts: Some(unsigned(counters.soft_interrupts(), "softs")?),
                syscalls: Some(unsigned(counters.syscalls(), "syscalls")?),
            })
        })
    }

    fn load_average(machine: &Machine) -> Result<LoadAverage> {
        let [one, five, fifteen] = machine.read(&Question::sysctl("vm.loadavg"), counters::load_average)?;
        Ok(LoadAverage { one, five, fifteen })
    }
}
