//! The record of a process: the words that a program prints, and the values of /proc that they give.

use std::os::fd::BorrowedFd;

use psoxide_parse::Cursor;
use psoxide_parse::linux::pid_io::Io;
use psoxide_parse::linux::stat::{Scheduling, Stat};

use crate::Pid;
use crate::iterator::numbers;

/// The words of a record, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Pid,
    Ppid,
    Group,
    Session,
    Name,
    NameEnd,
    Flags,
    State,
    ExitState,
    TtyMajor,
    TtyFirstMinor,
    TtyIndex,
    /// `signal->stats_lock`, before and after the sums are computed.
    LockBefore,
    LockAfter,
    Threads,
    UserTime,
    SystemTime,
    Runtime,
    MinorFaults,
    MajorFaults,
    ReadChars,
    WriteChars,
    ReadCalls,
    WriteCalls,
    ReadBytes,
    WriteBytes,
    /// 1 if the kernel accounts for I/O: CONFIG_TASK_XACCT and CONFIG_TASK_IO_ACCOUNTING.
    AccountsIo,
    ShownUserTime,
    ShownSystemTime,
    ChildrenUserTime,
    ChildrenSystemTime,
    /// 1 if all threads were visited.
    Complete,
    Priority,
    Start,
    Cpu,
    BlockDelay,
    VoluntarySwitches,
    InvoluntarySwitches,
    Uid,
    EffectiveUid,
    SavedUid,
    Gid,
    EffectiveGid,
    SavedGid,
    TotalPages,
    DataPages,
    StackPages,
    CodeStart,
    CodeEnd,
    FilePages,
    AnonymousPages,
    SharedPages,
    ArgumentsStart,
    ArgumentsEnd,
    EnvironmentEnd,
    // The last words are written last, because the program keeps pointers in their place before.
    Policy,
    EffectivePriority,
    RealtimePriority,
    /// The number of open descriptors, or [`UNKNOWN`].
    Descriptors,
}

/// Stands for a number of descriptors that must be read from /proc.
pub(crate) const UNKNOWN: i32 = -1;

/// The units in which /proc reports times and memory.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// Clock ticks per second.
    pub clock_ticks: u64,
    /// Bytes per page.
    pub page_size: u64,
}

impl Units {
    /// Converts nanoseconds to clock ticks: include/linux/jiffies.h, nsec_to_clock_t.
    #[must_use]
    pub fn ticks(self, nanos: u64) -> u64 {
        nanos / (1_000_000_000 / self.clock_ticks.max(1)).max(1)
    }
}

/// The size of a record in bytes.
pub(crate) const RECORD: i16 = 8 * (Word::Descriptors as i16 + 1);
const BYTES: usize = 8 * (Word::Descriptors as usize + 1);

/// Returns the position of a word on the stack, relative to R10.
pub(crate) const fn word(word: Word) -> i16 {
    -RECORD + word as i16 * 8
}

/// The record of a process, in the buffer that a program filled.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    words: &'a [u8; BYTES],
    /// The command line, if it was requested and could be copied.
    arguments: Option<&'a [u8]>,
}

/// The record of one process, which the program for a single process wrote.
#[derive(Debug)]
pub struct Answer(Box<[u8; BYTES]>);

impl Answer {
    pub(crate) fn ask(program: BorrowedFd<'_>, pid: Pid) -> Option<Self> {
        /// The question takes the place of the first words. No record begins in that way.
        const _: () = assert!(Word::Pid as usize == 0 && Word::Ppid as usize == 1);
        const UNANSWERED: u64 = u64::MAX;
        let mut words = Box::new([0; BYTES]);
        let question = [u64::from(pid), UNANSWERED].map(u64::to_ne_bytes);
        words.iter_mut().zip(question.as_flattened()).for_each(|(to, from)| *to = *from);
        crate::ffi::run(program, &mut *words).ok()?;
        let answer = Self(words);
        (answer.record().word(Word::Ppid) != UNANSWERED).then_some(answer)
    }

    /// Returns the record.
    #[must_use]
    pub fn record(&self) -> Record<'_> {
        Record { words: &self.0, arguments: None }
    }
}

