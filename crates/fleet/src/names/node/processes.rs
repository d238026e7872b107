//! Processes: the groups of process-exporter, and node_exporter's counts.

use std::collections::BTreeMap;
use std::time::SystemTime;

use psoxide::{ProcessStatus, Row, System};

use super::number;
use crate::groups::Group;
use crate::metric::{Families, Number};
use crate::sources::Outcome;

/// Most series of one group.
pub(crate) const GROUP_SERIES: usize = 24;

/// Adds a group.
pub(crate) fn group(out: &mut Families, name: &str, group: &Group) {
    let (counts, now) = (&group.counts, &group.now);
    let labels = [("groupname", name)];
    let mut gauge = |metric: &'static str, help, value: Number| out.gauge(metric, help, &labels, value);
    gauge("namedprocess_namegroup_num_procs", "Processes of a group.", now.processes.into());
    gauge("namedprocess_namegroup_num_threads", "Threads of a group.", now.threads.into());
    if let Some(fds) = now.fds {
        gauge("namedprocess_namegroup_open_filedesc", "Open file descriptors of a group.", fds.into());
        let help = "Largest part of its limit of open files that a process uses.";
        gauge("namedprocess_namegroup_worst_fd_ratio", help, now.worst_fd_ratio.into());
    }
    if let Some(oldest) = now.oldest.and_then(|oldest| oldest.duration_since(SystemTime::UNIX_EPOCH).ok()) {
        // Whole seconds, as process-exporter has it.
        let help = "Start of the oldest process of a group, in seconds since 1970.";
        gauge("namedprocess_namegroup_oldest_start_time_seconds", help, oldest.as_secs().into());
    }
    let mut counter = |metric: &'static str, help, value: u64| out.counter(metric, help, &labels, value);
    counter("namedprocess_namegroup_read_bytes_total", "Bytes read from storage.", counts.read);
    counter("namedprocess_namegroup_write_bytes_total", "Bytes written to storage.", counts.written);
    counter("namedprocess_namegroup_major_page_faults_total", "Major page faults.", counts.major);
    counter("namedprocess_namegroup_minor_page_faults_total", "Minor page faults.", counts.minor);
    for (mode, time) in [("system", counts.system), ("user", counts.user)] {
        let labels = [("groupname", name), ("mode", mode)];
        out.counter("namedprocess_namegroup_cpu_seconds_total", "CPU time of a group.", &labels, time);
    }
    for (kind, count) in [("nonvoluntary", counts.involuntary), ("voluntary", counts.voluntary)] {
        let labels = [("ctxswitchtype", kind), ("groupname", name)];
        out.counter("namedprocess_namegroup_context_switches_total", "Context switches of a group.", &labels, count);
    }
    for (kind, bytes) in [
        ("proportionalResident", now.pss),
        ("proportionalSwapped", now.pss.map(|_| now.swap_pss)),
        ("resident", Some(now.rss)),
        ("swapped", Some(now.swapped)),
        ("virtual", Some(now.vms)),
    ] {
        if let Some(bytes) = bytes {
            let labels = [("groupname", name), ("memtype", kind)];
            out.gauge("namedprocess_namegroup_memory_bytes", "Memory of a group.", &labels, bytes);
        }
    }
    let [running, sleeping, waiting, zombie, other] = now.states;
    for (state, count) in
        [("Other", other), ("Running", running), ("Sleeping", sleeping), ("Waiting", waiting), ("Zombie", zombie)]
    {
        let labels = [("groupname", name), ("state", state)];
        out.gauge("namedprocess_namegroup_states", "Processes of a group in each state.", &labels, count);
    }
}

/// The kernel's letter for a state.
fn letter(status: ProcessStatus) -> &'static str {
    match status {
        ProcessStatus::Running => "R",
        ProcessStatus::Sleeping => "S",
        ProcessStatus::DiskSleep => "D",
        ProcessStatus::Stopped => "T",
        ProcessStatus::TracingStop => "t",
        ProcessStatus::Zombie => "Z",
        ProcessStatus::Dead => "X",
        ProcessStatus::Idle => "I",
        ProcessStatus::Parked => "P",
        ProcessStatus::WakeKill => "K",
        ProcessStatus::Waking => "W",
        _ => "?",
    }
}

/// Adds the counts of node_exporter's collector `processes`.
pub(crate) fn states(system: &System, out: &mut Families, rows: &[Row]) -> Outcome {
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    let mut threads = 0;
    for row in rows {
        if let Some(status) = row.status.value() {
            *states.entry(letter(*status)).or_default() += 1;
        }
        threads += row.num_threads.value().copied().unwrap_or(0);
    }
    for (state, count) in states {
        out.gauge("node_processes_state", "Processes in each state.", &[("state", state)], count);
    }
    out.gauge("node_processes_pids", "Processes.", &[], rows.len());
    out.gauge("node_processes_threads", "Threads.", &[], threads);
    for (file, name, help) in [
        ("/proc/sys/kernel/pid_max", "node_processes_max_processes", "Largest number of processes."),
        ("/proc/sys/kernel/threads-max", "node_processes_max_threads", "Largest number of threads."),
    ] {
        if let Some(value) = number(system, file) {
            out.gauge(name, help, &[], value);
        }
    }
    Ok(())
}
