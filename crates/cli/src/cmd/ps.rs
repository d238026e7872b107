//! All processes.

use std::io::Write;
use std::time::SystemTime;

use psoxide::{Process, Result};

use crate::output::json::Object;
use crate::output::table::Table;
use crate::output::{command, escape, human, json};
use crate::{Context, Outcome};

pub(crate) fn run(context: &Context, out: &mut dyn Write) -> Outcome {
    let total = context.system.virtual_memory()?.total;
    let mut processes = context.system.processes()?;
    processes.sort_by_key(Process::pid);
    let mut rows = Vec::new();
    let mut table =
        Table::new(&["USER", ">PID", ">PPID", ">%MEM", ">VSZ", ">RSS", "TTY", "STATUS", "STARTED", ">TIME", "COMMAND"]);
    let now = SystemTime::now();
    for process in processes {
        let process = process.oneshot();
        let status = process.status();
        if status.as_ref().is_err_and(psoxide::Error::is_no_such_process) {
            continue; // ended since it was listed
        }
        let info = process.memory_info();
        let cpu = process.cpu_times().map(|times| times.user.saturating_add(times.system));
        if context.json {
            let mut row = Object::default();
            row.set("pid", process.pid());
            row.reading("ppid", process.ppid());
            row.reading("name", process.name());
            row.reading("username", process.username());
            row.reading("status", status);
            if let Ok(info) = &info {
                row.set("memory_percent", human::percent(info.rss, total));
            }
            row.reading("memory_info", info);
            row.reading("terminal", process.terminal());
            row.reading("create_time", process.create_time());
            row.reading("cpu_time", cpu);
            row.reading("cmdline", process.cmdline());
            rows.push(row.finish());
            continue;
        }
        let (percent, vsz, rss) = match &info {
            Ok(info) => {
                (format!("{:.1}", human::percent(info.rss, total)), human::bytes(info.vms), human::bytes(info.rss))
            }
            Err(_) => ("?".into(), "?".into(), "?".into()),
        };
        table.row(vec![
            cell(process.username(), |name| escape(&name)),
            process.pid().to_string(),
            cell(process.ppid(), |pid| pid.to_string()),
            percent,
            vsz,
            rss,
            cell(process.terminal(), |tty| {
                tty.map_or_else(|| "-".into(), |tty| escape(tty.strip_prefix("/dev").unwrap_or(&tty).as_os_str()))
            }),
            cell(status, |status| status.to_string()),
            cell(process.create_time(), |time| human::started(time, now)),
            cell(cpu, human::cpu_time),
            match process.cmdline() {
                Ok(cmdline) if !cmdline.is_empty() => command(&cmdline),
                _ => cell(process.name(), |name| format!("[{}]", escape(&name))),
            },
        ]);
        rows.push(serde_json::Value::Null);
    }
    let found = !rows.is_empty();
    if context.json {
        json::write(out, "ps", "rows", rows.into())?;
    } else {
        table.write(out, context.width)?;
    }
    Ok(found)
}

fn cell<T>(reading: Result<T>, show: impl FnOnce(T) -> String) -> String {
    reading.map_or_else(|_| "?".into(), show)
}
