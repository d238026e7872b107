//! The machine at a glance.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use psoxide::{
    CpuTimes, DiskIo, DiskPartition, DiskUsage, Field, HostInfo, LoadAverage, NetIo, Pid, Pressure, PressureOf,
    Reading, Result, Row, Snapshot, SwapMemory, System, ToValue as _, Unit, VirtualMemory,
};
use serde_json::{Value as Json, json};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::answer;
use crate::listing::rate::{Pair, Rate};
use crate::output::json::Object;
use crate::output::schema::{self, Body};
use crate::output::style::Tone;
use crate::output::table::{Align, Table, wrap};
use crate::output::{escape, human, json, reason, say, style};
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
        ("cpu_percent", number()),
    ]);
    Body::Data(schema::object([
        ("hostname", schema::of_unit(Unit::Text)),
        ("kernel", schema::of_unit(Unit::Text)),
        ("boot_time", schema::of_unit(Unit::Time)),
        ("uptime", number()),
        ("load_average", schema::record::<psoxide::LoadAverage>()),
        ("cpu_percent", number()),
        ("cpu_window", schema::documented(number(), "Seconds that percentages and rates cover; null: since boot.")),
        ("virtual_memory", schema::record::<psoxide::VirtualMemory>()),
        ("swap_memory", schema::record::<psoxide::SwapMemory>()),
        ("pressure", json!({"type": ["object", "null"]})),
        ("disks", schema::list(usage)),
        ("net_io_total", schema::record::<psoxide::NetIo>()),
        ("net_recv_rate", schema::documented(number(), "Bytes received per second.")),
        ("net_sent_rate", schema::documented(number(), "Bytes sent per second.")),
        ("disk_read_rate", schema::documented(number(), "Bytes read from disks per second.")),
        ("disk_write_rate", schema::documented(number(), "Bytes written to disks per second.")),
        ("top_rss", schema::list(largest)),
    ]))
}

pub(crate) fn run(context: &Context) -> Outcome {
    let mut rate = Rate::new(context);
    let read = || Ok(Machine::read(context, &mut rate));
    answer::data(context, NAME, read, |machine| Ok(machine.object()), |machine, out| machine.write(context, out))
}

/// The name of this view in JSON.
pub(crate) const NAME: &str = "glance";

/// Everything that is shown.
struct Machine {
    host: Result<HostInfo>,
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
    /// Bytes per second: received and sent by the network, read from and written to the disks.
    traffic: [Option<f64>; 4],
    largest: Result<Vec<Large>>,
    /// How many processes have memory that could not be read.
    unread: usize,
}

/// A process that holds much memory.
struct Large {
    /// Unknown memory is the least.
    rss: Reading<u64>,
    cpu_percent: Option<f64>,
    row: Row,
}

/// What rates are computed from. A machine may not have each of them.
#[derive(Clone)]
struct Counters {
    cpu: Option<CpuTimes>,
    network: Option<NetIo>,
    disks: Option<DiskIo>,
    processes: Result<Rc<Snapshot>>,
}

impl Counters {
    fn read(system: &System) -> Self {
        let processes = system.snapshot(query([Field::MemoryInfo, Field::CpuTimes, Field::CreateTime]));
        Self {
            cpu: system.cpu_times().ok(),
            network: system.net_io_total().ok().flatten(),
            disks: system.disk_io_total().ok().flatten(),
            processes: processes.map(Rc::new),
        }
    }
}

