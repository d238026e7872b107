//! Reads one process: through its handle, from its own memory, and from its entry in the process table.
//!
//! A single reading uses the handle, which is cheap, and falls back to the table if the handle is refused. If several
//! readings of a process follow, or many processes are read, they all use one table.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use psoxide_parse::windows::process::{self as handle, long_number, number};
use psoxide_parse::windows::{machine, peb};

use super::abi::{GEN_FAILURE, INVALID_PARAMETER, LOCAL_SYSTEM, access};
use super::calls::{Aspect, InformationClass, Question};
use super::handle::{SYSTEM_PROCESSES, cached};
use super::source::{Devices, answered, moment, span, text, text_of, texts_of};
use super::table::{self, Table};
use super::{Handle, Source, Windows, cpu, groups, net, pages, users};
use crate::sys::{Parentage, ProcessReadings, SystemReadings};
use crate::{
    Connection, ConnectionKind, CtxSwitches, Error, ErrorKind, HostInfo, IoCounters, IoPriority, MemoryDetails,
    MemoryFootprint, MemoryInfo, MemoryMap, OpenFile, Os, PageFaults, Pid, ProcessCpuTimes, ProcessStatus, Result,
    Thread,
};

impl SystemReadings for Windows {
    fn boot_time(source: &Source) -> Result<SystemTime> {
        moment(source.time_of_day()?.boot)
    }

    fn host_info(source: &Source) -> Result<HostInfo> {
        let version = source.read(&Question::Version, machine::version)?;
        let release = format!("{}.{}.{}", version.major, version.minor, version.build);
        let architecture = source.read(&Question::Hardware, machine::architecture)?;
        Ok(HostInfo {
            hostname: text_of(&source.ask(&Question::ComputerName)?).to_string_lossy().into_owned(),
            system: Os::Windows.name().to_owned(),
            version: format!("{release} {}", String::from_utf16_lossy(&version.service_pack)).trim_end().to_owned(),
            release,
            // PROCESSOR_ARCHITECTURE_AMD64 and others of winnt.h, in the spelling of the environment variable.
            machine: match architecture {
                0 => Some("x86".to_owned()),
                5 => Some("ARM".to_owned()),
                9 => Some("AMD64".to_owned()),
                12 => Some("ARM64".to_owned()),
                _ => None,
            },
        })
    }

    fn uptime(source: &Source) -> Result<Duration> {
        Ok(Duration::from_millis(source.read(&Question::TickCount, |bytes| long_number(bytes, "ticks"))?))
    }

    fn pids(source: &Source) -> Result<Vec<Pid>> {
        Ok(Table::read(source)?.pids())
    }

    fn parentage(source: &Source, _: Pid, _: bool) -> Result<Vec<Parentage>> {
        Ok(Table::read(source)?.parentage())
    }

    fn pid_exists(source: &Source, pid: Pid) -> Result<bool> {
        Ok(Table::read(source)?.get(pid).is_some())
    }
}

impl ProcessReadings for Windows {
    fn start(process: &Handle<'_>) -> Result<u64> {
        process.dual(|opened| Ok(opened.times.create), |entry| entry.create_time)
    }

    fn since_boot(source: &Source, start: u64) -> Result<Duration> {
        // The system's own processes have no creation time.
        Ok(span(start.saturating_sub(source.time_of_day()?.boot)))
    }

    fn ppid(process: &Handle<'_>) -> Result<Pid> {
        Ok(process.entry()?.ppid)
    }

    fn name(process: &Handle<'_>) -> Result<OsString> {
        Ok(table::name(process.entry()?))
    }

    fn comm(process: &Handle<'_>) -> Result<OsString> {
        Self::name(process)
    }

    fn exe(process: &Handle<'_>) -> Result<PathBuf> {
        if SYSTEM_PROCESSES.contains(&process.pid) {
            process.entry()?;
            return Ok(PathBuf::new());
        }
        match process.ask_limited(Aspect::ImageName) {
            // Everybody may read the image name by pid. A process without a file, such as Registry, has only that name.
            Err(error) if error.is_access_denied() || error.errno() == Some(GEN_FAILURE) => {
                let name = answered(process.source.ask(&Question::ImageName(process.pid)))?.ok_or(error)?;
                Devices::new(process.source).plain(text_of(&name))
            }
            name => Ok(text_of(&name?).into()),
        }
    }

