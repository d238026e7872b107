//! All processes in one walk, or one of them: the program that answers with a record of a process.
//!
//! A record has what fs/proc/array.c: do_task_stat, and fs/proc/task_mmu.c: task_statm, print from; the sums over the
//! threads of a process are made where they are, as the kernel makes them.

use std::os::fd::RawFd;

use super::asm::{Helper, If, Instruction, Op, Program, Reg};
use super::kernel::{Kernel, Place};
use super::record::{RECORD, Word};

/// Below the record on the stack: words for pointers on their way.
const SCRATCH: [i16; 6] = [-RECORD - 8, -RECORD - 16, -RECORD - 24, -RECORD - 32, -RECORD - 40, -RECORD - 48];
/// The whole stack has 512 bytes, Documentation/bpf/bpf_design_QA.rst.
const _: () = assert!(RECORD + 48 <= 512);
/// The longest command line that is copied; it takes the record's place on the stack, after a word for its length.
const ARGUMENTS: i32 = RECORD as i32 - 8;
/// Processes with more threads are read from /proc.
const MOST_THREADS: i32 = 256;

/// Where a word is, from R10.
const fn word(word: Word) -> i16 {
    -RECORD + word as i16 * 8
}

const TASK: Reg = Reg::R6;
const SIGNAL: Reg = Reg::R7;
const COUNT: Reg = Reg::R8;
/// Where the answer goes: the iterator's sequence file, or the context.
const OUT: Reg = Reg::R9;
const STACK: Reg = Reg::R10;

/// Copies a number from a struct of the kernel into the record.
fn keep(p: &mut Program, base: Reg, place: Place, to: Word) {
    p.load(Reg::R0, base, place.offset, place.size);
    p.store(STACK, word(to), Reg::R0);
}

/// Reads `size` bytes at `R3 + offset` into the stack, whatever R3 is.
fn probe(p: &mut Program, offset: i16, size: i32, to: i16) {
    p.op(Reg::R3, Op::Add, offset.into());
    p.at(Reg::R1, STACK, to);
    p.set(Reg::R2, size);
    p.call(Helper::ProbeReadKernel);
}

/// What a program is to do with its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// To print it, once for each process that an iterator visits.
    Record,
    /// The same, and after it a word and so many bytes of the command line, 0 for one that is too long or away.
    RecordAndArguments,
    /// To put it where its question was: the pid of one process. What is not found leaves the question as it is.
    Answer,
}

