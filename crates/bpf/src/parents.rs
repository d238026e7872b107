//! Prints all processes and their parents in one walk.

use crate::Pid;
use crate::asm::{Instruction, Program, Reg};
use crate::iterator::{self, STACK, TASK, follow};
use crate::kernel::Kernel;

/// Prints for every process: pid, parent's pid, start in nanoseconds since boot, number of threads.
pub(crate) fn program(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
    let mut p = Program::default();
    let out = p.label();
    iterator::visit(&mut p, out);
    iterator::processes_only(&mut p, kernel, out)?;
    let [tgid, start] = ["tgid", "start_boottime"].map(|path| kernel.place(kernel.task, path));
    let (tgid, start) = (tgid?, start?);
    p.store(STACK, -32, Reg::R2);
    let (parent, _) = kernel.pointer(kernel.task, "real_parent")?;
    follow(&mut p, kernel, parent);
    p.load(Reg::R1, Reg::R1, tgid.offset, tgid.size);
    p.store(STACK, -24, Reg::R1);
    p.load(Reg::R1, TASK, start.offset, start.size);
    p.store(STACK, -16, Reg::R1);
    let (signal, signal_type) = kernel.pointer(kernel.task, "signal")?;
    let threads = kernel.place(signal_type, "nr_threads")?;
    follow(&mut p, kernel, signal);
    p.load(Reg::R1, Reg::R1, threads.offset, threads.size);
    p.store(STACK, -8, Reg::R1);
    iterator::print(&mut p, -32, |p| p.set(Reg::R3, 32));
    p.place(out);
    p.exit();
    p.finish()
}

/// A process and its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relative {
    /// The pid of the process.
    pub pid: Pid,
    /// The pid of the parent.
    pub ppid: Pid,
    /// Nanoseconds between the boot and the start of the process.
    pub start: u64,
    /// The number of threads.
    pub threads: u64,
}

pub(crate) fn parse(printed: &[u8]) -> Option<Vec<Relative>> {
    iterator::parse(printed, |[pid, ppid, start, threads]| {
        Some(Relative { pid: pid.try_into().ok()?, ppid: ppid.try_into().ok()?, start, threads })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_understood_and_nothing_else() {
        let printed = |words: &[u64]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
        let relative = Relative { pid: 7, ppid: 1, start: 99, threads: 2 };
        assert_eq!(parse(&printed(&[7, 1, 99, 2])), Some(vec![relative]));
        assert_eq!(parse(&printed(&[7, 1, 99])), None);
        assert_eq!(parse(&printed(&[1 << 40, 1, 9, 1])), None);
    }
}
