//! Prints the command line of a process after its record: its length in bytes, and the bytes. The length is 0 if the
//! command line is too long or not in memory.

use crate::asm::{Helper, If, Op, Program, Reg};
use crate::iterator::{self, STACK, TASK};
use crate::kernel::Kernel;
use crate::record::{RECORD, Word, word};

/// The longest command line. It takes the record's place on the stack, after a word for its length.
const ARGUMENTS: i32 = RECORD as i32 - 8;

/// Prints the command line as the kernel copies it. The copy may sleep.
///
/// Only command lines of the caller's own user are copied. A copy from memory waits for the file that is mapped there,
/// and another user could map a file that makes it wait forever. /proc never reads such pages.
pub(crate) fn print(p: &mut Program, kernel: &Kernel<'_>) {
    let (none, copied) = (p.label(), p.label());
    p.load(Reg::R7, STACK, word(Word::ArgumentsStart), 8);
    p.load(Reg::R8, STACK, word(Word::ArgumentsEnd), 8);
    p.set(Reg::R1, kernel.user.cast_signed());
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
    p.jump_if(Reg::R0, If::Equal, 0, copied);
    p.place(none);
    p.set(Reg::R8, 0);
    p.place(copied);
    p.store(STACK, -RECORD, Reg::R8);
    iterator::print(p, -RECORD, |p| p.at(Reg::R3, Reg::R8, 8));
}
