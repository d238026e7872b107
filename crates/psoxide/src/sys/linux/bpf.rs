//! Reads by BPF programs, which the crate `psoxide-bpf` loads. Each reading returns `None` if the caller did not choose
//! this backend, or if it is not available. /proc decides which processes exist.

pub(crate) use psoxide_bpf::{Answer, Record, Walked};
use psoxide_bpf::{Programs, Relative, Units};
use psoxide_parse::linux::stat;

use super::Source;
use super::bpf_paths::Paths;
use super::deleted::RegularFiles;
use super::dir::Dir;
use super::live::ffi;
use super::socket_fds::{DescribedSocket, SocketFd, SocketKind};
use crate::sys::Parentage;
use crate::{Backend, Pid, Result, Thread};

/// If a walk missed more processes than this, a listing of /proc completes it.
const MOST_MISSED: usize = 16;

/// An open file: its descriptor, its path, its position and its flags.
pub(super) type FileFound = (u32, Vec<u8>, (u64, u64));

/// Returns the programs if the caller chose this backend and /proc is that of this process's pid namespace.
fn chosen(source: &Source) -> Option<&Programs> {
    let kernel = source.live().filter(|kernel| kernel.backend() == Backend::Bpf)?;
    let programs = &kernel.bpf().programs;
    if !kernel.has_procfs() || !kernel.has_own_pids() {
        programs.unload();
        return None;
    }
    Some(programs)
}

/// Returns whether passes over many processes use walks.
pub(super) fn is_in_use(source: &Source) -> bool {
    chosen(source).is_some_and(|programs| programs.load().is_ok())
}

/// Returns why this backend is not in use although the caller chose it.
pub(super) fn refusal(source: &Source) -> Option<String> {
    source.live().filter(|kernel| kernel.backend() == Backend::Bpf)?;
    match chosen(source) {
        Some(programs) => programs.load().err(),
        None => Some(format!("{} is not the /proc of this pid namespace", source.procfs("").display())),
    }
}

/// Reads a record of most processes, by pid.
pub(super) fn processes(source: &Source, arguments: bool) -> Option<Walked> {
    chosen(source)?.processes(arguments)
}

/// Reads a record of one process.
pub(super) fn process(source: &Source, pid: Pid) -> Option<Answer> {
    chosen(source)?.process(pid)
}

/// Lists the pids of all processes in ascending order. `walk` has most of them, or none.
pub(super) fn pids(source: &Source, walk: &Walked) -> Result<Vec<Pid>> {
    all_pids(source, walk.threads())
}

/// Reads the parent of every process. Also returns the pids of processes that the walk missed.
pub(super) fn parentage(source: &Source) -> Option<(Vec<Parentage>, Vec<Pid>)> {
    let units = units(source);
    let parentage =
        |Relative { pid, ppid, start, .. }: Relative| Parentage { pid, start: Some(units.ticks(start)), ppid };
    let (walked, missed) = split(source, chosen(source)?.parents()?)?;
    Some((walked.into_iter().map(parentage).collect(), missed))
}

/// Reads the descriptors that are sockets. Also returns the pids of processes that the walk missed.
pub(super) fn socket_fds(source: &Source) -> Option<(Vec<SocketFd>, Vec<Pid>)> {
    let programs = chosen(source)?;
    let walked = programs.parents()?;
    let fds = programs.holders()?.into_iter();
    let fds = fds.map(|psoxide_bpf::SocketHolder { pid, fd, inode }| SocketFd { inode, pid, fd }).collect();
    Some((fds, split(source, walked)?.1))
}

/// Reads the sockets of a process in its own network namespace, by descriptor.
pub(super) fn sockets(source: &Source, pid: Pid) -> Option<Vec<DescribedSocket>> {
    let described = |psoxide_bpf::Socket { fd, inode, kind }| {
        let kind = match kind {
            psoxide_bpf::SocketKind::Tcp(socket) => SocketKind::Tcp(socket),
            psoxide_bpf::SocketKind::Udp(socket) => SocketKind::Udp(socket),
            psoxide_bpf::SocketKind::Unix => SocketKind::Unix,
            psoxide_bpf::SocketKind::Unlisted => SocketKind::Unlisted,
        };
        DescribedSocket { fd, inode, kind }
    };
    Some(chosen(source)?.sockets(pid)?.into_iter().map(described).collect())
}