/// The program. All but the plainest form may sleep.
///
/// `per_cpu` is a map of one number for each CPU.
pub(super) fn program(kernel: &Kernel<'_>, per_cpu: RawFd, form: Form) -> Option<Vec<Instruction>> {
    let task = |path| kernel.place(kernel.task, path);
    let (signal_at, signal_type) = kernel.pointer(kernel.task, "signal")?;
    let signal = |path| kernel.place(signal_type, path);
    let mut p = Program::default();
    let (out, unlock, release) = (p.label(), p.label(), p.label());
    let sleepable = form != Form::Record;
    let task_by_pid = if form == Form::Answer { Some(kernel.task_by_pid?) } else { None };
    if let Some((find, _)) = task_by_pid {
        p.copy(OUT, Reg::R1);
        p.call_kernel(kernel.rcu_lock);
        p.load(Reg::R1, OUT, 0, 4);
        p.call_kernel(find);
        p.copy(TASK, Reg::R0);
        p.jump_if(TASK, If::Equal, 0, unlock);
    } else {
        // struct bpf_iter__task: meta, task. After the last task there is one call without.
        p.load(TASK, Reg::R1, 8, 8);
        p.load(OUT, Reg::R1, 0, 8);
        p.jump_if(TASK, If::Equal, 0, out);
        p.load(OUT, OUT, 0, 8);
        if sleepable {
            p.call_kernel(kernel.rcu_lock);
        }
    }
    let (pid, tgid) = (task("pid")?, task("tgid")?);
    p.load(Reg::R1, TASK, pid.offset, pid.size);
    p.load(Reg::R2, TASK, tgid.offset, tgid.size);
    // A thread has no record.
    p.jump_if_reg(Reg::R1, If::NotEqual, Reg::R2, release);
    for word in 0..RECORD / 8 {
        p.store_value(STACK, word * 8 - RECORD, 0);
    }
    p.load(SIGNAL, TASK, signal_at.offset, signal_at.size);

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
    // A pointer to nothing reads as zeros.
    let behind = |p: &mut Program, at: Place, base: Reg| p.load(Reg::R1, base, at.offset, at.size);
    let (parent, _) = kernel.pointer(kernel.task, "real_parent")?;
    behind(&mut p, parent, TASK);
    keep(&mut p, Reg::R1, tgid, Word::Ppid);
    let (delays, delays_type) = kernel.pointer(kernel.task, "delays")?;
    behind(&mut p, delays, TASK);
    keep(&mut p, Reg::R1, kernel.place(delays_type, "blkio_delay")?, Word::BlockDelay);
    let (cred, cred_type) = kernel.pointer(kernel.task, "real_cred")?;
    behind(&mut p, cred, TASK);
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
    behind(&mut p, tty, SIGNAL);
    keep(&mut p, Reg::R1, kernel.place(tty_type, "index")?, Word::TtyIndex);
    let (driver, driver_type) = kernel.pointer(tty_type, "driver")?;
    behind(&mut p, driver, Reg::R1);
    keep(&mut p, Reg::R1, kernel.place(driver_type, "major")?, Word::TtyMajor);
    keep(&mut p, Reg::R1, kernel.place(driver_type, "minor_start")?, Word::TtyFirstMinor);
    // enum pid_type, include/linux/pid_types.h: PIDTYPE_PGID is 2 and PIDTYPE_SID 3.
    for (kind, to) in [(2, Word::Group), (3, Word::Session)] {
        let (at, pointer) = kernel.element(signal_type, "pids", kind)?;
        let pid_type = kernel.pointee(pointer)?;
        let (numbers, number_type) = kernel.element(pid_type, "numbers", 0)?;
        let number = kernel.place(number_type, "nr")?;
        p.copy(Reg::R3, SIGNAL);
        probe(&mut p, at, 8, SCRATCH[0]);
        p.load(Reg::R3, STACK, SCRATCH[0], 8);
        probe(&mut p, numbers.checked_add(number.offset)?, 4, word(to));
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
    memory(&mut p, kernel, per_cpu)?;

    match form {
        Form::Record => {
            print_record(&mut p);
            p.place(release);
        }
        Form::RecordAndArguments => {
            p.load(Reg::R7, STACK, word(Word::ArgumentsStart), 8);
            p.load(Reg::R8, STACK, word(Word::ArgumentsEnd), 8);
            p.call_kernel(kernel.rcu_unlock);
            print_record(&mut p);
            copy_arguments(&mut p, rustix::process::geteuid().as_raw());
            p.exit();
            p.place(release);
            p.call_kernel(kernel.rcu_unlock);
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

fn print_record(p: &mut Program) {
    p.copy(Reg::R1, OUT);
    p.at(Reg::R2, STACK, -RECORD);
    p.set(Reg::R3, RECORD.into());
    p.call(Helper::SeqWrite);
}

/// What a thread, and a process for its ended threads, is accounted: include/linux/task_io_accounting.h.
const IO: [(&str, Word); 6] = [
    ("ioac.rchar", Word::ReadChars),
    ("ioac.wchar", Word::WriteChars),
    ("ioac.syscr", Word::ReadCalls),
    ("ioac.syscw", Word::WriteCalls),
    ("ioac.read_bytes", Word::ReadBytes),
    ("ioac.write_bytes", Word::WriteBytes),
];

/// The same where this kernel has it all, and nothing where it does not.
fn of_io(kernel: &Kernel<'_>, signal_type: u32) -> &'static [(&'static str, Word)] {
    let has = |(path, _): &(&str, Word)| {
        [kernel.task, signal_type].into_iter().all(|of| kernel.place(of, path).is_some_and(|place| place.size == 8))
    };
    if IO.iter().all(has) { &IO } else { &[] }
}

/// Adds what all threads have used to what ended ones have left: kernel/sched/cputime.c, thread_group_cputime, and
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
    let sums = || sums.iter().chain(io).copied();
    for (path, sum) in sums() {
        let at = kernel.place(kernel.task, path).filter(|at| at.size == 8)?;
        p.load(Reg::R1, TASK, at.offset, at.size);
        add(p, sum);
    }
    p.jump(complete);

    p.place(many);
    p.copy(Reg::R3, SIGNAL);
    probe(p, list, 8, SCRATCH[0]);
    p.set(COUNT, 0);
    p.place(next);
    p.load(Reg::R3, STACK, SCRATCH[0], 8);
    p.at(Reg::R1, SIGNAL, list);
    p.jump_if_reg(Reg::R1, If::Equal, Reg::R3, complete);
    for (path, sum) in sums() {
        p.load(Reg::R3, STACK, SCRATCH[0], 8);
        p.op(Reg::R3, Op::Sub, node.into());
        probe(p, kernel.place(kernel.task, path)?.offset, 8, SCRATCH[1]);
        p.load(Reg::R1, STACK, SCRATCH[1], 8);
        add(p, sum);
    }
    p.load(Reg::R3, STACK, SCRATCH[0], 8);
    probe(p, 0, 8, SCRATCH[0]);
    p.op(COUNT, Op::Add, 1);
    p.jump_if(COUNT, If::Less, MOST_THREADS, next);
    p.jump(end);
    p.place(complete);
    p.store_value(STACK, word(Word::Complete), 1);
    p.place(end);
    Some(())
}

/// Adds R1 to a word.
fn add(p: &mut Program, sum: Word) {
    p.load(Reg::R2, STACK, word(sum), 8);
    p.op_reg(Reg::R2, Op::Add, Reg::R1);
    p.store(STACK, word(sum), Reg::R2);
}

/// A pointer in R0 as a number in the stack, which the verifier lets nobody have otherwise.
fn as_number(p: &mut Program, to: i16) {
    p.store(STACK, to, Reg::R0);
    p.copy(Reg::R3, STACK);
    probe(p, to, 8, to);
}

/// The figures of `mm`. Counts of resident pages are spread over the CPUs: lib/percpu_counter.c, __percpu_counter_sum.
///
/// A CPU's part is at the counter's `counters` and what is added to that for this CPU, to every variable the same.
/// A map that each CPU has its own copy of shows it: where the copy is, less the map's own pointer.
fn memory(p: &mut Program, kernel: &Kernel<'_>, per_cpu: RawFd) -> Option<()> {
    let (mm, mm_type) = kernel.pointer(kernel.task, "mm")?;
    let (none, next) = (p.label(), p.label());
    p.load(SIGNAL, TASK, mm.offset, mm.size);
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
    let [key, copy, base, parts @ ..] = SCRATCH;
    p.map(Reg::R0, per_cpu);
    as_number(p, base);
    p.load(Reg::R3, STACK, base, 8);
    probe(p, kernel.offset(kernel.map, "pptrs")?, 8, base);
    // include/linux/mm_types_task.h: MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES.
    let counters = [(0, Word::FilePages), (1, Word::AnonymousPages), (3, Word::SharedPages)];
    for ((index, sum), part) in counters.into_iter().zip(parts) {
        let (at, counter) = kernel.element(mm_type, "rss_stat", index)?;
        let (count, spread) = (kernel.offset(counter, "count")?, kernel.offset(counter, "counters")?);
        p.copy(Reg::R3, SIGNAL);
        probe(p, at.checked_add(count)?, 8, word(sum));
        p.copy(Reg::R3, SIGNAL);
        probe(p, at.checked_add(spread)?, 8, part);
        p.load(Reg::R1, STACK, part, 8);
        p.load(Reg::R2, STACK, base, 8);
        p.op_reg(Reg::R1, Op::Sub, Reg::R2);
        p.store(STACK, part, Reg::R1);
    }
    p.store_value(STACK, key, 0);
    p.set(COUNT, 0);
    p.place(next);
    p.map(Reg::R1, per_cpu);
    p.at(Reg::R2, STACK, key);
    p.copy(Reg::R3, COUNT);
    p.call(Helper::MapLookupPercpuElem);
    p.jump_if(Reg::R0, If::Equal, 0, none);
    as_number(p, copy);
    for ((_, sum), part) in counters.into_iter().zip(parts) {
        p.load(Reg::R3, STACK, copy, 8);
        p.load(Reg::R1, STACK, part, 8);
        p.op_reg(Reg::R3, Op::Add, Reg::R1);
        p.store_value(STACK, base, 0);
        probe(p, 0, 4, base);
        p.load(Reg::R1, STACK, base, 8);
        p.op(Reg::R1, Op::ShiftLeft, 32);
        p.op(Reg::R1, Op::ShiftSigned, 32);
        add(p, sum);
    }
    p.op(COUNT, Op::Add, 1);
    p.jump_if(COUNT, If::Less, kernel.cpus, next);
    p.place(none);
    Some(())
}

/// Prints how many bytes the command line in R7 to R8 has, and these, if they can be had.
///
/// Only from processes of the caller's own user: to copy from memory waits for the file that is mapped there, if any,
/// and another user could map one that makes it wait for ever. /proc never reads such pages.
fn copy_arguments(p: &mut Program, own: u32) {
    let (none, print) = (p.label(), p.label());
    p.op(Reg::R1, Op::Move, own.cast_signed());
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
    p.copy(Reg::R1, OUT);
    p.at(Reg::R2, STACK, -RECORD);
    p.copy(Reg::R3, Reg::R8);
    p.op(Reg::R3, Op::Add, 8);
    p.call(Helper::SeqWrite);
}
