//! The program that prints the record of a process: of all processes in one walk, or of one process.
//!
//! A record has the values from which fs/proc/array.c: do_task_stat, and fs/proc/task_mmu.c: task_statm, print. The
//! program sums over the threads of a process, as the kernel does.

use crate::arguments;
use crate::asm::{Helper, If, Instruction, Label, Op, Program, Reg};
use crate::iterator::{self, OUT, STACK, TASK, follow};
use crate::kernel::{Kernel, Place};
use crate::record::{RECORD, UNKNOWN, Word, word};

/// Positions on the stack for temporary pointers: three below the record, and those of the words that [`last`] writes.
const SCRATCH: [i16; 7] = [
    -RECORD - 24,
    -RECORD - 16,
    -RECORD - 8,
    word(Word::Policy),
    word(Word::EffectivePriority),
    word(Word::RealtimePriority),
    word(Word::Descriptors),
];
/// The stack has 512 bytes, see Documentation/bpf/bpf_design_QA.rst. Loops take 16 of them (`Program::give_up`).
const _: () = assert!(RECORD + 24 + 16 <= 512);

const SIGNAL: Reg = Reg::R7;
/// Holds the thread or the CPU of a loop.
const AT: Reg = Reg::R8;

/// Copies a number from a struct of the kernel into the record.
fn keep(p: &mut Program, base: Reg, place: Place, to: Word) {
    p.load(Reg::R0, base, place.offset, place.size);
    p.store(STACK, word(to), Reg::R0);
}

/// The destination of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Prints the record of each process that an iterator visits.
    Record,
    /// Prints the record, then the length of the command line and its bytes, as the kernel copies them. The length is 0
    /// for a command line that is too long, not in memory or another user's.
    RecordAndArguments,
    /// Writes the record over the question, which is the pid of one process. If there is no such process, the question
    /// stays unchanged.
    Answer,
}

impl Form {
    /// Returns whether a program of this form may sleep.
    pub(crate) fn sleeps(self) -> bool {
        matches!(self, Self::RecordAndArguments | Self::Answer)
    }
}

