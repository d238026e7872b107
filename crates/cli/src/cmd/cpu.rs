//! The machine in one line a sample, as vmstat shows it.

use std::time::Duration;

use clap::Args;
use psoxide::{CpuStats, CpuTimes, DiskIo, Record as _, RunQueue, SwapMemory, Unit, VirtualMemory};

use super::{Subcommand, global};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::listing::rate::Rate;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, cell, field, float, whole};

#[derive(Args)]
pub(crate) struct Cpu {
    /// Show a row for each CPU
    #[arg(short = 'e', long)]
    each: bool,
    #[command(flatten)]
    list: ListArgs,
}

/// What is counted.
#[derive(Clone)]
struct Counters {
    all: CpuTimes,
    each: Vec<(u32, CpuTimes)>,
    stats: Option<CpuStats>,
    swap: SwapMemory,
    disks: Option<DiskIo>,
}

/// The times of the CPU of this number.
pub(super) fn of_cpu(all: &[(u32, CpuTimes)], cpu: u32) -> Option<&CpuTimes> {
    all.iter().find(|(number, _)| *number == cpu).map(|(_, times)| times)
}

/// One line.
struct Line {
    cpu: String,
    /// Of all CPUs together.
    queue: Option<RunQueue>,
    memory: VirtualMemory,
    swap: SwapMemory,
    times: CpuTimes,
    swap_in: Option<f64>,
    swap_out: Option<f64>,
    disk_read: Option<f64>,
    disk_write: Option<f64>,
    interrupts: Option<f64>,
    ctx_switches: Option<f64>,
}

impl Line {
    /// A part of the time in percent.
    fn part(&self, time: Option<Duration>) -> Option<f64> {
        let total = self.times.total().as_secs_f64();
        (total > 0.0).then_some(time?.as_secs_f64() * 100.0 / total)
    }
}

const fn share(
    name: &'static str,
    title: &'static str,
    doc: &'static str,
    get: for<'a> fn(&'a Line) -> crate::output::value::Cell<'a>,
) -> Column<Line> {
    Column::new(name, title, Unit::Percent, doc, get)
}

const COLUMNS: &[Column<Line>] = &[
    Column::new("cpu", "CPU", Unit::Text, "Which CPU, or all.", |line: &Line| cell(&line.cpu)),
    Column::new("running", "R", Unit::Count, field(RunQueue::FIELDS, "running").doc, |line: &Line| {
        whole(line.queue.as_ref().map(|queue| queue.running))
    }),
    Column::new("blocked", "B", Unit::Count, field(RunQueue::FIELDS, "blocked").doc, |line: &Line| {
        whole(line.queue.as_ref().and_then(|queue| queue.blocked))
    }),
    Column::new("memory_free", "FREE", Unit::Bytes, field(VirtualMemory::FIELDS, "free").doc, |line: &Line| {
        cell(&line.memory.free)
    }),
    Column::new(
        "memory_available",
        "AVAIL",
        Unit::Bytes,
        field(VirtualMemory::FIELDS, "available").doc,
        |line: &Line| cell(&line.memory.available),
    ),
    Column::of(field(VirtualMemory::FIELDS, "buffers"), "BUFF", |line: &Line| cell(&line.memory.buffers)),
    Column::of(field(VirtualMemory::FIELDS, "cached"), "CACHE", |line: &Line| cell(&line.memory.cached)),
    Column::new("swap_used", "SWPD", Unit::Bytes, "Swap in use.", |line: &Line| cell(&line.swap.used)),
    Column::new("swap_in", "SI/s", Unit::BytesPerSecond, "Bytes swapped in from disk per second.", |line: &Line| {
        float(line.swap_in)
    }),
    Column::new("swap_out", "SO/s", Unit::BytesPerSecond, "Bytes swapped out to disk per second.", |line: &Line| {
        float(line.swap_out)
    }),
    Column::new("disk_read", "READ/s", Unit::BytesPerSecond, "Bytes read from all disks per second.", |line: &Line| {
        float(line.disk_read)
    }),
    Column::new(
        "disk_write",
        "WRITE/s",
        Unit::BytesPerSecond,
        "Bytes written to all disks per second.",
        |line: &Line| float(line.disk_write),
    ),
    Column::new("interrupts", "INTR/s", Unit::PerSecond, "Interrupts per second.", |line: &Line| {
        float(line.interrupts)
    }),
    Column::new("ctx_switches", "CSW/s", Unit::PerSecond, "Context switches per second.", |line: &Line| {
        float(line.ctx_switches)
    }),
    share("user", "%USR", "In user mode, niced or not.", |line: &Line| {
        float(line.part(Some(line.times.user.saturating_add(line.times.nice.unwrap_or_default()))))
    }),
    share("system", "%SYS", "In kernel mode, with interrupts.", |line: &Line| {
        let interrupts = line.times.irq.unwrap_or_default().saturating_add(line.times.softirq.unwrap_or_default());
        float(line.part(Some(line.times.system.saturating_add(interrupts))))
    }),
    share("idle", "%IDLE", field(CpuTimes::FIELDS, "idle").doc, |line: &Line| float(line.part(Some(line.times.idle)))),
    share("iowait", "%WAIT", field(CpuTimes::FIELDS, "iowait").doc, |line: &Line| float(line.part(line.times.iowait)))
        .hot(),
    share("steal", "%STEAL", field(CpuTimes::FIELDS, "steal").doc, |line: &Line| float(line.part(line.times.steal)))
        .hot(),
    share("guest", "%GUEST", field(CpuTimes::FIELDS, "guest").doc, |line: &Line| float(line.part(line.times.guest))),
    share("busy", "%BUSY", "Neither idle nor waiting for I/O.", |line: &Line| float(line.times.busy_percent())).hot(),
];

