//! Reads one process: /proc/PID.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use psoxide_parse::linux::statm::Statm;
use psoxide_parse::linux::status::Status;
use psoxide_parse::linux::{cgroup, pid_io, stat, statm, strings};
use psoxide_parse::{ParseError, decimal, split_once, trim};

use super::abi::IOPRIO_CLASS_SHIFT;
use super::cache::cached;
use super::handle::state;
use super::{Handle, Linux, Source, control, descriptors, limits, mappings, sockets, threads, users};
use crate::sys::{Fate, ProcessReadings, SystemReadings as _, text};
use crate::{
    Cgroup, Connection, ConnectionKind, CtxSwitches, Error, Ids, IoCounters, IoPriority, Limit, MemoryDetails,
    MemoryFootprint, MemoryInfo, MemoryMap, OpenFile, Os, PageFaults, Pid, ProcessCpuTimes, ProcessStatus, Resource,
    Result, Scheduling, SchedulingPolicy, Thread, ThreadDetails,
};

impl ProcessReadings for Linux {
    fn start(process: &Handle<'_>) -> Result<u64> {
        Ok(process.stat()?.starttime)
    }

    fn unique(process: &Handle<'_>) -> Result<Option<u64>> {
        control::unique(process)
    }

    fn is_new(process: &Handle<'_>) -> Result<bool> {
        Ok(process.began_in_this_tick())
    }

    fn is_whole(process: &Handle<'_>) -> Result<bool> {
        Ok(process.is_of_one_process())
    }

    fn fate(process: &Handle<'_>, error: &Error) -> Result<Fate> {
        if error.is_missing() && process.has_ended() {
            return Ok(Fate::Gone);
        }
        let is_gone = || {
            // The kernel says ESRCH of the process whose file was opened, and each process has these files. If there is a
            // process with the pid now, it is another one. A copied tree may lack all but `stat`.
            const ESRCH: i32 = 3;
            let files: &[_] =
                if process.source.is_live() { &["stat", "cmdline", "status", "statm"] } else { &["stat"] };
            let is_one = |path| files.iter().any(|file| path == process.source.process(process.pid, file));
            error.errno() == Some(ESRCH) || error.is_missing() && error.path().is_some_and(is_one)
        };
        match Fate::look_again(process, error) {
            Fate::Unclear if is_gone() => Ok(Fate::Gone),
            fate => Ok(fate),
        }
    }

    fn since_boot(source: &Source, start: u64) -> Result<Duration> {
        Ok(source.ticks(start))
    }

    fn ppid(process: &Handle<'_>) -> Result<Pid> {
        let ppid = process.stat()?.ppid;
        Pid::try_from(ppid).map_err(|_| Error::out_of_range("ppid", ppid))
    }

    fn name(process: &Handle<'_>) -> Result<OsString> {
        /// TASK_COMM_LEN of the kernel, without the NUL.
        const LONGEST: usize = 15;
        let comm = &*process.stat()?.comm;
        if comm.len() >= LONGEST {
            // The kernel truncated the name. If the program's file name begins with it, that is the whole name. If the
            // command line is refused, the truncated name is returned.
            if let Ok(cmdline) = Self::cmdline(process) {
                let program = cmdline.first().and_then(|program| Path::new(program).file_name());
                if let Some(name) = program.filter(|name| name.as_encoded_bytes().starts_with(comm)) {
                    return Ok(name.to_owned());
                }
            }
        }
        Ok(text::of(comm))
    }

    fn comm(process: &Handle<'_>) -> Result<OsString> {
        if process.is_young() && process.wait_for_exec()? == Some(true) {
            return process.read_record("stat", |bytes| Ok(text::of(&stat::parse(bytes)?.comm)));
        }
        // A handle for several readings reads `stat` anyway.
        if process.cache.wants_status || process.cache.stat.get().is_some() || process.walked().is_some() {
            return Ok(text::of(&process.stat()?.comm));
        }
        // The file `comm` (since Linux 2.6.33) has the same text for a third of the cost of `stat`.
        match process.read_record("comm", |bytes| Ok(bytes.strip_suffix(b"\n").unwrap_or(bytes).to_vec())) {
            Ok(comm) => Ok(text::owned(comm)),
            Err(error) if error.is_missing() => Ok(text::of(&process.stat()?.comm)),
            Err(error) => Err(error),
        }
    }

    fn exe(process: &Handle<'_>) -> Result<PathBuf> {
        process.target("exe")
    }

