//! Processes: `kern.proc`, and what the kernel returns about one process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use psoxide_parse::bsd::args;
use psoxide_parse::bsd::interface::Interfaces;
use psoxide_parse::openbsd::file::{self, File, kind};
use psoxide_parse::openbsd::process::{self, Process, psflag};
use psoxide_parse::openbsd::vmentry::{self, kind as entry};

use super::abi::{ALL, ARGV, BY_PID, ENV, FILE, FILES_BY_PID, PROCESS, WITH_THREADS};
use super::{Openbsd, sockets};
use crate::sys::ProcessReadings as _;
use crate::sys::bsd::machine::{parsed, readable, stamp_of};
use crate::sys::netbsdlike::machine::{Machine, path, text};
use crate::sys::netbsdlike::process::permissions;
use crate::sys::netbsdlike::question::{Question, number};
use crate::sys::netbsdlike::record::{Name, Record, UNKNOWN_START, pid, status};
use crate::sys::netbsdlike::{Handle, NetbsdLike};
use crate::{
    Connection, ConnectionKind, Error, Limit, MemoryMap, OpenFile, Os, Pid, ProcessStatus, Resource, Result,
    ThreadDetails,
};

impl NetbsdLike for Openbsd {
    const OS: Os = Os::Openbsd;

    const INTERFACES: Interfaces = psoxide_parse::openbsd::interface::INTERFACES;

    /// The kernel keeps the time since the boot at which a process started, adds the boot time, and cuts the sum to
    /// microseconds. The boot time that is taken off again is cut too.
    const STAMP_ERROR: u64 = 1;

    /// As in psutil, processes of the kernel are left out, but not process 0.
    fn records(machine: &Machine) -> Result<Vec<Record>> {
        let mut records = read(machine, ALL, 0)?;
        let kernel = records.iter().find(|record| record.pid == 0);
        let boot = machine.boot_of(kernel.and_then(|kernel| kernel.started))?;
        records.retain(|record| !record.is_kernel || record.pid == 0);
        for record in &mut records {
            record.stamp = record.started.map_or(UNKNOWN_START, |started| stamp_of(started, boot));
        }
        Ok(records)
    }

    fn record(machine: &Machine, pid: Pid, expected: Option<u64>) -> Result<Option<Record>> {
        let record = match read(machine, BY_PID, number(pid)) {
            Ok(mut records) => records.pop(),
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(error),
        };
        let Some(mut record) = record else { return Ok(None) };
        if let Some(started) = record.started {
            record.stamp = machine.stamp(started, expected, Self::STAMP_ERROR)?;
        }
        Ok(Some(record))
    }

    fn boot_time(machine: &Machine) -> Result<Duration> {
        machine.boot()
    }

    fn since_boot_of(_: &Machine, stamp: u64) -> Result<Duration> {
        Ok(Duration::from_micros(stamp))
    }

    fn sockets(machine: &Machine, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_all(machine, kind)
    }

    /// The kernel does not return the executable. As in psutil, it is a guess: the first argument, searched for as a
    /// shell does.
    fn exe(process: &Handle<'_, Self>) -> Result<PathBuf> {
        let Some(program) = <Self as NetbsdLike>::cmdline(process)?.into_iter().next().filter(|name| !name.is_empty())
        else {
            return Ok(PathBuf::new());
        };
        let folders = if Path::new(&program).components().count() > 1 { vec![PathBuf::new()] } else { search_path() };
        for folder in folders {
            let candidate = folder.join(&program);
            match process.source.ask(&Question::call_of("access", &candidate)) {
                Ok(_) => return Ok(candidate),
                Err(error) if error.kind() == crate::ErrorKind::NotCaptured => return Err(error),
                Err(_) => {}
            }
        }
        Ok(PathBuf::new())
    }

    fn cmdline(process: &Handle<'_, Self>) -> Result<Vec<OsString>> {
        let answer = arguments(process, ARGV)?;
        Ok(args::vector(&answer).into_iter().map(text).collect())
    }

