//! The kernel's task iterators: what /proc says of every process, printed by a small program of ours in one walk; and
//! the same program without an iterator, called for one process.
//!
//! A program is assembled for the running kernel, from the types in /sys/kernel/btf/vmlinux, and loaded by bpf(2). Who
//! may not do that, and every kernel on which the answers could differ from /proc's, reads /proc. What a program cannot
//! tell of some process is read from there too: a walk fills the cells that files would fill, and no others. Kernels have
//! been seen whose iterators leave out a process: whether a walk has told of all is counted, see [`Bpf::pids`].

mod arguments;
mod asm;
mod family;
mod ffi;
mod files;
mod iterator;
mod kernel;
mod paths;
mod processes;
mod record;
mod sockets;
mod threads;

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::{Mutex, OnceLock, PoisonError};

use psoxide_parse::linux::stat;
use rustix::buffer::spare_capacity;
use rustix::io::retry_on_intr;

use self::asm::Instruction;
use self::family::Relative;
use self::ffi::{Kept, Over, Runs, Types};
use self::kernel::Kernel;
use self::processes::Form;
pub(crate) use self::record::{Answer, Process, Walked};
use super::folder::Folder;
use super::own_sockets::Held;
use super::sockets::Holder;
use super::{Source, descriptors};
use crate::sys::Parentage;
use crate::{Backend, OpenFile, Pid, Thread};

/// What a program walks over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    Processes,
    /// The same, with command lines.
    Arguments,
    /// Who is whose child, and no more.
    Family,
    /// Who holds which sockets.
    Holders,
    Files,
    /// The sockets of one process.
    Sockets,
    Threads,
    /// No walk at all: one process, asked for by its pid.
    OneProcess,
}

impl Walk {
    const ALL: [Self; 8] = [
        Self::Processes,
        Self::Arguments,
        Self::Family,
        Self::Holders,
        Self::Files,
        Self::Sockets,
        Self::Threads,
        Self::OneProcess,
    ];

    /// Whether all walks are of one iterator, which is kept.
    fn is_over_all(self) -> bool {
        matches!(self, Self::Processes | Self::Arguments | Self::Family | Self::Holders)
    }
}

/// A program, and what runs it.
type Assembled = (Vec<Instruction>, Runs);

/// The programs that a `System` has loaded.
#[derive(Debug, Default)]
pub(super) struct Bpf {
    /// For each walk its program for this kernel, or why there is none.
    programs: [OnceLock<Result<Assembled, String>>; Walk::ALL.len()],
    /// For each walk its loaded program, or the iterator that keeps the program; or why there is none.
    loaded: [OnceLock<Result<Kept, String>>; Walk::ALL.len()],
    /// Processes that the last listing had and the walk before it did not.
    untold: Mutex<Vec<Pid>>,
}

/// More processes than that are not read one by one to spare a listing.
const MOST_UNTOLD: usize = 16;