    fn cmdline(process: &Handle<'_>) -> Result<Vec<OsString>> {
        let line = match process.ask_limited(Aspect::Information(InformationClass::CommandLine)) {
            Ok(bytes) if !SYSTEM_PROCESSES.contains(&process.pid) => Some(peb::counted_text(&bytes)?),
            Err(error) if error.is_no_such_process() || error.kind() == ErrorKind::NotCaptured => return Err(error),
            // Before Windows 8.1, only the process's own memory holds the command line.
            _ => process.memory_text(|parameters| parameters.command_line)?,
        };
        Ok(peb::arguments(&line.unwrap_or_default()).iter().map(|argument| text(argument)).collect())
    }

    fn status(process: &Handle<'_>) -> Result<ProcessStatus> {
        let threads = &process.entry()?.threads;
        let suspended = !threads.is_empty() && threads.iter().all(|thread| thread.is_suspended());
        Ok(if suspended { ProcessStatus::Suspended } else { ProcessStatus::Running })
    }

    fn username(process: &Handle<'_>) -> Result<OsString> {
        let identifier = if SYSTEM_PROCESSES.contains(&process.pid) {
            process.entry()?;
            LOCAL_SYSTEM.to_vec()
        } else {
            process.ask_limited(Aspect::User)?
        };
        process.cache.pass.account(identifier, |identifier| users::account(process.source, identifier))
    }

    fn create_time(process: &Handle<'_>) -> Result<SystemTime> {
        match process.start.map_or_else(|| Self::start(process), Ok)? {
            0 => moment(*cached(&process.cache.pass.boot, || Ok(process.source.time_of_day()?.boot))?),
            start => moment(start),
        }
    }

    fn cwd(process: &Handle<'_>) -> Result<PathBuf> {
        // A process without memory of its own has no working directory.
        let refused = || Error::io(std::io::ErrorKind::PermissionDenied);
        let cwd = process.memory_text(|parameters| parameters.cwd)?.ok_or_else(refused)?;
        // The process stores the path with a trailing backslash, which only the root of a drive needs.
        const COLON: u16 = b':' as u16;
        const BACKSLASH: u16 = b'\\' as u16;
        Ok(match cwd.as_slice() {
            [path @ .., before, BACKSLASH] if *before != COLON => text(&[path, &[*before]].concat()),
            path => text(path),
        }
        .into())
    }

