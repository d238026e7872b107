//! Which processes run on which CPU.

use clap::Args;
use psoxide::{CpuTimes, Field, ProcessStatus, Reading, Unit, Value};

use super::Subcommand;
use super::cpu::of_cpu;
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::rate::Rate;
use crate::listing::{Listing, Sample};
use crate::output::column::{Column, Meta, Shape, cell, float};
use crate::output::value::Cell;

#[derive(Args)]
pub(crate) struct CpuDistribution {
    #[command(flatten)]
    list: ListArgs,
}

/// A CPU and the processes that last ran on it.
struct OnCpu {
    cpu: u32,
    percent: Option<f64>,
    running: Vec<std::ffi::OsString>,
    processes: Vec<std::ffi::OsString>,
}

fn names(names: &[std::ffi::OsString]) -> Cell<'_> {
    psoxide::Reading::Value(Value::List(names.iter().map(psoxide::ToValue::to_value).collect()))
}

const LISTING: Listing<OnCpu> = Listing {
    command: CpuDistribution::NAME,
    columns: &[
        Column::new("cpu", "CPU", Unit::Plain, "Number of the CPU.", |row: &OnCpu| cell(&row.cpu)),
        Column::new(
            "busy",
            "%BUSY",
            Unit::Percent,
            "Share of time in which the CPU was neither idle nor waiting for I/O.",
            |row: &OnCpu| float(row.percent),
        ),
        Column::new("count", "COUNT", Unit::Count, "Number of processes that last ran on this CPU.", |row: &OnCpu| {
            Cell::Value(Value::Unsigned(row.processes.len().try_into().unwrap_or(u64::MAX)))
        }),
        Column::new(
            "running",
            "RUNNING",
            Unit::Text,
            "Processes that run on this CPU or wait for it.",
            |row: &OnCpu| names(&row.running),
        )
        .shape(Shape::Texts),
        Column::new("processes", "PROCESSES", Unit::Text, "Processes that last ran on this CPU.", |row: &OnCpu| {
            names(&row.processes)
        })
        .shape(Shape::Texts),
    ],
    table: &["cpu", "busy", "count", "running", "processes"],
    ..Listing::DEFAULT
};

impl Subcommand for CpuDistribution {
    const NAME: &'static str = "cpu-distribution";
    const ABOUT: &'static str = "Which processes run on which CPU";
    const FILTER: &'static str = "busy > 50 && running > 1";
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("cpu-distribution", "now"), ("cpu-distribution --interval 1", "every second")];

    fn columns() -> Vec<Meta> {
        LISTING.metas()
    }

    fn run(self, context: &Context) -> Outcome {
        let mut rate = Rate::new(context);
        LISTING.run(context, &self.list, None, |_| {
            let pair = rate.next(|system| system.cpu_times_per_cpu())?;
            let snapshot = context.system.snapshot([Field::Name, Field::Status, Field::CpuNum])?;
            if snapshot.processes.iter().all(|process| matches!(process.cpu_num, Reading::Unsupported)) {
                return Err(Failure::Other(
                    "not supported: this system does not report on which CPU a process runs".to_owned(),
                ));
            }
            let busy = |cpu: u32, now: &CpuTimes| match &pair.then {
                Some(then) => now.since(of_cpu(then, cpu)?).busy_percent(),
                None => now.busy_percent(),
            };
            let row = |(cpu, now): &(u32, CpuTimes)| {
                let percent = busy(*cpu, now);
                OnCpu { cpu: *cpu, percent, running: Vec::new(), processes: Vec::new() }
            };
            let mut rows: Vec<OnCpu> = pair.now.iter().map(row).collect();
            for process in snapshot.processes {
                let row = process.cpu_num.value().and_then(|cpu| rows.iter_mut().find(|row| row.cpu == *cpu));
                let (Some(row), Some(name)) = (row, process.name.value()) else { continue };
                if process.status.value() == Some(&ProcessStatus::Running) {
                    row.running.push(name.clone());
                }
                row.processes.push(name.clone());
            }
            Ok(Sample::over(pair.window, rows))
        })
    }
}