/// The records of a walk, by pid.
#[derive(Debug, Default)]
pub struct Walked {
    printed: Vec<u8>,
    /// The position of each process's record.
    records: Vec<(Pid, usize)>,
    arguments: bool,
}

impl Walked {
    pub(crate) fn parse(printed: Vec<u8>, arguments: bool) -> Option<Self> {
        let mut records = Vec::with_capacity(printed.len() / BYTES);
        let mut cursor = Cursor::new(&printed);
        while !cursor.is_empty() {
            let start = printed.len() - cursor.rest().len();
            let words: &[u8; BYTES] = cursor.take(BYTES)?.try_into().ok()?;
            let record = Record { words, arguments: None };
            if arguments {
                let [length] = numbers(&mut cursor)?;
                cursor.take(usize::try_from(length).ok()?)?;
            }
            records.push((record.pid(), start));
        }
        Some(Self { printed, records, arguments })
    }

    /// Returns whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the position of a process's record.
    #[must_use]
    pub fn find(&self, pid: Pid) -> Option<usize> {
        self.records.binary_search_by_key(&pid, |(pid, _)| *pid).ok()
    }

    /// Returns the record at a position that [`find`](Self::find) returned.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Record<'_>> {
        let (_, start) = self.records.get(at)?;
        let mut cursor = Cursor::new(self.printed.get(*start..)?);
        let words = cursor.take(BYTES)?.try_into().ok()?;
        let arguments = if self.arguments {
            let [length] = numbers(&mut cursor)?;
            cursor.take(usize::try_from(length).ok()?)
        } else {
            None
        };
        Some(Record { words, arguments })
    }

    /// Lists the processes that have a record, with their numbers of threads.
    pub fn threads(&self) -> impl Iterator<Item = (Pid, u64)> {
        let process = |at| self.get(at).map(|process| (process.pid(), process.word(Word::Threads)));
        (0..self.records.len()).filter_map(process)
    }
}

/// include/linux/sched.h: PF_KTHREAD and PF_WQ_WORKER.
const KERNEL_THREAD: u64 = 0x0020_0000;
const WORKER: u64 = 0x20;
/// TASK_COMM_LEN of the kernel, without the NUL.
const LONGEST_NAME: usize = 15;

impl<'a> Record<'a> {
    fn word(&self, word: Word) -> u64 {
        let (words, _) = self.words.as_chunks();
        words.get(word as usize).map_or(0, |word| u64::from_ne_bytes(*word))
    }

    /// Returns a word that is an `int` in the kernel.
    fn int(&self, word: Word) -> i64 {
        // The program stores the 32 bits without sign extension.
        let [a, b, c, d, ..] = self.word(word).to_le_bytes();
        i32::from_le_bytes([a, b, c, d]).into()
    }

    fn id(&self, word: Word) -> u32 {
        u32::try_from(self.word(word)).unwrap_or(u32::MAX)
    }