    fn environ(process: &Handle<'_>) -> Result<Vec<(OsString, OsString)>> {
        // No version of Windows stores the length of the environment. It ends before its memory region does.
        let block = process
            .memory(|opened, parameters| process.ask(opened, Aspect::Environment(parameters.environment)))?
            .unwrap_or_default();
        Ok(peb::environment(&block).iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    fn nice(process: &Handle<'_>) -> Result<i32> {
        let class = number(&process.ask_limited(Aspect::PriorityClass)?, "priority_class")?;
        i32::try_from(class).map_err(|_| Error::out_of_range("priority_class", class))
    }

    fn num_threads(process: &Handle<'_>) -> Result<u64> {
        Ok(process.entry()?.threads.len() as u64)
    }

    fn num_ctx_switches(process: &Handle<'_>) -> Result<CtxSwitches> {
        let threads = process.entry()?.threads.iter();
        Ok(CtxSwitches { voluntary: threads.map(|thread| u64::from(thread.context_switches)).sum(), involuntary: None })
    }

    fn threads(process: &Handle<'_>) -> Result<Vec<Thread>> {
        let threads = process.entry()?.threads.iter().map(|thread| Thread {
            id: thread.id,
            user_time: span(thread.user_time),
            system_time: span(thread.kernel_time),
        });
        let mut threads: Vec<Thread> = threads.collect();
        threads.sort_unstable_by_key(|thread| thread.id);
        Ok(threads)
    }

    fn cpu_times(process: &Handle<'_>) -> Result<ProcessCpuTimes> {
        let times = |user, system| ProcessCpuTimes { user: span(user), system: span(system), ..Default::default() };
        process.dual(
            |opened| Ok(times(opened.times.user, opened.times.kernel)),
            |entry| times(entry.user_time, entry.kernel_time),
        )
    }

    fn memory_info(process: &Handle<'_>) -> Result<MemoryInfo> {
        let info = |rss, vms| MemoryInfo { rss, vms, ..MemoryInfo::default() };
        process.dual(
            |opened| {
                let memory = handle::memory(&process.ask(opened, Aspect::Memory)?)?;
                Ok(info(memory.working_set, memory.pagefile))
            },
            |entry| info(entry.working_set, entry.pagefile),
        )
    }

    fn memory_details(process: &Handle<'_>) -> Result<MemoryDetails> {
        let entry = process.entry()?;
        Ok(MemoryDetails {
            peak_rss: Some(entry.peak_working_set),
            peak_vms: Some(entry.peak_pagefile),
            virtual_size: Some(entry.virtual_size),
            peak_virtual_size: Some(entry.peak_virtual_size),
            paged_pool: Some(entry.paged_pool),
            nonpaged_pool: Some(entry.nonpaged_pool),
            peak_paged_pool: Some(entry.peak_paged_pool),
            peak_nonpaged_pool: Some(entry.peak_nonpaged_pool),
            private_bytes: Some(entry.private),
            ..MemoryDetails::default()
        })
    }

    fn page_faults(process: &Handle<'_>) -> Result<PageFaults> {
        let entry = process.entry()?;
        Ok(PageFaults {
            minor: entry.page_faults.saturating_sub(entry.hard_faults).into(),
            major: entry.hard_faults.into(),
        })
    }

    fn open_files(process: &Handle<'_>) -> Result<Vec<OpenFile>> {
        if SYSTEM_PROCESSES.contains(&process.pid) {
            // The kernel's own processes have no file handles.
            process.entry()?;
            return Ok(Vec::new());
        }
        let opened = process.open(access::DUP_HANDLE)?;
        let mut files: Vec<OpenFile> = Vec::new();
        for path in texts_of(&process.ask(&opened, Aspect::Files)?) {
            let path = without_prefix(&path.to_string_lossy()).map_or_else(|| PathBuf::from(&path), PathBuf::from);
            if files.iter().all(|known| known.path != path) {
                files.push(OpenFile { path, ..OpenFile::default() });
            }
        }
        Ok(files)
    }

    fn net_connections(process: &Handle<'_>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        Self::start(process)?;
        net::connections(process.source, kind, Some(process.pid))
    }

    fn memory_footprint(process: &Handle<'_>) -> Result<MemoryFootprint> {
        pages::footprint(process)
    }

    fn memory_maps(process: &Handle<'_>) -> Result<Vec<MemoryMap>> {
        pages::maps(process)
    }

    fn io_counters(process: &Handle<'_>) -> Result<IoCounters> {
        let counters = |read_count, write_count, read_bytes, write_bytes, others, other_bytes| IoCounters {
            read_count: Some(read_count),
            write_count: Some(write_count),
            read_bytes: Some(read_bytes),
            write_bytes: Some(write_bytes),
            other_count: Some(others),
            other_bytes: Some(other_bytes),
            ..IoCounters::default()
        };
        process.dual(
            |opened| {
                let io = handle::io_counters(&process.ask(opened, Aspect::IoCounters)?)?;
                Ok(counters(io.reads, io.writes, io.read_bytes, io.write_bytes, io.others, io.other_bytes))
            },
            |e| counters(e.reads, e.writes, e.read_bytes, e.write_bytes, e.others, e.other_bytes),
        )
    }

    fn num_handles(process: &Handle<'_>) -> Result<u64> {
        process.dual(
            |opened| Ok(number(&process.ask(opened, Aspect::HandleCount)?, "handles")?.into()),
            |entry| entry.handles.into(),
        )
    }

    fn cpu_affinity(process: &Handle<'_>) -> Result<Vec<u32>> {
        let opened = process.limited()?;
        groups::cpus(&process.groups(opened)?, &cpu::topology(process.source)?.groups, || {
            Ok(long_number(&process.ask(opened, Aspect::Affinity)?, "affinity")?)
        })
    }

    fn ionice(process: &Handle<'_>) -> Result<IoPriority> {
        let answer = process.ask_limited(Aspect::Information(InformationClass::IoPriority));
        let answer = answer.map_err(|error| match error.errno() {
            // Wine lacks this class of information.
            Some(INVALID_PARAMETER) => Error::unsupported("ionice"),
            _ => error,
        })?;
        let number = number(&answer, "ioclass")?;
        let class = usize::try_from(number).ok().and_then(|number| Os::Windows.io_classes().get(number)).copied();
        let class = class.ok_or_else(|| Error::out_of_range("ioclass", number))?;
        Ok(IoPriority { class, value: None })
    }
}

/// Converts `\\?\C:\x` to `C:\x`, and `\\?\UNC\server\x` to `\\server\x`. Returns `None` for any other path.
fn without_prefix(path: &str) -> Option<String> {
    match (path.strip_prefix(r"\\?\UNC\"), path.strip_prefix(r"\\?\")) {
        (Some(share), _) => Some(format!(r"\\{share}")),
        (None, plain) => plain.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::without_prefix;

    #[test]
    fn paths_of_files_lose_their_prefix() {
        assert_eq!(without_prefix(r"\\?\C:\x").as_deref(), Some(r"C:\x"));
        assert_eq!(without_prefix(r"\\?\UNC\server\x").as_deref(), Some(r"\\server\x"));
        assert_eq!(without_prefix(r"C:\x"), None);
    }
}
