//! Keeps the loaded programs and their iterators.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};

use once_cell::race::OnceBox;

use crate::asm::{self, Instruction};
use crate::ffi::{self, Kept, Over, Runs, Types};
use crate::kernel::Kernel;
use crate::processes::{self, Form};
use crate::requirements::{self, Circumstances, Refusal};
use crate::{files, parents, sockets, threads};

/// A program, named after the things over which it walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    Processes,
    /// Processes with their command lines.
    Arguments,
    /// Processes, with only their parent, start and number of threads.
    Parents,
    /// The sockets of all processes.
    Holders,
    /// The files of one process.
    Files,
    /// The sockets of one process.
    Sockets,
    /// The threads of one process.
    Threads,
    /// One process by its pid, without a walk.
    OneProcess,
}

impl Walk {
    pub(crate) const ALL: [Self; 8] = [
        Self::Processes,
        Self::Arguments,
        Self::Parents,
        Self::Holders,
        Self::Files,
        Self::Sockets,
        Self::Threads,
        Self::OneProcess,
    ];

    /// Returns whether one iterator serves all walks. If not, each process needs an iterator of its own.
    fn is_over_all(self) -> bool {
        matches!(self, Self::Processes | Self::Arguments | Self::Parents | Self::Holders)
    }
}

/// An assembled program, and how it is run.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) program: Vec<Instruction>,
    pub(crate) runs: Runs,
}

type Programs = [Option<Assembled>; Walk::ALL.len()];

/// Programs that were loaded under certain circumstances.
///
/// The cells never wait. If several threads fill one at the same time, each does the work, and the first result is
/// kept.
#[derive(Debug)]
pub(crate) struct Loaded {
    circumstances: Circumstances,
    assembled: OnceBox<Result<Programs, String>>,
    kept: [OnceBox<Result<Kept, String>>; Walk::ALL.len()],
}

impl Loaded {
    pub(crate) fn new(circumstances: Circumstances) -> Self {
        Self { circumstances, assembled: OnceBox::new(), kept: [const { OnceBox::new() }; Walk::ALL.len()] }
    }

    pub(crate) fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    /// Returns the loaded program of a walk, or its iterator.
    pub(crate) fn get(&self, walk: Walk) -> Result<BorrowedFd<'_>, String> {
        let cell = self.kept.get(walk as usize).ok_or("there is no such walk")?;
        let kept = lasting(cell, || self.load(walk))?;
        kept.fd().ok_or_else(|| "another part of this program closed the descriptor".to_owned())
    }

    fn load(&self, walk: Walk) -> Result<Kept, Refusal> {
        let programs = lasting(&self.assembled, || assemble_all(&self.circumstances)).map_err(Refusal::Passing)?;
        let lacks = || Refusal::Lasting(format!("this kernel's types lack a field that {walk:?} reads"));
        let assembled = programs.get(walk as usize).and_then(Option::as_ref).ok_or_else(lacks)?;
        let load = || {
            let program = load(assembled)?;
            Kept::new(if walk.is_over_all() { ffi::link(program.as_fd(), Over::All)? } else { program })
        };
        load().map_err(|error| {
            let mut what = format!("the kernel refused the BPF program {walk:?}");
            if error.raw_os_error() == Some(libc::EACCES) || error.raw_os_error() == Some(libc::EINVAL) {
                let last = ffi::verifier_log(&assembled.program, assembled.runs);
                what.extend(
                    last.lines().rfind(|line| !line.starts_with("processed ")).map(|line| format!(" ({line})")),
                );
            }
            Refusal::new(&what, &error)
        })
    }
}

/// Returns the value of a cell, or the reason why there is none. A temporary refusal is not kept.
fn lasting<T>(cell: &OnceBox<Result<T, String>>, find: impl FnOnce() -> Result<T, Refusal>) -> Result<&T, String> {
    let found = match cell.get() {
        Some(found) => found,
        None => {
            let found = match find() {
                Ok(found) => Ok(found),
                Err(Refusal::Lasting(text)) => Err(text),
                Err(Refusal::Passing(text)) => return Err(text),
            };
            cell.get_or_init(|| Box::new(found))
        }
    };
    found.as_ref().map_err(Clone::clone)
}

