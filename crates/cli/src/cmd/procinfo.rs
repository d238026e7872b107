//! Everything about one process.

use std::io::Write;

use clap::Args;
use psoxide::{ConnectionKind, Limit, MemoryType, Os, Pid, Process, Resource, Unit};
use serde_json::{Map, Value as Json, json};

use super::Subcommand;
use super::netstat::{endpoint, proto};
use crate::args;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::glyphs::localized;
use crate::output::json::Object;
use crate::output::schema::{self, Body};
use crate::output::table::wrap;
use crate::output::{command, escape, human, json, reason, style};

#[derive(Args)]
pub(crate) struct Procinfo {
    /// The processes (default: this command itself)
    #[arg(value_name = "PID", value_parser = args::pid)]
    pids: Vec<Pid>,
    /// Show all entries of long lists
    #[arg(short, long)]
    verbose: bool,
}

/// How many entries of a list are shown without `--verbose`.
const SHORT: usize = 10;

/// The columns that labels take.
const LABEL: usize = 14;

impl Subcommand for Procinfo {
    const NAME: &'static str = "procinfo";
    const ABOUT: &'static str = "Everything about a process";
    const DETAILS: &'static str = "A value that this user may not read is shown as \"permission denied\".";
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("procinfo", "this command itself"),
        ("procinfo 1 --verbose", "process 1, with all entries of long lists"),
        ("procinfo 1 2", "two processes"),
        ("procinfo 1 --json", "for another program"),
        ("procinfo 1234 --interval 1", "live"),
    ];

    fn body() -> Body {
        Body::Data(schema::one_or_many(object_schema()))
    }

    fn run(self, context: &Context) -> Outcome {
        let processes: Vec<Process> = match self.pids.as_slice() {
            [] if !context.system.is_live() => {
                return Err(Failure::Usage("with --root, procinfo needs a PID".into()));
            }
            [] => vec![context.system.current_process()?],
            pids => pids.iter().map(|pid| context.process(*pid)).collect::<Result<_, Failure>>()?,
        };
        // A process that ended while it was read is not shown in part.
        let alive = |process: &Process| match process.is_running()? {
            true => Ok(()),
            false => context.system.process(process.pid()).map(drop),
        };
        let object = |process: Process| {
            let object = object(&process);
            alive(&process)?;
            Ok(object)
        };
        let text = |process: Process, out: &mut dyn Write| {
            let fields = fields(&process, self.verbose);
            alive(&process)?;
            let header = style::header();
            // Long values continue below themselves, not below the labels.
            let room = context.width().map_or(usize::MAX, |width| width.saturating_sub(LABEL).max(LABEL));
            for (mut label, lines) in fields {
                for line in lines.iter().flat_map(|line| wrap(line, room)) {
                    writeln!(out, "{header}{label:<LABEL$}{header:#}{line}")?;
                    label = "";
                }
            }
            Ok(())
        };
        let read = || Ok(processes.iter().map(Process::oneshot).collect());
        json::data_of_each(context, Self::NAME, read, object, text)
    }
}

/// What its JSON holds.
fn object_schema() -> Json {
    let integer = || json!({"type": ["integer", "null"]});
    let number = || json!({"type": ["number", "null"]});
    let text = || json!({"anyOf": [{"$ref": "#/$defs/text"}, {"type": "null"}]});
    let limit = json!({"type": "object", "properties": {"soft": integer(), "hard": integer()}});
    schema::object([
        ("pid", json!({"type": "integer"})),
        ("name", text()),
        ("ppid", integer()),
        ("exe", text()),
        ("cwd", text()),
        ("cmdline", schema::list(json!({"$ref": "#/$defs/text"}))),
        ("create_time", schema::of_unit(Unit::Time)),
        ("cpu_times", schema::record::<psoxide::ProcessCpuTimes>()),
        ("cpu_affinity", schema::list(json!({"type": "integer"}))),
        ("memory_info", schema::record::<psoxide::MemoryInfo>()),
        ("memory_percent", number()),
        ("username", text()),
        ("uids", schema::record::<psoxide::Ids>()),
        ("gids", schema::record::<psoxide::Ids>()),
        ("terminal", text()),
        ("status", text()),
        ("nice", integer()),
        ("ionice", schema::record::<psoxide::IoPriority>()),
        ("num_threads", integer()),
        ("num_fds", integer()),
        ("io_counters", schema::record::<psoxide::IoCounters>()),
        ("num_ctx_switches", schema::record::<psoxide::CtxSwitches>()),
        ("children", schema::list(json!({"type": "integer"}))),
        ("open_files", schema::list(schema::record::<psoxide::OpenFile>())),
        ("net_connections", schema::list(schema::record::<psoxide::Connection>())),
        ("threads", schema::list(schema::record::<psoxide::Thread>())),
        (
            "rlimits",
            json!({"type": ["object", "null"], "additionalProperties": limit, "description": "null: unlimited."}),
        ),
        ("memory_maps", schema::list(schema::record::<psoxide::MemoryMapGroup>())),
    ])
}

