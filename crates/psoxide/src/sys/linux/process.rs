//! One process: /proc/PID.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use psoxide_parse::linux::stat::Stat;
use psoxide_parse::linux::statm::Statm;
use psoxide_parse::linux::status::Status;
use psoxide_parse::linux::{cgroup, cpu_stat, limits, pid_io, smaps, stat, statm, status, strings, uptime};
use psoxide_parse::{ParseError, decimal, split_once, trim};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, pidfd_open};
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::cache::{Cache, Owner, cached};
use super::source::{if_any, is_procfs, pidfd_info};
use super::{Handle, Linux, Source, bpf, control, descriptors, family, ffi, raw_pid, sockets, threads, users};
use crate::sys::{self, Parentage, ProcessReadings, SystemReadings};
use crate::{
    Cgroup, Connection, ConnectionKind, CtxSwitches, Error, HostInfo, Ids, IoCounters, IoPriority, Limit,
    MemoryDetails, MemoryFootprint, MemoryInfo, MemoryMap, OpenFile, PageFaults, Pid, ProcessCpuTimes, ProcessStatus,
    Resource, Result, Scheduling, SchedulingPolicy, Thread, ThreadDetails,
};

impl sys::Handle<'_, Linux> {
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.source.process(self.pid, file)
    }

    fn read<T>(&self, file: &str, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        self.source.read(&self.path(file), parse)
    }

    /// As [`read`](Self::read), for a file that is one record.
    fn read_record<T>(&self, file: &str, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        let procfs = self.cache.pass.procfs.as_ref().map(AsFd::as_fd);
        self.source.read_process(procfs, self.pid, file, parse)
    }

    /// What the kernel says of this process without its files, where it can be asked for that.
    fn told(&self) -> Option<bpf::Record<'_>> {
        match self.cache.walked {
            Some(at) => self.cache.pass.walk.get(at),
            None => {
                let ask = || Box::new(self.source.bpf().process(self.source, self.pid));
                self.cache.asked.get_or_init(ask).as_ref().map(bpf::Answer::record)
            }
        }
    }

    /// `/proc/PID/stat`; that of another process with the same pid is refused.
    fn stat(&self) -> Result<&Stat> {
        let stat = cached(&self.cache.stat, || {
            let told = self.told().and_then(|told| told.stat(bpf::units(self.source)));
            told.map_or_else(|| self.read_record("stat", stat::parse), Ok)
        })?;
        match self.start {
            Some(start) if start != stat.starttime => Err(Error::no_such_process(self.pid)),
            _ => Ok(stat),
        }
    }

    fn status_file(&self) -> Result<&Status> {
        cached(&self.cache.status, || self.read_record("status", status::parse))
    }

    /// The user and group ids, from `status` or, where nothing else of that is wanted, from a pidfd: at a third of
    /// what the kernel takes to write the file.
    fn owner(&self) -> Result<Owner> {
        if let Some(told) = self.told() {
            let [uids, gids] = told.ids().map(|[real, effective, saved]| Ids { real, effective, saved });
            return Ok(Owner { uids, gids });
        }
        if let Some(owner) = self.cache.owner.get() {
            return Ok(*owner);
        }
        if !self.cache.wants_status
            && self.cache.status.get().is_none()
            && let Some(owner) = pidfd_owner(self)
        {
            return Ok(*self.cache.owner.get_or_init(|| Box::new(owner)));
        }
        let Status { uid, gid, .. } = self.status_file()?;
        Ok(Owner { uids: ids(*uid), gids: ids(*gid) })
    }

    /// What `read` finds in `cmdline` or `environ`, which are empty in the middle of execve(2).
    fn after_exec(&self, read: impl Fn() -> Result<Box<[u8]>>) -> Result<Box<[u8]>> {
        let bytes = read()?;
        // It may have begun since, whether it was waited for or not.
        if bytes.is_empty() && self.begun()?.is_some() { read() } else { Ok(bytes) }
    }

    /// Waits while the process is in the middle of execve(2), for a moment at most, and tells whether it was; nothing of
    /// one that has no memory. Whoever started it has been told that its program runs, but name, command line and
    /// environment are not that program's yet (fs/exec.c: `begin_new_exec` closes descriptors first).
    fn begun(&self) -> Result<Option<bool>> {
        const PAUSE: Duration = Duration::from_micros(200);
        const LONGEST: Duration = Duration::from_millis(50);
        if !self.source.is_live() {
            return Ok(None);
        }
        let first = Instant::now();
        let mut waited = false;
        loop {
            match self.read_record("stat", stat::has_program)? {
                Some(false) if first.elapsed() < LONGEST => std::thread::sleep(PAUSE),
                program => return Ok(program.map(|_| waited)),
            }
            waited = true;
        }
    }

    /// Whether it began in the clock tick that passes now, so that another process may get its pid and its start time.
    pub(super) fn began_in_this_tick(&self) -> bool {
        let now = Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default();
        self.start.is_some_and(|start| now < self.source.ticks(start.saturating_add(1)))
    }

    /// Whether the process was started a moment ago, so that it can be in the middle of its first execve(2).
    fn is_young(&self) -> bool {
        let age = |start: u64| {
            let since_boot = u64::try_from(clock_gettime(ClockId::Boottime).tv_sec).unwrap_or(u64::MAX);
            Duration::from_secs(since_boot).saturating_sub(self.source.ticks(start))
        };
        self.start.is_some_and(|start| age(start) < Duration::from_secs(1))
    }

    /// Whether `stat`, if it was read, says that this is a kernel thread or a zombie, whose `statm` is all zeros and
    /// whose `cmdline` is empty: on many machines that is half of what runs.
    fn is_known_without_memory(&self) -> bool {
        self.cache.stat.get().is_some_and(|stat| stat.vsize == 0)
    }

    fn smaps(&self) -> Result<&Vec<u8>> {
        cached(&self.cache.smaps, || self.read("smaps", |bytes| Ok(bytes.to_vec())))
    }

    /// What an empty answer means: an ended process has no memory to show, a kernel thread never had any.
    fn empty<T>(&self, value: T) -> Result<T> {
        match Linux::status(self)? {
            ProcessStatus::Zombie => Err(Error::zombie(self.pid)),
            _ => Ok(value),
        }
    }

    /// Where `exe` or `cwd` points, without the kernel's mark for a file that was deleted.
    fn target(&self, link: &str) -> Result<PathBuf> {
        match self.source.link(&self.path(link)) {
            Ok(target) => Ok(undeleted(self.source, target).into()),
            // A missing link of a process that lives is a kernel thread's (or of another pid namespace).
            Err(error) if error.is_missing() => {
                // Whether the process is still this one is not to be answered from what was read before.
                let fresh = Cache::default();
                Handle { cache: &fresh, ..*self }.empty(PathBuf::new())
            }
            Err(error) => Err(error),
        }
    }
}