    fn cmdline(process: &Handle<'_>) -> Result<Vec<OsString>> {
        let bytes = match process.walked().and_then(|walked| walked.cmdline()) {
            Some(bytes) => bytes,
            None => cached(&process.cache.cmdline, || match process.is_known_without_memory() {
                true => Ok(Box::default()),
                false => process.after_exec(|| process.read_record("cmdline", |bytes| Ok(bytes.into()))),
            })?,
        };
        let arguments = strings::cmdline(bytes).into_iter().map(text::owned).collect::<Vec<_>>();
        if arguments.is_empty() { process.empty(arguments) } else { Ok(arguments) }
    }

    fn status(process: &Handle<'_>) -> Result<ProcessStatus> {
        Ok(state(process.stat()?.state))
    }

    fn username(process: &Handle<'_>) -> Result<OsString> {
        let uid = Self::uids(process)?.real;
        process
            .cache
            .pass
            .user_name(uid, || Ok(users::name(process.source, uid)?.unwrap_or_else(|| uid.to_string().into())))
    }

    fn create_time(process: &Handle<'_>) -> Result<SystemTime> {
        // The start is known since the process was opened. It stays true after the process has ended.
        let start = process.start.map_or_else(|| Self::start(process), Ok)?;
        let since_boot = process.source.ticks(start);
        cached(&process.cache.pass.boot_time, || Self::boot_time(process.source))?
            .checked_add(since_boot)
            .ok_or_else(|| Error::out_of_range("starttime", start))
    }

    fn cwd(process: &Handle<'_>) -> Result<PathBuf> {
        process.target("cwd")
    }

    fn environ(process: &Handle<'_>) -> Result<Vec<(OsString, OsString)>> {
        let pairs = match process.after_exec(|| process.read("environ", |bytes| Ok(bytes.into()))) {
            Ok(bytes) => strings::environ(&bytes),
            // Since Linux 6.x a living kernel thread fails with ESRCH. So does a zombie.
            Err(error) if error.is_missing() => return process.missing(Vec::new()),
            Err(error) => return Err(error),
        };
        if pairs.is_empty() {
            return process.empty(Vec::new());
        }
        Ok(pairs.into_iter().map(|(name, value)| (text::owned(name), text::owned(value))).collect())
    }

    fn nice(process: &Handle<'_>) -> Result<i32> {
        let nice = process.stat()?.nice;
        i32::try_from(nice).map_err(|_| Error::out_of_range("nice", nice))
    }

    fn num_threads(process: &Handle<'_>) -> Result<u64> {
        Ok(process.stat()?.num_threads)
    }

    fn num_ctx_switches(process: &Handle<'_>) -> Result<CtxSwitches> {
        if let Some([voluntary, involuntary]) = process.walked().map(|walked| walked.switches()) {
            return Ok(CtxSwitches { voluntary, involuntary: Some(involuntary) });
        }
        let status = process.status_file()?;
        match (status.voluntary_ctxt_switches, status.nonvoluntary_ctxt_switches) {
            (Some(voluntary), Some(involuntary)) => Ok(CtxSwitches { voluntary, involuntary: Some(involuntary) }),
            _ => Err(Error::unsupported("num_ctx_switches").with_path(process.path("status"))),
        }
    }

    fn threads(process: &Handle<'_>) -> Result<Vec<Thread>> {
        threads::of_process(process)
    }

    fn cpu_times(process: &Handle<'_>) -> Result<ProcessCpuTimes> {
        let stat = process.stat()?;
        let ticks = |ticks| process.source.ticks(ticks);
        Ok(ProcessCpuTimes {
            user: ticks(stat.utime),
            system: ticks(stat.stime),
            children_user: Some(ticks(stat.cutime)),
            children_system: Some(ticks(stat.cstime)),
            iowait: stat.delayacct_blkio_ticks.map(ticks),
        })
    }

    fn memory_info(process: &Handle<'_>) -> Result<MemoryInfo> {
        // `status` has the same counters (fs/proc/task_mmu.c: task_mem, task_statm), so it is used if it was read.
        if let Some(memory) = process.cache.status.get().and_then(memory_of) {
            return Ok(memory);
        }
        let statm = cached(&process.cache.statm, || match process.walked() {
            Some(walked) => {
                let [size, resident, shared, text, data] = walked.pages(process.source.page_size());
                Ok(Statm { size, resident, shared, text, data, lib: 0, dt: 0 })
            }
            None if process.is_known_without_memory() => Ok(Statm::default()),
            None => process.read_record("statm", statm::parse),
        })?;
        let bytes = |pages| process.source.pages(pages);
        Ok(MemoryInfo {
            rss: bytes(statm.resident),
            vms: bytes(statm.size),
            shared: Some(bytes(statm.shared)),
            text: Some(bytes(statm.text)),
            data: Some(bytes(statm.data)),
            stack: None,
        })
    }

