//! The memory of other processes where it lies: a program finds the page in the tables that the processor uses, and
//! copies from it.
//!
//! The kernel's way to another process's memory takes locks, and waits for what is not there: three quarters of a walk with
//! command lines were that, and a file system in user space could make it wait for ever. The way here is that of the
//! kernel's own lockless one, mm/gup.c: gup_fast. Tables are not given back while a program runs that may not sleep
//! (CONFIG_MMU_GATHER_RCU_TABLE_FREE, which x86 has in every kernel that is new enough), and what was copied counts only if
//! the page is still mapped there afterwards, in the same address space. What is not there (swapped out, never touched, in a
//! huge page, hidden from the kernel) is not told, and read from /proc.

use std::hint::black_box;
use std::os::fd::AsFd;
use std::{io, ptr};

use super::asm::{Helper, If, Instruction, Label, Op, Program, Reg};
use super::ffi::{self, Runs};
use super::iterator::{STACK, TASK};
use super::kernel::Kernel;

/// arch/x86/include/asm/pgtable_types.h: bits of an entry. The last is one of the kernel's own, of what is no memory.
const PRESENT: u64 = 1;
const USER: u64 = 1 << 2;
const HUGE: u64 = 1 << 7;
const SPECIAL: u64 = 1 << 9;
/// Where the page or the next table is.
const FRAME: u64 = 0x000f_ffff_ffff_f000;
/// Bits of an address within a page, and of an entry's index in its table.
const PAGE: u32 = 12;
const INDEX: u32 = 9;
pub(super) const PAGE_SIZE: i32 = 1 << PAGE;

/// Where all memory is mapped: Documentation/arch/x86/x86_64/mm.rst, page_offset_base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DirectMap {
    base: u64,
    /// How many tables lead to a page.
    levels: u32,
}

impl DirectMap {
    /// Finds it; `None` where it cannot be found, or does not lead to this program's memory.
    pub(super) fn find(kernel: &Kernel<'_>) -> Option<Self> {
        if !cfg!(target_arch = "x86_64") {
            return None;
        }
        let program = ffi::load(&peek(kernel)?, Runs::Call).ok()?;
        let word = |address| look(&program, address).ok();
        let field = |of, path| u64::try_from(kernel.offset(of, path)?).ok();
        let (_, mm) = kernel.pointer(kernel.task, "mm")?;
        let tables = word(word(word(0)?.wrapping_add(field(kernel.task, "mm")?))?.wrapping_add(field(mm, "pgd")?))?;
        // The kernel's half of all addresses begins higher with four levels than what is mapped with five.
        let levels = if tables.leading_ones() > 64 - PAGE - 4 * INDEX { 4 } else { 5 };
        let map = Self::search(tables, levels, most(), word)?;
        // What this program has in its memory is found there.
        let witness = black_box(Box::new(u64::from(std::process::id()) << 32 | 0x5eed));
        let here = u64::try_from(ptr::from_ref(&*witness).expose_provenance()).ok()?;
        let there = map.base.wrapping_add(map.physical(word(entry_at(tables, here, levels - 1))?, here, word)?);
        (word(there)? == *witness).then_some(map)
    }

    /// The tables at `tables` are themselves in the memory that is mapped, and lead to where they are: that is tried for
    /// each place where the map may begin, which is always that of a table of the third level (arch/x86/mm/kaslr.c).
    ///
    /// From the lowest on, so that nothing is looked at behind the map, where there are devices; before it there is nothing.
    fn search(tables: u64, levels: u32, most: u64, word: impl Fn(u64) -> Option<u64>) -> Option<Self> {
        const STEP: u64 = 1 << (PAGE + 2 * INDEX);
        let lowest = if levels == 4 { 0xffff_8880_0000_0000 } else { 0xff11_0000_0000_0000 };
        let entry = word(entry_at(tables, tables, levels - 1))?;
        let begins = (0..most).rev().map(|step| (tables & !(STEP - 1)).saturating_sub(step.saturating_mul(STEP)));
        begins
            .filter(|base| *base >= lowest)
            .map(|base| Self { base, levels })
            .find(|map| map.physical(entry, tables, &word) == Some(tables.wrapping_sub(map.base)))
    }

    /// Where in memory an address is, by its entry in the first of the tables.
    fn physical(self, mut entry: u64, address: u64, word: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        for level in (0..self.levels).rev() {
            if entry & PRESENT == 0 {
                return None;
            }
            let frame = entry & FRAME;
            if level == 0 || entry & HUGE != 0 {
                let within = (1 << (PAGE + level * INDEX)) - 1;
                return Some(frame & !within | address & within);
            }
            entry = word(entry_at(self.base.wrapping_add(frame), address, level - 1))?;
        }
        None
    }
}

/// Where a table of this level has its entry for an address.
fn entry_at(table: u64, address: u64, level: u32) -> u64 {
    table.wrapping_add((address >> (PAGE + level * INDEX) & ((1 << INDEX) - 1)) * 8)
}