impl Bpf {
    /// The loaded program of a walk; `None` unless the caller chose this backend and the kernel took the program.
    fn get(&self, source: &Source, walk: Walk) -> Option<BorrowedFd<'_>> {
        if source.backend_choice() != Backend::Bpf {
            return None;
        }
        self.loaded(source, walk)?.as_ref().ok()?.fd()
    }

    fn loaded(&self, source: &Source, walk: Walk) -> Option<&Result<Kept, String>> {
        Some(self.loaded.get(walk as usize)?.get_or_init(|| self.load(source, walk)))
    }

    /// Whether passes over many processes are walks.
    pub(super) fn is_in_use(&self, source: &Source) -> bool {
        self.get(source, Walk::Processes).is_some()
    }

    /// Says why this backend is not used though the caller chose it.
    pub(super) fn refusal(&self, source: &Source) -> Option<String> {
        if source.backend_choice() != Backend::Bpf {
            return None;
        }
        self.loaded(source, Walk::Processes)?.as_ref().err().cloned()
    }

    /// A record of most processes, by pid.
    pub(super) fn processes(&self, source: &Source, arguments: bool) -> Option<Walked> {
        let walk = if arguments { Walk::Arguments } else { Walk::Processes };
        Walked::parse(over_all(self.get(source, walk)?).ok()?, arguments)
    }

    /// The pids of all processes, ascending. `walk` has most of them, or none.
    pub(super) fn pids(&self, source: &Source, walk: &Walked) -> crate::Result<Vec<Pid>> {
        self.all_pids(source, walk.threads())
    }

    /// Every process and its parent, but those that the walk left out: of these the pids.
    pub(super) fn family(&self, source: &Source) -> Option<(Vec<Parentage>, Vec<Pid>)> {
        let told = self.relatives(source)?;
        let (told, untold) = self.split(source, told)?;
        Some((told.iter().map(|relative| relative.kin(source)).collect(), untold))
    }

    /// The sockets that processes hold, and the pids of the processes that the walk left out.
    pub(super) fn holders(&self, source: &Source) -> Option<(Vec<Holder>, Vec<Pid>)> {
        let holders = self.get(source, Walk::Holders)?;
        let told = self.relatives(source)?;
        let holders = sockets::parse_holders(&over_all(holders).ok()?)?;
        Some((holders, self.split(source, told)?.1))
    }

    fn relatives(&self, source: &Source) -> Option<Vec<Relative>> {
        family::parse(&over_all(self.get(source, Walk::Family)?).ok()?)
    }

    /// Those of `told` that exist now, and the pids of the processes that are not among them.
    fn split(&self, source: &Source, mut told: Vec<Relative>) -> Option<(Vec<Relative>, Vec<Pid>)> {
        let pids = self.all_pids(source, told.iter().map(Relative::threads)).ok()?;
        told.retain(|relative| pids.binary_search(&relative.pid()).is_ok());
        let is_told = |pid: &Pid| told.binary_search_by_key(pid, Relative::pid).is_ok();
        let untold = pids.into_iter().filter(|pid| !is_told(pid)).collect();
        Some((told, untold))
    }

    /// The pids of all processes. `told` has most of them, or none, each with its number of threads.
    ///
    /// Listing /proc costs as much as a walk. The listing is needed only where the threads that the walk told of are not
    /// all that the kernel counts: a process came or went, or the iterator left out another one than before.
    fn all_pids(&self, source: &Source, told: impl Iterator<Item = (Pid, u64)>) -> crate::Result<Vec<Pid>> {
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
        *self.untold.lock().unwrap_or_else(PoisonError::into_inner) = untold.collect();
        Ok(pids)
    }

    /// The same pids without a listing, if the numbers of threads agree.
    fn counted_pids(&self, source: &Source, told: &[Pid], mut threads: u64) -> Option<Vec<Pid>> {
        let mut pids = told.to_vec();
        let untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner).clone();
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

    /// A record of one process.
    pub(super) fn process(&self, source: &Source, pid: Pid) -> Option<Answer> {
        Answer::ask(self.get(source, Walk::OneProcess)?, pid)
    }

    /// The sockets that a process holds and that its own network namespace has, by descriptor.
    pub(super) fn sockets(&self, source: &Source, pid: Pid) -> Option<Vec<Held>> {
        sockets::parse_of_process(&over_one(self.get(source, Walk::Sockets)?, Over::Thread(pid)).ok()?)
    }

    /// The regular files of a process, by descriptor; `links` is its `fd`.
    pub(super) fn files(&self, source: &Source, pid: Pid, links: &Folder) -> Option<Vec<OpenFile>> {
        let printed = over_one(self.get(source, Walk::Files)?, Over::Thread(pid)).ok()?;
        let mut paths = paths::Paths::new(source, links);
        let mut open = Vec::new();
        files::each_regular(&printed, |file| {
            let position = Some((file.position, file.flags));
            open.extend(paths.of(&file).map(|path| descriptors::open_file(file.fd, path, position)));
        })?;
        Some(open)
    }

    /// The threads of a process.
    pub(super) fn threads(&self, source: &Source, pid: Pid) -> Option<Vec<Thread>> {
        let threads = threads::parse(source, &over_one(self.get(source, Walk::Threads)?, Over::Process(pid)).ok()?)?;
        // Some kernels' iterators leave out a process.
        (!threads.is_empty()).then_some(threads)
    }

    /// Loads the program of a walk.
    fn load(&self, source: &Source, walk: Walk) -> Result<Kept, String> {
        let cell = self.programs.get(walk as usize).ok_or("there is no such walk")?;
        if cell.get().is_none() {
            self.assemble_all(source);
        }
        let (program, runs) = match cell.get() {
            Some(Ok(assembled)) => assembled,
            Some(Err(refusal)) => return Err(refusal.clone()),
            None => return Err("the program was not assembled".into()),
        };
        let kept = load(program, *runs).and_then(|program| {
            Kept::new(if walk.is_over_all() { ffi::link(program.as_fd(), Over::All)? } else { program })
        });
        kept.map_err(|error| format!("the kernel refused the BPF program: {error}"))
    }

    /// Assembles all programs: the kernel's types are searched once for all of them.
    fn assemble_all(&self, source: &Source) {
        let types = kernel::shows_what_proc_shows(source).and_then(|()| {
            Types::open()
                .map_err(|error| format!("the kernel does not show its types (/sys/kernel/btf/vmlinux): {error}"))
        });
        let kernel = types.as_ref().map_err(Clone::clone).and_then(|types| {
            let kernel = kernel::cpus(source).and_then(|cpus| Kernel::new(types.bytes(), cpus));
            kernel.ok_or_else(|| "the kernel has no task iterators, or not those that are known here".to_owned())
        });
        for (walk, cell) in Walk::ALL.into_iter().zip(&self.programs) {
            cell.get_or_init(|| {
                let kernel = kernel.as_ref().map_err(Clone::clone)?;
                assemble(kernel, walk).ok_or_else(|| format!("this kernel's types lack what {walk:?} reads"))
            });
        }
    }
}