    fn page_faults(process: &Handle<'_>) -> Result<PageFaults> {
        let stat = process.stat()?;
        Ok(PageFaults { minor: stat.minflt, major: stat.majflt })
    }

    fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
        descriptors::open_files(process)
    }

    fn net_connections(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_process(process, kind)
    }

    fn memory_details(process: &Handle<'_>) -> Result<MemoryDetails> {
        let status = process.status_file()?;
        Ok(MemoryDetails {
            peak_rss: status.vm_hwm,
            peak_vms: status.vm_peak,
            rss_anon: status.rss_anon,
            rss_file: status.rss_file,
            rss_shmem: status.rss_shmem,
            swap: status.vm_swap,
            hugetlb: status.hugetlb_pages,
            ..MemoryDetails::default()
        })
    }

    fn memory_footprint(process: &Handle<'_>) -> Result<MemoryFootprint> {
        mappings::footprint(process)
    }

    fn memory_maps(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
        mappings::of_process(process)
    }

    fn io_counters(process: &Handle<'_>) -> Result<IoCounters> {
        let walked = process.walked().and_then(|walked| walked.io());
        let io = walked.map_or_else(|| process.read_record("io", pid_io::parse), Ok)?;
        Ok(IoCounters {
            read_count: Some(io.syscr),
            write_count: Some(io.syscw),
            read_bytes: Some(io.read_bytes),
            write_bytes: Some(io.write_bytes),
            read_chars: Some(io.rchar),
            write_chars: Some(io.wchar),
            ..IoCounters::default()
        })
    }

    fn uids(process: &Handle<'_>) -> Result<Ids> {
        Ok(process.owner()?.uids)
    }

    fn gids(process: &Handle<'_>) -> Result<Ids> {
        Ok(process.owner()?.gids)
    }

    fn terminal(process: &Handle<'_>) -> Result<Option<PathBuf>> {
        let device = process.stat()?.tty_nr;
        let Some(device) = u64::try_from(device).ok().filter(|device| *device != 0) else { return Ok(None) };
        // The kernel's new_encode_dev: minor 0-7 and 20-31, major 8-19.
        let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xf_ff00));
        Ok(match (major, minor) {
            // Documentation/admin-guide/devices.txt
            (136..=143, _) => Some(PathBuf::from(format!("/dev/pts/{}", (major - 136) * 256 + minor))),
            (4, 0..=63) => Some(PathBuf::from(format!("/dev/tty{minor}"))),
            _ => {
                let uevent = process.source.file(format!("sys/dev/char/{major}:{minor}/uevent"));
                process.source.read_if_any(&uevent, |bytes| {
                    Ok(psoxide_parse::lines(bytes)
                        .filter_map(|line| split_once(line, b'='))
                        .find(|(key, _)| *key == b"DEVNAME")
                        .map(|(_, name)| Path::new("/dev").join(text::of(name))))
                })?
            }
            .flatten(),
        })
    }

    fn num_fds(process: &Handle<'_>) -> Result<u64> {
        match process.walked().and_then(|walked| walked.descriptors()) {
            Some(count) => Ok(count),
            None => descriptors::count(process),
        }
    }

    fn cpu_num(process: &Handle<'_>) -> Result<u32> {
        let cpu = process.stat()?.processor.ok_or_else(|| Error::unsupported("cpu_num"))?;
        u32::try_from(cpu).map_err(|_| Error::out_of_range("processor", cpu))
    }

    fn cpu_affinity(process: &Handle<'_>) -> Result<Vec<u32>> {
        if let Ok(cpus) = process.kernel("cpu_affinity").and_then(|kernel| kernel.cpu_affinity(process.pid)) {
            return Ok(cpus);
        }
        let cpus = process.status_file()?.cpus_allowed_list.clone();
        cpus.ok_or_else(|| Error::unsupported("cpu_affinity"))
    }

    fn ionice(process: &Handle<'_>) -> Result<IoPriority> {
        let value = process.kernel("ionice")?.ioprio(process.pid)?;
        let number = usize::try_from(value >> IOPRIO_CLASS_SHIFT).ok();
        let class = number.and_then(|number| Os::Linux.io_classes().get(number)).copied();
        let class = class.ok_or_else(|| Error::out_of_range("ioclass", value >> IOPRIO_CLASS_SHIFT))?;
        // The low three bits are the level, the rest hints (Linux 6.5).
        Ok(IoPriority { class, value: u8::try_from(value & 0x7).ok() })
    }

    fn rlimit(process: &Handle<'_>, resource: Resource) -> Result<Limit> {
        limits::of_process(process, resource)
    }

    fn thread_details(process: &Handle<'_>) -> Result<Vec<ThreadDetails>> {
        threads::details(process)
    }

    fn scheduling(process: &Handle<'_>) -> Result<Scheduling> {
        let stat::Scheduling { priority, rt_priority, policy } =
            process.stat()?.scheduling.ok_or_else(|| Error::unsupported("scheduling"))?;
        Ok(Scheduling {
            policy: scheduling_policy(policy),
            priority: i32::try_from(priority).map_err(|_| Error::out_of_range("priority", priority))?,
            realtime: u32::try_from(rt_priority).map_err(|_| Error::out_of_range("rt_priority", rt_priority))?,
        })
    }

    fn is_kernel_thread(process: &Handle<'_>) -> Result<bool> {
        Ok(process.stat()?.flags & stat::KERNEL_THREAD != 0)
    }

    fn cgroup(process: &Handle<'_>) -> Result<Cgroup> {
        let found = process.read_record("cgroup", |bytes| {
            let cgroup = cgroup::parse(bytes)?;
            Ok(Cgroup {
                path: text::of(cgroup.path),
                unit: cgroup.unit.map(text::of),
                container: cgroup.container.map(text::of),
            })
        });
        match found {
            // A kernel without control groups lacks the file.
            Err(error) if error.is_missing() => {
                process.missing(())?;
                Err(Error::unsupported("cgroup").with_path(process.path("cgroup")))
            }
            found => found,
        }
    }

    fn net_namespace(process: &Handle<'_>) -> Result<u64> {
        let path = process.path("ns/net");
        let target = match process.source.link(&path) {
            // A kernel without network namespaces lacks the link.
            Err(error) if error.is_missing() => {
                process.missing(())?;
                return Err(Error::unsupported("net_namespace").with_path(path));
            }
            target => target?,
        };
        let inode = target.strip_prefix(b"net:[").and_then(|rest| rest.strip_suffix(b"]"));
        let malformed = || ParseError::malformed("inode", &target);
        inode
            .ok_or_else(malformed)
            .and_then(|inode| decimal(inode, "inode"))
            .map_err(|error| Error::from(error).with_path(path))
    }

    fn oom_score(process: &Handle<'_>) -> Result<u64> {
        process.read_record("oom_score", |bytes| decimal(trim(bytes), "oom_score"))
    }
}