    /// Returns the pid.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.id(Word::Pid)
    }

    /// When it began, in nanoseconds since the boot: two processes never begin at the same time.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.word(Word::Start)
    }

    /// Returns the user ids and group ids: real, effective, saved.
    #[must_use]
    pub fn ids(&self) -> [[u32; 3]; 2] {
        [
            [Word::Uid, Word::EffectiveUid, Word::SavedUid].map(|word| self.id(word)),
            [Word::Gid, Word::EffectiveGid, Word::SavedGid].map(|word| self.id(word)),
        ]
    }

    /// Returns the voluntary and involuntary context switches of the first thread.
    #[must_use]
    pub fn switches(&self) -> [u64; 2] {
        [self.word(Word::VoluntarySwitches), self.word(Word::InvoluntarySwitches)]
    }

    /// Returns the number of open descriptors. Returns `None` if there are very many, or if the process was about to end.
    #[must_use]
    pub fn descriptors(&self) -> Option<u64> {
        Some(self.word(Word::Descriptors)).filter(|count| *count != i64::from(UNKNOWN).cast_unsigned())
    }

    fn is_kernel_thread(&self) -> bool {
        self.word(Word::Flags) & KERNEL_THREAD != 0
    }

    /// Returns a word about memory. It is 0 for a kernel thread, which may borrow another process's memory.
    fn memory(&self, word: Word) -> u64 {
        if self.is_kernel_thread() { 0 } else { self.word(word) }
    }

    /// Returns the pages of `statm`: all, resident, shared, code, data.
    #[must_use]
    pub fn pages(&self, page_size: u64) -> [u64; 5] {
        // A sum can be negative if counts move while they are summed. It becomes 0.
        let count = |word| i64::from_ne_bytes(self.memory(word).to_ne_bytes()).max(0).unsigned_abs();
        let shared = count(Word::FilePages).saturating_add(count(Word::SharedPages));
        let (from, to) = (self.memory(Word::CodeStart) / page_size, self.memory(Word::CodeEnd).div_ceil(page_size));
        [
            self.memory(Word::TotalPages),
            shared.saturating_add(count(Word::AnonymousPages)),
            shared,
            to.saturating_sub(from),
            self.memory(Word::DataPages).saturating_add(self.memory(Word::StackPages)),
        ]
    }

    /// Returns the contents of `cmdline` if the arguments are unchanged. If the last byte is not a NUL, the process has
    /// written another title there and beyond (fs/proc/base.c: get_mm_cmdline), and the result is `None`.
    #[must_use]
    pub fn cmdline(&self) -> Option<&'a [u8]> {
        let range = self.memory(Word::ArgumentsStart) < self.memory(Word::ArgumentsEnd);
        let arguments = self.arguments?;
        if self.memory(Word::EnvironmentEnd) == 0 || !range {
            return Some(&[]);
        }
        (arguments.last() == Some(&0)).then_some(arguments)
    }

    /// Returns whether the sums are complete and belong to one moment.
    fn is_steady(&self) -> bool {
        let lock = self.word(Word::LockBefore);
        lock == self.word(Word::LockAfter) && lock.is_multiple_of(2) && self.word(Word::Complete) == 1
    }

    /// Returns the values of `io`, if the kernel accounts for them and the sums are valid.
    #[must_use]
    pub fn io(&self) -> Option<Io> {
        (self.is_steady() && self.word(Word::AccountsIo) == 1).then(|| Io {
            rchar: self.word(Word::ReadChars),
            wchar: self.word(Word::WriteChars),
            syscr: self.word(Word::ReadCalls),
            syscw: self.word(Word::WriteCalls),
            read_bytes: self.word(Word::ReadBytes),
            write_bytes: self.word(Word::WriteBytes),
            cancelled_write_bytes: 0,
        })
    }

    /// Returns the values of `stat`. Returns `None` if /proc must be read: for worker threads, whose names are composed
    /// on reading, for longer names of kernel threads, which the kernel keeps elsewhere (fs/proc/array.c:
    /// proc_task_name), and for sums that are incomplete or changed while they were computed.
    #[must_use]
    pub fn stat(&self, units: Units) -> Option<Stat> {
        let name = [self.word(Word::Name), self.word(Word::NameEnd)].map(u64::to_ne_bytes).concat();
        let name = name.split(|byte| *byte == 0).next()?;
        let named = !self.is_kernel_thread() || self.word(Word::Flags) & WORKER == 0 && name.len() < LONGEST_NAME;
        if !self.is_steady() || !named {
            return None;
        }
        let in_ticks = |nanos| units.ticks(nanos);
        let times = shown_times(
            [self.word(Word::UserTime), self.word(Word::SystemTime), self.word(Word::Runtime)],
            [self.word(Word::ShownUserTime), self.word(Word::ShownSystemTime)],
        );
        let [total, resident, ..] = self.pages(units.page_size);
        Some(Stat {
            pid: self.word(Word::Pid),
            comm: name.into(),
            state: letter(self.word(Word::State), self.word(Word::ExitState)),
            ppid: self.word(Word::Ppid),
            pgrp: self.int(Word::Group),
            session: self.int(Word::Session),
            tty_nr: self.tty(),
            flags: self.word(Word::Flags),
            minflt: self.word(Word::MinorFaults),
            majflt: self.word(Word::MajorFaults),
            utime: in_ticks(times[0]),
            stime: in_ticks(times[1]),
            cutime: in_ticks(self.word(Word::ChildrenUserTime)),
            cstime: in_ticks(self.word(Word::ChildrenSystemTime)),
            nice: self.int(Word::Priority) - 120, // include/linux/sched/prio.h: DEFAULT_PRIO
            num_threads: self.word(Word::Threads),
            starttime: in_ticks(self.word(Word::Start)),
            vsize: total.saturating_mul(units.page_size),
            rss: resident,
            processor: Some(self.word(Word::Cpu)),
            scheduling: Some(Scheduling {
                priority: self.int(Word::EffectivePriority) - 100, // include/linux/sched/prio.h: MAX_RT_PRIO
                rt_priority: self.word(Word::RealtimePriority),
                policy: self.word(Word::Policy),
            }),
            delayacct_blkio_ticks: Some(in_ticks(self.word(Word::BlockDelay))),
        })
    }

    /// Encodes the terminal's device as include/linux/kdev_t.h: new_encode_dev, of include/linux/tty.h: tty_devnum.
    fn tty(&self) -> i64 {
        let minor = self.int(Word::TtyFirstMinor) + self.int(Word::TtyIndex);
        minor & 0xff | self.int(Word::TtyMajor) << 8 | (minor & 0xf_ff00) << 12
    }
}

