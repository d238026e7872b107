//! The command line of a process whose record a program has printed, after it: how many bytes it has, and these; 0 for one
//! that is too long or away.

use super::asm::{Helper, If, Op, Program, Reg};
use super::iterator::{self, STACK, TASK};
use super::kernel::Kernel;
use super::pages::{self, DirectMap};
use super::processes::{SCRATCH, lookup, word};
use super::record::{RECORD, Word};

/// As much of a command line as takes the record's place on the stack, after a word for its length.
const ARGUMENTS: i32 = RECORD as i32 - 8;
/// The longest command line that is copied from where it lies, piece by piece: what is printed of one process must not
/// exceed the 32 KiB that the kernel has for it (kernel/bpf/bpf_iter.c).
const MANY_ARGUMENTS: i32 = 16 * 1024;

/// Touches what [`print_where_they_lie`] will read, each time that as many processes were visited as it goes ahead.
pub(super) fn touch_ahead(p: &mut Program, kernel: &Kernel<'_>, map: DirectMap) -> Option<()> {
    let [key, ..] = SCRATCH;
    let past = p.label();
    // They are counted in the map, where the number itself is of no use yet; if others count there too, that is no harm.
    p.store_value(STACK, key, 0);
    lookup(p, key, |p| p.set(Reg::R3, 0));
    p.jump_if(Reg::R0, If::Equal, 0, past);
    p.load(Reg::R1, Reg::R0, 0, 8);
    p.op(Reg::R1, Op::Add, 1);
    p.store(Reg::R0, 0, Reg::R1);
    p.op(Reg::R1, Op::And, i32::from(pages::AHEAD) - 1);
    p.jump_if(Reg::R1, If::NotEqual, 0, past);
    pages::touch(p, kernel, map, -RECORD)?;
    p.place(past);
    Some(())
}

/// Prints the command line from where it lies; R7 is the process's `mm`. What cannot be had of a later page is printed as
/// other bytes.
pub(super) fn print_where_they_lie(p: &mut Program, kernel: &Kernel<'_>, map: DirectMap) -> Option<()> {
    const BUFFER: i16 = 8 - RECORD;
    let [mm, entry_at, entry, left, ..] = SCRATCH;
    let scratch = [mm, entry_at, entry];
    let (none, next, lost, fill, end) = (p.label(), p.label(), p.label(), p.label(), p.label());
    // R1 = how many bytes are left. The verifier is not to know what it knew of them, or it would follow each loop for every
    // number of them.
    let load_left = |p: &mut Program| {
        p.at(Reg::R1, STACK, left);
        kernel.word(p, Reg::R1);
    };
    // R7 = as many of the R1 bytes at R8 as are in one page, and in the buffer.
    let piece = |p: &mut Program| {
        let [to_page_end, fits] = [p.label(), p.label()];
        p.copy(Reg::R2, Reg::R8);
        p.op(Reg::R2, Op::And, pages::PAGE_SIZE - 1);
        p.set(Reg::R7, pages::PAGE_SIZE);
        p.op_reg(Reg::R7, Op::Sub, Reg::R2);
        p.jump_if_reg(Reg::R7, If::Less, Reg::R1, to_page_end);
        p.copy(Reg::R7, Reg::R1);
        p.place(to_page_end);
        p.jump_if(Reg::R7, If::Less, ARGUMENTS, fits);
        p.set(Reg::R7, ARGUMENTS);
        p.place(fits);
    };
    p.store(STACK, mm, Reg::R7);
    p.load(Reg::R8, STACK, word(Word::ArgumentsStart), 8);
    p.load(Reg::R1, STACK, word(Word::ArgumentsEnd), 8);
    p.op_reg(Reg::R1, Op::Sub, Reg::R8);
    p.jump_if(Reg::R1, If::Greater, MANY_ARGUMENTS, none); // a negative number is a large one
    p.store(STACK, left, Reg::R1);
    piece(p);
    pages::copy(p, kernel, map, BUFFER, scratch, none)?;
    p.load(Reg::R1, STACK, left, 8);
    p.store(STACK, -RECORD, Reg::R1);
    iterator::print(p, -RECORD, |p| p.at(Reg::R3, Reg::R7, 8));
    p.place(next);
    p.give_up(end);
    load_left(p);
    p.op_reg(Reg::R1, Op::Sub, Reg::R7);
    p.jump_if(Reg::R1, If::Equal, 0, end);
    p.store(STACK, left, Reg::R1);
    p.op_reg(Reg::R8, Op::Add, Reg::R7);
    piece(p);
    pages::copy(p, kernel, map, BUFFER, scratch, lost)?;
    iterator::print(p, BUFFER, |p| p.copy(Reg::R3, Reg::R7));
    p.jump(next);
    // What does not end with a NUL is not taken for a command line.
    p.place(lost);
    for word in 1..RECORD / 8 {
        p.store_value(STACK, word * 8 - RECORD, -1);
    }
    p.place(fill);
    p.give_up(end);
    load_left(p);
    p.jump_if(Reg::R1, If::Equal, 0, end);
    piece(p);
    p.op_reg(Reg::R1, Op::Sub, Reg::R7);
    p.store(STACK, left, Reg::R1);
    p.op_reg(Reg::R8, Op::Add, Reg::R7);
    iterator::print(p, BUFFER, |p| p.copy(Reg::R3, Reg::R7));
    p.jump(fill);
    p.place(none);
    p.store_value(STACK, -RECORD, 0);
    iterator::print(p, -RECORD, |p| p.set(Reg::R3, 8));
    p.place(end);
    Some(())
}

/// Prints the command line as the kernel copies it, which may sleep.
///
/// Only from processes of the caller's own user: to copy from memory waits for the file that is mapped there, if any,
/// and another user could map one that makes it wait for ever. /proc never reads such pages.
pub(super) fn print_by_the_kernel(p: &mut Program) {
    let own = rustix::process::geteuid().as_raw();
    let (none, print) = (p.label(), p.label());
    p.load(Reg::R7, STACK, word(Word::ArgumentsStart), 8);
    p.load(Reg::R8, STACK, word(Word::ArgumentsEnd), 8);
    p.set(Reg::R1, own.cast_signed());
    p.op(Reg::R1, Op::ShiftLeft, 32);
    p.op(Reg::R1, Op::ShiftRight, 32);
    for user in [Word::Uid, Word::EffectiveUid, Word::SavedUid] {
        p.load(Reg::R2, STACK, word(user), 8);
        p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, none);
    }
    p.jump_if_reg(Reg::R7, If::Greater, Reg::R8, none);
    p.op_reg(Reg::R8, Op::Sub, Reg::R7);
    p.jump_if(Reg::R8, If::Greater, ARGUMENTS, none);
    for word in 0..RECORD / 8 {
        p.store_value(STACK, word * 8 - RECORD, 0);
    }
    p.at(Reg::R1, STACK, 8 - RECORD);
    p.copy(Reg::R2, Reg::R8);
    p.copy(Reg::R3, Reg::R7);
    p.copy(Reg::R4, TASK);
    p.set(Reg::R5, 0);
    p.call(Helper::CopyFromUserTask);
    p.jump_if(Reg::R0, If::Equal, 0, print);
    p.place(none);
    p.set(Reg::R8, 0);
    p.place(print);
    p.store(STACK, -RECORD, Reg::R8);
    iterator::print(p, -RECORD, |p| p.at(Reg::R3, Reg::R8, 8));
}