/// The path that the kernel marked as deleted, unless the mark is part of a real file's name.
fn undeleted(source: &Source, target: OsString) -> OsString {
    match target.as_bytes().strip_suffix(b" (deleted)") {
        Some(path) if !exists(source, Path::new(&target)) => OsStr::from_bytes(path).to_owned(),
        _ => target,
    }
}

fn exists(source: &Source, path: &Path) -> bool {
    let path = source.within(path);
    if source.is_live() { path.symlink_metadata().is_ok() } else { source.stat(&path).is_ok() }
}

pub(super) fn os_string(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

pub(super) fn state(letter: u8) -> ProcessStatus {
    // fs/proc/array.c: task_state_array, with the letters of older kernels.
    match letter {
        b'R' => ProcessStatus::Running,
        b'S' => ProcessStatus::Sleeping,
        b'D' => ProcessStatus::DiskSleep,
        b'T' => ProcessStatus::Stopped,
        b't' => ProcessStatus::TracingStop,
        b'Z' => ProcessStatus::Zombie,
        b'X' | b'x' => ProcessStatus::Dead,
        b'K' => ProcessStatus::WakeKill,
        b'W' => ProcessStatus::Waking,
        b'I' => ProcessStatus::Idle,
        b'P' => ProcessStatus::Parked,
        _ => ProcessStatus::Unknown,
    }
}

/// The figures of `statm` as `status` gives them (since Linux 4.5); a kernel thread's has none.
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

/// As the kernel tells it without a file; `None` where it does not (before Linux 6.13, seccomp, a process that is gone).
fn pidfd_owner(process: &Handle<'_>) -> Option<Owner> {
    let describe = process.cache.pass.pidfds.get_or_init(|| Box::new(process.source.pidfds_describe()));
    let info = if *describe { pidfd_info(process.pid).ok()?? } else { return None };
    Some(Owner {
        uids: Ids { real: info.ruid, effective: info.euid, saved: info.suid },
        gids: Ids { real: info.rgid, effective: info.egid, saved: info.sgid },
    })
}

fn ids([real, effective, saved, _]: [u32; 4]) -> Ids {
    Ids { real, effective, saved }
}

/// What the kernel would write as `btime` into its `stat`, a file that counts every interrupt for it: the difference of
/// two of its clocks, in whole seconds. Nothing where the file is not the kernel's own (lxcfs puts
/// another in its place), or the second ended between the looks at the clocks.
fn booted(source: &Source, file: &Path) -> Option<u64> {
    if !source.is_live() || !is_procfs(file) {
        return None;
    }
    let [before, booted, after] = [ClockId::Realtime, ClockId::Boottime, ClockId::Realtime].map(clock_gettime);
    let seconds = |real: Timespec| {
        let borrowed = i64::from(real.tv_nsec < booted.tv_nsec);
        u64::try_from(real.tv_sec.checked_sub(booted.tv_sec)?.checked_sub(borrowed)?).ok()
    };
    seconds(before).filter(|before| seconds(after) == Some(*before))
}

impl SystemReadings for Linux {
    fn boot_time(source: &Source) -> Result<SystemTime> {
        let file = source.procfs("stat");
        let seconds = match booted(source, &file) {
            Some(seconds) => seconds,
            None => source.read(&file, cpu_stat::btime)?,
        };
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or_else(|| Error::out_of_range("btime", seconds))
    }

    fn uptime(source: &Source) -> Result<Duration> {
        let path = source.procfs("uptime");
        let seconds = source.read(&path, uptime::parse)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| Error::out_of_range("uptime", seconds).with_path(path))
    }

    fn host_info(source: &Source) -> Result<HostInfo> {
        let text = |file| {
            let line = source.line(&source.procfs("sys/kernel").join(file))?;
            Ok::<_, Error>(line.map(|line| String::from_utf8_lossy(&line).into_owned()))
        };
        let required = |file| text(file)?.ok_or_else(|| Error::unsupported("host_info"));
        // Since Linux 6.1.
        let machine = match text("arch")? {
            None if source.is_live() => Some(rustix::system::uname().machine().to_string_lossy().into_owned()),
            machine => machine,
        };
        Ok(HostInfo {
            hostname: required("hostname")?,
            system: required("ostype")?,
            release: required("osrelease")?,
            version: text("version")?.unwrap_or_default(),
            machine,
        })
    }

    fn pids(source: &Source) -> Result<Vec<Pid>> {
        source.pids()
    }

    fn parentage(source: &Source, of: Pid, recursive: bool) -> Result<Vec<Parentage>> {
        family::of_process(source, of, recursive)
    }

    fn pid_exists(source: &Source, pid: Pid) -> Result<bool> {
        if source.may_ask_kernel()
            && let Some(raw) = raw_pid(pid)
        {
            if let Some(exists) = ffi::is_process(raw) {
                return Ok(exists);
            }
            match pidfd_open(raw, PidfdFlags::empty()) {
                Ok(_) => return Ok(true),
                Err(Errno::SRCH) => return Ok(false),
                // The id of a thread, no descriptor to be had, an old kernel: the file tells.
                Err(_) => {}
            }
        }
        // A thread's id has a folder in /proc too, though no listing shows it; only a process is its own Tgid.
        match source.read_if_any(&source.process(pid, "status"), status::parse) {
            Ok(Some(Status { tgid: Some(tgid), .. })) => Ok(tgid == u64::from(pid)),
            Ok(None) => Ok(false),
            _ => Ok(source.pids()?.contains(&pid)),
        }
    }

    fn current_pid(source: &Source) -> Result<Pid> {
        source.require_live("current_process")?;
        let me = std::process::id();
        if source.has_own_pids() {
            return Ok(me);
        }
        // In the /proc of another pid namespace this process has another pid.
        let link = source.procfs("self");
        decimal(source.link(&link)?.as_bytes(), "self")
            .and_then(|pid| u32::try_from(pid).map_err(|_| ParseError::malformed("self", b"")))
            .map_err(|error| Error::from(error).with_path(link))
    }

    fn delay_accounting(source: &Source) -> Result<bool> {
        let path = source.procfs("sys/kernel/task_delayacct");
        let told = source.read_if_any(&path, |bytes| decimal(trim(bytes), "task_delayacct"))?;
        told.map(|value| value != 0).ok_or_else(|| Error::unsupported("delay_accounting").with_path(path))
    }
}

