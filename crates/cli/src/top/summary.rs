//! The machine in a few lines, above a plain page of processes.

use std::time::Duration;

use psoxide::{CpuTimes, ProcessStatus, System};

use crate::listing::Caption;
use crate::output::human;
use crate::process::Proc;

/// Writes the lines. What the CPUs did is since the lines before; in a capture since the earlier one, or since boot.
pub(crate) struct Summary {
    system: System,
    /// `None` where the times count from boot.
    last: Option<CpuTimes>,
}

impl Summary {
    /// Begins to count what the CPUs do.
    pub(crate) fn new(system: &System, earlier: Option<&System>) -> Self {
        let before = if system.is_live() { Some(system) } else { earlier };
        Self { system: system.clone(), last: before.and_then(|before| before.cpu_times().ok()) }
    }

    /// Writes the lines above these rows.
    pub(crate) fn caption(&mut self, rows: &[Proc]) -> Caption {
        let system = &self.system;
        let mut first = Vec::new();
        first.extend(system.uptime().ok().map(|uptime| format!("up {}", human::span(uptime))));
        first.extend(system.load_average().ok().map(|v| format!("load {:.2} {:.2} {:.2}", v.one, v.five, v.fifteen)));
        let states = || rows.iter().filter_map(|process| process.row.status.value());
        let of = |state| states().filter(|known| **known == state).count();
        if states().next().is_some() {
            first.push(format!("{} running", of(ProcessStatus::Running)));
            let zombies = of(ProcessStatus::Zombie);
            first.extend((zombies > 0).then(|| format!("{zombies} zombie")));
        }
        let mut lines = Vec::new();
        if let Ok(now) = system.cpu_times() {
            lines.extend(cpu(&self.last.as_ref().map_or_else(|| now.clone(), |last| now.since(last))));
            if system.is_live() {
                self.last = Some(now);
            }
        }
        lines.extend(memory(system));
        Box::new(move |counts| {
            let processes = counts.of("process", "processes");
            let parts: Vec<&str> = std::iter::once(&processes).chain(&first).map(String::as_str).collect();
            std::iter::once(parts.join(", ")).chain(lines.iter().cloned()).collect()
        })
    }
}

/// How the time of the CPUs was spent, in percent; `None` if no time has passed.
fn cpu(times: &CpuTimes) -> Option<String> {
    let total = times.total().as_secs_f64();
    let busy = times.busy_percent()?;
    let part = |(name, time): (&str, Option<Duration>)| {
        let percent = time?.as_secs_f64() * 100.0 / total;
        (percent >= 0.05).then(|| format!("{name} {percent:.1}"))
    };
    let parts = [
        ("user", Some(times.user)),
        ("nice", times.nice),
        ("system", Some(times.system)),
        ("iowait", times.iowait),
        ("irq", times.irq),
        ("softirq", times.softirq),
        ("steal", times.steal),
    ];
    let parts: Vec<String> = parts.into_iter().filter_map(part).collect();
    let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    Some(format!("cpu {busy:.1}% busy{parts}"))
}

fn memory(system: &System) -> Option<String> {
    let memory = system.virtual_memory().ok()?;
    let of = |used, total| format!("{} of {} used", human::bytes(used), human::bytes(total));
    let mut parts = vec![format!("memory {}", of(memory.used, memory.total))];
    let named = [("buffers", memory.buffers), ("cache", memory.cached), ("available", Some(memory.available))];
    parts.extend(named.into_iter().filter_map(|(name, bytes)| Some(format!("{name} {}", human::bytes(bytes?)))));
    let swap = system.swap_memory().ok().filter(|swap| swap.total > 0);
    parts.extend(swap.map(|swap| format!("swap {}", of(swap.used, swap.total))));
    Some(parts.join(", "))
}
