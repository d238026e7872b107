//! The readings of the machine under the names of OpenTelemetry.

use std::path::Path;
use std::time::Duration;

use psoxide::{CpuTimes, DiskIo, NetIo, Os, PressureOf, System};
use psoxide_parse::linux::{meminfo, net_queues, vmstat};

use crate::filesystems::FileSystem;
use crate::metric::{Families, Labels};
use crate::names::otel;
use crate::sources::{Outcome, Sources, is_absent};
use crate::text::{lossy, words};

/// Reads all sources but file systems and sensors, which may not answer.
pub(crate) fn read(sources: &mut Sources<'_>, per_cpu: bool) {
    sources.read("uptime", |system, out| {
        out.add(&otel::UPTIME, &[], system.uptime()?);
        Ok(())
    });
    sources.read("cpu", |system, out| cpu(system, out, per_cpu));
    sources.read("cpufreq", cpu_frequency);
    sources.read("load", load);
    sources.read("memory", memory);
    sources.read("paging", paging);
    sources.read("disk", disks);
    sources.read("network", network);
    sources.read("connections", connections);
    sources.read("pressure", pressure);
    sources.read("stat", stat);
}

/// Adds the parts of CPU time, of which the conventions have fewer than Linux.
fn cpu_times(out: &mut Families, times: &CpuTimes, cpu: Labels<'_>) {
    let or_none = |a: Option<Duration>, b: Option<Duration>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or_default().saturating_add(b.unwrap_or_default())),
    };
    for (mode, time) in [
        ("user", Some(times.user)),
        ("nice", times.nice),
        ("system", Some(times.system)),
        ("idle", Some(times.idle)),
        ("iowait", times.iowait),
        ("interrupt", or_none(times.irq, times.softirq)),
        ("steal", times.steal),
    ] {
        if let Some(time) = time {
            let labels: Vec<_> = cpu.iter().copied().chain([("cpu.mode", mode)]).collect();
            out.add(&otel::CPU_TIME, &labels, time);
        }
    }
}

fn cpu(system: &System, out: &mut Families, per_cpu: bool) -> Outcome {
    if per_cpu {
        for (number, times) in system.cpu_times_per_cpu()? {
            cpu_times(out, &times, &[("cpu.logical_number", &number.to_string())]);
        }
    } else {
        cpu_times(out, &system.cpu_times()?, &[]);
    }
    if let Some(count) = system.cpu_count()? {
        out.add(&otel::CPU_LOGICAL, &[], count);
    }
    if let Some(count) = system.cpu_count_cores()? {
        out.add(&otel::CPU_PHYSICAL, &[], count);
    }
    Ok(())
}

fn cpu_frequency(system: &System, out: &mut Families) -> Outcome {
    for (number, frequency) in system.cpu_freq()?.into_iter().enumerate() {
        let number = number.to_string();
        out.add(&otel::CPU_FREQUENCY, &[("cpu.logical_number", &number)], frequency.current * 1e6);
    }
    Ok(())
}

fn load(system: &System, out: &mut Families) -> Outcome {
    let load = system.load_average()?;
    for (window, value) in [("1m", load.one), ("5m", load.five), ("15m", load.fifteen)] {
        out.add(&otel::LOAD, &[("psoxide.window", window)], value);
    }
    Ok(())
}

fn memory(system: &System, out: &mut Families) -> Outcome {
    let memory = system.virtual_memory()?;
    out.add(&otel::MEMORY_LIMIT, &[], memory.total);
    let mut usage = |state, value| out.add(&otel::MEMORY_USAGE, &[("system.memory.state", state)], value);
    usage("used", memory.used);
    usage("free", memory.free);
    memory.buffers.into_iter().for_each(|value| usage("buffers", value));
    memory.cached.into_iter().for_each(|value| usage("cached", value));
    if system.os() != Os::Linux {
        return Ok(());
    }
    out.add(&otel::MEMORY_AVAILABLE, &[], memory.available);
    memory.shared.into_iter().for_each(|value| out.add(&otel::MEMORY_SHARED, &[], value));
    let file = system.kernel_file("/proc/meminfo")?;
    let lines = meminfo::each(&file)?;
    let line = |name: &str| lines.iter().find(|(key, ..)| *key == name.as_bytes()).map(|(_, value, _)| *value);
    for (name, metric) in [
        ("HugePages_Total", &otel::HUGEPAGES_LIMIT),
        ("Hugepagesize", &otel::HUGEPAGES_SIZE),
        ("HugePages_Rsvd", &otel::HUGEPAGES_RESERVED),
        ("HugePages_Surp", &otel::HUGEPAGES_SURPLUS),
    ] {
        line(name).into_iter().for_each(|value| out.add(metric, &[], value));
    }
    if let (Some(all), Some(free)) = (line("HugePages_Total"), line("HugePages_Free")) {
        const STATE: &str = "system.memory.linux.hugepages.state";
        out.add(&otel::HUGEPAGES_USAGE, &[(STATE, "free")], free);
        out.add(&otel::HUGEPAGES_USAGE, &[(STATE, "used")], all.saturating_sub(free));
    }
    for (name, state) in [("SReclaimable", "reclaimable"), ("SUnreclaim", "unreclaimable")] {
        let labels = [("system.memory.linux.slab.state", state)];
        line(name).into_iter().for_each(|value| out.add(&otel::MEMORY_SLAB, &labels, value));
    }
    Ok(())
}