impl ProcessReadings for Linux {
    fn start(process: &Handle<'_>) -> Result<u64> {
        Ok(process.stat()?.starttime)
    }

    fn unique(process: &Handle<'_>) -> Result<Option<u64>> {
        control::unique(process)
    }

    fn since_boot(source: &Source, start: u64) -> Result<Duration> {
        Ok(source.ticks(start))
    }

    fn ppid(process: &Handle<'_>) -> Result<Pid> {
        let ppid = process.stat()?.ppid;
        Pid::try_from(ppid).map_err(|_| Error::out_of_range("ppid", ppid))
    }

    fn name(process: &Handle<'_>) -> Result<OsString> {
        /// TASK_COMM_LEN of the kernel, less the NUL.
        const LONGEST: usize = 15;
        let comm = &*process.stat()?.comm;
        if comm.len() >= LONGEST {
            // The kernel cut it: the program's file name may begin with it and go on. Refused is no reason to fail.
            if let Ok(cmdline) = Self::cmdline(process) {
                let program = cmdline.first().and_then(|program| Path::new(program).file_name());
                if let Some(name) = program.filter(|name| name.as_bytes().starts_with(comm)) {
                    return Ok(name.to_owned());
                }
            }
        }
        Ok(os_string(comm))
    }

    fn comm(process: &Handle<'_>) -> Result<OsString> {
        if process.is_young() && process.begun()? == Some(true) {
            return process.read_record("stat", |bytes| Ok(os_string(&stat::parse(bytes)?.comm)));
        }
        // In a view for many readings `stat` is wanted all the same.
        if process.cache.wants_status || process.cache.stat.get().is_some() || process.told().is_some() {
            return Ok(os_string(&process.stat()?.comm));
        }
        // The same text in a file of its own (since Linux 2.6.33), at a third of what `stat` costs.
        match process.read_record("comm", |bytes| Ok(bytes.strip_suffix(b"\n").unwrap_or(bytes).to_vec())) {
            Ok(comm) => Ok(OsString::from_vec(comm)),
            Err(error) if error.is_missing() => Ok(os_string(&process.stat()?.comm)),
            Err(error) => Err(error),
        }
    }

