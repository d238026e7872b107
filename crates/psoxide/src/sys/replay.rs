//! A system that answers from kept readings: a machine as it was at one moment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::question::{Capture, Recorder};
use super::{
    Control, CpuReadings, DiskReadings, Fate, Handle, MemoryReadings, NetReadings, Parentage, Platform,
    PressureReadings, ProcessReadings, Scope, SensorReadings, ServiceReadings, SystemReadings, Types, UserReadings,
};
use crate::{
    Cgroup, Containment, CpuTimes, CtxSwitches, DiskIo, DiskPartition, DiskUsage, Error, FieldSet, HostInfo, Ids,
    IoCounters, LoadAverage, MemoryFootprint, MemoryInfo, Moment, NetIo, PageFaults, Pid, Pressure, PressureOf,
    ProcessCpuTimes, ProcessStatus, Reading, Result, Row, RunQueue, Scheduling, SwapMemory, ThreadDetails,
    VirtualMemory,
};

/// The kept readings of a moment.
pub(crate) struct Replay;

impl Types for Replay {
    type Source = Arc<Moment>;
    type Pass = ();
    type Cache = ();
}

/// Converts a kept reading to a result. A reading that was not taken fails with `NotCaptured`.
fn kept<T: Clone>(reading: &Reading<T>, name: &'static str) -> Result<T> {
    match reading {
        Reading::Value(value) => Ok(value.clone()),
        Reading::NotAsked => Err(Error::not_captured(name.into())),
        Reading::Denied => Err(Error::refused(name)),
        Reading::Gone => Err(Error::ended(name)),
        Reading::Unsupported => Err(Error::unsupported(name)),
        Reading::Failed(error) => Err(error.clone()),
    }
}

/// Returns the row of a process.
fn row<'a>(process: &Handle<'a, Replay>) -> Result<&'a Row> {
    let rows = &process.source.processes;
    let place = rows.binary_search_by_key(&process.pid, |row| row.pid);
    let row = place.ok().and_then(|place| rows.get(place)).ok_or_else(|| Error::no_such_process(process.pid))?;
    match (row.start, process.start) {
        (Some(now), Some(then)) if now != then => Err(Error::no_such_process(process.pid)),
        _ => Ok(row),
    }
}

impl Platform for Replay {
    fn os(source: &Self::Source) -> crate::Os {
        source.os
    }

    fn is_live(_: &Self::Source) -> bool {
        false
    }

    fn open_capture(_: Capture) -> Result<Self::Source> {
        Err(Error::unsupported("reading a capture as a recorded moment"))
    }

    fn recorded(_: &Self::Source, _: Capture, _: &[Pid]) -> Result<(Option<Self::Source>, Recorder)> {
        Err(Error::unsupported("recording a capture of a recorded moment"))
    }

    fn pass(_: &Self::Source, _: Scope) -> Self::Pass {}

    fn pids_in(source: &Self::Source, (): &Self::Pass) -> Result<Vec<Pid>> {
        Self::pids(source)
    }

    fn cache(_: &Self::Source, _: bool) -> Self::Cache {}

    fn cache_in(_: &Self::Source, _: &Arc<Self::Pass>, _: Pid, _: FieldSet) -> Self::Cache {}
}

impl SystemReadings for Replay {
    fn pids(source: &Self::Source) -> Result<Vec<Pid>> {
        Ok(source.processes.iter().map(|row| row.pid).collect())
    }

    fn boot_time(source: &Self::Source) -> Result<SystemTime> {
        kept(&source.boot_time, "boot_time")
    }

    fn host_info(source: &Self::Source) -> Result<HostInfo> {
        kept(&source.host, "host_info")
    }

    fn uptime(source: &Self::Source) -> Result<Duration> {
        kept(&source.uptime, "uptime")
    }

    fn delay_accounting(source: &Self::Source) -> Result<bool> {
        kept(&source.delay_accounting, "delay_accounting")
    }

    fn parentage(source: &Self::Source, _: Pid, _: bool) -> Result<Vec<Parentage>> {
        let of = |row: &Row| Some(Parentage { pid: row.pid, start: row.start, ppid: *row.ppid.value()? });
        Ok(source.processes.iter().filter_map(of).collect())
    }
}

/// Writes the getters that answer from the field of the same name.
macro_rules! fields {
    ($($name:ident: $type:ty;)+) => {
        $(fn $name(process: &Handle<'_, Self>) -> Result<$type> {
            kept(&row(process)?.$name, stringify!($name))
        })+
    };
}

