//! Readings by BPF programs, which the crate `psoxide-bpf` loads. Which processes there are is /proc's to say.

use std::sync::{Mutex, TryLockError};

pub(crate) use psoxide_bpf::{Answer, Record, Walked};
use psoxide_bpf::{Programs, Relative, Units};
use psoxide_parse::linux::stat;

use super::bpf_paths::Paths;
use super::folder::Folder;
use super::own_sockets::{Held, What};
use super::sockets::Holder;
use super::{Source, descriptors};
use crate::sys::Parentage;
use crate::{Backend, OpenFile, Pid, Result, Thread};

/// The programs of a `System`.
#[derive(Debug, Default)]
pub(super) struct Bpf {
    programs: Programs,
    /// Processes that the last listing had and the walk before it did not.
    untold: Mutex<Vec<Pid>>,
}

/// More processes than that are not read one by one to spare a listing.
const MOST_UNTOLD: usize = 16;

impl Bpf {
    /// The programs, if the caller chose this backend and /proc is that of this process's pid namespace.
    fn chosen(&self, source: &Source) -> Option<&Programs> {
        if source.backend_choice() != Backend::Bpf {
            return None;
        }
        if !source.is_procfs() || !source.may_ask_kernel() {
            self.programs.unload();
            return None;
        }
        Some(&self.programs)
    }

    /// Whether passes over many processes are walks.
    pub(super) fn is_in_use(&self, source: &Source) -> bool {
        self.chosen(source).is_some_and(|programs| programs.load().is_ok())
    }

    /// Says why this backend is not used though the caller chose it.
    pub(super) fn refusal(&self, source: &Source) -> Option<String> {
        if source.backend_choice() != Backend::Bpf {
            return None;
        }
        match self.chosen(source) {
            Some(programs) => programs.load().err(),
            None => Some(format!("{} is not the /proc of this pid namespace", source.procfs("").display())),
        }
    }

    /// A record of most processes, by pid.
    pub(super) fn processes(&self, source: &Source, arguments: bool) -> Option<Walked> {
        self.chosen(source)?.processes(arguments)
    }

    /// A record of one process.
    pub(super) fn process(&self, source: &Source, pid: Pid) -> Option<Answer> {
        self.chosen(source)?.process(pid)
    }

    /// The pids of all processes, ascending. `walk` has most of them, or none.
    pub(super) fn pids(&self, source: &Source, walk: &Walked) -> Result<Vec<Pid>> {
        self.all_pids(source, walk.threads())
    }

    /// Every process and its parent, but those that the walk left out: of these the pids.
    pub(super) fn family(&self, source: &Source) -> Option<(Vec<Parentage>, Vec<Pid>)> {
        let units = units(source);
        let parentage =
            |Relative { pid, ppid, start, .. }: Relative| Parentage { pid, start: Some(units.ticks(start)), ppid };
        let (told, untold) = self.split(source, self.chosen(source)?.family()?)?;
        Some((told.into_iter().map(parentage).collect(), untold))
    }

    /// The sockets that processes hold, and the pids of the processes that the walk left out.
    pub(super) fn holders(&self, source: &Source) -> Option<(Vec<Holder>, Vec<Pid>)> {
        let programs = self.chosen(source)?;
        let family = programs.family()?;
        let holders = programs.holders()?.into_iter();
        let holders = holders.map(|psoxide_bpf::Holder { pid, fd, inode }| Holder { inode, pid, fd }).collect();
        Some((holders, self.split(source, family)?.1))
    }

    /// The sockets that a process holds and that its own network namespace has, by descriptor.
    pub(super) fn sockets(&self, source: &Source, pid: Pid) -> Option<Vec<Held>> {
        use psoxide_bpf::{Socket, SocketKind};
        let held = |Socket { fd, inode, kind }| {
            let what = match kind {
                SocketKind::Tcp(socket) => What::Tcp(socket),
                SocketKind::Udp(socket) => What::Udp(socket),
                SocketKind::Unix => What::Unix,
                SocketKind::Unlisted => What::Unlisted,
            };
            Held { fd, inode, what }
        };
        Some(self.chosen(source)?.sockets(pid)?.into_iter().map(held).collect())
    }