/// More steps than the memory has: there are holes in it.
fn most() -> u64 {
    let info = rustix::system::sysinfo();
    #[allow(clippy::useless_conversion)] // elsewhere it has 32 bits
    let units = u64::from(info.totalram);
    (units.saturating_mul(info.mem_unit.into()) >> 29).saturating_add(16)
}

/// The program of [`look`]: puts the word at the address that its context holds in its place; that of address 0 is the
/// caller's `task_struct`.
fn peek(kernel: &Kernel<'_>) -> Option<Vec<Instruction>> {
    const CONTEXT: Reg = Reg::R6;
    let mut p = Program::default();
    let (read, answer) = (p.label(), p.label());
    p.copy(CONTEXT, Reg::R1);
    p.load(Reg::R1, CONTEXT, 0, 8);
    p.jump_if(Reg::R1, If::NotEqual, 0, read);
    p.call(Helper::GetCurrentTask);
    p.jump(answer);
    p.place(read);
    kernel.word(&mut p, Reg::R0);
    p.place(answer);
    p.store(CONTEXT, 0, Reg::R0);
    p.exit();
    p.finish()
}

fn look(program: &impl AsFd, address: u64) -> io::Result<u64> {
    let mut context = address.to_ne_bytes();
    ffi::run(program.as_fd(), &mut context)?;
    Ok(u64::from_ne_bytes(context))
}

/// R1 = the address, in the table at R1, of the entry for the address in `of`. R2 is lost.
fn to_entry(p: &mut Program, of: Reg, level: u32) -> Option<()> {
    p.copy(Reg::R2, of);
    p.op(Reg::R2, Op::ShiftRight, i32::try_from(PAGE + level * INDEX).ok()?);
    p.op(Reg::R2, Op::And, (1 << INDEX) - 1);
    p.op(Reg::R2, Op::ShiftLeft, 3);
    p.op_reg(Reg::R1, Op::Add, Reg::R2);
    Some(())
}

/// R1 = where the table or page is mapped that the entry in R1 leads to, which is one of the table of this level; to
/// `none` if it leads to none. R2 is lost.
fn follow(p: &mut Program, map: DirectMap, level: u32, none: Label) -> Option<()> {
    let other = if level == 0 { SPECIAL } else { HUGE };
    p.copy(Reg::R2, Reg::R1);
    p.op(Reg::R2, Op::And, i32::try_from(PRESENT | USER | other).ok()?);
    p.jump_if(Reg::R2, If::NotEqual, i32::try_from(PRESENT | USER).ok()?, none);
    // What is left are the bits of `FRAME`.
    p.op(Reg::R1, Op::ShiftLeft, 12);
    p.op(Reg::R1, Op::ShiftRight, 24);
    p.op(Reg::R1, Op::ShiftLeft, 12);
    p.wide(Reg::R2, map.base);
    p.op_reg(Reg::R1, Op::Add, Reg::R2);
    Some(())
}

/// Copies the R7 bytes at R8 in the memory of the task to `to` on the stack, where they are in one page; to `failed` if
/// that cannot be done. Its `mm` is in the first of the scratch words on the stack. R0 to R5 are lost.
pub(super) fn copy(
    p: &mut Program,
    kernel: &Kernel<'_>,
    map: DirectMap,
    to: i16,
    [mm, entry_at, entry]: [i16; 3],
    failed: Label,
) -> Option<()> {
    let (at, mm_type) = kernel.pointer(kernel.task, "mm")?;
    let check_mm = |p: &mut Program| {
        p.copy(Reg::R1, TASK);
        p.op(Reg::R1, Op::Add, at.offset.into());
        kernel.word(p, Reg::R1);
        p.load(Reg::R2, STACK, mm, 8);
        p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, failed);
    };
    p.load(Reg::R1, STACK, mm, 8);
    p.op(Reg::R1, Op::Add, kernel.offset(mm_type, "pgd")?.into());
    kernel.word(p, Reg::R1);
    for level in (0..map.levels).rev() {
        to_entry(p, Reg::R8, level)?;
        p.store(STACK, entry_at, Reg::R1);
        kernel.word(p, Reg::R1);
        p.store(STACK, entry, Reg::R1);
        if level == map.levels - 1 {
            // The first table goes with its address space, at once.
            check_mm(p);
            p.load(Reg::R1, STACK, entry, 8);
        }
        follow(p, map, level, failed)?;
    }
    p.copy(Reg::R3, Reg::R8);
    p.op(Reg::R3, Op::And, PAGE_SIZE - 1);
    p.op_reg(Reg::R3, Op::Add, Reg::R1);
    p.at(Reg::R1, STACK, to);
    p.copy(Reg::R2, Reg::R7);
    p.call(Helper::ProbeReadKernel);
    p.jump_if(Reg::R0, If::NotEqual, 0, failed);
    // Is it that page yet, and that address space?
    p.load(Reg::R1, STACK, entry_at, 8);
    kernel.word(p, Reg::R1);
    p.load(Reg::R2, STACK, entry, 8);
    p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, failed);
    check_mm(p);
    Some(())
}

