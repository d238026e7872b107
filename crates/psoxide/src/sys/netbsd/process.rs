//! Processes: `kern.proc2`, and what the kernel returns about one process.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use psoxide_parse::bsd::interface::Interfaces;
use psoxide_parse::bsd::process::stat;
use psoxide_parse::bsd::{args, counters};
use psoxide_parse::netbsd::file::{self, File, kind};
use psoxide_parse::netbsd::process::{self, Process};
use psoxide_parse::netbsd::thread;
use psoxide_parse::netbsd::vmentry::{self, flag};

use super::abi::{
    ALL, ARGV, BY_PID, CWD, ENV, FILE, FILES_BY_PID, HARD, LIMIT, MAPPING, PATHNAME, PROCESS, SOFT, THREAD,
};
use super::{Netbsd, sockets};
use crate::sys::bsd::machine::readable;
use crate::sys::netbsdlike::machine::{Machine, path, text};
use crate::sys::netbsdlike::process::permissions;
use crate::sys::netbsdlike::question::{Question, number};
use crate::sys::netbsdlike::record::{Name, Record, UNKNOWN_START, pid, status};
use crate::sys::netbsdlike::{Handle, NetbsdLike};
use crate::{
    Connection, ConnectionKind, Error, Limit, MemoryMap, OpenFile, Os, Pid, ProcessStatus, Resource, Result,
    ThreadDetails,
};

impl NetbsdLike for Netbsd {
    const OS: Os = Os::Netbsd;

    const INTERFACES: Interfaces = psoxide_parse::netbsd::interface::INTERFACES;

    /// The kernel keeps the time at which a process started, and never computes it again.
    const STAMP_ERROR: u64 = 0;

    fn records(machine: &Machine) -> Result<Vec<Record>> {
        read(machine, ALL, 0)
    }

    fn record(machine: &Machine, pid: Pid, _: Option<u64>) -> Result<Option<Record>> {
        // Of a pid that nobody has, the kernel returns no element.
        Ok(read(machine, BY_PID, number(pid))?.pop())
    }

    fn boot_time(machine: &Machine) -> Result<Duration> {
        machine.read(&Question::sysctl("kern.boottime"), |bytes| counters::timespec(bytes, "kern.boottime"))
    }

    fn since_boot_of(machine: &Machine, stamp: u64) -> Result<Duration> {
        Ok(Duration::from_micros(stamp).saturating_sub(Self::boot_time(machine)?))
    }

    fn sockets(machine: &Machine, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_all(machine, kind)
    }

    fn exe(process: &Handle<'_, Self>) -> Result<PathBuf> {
        // Process 0 is the kernel, which has no file: ENOENT.
        Ok(path(&ask(process, PATHNAME)?))
    }

    fn cmdline(process: &Handle<'_, Self>) -> Result<Vec<OsString>> {
        Ok(args::strings(&arguments(process, ARGV)?).into_iter().map(text).collect())
    }

