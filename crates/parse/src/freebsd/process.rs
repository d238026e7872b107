//! `kern.proc`: processes and threads, as `struct kinfo_proc`.

use super::Timeval;
use crate::view::{chunks, packed, view};
use crate::{ParseError, Result};

view! {
    /// What a process, or its ended children together, have used.
    pub struct Rusage = "rusage" (144) {
        /// CPU time in user mode.
        utime: [Timeval] = "ru_utime" @ 0,
        /// CPU time in kernel mode.
        stime: [Timeval] = "ru_stime" @ 16,
        /// The largest resident size, in units of 1024 bytes.
        maxrss: i64 = "ru_maxrss" @ 32,
        /// Page faults without a disk read.
        minflt: i64 = "ru_minflt" @ 64,
        /// Page faults with a disk read.
        majflt: i64 = "ru_majflt" @ 72,
        /// Block reads.
        inblock: i64 = "ru_inblock" @ 88,
        /// Block writes.
        oublock: i64 = "ru_oublock" @ 96,
        /// Voluntary context switches.
        nvcsw: i64 = "ru_nvcsw" @ 128,
        /// Involuntary context switches.
        nivcsw: i64 = "ru_nivcsw" @ 136,
    }
}

view! {
    /// A process, or one of its threads.
    pub struct Process = "kinfo_proc" (1088) {
        /// The size of the record.
        structsize: i32 = "ki_structsize" @ 0,
        /// Process id.
        pid: i32 = "ki_pid" @ 72,
        /// Parent's process id.
        ppid: i32 = "ki_ppid" @ 76,
        /// Process group.
        pgid: i32 = "ki_pgid" @ 80,
        /// Session.
        sid: i32 = "ki_sid" @ 88,
        /// Pending signals.
        siglist: [bytes 16] = "ki_siglist" @ 104,
        /// Effective user id.
        uid: u32 = "ki_uid" @ 168,
        /// Real user id.
        ruid: u32 = "ki_ruid" @ 172,
        /// Saved user id.
        svuid: u32 = "ki_svuid" @ 176,
        /// Real group id.
        rgid: u32 = "ki_rgid" @ 180,
        /// Saved group id.
        svgid: u32 = "ki_svgid" @ 184,
        /// Number of groups.
        ngroups: i16 = "ki_ngroups" @ 188,
        /// Effective group id, the first of the groups.
        gid: u32 = "ki_groups[0]" @ 192,
        /// Virtual size in bytes.
        size: u64 = "ki_size" @ 256,
        /// Resident pages.
        rssize: i64 = "ki_rssize" @ 264,
        /// Pages of text.
        tsize: i64 = "ki_tsize" @ 280,
        /// Pages of data.
        dsize: i64 = "ki_dsize" @ 288,
        /// Pages of stack.
        ssize: i64 = "ki_ssize" @ 296,
        /// The status that a zombie exited with, as wait(2) returns it.
        xstat: u16 = "ki_xstat" @ 304,
        /// CPU use as the scheduler averages it, of 2048.
        pctcpu: u32 = "ki_pctcpu" @ 308,
        /// CPU time in microseconds.
        runtime: u64 = "ki_runtime" @ 328,
        /// When it started, on the wall clock: the time since boot plus `kern.boottime`.
        start: [Timeval] = "ki_start" @ 336,
        /// `P_` flags.
        flag: i64 = "ki_flag" @ 368,
        /// `KI_` flags.
        kiflag: i64 = "ki_kiflag" @ 376,
        /// State, `SIDL` to `SLOCK`.
        stat: u8 = "ki_stat" @ 388,
        /// Nice value.
        nice: i8 = "ki_nice" @ 389,
        /// Name of the thread.
        tdname: [text 17] = "ki_tdname" @ 394,
        /// What it waits for.
        wmesg: [text 9] = "ki_wmesg" @ 411,
        /// Login name of its session.
        login: [text 18] = "ki_login" @ 420,
        /// Name of the program, at most 19 characters.
        comm: [text 20] = "ki_comm" @ 447,
        /// The ABI it runs under, such as "FreeBSD ELF64" or "Linux ELF64".
        emul: [text 17] = "ki_emul" @ 467,
        /// Login class.
        loginclass: [text 18] = "ki_loginclass" @ 484,
        /// The rest of the name of the thread.
        moretdname: [text 4] = "ki_moretdname" @ 502,
        /// Controlling terminal; all ones is none.
        tdev: u64 = "ki_tdev" @ 560,
        /// The CPU it runs on, -1 is none.
        oncpu: i32 = "ki_oncpu" @ 568,
        /// The CPU it ran on last.
        lastcpu: i32 = "ki_lastcpu" @ 572,
        /// Pid of the debugger, 0 is none.
        tracer: i32 = "ki_tracer" @ 576,
        /// Jail, 0 is none.
        jid: i32 = "ki_jid" @ 592,
        /// Number of threads.
        numthreads: i32 = "ki_numthreads" @ 596,
        /// Thread id.
        tid: i32 = "ki_tid" @ 600,
        /// What it has used.
        rusage: [Rusage] = "ki_rusage" @ 608,
        /// What its children that ended have used.
        rusage_ch: [Rusage] = "ki_rusage_ch" @ 752,
    }
}