    /// The regular files of a process, by descriptor; `links` is its `fd`.
    pub(super) fn files(&self, source: &Source, pid: Pid, links: &Folder<'_>) -> Option<Vec<OpenFile>> {
        let mut paths = Paths::new(source, links);
        let (mut open, mut refused) = (Vec::new(), false);
        self.chosen(source)?.files(pid, |file| {
            let position = Some((file.position, file.flags));
            match paths.of(&file) {
                Ok(path) => open.extend(path.map(|path| descriptors::open_file(file.fd, path, position))),
                Err(_) => refused = true,
            }
        })?;
        // Reading /proc fails in the same way, and says why.
        (!refused).then_some(open)
    }

    /// The threads of a process.
    pub(super) fn threads(&self, source: &Source, pid: Pid) -> Option<Vec<Thread>> {
        let units = units(source);
        let thread = |psoxide_bpf::Thread { id, user, system }| {
            let [user_time, system_time] = [user, system].map(|nanos| source.ticks(units.ticks(nanos)));
            Thread { id, user_time, system_time }
        };
        Some(self.chosen(source)?.threads(pid)?.into_iter().map(thread).collect())
    }

    /// Those of `told` that exist now, and the pids of the processes that are not among them.
    fn split(&self, source: &Source, mut told: Vec<Relative>) -> Option<(Vec<Relative>, Vec<Pid>)> {
        let pids = self.all_pids(source, told.iter().map(|relative| (relative.pid, relative.threads))).ok()?;
        told.retain(|relative| pids.binary_search(&relative.pid).is_ok());
        let is_told = |pid: &Pid| told.binary_search_by_key(pid, |relative| relative.pid).is_ok();
        let untold = pids.into_iter().filter(|pid| !is_told(pid)).collect();
        Some((told, untold))
    }

    /// The pids of all processes. `told` has most of them, or none, each with its number of threads.
    ///
    /// Listing /proc costs as much as a walk. The listing is needed only where the threads that the walk told of are not
    /// all that the kernel counts: a process came or went, or the iterator left out another one than before.
    fn all_pids(&self, source: &Source, told: impl Iterator<Item = (Pid, u64)>) -> Result<Vec<Pid>> {
        let mut threads = 0;
        let told: Vec<Pid> = told.inspect(|(_, more)| threads += more).map(|(pid, _)| pid).collect();
        if told.is_empty() {
            return source.pids();
        }
        if let Some(pids) = self.counted_pids(source, &told, threads) {
            return Ok(pids);
        }
        let pids = source.pids()?;
        let untold = pids.iter().copied().filter(|pid| told.binary_search(pid).is_err()).take(MOST_UNTOLD);
        self.with_untold(|known| *known = untold.collect());
        Ok(pids)
    }

    /// The same pids without a listing, if the numbers of threads agree.
    fn counted_pids(&self, source: &Source, told: &[Pid], mut threads: u64) -> Option<Vec<Pid>> {
        let mut pids = told.to_vec();
        let untold = self.with_untold(|known| known.clone())?;
        for pid in untold.into_iter().filter(|pid| told.binary_search(pid).is_err()) {
            // A process that cannot be read has ended. If it has not, the sum misses its threads.
            if let Ok(stat) = source.read_process(None, pid, "stat", stat::parse) {
                threads = threads.saturating_add(stat.num_threads);
                pids.push(pid);
            }
        }
        pids.sort_unstable();
        // sysinfo(2): the number of all threads, of which it has room for 16 bits.
        let counted = rustix::system::sysinfo().procs;
        (threads % (u64::from(u16::MAX) + 1) == u64::from(counted)).then_some(pids)
    }

    /// `None` if another thread holds the lock, or held it when this process was forked: then nothing is remembered.
    fn with_untold<T>(&self, run: impl FnOnce(&mut Vec<Pid>) -> T) -> Option<T> {
        match self.untold.try_lock() {
            Ok(mut untold) => Some(run(&mut untold)),
            Err(TryLockError::Poisoned(untold)) => Some(run(&mut untold.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

pub(super) fn units(source: &Source) -> Units {
    Units { clock_ticks: source.clock_ticks(), page_size: source.page_size() }
}
