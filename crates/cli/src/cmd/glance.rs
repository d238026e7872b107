//! The machine at a glance.

use std::cmp::Reverse;
use std::io::Write;
use std::time::{Duration, SystemTime};

use psoxide::{
    CpuTimes, DiskPartition, DiskUsage, Field, LoadAverage, NetIo, Pid, Pressure, PressureOf, Result, Row, SwapMemory,
    ToValue as _, Unit, VirtualMemory,
};
use serde_json::{Value as Json, json};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::json::Object;
use crate::output::rate::Rate;
use crate::output::schema::{self, Body};
use crate::output::style::Tone;
use crate::output::table::{Align, Table};
use crate::output::{escape, human, json, reason, style};
use crate::process::sample::query;

/// What its JSON holds.
pub(crate) fn body() -> Body {
    let number = || json!({"type": ["number", "null"]});
    let usage = schema::object([
        ("partition", schema::record::<psoxide::DiskPartition>()),
        ("usage", schema::record::<psoxide::DiskUsage>()),
    ]);
    let largest = schema::object([
        ("pid", json!({"type": "integer"})),
        ("name", schema::of_unit(Unit::Text)),
        ("username", schema::of_unit(Unit::Text)),
        ("rss", schema::of_unit(Unit::Bytes)),
    ]);
    Body::Data(schema::object([
        ("hostname", schema::of_unit(Unit::Text)),
        ("kernel", schema::of_unit(Unit::Text)),
        ("boot_time", schema::of_unit(Unit::Time)),
        ("uptime", number()),
        ("load_average", schema::record::<psoxide::LoadAverage>()),
        ("cpu_percent", number()),
        ("cpu_window", schema::documented(number(), "Seconds that cpu_percent is taken over; null: since boot.")),
        ("virtual_memory", schema::record::<psoxide::VirtualMemory>()),
        ("swap_memory", schema::record::<psoxide::SwapMemory>()),
        ("pressure", json!({"type": ["object", "null"]})),
        ("disks", schema::list(usage)),
        ("net_io_total", schema::record::<psoxide::NetIo>()),
        ("top_rss", schema::list(largest)),
    ]))
}

pub(crate) fn run(context: &Context) -> Outcome {
    let mut cpu = Rate::new(context);
    let read = || Ok(Machine::read(context, &mut cpu));
    json::data(context, NAME, read, |machine| Ok(machine.object()), |machine, out| machine.write(context, out))
}

/// What its JSON says that it is.
pub(crate) const NAME: &str = "glance";

/// Everything that is shown.
struct Machine {
    hostname: Option<String>,
    ostype: Option<String>,
    kernel: Option<String>,
    boot_time: Result<SystemTime>,
    uptime: Result<Duration>,
    load_average: Result<LoadAverage>,
    cpu: Result<Option<f64>>,
    window: Option<Duration>,
    memory: Result<VirtualMemory>,
    swap: Result<SwapMemory>,
    pressure: Vec<(PressureOf, Pressure)>,
    disks: Result<Vec<(DiskPartition, Result<DiskUsage>)>>,
    network: Result<Option<NetIo>>,
    largest: Vec<Large>,
}

/// A process that holds much memory.
struct Large {
    rss: u64,
    row: Row,
}

impl Machine {
    fn read(context: &Context, cpu: &mut Rate<'_, CpuTimes>) -> Self {
        let system = &context.system;
        let (percent, window) = match cpu.next(|| system.cpu_times()) {
            Ok(pair) => {
                let passed = pair.then.as_ref().map_or_else(|| pair.now.clone(), |then| pair.now.since(then));
                (Ok(passed.busy_percent()), pair.then.is_some().then_some(pair.elapsed))
            }
            Err(Failure::Reading(error)) => (Err(error), None),
            Err(_) => (Ok(None), None),
        };
        let pressure = PressureOf::ALL.iter().filter_map(|what| Some((*what, system.pressure(*what).ok()?)));
        let host = system.host_info().ok();
        Self {
            hostname: host.as_ref().map(|host| host.hostname.clone()),
            ostype: host.as_ref().map(|host| host.system.clone()),
            kernel: host.map(|host| host.release),
            boot_time: system.boot_time(),
            uptime: system.uptime(),
            load_average: system.load_average(),
            cpu: percent,
            window,
            memory: system.virtual_memory(),
            swap: system.swap_memory(),
            pressure: pressure.collect(),
            disks: disks(context),
            network: system.net_io_total(),
            largest: largest(context),
        }
    }

