//! What the programs of iterators have in common: how they begin, what they print, and how that is read.

use psoxide_parse::Cursor;

use crate::asm::{Helper, If, Label, Program, Reg};
use crate::kernel::{Kernel, Place};

/// The task that is visited.
pub(crate) const TASK: Reg = Reg::R6;
/// What is printed to: the iterator's sequence file.
pub(crate) const OUT: Reg = Reg::R9;
pub(crate) const STACK: Reg = Reg::R10;

/// Loads what begins `struct bpf_iter__task` and `struct bpf_iter__task_file`: meta and task. After the last task there is
/// one call without, which leads to `end`.
pub(crate) fn visit(p: &mut Program, end: Label) {
    p.load(TASK, Reg::R1, 8, 8);
    p.load(OUT, Reg::R1, 0, 8);
    p.jump_if(TASK, If::Equal, 0, end);
    p.load(OUT, OUT, 0, 8);
}

/// Loads a pointer in the task into R1.
pub(crate) fn follow(p: &mut Program, kernel: &Kernel<'_>, pointer: Place) {
    p.copy(Reg::R1, TASK);
    kernel.cast(p, kernel.task);
    p.load(Reg::R1, Reg::R0, pointer.offset, pointer.size);
}

/// To `other` if the task is a thread of a process, but not the one that has its pid; else that is in R2.
pub(crate) fn processes_only(p: &mut Program, kernel: &Kernel<'_>, other: Label) -> Option<()> {
    let (pid, tgid) = (kernel.place(kernel.task, "pid")?, kernel.place(kernel.task, "tgid")?);
    p.load(Reg::R1, TASK, pid.offset, pid.size);
    p.load(Reg::R2, TASK, tgid.offset, tgid.size);
    p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, other);
    Some(())
}

/// Prints so many bytes of the stack, as `length` sets R3.
pub(crate) fn print(p: &mut Program, from: i16, length: impl FnOnce(&mut Program)) {
    p.copy(Reg::R1, OUT);
    p.at(Reg::R2, STACK, from);
    length(p);
    p.call(Helper::SeqWrite);
}

/// All that was printed by a program that prints `N` numbers of each thing; `None` if there are others.
pub(crate) fn parse<const N: usize, T>(printed: &[u8], thing: impl Fn([u64; N]) -> Option<T>) -> Option<Vec<T>> {
    let mut cursor = Cursor::new(printed);
    let mut things = Vec::with_capacity(printed.len() / (N * size_of::<u64>()));
    while !cursor.is_empty() {
        things.push(thing(numbers(&mut cursor)?)?);
    }
    Some(things)
}

/// The next numbers of what a program printed.
pub(crate) fn numbers<const N: usize>(cursor: &mut Cursor<'_>) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = u64::from_ne_bytes(cursor.array()?);
    }
    Some(numbers)
}
