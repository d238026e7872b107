//! The processors.

use psoxide_parse::bsd::counters;
use psoxide_parse::openbsd::memory::Uvmexp;

use super::Openbsd;
use super::abi::STATHZ;
use crate::sys::CpuReadings;
use crate::sys::bsd::megahertz;
use crate::sys::netbsdlike::machine::{Machine, span};
use crate::sys::netbsdlike::question::Question;
use crate::{CpuFreq, CpuStats, CpuTimes, LoadAverage, Result};

/// `CPUSTATES`: user, nice, system, spinning, interrupts, idle.
const STATES: usize = 6;

/// Time spent spinning for a lock is time in the kernel.
fn times([user, nice, system, spinning, interrupts, idle]: [u64; STATES], per_second: u64) -> CpuTimes {
    let span = |ticks| span(ticks, per_second);
    CpuTimes {
        user: span(user),
        nice: Some(span(nice)),
        system: span(system.saturating_add(spinning)),
        idle: span(idle),
        irq: Some(span(interrupts)),
        ..CpuTimes::default()
    }
}

fn ticks(machine: &Machine, question: &Question) -> Result<Option<[u64; STATES]>> {
    machine.read(question, |bytes| counters::ticks(bytes, "kern.cp_time")).map(|all| all.first().copied())
}

impl CpuReadings for Openbsd {
    fn cpu_times(machine: &Machine) -> Result<CpuTimes> {
        let per_second = machine.ticks_per_second(STATHZ)?;
        let sum = ticks(machine, &Question::sysctl("kern.cp_time"))?;
        Ok(times(sum.unwrap_or_default(), per_second))
    }

    /// Each processor is a question of its own. Those that are off, such as siblings with `hw.smt=0`, are left out.
    fn cpu_times_per_cpu(machine: &Machine) -> Result<Vec<(u32, CpuTimes)>> {
        /// `CPUSTATS_ONLINE`.
        const ONLINE: u64 = 1;
        let per_second = machine.ticks_per_second(STATHZ)?;
        let count = i32::try_from(machine.number("hw.ncpufound")?).unwrap_or(i32::MAX);
        let mut all = Vec::new();
        for cpu in 0..count {
            let question = Question::sysctl_of("kern.cpustats", &[cpu]);
            let stats: Vec<[u64; STATES + 1]> =
                machine.read(&question, |bytes| counters::ticks(bytes, "kern.cpustats"))?;
            for [user, nice, system, spinning, interrupts, idle, flags] in stats {
                if flags & ONLINE != 0 {
                    let times = times([user, nice, system, spinning, interrupts, idle], per_second);
                    all.push((cpu.unsigned_abs(), times));
                }
            }
        }
        Ok(all)
    }

    fn cpu_count(machine: &Machine) -> Result<Option<usize>> {
        Ok(usize::try_from(machine.number("hw.ncpuonline")?).ok())
    }

    /// The kernel does not distinguish cores from threads. Only a single CPU is certainly one core.
    fn cpu_count_cores(machine: &Machine) -> Result<Option<usize>> {
        Ok(Self::cpu_count(machine)?.filter(|count| *count == 1))
    }

    fn cpu_stats(machine: &Machine) -> Result<CpuStats> {
        machine.read(&Question::sysctl("vm.uvmexp"), |bytes| {
            let counters = Uvmexp::new(bytes)?;
            Ok(CpuStats {
                ctx_switches: Some(counters.switches().into()),
                interrupts: counters.interrupts().into(),
                soft_interrupts: Some(counters.soft_interrupts().into()),
                syscalls: Some(counters.syscalls().into()),
            })
        })
    }

    fn load_average(machine: &Machine) -> Result<LoadAverage> {
        let [one, five, fifteen] = machine.read(&Question::sysctl("vm.loadavg"), counters::load_average)?;
        Ok(LoadAverage { one, five, fifteen })
    }

    /// One frequency for all processors; none where the kernel does not know it.
    fn cpu_freq(machine: &Machine) -> Result<Vec<CpuFreq>> {
        match machine.number("hw.cpuspeed") {
            Ok(0) => Ok(Vec::new()),
            Ok(current) => Ok(vec![CpuFreq { current: megahertz(current)?, min: None, max: None }]),
            // EOPNOTSUPP
            Err(error) if error.errno() == Some(45) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