const ALL: Listing<Line> = Listing {
    command: Cpu::NAME,
    columns: COLUMNS,
    table: &[
        "running",
        "blocked",
        "memory_free",
        "buffers",
        "cached",
        "swap_used",
        "swap_in",
        "swap_out",
        "disk_read",
        "disk_write",
        "interrupts",
        "ctx_switches",
        "user",
        "system",
        "idle",
        "iowait",
        "steal",
    ],
    spare: &[
        "buffers",
        "swap_used",
        "interrupts",
        "ctx_switches",
        "cached",
        "swap_in",
        "swap_out",
        "disk_read",
        "disk_write",
        "memory_free",
    ],
    continuous: true,
    ..Listing::DEFAULT
};

const EACH: Listing<Line> =
    Listing { table: &["cpu", "user", "system", "idle", "iowait", "steal", "guest", "busy"], continuous: false, ..ALL };

impl Subcommand for Cpu {
    const NAME: &'static str = "cpu";
    const ABOUT: &'static str = "CPU, memory, swap and disk activity, as vmstat";
    const REFUSES: global::Groups = &[global::BACKEND];
    const DETAILS: &'static str = "On a terminal a line is added every second; --count 1 prints one. The first sample covers half a second, later \
         ones the interval. With --root, rates are averages since boot.";
    const ALIASES: &'static [&'static str] = &["vmstat"];
    const LIVE: bool = true;
    const FILTER: &'static str = "busy > 90 || iowait > 10";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("cpu", "a line every second"),
        ("cpu --count 1", "one line"),
        ("cpu --interval 2", "a line every two seconds"),
        ("cpu --each", "a row for each CPU"),
        ("cpu --interval 60 --csv", "a record for a spreadsheet"),
    ];

    fn columns() -> Vec<Meta> {
        ALL.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let system = &context.system;
        // A system that does not count waiting threads has no columns for them.
        let unqueued = ALL.table.get(2..).unwrap_or_default();
        let counts = !system.run_queue().is_err_and(|error| error.is_unsupported());
        let listing = match (self.each, counts) {
            (true, _) => EACH,
            (false, true) => ALL,
            (false, false) => Listing { table: unqueued, ..ALL },
        };
        let mut rate = Rate::new(context);
        listing.run(context, &self.list, None, |_| {
            let pair = rate.next(|system| {
                Ok(Counters {
                    all: system.cpu_times()?,
                    each: if self.each { system.cpu_times_per_cpu()? } else { Vec::new() },
                    // Macs with an Intel processor count none of this.
                    stats: match system.cpu_stats() {
                        Err(error) if error.is_unsupported() => None,
                        stats => Some(stats?),
                    },
                    swap: system.swap_memory()?,
                    // A container may have no list of disks: the rest is no less true for that.
                    disks: system.disk_io_total().ok().flatten(),
                })
            })?;
            let memory = system.virtual_memory()?;
            // Linux alone has it.
            let queue = system.run_queue().ok();
            let (now, then) = (&pair.now, pair.then.as_ref());
            let per_second = |get: &dyn Fn(&Counters) -> Option<u64>| {
                let before = then.and_then(get).unwrap_or(0);
                pair.per_second(get(now)?.saturating_sub(before))
            };
            let line = |cpu: String, times: CpuTimes| Line {
                cpu,
                queue: queue.clone(),
                memory: memory.clone(),
                swap: now.swap.clone(),
                times,
                swap_in: per_second(&|c| c.swap.sin),
                swap_out: per_second(&|c| c.swap.sout),
                disk_read: per_second(&|c| Some(c.disks.as_ref()?.read_bytes)),
                disk_write: per_second(&|c| Some(c.disks.as_ref()?.write_bytes)),
                interrupts: per_second(&|c| Some(c.stats.as_ref()?.interrupts)),
                ctx_switches: per_second(&|c| c.stats.as_ref()?.ctx_switches),
            };
            let passed =
                |now: &CpuTimes, then: Option<&CpuTimes>| then.map_or_else(|| now.clone(), |then| now.since(then));
            let rows = if self.each {
                let earlier = |cpu| then.and_then(|then| of_cpu(&then.each, cpu));
                now.each.iter().map(|(cpu, times)| line(cpu.to_string(), passed(times, earlier(*cpu)))).collect()
            } else {
                vec![line("all".into(), passed(&now.all, then.map(|then| &then.all)))]
            };
            Ok(Sample::over(pair.window, rows))
        })
    }
}
