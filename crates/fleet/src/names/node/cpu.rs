//! The processors: cpu, cpufreq, interrupts, loadavg, pressure, schedstat, stat.

use std::time::Duration;

use psoxide::System;
use psoxide_parse::linux::{interrupts as table, pressure as psi, schedstat};

use super::{file, names, number};
use crate::metric::Families;
use crate::sources::Outcome;
use crate::text::{utf8, words};

pub(super) fn times(system: &System, out: &mut Families) -> Outcome {
    const HELP: &str = "CPU time in each mode.";
    const GUEST: &str = "CPU time that guests of this kernel used.";
    for (number, times) in system.cpu_times_per_cpu()? {
        let cpu = number.to_string();
        for (mode, time) in [
            ("idle", Some(times.idle)),
            ("iowait", times.iowait),
            ("irq", times.irq),
            ("nice", times.nice),
            ("softirq", times.softirq),
            ("steal", times.steal),
            ("system", Some(times.system)),
            ("user", Some(times.user)),
        ] {
            if let Some(time) = time {
                out.counter("node_cpu_seconds_total", HELP, &[("cpu", &cpu), ("mode", mode)], time);
            }
        }
        for (mode, time) in [("nice", times.guest_nice), ("user", times.guest)] {
            if let Some(time) = time {
                out.counter("node_cpu_guest_seconds_total", GUEST, &[("cpu", &cpu), ("mode", mode)], time);
            }
        }
    }
    Ok(())
}

pub(super) fn frequencies(system: &System, out: &mut Families) -> Outcome {
    const FILES: &[(&str, &str, &str)] = &[
        ("cpuinfo_cur_freq", "node_cpu_frequency_hertz", "Current clock frequency."),
        ("cpuinfo_min_freq", "node_cpu_frequency_min_hertz", "Lowest clock frequency."),
        ("cpuinfo_max_freq", "node_cpu_frequency_max_hertz", "Highest clock frequency."),
        ("scaling_cur_freq", "node_cpu_scaling_frequency_hertz", "Clock frequency that the governor chose."),
        ("scaling_min_freq", "node_cpu_scaling_frequency_min_hertz", "Lowest clock frequency of the governor."),
        ("scaling_max_freq", "node_cpu_scaling_frequency_max_hertz", "Highest clock frequency of the governor."),
    ];
    const CPUS: &str = "/sys/devices/system/cpu";
    for name in names(system, CPUS) {
        let is_cpu = |number: &&str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let Some(cpu) = name.strip_prefix("cpu").filter(is_cpu) else { continue };
        for (of, name, help) in FILES {
            if let Some(kilohertz) = number(system, &format!("{CPUS}/cpu{cpu}/cpufreq/{of}")) {
                out.gauge(*name, help, &[("cpu", cpu)], kilohertz.saturating_mul(1000));
            }
        }
    }
    Ok(())
}

pub(super) fn interrupts(system: &System, out: &mut Families) -> Outcome {
    let file = system.kernel_file("/proc/interrupts")?;
    let all = table::parse(&file)?;
    for line in &all.interrupts {
        // Columns of blanks become one blank.
        let devices = String::from_utf8_lossy(line.devices).split_whitespace().collect::<Vec<_>>().join(" ");
        let (kind, info) = (utf8(line.name), utf8(line.info));
        for (cpu, count) in all.cpus.iter().zip(&line.counts) {
            let cpu = cpu.to_string();
            let labels = [("cpu", &*cpu), ("devices", &devices), ("info", &info), ("type", &kind)];
            out.counter("node_interrupts_total", "Interrupts of each kind.", &labels, *count);
        }
    }
    Ok(())
}

pub(super) fn load(system: &System, out: &mut Families) -> Outcome {
    let load = system.load_average()?;
    for (name, value) in [("node_load1", load.one), ("node_load5", load.five), ("node_load15", load.fifteen)] {
        out.gauge(name, "Threads running or waiting to run, averaged.", &[], value);
    }
    Ok(())
}

pub(super) fn pressure(system: &System, out: &mut Families) -> Outcome {
    const WAITING: &str = "Time that some tasks waited for the resource.";
    const STALLED: &str = "Time that all tasks waited for the resource.";
    const FILES: &[(&str, Option<&str>, Option<&str>)] = &[
        ("cpu", Some("node_pressure_cpu_waiting_seconds_total"), None),
        ("io", Some("node_pressure_io_waiting_seconds_total"), Some("node_pressure_io_stalled_seconds_total")),
        ("irq", None, Some("node_pressure_irq_stalled_seconds_total")),
        (
            "memory",
            Some("node_pressure_memory_waiting_seconds_total"),
            Some("node_pressure_memory_stalled_seconds_total"),
        ),
    ];
    let mut found = false;
    for (of, waiting, stalled) in FILES {
        // The kernel may be built without it, or without the file for interrupts.
        let Some(bytes) = file(system, &format!("/proc/pressure/{of}"))? else { continue };
        let pressure = psi::parse(&bytes)?;
        found = true;
        for (name, help, stall) in [(waiting, WAITING, pressure.some), (stalled, STALLED, pressure.full)] {
            if let (Some(name), Some(stall)) = (name, stall) {
                out.counter(*name, help, &[], Duration::from_micros(stall.total));
            }
        }
    }
    if found { Ok(()) } else { system.kernel_file("/proc/pressure/cpu").map(drop) }
}

pub(super) fn scheduler(system: &System, out: &mut Families) -> Outcome {
    for line in schedstat::parse(&system.kernel_file("/proc/schedstat")?)? {
        let cpu = line.cpu.to_string();
        let labels = [("cpu", &*cpu)];
        let (running, waiting) = (Duration::from_nanos(line.running), Duration::from_nanos(line.waiting));
        out.counter("node_schedstat_running_seconds_total", "Time that tasks ran on a CPU.", &labels, running);
        out.counter("node_schedstat_waiting_seconds_total", "Time that tasks waited for a CPU.", &labels, waiting);
        out.counter("node_schedstat_timeslices_total", "Time slices run on a CPU.", &labels, line.timeslices);
    }
    Ok(())
}

pub(super) fn stat(system: &System, out: &mut Families) -> Outcome {
    let file = system.kernel_file("/proc/stat")?;
    let mut line = |key: &[u8], counts: bool, name: &'static str, help| {
        if let Some(value) = words(&file, key).first() {
            match counts {
                true => out.counter(name, help, &[], *value),
                false => out.gauge(name, help, &[], *value),
            }
        }
    };
    line(b"btime", false, "node_boot_time_seconds", "Boot, in seconds since 1970.");
    line(b"ctxt", true, "node_context_switches_total", "Context switches.");
    line(b"processes", true, "node_forks_total", "Processes and threads created.");
    line(b"intr", true, "node_intr_total", "Interrupts served.");
    line(b"procs_blocked", false, "node_procs_blocked", "Threads that wait for I/O.");
    line(b"procs_running", false, "node_procs_running", "Threads that run or are ready to run.");
    Ok(())
}
