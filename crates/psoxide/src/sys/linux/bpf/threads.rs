//! The threads of one process in one walk.

use psoxide_parse::Cursor;

use super::asm::{Helper, If, Instruction, Program, Reg};
use super::files::words;
use super::kernel::Kernel;
use super::record::shown_times;

/// Prints, of every thread: id, user time, system time, exact run time, and the user and system time last shown.
pub(super) fn program(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
    const FACTS: [&str; 6] =
        ["pid", "utime", "stime", "se.sum_exec_runtime", "prev_cputime.utime", "prev_cputime.stime"];
    const TASK: Reg = Reg::R6;
    const SEQ: Reg = Reg::R7;
    let mut p = Program::default();
    let out = p.label();
    p.load(TASK, Reg::R1, 8, 8);
    p.load(SEQ, Reg::R1, 0, 8);
    p.jump_if(TASK, If::Equal, 0, out);
    p.load(SEQ, SEQ, 0, 8);
    for (path, at) in FACTS.into_iter().zip((-48..).step_by(8)) {
        let place = kernel.place(kernel.task, path)?;
        p.load(Reg::R1, TASK, place.offset, place.size);
        p.store(Reg::R10, at, Reg::R1);
    }
    p.copy(Reg::R1, SEQ);
    p.at(Reg::R2, Reg::R10, -48);
    p.set(Reg::R3, 48);
    p.call(Helper::SeqWrite);
    p.place(out);
    p.exit();
    p.finish()
}

/// A thread; times in nanoseconds, as /proc shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) id: u32,
    pub(crate) user: u64,
    pub(crate) system: u64,
}

pub(super) fn parse(printed: &[u8]) -> Option<Vec<Thread>> {
    let mut cursor = Cursor::new(printed);
    let mut threads = Vec::with_capacity(printed.len() / 48);
    while !cursor.is_empty() {
        let [id, user, system, runtime, shown_user, shown_system] = words(&mut cursor)?;
        let [user, system] = shown_times([user, system, runtime], [shown_user, shown_system]);
        threads.push(Thread { id: id.try_into().ok()?, user, system });
    }
    Some(threads)
}
