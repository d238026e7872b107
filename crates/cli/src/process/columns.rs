//! The columns of listings of processes.

use psoxide::{
    Cgroup, Containment, CtxSwitches, Field, IoCounters, MemoryFootprint, MemoryInfo, PageFaults, ProcessStatus,
    Record as _, Scheduling, ToValue, Unit, Value,
};

use super::{Proc, command};
use crate::output::column::{Column, Shape, cell, field, float, part};
use crate::output::escape_to;
use crate::output::style::Tone;

/// The column of a whole reading.
macro_rules! reading {
    ($name:literal, $title:literal, $unit:ident, $field:ident, $reading:ident) => {
        Column::new($name, $title, Unit::$unit, Field::$field.doc(), |p: &Proc| {
            p.row.$reading.as_ref().map(ToValue::to_value)
        })
        .needs(&[Field::$field])
    };
}

/// The column of a field of a record.
macro_rules! part_of {
    ($record:ident, $part:ident, $title:literal, $field:ident, $reading:ident) => {
        Column::of(field($record::FIELDS, stringify!($part)), $title, |p: &Proc| part(&p.row.$reading, |v| &v.$part))
            .needs(&[Field::$field])
    };
}

/// The columns, in the order of the help.
pub(crate) const COLUMNS: &[Column<Proc>] = &[
    Column::new("pid", "PID", Unit::Plain, "The process id.", |p: &Proc| cell(&p.row.pid)),
    reading!("ppid", "PPID", Plain, Ppid, ppid),
    reading!("name", "NAME", Text, Name, name),
    reading!("username", "USER", Text, Username, username).tone(|p| match p.row.username.value() {
        Some(name) if name == "root" => Tone::Medium,
        Some(_) => Tone::Accent,
        None => Tone::Faint,
    }),
    reading!("status", "STATUS", Text, Status, status).tone(|p| match p.row.status.value() {
        Some(ProcessStatus::Running) => Tone::Low,
        Some(ProcessStatus::Zombie | ProcessStatus::Dead | ProcessStatus::DiskSleep) => Tone::High,
        Some(ProcessStatus::Stopped | ProcessStatus::TracingStop) => Tone::Medium,
        _ => Tone::Faint,
    }),
    Column::new(
        "cpu_percent",
        "%CPU",
        Unit::Percent,
        "CPU time in percent of one CPU, over the lifetime of the process; in later samples over the interval.",
        |p: &Proc| float(p.cpu_percent),
    )
    .needs(&[Field::CpuTimes, Field::CreateTime])
    .hot(),
    Column::new(
        "memory_percent",
        "%MEM",
        Unit::Percent,
        "Resident memory in percent of physical memory.",
        |p: &Proc| float(p.memory_percent),
    )
    .needs(&[Field::MemoryInfo])
    .hot(),
    part_of!(MemoryInfo, rss, "RSS", MemoryInfo, memory_info),
    part_of!(MemoryInfo, vms, "VSZ", MemoryInfo, memory_info),
    part_of!(MemoryInfo, shared, "SHR", MemoryInfo, memory_info),
    part_of!(MemoryInfo, text, "CODE", MemoryInfo, memory_info),
    part_of!(MemoryInfo, data, "DATA", MemoryInfo, memory_info),
    part_of!(MemoryFootprint, uss, "USS", MemoryFootprint, memory_footprint),
    part_of!(MemoryFootprint, pss, "PSS", MemoryFootprint, memory_footprint),
    part_of!(MemoryFootprint, swap, "SWAP", MemoryFootprint, memory_footprint),
    reading!("terminal", "TTY", Text, Terminal, terminal).shown(|p, out| {
        let Some(terminal) = p.row.terminal.value().and_then(Option::as_ref) else { return false };
        escape_to(out, terminal.strip_prefix("/dev").unwrap_or(terminal).as_os_str());
        true
    }),
    reading!("create_time", "STARTED", Time, CreateTime, create_time),
    Column::new("cpu_time", "TIME", Unit::Seconds, "CPU time used in user and kernel mode.", |p: &Proc| {
        p.row.cpu_times.as_ref().map(|times| Value::Duration(times.user.saturating_add(times.system)))
    })
    .needs(&[Field::CpuTimes]),
    reading!("nice", "NI", Plain, Nice, nice),
    part_of!(Scheduling, priority, "PRI", Scheduling, scheduling),
    part_of!(Scheduling, policy, "POLICY", Scheduling, scheduling),
    reading!("num_threads", "THR", Count, NumThreads, num_threads),
    reading!("num_fds", "FDS", Count, NumFds, num_fds),
    reading!("num_handles", "HANDLES", Count, NumHandles, num_handles),
    reading!("cpu_num", "CPU#", Plain, CpuNum, cpu_num),
    part_of!(CtxSwitches, voluntary, "VCSW", NumCtxSwitches, num_ctx_switches),
    part_of!(CtxSwitches, involuntary, "ICSW", NumCtxSwitches, num_ctx_switches),
    part_of!(PageFaults, minor, "MINFLT", PageFaults, page_faults),
    part_of!(PageFaults, major, "MAJFLT", PageFaults, page_faults),
    part_of!(IoCounters, read_count, "READS", IoCounters, io_counters),
    part_of!(IoCounters, write_count, "WRITES", IoCounters, io_counters),
    part_of!(IoCounters, read_bytes, "READ", IoCounters, io_counters),
    part_of!(IoCounters, write_bytes, "WRITTEN", IoCounters, io_counters),
    Column::new("read_rate", "READ/s", Unit::BytesPerSecond, "Bytes read from storage per second.", |p: &Proc| {
        p.row.io_counters.as_ref().map(|_| p.read_rate.map_or(Value::None, Value::Float))
    })
    .needs(&[Field::IoCounters, Field::CreateTime]),
    Column::new("write_rate", "WRITE/s", Unit::BytesPerSecond, "Bytes written to storage per second.", |p: &Proc| {
        p.row.io_counters.as_ref().map(|_| p.write_rate.map_or(Value::None, Value::Float))
    })
    .needs(&[Field::IoCounters, Field::CreateTime]),
    Column::new(
        "iowait_percent",
        "%WAIT",
        Unit::Percent,
        "Time spent waiting for storage, in percent. The kernel counts it while the sysctl kernel.task_delayacct is 1.",
        |p: &Proc| float(p.iowait_percent),
    )
    .needs(&[Field::CpuTimes, Field::CreateTime]),
    part_of!(Cgroup, path, "CGROUP", Cgroup, cgroup).named("cgroup"),
    part_of!(Cgroup, unit, "UNIT", Cgroup, cgroup),
    part_of!(Cgroup, container, "CONTAINER", Cgroup, cgroup).shown(|p, out| {
        /// Engines show so many digits of the ids of their containers.
        const SHORT: usize = 12;
        let Some(container) = p.row.cgroup.value().and_then(|cgroup| cgroup.container.as_ref()) else { return false };
        let id = container.to_str().filter(|id| id.len() == 64);
        escape_to(out, id.and_then(|id| id.get(..SHORT)).map_or(container, std::ffi::OsStr::new));
        true
    }),
    part_of!(Containment, zone, "ZONE", Containment, containment),
    part_of!(Containment, zone_id, "ZONEID", Containment, containment),
    part_of!(Containment, project, "PROJID", Containment, containment),
    part_of!(Containment, task, "TASKID", Containment, containment),
    part_of!(Containment, contract, "CTID", Containment, containment),
    reading!("net_namespace", "NETNS", Plain, NetNamespace, net_namespace),
    reading!("oom_score", "OOM", Plain, OomScore, oom_score),
    Column::new("uid", "UID", Unit::Plain, "The real user id.", |p: &Proc| part(&p.row.uids, |ids| &ids.real))
        .needs(&[Field::Uids]),
    Column::new("euid", "EUID", Unit::Plain, "The effective user id.", |p: &Proc| {
        part(&p.row.uids, |ids| &ids.effective)
    })
    .needs(&[Field::Uids]),
    Column::new("gid", "GID", Unit::Plain, "The real group id.", |p: &Proc| part(&p.row.gids, |ids| &ids.real))
        .needs(&[Field::Gids]),
    reading!("exe", "EXE", Text, Exe, exe),
    reading!("cwd", "CWD", Text, Cwd, cwd),
    reading!("cmdline", "COMMAND", Text, Cmdline, cmdline)
        .shape(Shape::Texts)
        .needs(&[Field::Cmdline, Field::Name])
        .shown(|p, out| {
            command(out, &p.row);
            true
        })
        .command(),
];