/// Assembles all programs at once, because searching the kernel's types is slow.
fn assemble_all(circumstances: &Circumstances) -> Result<Programs, Refusal> {
    let cpus = requirements::check()?;
    let types = Types::open()
        .map_err(|error| Refusal::new("the kernel does not show its types (/sys/kernel/btf/vmlinux)", &error))?;
    let kernel = Kernel::new(types.bytes(), cpus, circumstances.user)
        .ok_or_else(|| Refusal::Lasting("this kernel lacks the task iterators of Linux 6.16".into()))?;
    Ok(Walk::ALL.map(|walk| assemble(&kernel, walk)))
}

/// Assembles the program of a walk. Returns `None` if the kernel's types lack a field.
pub(crate) fn assemble(kernel: &Kernel<'_>, walk: Walk) -> Option<Assembled> {
    let over = |function, sleepable| Runs::Iterator { function, sleepable };
    let (files, tasks) = (over(kernel.iterate_files, false), over(kernel.iterate_tasks, false));
    let (program, runs) = match walk {
        Walk::Processes => (processes::program(kernel, Form::Record)?, tasks),
        Walk::Arguments => (processes::program(kernel, Form::RecordAndArguments)?, over(kernel.iterate_tasks, true)),
        Walk::Parents => (parents::program(kernel)?, tasks),
        Walk::Holders => (sockets::holders(kernel)?, files),
        Walk::Files => (files::program(kernel)?, files),
        Walk::Sockets => (sockets::of_process(kernel)?, files),
        Walk::Threads => (threads::program(kernel)?, tasks),
        Walk::OneProcess => (processes::program(kernel, Form::Answer)?, Runs::Call),
    };
    Some(Assembled { program, runs })
}

/// Loads a program and its map, if it needs one. The program keeps the map alive.
fn load(Assembled { program, runs }: &Assembled) -> io::Result<OwnedFd> {
    if !asm::uses_map(program) {
        return ffi::load(program, *runs);
    }
    let map = ffi::per_cpu_map()?;
    ffi::load(&asm::with_map(program, map.as_raw_fd()), *runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_have_their_own_places() {
        assert!(Walk::ALL.iter().enumerate().all(|(at, walk)| *walk as usize == at));
    }

    /// Returns the circumstances, or the reason why programs cannot be loaded here.
    fn permitted() -> Result<Circumstances, String> {
        let now = Circumstances::now()?;
        requirements::check().map(|_| now).map_err(|refusal| format!("{refusal:?}"))
    }

    #[test]
    fn the_verifier_accepts_every_program() {
        let now = match permitted() {
            Ok(now) => now,
            Err(refusal) => return psoxide_testing::skip(refusal),
        };
        let map = ffi::per_cpu_map().unwrap();
        for (assembled, walk) in assemble_all(&now).unwrap().into_iter().zip(Walk::ALL) {
            let Assembled { program, runs } = assembled.unwrap_or_else(|| panic!("{walk:?} was not assembled"));
            let program = asm::with_map(&program, map.as_raw_fd());
            if let Err(error) = ffi::load(&program, runs) {
                panic!("{walk:?}: {error}\n{}", ffi::verifier_log(&program, runs));
            }
        }
    }

    #[test]
    fn a_refusal_has_the_verifiers_reason() {
        if let Err(refusal) = permitted() {
            return psoxide_testing::skip(refusal);
        }
        // This program reads a register before it is set.
        let mut p = asm::Program::default();
        p.copy(asm::Reg::R1, asm::Reg::R7);
        p.exit();
        let log = ffi::verifier_log(&p.finish().unwrap(), Runs::Call);
        assert!(log.contains("R7 !read_ok"), "{log}");
    }
}