/// `ki_stat`.
#[allow(missing_docs)] // the names are those of sys/proc.h
pub mod stat {
    pub const SIDL: u8 = 1;
    pub const SRUN: u8 = 2;
    pub const SSLEEP: u8 = 3;
    pub const SSTOP: u8 = 4;
    pub const SZOMB: u8 = 5;
    pub const SWAIT: u8 = 6;
    pub const SLOCK: u8 = 7;
}

/// `P_SYSTEM` of `ki_flag`: a process of the kernel.
pub const P_SYSTEM: i64 = 0x200;
/// `P_TRACED` of `ki_flag`: a debugger is attached.
pub const P_TRACED: i64 = 0x800;

impl<'a> Process<'a> {
    /// The name of the thread, which the kernel keeps in two pieces.
    #[must_use]
    pub fn thread_name(self) -> Vec<u8> {
        [self.tdname(), self.moretdname()].concat()
    }

    /// Whether it is a process of the kernel, without command line, files or memory of its own.
    #[must_use]
    pub fn is_system(self) -> bool {
        self.flag() & P_SYSTEM != 0
    }

    /// The controlling terminal's device number.
    #[must_use]
    pub fn terminal(self) -> Option<u64> {
        Some(self.tdev()).filter(|device| *device != u64::MAX)
    }

    /// The CPU it runs on or ran on last; `None` if it never ran.
    #[must_use]
    pub fn cpu(self) -> Option<u32> {
        let running = self.stat() == stat::SRUN && self.oncpu() != -1;
        u32::try_from(if running { self.oncpu() } else { self.lastcpu() }).ok()
    }
}

/// The records of an answer. Each begins with its size, so a longer record of a newer kernel is read as far as it is known.
/// A record that is cut off is an error, after those before it.
pub fn processes(bytes: &[u8]) -> impl Iterator<Item = Result<Process<'_>>> {
    located(bytes).map(|found| found.map(|(_, process)| process))
}

/// As [`processes`], each with the place in `bytes` where its record begins.
pub fn located(bytes: &[u8]) -> impl Iterator<Item = Result<(usize, Process<'_>)>> {
    let mut next = 0usize;
    packed(bytes, Process::STRUCT).map(move |record| {
        let record = record?;
        let at = next;
        next = next.saturating_add(record.len());
        Ok((at, Process::new(record)?))
    })
}

/// The one record of an answer about one pid; `None` for an answer without bytes.
pub fn process(bytes: &[u8]) -> Result<Option<Process<'_>>> {
    processes(bytes).next().transpose()
}

