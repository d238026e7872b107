//! Processes and groups of processes under the names of OpenTelemetry.

use std::time::SystemTime;

use psoxide::{ProcessStatus, Row};

use crate::groups::{Group, Key, Seen};
use crate::metric::{Families, Label, Metric, Number};
use crate::names::otel;
use crate::text::lossy;

/// Most series of one group.
pub(crate) const GROUP_SERIES: usize = 14;
/// Most series of one process.
pub(crate) const PROCESS_SERIES: usize = 13;

/// Adds a group.
pub(crate) fn group(out: &mut Families, key: &Key, group: &Group) {
    let base = [("psoxide.group.name", &*key.name), ("psoxide.group.kind", key.kind)];
    let since = Some(group.since);
    let mut plain = |metric: &Metric, value: Number| out.add_of(metric, &[], &base, value, since);
    let (counts, now) = (&group.counts, &group.now);
    plain(&otel::G_PROCESSES, now.processes.into());
    plain(&otel::G_MEMORY_USAGE, now.rss.into());
    plain(&otel::G_MEMORY_VIRTUAL, now.vms.into());
    plain(&otel::G_THREADS, now.threads.into());
    now.pss.into_iter().for_each(|pss| plain(&otel::G_MEMORY_PSS, pss.into()));
    now.fds.into_iter().for_each(|fds| plain(&otel::G_FDS, fds.into()));
    let mut split = |metric: &Metric, label, parts: [(&str, Number); 2]| {
        for (name, value) in parts {
            let labels: Vec<_> = base.into_iter().chain([(label, name)]).collect();
            out.add_of(metric, &[], &labels, value, since);
        }
    };
    split(&otel::G_CPU_TIME, "cpu.mode", [("user", counts.user.into()), ("system", counts.system.into())]);
    split(&otel::G_DISK_IO, "disk.io.direction", [("read", counts.read.into()), ("write", counts.written.into())]);
    let faults = [("minor", counts.minor.into()), ("major", counts.major.into())];
    split(&otel::G_FAULTS, "system.paging.fault.type", faults);
    if counts.voluntary > 0 || counts.involuntary > 0 {
        let switches = [("voluntary", counts.voluntary.into()), ("involuntary", counts.involuntary.into())];
        split(&otel::G_CONTEXT_SWITCHES, "process.context_switch.type", switches);
    }
}

/// Adds one process, which its pid and the time of its start identify.
pub(crate) fn process(out: &mut Families, row: &Row, command_line: Option<String>, now: SystemTime) {
    let created = row.create_time.value().copied();
    let mut resource: Vec<Label> = vec![("process.pid".into(), row.pid.to_string())];
    // RFC 3339, as the conventions want it.
    if let Some(stamp) = created.and_then(|time| jiff::Timestamp::try_from(time).ok()) {
        resource.push(("process.creation.time".into(), format!("{stamp:.3}")));
    }
    if let Some(name) = row.name.value() {
        resource.push(("process.executable.name".into(), lossy(name)));
    }
    if let Some(line) = command_line {
        resource.push(("process.command_line".into(), line));
    }
    let mut add = |metric: &Metric, labels: &[(&'static str, &str)], value: Number| {
        out.add_of(metric, &resource, labels, value, created);
    };
    if let Some(times) = row.cpu_times.value() {
        for (mode, time) in [("user", Some(times.user)), ("system", Some(times.system)), ("wait", times.iowait)] {
            time.into_iter().for_each(|time| add(&otel::P_CPU_TIME, &[("cpu.mode", mode)], time.into()));
        }
    }
    if let Some(memory) = row.memory_info.value() {
        add(&otel::P_MEMORY_USAGE, &[], memory.rss.into());
        add(&otel::P_MEMORY_VIRTUAL, &[], memory.vms.into());
    }
    if let Some(io) = row.io_counters.value() {
        for (direction, bytes) in [("read", io.read_bytes), ("write", io.write_bytes)] {
            bytes.into_iter().for_each(|n| add(&otel::P_DISK_IO, &[("disk.io.direction", direction)], n.into()));
        }
    }
    if let Some(threads) = row.num_threads.value() {
        add(&otel::P_THREADS, &[], (*threads).into());
    }
    if let Some(fds) = row.num_fds.value() {
        add(&otel::P_FDS, &[], (*fds).into());
    }
    if let Some(faults) = row.page_faults.value() {
        for (kind, count) in [("minor", faults.minor), ("major", faults.major)] {
            add(&otel::P_FAULTS, &[("system.paging.fault.type", kind)], count.into());
        }
    }
    if let Some(switches) = row.num_ctx_switches.value() {
        for (kind, count) in [("voluntary", Some(switches.voluntary)), ("involuntary", switches.involuntary)] {
            let labels = [("process.context_switch.type", kind)];
            count.into_iter().for_each(|count| add(&otel::P_CONTEXT_SWITCHES, &labels, count.into()));
        }
    }
    if let Some(age) = created.and_then(|created| now.duration_since(created).ok()) {
        add(&otel::P_UPTIME, &[], age.into());
    }
}

/// Counts the processes in each state.
pub(crate) fn states(out: &mut Families, all: &[Seen<'_>]) {
    let mut counts = [("running", 0_u64), ("sleeping", 0), ("stopped", 0), ("defunct", 0)];
    for seen in all {
        let state = match seen.row.status.value() {
            Some(ProcessStatus::Running) => 0,
            Some(ProcessStatus::Stopped | ProcessStatus::TracingStop) => 2,
            Some(ProcessStatus::Zombie | ProcessStatus::Dead) => 3,
            Some(_) => 1,
            None => continue,
        };
        if let Some((_, count)) = counts.get_mut(state) {
            *count += 1;
        }
    }
    for (state, count) in counts {
        out.add(&otel::PROCESS_COUNT, &[("process.state", state)], count);
    }
}