impl ProcessReadings for Replay {
    fn start(process: &Handle<'_, Self>) -> Result<u64> {
        row(process)?.start.ok_or_else(|| Error::refused("start"))
    }

    fn fate(_: &Handle<'_, Self>, _: &Error) -> Result<Fate> {
        // The kept reading is already such an error.
        Ok(Fate::Unclear)
    }

    fn since_boot(source: &Self::Source, start: u64) -> Result<Duration> {
        let row = source.processes.iter().find(|row| row.start == Some(start));
        let created = row.and_then(|row| row.create_time.value().copied());
        let boot = Self::boot_time(source)?;
        created.and_then(|time| time.duration_since(boot).ok()).ok_or_else(|| Error::not_captured("since_boot".into()))
    }

    fields! {
        ppid: Pid;
        name: OsString;
        exe: PathBuf;
        cmdline: Vec<OsString>;
        status: ProcessStatus;
        username: OsString;
        uids: Ids;
        gids: Ids;
        terminal: Option<PathBuf>;
        create_time: SystemTime;
        cwd: PathBuf;
        nice: i32;
        cpu_num: u32;
        num_ctx_switches: CtxSwitches;
        num_fds: u64;
        num_handles: u64;
        num_threads: u64;
        cpu_times: ProcessCpuTimes;
        memory_info: MemoryInfo;
        memory_footprint: MemoryFootprint;
        page_faults: PageFaults;
        io_counters: IoCounters;
        scheduling: Scheduling;
        is_kernel_thread: bool;
        cgroup: Cgroup;
        containment: Containment;
        net_namespace: u64;
        oom_score: u64;
        thread_details: Vec<ThreadDetails>;
    }
}

impl Control for Replay {}

impl CpuReadings for Replay {
    fn cpu_times(source: &Self::Source) -> Result<CpuTimes> {
        kept(&source.cpu_times, "cpu_times")
    }

    fn cpu_times_per_cpu(source: &Self::Source) -> Result<Vec<(u32, CpuTimes)>> {
        kept(&source.cpus, "cpu_times_per_cpu")
    }

    fn cpu_count(source: &Self::Source) -> Result<Option<usize>> {
        Ok(Some(Self::cpu_times_per_cpu(source)?.len()))
    }

    fn run_queue(source: &Self::Source) -> Result<RunQueue> {
        kept(&source.run_queue, "run_queue")
    }

    fn load_average(source: &Self::Source) -> Result<LoadAverage> {
        kept(&source.load_average, "load_average")
    }
}

impl MemoryReadings for Replay {
    fn virtual_memory(source: &Self::Source) -> Result<VirtualMemory> {
        kept(&source.virtual_memory, "virtual_memory")
    }

    fn swap_memory(source: &Self::Source) -> Result<SwapMemory> {
        kept(&source.swap_memory, "swap_memory")
    }
}

impl PressureReadings for Replay {
    fn pressure(source: &Self::Source, of: PressureOf) -> Result<Pressure> {
        let found = source.pressure.iter().find(|(resource, _)| *resource == of);
        found.map(|(_, pressure)| pressure.clone()).ok_or_else(|| Error::not_captured("pressure".into()))
    }
}

impl DiskReadings for Replay {
    fn disk_partitions(source: &Self::Source, all: bool) -> Result<Vec<DiskPartition>> {
        if all {
            Err(Error::not_captured("disk_partitions of all kinds".into()))
        } else {
            kept(&source.partitions, "disk_partitions")
        }
    }

    fn disk_usage(source: &Self::Source, path: &Path) -> Result<DiskUsage> {
        source.disk_usage(path)
    }

    fn disk_io_counters(source: &Self::Source) -> Result<Vec<(OsString, DiskIo)>> {
        kept(&source.disks, "disk_io_counters")
    }

    fn whole_disks(source: &Self::Source) -> Result<Vec<OsString>> {
        kept(&source.whole_disks, "whole_disks")
    }
}

impl NetReadings for Replay {
    fn net_io_counters(source: &Self::Source) -> Result<Vec<(OsString, NetIo)>> {
        kept(&source.nics, "net_io_counters")
    }
}

impl SensorReadings for Replay {}

impl UserReadings for Replay {}

impl ServiceReadings for Replay {}