fn paging(system: &System, out: &mut Families) -> Outcome {
    let swap = system.swap_memory()?;
    for (state, value) in [("used", swap.used), ("free", swap.free)] {
        out.add(&otel::PAGING_USAGE, &[("system.paging.state", state)], value);
    }
    if system.os() != Os::Linux {
        return Ok(());
    }
    let file = system.kernel_file("/proc/vmstat")?;
    let lines = vmstat::each(&file)?;
    let line = |name: &str| lines.iter().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| *value);
    const TYPE: &str = "system.paging.fault.type";
    if let (Some(all), Some(major)) = (line("pgfault"), line("pgmajfault")) {
        out.add(&otel::PAGING_FAULTS, &[(TYPE, "minor")], all.saturating_sub(major));
        out.add(&otel::PAGING_FAULTS, &[(TYPE, "major")], major);
    }
    for (name, direction) in [("pswpin", "in"), ("pswpout", "out")] {
        let labels = [("system.paging.direction", direction), (TYPE, "major")];
        line(name).into_iter().for_each(|pages| out.add(&otel::PAGING_OPERATIONS, &labels, pages));
    }
    Ok(())
}

/// Disks that are files or memory.
pub(crate) fn is_pseudo_disk(name: &str) -> bool {
    let numbered =
        |prefix| name.strip_prefix(prefix).is_some_and(|rest: &str| rest.starts_with(|c: char| c.is_ascii_digit()));
    ["loop", "ram", "zram", "fd"].into_iter().any(numbered)
}

fn disks(system: &System, out: &mut Families) -> Outcome {
    let whole = system.whole_disks()?;
    for (name, io) in system.disk_io_counters()? {
        let device = lossy(&name);
        if whole.contains(&name) && !is_pseudo_disk(&device) {
            disk(out, &device, &io);
        }
    }
    Ok(())
}

fn disk(out: &mut Families, device: &str, io: &DiskIo) {
    let mut both = |metric, read: Option<_>, write: Option<_>| {
        for (direction, value) in [("read", read), ("write", write)] {
            let labels = [("system.device", device), ("disk.io.direction", direction)];
            value.into_iter().for_each(|value: crate::metric::Number| out.add(metric, &labels, value));
        }
    };
    both(&otel::DISK_IO, Some(io.read_bytes.into()), Some(io.write_bytes.into()));
    both(&otel::DISK_OPERATIONS, Some(io.read_count.into()), Some(io.write_count.into()));
    both(&otel::DISK_OPERATION_TIME, io.read_time.map(Into::into), io.write_time.map(Into::into));
    both(&otel::DISK_MERGED, io.read_merged_count.map(Into::into), io.write_merged_count.map(Into::into));
    io.busy_time.into_iter().for_each(|time| out.add(&otel::DISK_IO_TIME, &[("system.device", device)], time));
}

fn network(system: &System, out: &mut Families) -> Outcome {
    for (name, io) in system.net_io_counters()? {
        let name = lossy(&name);
        let NetIo { bytes_sent, bytes_recv, packets_sent, packets_recv, errin, errout, dropin, dropout, .. } = io;
        for (metric, device, received, sent) in [
            (&otel::NETWORK_IO, "network.interface.name", bytes_recv, bytes_sent),
            (&otel::NETWORK_PACKETS, "system.device", packets_recv, packets_sent),
            (&otel::NETWORK_DROPPED, "network.interface.name", dropin, dropout),
            (&otel::NETWORK_ERRORS, "network.interface.name", errin, errout),
        ] {
            for (direction, value) in [("receive", received), ("transmit", sent)] {
                out.add(metric, &[(device, &name), ("network.io.direction", direction)], value);
            }
        }
    }
    Ok(())
}

/// The names that the conventions have for the states of TCP, by the kernel's numbers.
const TCP_STATES: [&str; 12] = [
    "established",
    "syn_sent",
    "syn_received",
    "fin_wait_1",
    "fin_wait_2",
    "time_wait",
    "closed",
    "close_wait",
    "last_ack",
    "listen",
    "closing",
    "syn_received",
];

