//! The machine at a glance.

use std::cmp::Reverse;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use psoxide::{Result, ToValue as _};
use serde_json::Value as Json;

use crate::output::json::Object;
use crate::output::table::{BOLD, Table};
use crate::output::{escape, human, json, reason};
use crate::{Context, Outcome};

const WINDOW: Duration = Duration::from_millis(200);

pub(crate) fn run(context: &Context, out: &mut dyn Write) -> Outcome {
    let system = &context.system;
    let live = system.is_live();
    let cpu = cpu_percent(context);
    let window = if live { "over 0.2 s" } else { "since boot" };
    let disks = disks(context);
    let mut top = Vec::new();
    for process in system.processes()? {
        let process = process.oneshot();
        if let (Ok(info), Ok(name)) = (process.memory_info(), process.name()) {
            top.push((info.rss, process.pid(), name, process.username()));
        }
    }
    top.sort_by_key(|(rss, pid, ..)| (Reverse(*rss), *pid));
    top.truncate(5);

    if context.json {
        let mut data = Object::default();
        for (key, file) in [("hostname", "hostname"), ("kernel", "osrelease")] {
            data.set(key, kernel(context, file));
        }
        data.reading("boot_time", system.boot_time());
        data.set("uptime", uptime(context).map(|up| up.as_secs_f64()));
        data.reading("load_average", system.load_average());
        data.reading_as("cpu_percent", cpu, Json::from);
        data.set("cpu_window", if live { Json::from(WINDOW.as_secs_f64()) } else { Json::Null });
        data.reading("virtual_memory", system.virtual_memory());
        data.reading("swap_memory", system.swap_memory());
        data.reading_as("disks", disks, |disks| {
            let row = |(partition, usage): (psoxide::DiskPartition, Result<psoxide::DiskUsage>)| {
                let mut row = Object::default();
                row.set("partition", json::value(&partition.to_value()));
                row.reading("usage", usage);
                row.finish()
            };
            disks.into_iter().map(row).collect()
        });
        data.reading("net_io_total", system.net_io_total());
        let row = |(rss, pid, name, user): (u64, psoxide::Pid, std::ffi::OsString, Result<std::ffi::OsString>)| {
            let mut row = Object::default();
            row.set("pid", pid);
            row.reading("name", Ok(name));
            row.reading("username", user);
            row.set("rss", Json::from(rss));
            row.finish()
        };
        data.set("top_rss", top.into_iter().map(row).collect::<Json>());
        json::write(out, "glance", "data", data.finish())?;
        return Ok(true);
    }

    let mut line = |label: &str, text: String| writeln!(out, "{BOLD}{label:<9}{BOLD:#}{text}");
    let part = |file| kernel(context, file).unwrap_or_else(|| "?".into());
    line("host", escape(format!("{}  {} {}", part("hostname"), part("ostype"), part("osrelease")).as_ref()))?;
    line("uptime", uptime(context).map_or_else(|| "?".into(), human::span))?;
    let load = system.load_average();
    line("load", shown(load, |v| format!("{:.2} {:.2} {:.2}", v.one, v.five, v.fifteen)))?;
    line("cpu", shown(cpu, |v| v.map_or_else(|| "?".into(), |v| format!("{} {window}", human::bar(v)))))?;
    line(
        "memory",
        shown(system.virtual_memory(), |v| {
            format!("{} {} of {} available", human::bar(v.percent), human::bytes(v.available), human::bytes(v.total))
        }),
    )?;
    line(
        "swap",
        shown(system.swap_memory(), |v| match v.total {
            0 => "none".into(),
            total => format!("{} {} of {} free", human::bar(v.percent), human::bytes(v.free), human::bytes(total)),
        }),
    )?;
    line(
        "network",
        shown(system.net_io_total(), |v| {
            v.map_or_else(
                || "none".into(),
                |v| format!("{} received, {} sent", human::bytes(v.bytes_recv), human::bytes(v.bytes_sent)),
            )
        }),
    )?;
    match disks {
        Ok(disks) => {
            for (partition, usage) in disks {
                let name = escape(partition.mountpoint.as_os_str());
                line(
                    "disk",
                    shown(usage, |v| {
                        format!(
                            "{} {} of {} free  {name}",
                            human::bar(v.percent),
                            human::bytes(v.free),
                            human::bytes(v.total)
                        )
                    }),
                )?;
            }
        }
        Err(error) => line("disk", reason(&error))?,
    }
    writeln!(out)?;
    let mut table = Table::new(&[">PID", "USER", ">RSS", "NAME"]);
    for (rss, pid, name, user) in top {
        let user = user.map_or_else(|_| "?".into(), |user| escape(&user));
        table.row(vec![pid.to_string(), user, human::bytes(rss), escape(&name)]);
    }
    table.write(out, context.width)?;
    Ok(true)
}

fn shown<T>(reading: Result<T>, show: impl FnOnce(T) -> String) -> String {
    reading.map_or_else(|error| reason(&error), show)
}

/// The CPUs' busy part over the window, or since boot where the clock stands still.
fn cpu_percent(context: &Context) -> Result<Option<f64>> {
    let first = context.system.cpu_times()?;
    if !context.system.is_live() {
        return Ok(first.busy_percent());
    }
    std::thread::sleep(WINDOW);
    Ok(context.system.cpu_times()?.since(&first).busy_percent())
}

type Disks = Vec<(psoxide::DiskPartition, Result<psoxide::DiskUsage>)>;

fn disks(context: &Context) -> Result<Disks> {
    let partitions = context.system.disk_partitions(false)?;
    Ok(partitions
        .into_iter()
        .map(|partition| {
            let usage = context.system.disk_usage(&partition.mountpoint);
            (partition, usage)
        })
        .collect())
}

fn proc_file(context: &Context, file: &str) -> Option<String> {
    let root = context.root.as_deref().unwrap_or_else(|| Path::new("/"));
    std::fs::read(root.join("proc").join(file)).ok().map(|text| String::from_utf8_lossy(&text).trim().to_owned())
}

fn kernel(context: &Context, file: &str) -> Option<String> {
    proc_file(context, &format!("sys/kernel/{file}"))
}

fn uptime(context: &Context) -> Option<Duration> {
    if context.system.is_live() {
        return SystemTime::now().duration_since(context.system.boot_time().ok()?).ok();
    }
    let seconds = proc_file(context, "uptime")?.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
