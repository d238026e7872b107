//! Every call of the library by its name in `support.rs`, for the test that holds the table to them and for the report of a
//! first run.

use std::process::{Command, Stdio};
use std::time::Duration;

use psoxide::{
    Child, ConnectionKind, Fingerprints, MemoryType, PressureOf, Process, Resource, Result, Signal, System, heap_info,
    heap_trim, wait_procs,
};

/// A signal that the caller would not survive goes to a process made for it.
fn to_another(signal: impl FnOnce(&Process) -> Result<()>) -> Result<()> {
    // Neither ends before it is told to: one sleeps, the other waits for a key.
    let mut command = Command::new(if cfg!(windows) { "cmd" } else { "sleep" });
    command.args(if cfg!(windows) { ["/c", "pause"].as_slice() } else { ["60"].as_slice() });
    let mut child = Child::spawn(command.stdin(Stdio::piped()).stdout(Stdio::null()))?;
    let done = signal(&child);
    // It may have ended by the signal.
    let _ = child.pipes().kill();
    let _ = child.pipes().wait();
    done
}

/// Makes the call of this name; `None` if this function does not know it.
pub(crate) fn make(name: &str, system: &System, me: &Process) -> Option<Result<()>> {
    Some(match name {
        "Process::abi" => me.abi().map(drop),
        "Process::jail" => me.jail().map(drop),
        "Process::cgroup" => me.cgroup().map(drop),
        "Process::containment" => me.containment().map(drop),
        "Process::children" => me.children(true).map(drop),
        "Process::cmdline" => me.cmdline().map(drop),
        "Process::comm" => me.comm().map(drop),
        "Process::cpu_affinity" => me.cpu_affinity().map(drop),
        "Process::cpu_num" => me.cpu_num().map(drop),
        "Process::cpu_times" => me.cpu_times().map(drop),
        "Process::create_time" => me.create_time().map(drop),
        "Process::cwd" => me.cwd().map(drop),
        "Process::energy" => me.energy().map(drop),
        "Process::environ" => me.environ().map(drop),
        "Process::exe" => me.exe().map(drop),
        "Process::gids" => me.gids().map(drop),
        "Process::io_counters" => me.io_counters().map(drop),
        "Process::ionice" => me.ionice().map(drop),
        "Process::is_kernel_thread" => me.is_kernel_thread().map(drop),
        "Process::is_running" => me.is_running().map(drop),
        "Process::kill" => to_another(Process::kill),
        "Process::memory_details" => me.memory_details().map(drop),
        "Process::memory_footprint" => me.memory_footprint().map(drop),
        "Process::memory_info" => me.memory_info().map(drop),
        "Process::memory_maps" => me.memory_maps().map(drop),
        "Process::memory_maps_grouped" => me.memory_maps_grouped().map(drop),
        "Process::memory_percent" => me.memory_percent(MemoryType::Rss).map(drop),
        "Process::name" => me.name().map(drop),
        "Process::net_connections" => me.net_connections(ConnectionKind::All).map(drop),
        "Process::net_namespace" => me.net_namespace().map(drop),
        "Process::nice" => me.nice().map(drop),
        "Process::num_ctx_switches" => me.num_ctx_switches().map(drop),
        "Process::num_fds" => me.num_fds().map(drop),
        "Process::num_handles" => me.num_handles().map(drop),
        "Process::num_threads" => me.num_threads().map(drop),
        "Process::oom_score" => me.oom_score().map(drop),
        "Process::open_files" => me.open_files().map(drop),
        "Process::page_faults" => me.page_faults().map(drop),
        "Process::parent" => me.parent().map(drop),
        "Process::parents" => me.parents().map(drop),
        "Process::ppid" => me.ppid().map(drop),
        "Process::resume" => me.resume(),
        "Process::rlimit" => me.rlimit(Resource::Nofile).map(drop),
        "Process::scheduling" => me.scheduling().map(drop),
        "Process::send_signal" => to_another(|process| process.send_signal(Signal::TERM)),
        // The setters set what is set already.
        "Process::set_cpu_affinity" => me.cpu_affinity().and_then(|cpus| me.set_cpu_affinity(&cpus)),
        "Process::set_ionice" => me.ionice().and_then(|priority| me.set_ionice(priority)),
        "Process::set_nice" => me.nice().and_then(|value| me.set_nice(value)),
        "Process::set_rlimit" => me.rlimit(Resource::Nofile).and_then(|limit| me.set_rlimit(Resource::Nofile, limit)),
        "Process::status" => me.status().map(drop),
        "Process::suspend" => to_another(Process::suspend),
        "Process::terminal" => me.terminal().map(drop),
        "Process::terminate" => to_another(Process::terminate),
        "Process::thread_details" => me.thread_details().map(drop),
        "Process::threads" => me.threads().map(drop),
        "Process::uids" => me.uids().map(drop),
        "Process::username" => me.username().map(drop),
        "Process::wait" => to_another(|process| {
            process.kill()?;
            process.wait(Some(Duration::from_secs(60))).map(drop)
        }),
        "System::boot_time" => system.boot_time().map(drop),
        "System::core_kinds" => system.core_kinds().map(drop),
        "System::cpu_count" => system.cpu_count().map(drop),
        "System::cpu_count_cores" => system.cpu_count_cores().map(drop),
        "System::cpu_freq" => system.cpu_freq().map(drop),
        "System::cpu_stats" => system.cpu_stats().map(drop),
        "System::cpu_times" => system.cpu_times().map(drop),
        "System::cpu_times_per_cpu" => system.cpu_times_per_cpu().map(drop),
        "System::current_process" => system.current_process().map(drop),
        "System::delay_accounting" => system.delay_accounting().map(drop),
        "System::disk_io_counters" => system.disk_io_counters().map(drop),
        "System::disk_io_total" => system.disk_io_total().map(drop),
        "System::disk_partitions" => system.disk_partitions(true).map(drop),
        "System::disk_usage" => system.disk_usage("/").map(drop),
        "System::fingerprints" => system.fingerprints(&mut Fingerprints::default()),
        "System::gpus" => system.gpus().map(drop),
        "System::host_info" => system.host_info().map(drop),
        "System::kernel_file" => system.kernel_file("/proc/stat").map(drop),
        "System::kernel_link" => system.kernel_link("/proc/self").map(drop),
        "System::kernel_names" => system.kernel_names("/proc").map(drop),
        "System::load_average" => system.load_average().map(drop),
        "System::net_connections" => system.net_connections(ConnectionKind::All).map(drop),
        "System::net_if_addrs" => system.net_if_addrs().map(drop),
        "System::net_if_stats" => system.net_if_stats().map(drop),
        "System::net_io_counters" => system.net_io_counters().map(drop),
        "System::net_io_total" => system.net_io_total().map(drop),
        "System::pid_exists" => system.pid_exists(me.pid()).map(drop),
        "System::pids" => system.pids().map(drop),
        "System::pressure" => system.pressure(PressureOf::Memory).map(drop),
        "System::process" => system.process(me.pid()).map(drop),
        "System::processes" => system.processes().map(drop),
        "System::run_queue" => system.run_queue().map(drop),
        "System::sensors_battery" => system.sensors_battery().map(drop),
        "System::sensors_fans" => system.sensors_fans().map(drop),
        "System::sensors_temperatures" => system.sensors_temperatures().map(drop),
        "System::service" => system.service("psoxide").map(drop),
        "System::services" => system.services().map(drop),
        "System::swap_memory" => system.swap_memory().map(drop),
        "System::uptime" => system.uptime().map(drop),
        "System::users" => system.users().map(drop),
        "System::virtual_memory" => system.virtual_memory().map(drop),
        "System::whole_disks" => system.whole_disks().map(drop),
        "heap_info" => heap_info().map(drop),
        "heap_trim" => heap_trim().map(drop),
        "wait_procs" => wait_procs(std::slice::from_ref(me), Some(Duration::ZERO), |_, _| {}).map(drop),
        _ => return None,
    })
}