/// Computes the numbers of `statm` from `status`, which has them since Linux 4.5. A kernel thread has none.
fn memory_of(status: &Status) -> Option<MemoryInfo> {
    Some(MemoryInfo {
        rss: status.vm_rss?,
        vms: status.vm_size?,
        shared: Some(status.rss_file?.saturating_add(status.rss_shmem?)),
        text: Some(status.vm_exe?),
        data: Some(status.vm_data?.saturating_add(status.vm_stk?)),
        stack: None,
    })
}

/// Converts a `SCHED_*` constant of include/uapi/linux/sched.h.
fn scheduling_policy(policy: u64) -> SchedulingPolicy {
    match policy {
        0 => SchedulingPolicy::Other,
        1 => SchedulingPolicy::Fifo,
        2 => SchedulingPolicy::RoundRobin,
        3 => SchedulingPolicy::Batch,
        5 => SchedulingPolicy::Idle,
        6 => SchedulingPolicy::Deadline,
        7 => SchedulingPolicy::Ext,
        _ => SchedulingPolicy::Unknown,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io;

    use super::super::cache::Cache;
    use super::*;

    #[test]
    fn a_file_of_each_process_that_is_missing_is_of_one_that_has_ended() {
        // This process has the pid now, as one would that began in the same clock tick.
        let (source, cache) = (&Source::host(), &Cache::default());
        let handle = Handle { source, pid: std::process::id(), start: None, unique: None, cache };
        let fate = |file| {
            let missing =
                Error::io(io::Error::from(io::ErrorKind::NotFound)).with_path(source.process(handle.pid, file));
            Linux::fate(&handle, &missing).unwrap()
        };
        assert!(matches!(fate("cmdline"), Fate::Gone));
        assert!(matches!(fate("stat"), Fate::Gone));
        // A kernel can be built without this one.
        assert!(matches!(fate("io"), Fate::Unclear));
    }
}