    fn exe(process: &Handle<'_>) -> Result<PathBuf> {
        process.target("exe")
    }

    fn cmdline(process: &Handle<'_>) -> Result<Vec<OsString>> {
        let bytes = match process.told().and_then(|told| told.cmdline()) {
            Some(bytes) => bytes,
            None => cached(&process.cache.cmdline, || match process.is_known_without_memory() {
                true => Ok(Box::default()),
                false => process.after_exec(|| process.read_record("cmdline", |bytes| Ok(bytes.into()))),
            })?,
        };
        let arguments = strings::cmdline(bytes).into_iter().map(OsString::from_vec).collect::<Vec<_>>();
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
        // It is known from the beginning, and is true when the process is gone.
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
            // Since Linux 6.x a kernel thread answers ESRCH though it lives; so does a zombie.
            Err(error) if error.is_missing() => {
                let fresh = Cache::default();
                return Handle { cache: &fresh, ..*process }.empty(Vec::new());
            }
            Err(error) => return Err(error),
        };
        if pairs.is_empty() {
            return process.empty(Vec::new());
        }
        Ok(pairs.into_iter().map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value))).collect())
    }

    fn nice(process: &Handle<'_>) -> Result<i32> {
        let nice = process.stat()?.nice;
        i32::try_from(nice).map_err(|_| Error::out_of_range("nice", nice))
    }

    fn num_threads(process: &Handle<'_>) -> Result<u64> {
        Ok(process.stat()?.num_threads)
    }

    fn num_ctx_switches(process: &Handle<'_>) -> Result<CtxSwitches> {
        if let Some([voluntary, involuntary]) = process.told().map(|told| told.switches()) {
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
        // `status` has the same counters (fs/proc/task_mmu.c: task_mem, task_statm): where it was read, all is known.
        if let Some(memory) = process.cache.status.get().and_then(memory_of) {
            return Ok(memory);
        }
        let statm = cached(&process.cache.statm, || match process.told() {
            Some(told) => {
                let [size, resident, shared, text, data] = told.pages(process.source.page_size());
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
        // smaps_rollup (since Linux 4.14) is summed by the kernel; ESRCH and ENOENT there do not mean that smaps fails.
        let rollup = match process.cache.smaps.get() {
            Some(_) => None,
            None => if_any(process.read_record("smaps_rollup", smaps::rollup))?,
        };
        let rollup = match rollup {
            Some(rollup) => rollup,
            None => smaps::rollup(process.smaps()?)?,
        };
        Ok(MemoryFootprint { uss: rollup.uss, pss: rollup.pss, swap: rollup.swap })
    }

    fn memory_maps(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
        let bytes = process.smaps()?;
        if bytes.is_empty() {
            return process.empty(Vec::new());
        }
        let malformed = |error: ParseError| Error::from(error).with_path(process.path("smaps"));
        // Most files are mapped many times.
        let mut paths: HashMap<&[u8], OsString> = HashMap::new();
        let mappings = smaps::mappings(bytes).map_err(malformed)?;
        let mut records = Vec::with_capacity(mappings.len());
        for map in mappings {
            let path = paths.entry(map.path).or_insert_with(|| undeleted(process.source, os_string(map.path)));
            records.push(MemoryMap {
                start: map.start,
                end: map.end,
                perms: String::from_utf8_lossy(map.perms).into_owned(),
                path: path.clone().into(),
                rss: Some(map.rss.ok_or_else(|| malformed(ParseError::missing("Rss")))?),
                size: map.size,
                pss: map.pss,
                shared_clean: map.shared_clean,
                shared_dirty: map.shared_dirty,
                private_clean: map.private_clean,
                private_dirty: map.private_dirty,
                referenced: map.referenced,
                anonymous: map.anonymous,
                swap: map.swap,
                ..MemoryMap::default()
            });
        }
        Ok(records)
    }

    fn io_counters(process: &Handle<'_>) -> Result<IoCounters> {
        let told = process.told().and_then(|told| told.io());
        let io = told.map_or_else(|| process.read_record("io", pid_io::parse), Ok)?;
        Ok(IoCounters {
            read_count: io.syscr,
            write_count: io.syscw,
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
                        .map(|(_, name)| Path::new("/dev").join(OsStr::from_bytes(name))))
                })?
            }
            .flatten(),
        })
    }

    fn num_fds(process: &Handle<'_>) -> Result<u64> {
        descriptors::count(process)
    }

    fn cpu_num(process: &Handle<'_>) -> Result<u32> {
        let cpu = process.stat()?.processor.ok_or_else(|| Error::unsupported("cpu_num"))?;
        u32::try_from(cpu).map_err(|_| Error::out_of_range("processor", cpu))
    }

    fn cpu_affinity(process: &Handle<'_>) -> Result<Vec<u32>> {
        if let Ok(cpus) = control::cpu_affinity(process) {
            return Ok(cpus);
        }
        let cpus = process.status_file()?.cpus_allowed_list.clone();
        cpus.ok_or_else(|| Error::unsupported("cpu_affinity"))
    }

    fn ionice(process: &Handle<'_>) -> Result<IoPriority> {
        process.source.require_live("ionice")?;
        control::ionice(process)
    }

    fn rlimit(process: &Handle<'_>, resource: Resource) -> Result<Limit> {
        // Asking needs the right to change them; the file shows them to everyone, at twenty times the price.
        if let Ok(limit) = control::rlimit(process, resource) {
            return Ok(limit);
        }
        let name = limit_name(resource).ok_or_else(|| Error::unsupported("rlimit"))?;
        let unsupported = || Error::unsupported("rlimit").with_path(process.path("limits"));
        let limit = process.read_record("limits", |bytes| {
            let limits = limits::parse(bytes)?;
            Ok(limits
                .into_iter()
                .find(|limit| limit.name == name.as_bytes())
                .map(|limit| Limit { soft: limit.soft, hard: limit.hard }))
        })?;
        match limit {
            Some(limit) => Ok(limit),
            None => process.empty(()).and_then(|()| Err(unsupported())),
        }
    }

    fn thread_details(process: &Handle<'_>) -> Result<Vec<ThreadDetails>> {
        threads::details(process)
    }

    fn scheduling(process: &Handle<'_>) -> Result<Scheduling> {
        // The walk of all processes does not tell it.
        let told = process.stat()?.scheduling;
        let scheduling = match told {
            None => process.read_record("stat", |bytes| Ok(stat::parse(bytes)?.scheduling))?,
            told => told,
        };
        let stat::Scheduling { priority, rt_priority, policy } =
            scheduling.ok_or_else(|| Error::unsupported("scheduling"))?;
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
                path: os_string(cgroup.path),
                unit: cgroup.unit.map(os_string),
                container: cgroup.container.map(os_string),
            })
        });
        match found {
            // A kernel without control groups has no such file.
            Err(error) if error.is_missing() => {
                let fresh = Cache::default();
                Handle { cache: &fresh, ..*process }.empty(())?;
                Err(Error::unsupported("cgroup").with_path(process.path("cgroup")))
            }
            found => found,
        }
    }

    fn net_namespace(process: &Handle<'_>) -> Result<u64> {
        let path = process.path("ns/net");
        let target = process.source.link(&path)?;
        let inode = target.as_bytes().strip_prefix(b"net:[").and_then(|rest| rest.strip_suffix(b"]"));
        let malformed = || ParseError::malformed("inode", target.as_bytes());
        inode
            .ok_or_else(malformed)
            .and_then(|inode| decimal(inode, "inode"))
            .map_err(|error| Error::from(error).with_path(path))
    }

    fn oom_score(process: &Handle<'_>) -> Result<u64> {
        process.read_record("oom_score", |bytes| decimal(trim(bytes), "oom_score"))
    }
}

/// The policy of a `SCHED_*` constant: include/uapi/linux/sched.h.
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

/// The name of a resource in `/proc/PID/limits`: fs/proc/base.c.
fn limit_name(resource: Resource) -> Option<&'static str> {
    Some(match resource {
        Resource::As => "Max address space",
        Resource::Core => "Max core file size",
        Resource::Cpu => "Max cpu time",
        Resource::Data => "Max data size",
        Resource::Fsize => "Max file size",
        Resource::Locks => "Max file locks",
        Resource::Memlock => "Max locked memory",
        Resource::Msgqueue => "Max msgqueue size",
        Resource::Nice => "Max nice priority",
        Resource::Nofile => "Max open files",
        Resource::Nproc => "Max processes",
        Resource::Rss => "Max resident set",
        Resource::Rtprio => "Max realtime priority",
        Resource::Rttime => "Max realtime timeout",
        Resource::Sigpending => "Max pending signals",
        Resource::Stack => "Max stack size",
        Resource::Sbsize | Resource::Npts | Resource::Swap | Resource::Kqueues | Resource::Umtxp | Resource::Nthr => {
            return None;
        }
    })
}