/// Returns the letter of a state: include/linux/sched.h: __task_state_index and task_index_to_char.
fn letter(state: u64, exit_state: u64) -> u8 {
    const UNINTERRUPTIBLE: u64 = 0x2;
    const IDLE: u64 = 0x402;
    const RTLOCK_WAIT: u64 = 0x1000;
    const FROZEN: u64 = 0x8000;
    let shown = match state {
        state if state & (RTLOCK_WAIT | FROZEN) != 0 => UNINTERRUPTIBLE,
        state if state & IDLE == IDLE => 0x80,
        state => (state | exit_state) & 0x7f,
    };
    let index = usize::try_from(u64::BITS - shown.leading_zeros()).unwrap_or_default();
    b"RSDTtXZPI".get(index).copied().unwrap_or(b'?')
}

/// Computes user and system time as /proc shows them: kernel/sched/cputime.c, cputime_adjust. The time counted in ticks
/// is scaled to the exact run time. Neither part ever decreases.
pub(crate) fn shown_times([user, system, runtime]: [u64; 3], [shown_user, shown_system]: [u64; 2]) -> [u64; 2] {
    if shown_user.saturating_add(shown_system) >= runtime {
        return [shown_user, shown_system];
    }
    let scaled = match (user, system) {
        (_, 0) => 0,
        (0, _) => runtime,
        _ => {
            let share = u128::from(system) * u128::from(runtime) / (u128::from(user) + u128::from(system));
            u64::try_from(share).unwrap_or(runtime).min(runtime)
        }
    };
    let system = scaled.max(shown_system);
    let user = runtime.saturating_sub(system);
    if user < shown_user { [shown_user, runtime.saturating_sub(shown_user)] } else { [user, system] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_letters_of_proc() {
        let letters = [0x0, 0x1, 0x2, 0x4, 0x8, 0x40, 0x402, 0x1002, 0x8000].map(|state| letter(state, 0));
        assert_eq!(&letters, b"RSDTtPIDD");
        assert_eq!([letter(0, 0x10), letter(0, 0x20)], [b'X', b'Z']);
    }

    #[test]
    fn times_are_scaled_and_never_go_back() {
        assert_eq!(shown_times([30, 10, 80], [0, 0]), [60, 20]);
        assert_eq!(shown_times([0, 0, 80], [0, 0]), [80, 0]);
        assert_eq!(shown_times([0, 5, 80], [0, 0]), [0, 80]);
        assert_eq!(shown_times([30, 10, 80], [50, 30]), [50, 30]);
        assert_eq!(shown_times([30, 10, 100], [10, 50]), [50, 50]);
        assert_eq!(shown_times([10, 30, 100], [60, 10]), [60, 40]);
    }
}
