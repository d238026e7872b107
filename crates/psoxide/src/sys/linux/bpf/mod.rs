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
    /// The programs for this kernel, as [`Walk::ALL`] has them, once one was wanted.
    programs: OnceLock<Option<[Option<Assembled>; Walk::ALL.len()]>>,
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
        let programs = self.programs.get_or_init(|| assemble_all(source)).as_ref();
        let assembled = programs.and_then(|programs| programs.get(walk as usize)?.as_ref());
        let (program, runs) = assembled.ok_or(io::ErrorKind::Unsupported)?;
        let program = load(program, *runs)?;
        Kept::new(if walk.is_over_all() { ffi::link(program.as_fd(), Over::All)? } else { program })
    }
}

/// More or less, and for less than a listing: they are counted as links of /proc (fs/proc/root.c, `proc_root_getattr`).
fn number_of_processes(source: &Source) -> usize {
    rustix::fs::stat(source.procfs("")).map_or(0, |procfs| usize::try_from(procfs.st_nlink).unwrap_or(usize::MAX))
}

/// Assembles the programs for this kernel: its types are gone through once for all of them.
fn assemble_all(source: &Source) -> Option<[Option<Assembled>; Walk::ALL.len()]> {
    if !kernel::shows_what_proc_shows(source) {
        return None;
    }
    let types = Types::open().ok()?;
    let kernel = Kernel::new(types.bytes(), kernel::cpus(source)?)?;
    Some(Walk::ALL.map(|walk| assemble(&kernel, walk)))
}

/// A program, and what runs it.
fn assemble(kernel: &Kernel<'_>, walk: Walk) -> Option<Assembled> {
    let (tasks, files) = (kernel.iterate_tasks, kernel.iterate_files);
    let iterator = |function, sleepable| Runs::Iterator { function, sleepable };
    Some(match walk {
        Walk::Processes => (processes::program(kernel, Form::Record)?, iterator(tasks, false)),
        Walk::Arguments => {
            let form = Form::RecordAndArguments;
            (processes::program(kernel, form)?, iterator(tasks, processes::sleeps(kernel, form)))
        }
        Walk::Family => (family::program(kernel)?, iterator(tasks, false)),
        Walk::Holders => (sockets::holders(kernel)?, iterator(files, false)),
        Walk::Files => (files::regular(kernel)?, iterator(files, false)),
        Walk::Sockets => (sockets::of_process(kernel)?, iterator(files, false)),
        Walk::Threads => (threads::program(kernel)?, iterator(tasks, false)),
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
        let mut kernel = Kernel::new(types.bytes(), kernel::cpus(&source).unwrap()).unwrap();
        assert_eq!(kernel.direct_map.is_some(), cfg!(target_arch = "x86_64") && !Path::new("/sys/hypervisor").exists());
        let own = std::fs::read("/proc/self/cmdline").unwrap();
        for map in [kernel.direct_map, None] {
            kernel.direct_map = map;
            let (program, runs) = assemble(&kernel, Walk::Arguments).unwrap();
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
        let Some(programs) = assemble_all(&source) else {
            return eprintln!("skipped: not on this kernel, not in this namespace, or not for this user");
        };
        let map = match ffi::per_cpu_map() {
            Ok(map) => map,
            Err(error) => return eprintln!("skipped: this user may not load programs: {error}"),
        };
        for (program, walk) in programs.into_iter().zip(Walk::ALL) {
            let (program, runs) = program.unwrap();
            let program = asm::with_map(&program, map.as_raw_fd());
            if let Err(error) = ffi::load(&program, runs) {
                panic!("{walk:?}: {error}\n{}", ffi::explain(&program, runs));
            }
        }
    }
}