pub(crate) type Field = (&'static str, Vec<String>);

fn one<T>(label: &'static str, reading: psoxide::Result<T>, show: impl FnOnce(T) -> String) -> Field {
    (label, vec![reading.map_or_else(|error| reason(&error), show)])
}

fn list<T>(label: &'static str, reading: psoxide::Result<Vec<T>>, verbose: bool, show: impl Fn(T) -> String) -> Field {
    match reading {
        Ok(items) => (label, shorten(items.into_iter().map(show).collect(), verbose)),
        Err(error) => (label, vec![reason(&error)]),
    }
}

fn shorten(mut lines: Vec<String>, verbose: bool) -> Vec<String> {
    if lines.is_empty() {
        return vec!["none".into()];
    }
    let more = lines.len().saturating_sub(SHORT);
    if more > 0 && !verbose {
        lines.truncate(SHORT);
        lines.push(localized(&format!("… ({more} more, --verbose)")));
    }
    lines
}

pub(crate) fn fields(p: &Process, verbose: bool) -> Vec<Field> {
    let named = |p: &Process| match p.name() {
        Ok(name) => format!("{} ({})", p.pid(), escape(&name)),
        Err(_) => p.pid().to_string(),
    };
    let maybe = |bytes: Option<u64>| bytes.map_or_else(|| "-".into(), human::bytes);
    let ids = |ids: psoxide::Ids| format!("real={}, effective={}, saved={}", ids.real, ids.effective, ids.saved);
    vec![
        ("pid", vec![p.pid().to_string()]),
        one("name", p.name(), |v| escape(&v)),
        one("parent", p.parent(), |v| v.map_or_else(|| "none".into(), |v| named(&v))),
        one("exe", p.exe(), |v| escape(v.as_os_str())),
        one("cwd", p.cwd(), |v| escape(v.as_os_str())),
        one("cmdline", p.cmdline(), |v| command(&v)),
        one("started", p.create_time(), human::time),
        one("cpu-tspent", p.cpu_times(), |v| human::cpu_time(v.user.saturating_add(v.system))),
        one("cpu-times", p.cpu_times(), |v| {
            let mut text = format!("user={:.2}, system={:.2}", v.user.as_secs_f64(), v.system.as_secs_f64());
            let rest =
                [("children_user", v.children_user), ("children_system", v.children_system), ("iowait", v.iowait)];
            for (name, time) in rest {
                if let Some(time) = time {
                    text.push_str(&format!(", {name}={:.2}", time.as_secs_f64()));
                }
            }
            text
        }),
        one("cpu-affinity", p.cpu_affinity(), |v| human::ranges(&v)),
        one("memory", p.memory_info(), |v| {
            let [rss, vms] = [v.rss, v.vms].map(human::bytes);
            let [shared, text, data] = [v.shared, v.text, v.data].map(maybe);
            format!("rss={rss}, vms={vms}, shared={shared}, text={text}, data={data}")
        }),
        one("memory%", p.memory_percent(MemoryType::Rss), |v| format!("{v:.2}")),
        one("user", p.username(), |v| escape(&v)),
        one("uids", p.uids(), ids),
        one("gids", p.gids(), ids),
        one("terminal", p.terminal(), |v| v.map_or_else(|| "none".into(), |v| escape(v.as_os_str()))),
        one("status", p.status(), |v| v.to_string()),
        one("nice", p.nice(), |v| v.to_string()),
        one("ionice", p.ionice(), |v| match v.value {
            Some(value) => format!("class={}, value={value}", v.class),
            None => format!("class={}", v.class),
        }),
        one("num-threads", p.num_threads(), |v| v.to_string()),
        match p.system().os() {
            Os::Windows => one("num-handles", p.num_handles(), |v| v.to_string()),
            Os::Linux | Os::Macos | Os::Freebsd | Os::Openbsd | Os::Netbsd | Os::Sunos => {
                one("num-fds", p.num_fds(), |v| v.to_string())
            }
        },
        one("I/O", p.io_counters(), |v| {
            let count = |count: Option<u64>| count.map_or_else(|| "-".into(), |count| count.to_string());
            format!(
                "read_count={}, write_count={}, read_bytes={}, write_bytes={}",
                count(v.read_count),
                count(v.write_count),
                maybe(v.read_bytes),
                maybe(v.write_bytes)
            )
        }),
        one("ctx-switches", p.num_ctx_switches(), |v| {
            let involuntary = v.involuntary.map_or_else(|| "-".into(), |count| count.to_string());
            format!("voluntary={}, involuntary={involuntary}", v.voluntary)
        }),
        list("children", p.children(false), verbose, |v| named(&v)),
        list("open-files", p.open_files(), verbose, |v| {
            let fd = v.fd.map_or_else(|| "-".into(), |fd| fd.to_string());
            format!("fd={fd} {} {}", v.mode.unwrap_or("-"), escape(v.path.as_os_str()))
        }),
        list("connections", p.net_connections(ConnectionKind::Inet), verbose, |v| {
            let mut shown = format!("{} ", proto(v.family, v.kind));
            endpoint(&mut shown, &v.laddr);
            shown.push_str(" -> ");
            endpoint(&mut shown, &v.raddr);
            format!("{shown} {}", v.status)
        }),
        list("threads", p.threads(), verbose, |v| {
            format!("id={} user={:.2} system={:.2}", v.id, v.user_time.as_secs_f64(), v.system_time.as_secs_f64())
        }),
        ("res-limits", limits(p, verbose)),
        list("mem-maps", p.memory_maps_grouped(), verbose, |v| {
            let rss = maybe(v.rss);
            format!("{rss:>7} {}", escape(v.path.as_os_str()))
        }),
    ]
}

fn limits(p: &Process, verbose: bool) -> Vec<String> {
    let show = |limit: Option<u64>| limit.map_or_else(|| "unlimited".into(), |limit| limit.to_string());
    let has = p.system().os().resources();
    let lines =
        Resource::ALL.iter().filter(|resource| has.contains(resource)).map(|&resource| match p.rlimit(resource) {
            Ok(Limit { soft, hard }) => format!("{resource:<11} soft={} hard={}", show(soft), show(hard)),
            Err(error) => format!("{resource:<11} {}", reason(&error)),
        });
    shorten(lines.collect(), verbose)
}

fn object(p: &Process) -> Object {
    let mut data = Object::default();
    data.set("pid", p.pid());
    data.reading("name", p.name());
    data.reading("ppid", p.ppid());
    data.reading("exe", p.exe());
    data.reading("cwd", p.cwd());
    data.reading("cmdline", p.cmdline());
    data.reading("create_time", p.create_time());
    data.reading("cpu_times", p.cpu_times());
    data.reading("cpu_affinity", p.cpu_affinity());
    data.reading("memory_info", p.memory_info());
    data.reading("memory_percent", p.memory_percent(MemoryType::Rss));
    data.reading("username", p.username());
    data.reading("uids", p.uids());
    data.reading("gids", p.gids());
    data.reading("terminal", p.terminal());
    data.reading("status", p.status());
    data.reading("nice", p.nice());
    data.reading("ionice", p.ionice());
    data.reading("num_threads", p.num_threads());
    data.reading("num_fds", p.num_fds());
    data.reading("io_counters", p.io_counters());
    data.reading("num_ctx_switches", p.num_ctx_switches());
    data.reading_as("children", p.children(false), |v| v.iter().map(Process::pid).collect());
    data.reading("open_files", p.open_files());
    data.reading("net_connections", p.net_connections(ConnectionKind::Inet));
    data.reading("threads", p.threads());
    let limits: psoxide::Result<Map<String, Json>> = Resource::ALL
        .iter()
        .filter_map(|&resource| match p.rlimit(resource) {
            Ok(limit) => Some(Ok((resource.name().to_owned(), json!({"soft": limit.soft, "hard": limit.hard})))),
            Err(error) if error.is_unsupported() => None,
            Err(error) => Some(Err(error)),
        })
        .collect();
    data.reading_as("rlimits", limits, Json::Object);
    data.reading("memory_maps", p.memory_maps_grouped());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let lines = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(shorten(lines(0), false), ["none"]);
        assert_eq!(shorten(lines(10), false).len(), 10);
        assert_eq!(shorten(lines(12), false).last().map(String::as_str), Some("… (2 more, --verbose)"));
        assert_eq!(shorten(lines(12), true).len(), 12);
    }
}
