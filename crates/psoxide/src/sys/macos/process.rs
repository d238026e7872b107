//! One process.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide_parse::bsd::args;
use psoxide_parse::freebsd::unsigned;
use psoxide_parse::macos::file::{self, File};
use psoxide_parse::macos::process::{self as record, Timebase, stat, thread_state};

use super::calls::{ENOENT, ESRCH, Flavor, Question, was_closed};
use super::{Handle, Macos, Source, sockets};
use crate::sys::bsd::machine::parsed;
use crate::sys::bsd::{self, text_in};
use crate::sys::{Fate, ProcessReadings};
use crate::{
    Connection, ConnectionKind, CtxSwitches, Energy, Error, Ids, IoCounters, MemoryDetails, MemoryFootprint,
    MemoryInfo, OpenFile, PageFaults, Pid, ProcessCpuTimes, ProcessStatus, Result, Thread, ThreadDetails,
};

/// The length at which the kernel truncates names, `MAXCOMLEN`.
const LONGEST_NAME: usize = 16;

impl ProcessReadings for Macos {
    fn start(process: &Handle<'_>) -> Result<u64> {
        process.stamp()
    }

    fn is_whole(process: &Handle<'_>) -> Result<bool> {
        process.is_whole()
    }

    fn since_boot(source: &Source, start: u64) -> Result<Duration> {
        Ok(Duration::from_micros(start).saturating_sub(source.boot()?))
    }

    fn fate(process: &Handle<'_>, error: &Error) -> Result<Fate> {
        Ok(match Fate::look_again(process, error) {
            // libproc no longer finds a process in exit(2), which `kern.proc` lists until it is a zombie.
            Fate::Unclear if error.errno() == Some(ESRCH) => Fate::Gone,
            fate => fate,
        })
    }

    fn ppid(process: &Handle<'_>) -> Result<Pid> {
        Ok(unsigned(process.record()?.ppid(), "e_ppid")?)
    }

    fn name(process: &Handle<'_>) -> Result<OsString> {
        let comm = process.record()?.comm();
        if comm.len() < LONGEST_NAME {
            return Ok(bsd::text(comm));
        }
        if let Ok(path) = process.ask(&Question::Path(process.pid))
            && let Some(program) = path.rsplit(|byte| *byte == b'/').next()
            && program.starts_with(comm)
        {
            return Ok(text_in(program));
        }
        // The program was removed, or another one now has its path. The task keeps more of the name.
        match process.task() {
            Ok(task) if task.name().starts_with(comm) => Ok(bsd::text(task.name())),
            _ => Ok(bsd::text(comm)),
        }
    }

    fn comm(process: &Handle<'_>) -> Result<OsString> {
        Ok(bsd::text(process.record()?.comm()))
    }

    fn status(process: &Handle<'_>) -> Result<ProcessStatus> {
        let record = process.record()?;
        // The kernel has no state for a running process: each of its threads has one. As in psutil, flags tell which
        // processes wait.
        let is_idle = record.flag() & (record::P_SYSTEM | record::P_WEXIT | record::P_PPWAIT) != 0;
        Ok(match record.stat() {
            stat::SZOMB => ProcessStatus::Zombie,
            stat::SSTOP => ProcessStatus::Stopped,
            _ if is_idle => ProcessStatus::Idle,
            _ if record.eflag() & record::EPROC_SLEADER != 0 => ProcessStatus::Sleeping,
            stat::SIDL => ProcessStatus::Idle,
            stat::SRUN => ProcessStatus::Running,
            stat::SSLEEP => ProcessStatus::Sleeping,
            _ => ProcessStatus::Unknown,
        })
    }

    fn create_time(process: &Handle<'_>) -> Result<SystemTime> {
        Ok(bsd::moment(process.started()?, "p_starttime")?)
    }

    fn cpu_times(process: &Handle<'_>) -> Result<ProcessCpuTimes> {
        let task = process.task()?;
        Ok(ProcessCpuTimes {
            user: mach_time(process.source, task.user())?,
            system: mach_time(process.source, task.system())?,
            ..ProcessCpuTimes::default()
        })
    }

    fn memory_info(process: &Handle<'_>) -> Result<MemoryInfo> {
        let task = process.task()?;
        Ok(MemoryInfo { rss: task.resident_size(), vms: task.virtual_size(), ..MemoryInfo::default() })
    }

    fn memory_details(process: &Handle<'_>) -> Result<MemoryDetails> {
        let usage = process.usage()?;
        Ok(MemoryDetails {
            wired: Some(usage.wired()),
            phys_footprint: Some(usage.footprint()),
            peak_phys_footprint: Some(usage.peak_footprint()),
            ..MemoryDetails::default()
        })
    }