/// Assembles the program. Its per-CPU map has one number for each CPU.
pub(crate) fn program(kernel: &Kernel<'_>, form: Form) -> Option<Vec<Instruction>> {
    let task = |path| kernel.place(kernel.task, path);
    let (signal_at, signal_type) = kernel.pointer(kernel.task, "signal")?;
    let signal = |path| kernel.place(signal_type, path);
    let mut p = Program::default();
    let (out, unlock, release) = (p.label(), p.label(), p.label());
    let sleepable = form.sleeps();
    let task_by_pid = if form == Form::Answer { Some(kernel.task_by_pid?) } else { None };
    if let Some((find, _)) = task_by_pid {
        // The answer overwrites the question, which is the context.
        p.copy(OUT, Reg::R1);
        p.call_kernel(kernel.rcu_lock);
        p.load(Reg::R1, OUT, 0, 4);
        p.call_kernel(find);
        p.copy(TASK, Reg::R0);
        p.jump_if(TASK, If::Equal, 0, unlock);
    } else {
        iterator::visit(&mut p, out);
        if sleepable {
            p.call_kernel(kernel.rcu_lock);
        }
    }
    iterator::processes_only(&mut p, kernel, release)?;
    for word in 0..RECORD / 8 {
        p.store_value(STACK, word * 8 - RECORD, 0);
    }
    follow(&mut p, kernel, signal_at);
    p.copy(SIGNAL, Reg::R1);

    let of_task = [
        ("pid", Word::Pid),
        ("flags", Word::Flags),
        ("__state", Word::State),
        ("exit_state", Word::ExitState),
        ("static_prio", Word::Priority),
        ("start_boottime", Word::Start),
        ("thread_info.cpu", Word::Cpu),
        ("nvcsw", Word::VoluntarySwitches),
        ("nivcsw", Word::InvoluntarySwitches),
    ];
    for (path, to) in of_task {
        keep(&mut p, TASK, task(path)?, to);
    }
    let name = kernel.offset(kernel.task, "comm")?;
    keep(&mut p, TASK, Place { offset: name, size: 8 }, Word::Name);
    keep(&mut p, TASK, Place { offset: name.checked_add(8)?, size: 8 }, Word::NameEnd);
    // A null pointer reads as zeros.
    let (parent, _) = kernel.pointer(kernel.task, "real_parent")?;
    follow(&mut p, kernel, parent);
    keep(&mut p, Reg::R1, task("tgid")?, Word::Ppid);
    let (delays, delays_type) = kernel.pointer(kernel.task, "delays")?;
    follow(&mut p, kernel, delays);
    keep(&mut p, Reg::R1, kernel.place(delays_type, "blkio_delay")?, Word::BlockDelay);
    let (cred, cred_type) = kernel.pointer(kernel.task, "real_cred")?;
    follow(&mut p, kernel, cred);
    for (path, to) in [
        ("uid.val", Word::Uid),
        ("euid.val", Word::EffectiveUid),
        ("suid.val", Word::SavedUid),
        ("gid.val", Word::Gid),
        ("egid.val", Word::EffectiveGid),
        ("sgid.val", Word::SavedGid),
    ] {
        keep(&mut p, Reg::R1, kernel.place(cred_type, path)?, to);
    }
    let (tty, tty_type) = kernel.pointer(signal_type, "tty")?;
    p.load(Reg::R1, SIGNAL, tty.offset, tty.size);
    keep(&mut p, Reg::R1, kernel.place(tty_type, "index")?, Word::TtyIndex);
    let (driver, driver_type) = kernel.pointer(tty_type, "driver")?;
    p.load(Reg::R1, Reg::R1, driver.offset, driver.size);
    keep(&mut p, Reg::R1, kernel.place(driver_type, "major")?, Word::TtyMajor);
    keep(&mut p, Reg::R1, kernel.place(driver_type, "minor_start")?, Word::TtyFirstMinor);
    // enum pid_type, include/linux/pid_types.h: PIDTYPE_PGID is 2 and PIDTYPE_SID 3.
    for (kind, to) in [(2, Word::Group), (3, Word::Session)] {
        let (at, pointer) = kernel.element(signal_type, "pids", kind)?;
        let (numbers, number_type) = kernel.element(kernel.pointee(pointer)?, "numbers", 0)?;
        let number = kernel.place(number_type, "nr")?;
        p.load(Reg::R1, SIGNAL, at, 8);
        keep(&mut p, Reg::R1, Place { offset: numbers.checked_add(number.offset)?, ..number }, to);
    }

    let lock = signal("stats_lock.seqcount.seqcount.sequence")?;
    keep(&mut p, SIGNAL, lock, Word::LockBefore);
    let io = of_io(kernel, signal_type);
    for (path, to) in [
        ("nr_threads", Word::Threads),
        ("utime", Word::UserTime),
        ("stime", Word::SystemTime),
        ("sum_sched_runtime", Word::Runtime),
        ("min_flt", Word::MinorFaults),
        ("maj_flt", Word::MajorFaults),
        ("prev_cputime.utime", Word::ShownUserTime),
        ("prev_cputime.stime", Word::ShownSystemTime),
        ("cutime", Word::ChildrenUserTime),
        ("cstime", Word::ChildrenSystemTime),
    ] {
        keep(&mut p, SIGNAL, signal(path)?, to);
    }
    for &(path, to) in io {
        keep(&mut p, SIGNAL, signal(path)?, to);
    }
    p.store_value(STACK, word(Word::AccountsIo), i32::from(!io.is_empty()));
    threads(&mut p, kernel, signal_type, io)?;
    keep(&mut p, SIGNAL, lock, Word::LockAfter);
    memory(&mut p, kernel, release)?;
    last(&mut p, kernel)?;

    match form {
        Form::Record | Form::RecordAndArguments => {
            if sleepable {
                p.call_kernel(kernel.rcu_unlock);
            }
            iterator::print(&mut p, -RECORD, |p| p.set(Reg::R3, RECORD.into()));
            if form == Form::RecordAndArguments {
                arguments::print(&mut p, kernel);
            }
            if sleepable {
                p.exit();
            }
            p.place(release);
            if sleepable {
                p.call_kernel(kernel.rcu_unlock);
            }
        }
        Form::Answer => {
            for word in 0..RECORD / 8 {
                p.load(Reg::R0, STACK, word * 8 - RECORD, 8);
                p.store(OUT, word * 8, Reg::R0);
            }
            p.place(release);
            if let Some((_, put)) = task_by_pid {
                p.copy(Reg::R1, TASK);
                p.call_kernel(put);
            }
            p.place(unlock);
            p.call_kernel(kernel.rcu_unlock);
        }
    }
    if form != Form::Answer {
        p.place(unlock);
    }
    p.place(out);
    p.exit();
    p.finish()
}