impl Machine {
    fn read(context: &Context, rate: &mut Rate<'_, Counters>) -> Self {
        let system = &context.system;
        // Without an uptime a copied machine has no rates.
        let pair = rate.next(|system| Ok(Counters::read(system))).ok();
        let window = pair.as_ref().and_then(|pair| pair.then.is_some().then_some(pair.elapsed));
        let cpu = pair.as_ref().and_then(|pair| {
            let (now, then) = (pair.now.cpu.as_ref()?, pair.then.as_ref().map(|then| then.cpu.as_ref()));
            match then {
                Some(then) => now.since(then?).busy_percent(),
                None => now.busy_percent(),
            }
        });
        let percent = match cpu {
            Some(percent) => Ok(Some(percent)),
            None => system.cpu_times().map(|times| times.busy_percent()),
        };
        let per_second = |count: &dyn Fn(&Counters) -> Option<u64>| {
            let pair = pair.as_ref()?;
            let before = pair.then.as_ref().map_or(Some(0), count)?;
            pair.per_second(count(&pair.now)?.saturating_sub(before))
        };
        let traffic = [
            per_second(&|of| Some(of.network.as_ref()?.bytes_recv)),
            per_second(&|of| Some(of.network.as_ref()?.bytes_sent)),
            per_second(&|of| Some(of.disks.as_ref()?.read_bytes)),
            per_second(&|of| Some(of.disks.as_ref()?.write_bytes)),
        ];
        let pressure = PressureOf::ALL.iter().filter_map(|what| Some((*what, system.pressure(*what).ok()?)));
        let processes = pair.iter().flat_map(|pair| pair.now.processes.iter()).flat_map(|now| &now.processes);
        let is_unread = |row: &&Row| matches!(row.memory_info, Reading::Failed(_));
        let unread = processes.filter(is_unread).count();
        Self {
            host: system.host_info(),
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
            traffic,
            unread,
            largest: pair.map_or_else(|| Ok(Vec::new()), |pair| largest(context, &pair)),
        }
    }

    fn object(self) -> Object {
        let mut data = Object::default();
        data.reading("hostname", self.host.clone().map(|host| OsString::from(host.hostname)));
        data.reading("kernel", self.host.map(|host| OsString::from(host.release)));
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
        let names = ["net_recv_rate", "net_sent_rate", "disk_read_rate", "disk_write_rate"];
        names.iter().zip(self.traffic).for_each(|(name, rate)| data.set(name, rate));
        let row = |large: Large| {
            let mut row = Object::default();
            row.set("pid", large.row.pid);
            row.cell("name", &large.row.get(Field::Name));
            row.cell("username", &large.row.get(Field::Username));
            row.cell("rss", &large.rss.as_ref().map(psoxide::ToValue::to_value));
            row.set("cpu_percent", large.cpu_percent);
            row.finish()
        };
        data.reading_as("top_rss", self.largest, |largest| largest.into_iter().map(row).collect());
        data
    }