/// What the processor takes from memory at once.
const LINE: i16 = 64;
/// How many processes [`touch`] goes ahead.
pub(super) const AHEAD: i16 = 8;

/// Touches where the arguments of the processes lie that come after the task, so that they are in the processor's cache
/// when they are visited: each table on the way has to be waited for before the next is known, but those of several
/// processes are waited for at the same time. It takes four words for each on the stack from `from` on. R0 to R5, R7 and R8
/// are lost.
pub(super) fn touch(p: &mut Program, kernel: &Kernel<'_>, map: DirectMap, from: i16) -> Option<()> {
    let each = || (0..AHEAD).map(|index| [0, 8, 16, 24].map(|word| from + index * 32 + word));
    let next = kernel.offset(kernel.task, "tasks.next")?;
    let (at, mm_type) = kernel.pointer(kernel.task, "mm")?;
    p.at(Reg::R1, TASK, next);
    for [mm_at, ..] in each() {
        kernel.word(p, Reg::R1);
        p.at(Reg::R2, Reg::R1, at.offset - next);
        p.store(STACK, mm_at, Reg::R2);
    }
    for [mm_at, mm, ..] in each() {
        p.load(Reg::R1, STACK, mm_at, 8);
        kernel.word(p, Reg::R1);
        p.store(STACK, mm, Reg::R1);
    }
    for [_, mm, table, address] in each() {
        p.load(Reg::R7, STACK, mm, 8);
        p.at(Reg::R1, Reg::R7, kernel.offset(mm_type, "arg_start")?);
        kernel.word(p, Reg::R8);
        p.store(STACK, address, Reg::R8);
        p.at(Reg::R1, Reg::R7, kernel.offset(mm_type, "pgd")?);
        kernel.word(p, Reg::R1);
        p.store(STACK, table, Reg::R1);
    }
    for level in (0..map.levels).rev() {
        for [mm_at, mm, table, address] in each() {
            let (none, found) = (p.label(), p.label());
            p.load(Reg::R1, STACK, table, 8);
            p.load(Reg::R8, STACK, address, 8);
            to_entry(p, Reg::R8, level)?;
            kernel.word(p, Reg::R8);
            if level == map.levels - 1 {
                // The first table goes with its address space, at once.
                p.load(Reg::R1, STACK, mm_at, 8);
                kernel.word(p, Reg::R1);
                p.load(Reg::R2, STACK, mm, 8);
                p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, none);
            }
            p.copy(Reg::R1, Reg::R8);
            follow(p, map, level, none)?;
            p.jump(found);
            // There is nothing at 0 either.
            p.place(none);
            p.set(Reg::R1, 0);
            p.place(found);
            p.store(STACK, table, Reg::R1);
        }
    }
    for [_, _, page, address] in each() {
        p.load(Reg::R7, STACK, page, 8);
        p.load(Reg::R2, STACK, address, 8);
        p.op(Reg::R2, Op::And, PAGE_SIZE - 1);
        p.op_reg(Reg::R7, Op::Add, Reg::R2);
        p.copy(Reg::R1, Reg::R7);
        kernel.word(p, Reg::R1);
        p.at(Reg::R1, Reg::R7, LINE);
        kernel.word(p, Reg::R1);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Memory with tables in it, at the frames 1, 2, … of what is mapped from `base` on; the last entry is `last`.
    fn memory(base: u64, levels: u32, tables: u64, entries: &[u64]) -> HashMap<u64, u64> {
        let mut table = tables;
        let mut words = HashMap::new();
        for (entry, level) in entries.iter().zip((0..levels).rev()) {
            words.insert(entry_at(table, tables, level), *entry);
            table = base + (entry & FRAME);
        }
        words
    }

    fn search(words: &HashMap<u64, u64>, tables: u64, levels: u32) -> Option<DirectMap> {
        DirectMap::search(tables, levels, 64, |address| Some(words.get(&address).copied().unwrap_or_default()))
    }

    #[test]
    fn the_map_begins_where_the_tables_lead_to_themselves() {
        let base = 0xffff_8881_4000_0000;
        let tables = base + 0x5_4321_9000;
        for (levels, entries) in [
            // A page of a gigabyte, of two megabytes, of four kilobytes.
            (4, &[0x1063, 0x8000_0005_4000_01e3][..]),
            (4, &[0x1063, 0x2063, 0x5_4320_01e3]),
            (4, &[0x1063, 0x2063, 0x3063, 0x5_4321_9063]),
            (5, &[0x1063, 0x2063, 0x3063, 0x5_4320_11e3]),
        ] {
            let words = memory(base, levels, tables, entries);
            assert_eq!(search(&words, tables, levels), Some(DirectMap { base, levels }), "{entries:x?}");
        }
        // Elsewhere than at themselves, not there, and numbered as the machine under this one numbers them.
        for entries in [&[0x1063, 0x2063, 0x5_4340_01e3][..], &[0x1063, 0x2062], &[0x7_0000_1063, 0x2063]] {
            assert_eq!(search(&memory(base, 4, tables, entries), tables, 4), None, "{entries:x?}");
        }
    }
}
