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
mod pages;
mod processes;
mod record;
mod sockets;
mod threads;

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use psoxide_parse::linux::stat;
use rustix::buffer::spare_capacity;
use rustix::io::retry_on_intr;

use self::asm::Instruction;
pub(crate) use self::family::Relative;
use self::ffi::{Kept, Over, Runs, Types};
pub(crate) use self::files::{Directory, Path, Regular};
use self::kernel::Kernel;
use self::pages::DirectMap;
use self::processes::Form;
pub(crate) use self::record::{Answer, Process, Walked};
pub(crate) use self::sockets::{Held, Holder, What};
pub(crate) use self::threads::Thread;
use super::Source;
use crate::{Backend, Pid, Result};

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

    /// Whether each walk is over one process, of its own iterator, and not over all.
    fn is_over_one(self) -> bool {
        matches!(self, Self::Files | Self::Sockets | Self::Threads)
    }

    /// Whether all walks are of one iterator, which is kept.
    fn is_over_all(self) -> bool {
        matches!(self, Self::Processes | Self::Arguments | Self::Family | Self::Holders)
    }

    /// What it spares for each thing that it tells of, in microseconds, more or less.
    fn spares(self) -> u64 {
        match self {
            Self::Processes | Self::Arguments | Self::Family => 12,
            Self::Threads => 6,
            Self::Holders | Self::Files | Self::OneProcess => 4,
            // The kernel's table of TCP is large even where it is empty.
            Self::Sockets => 200,
        }
    }

    /// What it takes to assemble and load its program, in the same unit.
    fn price(self) -> u64 {
        if self == Self::Arguments { 5000 } else { 3000 }
    }
}

/// A program, and what runs it.
type Assembled = (Vec<Instruction>, Runs);

/// What is loaded, for the life of a `System`.
#[derive(Debug, Default)]
pub(super) struct Bpf {
    /// For each walk its program for this kernel, once one was wanted.
    programs: [OnceLock<Option<Assembled>>; Walk::ALL.len()],
    /// For each walk its program, or the iterator that the program is kept by.
    loaded: [OnceLock<Option<Kept>>; Walk::ALL.len()],
    /// What walks would have spared until now, see [`Walk::spares`].
    missed: AtomicU64,
    /// Processes that were listed when a walk had not told of them, as the last listing had it.
    untold: Mutex<Vec<Pid>>,
}

/// What a walk over one process alone has to spare to be worth an iterator of its own, in the unit of [`Walk::spares`].
const WORTH_ONE: u64 = 100;
/// More processes than that are not read one by one to spare a listing.
const MOST_UNTOLD: usize = 16;

impl Bpf {
    fn cell(&self, walk: Walk) -> Option<&OnceLock<Option<Kept>>> {
        self.loaded.get(walk as usize)
    }

