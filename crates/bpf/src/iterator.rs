//! The parts that iterator programs share: their start, their output, and how it is read.

use psoxide_parse::Cursor;

use crate::asm::{Helper, If, Label, Program, Reg};
use crate::kernel::{Kernel, Place};

/// Holds the visited task.
pub(crate) const TASK: Reg = Reg::R6;
/// Holds the output: the iterator's sequence file.
pub(crate) const OUT: Reg = Reg::R9;
pub(crate) const STACK: Reg = Reg::R10;

/// Loads the first fields of `struct bpf_iter__task` and `struct bpf_iter__task_file`: meta and task. After the last
/// task the iterator calls the program once without a task. Then this jumps to `end`.
pub(crate) fn visit(p: &mut Program, end: Label) {
    p.load(TASK, Reg::R1, 8, 8);
    p.load(OUT, Reg::R1, 0, 8);
    p.jump_if(TASK, If::Equal, 0, end);
    p.load(OUT, OUT, 0, 8);
}

/// Loads a pointer field of the task into R1.
pub(crate) fn follow(p: &mut Program, kernel: &Kernel<'_>, pointer: Place) {
    p.copy(Reg::R1, TASK);
    kernel.cast(p, kernel.task);
    p.load(Reg::R1, Reg::R0, pointer.offset, pointer.size);
}

/// Jumps to `other` if the task is not the first thread of its process. Otherwise leaves the pid in R2.
pub(crate) fn processes_only(p: &mut Program, kernel: &Kernel<'_>, other: Label) -> Option<()> {
    let (pid, tgid) = (kernel.place(kernel.task, "pid")?, kernel.place(kernel.task, "tgid")?);
    p.load(Reg::R1, TASK, pid.offset, pid.size);
    p.load(Reg::R2, TASK, tgid.offset, tgid.size);
    p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, other);
    Some(())
}

/// Prints bytes from the stack. `length` sets R3 to their number.
pub(crate) fn print(p: &mut Program, from: i16, length: impl FnOnce(&mut Program)) {
    p.copy(Reg::R1, OUT);
    p.at(Reg::R2, STACK, from);
    length(p);
    p.call(Helper::SeqWrite);
}

/// Parses the output of a program that prints `N` numbers for each thing. Returns `None` if a part is left over.
pub(crate) fn parse<const N: usize, T>(printed: &[u8], thing: impl Fn([u64; N]) -> Option<T>) -> Option<Vec<T>> {
    let mut cursor = Cursor::new(printed);
    let mut things = Vec::with_capacity(printed.len() / (N * size_of::<u64>()));
    while !cursor.is_empty() {
        things.push(thing(numbers(&mut cursor)?)?);
    }
    Some(things)
}

/// Reads the next numbers of a program's output.
pub(crate) fn numbers<const N: usize>(cursor: &mut Cursor<'_>) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = u64::from_ne_bytes(cursor.array()?);
    }
    Some(numbers)
}