    fn io_counters(process: &Handle<'_>) -> Result<IoCounters> {
        let usage = process.usage()?;
        Ok(IoCounters { read_bytes: Some(usage.read()), write_bytes: Some(usage.written()), ..IoCounters::default() })
    }

    fn energy(process: &Handle<'_>) -> Result<Energy> {
        let energy = process.energy()?;
        if !energy.is_measured() {
            return Err(Error::unsupported("energy"));
        }
        Ok(Energy { total: joules(energy.all()), performance: joules(energy.performance()) })
    }

    fn memory_footprint(process: &Handle<'_>) -> Result<MemoryFootprint> {
        Ok(MemoryFootprint { uss: process.usage()?.footprint(), ..MemoryFootprint::default() })
    }

    fn exe(process: &Handle<'_>) -> Result<PathBuf> {
        if process.pid == 0 {
            // The kernel's own process has no program. proc_pidpath(3) fails with `ESRCH`, as for a process that is gone.
            return process.record().map(|_| PathBuf::new());
        }
        match process.read(&Question::Path(process.pid), |bytes| Ok(text_in(bytes))) {
            // The program was deleted or replaced.
            Err(error) if error.errno() == Some(ENOENT) => Ok(PathBuf::new()),
            path => path.map(PathBuf::from),
        }
    }

    fn cmdline(process: &Handle<'_>) -> Result<Vec<OsString>> {
        if process.pid == 0 {
            return Ok(Vec::new());
        }
        Ok(process.arguments()?.argv.into_iter().map(bsd::text).collect())
    }

    fn environ(process: &Handle<'_>) -> Result<Vec<(OsString, OsString)>> {
        if process.pid == 0 {
            return Ok(Vec::new());
        }
        let variables = args::variables(&process.arguments()?.environ);
        Ok(variables.iter().map(|(name, value)| (bsd::text(name), bsd::text(value))).collect())
    }

    fn cwd(process: &Handle<'_>) -> Result<PathBuf> {
        let question = Question::Info(Flavor::Directories, process.pid);
        process.read(&question, |bytes| Ok(bsd::text(record::Directories::new(bytes)?.current()).into()))
    }

    fn username(process: &Handle<'_>) -> Result<OsString> {
        process.user_name(process.record()?.ruid())
    }

    fn uids(process: &Handle<'_>) -> Result<Ids> {
        let record = process.record()?;
        Ok(Ids::new(record.ruid(), record.uid(), Some(record.svuid())))
    }

    fn gids(process: &Handle<'_>) -> Result<Ids> {
        let record = process.record()?;
        Ok(Ids::new(record.rgid(), record.gid(), Some(record.svgid())))
    }

    fn terminal(process: &Handle<'_>) -> Result<Option<PathBuf>> {
        let Some(device) = process.record()?.terminal() else { return Ok(None) };
        process.source.device_path(device.into())
    }

    fn nice(process: &Handle<'_>) -> Result<i32> {
        Ok(process.record()?.nice().into())
    }

    fn num_threads(process: &Handle<'_>) -> Result<u64> {
        process.counter("pti_threadnum", |task| task.threads())
    }

    fn threads(process: &Handle<'_>) -> Result<Vec<Thread>> {
        let list = process.read(&Question::Info(Flavor::Threads, process.pid), |bytes| {
            record::threads(bytes).collect::<psoxide_parse::Result<Vec<u64>>>()
        })?;
        let mut threads = Vec::with_capacity(list.len());
        // The kernel identifies a thread by 64 bits; psutil numbers them.
        for (id, thread) in (1..).zip(list) {
            let times = process.read(&Question::Thread(process.pid, thread), |bytes| {
                record::Thread::new(bytes).map(|thread| (thread.user(), thread.system()))
            });
            let (user, system) = match times {
                // It has ended meanwhile.
                Err(error) if error.is_missing() => continue,
                times => times?,
            };
            threads.push(Thread {
                id,
                user_time: Duration::from_nanos(user),
                system_time: Duration::from_nanos(system),
            });
        }
        Ok(threads)
    }