    /// What is loaded for a walk, if that is possible and pays for `count` things that are to be read otherwise.
    fn get(&self, source: &Source, walk: Walk, count: impl FnOnce() -> usize) -> Option<BorrowedFd<'_>> {
        let cell = self.cell(walk)?;
        let pays = match source.backend_choice() {
            Backend::Proc => false,
            Backend::Bpf => true,
            Backend::Auto if walk.is_over_one() || cell.get().is_none() => {
                let count = u64::try_from(count()).unwrap_or(u64::MAX);
                let spared = count.saturating_mul(walk.spares());
                // A process so small that the program would not be used for it is no reason to load it either.
                let small = walk.is_over_one() && spared < WORTH_ONE;
                let reaches = || {
                    let missed = self.missed.fetch_add(spared, Ordering::Relaxed).saturating_add(spared);
                    // It pays for this program; the next one has to be worth its own price.
                    if missed >= walk.price() {
                        self.missed.store(0, Ordering::Relaxed);
                    }
                    missed >= walk.price()
                };
                !small && (cell.get().is_some() || reaches())
            }
            Backend::Auto => true,
        };
        if pays { cell.get_or_init(|| self.load(source, walk).ok()).as_ref()?.fd() } else { None }
    }

    /// Whether processes are read this way now.
    pub(super) fn is_in_use(&self, source: &Source) -> bool {
        match source.backend_choice() {
            Backend::Auto => self.cell(Walk::Processes).and_then(OnceLock::get).is_some_and(Option::is_some),
            _ => self.get(source, Walk::Processes, || 0).is_some(),
        }
    }

    /// A record of most processes, by pid; `None` where that is not to be had or does not pay.
    pub(super) fn processes(&self, source: &Source, arguments: bool) -> Option<Walked> {
        let walk = if arguments { Walk::Arguments } else { Walk::Processes };
        Walked::parse(over_all(self.get(source, walk, || number_of_processes(source))?).ok()?, arguments)
    }

    /// Who is whose child, of most processes and by pid.
    pub(super) fn family(&self, source: &Source) -> Option<Vec<Relative>> {
        family::parse(&over_all(self.get(source, Walk::Family, || number_of_processes(source))?).ok()?)
    }

    /// The pids of all processes, ascending, of which a walk has told most, or none; with each, how many threads it has.
    ///
    /// To list /proc costs as much as to walk, and is needed only where the threads that the walk has told of are not
    /// all that the kernel counts: a process came or went, or the iterator leaves out another one than before.
    pub(super) fn pids(&self, source: &Source, told: impl Iterator<Item = (Pid, u64)>) -> Result<Vec<Pid>> {
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

    /// The same, if the numbers agree.
    fn counted_pids(&self, source: &Source, told: &[Pid], mut threads: u64) -> Option<Vec<Pid>> {
        let mut pids = told.to_vec();
        let untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for pid in untold.into_iter().filter(|pid| told.binary_search(pid).is_err()) {
            // Who cannot be read has ended, and if not, is missed in the sum.
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
        Answer::ask(self.get(source, Walk::OneProcess, || 1)?, pid)
    }

    /// The sockets that processes hold, and the processes of which all are told, where `count` are to be found.
    pub(super) fn holders(&self, source: &Source, count: usize) -> Option<(Vec<Relative>, Vec<Holder>)> {
        let holders = self.get(source, Walk::Holders, || count)?;
        // That has paid for both: one is of no use without the other.
        let family = self.get(source, Walk::Family, || usize::MAX)?;
        let family = family::parse(&over_all(family).ok()?)?;
        Some((family, sockets::parse_holders(&over_all(holders).ok()?)?))
    }

    /// The sockets that a process holds, of the network namespace that it is in, by descriptor.
    pub(super) fn sockets(&self, source: &Source, pid: Pid) -> Option<Vec<Held>> {
        sockets::parse_of_process(&over_one(self.get(source, Walk::Sockets, || 1)?, Over::Thread(pid)).ok()?)
    }

    /// The files of a process that has `count` descriptors, of which paths may be regular files', by descriptor; `None`
    /// also where some were understood and not all.
    pub(super) fn files(&self, source: &Source, pid: Pid, count: usize, each: impl FnMut(Regular<'_>)) -> Option<()> {
        let walk = self.get(source, Walk::Files, || count)?;
        files::each_regular(&over_one(walk, Over::Thread(pid)).ok()?, each)
    }

    /// The threads of a process that has about `count` of them.
    pub(super) fn threads(&self, source: &Source, pid: Pid, count: usize) -> Option<Vec<Thread>> {
        let walk = self.get(source, Walk::Threads, || count)?;
        let threads = threads::parse(&over_one(walk, Over::Process(pid)).ok()?)?;
        // Kernels have been seen that do not visit some process.
        (!threads.is_empty()).then_some(threads)
    }

    /// Loads the program of a walk; the error is of no interest to anybody but tests.
    fn load(&self, source: &Source, walk: Walk) -> io::Result<Kept> {
        let cell = self.programs.get(walk as usize).ok_or(io::ErrorKind::Unsupported)?;
        if cell.get().is_none() {
            self.assemble_for(source, walk);
        }
        let (program, runs) = cell.get().and_then(Option::as_ref).ok_or(io::ErrorKind::Unsupported)?;
        let program = load(program, *runs)?;
        Kept::new(if walk.is_over_all() { ffi::link(program.as_fd(), Over::All)? } else { program })
    }

    /// Assembles the program of a walk, and what others there are with it: the kernel's types are gone through once for all
    /// of them. Where memory is mapped is looked for only if command lines are wanted.
    fn assemble_for(&self, source: &Source, wanted: Walk) {
        let types = if kernel::shows_what_proc_shows(source) { Types::open().ok() } else { None };
        let kernel = types.as_ref().and_then(|types| Kernel::new(types.bytes(), kernel::cpus(source)?));
        for (walk, cell) in Walk::ALL.into_iter().zip(&self.programs) {
            if walk == wanted || walk != Walk::Arguments {
                cell.get_or_init(|| assemble(kernel.as_ref()?, walk));
            }
        }
    }
}

/// More or less, and for less than a listing: they are counted as links of /proc (fs/proc/root.c, `proc_root_getattr`).
fn number_of_processes(source: &Source) -> usize {
    rustix::fs::stat(source.procfs("")).map_or(0, |procfs| usize::try_from(procfs.st_nlink).unwrap_or(usize::MAX))
}

/// A program, and what runs it.
fn assemble(kernel: &Kernel<'_>, walk: Walk) -> Option<Assembled> {
    let over_files = |program| (program, Runs::Iterator { function: kernel.iterate_files, sleepable: false });
    let over_tasks = |program| (program, Runs::Iterator { function: kernel.iterate_tasks, sleepable: false });
    Some(match walk {
        Walk::Processes => over_tasks(processes::program(kernel, Form::Record)?),
        Walk::Arguments => with_arguments(kernel, DirectMap::find(kernel))?,
        Walk::Family => over_tasks(family::program(kernel)?),
        Walk::Holders => over_files(sockets::holders(kernel)?),
        Walk::Files => over_files(files::regular(kernel)?),
        Walk::Sockets => over_files(sockets::of_process(kernel)?),
        Walk::Threads => over_tasks(threads::program(kernel)?),
        Walk::OneProcess => (processes::program(kernel, Form::Answer)?, Runs::Call),
    })
}

/// That of [`Walk::Arguments`], by whether it is known where memory is mapped.
fn with_arguments(kernel: &Kernel<'_>, map: Option<DirectMap>) -> Option<Assembled> {
    let form = Form::RecordAndArguments(map);
    let runs = Runs::Iterator { function: kernel.iterate_tasks, sleepable: form.sleeps() };
    Some((processes::program(kernel, form)?, runs))
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
    use std::path::Path;

    use super::*;

    #[test]
    fn walks_have_their_own_places() {
        assert!(Walk::ALL.iter().enumerate().all(|(at, walk)| *walk as usize == at));
    }

    #[test]
    fn arguments_are_copied_from_where_they_lie_and_by_the_kernel() {
        let source = Source::host();
        if !kernel::shows_what_proc_shows(&source) {
            return eprintln!("skipped: not on this kernel, not in this namespace, or not for this user");
        }
        let types = Types::open().unwrap();
        let kernel = Kernel::new(types.bytes(), kernel::cpus(&source).unwrap()).unwrap();
        let found = DirectMap::find(&kernel);
        assert_eq!(found.is_some(), cfg!(target_arch = "x86_64") && !Path::new("/sys/hypervisor").exists());
        let own = std::fs::read("/proc/self/cmdline").unwrap();
        for map in [found, None] {
            let (program, runs) = with_arguments(&kernel, map).unwrap();
            let program = match load(&program, runs) {
                Ok(program) => program,
                Err(error) => return eprintln!("skipped: this user may not load programs: {error}"),
            };
            let printed = over_all(ffi::link(program.as_fd(), Over::All).unwrap().as_fd()).unwrap();
            let walked = Walked::parse(printed, true).unwrap();
            let told = walked.get(walked.find(std::process::id()).unwrap()).unwrap();
            assert_eq!(told.cmdline(), Some(&*own), "{map:?}");
        }
    }

    #[test]
    fn the_verifier_takes_the_programs() {
        let source = Source::host();
        if !kernel::shows_what_proc_shows(&source) {
            return eprintln!("skipped: not on this kernel, not in this namespace, or not for this user");
        }
        let bpf = Bpf::default();
        bpf.assemble_for(&source, Walk::Arguments);
        let map = match ffi::per_cpu_map() {
            Ok(map) => map,
            Err(error) => return eprintln!("skipped: this user may not load programs: {error}"),
        };
        for (program, walk) in bpf.programs.into_iter().zip(Walk::ALL) {
            let (program, runs) = program.into_inner().flatten().unwrap();
            let program = asm::with_map(&program, map.as_raw_fd());
            if let Err(error) = ffi::load(&program, runs) {
                panic!("{walk:?}: {error}\n{}", ffi::explain(&program, runs));
            }
        }
    }
}
