//! One process.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide_parse::bsd::args;
use psoxide_parse::freebsd::file::{self, File};
use psoxide_parse::freebsd::process::{self as record, Process, stat};
use psoxide_parse::freebsd::{count, unsigned, vmmap};

use super::abi::{EINVAL, ENOENT, ENOMEM};
use super::calls::{Aspect, Question, resource_number};
use super::table::of_record;
use super::{Freebsd, Handle, Source, sockets};
use crate::sys::ProcessReadings;
use crate::sys::bsd::{self, text_in};
use crate::{
    Connection, ConnectionKind, CtxSwitches, Error, ErrorKind, Ids, IoCounters, Limit, MemoryDetails, MemoryInfo,
    MemoryMap, OpenFile, PageFaults, Pid, ProcessCpuTimes, ProcessStatus, Resource, Result, Thread, ThreadDetails,
};

/// The length from which the kernel truncates names, `COMMLEN`.
const LONGEST_NAME: usize = 19;

impl ProcessReadings for Freebsd {
    fn start(process: &Handle<'_>) -> Result<u64> {
        Ok(process.stamped_record()?.1)
    }

    fn is_whole(process: &Handle<'_>) -> Result<bool> {
        process.is_whole()
    }

    fn since_boot(_: &Source, start: u64) -> Result<Duration> {
        Ok(Duration::from_micros(start))
    }

    fn ppid(process: &Handle<'_>) -> Result<Pid> {
        of_record(process, |record| Ok(unsigned(record.ppid(), "ki_ppid")?))
    }

    fn name(process: &Handle<'_>) -> Result<OsString> {
        let record = process.record()?;
        let name = record.comm();
        if name.len() >= LONGEST_NAME
            && let Ok(block) = process.arguments()
            && let Some(program) = args::strings(block).first()
            && let Some(program) = program.rsplit(|byte| *byte == b'/').next()
            && program.starts_with(name)
        {
            return Ok(bsd::text(program));
        }
        Ok(bsd::text(name))
    }

    fn comm(process: &Handle<'_>) -> Result<OsString> {
        of_record(process, |record| Ok(bsd::text(record.comm())))
    }

    fn status(process: &Handle<'_>) -> Result<ProcessStatus> {
        of_record(process, |record| Ok(status(record.stat())))
    }

    fn create_time(process: &Handle<'_>) -> Result<SystemTime> {
        of_record(process, |record| Ok(bsd::moment(record.start().duration("ki_start")?, "ki_start")?))
    }

    fn cpu_times(process: &Handle<'_>) -> Result<ProcessCpuTimes> {
        of_record(process, |record| {
            let (own, children) = (record.rusage(), record.rusage_ch());
            Ok(ProcessCpuTimes {
                user: own.utime().duration("ru_utime")?,
                system: own.stime().duration("ru_stime")?,
                children_user: Some(children.utime().duration("ru_utime")?),
                children_system: Some(children.stime().duration("ru_stime")?),
                ..ProcessCpuTimes::default()
            })
        })
    }

    fn memory_info(process: &Handle<'_>) -> Result<MemoryInfo> {
        let page_size = process.source.page_size();
        of_record(process, |record| {
            let bytes = |pages, field| Ok::<_, Error>(count(pages, field)?.saturating_mul(page_size));
            Ok(MemoryInfo {
                rss: bytes(record.rssize(), "ki_rssize")?,
                vms: record.size(),
                text: Some(bytes(record.tsize(), "ki_tsize")?),
                data: Some(bytes(record.dsize(), "ki_dsize")?),
                stack: Some(bytes(record.ssize(), "ki_ssize")?),
                ..MemoryInfo::default()
            })
        })
    }

    fn memory_details(process: &Handle<'_>) -> Result<MemoryDetails> {
        of_record(process, |record| {
            let peak = count(record.rusage().maxrss(), "ru_maxrss")?.saturating_mul(1024);
            Ok(MemoryDetails { peak_rss: Some(peak), ..MemoryDetails::default() })
        })
    }

