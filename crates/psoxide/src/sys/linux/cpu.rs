//! Reads the CPUs: /proc/stat, /proc/cpuinfo, /sys/devices/system/cpu.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use psoxide_parse::linux::cpu_stat::{self, CpuStat, CpuTicks};
use psoxide_parse::linux::cpuinfo::{self, Cpuinfo};
use psoxide_parse::linux::loadavg;
use psoxide_parse::{Cursor, ParseError, decimal};

use super::live::Live;
use super::source::if_any;
use super::{Linux, Source};
use crate::sys::CpuReadings;
use crate::{CpuFreq, CpuStats, CpuTimes, Error, LoadAverage, Result, RunQueue};

const CPUS: &str = "sys/devices/system/cpu";

impl CpuReadings for Linux {
    fn cpu_times(source: &Source) -> Result<CpuTimes> {
        Ok(times(source, &stat(source)?.total))
    }

    fn cpu_times_per_cpu(source: &Source) -> Result<Vec<(u32, CpuTimes)>> {
        Ok(stat(source)?.cpus.iter().map(|(cpu, ticks)| (*cpu, times(source, ticks))).collect())
    }

    fn cpu_count(source: &Source) -> Result<Option<usize>> {
        if let Some(count) = source.live().and_then(Live::online_cpus) {
            return Ok(Some(count));
        }
        if let Some(info) = cpuinfo(source)?
            && info.processors > 0
        {
            return Ok(Some(info.processors));
        }
        let count = if_any(stat(source))?.map(|stat| stat.cpus.len());
        Ok(count.filter(|count| *count > 0))
    }

    fn cpu_count_cores(source: &Source) -> Result<Option<usize>> {
        let folder = source.file(CPUS);
        let cpus = numbered(source, &folder, "cpu")?;
        for list in ["topology/core_cpus_list", "topology/thread_siblings_list"] {
            let mut cores = BTreeSet::new();
            for cpu in &cpus {
                cores.extend(source.line(&folder.join(format!("cpu{cpu}")).join(list))?);
            }
            if !cores.is_empty() {
                return Ok(Some(cores.len()));
            }
        }
        Ok(cpuinfo(source)?.and_then(|info| info.cores))
    }

    fn cpu_stats(source: &Source) -> Result<CpuStats> {
        let stat = stat(source)?;
        let missing = |field| Error::from(ParseError::missing(field)).with_path(source.procfs("stat"));
        Ok(CpuStats {
            ctx_switches: Some(stat.ctxt.ok_or_else(|| missing("ctxt"))?),
            interrupts: stat.intr.ok_or_else(|| missing("intr"))?,
            soft_interrupts: stat.softirq,
            syscalls: None,
        })
    }

    fn run_queue(source: &Source) -> Result<RunQueue> {
        let stat = stat(source)?;
        let missing = |field| Error::from(ParseError::missing(field)).with_path(source.procfs("stat"));
        Ok(RunQueue {
            running: stat.procs_running.ok_or_else(|| missing("procs_running"))?,
            blocked: stat.procs_blocked,
        })
    }

    fn load_average(source: &Source) -> Result<LoadAverage> {
        let [one, five, fifteen] = source.read_one(&source.procfs("loadavg"), loadavg::parse)?;
        Ok(LoadAverage { one, five, fifteen })
    }

    fn cpu_freq(source: &Source) -> Result<Vec<CpuFreq>> {
        let info = cpuinfo(source)?.unwrap_or_default();
        let (mhz, scaling) = (info.mhz, scaling(source, info.first)?);
        if scaling.is_empty() {
            return Ok(mhz.into_iter().map(|current| CpuFreq { current, min: None, max: None }).collect());
        }
        // cpufreq reports the frequency that the governor requested, cpuinfo the measured one.
        let measured = scaling.len() == mhz.len();
        let mut mhz = mhz.into_iter();
        Ok(scaling
            .into_iter()
            .filter_map(|(_, freq)| {
                let current = if measured { mhz.next() } else { freq.current };
                Some(CpuFreq { current: current?, min: freq.min, max: freq.max })
            })
            .collect())
    }
}