/// `kern.proc.rlimit`: the soft and the hard limit; the largest signed number is none.
pub fn limits(bytes: &[u8]) -> Result<(Option<u64>, Option<u64>)> {
    const INFINITY: u64 = i64::MAX as u64;
    let mut cursor = crate::Cursor::new(bytes);
    let mut limit = |field| match cursor.array() {
        Some(bytes) => Ok(Some(u64::from_le_bytes(bytes)).filter(|limit| *limit != INFINITY)),
        None => Err(ParseError::missing(field)),
    };
    Ok((limit("rlim_cur")?, limit("rlim_max")?))
}

/// `kern.proc.groups`: group ids.
pub fn groups(bytes: &[u8]) -> Result<Vec<u32>> {
    chunks(bytes, 4, "gid_t")
        .map(|group| group.and_then(|bytes| super::integer(bytes, "gid_t")).map(i32::cast_unsigned))
        .collect()
}

/// The numbers of the bits that are set, of a `cpuset_t`.
#[must_use]
pub fn cpus(bytes: &[u8]) -> Vec<u32> {
    let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    (0..).zip(bits).filter_map(|(cpu, set)| set.then_some(cpu)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Made;
    use super::*;
    use crate::Problem;
    use proptest::prelude::*;

    /// A record of `size` bytes.
    fn record(size: u32, pid: u32) -> Vec<u8> {
        let mut made = Made::new(size as usize);
        made.u32(0, size).u32(72, pid).u64(336, 9).u64(344, 250_000).set(447, b"init").set(394, b"worker-with-a-na");
        made.set(502, b"me").u64(560, u64::MAX).set(388, [stat::SRUN]).u32(568, u32::MAX).u32(572, 3);
        made.0
    }

    #[test]
    fn records_of_any_size_from_the_known_one_on() {
        for size in [1088, 1096, 4096] {
            let bytes = [record(size, 1), record(size, 2)].concat();
            let found: Vec<_> = processes(&bytes).map(Result::unwrap).collect();
            assert_eq!(found.iter().map(|process| process.pid()).collect::<Vec<_>>(), [1, 2]);
            assert_eq!((found[0].comm(), found[0].thread_name()), (&b"init"[..], b"worker-with-a-name".to_vec()));
            assert_eq!((found[0].terminal(), found[0].cpu()), (None, Some(3)));
            let cut: Vec<_> = processes(&bytes[..bytes.len() - 1]).collect();
            assert!(cut[0].is_ok() && cut[1].is_err() && cut.len() == 2);
        }
        let bytes = [record(1080, 1), record(1088, 2)].concat();
        let found: Vec<_> = located(&bytes).collect();
        assert!(found[0].is_err());
        let (at, second) = found[1].as_ref().unwrap();
        assert_eq!((*at, second.pid(), found.len()), (1080, 2, 2));
        let short = record(1080, 1);
        assert_eq!(process(&short).unwrap_err().field(), "kinfo_proc");
        assert!(process(&[]).unwrap().is_none());
    }

    #[test]
    fn limits_of_a_process() {
        let bytes = [200u64.to_le_bytes(), (i64::MAX as u64).to_le_bytes()].concat();
        assert_eq!(limits(&bytes), Ok((Some(200), None)));
        assert_eq!(limits(&bytes[..15]).unwrap_err(), ParseError::missing("rlim_max"));
        assert_eq!(limits(&[]).unwrap_err().problem(), Problem::Missing);
    }

    #[test]
    fn groups_and_cpus() {
        assert_eq!(groups(&[1, 0, 0, 0, 0xff, 0xff, 0, 0]), Ok(vec![1, 65535]));
        assert!(groups(&[1, 0, 0]).is_err());
        assert_eq!(cpus(&[0b101, 0, 0x80]), [0, 2, 23]);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2500)) {
            for process in processes(&bytes).flatten() {
                let _ = (process.cpu(), process.thread_name());
            }
            let _ = (limits(&bytes), groups(&bytes), cpus(&bytes));
        }
    }
}