    fn write(self, context: &Context, out: &mut dyn Write) -> std::result::Result<(), Failure> {
        let header = style::header();
        const LABEL: usize = 9;
        let room = context.width().map_or(usize::MAX, |width| width.saturating_sub(LABEL).max(1));
        // What is too long goes on below itself.
        let mut line = |label: &str, text: String| {
            let mut lines = wrap(&text, room).into_iter();
            writeln!(out, "{header}{label:<LABEL$}{header:#}{}", lines.next().unwrap_or_default())?;
            lines.try_for_each(|more| writeln!(out, "{:LABEL$}{more}", ""))
        };
        let host = |host: HostInfo| format!("{}  {} {}", host.hostname, host.system, host.release);
        line("host", escape(shown(self.host, host).as_ref()))?;
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
        let rate = |rate: Option<f64>| rate.map_or_else(|| "?".into(), |rate| format!("{}/s", human::fraction(rate)));
        let [received, sent, read, written] = self.traffic.map(rate);
        let network = |v: NetIo| {
            let total = format!("{} and {} since boot", human::bytes(v.bytes_recv), human::bytes(v.bytes_sent));
            format!("{received} received, {sent} sent ({total})")
        };
        line("network", shown(self.network, |v| v.map_or_else(|| "none".into(), network)))?;
        if self.traffic.iter().skip(2).any(Option::is_some) {
            line("disk I/O", format!("{read} read, {written} written"))?;
        }
        match self.disks {
            Ok(disks) => {
                for (partition, usage) in disks {
                    let name = escape(partition.mountpoint.as_os_str());
                    line("disk", shown(usage, |v| format!("{}  {name}", of(v.percent, v.free, "free", v.total))))?;
                }
            }
            Err(error) => line("disk", reason(&error))?,
        }
        let largest = match self.largest {
            Ok(largest) => largest,
            Err(error) => {
                line("largest", reason(&error))?;
                Vec::new()
            }
        };
        writeln!(out)?;
        let right = ["PID", "USER", "%CPU", "RSS", "NAME"].map(|title| (title, Align::Right));
        let left = |(title, align)| (title, if matches!(title, "USER" | "NAME") { Align::Left } else { align });
        let mut table = Table::new(right.map(left).to_vec());
        for Large { rss, cpu_percent, row } in largest {
            let [user, name] =
                [row.username, row.name].map(|text| text.value().map_or_else(|| "?".into(), |v| escape(v)));
            let percent = cpu_percent.map_or_else(|| "-".into(), |percent| format!("{percent:.1}"));
            let rss = rss.value().map_or_else(|| "?".into(), |rss| human::bytes(*rss));
            for cell in [row.pid.to_string(), user, percent, rss, name] {
                table.cell(Tone::Plain, |text| text.push_str(&cell));
            }
        }
        table.write(out, context.width())?;
        if self.unread > 0 {
            let processes = human::counted(self.unread, "process", "processes");
            say(&format!("the memory of {processes} could not be read (psoxide ps --json says why)"));
        }
        Ok(())
    }
}

/// The processes with the most resident memory.
fn largest(context: &Context, pair: &Pair<Counters>) -> Result<Vec<Large>> {
    const MANY: usize = 5;
    let snapshot = pair.now.processes.as_ref().map_err(Clone::clone)?;
    let before = pair.then.as_ref().and_then(|then| then.processes.as_ref().ok());
    let rates = before.map(|before| snapshot.since(before).processes).unwrap_or_default();
    let sized = snapshot.processes.iter().filter_map(|row| match &row.memory_info {
        Reading::Value(_) | Reading::Failed(_) => {
            Some((row.memory_info.as_ref().map(|info| info.rss), row.pid, row.start))
        }
        _ => None,
    });
    let mut sizes: Vec<(Reading<u64>, Pid, Option<u64>)> = sized.collect();
    sizes.sort_by_key(|(rss, pid, _)| (Reverse(rss.value().copied()), *pid));
    sizes.truncate(MANY);
    let pids: Vec<Pid> = sizes.iter().map(|(_, pid, _)| *pid).collect();
    // Names of these alone.
    let rows = context.system.snapshot_of(&pids, [Field::Name, Field::Username])?.processes;
    let large = |row: Row| {
        let (rss, ..) = sizes.iter().find(|(_, pid, start)| (*pid, *start) == (row.pid, row.start))?;
        let rate = rates.iter().find(|rate| (rate.pid, rate.start) == (row.pid, row.start));
        Some(Large { rss: rss.as_ref().map(|rss| *rss), cpu_percent: rate.and_then(|rate| rate.cpu_percent), row })
    };
    Ok(rows.into_iter().filter_map(large).collect())
}

fn shown<T>(reading: Result<T>, show: impl FnOnce(T) -> String) -> String {
    reading.map_or_else(|error| reason(&error), show)
}

fn disks(context: &Context) -> Result<Vec<(DiskPartition, Result<DiskUsage>)>> {
    let partitions = context.system.disk_partitions(false)?;
    Ok(partitions
        .into_iter()
        .map(|partition| {
            let usage = context.system.disk_usage_within(&partition.mountpoint, super::disk_usage::TIMEOUT);
            (partition, usage)
        })
        .collect())
}
