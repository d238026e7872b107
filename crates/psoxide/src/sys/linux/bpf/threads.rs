//! The threads of one process in one walk.

use super::super::Source;
use super::asm::{Instruction, Program, Reg};
use super::iterator::{self, STACK, TASK};
use super::kernel::Kernel;
use super::record::shown_times;
use crate::Thread;

/// Prints, of every thread: id, user time, system time, exact run time, and the user and system time last shown.
pub(super) fn program(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
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

pub(super) fn parse(source: &Source, printed: &[u8]) -> Option<Vec<Thread>> {
    iterator::parse(printed, |[id, user, system, runtime, shown_user, shown_system]| {
        let times = shown_times([user, system, runtime], [shown_user, shown_system]);
        let [user_time, system_time] = times.map(|nanos| source.ticks(source.clock_ticks_of(nanos)));
        Some(Thread { id: id.try_into().ok()?, user_time, system_time })
    })
}