#[derive(Clone, Copy)]
struct Scaling {
    current: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

/// Reads cpufreq of each online CPU, by number. `first` is one of these CPUs, if any is known.
fn scaling(source: &Source, first: Option<u64>) -> Result<Vec<(u32, Scaling)>> {
    let cpus = source.file(CPUS);
    let mut all = Vec::new();
    // cpufreq is usually a link to the CPU's policy. If the first CPU lacks it, all do. A copied tree may lack the
    // links.
    if source.is_live() && first.is_some_and(|first| !source.is_dir(&cpus.join(format!("cpu{first}/cpufreq")))) {
        return Ok(all);
    }
    let policies = cpus.join("cpufreq");
    for policy in numbered(source, &policies, "policy")? {
        let folder = policies.join(format!("policy{policy}"));
        let freq = scaling_in(source, &folder);
        match source.line(&folder.join("affected_cpus"))? {
            Some(line) => {
                let mut cursor = Cursor::new(&line);
                while let Some(cpu) = cursor.token() {
                    all.extend(number(cpu).map(|cpu| (cpu, freq)));
                }
            }
            None => all.push((policy, freq)),
        }
    }
    // Before Linux 4.3 each CPU had its own directory.
    if all.is_empty() {
        for cpu in numbered(source, &cpus, "cpu")? {
            let folder = cpus.join(format!("cpu{cpu}/cpufreq"));
            if !source.is_dir(&folder) {
                continue;
            }
            let freq = scaling_in(source, &folder);
            if freq.current.is_some() {
                all.push((cpu, freq));
            }
        }
    }
    all.sort_by_key(|(cpu, _)| *cpu);
    Ok(all)
}

fn scaling_in(source: &Source, folder: &Path) -> Scaling {
    let megahertz = |file| {
        let khz = source.number(&folder.join(file))?;
        u32::try_from(khz).ok().map(|khz| f64::from(khz) / 1000.0)
    };
    Scaling {
        current: megahertz("scaling_cur_freq").or_else(|| megahertz("cpuinfo_cur_freq")),
        min: megahertz("scaling_min_freq"),
        max: megahertz("scaling_max_freq"),
    }
}

/// Lists the numbers N of the entries `<prefix>N` in a directory, in ascending order. A missing directory has none.
fn numbered(source: &Source, folder: &Path, prefix: &str) -> Result<Vec<u32>> {
    let names = if_any(source.names(folder))?.unwrap_or_default();
    let of = |name: &OsStr| number(name.as_encoded_bytes().strip_prefix(prefix.as_bytes())?);
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn number(text: &[u8]) -> Option<u32> {
    decimal(text, "cpu").ok().and_then(|number| u32::try_from(number).ok())
}

fn stat(source: &Source) -> Result<CpuStat> {
    source.read_one(&source.procfs("stat"), cpu_stat::parse)
}

fn cpuinfo(source: &Source) -> Result<Option<Cpuinfo>> {
    source.read_if_any(&source.procfs("cpuinfo"), cpuinfo::parse)
}

fn times(source: &Source, ticks: &CpuTicks) -> CpuTimes {
    let time = |ticks: Option<u64>| ticks.map(|ticks| source.ticks(ticks));
    CpuTimes {
        user: source.ticks(ticks.user),
        nice: Some(source.ticks(ticks.nice)),
        system: source.ticks(ticks.system),
        idle: source.ticks(ticks.idle),
        iowait: time(ticks.iowait),
        irq: time(ticks.irq),
        softirq: time(ticks.softirq),
        steal: time(ticks.steal),
        guest: time(ticks.guest),
        guest_nice: time(ticks.guest_nice),
        dpc: None,
    }
}