/// Reads the regular files of a process, by descriptor. `links` is its directory `fd`.
pub(super) fn files(source: &Source, pid: Pid, links: &Dir<'_>, regular: &RegularFiles<'_>) -> Option<Vec<FileFound>> {
    let mut paths = Paths::new(source, links, regular);
    let (mut open, mut refused) = (Vec::new(), false);
    chosen(source)?.files(pid, |file| match paths.of(&file) {
        Ok(path) => open.extend(path.map(|path| (file.fd, path, (file.position, file.flags)))),
        Err(_) => refused = true,
    })?;
    // Reading /proc fails in the same way. Its error names the cause.
    (!refused).then_some(open)
}

/// Reads the threads of a process.
pub(super) fn threads(source: &Source, pid: Pid) -> Option<Vec<Thread>> {
    let units = units(source);
    let thread = |psoxide_bpf::Thread { id, user, system }| {
        let [user_time, system_time] = [user, system].map(|nanos| source.ticks(units.ticks(nanos)));
        Thread { id, user_time, system_time }
    };
    Some(chosen(source)?.threads(pid)?.into_iter().map(thread).collect())
}

/// Drops the processes that have ended since the walk. Also returns the pids of processes that the walk missed.
fn split(source: &Source, mut walked: Vec<Relative>) -> Option<(Vec<Relative>, Vec<Pid>)> {
    let pids = all_pids(source, walked.iter().map(|relative| (relative.pid, relative.threads))).ok()?;
    walked.retain(|relative| pids.binary_search(&relative.pid).is_ok());
    let is_walked = |pid: &Pid| walked.binary_search_by_key(pid, |relative| relative.pid).is_ok();
    let missed = pids.into_iter().filter(|pid| !is_walked(pid)).collect();
    Some((walked, missed))
}

/// Lists the pids of all processes. `walked` has most of them, or none, each with its number of threads.
///
/// Listing /proc costs as much as a walk. It is needed only if the walk counted other threads than the kernel: a
/// process came or went, or the iterator missed a different process this time.
fn all_pids(source: &Source, walked: impl Iterator<Item = (Pid, u64)>) -> Result<Vec<Pid>> {
    let mut threads = 0;
    let walked: Vec<Pid> = walked.inspect(|(_, more)| threads += more).map(|(pid, _)| pid).collect();
    if walked.is_empty() {
        return source.pids();
    }
    if let Some(pids) = counted_pids(source, &walked, threads) {
        return Ok(pids);
    }
    let pids = source.pids()?;
    let missed = pids.iter().copied().filter(|pid| walked.binary_search(pid).is_err()).take(MOST_MISSED);
    source.live().and_then(|kernel| kernel.bpf().with_missed(|known| *known = missed.collect()));
    Ok(pids)
}

/// Lists the pids without reading the directory. Returns `None` if the numbers of threads disagree.
fn counted_pids(source: &Source, walked: &[Pid], mut threads: u64) -> Option<Vec<Pid>> {
    let mut pids = walked.to_vec();
    let missed = source.live()?.bpf().with_missed(|known| known.clone())?;
    for pid in missed.into_iter().filter(|pid| walked.binary_search(pid).is_err()) {
        // A process that cannot be read has ended. If it has not, its threads are missing in the sum.
        if let Ok(stat) = source.read_process(None, pid, "stat", stat::parse) {
            threads = threads.saturating_add(stat.num_threads);
            pids.push(pid);
        }
    }
    pids.sort_unstable();
    // The kernel's count has 16 bits.
    (threads % (u64::from(u16::MAX) + 1) == u64::from(ffi::thread_count()?)).then_some(pids)
}

pub(super) fn units(source: &Source) -> Units {
    Units { clock_ticks: source.clock_ticks(), page_size: source.page_size() }
}