    fn environ(process: &Handle<'_, Self>) -> Result<Vec<(OsString, OsString)>> {
        let answer = arguments(process, ENV)?;
        let variables = args::variables(&args::vector(&answer));
        Ok(variables.iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    fn cwd(process: &Handle<'_, Self>) -> Result<PathBuf> {
        match ask(process, Question::sysctl_of("kern.proc_cwd", &[number(process.pid)])) {
            Ok(answer) => Ok(path(&answer)),
            // The directory has been removed.
            Err(error) if error.errno() == Some(2) => Ok(PathBuf::new()),
            Err(error) => Err(error),
        }
    }

    fn num_threads(process: &Handle<'_, Self>) -> Result<u64> {
        Ok(Self::thread_details(process)?.len() as u64)
    }

    fn threads(process: &Handle<'_, Self>) -> Result<Vec<ThreadDetails>> {
        let question = Question::table("kern.proc", &[BY_PID | WITH_THREADS, number(process.pid), PROCESS]);
        let answer = process.answer(question)?;
        let mut threads = Vec::new();
        for thread in process::processes(&answer.bytes, size(PROCESS)) {
            let thread = answer.named(thread)?;
            // One record is of the whole process.
            if let Ok(id) = u64::try_from(thread.tid()) {
                threads.push(ThreadDetails {
                    id,
                    name: text(thread.thread_name()),
                    status: status(thread.stat()),
                    user_time: thread.user_time(),
                    system_time: thread.system_time(),
                    started: None,
                    nice: None,
                    cpu_num: u32::try_from(thread.cpuid()).ok(),
                });
            }
        }
        Ok(threads)
    }

    fn num_fds(process: &Handle<'_, Self>) -> Result<u64> {
        each_file(process, |file| Ok((file.fd() >= 0).then_some(()))).map(|files| files.len() as u64)
    }

    /// The kernel does not return the paths of open files. They are empty, as in psutil.
    fn open_files(process: &Handle<'_, Self>) -> Result<Vec<OpenFile>> {
        each_file(process, |file| {
            let is_regular = file.kind() == kind::VNODE && file.vnode_type() == file::REGULAR && file.fd() >= 0;
            Ok(is_regular.then(|| OpenFile { fd: Some(file.fd()), ..OpenFile::default() }))
        })
    }

    fn net_connections(process: &Handle<'_, Self>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        parsed(&files_question(process.pid), &files(process)?, |answer| sockets::sockets(answer, kind))
    }

    fn memory_maps(process: &Handle<'_, Self>) -> Result<Vec<MemoryMap>> {
        let question = Question::sysctl_of("kern.proc_vmmap", &[number(process.pid)]);
        let answer = ask(process, question.clone())?;
        let mut maps = Vec::new();
        for mapping in vmentry::mappings(&answer) {
            let mapping = parsed(&question, &[], |_| mapping)?;
            // The kernel also lists the holes between mappings.
            if mapping.end() > mapping.start() {
                let path = if mapping.kind() & entry::STACK != 0 { "[stack]" } else { "" };
                maps.push(MemoryMap {
                    start: mapping.start(),
                    end: mapping.end(),
                    perms: permissions(mapping.protection().cast_unsigned(), mapping.kind() & entry::COPYONWRITE != 0),
                    path: path.into(),
                    size: Some(mapping.end() - mapping.start()),
                    ..MemoryMap::default()
                });
            }
        }
        Ok(maps)
    }

    /// The kernel returns the limits of the calling process only.
    fn rlimit(_: &Handle<'_, Self>, _: Resource) -> Result<Limit> {
        Err(Error::unsupported("rlimit"))
    }
}

/// The size of an element.
const fn size(of: i32) -> usize {
    of.unsigned_abs() as usize
}

/// Where programs are looked for: the caller's `PATH`, else what the system has by default.
fn search_path() -> Vec<PathBuf> {
    const DEFAULT: &str = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/X11R6/bin:/usr/local/bin:/usr/local/sbin";
    let path = if cfg!(target_os = "openbsd") { std::env::var_os("PATH") } else { None };
    match path {
        Some(path) => std::env::split_paths(&path).collect(),
        None => DEFAULT.split(':').map(PathBuf::from).collect(),
    }
}

/// Reads processes. Their stamps are still unknown, as the records hold times on the wall clock.
fn read(machine: &Machine, operation: i32, of: i32) -> Result<Vec<Record>> {
    machine.read(&Question::table("kern.proc", &[operation, of, PROCESS]), |bytes| {
        readable(process::processes(bytes, size(PROCESS)).map(|process| record(process?)))
    })
}

fn record(process: Process<'_>) -> psoxide_parse::Result<Record> {
    Ok(Record {
        pid: pid(process.pid(), "p_pid")?,
        name: Name::new(process.comm()),
        status: if process.is_zombie() { ProcessStatus::Zombie } else { status(process.stat()) },
        stamp: UNKNOWN_START,
        started: process.started()?,
        // As ps(1) computes it.
        vms: i64::from(process.dsize()) + i64::from(process.ssize()) + i64::from(process.tsize()),
        cpu: u32::try_from(process.cpuid()).ok(),
        threads: None,
        is_kernel: process.psflags() & psflag::SYSTEM != 0,
        common: process.common(),
    })
}

/// Asks for the arguments or the environment of a process.
fn arguments(process: &Handle<'_, Openbsd>, what: i32) -> Result<Vec<u8>> {
    if !process.has_arguments()? {
        return Ok(Vec::new());
    }
    ask(process, Question::sysctl_of("kern.proc_args", &[number(process.pid), what]))
}

/// Asks about one process. A part of the kernel has nothing of what user processes have.
fn ask(process: &Handle<'_, Openbsd>, question: Question) -> Result<Vec<u8>> {
    process.ask(&question).or_else(|error| process.excuse(error).map(|()| Vec::new()))
}

/// Asks for the open files of a process, its program and its directories.
fn files(process: &Handle<'_, Openbsd>) -> Result<Vec<u8>> {
    ask(process, files_question(process.pid))
}

fn files_question(pid: Pid) -> Question {
    Question::table("kern.file", &[FILES_BY_PID, number(pid), FILE])
}

/// Calls `each` with every open file of a process, and keeps what it returns.
fn each_file<T>(
    process: &Handle<'_, Openbsd>,
    each: impl Fn(&File<'_>) -> psoxide_parse::Result<Option<T>>,
) -> Result<Vec<T>> {
    parsed(&files_question(process.pid), &files(process)?, |answer| {
        let mut found = Vec::new();
        for file in file::files(answer, size(FILE)) {
            found.extend(each(&file?)?);
        }
        Ok(found)
    })
}