    fn object(self) -> Object {
        let mut data = Object::default();
        data.set("hostname", self.hostname);
        data.set("kernel", self.kernel);
        data.reading("boot_time", self.boot_time);
        data.reading("uptime", self.uptime);
        data.reading("load_average", self.load_average);
        data.reading_as("cpu_percent", self.cpu, Json::from);
        data.set("cpu_window", self.window.map(|window| window.as_secs_f64()));
        data.reading("virtual_memory", self.memory);
        data.reading("swap_memory", self.swap);
        if !self.pressure.is_empty() {
            let mut pressure = Object::default();
            for (what, reading) in self.pressure {
                pressure.reading(what.name(), Ok(reading));
            }
            data.set("pressure", pressure.finish());
        }
        data.reading_as("disks", self.disks, |disks| {
            let row = |(partition, usage): (DiskPartition, Result<DiskUsage>)| {
                let mut row = Object::default();
                row.set("partition", json::value(&partition.to_value()));
                row.reading("usage", usage);
                row.finish()
            };
            disks.into_iter().map(row).collect()
        });
        data.reading("net_io_total", self.network);
        let row = |large: Large| {
            let mut row = Object::default();
            row.set("pid", large.row.pid);
            row.cell("name", &large.row.get(Field::Name));
            row.cell("username", &large.row.get(Field::Username));
            row.set("rss", large.rss);
            row.finish()
        };
        data.set("top_rss", self.largest.into_iter().map(row).collect::<Json>());
        data
    }

    fn write(self, context: &Context, out: &mut dyn Write) -> std::result::Result<(), Failure> {
        let header = style::header();
        let mut line = |label: &str, text: String| writeln!(out, "{header}{label:<9}{header:#}{text}");
        let part = |text: Option<String>| text.unwrap_or_else(|| "?".into());
        let host = format!("{}  {} {}", part(self.hostname), part(self.ostype), part(self.kernel));
        line("host", escape(host.as_ref()))?;
        line("uptime", shown(self.uptime, human::span))?;
        line("load", shown(self.load_average, |v| format!("{:.2} {:.2} {:.2}", v.one, v.five, v.fifteen)))?;
        let over = self.window.map_or_else(|| "since boot".into(), |over| format!("over {:.1} s", over.as_secs_f64()));
        line("cpu", shown(self.cpu, |v| v.map_or_else(|| "?".into(), |v| format!("{} {over}", human::bar(v)))))?;
        let of = |percent, free, word, total| {
            format!("{} {} of {} {word}", human::bar(percent), human::bytes(free), human::bytes(total))
        };
        line("memory", shown(self.memory, |v| of(v.percent, v.available, "available", v.total)))?;
        line(
            "swap",
            shown(self.swap, |v| if v.total == 0 { "none".into() } else { of(v.percent, v.free, "free", v.total) }),
        )?;
        let waits: Vec<_> = self
            .pressure
            .iter()
            .filter_map(|(what, reading)| Some(format!("{} {:.1}%", what.name(), reading.some.as_ref()?.avg10)))
            .collect();
        if !waits.is_empty() {
            line("pressure", format!("{} of the last 10 s", waits.join(", ")))?;
        }
        let network =
            |v: NetIo| format!("{} received, {} sent", human::bytes(v.bytes_recv), human::bytes(v.bytes_sent));
        line("network", shown(self.network, |v| v.map_or_else(|| "none".into(), network)))?;
        match self.disks {
            Ok(disks) => {
                for (partition, usage) in disks {
                    let name = escape(partition.mountpoint.as_os_str());
                    line("disk", shown(usage, |v| format!("{}  {name}", of(v.percent, v.free, "free", v.total))))?;
                }
            }
            Err(error) => line("disk", reason(&error))?,
        }
        writeln!(out)?;
        let columns = [("PID", Align::Right), ("USER", Align::Left), ("RSS", Align::Right), ("NAME", Align::Left)];
        let mut table = Table::new(columns.to_vec());
        for Large { rss, row } in self.largest {
            let [user, name] =
                [row.username, row.name].map(|text| text.value().map_or_else(|| "?".into(), |v| escape(v)));
            for cell in [row.pid.to_string(), user, human::bytes(rss), name] {
                table.cell(Tone::Plain, |text| text.push_str(&cell));
            }
        }
        Ok(table.write(out, context.width())?)
    }
}

/// The processes that hold most memory.
fn largest(context: &Context) -> Vec<Large> {
    const MANY: usize = 5;
    let mut sizes: Vec<(u64, Pid)> = match context.system.snapshot(query([Field::MemoryInfo])) {
        Ok(all) => all.processes.iter().filter_map(|row| Some((row.memory_info.value()?.rss, row.pid))).collect(),
        Err(_) => Vec::new(),
    };
    sizes.sort_by_key(|(rss, pid)| (Reverse(*rss), *pid));
    sizes.truncate(MANY);
    let pids: Vec<Pid> = sizes.iter().map(|(_, pid)| *pid).collect();
    // Names of these alone.
    let rows = context.system.snapshot_of(&pids, [Field::Name, Field::Username]).map(|named| named.processes);
    let rows = rows.unwrap_or_default();
    rows.into_iter()
        .filter_map(|row| Some(Large { rss: sizes.iter().find(|(_, pid)| *pid == row.pid)?.0, row }))
        .collect()
}

fn shown<T>(reading: Result<T>, show: impl FnOnce(T) -> String) -> String {
    reading.map_or_else(|error| reason(&error), show)
}

fn disks(context: &Context) -> Result<Vec<(DiskPartition, Result<DiskUsage>)>> {
    let partitions = context.system.disk_partitions(false)?;
    Ok(partitions
        .into_iter()
        .map(|partition| {
            let usage = context.system.disk_usage(&partition.mountpoint);
            (partition, usage)
        })
        .collect())
}