/// The I/O counters of a thread, and of a process for its ended threads: include/linux/task_io_accounting.h.
const IO: [(&str, Word); 6] = [
    ("ioac.rchar", Word::ReadChars),
    ("ioac.wchar", Word::WriteChars),
    ("ioac.syscr", Word::ReadCalls),
    ("ioac.syscw", Word::WriteCalls),
    ("ioac.read_bytes", Word::ReadBytes),
    ("ioac.write_bytes", Word::WriteBytes),
];

/// Returns the I/O counters if this kernel has all of them, else none.
fn of_io(kernel: &Kernel<'_>, signal_type: u32) -> &'static [(&'static str, Word)] {
    let has = |(path, _): &(&str, Word)| {
        [kernel.task, signal_type].into_iter().all(|of| kernel.place(of, path).is_some_and(|place| place.size == 8))
    };
    if IO.iter().all(has) { &IO } else { &[] }
}

/// Adds the counts of all threads to those of ended threads: kernel/sched/cputime.c, thread_group_cputime, and
/// fs/proc/base.c, do_io_accounting.
fn threads(p: &mut Program, kernel: &Kernel<'_>, signal_type: u32, io: &[(&str, Word)]) -> Option<()> {
    let (list, node) =
        (kernel.offset(signal_type, "thread_head.next")?, kernel.offset(kernel.task, "thread_node.next")?);
    let sums = [
        ("utime", Word::UserTime),
        ("stime", Word::SystemTime),
        ("se.sum_exec_runtime", Word::Runtime),
        ("min_flt", Word::MinorFaults),
        ("maj_flt", Word::MajorFaults),
    ];
    let (many, next, complete, end) = (p.label(), p.label(), p.label(), p.label());
    let count = kernel.place(signal_type, "nr_threads")?;
    p.load(Reg::R1, SIGNAL, count.offset, count.size);
    p.jump_if(Reg::R1, If::NotEqual, 1, many);
    let sum_up = |p: &mut Program, thread| {
        for (path, sum) in sums.iter().chain(io) {
            let at = kernel.place(kernel.task, path).filter(|at| at.size == 8)?;
            p.load(Reg::R1, thread, at.offset, at.size);
            add(p, *sum);
        }
        Some(())
    };
    sum_up(p, TASK)?;
    p.jump(complete);

    p.place(many);
    p.load(AT, SIGNAL, list, 8);
    p.place(next);
    p.at(Reg::R1, SIGNAL, list);
    p.jump_if_reg(Reg::R1, If::Equal, AT, complete);
    p.give_up(end);
    p.copy(Reg::R1, AT);
    p.op(Reg::R1, Op::Sub, node.into());
    kernel.cast(p, kernel.task);
    sum_up(p, Reg::R0)?;
    p.load(AT, Reg::R0, node, 8);
    p.jump(next);
    p.place(complete);
    p.store_value(STACK, word(Word::Complete), 1);
    p.place(end);
    Some(())
}

/// Adds R1 to a word of the record.
fn add(p: &mut Program, sum: Word) {
    p.load(Reg::R2, STACK, word(sum), 8);
    p.op_reg(Reg::R2, Op::Add, Reg::R1);
    p.store(STACK, word(sum), Reg::R2);
}

/// Reads the counters of `mm`. Jumps to `release` if the kernel keeps them in an unknown way. Counts of resident pages
/// are spread over the CPUs: lib/percpu_counter.c, __percpu_counter_sum.
///
/// A CPU's part of a count lies at the counter's `counters` plus that CPU's offset, which is the same for all per-CPU
/// variables. The address of a CPU's copy in a per-CPU map, minus the map's own pointer, is that offset.
fn memory(p: &mut Program, kernel: &Kernel<'_>, release: Label) -> Option<()> {
    let (mm, mm_type) = kernel.pointer(kernel.task, "mm")?;
    let (none, next) = (p.label(), p.label());
    follow(p, kernel, mm);
    p.copy(SIGNAL, Reg::R1);
    p.jump_if(SIGNAL, If::Equal, 0, none);
    for (path, to) in [
        ("total_vm", Word::TotalPages),
        ("data_vm", Word::DataPages),
        ("stack_vm", Word::StackPages),
        ("start_code", Word::CodeStart),
        ("end_code", Word::CodeEnd),
        ("arg_start", Word::ArgumentsStart),
        ("arg_end", Word::ArgumentsEnd),
        ("env_end", Word::EnvironmentEnd),
    ] {
        keep(p, SIGNAL, kernel.place(mm_type, path)?, to);
    }
    let [first, parts, map, first_number, parts_number, base, key] = SCRATCH;
    // include/linux/mm_types_task.h: MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES.
    let counters = [(0, Word::FilePages), (1, Word::AnonymousPages), (3, Word::SharedPages)];
    for (index, sum) in counters {
        let (at, counter) = kernel.element(mm_type, "rss_stat", index)?;
        let (count, spread) = (kernel.place(counter, "count")?, kernel.offset(counter, "counters")?);
        keep(p, SIGNAL, Place { offset: at.checked_add(count.offset)?, ..count }, sum);
        p.load(Reg::R1, SIGNAL, at.checked_add(spread)?, 8);
        if index == 0 {
            p.store(STACK, parts, Reg::R1);
        } else {
            // The parts of one CPU are adjacent: percpu_counter_init_many.
            p.load(Reg::R2, STACK, parts, 8);
            p.op_reg(Reg::R1, Op::Sub, Reg::R2);
            p.jump_if(Reg::R1, If::NotEqual, PART * i32::try_from(index).ok()?, release);
        }
    }
    p.store_value(STACK, key, 0);
    lookup(p, key, |p| p.set(Reg::R3, 0));
    p.jump_if(Reg::R0, If::Equal, 0, release);
    p.store(STACK, first, Reg::R0);
    p.map(Reg::R1);
    p.store(STACK, map, Reg::R1);
    // The verifier treats pointers as numbers only if they are read as numbers.
    p.at(Reg::R1, STACK, map);
    kernel.word(p, Reg::R1);
    p.op(Reg::R1, Op::Add, kernel.offset(kernel.map, "pptrs")?.into());
    kernel.word(p, Reg::R1);
    p.store(STACK, base, Reg::R1);
    for (pointer, number) in [(first, first_number), (parts, parts_number)] {
        p.at(Reg::R1, STACK, pointer);
        kernel.word(p, Reg::R1);
        p.store(STACK, number, Reg::R1);
    }
    // The address of the first CPU's parts.
    p.load(Reg::R1, STACK, parts_number, 8);
    p.load(Reg::R2, STACK, first_number, 8);
    p.op_reg(Reg::R1, Op::Add, Reg::R2);
    p.load(Reg::R2, STACK, base, 8);
    p.op_reg(Reg::R1, Op::Sub, Reg::R2);
    p.store(STACK, base, Reg::R1);
    p.set(AT, 0);
    p.place(next);
    p.give_up(release);
    lookup(p, key, |p| p.copy(Reg::R3, AT));
    p.jump_if(Reg::R0, If::Equal, 0, release);
    p.load(Reg::R2, STACK, first, 8);
    p.op_reg(Reg::R0, Op::Sub, Reg::R2);
    p.load(Reg::R1, STACK, base, 8);
    p.op_reg(Reg::R1, Op::Add, Reg::R0);
    kernel.numbers(p);
    for (index, sum) in counters {
        p.load(Reg::R1, Reg::R0, i16::try_from(index).ok()? * 4, 4);
        p.op(Reg::R1, Op::ShiftLeft, 32);
        p.op(Reg::R1, Op::ShiftSigned, 32);
        add(p, sum);
    }
    p.op(AT, Op::Add, 1);
    p.jump_if(AT, If::Less, kernel.cpus, next);
    p.place(none);
    Some(())
}

/// The size of a CPU's part of a count in bytes.
const PART: i32 = 4;

/// Writes the words whose places [`memory`] used: how the process is scheduled, and how many descriptors it has open.
///
/// /proc counts the bits of the table of open descriptors (fs/proc/fd.c: proc_readfd_count) under a lock that keeps the
/// table. Here the kernel keeps a table until all programs that may read it have ended (RCU). It frees what holds the
/// table as soon as a process has let go of it. So the count is valid if the process still has the same files after it.
fn last(p: &mut Program, kernel: &Kernel<'_>) -> Option<()> {
    /// Descriptors in a table that is counted here.
    const MOST: i32 = 1 << 16;
    const FILES: Reg = SIGNAL;
    for (path, to) in
        [("policy", Word::Policy), ("prio", Word::EffectivePriority), ("rt_priority", Word::RealtimePriority)]
    {
        keep(p, TASK, kernel.place(kernel.task, path)?, to);
    }
    let (files, files_type) = kernel.pointer(kernel.task, "files")?;
    let (table, table_type) = kernel.pointer(files_type, "fdt")?;
    let (room, open) = (kernel.place(table_type, "max_fds")?, kernel.offset(table_type, "open_fds")?);
    let [end, ..] = SCRATCH;
    let (next, skip, counted, unknown, done) = (p.label(), p.label(), p.label(), p.label(), p.label());
    p.store_value(STACK, word(Word::Descriptors), 0);
    follow(p, kernel, files);
    p.copy(FILES, Reg::R1);
    p.jump_if(FILES, If::Equal, 0, counted);
    p.load(AT, FILES, table.offset, table.size);
    p.load(Reg::R1, AT, room.offset, room.size);
    p.jump_if(Reg::R1, If::Greater, MOST, unknown);
    p.op(Reg::R1, Op::ShiftRight, 3);
    p.store(STACK, end, Reg::R1);
    p.at(Reg::R1, AT, open);
    kernel.word(p, AT);
    p.load(Reg::R1, STACK, end, 8);
    p.op_reg(Reg::R1, Op::Add, AT);
    p.store(STACK, end, Reg::R1);
    p.place(next);
    p.load(Reg::R1, STACK, end, 8);
    p.jump_if_reg(Reg::R1, If::Equal, AT, counted);
    p.give_up(unknown);
    p.copy(Reg::R1, AT);
    kernel.numbers(p);
    p.load(Reg::R1, Reg::R0, 0, 8);
    p.jump_if(Reg::R1, If::Equal, 0, skip);
    for half in [0, 4] {
        p.load(Reg::R1, Reg::R0, half, 4);
        count_bits(p);
        add(p, Word::Descriptors);
    }
    p.place(skip);
    p.op(AT, Op::Add, 8);
    p.jump(next);
    p.place(counted);
    follow(p, kernel, files);
    p.jump_if_reg(Reg::R1, If::Equal, FILES, done);
    p.place(unknown);
    p.store_value(STACK, word(Word::Descriptors), UNKNOWN);
    p.place(done);
    Some(())
}

/// Sets R1, which holds 32 bits, to the number of bits that are set. R2 is lost.
fn count_bits(p: &mut Program) {
    let shifted = |p: &mut Program, by| {
        p.copy(Reg::R2, Reg::R1);
        p.op(Reg::R2, Op::ShiftRight, by);
    };
    shifted(p, 1);
    p.op(Reg::R2, Op::And, 0x5555_5555);
    p.op_reg(Reg::R1, Op::Sub, Reg::R2);
    shifted(p, 2);
    p.op(Reg::R2, Op::And, 0x3333_3333);
    p.op(Reg::R1, Op::And, 0x3333_3333);
    p.op_reg(Reg::R1, Op::Add, Reg::R2);
    for by in [4, 8, 16] {
        shifted(p, by);
        p.op_reg(Reg::R1, Op::Add, Reg::R2);
        if by == 4 {
            p.op(Reg::R1, Op::And, 0x0f0f_0f0f);
        }
    }
    p.op(Reg::R1, Op::And, 0x3f);
}

/// Sets R0 to the address of a CPU's copy of the number in the map. `cpu` sets R3 to the CPU.
pub(crate) fn lookup(p: &mut Program, key: i16, cpu: impl FnOnce(&mut Program)) {
    p.map(Reg::R1);
    p.at(Reg::R2, STACK, key);
    cpu(p);
    p.call(Helper::MapLookupPercpuElem);
}
