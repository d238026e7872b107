//! Prints the threads of one process in one walk.

use crate::asm::{Instruction, Program, Reg};
use crate::iterator::{self, STACK, TASK};
use crate::kernel::Kernel;
use crate::record::shown_times;

/// Prints for every thread: id, user time, system time, exact run time, and the user and system time that were last
/// shown.
pub(crate) fn program(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
    const FACTS: [&str; 6] =
        ["pid", "utime", "stime", "se.sum_exec_runtime", "prev_cputime.utime", "prev_cputime.stime"];
    let mut p = Program::default();
    let out = p.label();
    iterator::visit(&mut p, out);
    for (path, at) in FACTS.into_iter().zip((-48..).step_by(8)) {
        let place = kernel.place(kernel.task, path)?;
        p.load(Reg::R1, TASK, place.offset, place.size);
        p.store(STACK, at, Reg::R1);
    }
    iterator::print(&mut p, -48, |p| p.set(Reg::R3, 48));
    p.place(out);
    p.exit();
    p.finish()
}

/// A thread. Its times are those of /proc, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thread {
    /// The thread id.
    pub id: u32,
    /// CPU time in user mode.
    pub user: u64,
    /// CPU time in kernel mode.
    pub system: u64,
}

pub(crate) fn parse(printed: &[u8]) -> Option<Vec<Thread>> {
    iterator::parse(printed, |[id, user, system, runtime, shown_user, shown_system]| {
        let [user, system] = shown_times([user, system, runtime], [shown_user, shown_system]);
        Some(Thread { id: id.try_into().ok()?, user, system })
    })
}
