//! Everything about one process.

use std::io::Write;

use clap::Args;
use psoxide::{ConnectionKind, MemoryType, Os, Pid, Process, Resource, Unit};
use serde_json::{Map, Value as Json, json};

use super::Subcommand;
use crate::args;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::listing::answer;
use crate::output::json::Object;
use crate::output::schema::{self, Body};
use crate::output::style;
use crate::output::table::wrap;
use crate::process::details;

#[derive(Args)]
pub(crate) struct Procinfo {
    /// The processes (default: this command itself)
    #[arg(value_name = "PID", value_parser = args::pid)]
    pids: Vec<Pid>,
    /// Show all entries of long lists
    #[arg(short, long)]
    verbose: bool,
}

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
            let fields = details::of(&process, self.verbose);
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
        answer::data_of_each(context, Self::NAME, read, object, text)
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
        // SunOS alone.
        ("abi", text()),
        ("containment", schema::record::<psoxide::Containment>()),
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
    if p.system().os() == Os::Sunos {
        data.reading("abi", p.abi());
        data.reading("containment", p.containment());
    }
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
