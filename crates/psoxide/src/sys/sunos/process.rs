//! One process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide_parse::sunos::mapping::Regions;
use psoxide_parse::sunos::process::{Credentials, Info, Usage};
use psoxide_parse::sunos::{Model, mapping, thread};
use psoxide_parse::{ParseError, bsd::args};

use super::abi::{ENOENT, EOVERFLOW};
use super::calls::Question;
use super::table::{cached, read_info, stamp, unsigned};
use super::{Handle, Source, Sunos, net};
use crate::sys::bsd::{moment, text};
use crate::sys::{Parentage, ProcessReadings, SystemReadings};
use crate::{
    Connection, ConnectionKind, Containment, CtxSwitches, Error, ErrorKind, HostInfo, Ids, MemoryInfo, MemoryMap,
    OpenFile, PageFaults, Pid, ProcessCpuTimes, ProcessStatus, Result, Thread,
};

/// The length at which the kernel truncates names, `PRFNSZ - 1`.
const LONGEST_NAME: usize = 15;
/// `S_IFMT` and `S_IFREG`.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
/// `NZERO`: the nice value of an ordinary process, as the kernel counts.
const NICE_ZERO: i32 = 20;

impl SystemReadings for Sunos {
    fn pids(source: &Source) -> Result<Vec<Pid>> {
        source.pids()
    }

    fn boot_time(source: &Source) -> Result<SystemTime> {
        Ok(moment(source.boot()?, "boot_time")?)
    }