    fn exe(process: &Handle<'_>) -> Result<PathBuf> {
        match process.aspect(Aspect::Path, |bytes| Ok(text_in(bytes))) {
            // A process without a program, or whose program no longer has a path.
            Err(error) if error.errno() == Some(ENOENT) => Ok(PathBuf::new()),
            path => path.map(PathBuf::from),
        }
    }

    fn cmdline(process: &Handle<'_>) -> Result<Vec<OsString>> {
        Ok(args::strings(process.arguments()?).into_iter().map(bsd::text).collect())
    }

    fn environ(process: &Handle<'_>) -> Result<Vec<(OsString, OsString)>> {
        if process.record()?.is_system() {
            return Ok(Vec::new());
        }
        let variables = process.aspect(Aspect::Environment, |bytes| {
            let variables = args::variables(&args::strings(bytes));
            Ok(variables.iter().map(|(name, value)| (bsd::text(name), bsd::text(value))).collect())
        });
        // The kernel cannot read the memory of some processes: one that was forked and never ran a program, for example.
        let refused = |error: &Error| error.errno() == Some(ENOMEM);
        variables.map_err(|error| if refused(&error) { error.with_kind(ErrorKind::AccessDenied) } else { error })
    }

    fn cwd(process: &Handle<'_>) -> Result<PathBuf> {
        let path = process.aspect(Aspect::WorkingDirectory, |bytes| {
            Ok(file::files(bytes).next().transpose()?.map(|file| PathBuf::from(bsd::text(file.path))))
        });
        match path {
            // A process of the kernel has none.
            Err(error) if error.errno() == Some(EINVAL) => Ok(PathBuf::new()),
            path => Ok(path?.unwrap_or_default()),
        }
    }

    fn username(process: &Handle<'_>) -> Result<OsString> {
        process.user_name(process.record()?.ruid())
    }

    fn uids(process: &Handle<'_>) -> Result<Ids> {
        of_record(process, |record| Ok(Ids::new(record.ruid(), record.uid(), Some(record.svuid()))))
    }

    fn gids(process: &Handle<'_>) -> Result<Ids> {
        of_record(process, |record| Ok(Ids::new(record.rgid(), record.gid(), Some(record.svgid()))))
    }

    fn terminal(process: &Handle<'_>) -> Result<Option<PathBuf>> {
        let Some(device) = process.record()?.terminal() else { return Ok(None) };
        process.source.device_path(device)
    }

    fn nice(process: &Handle<'_>) -> Result<i32> {
        of_record(process, |record| Ok(record.nice().into()))
    }

    fn num_threads(process: &Handle<'_>) -> Result<u64> {
        of_record(process, |record| Ok(unsigned(record.numthreads(), "ki_numthreads")?.into()))
    }

    fn threads(process: &Handle<'_>) -> Result<Vec<Thread>> {
        Self::thread_details(process)?.iter().map(Thread::try_from).collect()
    }

    fn thread_details(process: &Handle<'_>) -> Result<Vec<ThreadDetails>> {
        let mut threads: Vec<ThreadDetails> = process
            .aspect(Aspect::Threads, |bytes| record::processes(bytes).map(|thread| thread_of(thread?)).collect())?;
        threads.sort_by_key(|thread| thread.id);
        Ok(threads)
    }

    fn num_ctx_switches(process: &Handle<'_>) -> Result<CtxSwitches> {
        of_record(process, |record| {
            let usage = record.rusage();
            Ok(CtxSwitches {
                voluntary: count(usage.nvcsw(), "ru_nvcsw")?,
                involuntary: Some(count(usage.nivcsw(), "ru_nivcsw")?),
            })
        })
    }

    fn page_faults(process: &Handle<'_>) -> Result<PageFaults> {
        of_record(process, |record| {
            let usage = record.rusage();
            Ok(PageFaults { minor: count(usage.minflt(), "ru_minflt")?, major: count(usage.majflt(), "ru_majflt")? })
        })
    }

    fn io_counters(process: &Handle<'_>) -> Result<IoCounters> {
        of_record(process, |record| {
            let usage = record.rusage();
            Ok(IoCounters {
                read_count: Some(count(usage.inblock(), "ru_inblock")?),
                write_count: Some(count(usage.oublock(), "ru_oublock")?),
                ..IoCounters::default()
            })
        })
    }