    fn thread_details(process: &Handle<'_>) -> Result<Vec<ThreadDetails>> {
        let list = process.read(&Question::Info(Flavor::ThreadIds, process.pid), |bytes| {
            record::threads(bytes).collect::<psoxide_parse::Result<Vec<u64>>>()
        })?;
        let mut threads = Vec::with_capacity(list.len());
        for id in list {
            let details = process.read(&Question::ThreadById(process.pid, id), |bytes| {
                let thread = record::Thread::new(bytes)?;
                Ok(ThreadDetails {
                    id,
                    name: bsd::text(thread.name()),
                    status: thread_status(thread.run_state()),
                    user_time: Duration::from_nanos(thread.user()),
                    system_time: Duration::from_nanos(thread.system()),
                    started: None,
                    nice: None,
                    cpu_num: None,
                })
            });
            match details {
                // It has ended meanwhile.
                Err(error) if error.is_missing() => {}
                details => threads.push(details?),
            }
        }
        threads.sort_unstable_by_key(|thread| thread.id);
        Ok(threads)
    }

    fn num_ctx_switches(process: &Handle<'_>) -> Result<CtxSwitches> {
        Ok(CtxSwitches { voluntary: process.counter("pti_csw", |task| task.switches())?, involuntary: None })
    }

    fn page_faults(process: &Handle<'_>) -> Result<PageFaults> {
        let all = process.counter("pti_faults", |task| task.faults())?;
        let major = process.counter("pti_pageins", |task| task.pageins())?;
        Ok(PageFaults { minor: all.saturating_sub(major), major })
    }

    fn num_fds(process: &Handle<'_>) -> Result<u64> {
        Ok(process.descriptors()?.filter(Result::is_ok).fold(0, |count, _| count + 1))
    }

    fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
        let mut files = Vec::new();
        for descriptor in process.descriptors()? {
            let descriptor = descriptor?;
            if descriptor.kind() != file::VNODE {
                continue;
            }
            let question = Question::File(process.pid, descriptor.fd());
            let path = process.read(&question, |bytes| {
                let file = File::new(bytes)?;
                // The kernel does not know the path of a file that was removed.
                let is_listed = file.is_regular() && !file.path().is_empty();
                Ok(is_listed.then(|| bsd::text(file.path())))
            });
            match path {
                Ok(Some(path)) => {
                    files.push(OpenFile { path: path.into(), fd: Some(descriptor.fd()), ..OpenFile::default() });
                }
                Ok(None) => {}
                Err(error) if was_closed(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(files)
    }

    fn net_connections(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_process(process, kind)
    }

    fn abi(process: &Handle<'_>) -> Result<OsString> {
        if process.record()?.flag() & record::P_TRANSLATED != 0 {
            return Ok("x86_64 (Rosetta)".into());
        }
        // `hw.machine` says x86_64 to a program that Rosetta runs. The kernels of Intel do not have this sysctl.
        Ok(if is_set(process.source, "hw.optional.arm64")? { "arm64".into() } else { "x86_64".into() })
    }
}

/// Converts a time in units of the Mach clock.
fn mach_time(source: &Source, ticks: u64) -> Result<Duration> {
    /// The clock of Apple silicon: a unit is 125/3 nanoseconds.
    const ROSETTA: [u8; 8] = [125, 0, 0, 0, 3, 0, 0, 0];
    // mach_timebase_info reports nanoseconds to a program that Rosetta runs. The kernel's counters keep their unit.
    let bytes =
        source.clock(|| if is_translated(source)? { Ok(ROSETTA.to_vec()) } else { source.ask(&Question::Timebase) })?;
    parsed(&Question::Timebase, bytes, |bytes| Timebase::new(bytes)?.duration(ticks))
}

/// Whether the calling program is of x86_64 and Rosetta runs it on Apple silicon. The kernels of Intel do not have the
/// sysctl.
pub(super) fn is_translated(source: &Source) -> Result<bool> {
    is_set(source, "sysctl.proc_translated")
}

/// Whether a sysctl is 1. A kernel without it is one where it is 0.
fn is_set(source: &Source, name: &'static str) -> Result<bool> {
    match source.number(name) {
        Err(error) if error.is_missing() => Ok(false),
        number => Ok(number? == 1),
    }
}

/// `pth_run_state`
const fn thread_status(state: i32) -> ProcessStatus {
    match state {
        thread_state::TH_STATE_RUNNING => ProcessStatus::Running,
        thread_state::TH_STATE_STOPPED => ProcessStatus::Stopped,
        thread_state::TH_STATE_WAITING => ProcessStatus::Sleeping,
        thread_state::TH_STATE_UNINTERRUPTIBLE => ProcessStatus::DiskSleep,
        thread_state::TH_STATE_HALTED => ProcessStatus::Dead,
        _ => ProcessStatus::Unknown,
    }
}

/// Converts nanojoules to joules.
#[allow(clippy::cast_precision_loss)] // no meter has 16 digits
fn joules(nano: u64) -> f64 {
    nano as f64 / 1e9
}