    fn host_info(source: &Source) -> Result<HostInfo> {
        source.read(&Question::Uname, |bytes| {
            let mut fields = bytes.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned());
            let mut field = |name| fields.next().ok_or_else(|| ParseError::missing(name));
            Ok(HostInfo {
                system: field("sysname")?,
                hostname: field("nodename")?,
                release: field("release")?,
                version: field("version")?,
                machine: Some(field("machine")?),
            })
        })
    }

    fn uptime(source: &Source) -> Result<Duration> {
        Ok(source.now()?.saturating_sub(source.boot()?))
    }

    fn pid_exists(source: &Source, pid: Pid) -> Result<bool> {
        match read_info(source, pid) {
            Ok(_) => Ok(true),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Leaves out a process that has ended or cannot be read, so that it does not cost the others. Without a free descriptor
    /// none can be read.
    fn parentage(source: &Source, _: Pid, _: bool) -> Result<Vec<Parentage>> {
        let of = |pid| {
            let bytes = read_info(source, pid)?;
            let info = Info::of_file(&bytes)?;
            Ok::<_, Error>(Parentage { pid, start: stamp(info).ok(), ppid: unsigned(info.ppid(), "pr_ppid")? })
        };
        let is_left_out = |error: &Error| !error.is_shortage();
        let known = source.pids()?.into_iter().map(of);
        known.filter(|parentage| !parentage.as_ref().is_err_and(is_left_out)).collect()
    }
}

impl ProcessReadings for Sunos {
    fn start(process: &Handle<'_>) -> Result<u64> {
        process.named("psinfo", stamp(process.info()?))
    }

    fn is_whole(process: &Handle<'_>) -> Result<bool> {
        process.is_whole()
    }

    fn since_boot(source: &Source, start: u64) -> Result<Duration> {
        Ok(Duration::from_nanos(start).saturating_sub(source.boot()?))
    }

    fn ppid(process: &Handle<'_>) -> Result<Pid> {
        process.number("pr_ppid", |info| info.ppid())
    }

    fn name(process: &Handle<'_>) -> Result<OsString> {
        let info = process.info()?;
        let name = info.name();
        // The arguments are in the same file, and their first word often is the path of the program.
        if name.len() >= LONGEST_NAME
            && let Some(program) = info.arguments().split(|byte| *byte == b' ').next()
            && let Some(whole) = program.rsplit(|byte| *byte == b'/').next()
            && whole.starts_with(name)
        {
            return Ok(text(whole));
        }
        Ok(text(name))
    }

    fn comm(process: &Handle<'_>) -> Result<OsString> {
        Ok(text(process.info()?.name()))
    }

    fn status(process: &Handle<'_>) -> Result<ProcessStatus> {
        // sys/thread.h and sys/proc.h: SSLEEP to SWAIT.
        Ok(match process.thread()?.state() {
            1 => ProcessStatus::Sleeping,
            2 | 6 => ProcessStatus::Running,
            3 => ProcessStatus::Zombie,
            4 => ProcessStatus::Stopped,
            5 => ProcessStatus::Idle,
            7 => ProcessStatus::Waiting,
            _ => ProcessStatus::Unknown,
        })
    }

    fn create_time(process: &Handle<'_>) -> Result<SystemTime> {
        process.named("psinfo", process.info()?.start().and_then(|start| moment(start, "pr_start")))
    }

    /// The owner sees the times of children too, in `status`; everybody sees `usage`, also that of a zombie.
    fn cpu_times(process: &Handle<'_>) -> Result<ProcessCpuTimes> {
        let is_zombie = Self::status(process)? == ProcessStatus::Zombie;
        match process.status() {
            Ok(status) => {
                let times = process.named("status", status.times())?;
                Ok(ProcessCpuTimes {
                    user: times.user,
                    system: times.system,
                    children_user: Some(times.child_user),
                    children_system: Some(times.child_system),
                    ..ProcessCpuTimes::default()
                })
            }
            // EOVERFLOW: this program has 32 bits, and the process has 64.
            Err(error) if is_zombie || error.is_access_denied() || error.errno() == Some(EOVERFLOW) => {
                let usage = process.usage()?;
                let (user, system) =
                    process.named("usage", usage.user().and_then(|user| Ok((user, usage.system()?))))?;
                Ok(ProcessCpuTimes { user, system, ..ProcessCpuTimes::default() })
            }
            Err(error) => Err(error),
        }
    }

    fn memory_info(process: &Handle<'_>) -> Result<MemoryInfo> {
        let info = process.info()?;
        let bytes = |kilobytes: u64| kilobytes.saturating_mul(1024);
        Ok(MemoryInfo { rss: bytes(info.resident()), vms: bytes(info.size()), ..MemoryInfo::default() })
    }

    fn exe(process: &Handle<'_>) -> Result<PathBuf> {
        // A process of the kernel has no program, and no file that says so.
        if process.info()?.model().is_none() && Self::status(process)? != ProcessStatus::Zombie {
            return Ok(PathBuf::new());
        }
        match process.source.link(process.path("path/a.out")) {
            Ok(path) => Ok(path.into()),
            // A file of Solaris 11.4, which knows the path also if the program was removed.
            Err(error) if error.errno() == Some(ENOENT) => match process.strings("execname").as_deref() {
                Ok([path, ..]) => Ok(text(path).into()),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    fn cmdline(process: &Handle<'_>) -> Result<Vec<OsString>> {
        let info = process.info()?;
        if Self::status(process)? == ProcessStatus::Zombie {
            return Err(Error::zombie(process.pid));
        }
        // `argv` is a file of illumos since 2018, `cmdline` one of Solaris 11.4. The memory holds the same strings.
        let file = |file| process.strings(file).map(|strings| strings.iter().map(|string| text(string)).collect());
        let memory = || arguments(process).map(|block| block.map_or_else(|| words(info), |block| block.texts()));
        let sources: [&dyn Fn() -> Result<Vec<OsString>>; 3] = [&|| file("argv"), &memory, &|| file("cmdline")];
        for source in sources.into_iter().filter(|_| info.model().is_some()) {
            match source() {
                Ok(words) => return Ok(words),
                Err(error) if error.errno() == Some(ENOENT) || is_no_memory(&error) => {}
                Err(error) => return Err(error),
            }
        }
        // What the kernel copied when the program began: at most 79 bytes, and blanks between arguments.
        Ok(words(info))
    }

    fn environ(process: &Handle<'_>) -> Result<Vec<(OsString, OsString)>> {
        process.info()?;
        let pairs = |strings: &[&[u8]]| {
            args::variables(strings).iter().map(|(name, value)| (text(name), text(value))).collect::<Vec<_>>()
        };
        match arguments(process) {
            Ok(Some(block)) => Ok(pairs(&block.environment())),
            Ok(None) => Ok(Vec::new()),
            // A file of Solaris 11.4, which the owner may read where the memory is out of reach.
            Err(error) if is_no_memory(&error) => match process.strings("environ") {
                Ok(strings) => Ok(pairs(&strings.iter().map(Vec::as_slice).collect::<Vec<_>>())),
                Err(_) => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    fn username(process: &Handle<'_>) -> Result<OsString> {
        let uid = process.info()?.uid();
        Ok(process.name_of(Question::UserName(uid))?.unwrap_or_else(|| uid.to_string().into()))
    }

    fn uids(process: &Handle<'_>) -> Result<Ids> {
        match credentials(process) {
            Ok(ids) => Ok(Ids::new(ids.ruid(), ids.euid(), Some(ids.suid()))),
            Err(error) if error.is_access_denied() => {
                let info = process.info()?;
                Ok(Ids::new(info.uid(), info.euid(), None))
            }
            Err(error) => Err(error),
        }
    }

    fn gids(process: &Handle<'_>) -> Result<Ids> {
        match credentials(process) {
            Ok(ids) => Ok(Ids::new(ids.rgid(), ids.egid(), Some(ids.sgid()))),
            Err(error) if error.is_access_denied() => {
                let info = process.info()?;
                Ok(Ids::new(info.gid(), info.egid(), None))
            }
            Err(error) => Err(error),
        }
    }

    fn containment(process: &Handle<'_>) -> Result<Containment> {
        let info = process.info()?;
        let zone_id = process.number("pr_zoneid", |info| info.zone())?;
        Ok(Containment {
            zone: process.name_of(Question::ZoneName(zone_id))?,
            zone_id,
            project: process.number("pr_projid", |info| info.project())?,
            task: process.number("pr_taskid", |info| info.task())?,
            // A process of the kernel is in no contract.
            contract: u32::try_from(info.contract()).ok().filter(|contract| *contract > 0),
        })
    }

    fn terminal(process: &Handle<'_>) -> Result<Option<PathBuf>> {
        if process.info()?.terminal().is_none() {
            return Ok(None);
        }
        // No call names a device by its number. The terminal most likely is among these descriptors, as in pfiles(1).
        for descriptor in [0, 1, 2, 255] {
            match process.source.link(process.path(&format!("path/{descriptor}"))) {
                Ok(path) if is_terminal(&path) => return Ok(Some(path.into())),
                Ok(_) => {}
                Err(error) if error.errno() == Some(ENOENT) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn cwd(process: &Handle<'_>) -> Result<PathBuf> {
        process.info()?;
        match process.source.link(process.path("path/cwd")) {
            Ok(path) => Ok(path.into()),
            // The kernel does not know the path of a directory that was renamed or removed.
            Err(error) if error.errno() == Some(ENOENT) && Self::status(process)? != ProcessStatus::Zombie => {
                Ok(PathBuf::new())
            }
            Err(error) => Err(error),
        }
    }

    fn nice(process: &Handle<'_>) -> Result<i32> {
        let thread = process.thread()?;
        match thread.class() {
            // Classes without a nice value; ps(1) prints the class instead.
            b"SYS" | b"RT" | b"SDC" => Err(Error::unsupported("nice of a process of a system or real-time class")),
            _ => Ok(i32::from(thread.nice()) - NICE_ZERO),
        }
    }

    fn cpu_num(process: &Handle<'_>) -> Result<u32> {
        process.named("psinfo", unsigned(process.thread()?.cpu(), "pr_onpro"))
    }

    fn num_threads(process: &Handle<'_>) -> Result<u64> {
        process.number("pr_nlwp", |info| info.threads()).map(u64::from)
    }

    /// One file holds the times of all threads. A copied tree may hold only the file of each.
    fn threads(process: &Handle<'_>) -> Result<Vec<Thread>> {
        let read = |usage: psoxide_parse::Result<Usage<'_>>| {
            let usage = usage?;
            let id = unsigned(usage.lwp(), "pr_lwpid")?;
            Ok(Thread { id, user_time: usage.user()?, system_time: usage.system()? })
        };
        let all = process.file("lusage", |bytes, model| thread::usages(bytes, model)?.map(read).collect());
        if !all.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotCaptured) {
            return all;
        }
        let Ok(threads) = process.source.numbers(process.path("lwp")) else { return all };
        let file = |lwp: u32| format!("lwp/{lwp}/lwpusage");
        threads.into_iter().map(|lwp| process.file(&file(lwp), |bytes, model| read(Usage::new(bytes, model)))).collect()
    }

    fn num_ctx_switches(process: &Handle<'_>) -> Result<CtxSwitches> {
        let usage = process.usage()?;
        Ok(CtxSwitches { voluntary: usage.voluntary(), involuntary: Some(usage.involuntary()) })
    }

    fn page_faults(process: &Handle<'_>) -> Result<PageFaults> {
        let usage = process.usage()?;
        Ok(PageFaults { minor: usage.minor_faults(), major: usage.major_faults() })
    }

    fn num_fds(process: &Handle<'_>) -> Result<u64> {
        process.info()?;
        let descriptors = process.source.numbers(process.path("fd"))?;
        Ok(descriptors.iter().fold(0, |count, _| count + 1))
    }

    fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
        process.info()?;
        let mut files = Vec::new();
        for descriptor in process.source.numbers(process.path("fd"))? {
            // The file behind the descriptor itself is asked, not what its path leads to today.
            let mode = process.source.read(&Question::Mode(process.path(&format!("fd/{descriptor}"))), |bytes| {
                let digits = std::str::from_utf8(bytes).unwrap_or_default().trim();
                u32::from_str_radix(digits, 8).map_err(|_| ParseError::malformed("st_mode", bytes))
            });
            match mode {
                Ok(mode) if mode & TYPE == REGULAR => {}
                Ok(_) => continue,
                // It was closed meanwhile.
                Err(error) if error.errno() == Some(ENOENT) => continue,
                Err(error) => return Err(error),
            }
            match process.source.link(process.path(&format!("path/{descriptor}"))) {
                Ok(path) => {
                    let fd = i32::try_from(descriptor).ok();
                    files.push(OpenFile { path: path.into(), fd, ..OpenFile::default() });
                }
                // The kernel does not know the path of a file that was renamed or removed.
                Err(error) if error.errno() == Some(ENOENT) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(files)
    }

    fn net_connections(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        process.info()?;
        net::of_process(process, kind)
    }

    fn memory_maps(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
        let regions = match process.status() {
            Ok(status) => Some(status.regions()),
            // A copied tree may hold the mappings alone.
            Err(error) if error.kind() == ErrorKind::NotCaptured => None,
            Err(error) => return Err(error),
        };
        let mut maps = match process.file("xmap", |bytes, model| {
            let read = |map: psoxide_parse::Result<mapping::Resident<'_>>| {
                let map = map?;
                let page = u64::from(unsigned(map.page_size(), "pr_pagesize")?);
                let bytes = |pages: u64| Some(pages.saturating_mul(page));
                Ok(MemoryMap {
                    rss: bytes(map.resident()),
                    anonymous: bytes(map.anonymous()),
                    locked: bytes(map.locked()),
                    ..memory_map((map.start(), map.size()), map.flags(), map.name(), regions)
                })
            };
            mapping::residents(bytes, model).map(read).collect::<psoxide_parse::Result<Vec<_>>>()
        }) {
            // The smaller file lacks what is resident. A copied tree may hold it alone.
            Err(error) if error.kind() == ErrorKind::NotCaptured => process.file("map", |bytes, model| {
                let read = |map: psoxide_parse::Result<mapping::Mapping<'_>>| {
                    map.map(|map| memory_map((map.start(), map.size()), map.flags(), map.name(), regions))
                };
                mapping::mappings(bytes, model).map(read).collect::<psoxide_parse::Result<Vec<_>>>()
            }),
            maps => maps,
        }?;
        // A name such as `a.out` or `zfs.4310002.65538.9` is of a link beside those of the descriptors.
        let mut paths: HashMap<PathBuf, PathBuf> = HashMap::new();
        for map in maps.iter_mut().filter(|map| !map.path.to_string_lossy().starts_with('[')) {
            if !paths.contains_key(&map.path) {
                let link = process.path(&format!("path/{}", map.path.display()));
                let path = match process.source.link(link.clone()) {
                    Ok(path) => path.into(),
                    Err(error) if error.errno() == Some(ENOENT) => PathBuf::from(link),
                    Err(error) => return Err(error),
                };
                paths.insert(map.path.clone(), path);
            }
            if let Some(path) = paths.get(&map.path) {
                map.path.clone_from(path);
            }
        }
        Ok(maps)
    }

    /// The data model, as isainfo(1) names it: `32-bit` or `64-bit`.
    fn abi(process: &Handle<'_>) -> Result<OsString> {
        match process.info()?.model() {
            Some(Model::Ilp32) => Ok("32-bit".into()),
            Some(Model::Lp64) => Ok("64-bit".into()),
            None => Err(Error::unsupported("the data model of a process without a program")),
        }
    }
}

/// A mapping without its pages.
fn memory_map((start, size): (u64, u64), flags: i32, name: &[u8], regions: Option<Regions>) -> MemoryMap {
    MemoryMap {
        start,
        end: start.saturating_add(size),
        perms: mapping::rights(flags),
        path: match name {
            b"" => mapping::purpose(flags, start, size, regions).into(),
            name => text(name).into(),
        },
        ..MemoryMap::default()
    }
}

/// Whether an error says that the memory of a process is out of reach: refused, too wide for this reader, or not copied.
fn is_no_memory(error: &Error) -> bool {
    error.is_access_denied() || error.is_unsupported() || error.kind() == ErrorKind::NotCaptured
}

/// `cred` of this very process, which the kernel shows to the owner.
fn credentials<'a>(process: &'a Handle<'_>) -> Result<Credentials<'a>> {
    let bytes = process.cell(&process.cache.credentials, "cred")?;
    process.named("cred", Credentials::new(bytes))
}

/// Whether a path is of a terminal and not of `/dev/null`, say.
fn is_terminal(path: &std::ffi::OsStr) -> bool {
    let path = path.to_string_lossy();
    ["/dev/pts/", "/dev/term/", "/dev/console", "/dev/vt/", "/dev/zconsole", "/dev/tty"]
        .iter()
        .any(|place| path.starts_with(place))
}

/// The words of `pr_psargs`.
fn words(info: Info<'_>) -> Vec<OsString> {
    info.arguments().split(|byte| *byte == b' ').filter(|word| !word.is_empty()).map(text).collect()
}

/// What a process was started with: its memory from the pointers to the arguments on. Pointers and strings lie behind each
/// other on the first page of the stack, so one question answers all. `None` of a process without a program.
fn arguments<'a>(process: &'a Handle<'_>) -> Result<Option<Block<'a>>> {
    let info = process.info()?;
    let (Some(model), Ok(count)) = (info.model(), usize::try_from(info.argc())) else { return Ok(None) };
    if info.argv() == 0 {
        return Err(Error::unsupported("the memory of a process with 64 bits, as a program with 32 sees it"));
    }
    let bytes = cached(&process.cache.arguments, || process.memory(info.argv()))?;
    Ok(Some(Block { bytes, at: info.argv(), model, count, environment: info.envp() }))
}

/// A part of a process's memory that holds pointers to strings, and the strings.
struct Block<'a> {
    bytes: &'a [u8],
    at: u64,
    model: Model,
    count: usize,
    environment: u64,
}

impl<'a> Block<'a> {
    /// The arguments as the library shows them.
    fn texts(&self) -> Vec<OsString> {
        self.arguments().into_iter().map(text).collect()
    }

    /// The arguments. A program may have overwritten them with anything, so a pointer that leads elsewhere ends them.
    fn arguments(&self) -> Vec<&'a [u8]> {
        self.strings(self.at).take(self.count).collect()
    }

    /// The environment that the program was started with.
    fn environment(&self) -> Vec<&'a [u8]> {
        self.strings(self.environment).collect()
    }

    /// The strings that the pointers from `address` on lead to, up to a null pointer.
    fn strings(&self, address: u64) -> impl Iterator<Item = &'a [u8]> {
        let (bytes, at, model) = (self.bytes, self.at, self.model);
        let from = move |address: u64| bytes.get(usize::try_from(address.checked_sub(at)?).ok()?..);
        let mut pointers = from(address).unwrap_or_default();
        std::iter::from_fn(move || {
            let (pointer, rest) = match model {
                Model::Ilp32 => {
                    let (pointer, rest) = pointers.split_first_chunk()?;
                    (u64::from(u32::from_le_bytes(*pointer)), rest)
                }
                Model::Lp64 => {
                    let (pointer, rest) = pointers.split_first_chunk()?;
                    (u64::from_le_bytes(*pointer), rest)
                }
            };
            pointers = rest;
            from(pointer).and_then(|string| string.split(|byte| *byte == 0).next())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_by_their_pointers() {
        let at = 0x8000u64;
        // Two arguments, null, one variable, null, and the strings.
        let pointers = [at + 40, at + 44, 0, at + 46, 0].map(u64::to_le_bytes).concat();
        let bytes = [&pointers[..], b"cat\0x\0A=1\0"].concat();
        let block = Block { bytes: &bytes, at, model: Model::Lp64, count: 2, environment: at + 24 };
        assert_eq!((block.arguments(), block.environment()), (vec![&b"cat"[..], b"x"], vec![&b"A=1"[..]]));
        let wild = [u64::MAX, 3].map(u64::to_le_bytes).concat();
        let block = Block { bytes: &wild, at, model: Model::Lp64, count: 2, environment: at - 1 };
        assert_eq!((block.arguments(), block.environment()), (vec![], vec![]));
        let small = [&0x8008u32.to_le_bytes()[..], &[0; 4], b"sh"].concat();
        let block = Block { bytes: &small, at, model: Model::Ilp32, count: 5, environment: 0 };
        assert_eq!(block.arguments(), [b"sh"]);
    }
}