/// A program, and what runs it.
fn assemble(kernel: &Kernel<'_>, walk: Walk) -> Option<Assembled> {
    let over = |function, sleepable| Runs::Iterator { function, sleepable };
    let (files, tasks) = (over(kernel.iterate_files, false), over(kernel.iterate_tasks, false));
    Some(match walk {
        Walk::Processes => (processes::program(kernel, Form::Record)?, tasks),
        Walk::Arguments => (processes::program(kernel, Form::RecordAndArguments)?, over(kernel.iterate_tasks, true)),
        Walk::Family => (family::program(kernel)?, tasks),
        Walk::Holders => (sockets::holders(kernel)?, files),
        Walk::Files => (files::regular(kernel)?, files),
        Walk::Sockets => (sockets::of_process(kernel)?, files),
        Walk::Threads => (threads::program(kernel)?, tasks),
        Walk::OneProcess => (processes::program(kernel, Form::Answer)?, Runs::Call),
    })
}

/// Loads a program with its map, if it has one, which lives as long.
fn load(program: &[Instruction], runs: Runs) -> io::Result<OwnedFd> {
    if !asm::uses_map(program) {
        return ffi::load(program, runs);
    }
    let map = ffi::per_cpu_map()?;
    ffi::load(&asm::with_map(program, map.as_raw_fd()), runs)
}

/// All that a program prints of a thread or a process.
fn over_one(program: BorrowedFd<'_>, one: Over) -> io::Result<Vec<u8>> {
    over_all(ffi::link(program, one)?.as_fd())
}

/// All that it prints on one walk.
fn over_all(link: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    /// The kernel hands out half of this at most.
    const READ: usize = 64 * 1024;
    let walk = ffi::iterate(link)?;
    let mut printed = Vec::new();
    loop {
        printed.reserve(READ);
        if retry_on_intr(|| rustix::io::read(&walk, spare_capacity(&mut printed)))? == 0 {
            return Ok(printed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_have_their_own_places() {
        assert!(Walk::ALL.iter().enumerate().all(|(at, walk)| *walk as usize == at));
    }

    #[test]
    fn the_verifier_takes_the_programs() {
        let source = Source::host();
        if let Err(refusal) = kernel::shows_what_proc_shows(&source) {
            return eprintln!("skipped: {refusal}");
        }
        let bpf = Bpf::default();
        bpf.assemble_all(&source);
        let map = match ffi::per_cpu_map() {
            Ok(map) => map,
            Err(error) => return eprintln!("skipped: this user may not load programs: {error}"),
        };
        for (program, walk) in bpf.programs.into_iter().zip(Walk::ALL) {
            let (program, runs) = program.into_inner().unwrap().unwrap();
            let program = asm::with_map(&program, map.as_raw_fd());
            if let Err(error) = ffi::load(&program, runs) {
                panic!("{walk:?}: {error}\n{}", ffi::explain(&program, runs));
            }
        }
    }
}