    fn environ(process: &Handle<'_, Self>) -> Result<Vec<(OsString, OsString)>> {
        let variables = args::variables(&args::strings(&arguments(process, ENV)?));
        Ok(variables.iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    fn cwd(process: &Handle<'_, Self>) -> Result<PathBuf> {
        Ok(path(&ask(process, CWD)?))
    }

    fn num_threads(process: &Handle<'_, Self>) -> Result<u64> {
        process.record()?.threads.ok_or_else(|| Error::unsupported("num_threads"))
    }

    fn threads(process: &Handle<'_, Self>) -> Result<Vec<ThreadDetails>> {
        let question = Question::table("kern.lwp", &[number(process.pid), THREAD]);
        let answer = process.answer(question)?;
        let mut threads = Vec::new();
        for thread in thread::threads(&answer.bytes, size(THREAD)) {
            let thread = answer.named(thread)?;
            if !matches!(thread.stat(), stat::IDL | stat::ZOMB) {
                threads.push(ThreadDetails {
                    id: answer.named(pid(thread.lid(), "l_lid"))?.into(),
                    name: text(thread.name()),
                    status: status(thread.stat()),
                    user_time: thread.run_time(),
                    system_time: Duration::ZERO,
                    started: None,
                    nice: None,
                    cpu_num: u32::try_from(thread.cpuid()).ok(),
                });
            }
        }
        Ok(threads)
    }

    fn num_fds(process: &Handle<'_, Self>) -> Result<u64> {
        each_file(process, |_| Some(())).map(|files| files.len() as u64)
    }

    /// The kernel does not return the paths of open files. They are empty, as in psutil.
    fn open_files(process: &Handle<'_, Self>) -> Result<Vec<OpenFile>> {
        each_file(process, |file| {
            let is_regular = file.kind() == kind::VNODE && file.vnode_type() == file::REGULAR;
            is_regular.then(|| OpenFile { fd: Some(file.fd()), ..OpenFile::default() })
        })
    }

    fn net_connections(process: &Handle<'_, Self>, kind: ConnectionKind) -> Result<Vec<Connection>> {
        sockets::of_process(process, kind)
    }

    fn memory_maps(process: &Handle<'_, Self>) -> Result<Vec<MemoryMap>> {
        let answer = process.answer(mappings_of(process.pid))?;
        let mappings = vmentry::mappings(&answer.bytes, size(MAPPING)).map(|mapping| {
            let mapping = answer.named(mapping)?;
            Ok(MemoryMap {
                start: mapping.start(),
                end: mapping.end(),
                perms: permissions(mapping.protection(), mapping.flags() & flag::COW != 0),
                path: path(mapping.path()),
                size: Some(mapping.end().saturating_sub(mapping.start())),
                ref_count: Some(mapping.ref_count().into()),
                ..MemoryMap::default()
            })
        });
        mappings.collect()
    }

    fn rlimit(process: &Handle<'_, Self>, resource: Resource) -> Result<Limit> {
        let resource = resource_number(resource).ok_or_else(|| Error::unsupported("rlimit"))?;
        let read = |which| {
            // The nodes of limits are numbered from 1.
            let args = [number(process.pid), LIMIT, resource + 1, which];
            let limit = process.read(&Question::sysctl_of("proc", &args), |bytes| counters::number(bytes, "rlim_t"))?;
            // RLIM_INFINITY
            Ok::<_, Error>((limit != i64::MAX.unsigned_abs()).then_some(limit))
        };
        Ok(Limit { soft: read(SOFT)?, hard: read(HARD)? })
    }
}

/// The size of an element.
const fn size(of: i32) -> usize {
    of.unsigned_abs() as usize
}

fn read(machine: &Machine, operation: i32, of: i32) -> Result<Vec<Record>> {
    machine.read(&Question::table("kern.proc2", &[operation, of, PROCESS]), |bytes| {
        readable(process::processes(bytes, size(PROCESS)).map(|process| record(process?)))
    })
}

fn record(process: Process<'_>) -> psoxide_parse::Result<Record> {
    let started = process.started();
    let stamp = started.and_then(|started| u64::try_from(started.as_micros()).ok());
    Ok(Record {
        pid: pid(process.pid(), "p_pid")?,
        name: Name::new(process.comm()),
        // The state of the process or, while it is active, of its representative thread.
        status: if process.is_zombie() { ProcessStatus::Zombie } else { status(process.stat()) },
        stamp: stamp.unwrap_or(UNKNOWN_START),
        started,
        vms: process.msize(),
        cpu: u32::try_from(process.cpuid()).ok(),
        threads: Some(process.nlwps()),
        is_kernel: process.pid() == 0,
        common: process.common(),
    })
}

/// Asks for the arguments or the environment of a process.
fn arguments(process: &Handle<'_, Netbsd>, what: i32) -> Result<Vec<u8>> {
    if process.has_arguments()? { ask(process, what) } else { Ok(Vec::new()) }
}

/// Asks for the arguments of a process, or the like. A part of the kernel has none.
///
/// The kernel answers EINVAL for a zombie, for process 0 and for a pid that nobody has alike.
fn ask(process: &Handle<'_, Netbsd>, what: i32) -> Result<Vec<u8>> {
    let question = Question::sysctl_of("kern.proc_args", &[number(process.pid), what]);
    process.ask(&question).or_else(|error| process.excuse(error).map(|()| Vec::new()))
}

/// Asks for the mappings of a process. Unlike other tables, the node takes no number of elements: with one the kernel answers
/// EINVAL.
fn mappings_of(pid: Pid) -> Question {
    Question::sysctl_of("vm.proc.map", &[number(pid), MAPPING])
}

/// Calls `each` with every open file of a process, and keeps what it returns. A zombie has none.
fn each_file<T>(process: &Handle<'_, Netbsd>, each: impl Fn(&File<'_>) -> Option<T>) -> Result<Vec<T>> {
    let answer = process.answer(Question::table("kern.file2", &[FILES_BY_PID, number(process.pid), FILE]))?;
    let mut found = Vec::new();
    for file in file::files(&answer.bytes, size(FILE)) {
        let file = answer.named(file)?;
        // Asked for process 0, the kernel returns the files of all.
        if file.pid() == process.pid {
            found.extend(each(&file));
        }
    }
    Ok(found)
}

/// The number of a resource in sys/resource.h; `None` if NetBSD does not have it.
const fn resource_number(resource: Resource) -> Option<i32> {
    Some(match resource {
        Resource::Cpu => 0,
        Resource::Fsize => 1,
        Resource::Data => 2,
        Resource::Stack => 3,
        Resource::Core => 4,
        Resource::Rss => 5,
        Resource::Memlock => 6,
        Resource::Nproc => 7,
        Resource::Nofile => 8,
        Resource::Sbsize => 9,
        Resource::As => 10,
        Resource::Nthr => 11,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_asked_for_without_their_number() {
        let question = mappings_of(7);
        assert_eq!(question.to_string(), "sysctl vm.proc.map.7.1128");
        assert!(matches!(question, Question::Sysctl { counted: false, .. }));
    }
}