/// Counts TCP sockets. It is off by default: a server may have a million.
fn connections(system: &System, out: &mut Families) -> Outcome {
    let mut states = [0_u64; 16];
    for file in ["/proc/net/tcp", "/proc/net/tcp6"] {
        match system.kernel_file(file) {
            Ok(bytes) => {
                let found = net_queues::parse(&bytes)?;
                states.iter_mut().zip(found.states).for_each(|(sum, part)| *sum += part);
            }
            // IPv6 may be turned off.
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let mut by_name: Vec<(&str, u64)> = Vec::new();
    for (count, name) in states.iter().skip(1).zip(TCP_STATES) {
        match by_name.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += count,
            None => by_name.push((name, *count)),
        }
    }
    for (name, count) in by_name {
        let labels = [("network.transport", "tcp"), ("network.connection.state", name)];
        out.add(&otel::NETWORK_CONNECTIONS, &labels, count);
    }
    Ok(())
}

fn pressure(system: &System, out: &mut Families) -> Outcome {
    for of in PressureOf::ALL {
        let pressure = system.pressure(*of)?;
        for (level, stall) in [("some", pressure.some), ("full", pressure.full)] {
            let labels = [("psoxide.resource", of.name()), ("psoxide.level", level)];
            stall.into_iter().for_each(|stall| out.add(&otel::PRESSURE, &labels, stall.total));
        }
    }
    Ok(())
}

fn stat(system: &System, out: &mut Families) -> Outcome {
    let stats = system.cpu_stats()?;
    stats.ctx_switches.into_iter().for_each(|count| out.add(&otel::CONTEXT_SWITCHES, &[], count));
    out.add(&otel::INTERRUPTS, &[], stats.interrupts);
    if system.os() == Os::Linux {
        let file = system.kernel_file("/proc/stat")?;
        if let Some(created) = words(&file, b"processes").first() {
            out.add(&otel::PROCESS_CREATED, &[], *created);
        }
        match system.kernel_file("/proc/sys/kernel/threads-max") {
            Ok(file) => {
                crate::text::number(&file).into_iter().for_each(|limit| out.add(&otel::PROCESS_LIMIT, &[], limit))
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Adds the space of file systems.
pub(crate) fn filesystems(out: &mut Families, all: &[FileSystem]) {
    for fs in all {
        let Some(space) = &fs.space else { continue };
        let mode = if fs.is_readonly() { "ro" } else { "rw" };
        let base = [
            ("system.device", &*fs.device),
            ("system.filesystem.type", &fs.fstype),
            ("system.filesystem.mode", mode),
            ("system.filesystem.mountpoint", &fs.mountpoint),
        ];
        let used = space.size.saturating_sub(space.free);
        let reserved = space.free.saturating_sub(space.avail);
        for (state, value) in [("used", used), ("free", space.avail), ("reserved", reserved)] {
            let labels: Vec<_> = base.into_iter().chain([("system.filesystem.state", state)]).collect();
            out.add(&otel::FILESYSTEM_USAGE, &labels, value);
        }
        out.add(&otel::FILESYSTEM_LIMIT, &base, space.size);
        let usable = used.saturating_add(space.avail);
        if usable > 0 {
            #[allow(clippy::cast_precision_loss)] // a ratio
            let ratio = used as f64 / usable as f64;
            let labels: Vec<_> = base.into_iter().chain([("system.filesystem.state", "used")]).collect();
            out.add(&otel::FILESYSTEM_UTILIZATION, &labels, ratio);
        }
    }
}

/// Reads temperatures, fans and the battery. A chip on a slow bus may take its time.
pub(crate) fn sensors(system: &System, out: &mut Families) -> Outcome {
    for (chip, sensors) in system.sensors_temperatures()? {
        for (number, sensor) in sensors.into_iter().enumerate() {
            let id = format!("{chip}:temperature:{number}");
            let mut base =
                vec![("hw.id", &*id), ("hw.name", if sensor.label.is_empty() { &chip } else { &sensor.label })];
            out.add(&otel::TEMPERATURE, &base, sensor.current);
            for (limit, value) in [("high.degraded", sensor.high), ("high.critical", sensor.critical)] {
                base.truncate(2);
                base.push(("hw.limit_type", limit));
                value.into_iter().for_each(|value| out.add(&otel::TEMPERATURE_LIMIT, &base, value));
            }
        }
    }
    match system.sensors_fans() {
        Ok(chips) => {
            for (chip, fans) in chips {
                for (number, fan) in fans.into_iter().enumerate() {
                    let id = format!("{chip}:fan:{number}");
                    let name = if fan.label.is_empty() { &chip } else { &fan.label };
                    out.add(&otel::FAN_SPEED, &[("hw.id", &id), ("hw.name", name)], fan.current);
                }
            }
        }
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error),
    }
    match system.sensors_battery() {
        Ok(Some(battery)) => out.add(&otel::BATTERY_CHARGE, &[("hw.id", "battery")], battery.percent / 100.0),
        Ok(None) => {}
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The name of the machine's id, `/etc/machine-id`.
pub(crate) fn machine_id(system: &System) -> Option<String> {
    let bytes = system.kernel_file(Path::new("/etc/machine-id")).ok()?;
    let id = String::from_utf8(psoxide_parse::trim(&bytes).to_vec()).ok()?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}