    fn is_kernel_thread(process: &Handle<'_>) -> Result<bool> {
        of_record(process, |record| Ok(record.is_system()))
    }

    fn jail(process: &Handle<'_>) -> Result<u32> {
        of_record(process, |record| Ok(unsigned(record.jid(), "ki_jid")?))
    }

    fn abi(process: &Handle<'_>) -> Result<OsString> {
        of_record(process, |record| Ok(bsd::text(record.emul())))
    }

    fn cpu_num(process: &Handle<'_>) -> Result<u32> {
        of_record(process, |record| record.cpu().ok_or_else(|| Error::unsupported("cpu_num")))
    }

    fn cpu_affinity(process: &Handle<'_>) -> Result<Vec<u32>> {
        process.read(&Question::Affinity(process.pid), |bytes| Ok(record::cpus(bytes)))
    }

    fn rlimit(process: &Handle<'_>, resource: Resource) -> Result<Limit> {
        let number = resource_number(resource).ok_or_else(|| Error::unsupported("rlimit"))?;
        let (soft, hard) = process.read(&Question::Limit(process.pid, number), record::limits)?;
        Ok(Limit { soft, hard })
    }

    fn num_fds(process: &Handle<'_>) -> Result<u64> {
        let mut descriptors = 0u64;
        for file in process.open_files_of()? {
            descriptors += u64::from(file?.header.fd() >= 0);
        }
        Ok(descriptors)
    }

    fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
        let mut files = Vec::new();
        for file in process.open_files_of()? {
            let File { header, path } = file?;
            let regular = header.kind() == file::kind::VNODE && header.vnode_type() == file::REGULAR;
            if regular && header.fd() >= 0 {
                files.push(OpenFile { path: bsd::text(path).into(), fd: Some(header.fd()), ..OpenFile::default() });
            }
        }
        Ok(files)
    }

    fn net_connections(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_process(process, kind)
    }

    fn memory_maps(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
        let page_size = process.source.page_size();
        process.aspect(Aspect::Mappings, |bytes| {
            vmmap::mappings(bytes).map(|mapping| map_of(mapping?, page_size)).collect()
        })
    }
}

/// The name of a state, sys/proc.h.
const fn status(state: u8) -> ProcessStatus {
    match state {
        stat::SIDL => ProcessStatus::Idle,
        stat::SRUN => ProcessStatus::Running,
        stat::SSLEEP => ProcessStatus::Sleeping,
        stat::SSTOP => ProcessStatus::Stopped,
        stat::SZOMB => ProcessStatus::Zombie,
        stat::SWAIT => ProcessStatus::Waiting,
        stat::SLOCK => ProcessStatus::Locked,
        _ => ProcessStatus::Unknown,
    }
}

fn thread_of(thread: Process<'_>) -> psoxide_parse::Result<ThreadDetails> {
    let usage = thread.rusage();
    Ok(ThreadDetails {
        id: unsigned(thread.tid(), "ki_tid")?.into(),
        name: bsd::text(&thread.thread_name()),
        status: status(thread.stat()),
        user_time: usage.utime().duration("ru_utime")?,
        system_time: usage.stime().duration("ru_stime")?,
        started: None,
        nice: None,
        cpu_num: thread.cpu(),
    })
}

fn map_of(mapping: vmmap::Mapping<'_>, page_size: u64) -> psoxide_parse::Result<MemoryMap> {
    let header = mapping.header;
    let bytes = |pages: i32, field| Ok(u64::from(unsigned(pages, field)?).saturating_mul(page_size));
    Ok(MemoryMap {
        start: header.start(),
        end: header.end(),
        perms: mapping.permissions(),
        path: bsd::text(mapping.name()).into(),
        rss: Some(bytes(header.resident(), "kve_resident")?),
        private: Some(bytes(header.private_resident(), "kve_private_resident")?),
        ref_count: Some(unsigned(header.ref_count(), "kve_ref_count")?.into()),
        shadow_count: Some(unsigned(header.shadow_count(), "kve_shadow_count")?.into()),
        ..MemoryMap::default()
    })
}
