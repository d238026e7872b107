//! `/proc/PID/stat` and `/proc/PID/task/TID/stat`: proc_pid_stat(5).

use crate::{Cursor, ParseError, Result};

/// The fields of one process or thread. Times are in clock ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Process or thread id.
    pub pid: u64,
    /// The name: at most 15 bytes for a process, any byte but NUL among them.
    pub comm: Box<[u8]>,
    /// One letter: R, S, D, Z, T, t, X, I …
    pub state: u8,
    /// The parent's pid.
    pub ppid: u64,
    /// Process group.
    pub pgrp: i64,
    /// Session.
    pub session: i64,
    /// Controlling terminal as a device number, 0 for none.
    pub tty_nr: i64,
    /// The kernel's `PF_*` flags of the task.
    pub flags: u64,
    /// Minor page faults.
    pub minflt: u64,
    /// Major page faults.
    pub majflt: u64,
    /// User time.
    pub utime: u64,
    /// System time.
    pub stime: u64,
    /// User time of waited-for children.
    pub cutime: u64,
    /// System time of waited-for children.
    pub cstime: u64,
    /// Nice value, -20 to 19.
    pub nice: i64,
    /// Number of threads.
    pub num_threads: u64,
    /// Start, in clock ticks since boot.
    pub starttime: u64,
    /// Virtual memory in bytes.
    pub vsize: u64,
    /// Resident pages; less exact than `statm` on kernels since 6.2.
    pub rss: u64,
    /// CPU last run on (since Linux 2.2.8).
    pub processor: Option<u64>,
    /// How the task is scheduled (since Linux 2.5.19).
    pub scheduling: Option<Scheduling>,
    /// Time spent waiting for block I/O (since Linux 2.6.18).
    pub delayacct_blkio_ticks: Option<u64>,
}

/// How the kernel schedules a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduling {
    /// The kernel's own priority: 20 plus the nice value, or negative for a real-time task.
    pub priority: i64,
    /// The real-time priority: 1 to 99, or 0 for a task that is not real-time.
    pub rt_priority: u64,
    /// One of the `SCHED_*` constants.
    pub policy: u64,
}

/// The flag of a kernel thread in [`Stat::flags`]: `PF_KTHREAD` of include/linux/sched.h.
pub const KERNEL_THREAD: u64 = 0x0020_0000;

/// The flag of a process that ends in [`Stat::flags`]: `PF_EXITING` of include/linux/sched.h. Its memory, files and
/// namespaces are gone, or will be in a moment.
pub const EXITING: u64 = 0x4;

/// User and system time in clock ticks: all that is asked of a thread.
pub fn times(bytes: &[u8]) -> Result<[u64; 2]> {
    let mut cursor = Cursor::new(bytes);
    comm(&mut cursor)?;
    cursor.skip_tokens(11); // state … cmajflt
    Ok([cursor.decimal("utime")?, cursor.decimal("stime")?])
}

/// The parent, and the start in clock ticks since boot: all that is asked of a stranger.
pub fn kin(bytes: &[u8]) -> Result<(u64, u64)> {
    let mut cursor = Cursor::new(bytes);
    comm(&mut cursor)?;
    let ppid = cursor.skip_tokens(1).decimal("ppid")?; // after state
    Ok((ppid, cursor.skip_tokens(17).decimal("starttime")?)) // after pgrp … itrealvalue
}

/// How far the process is with its program: `None` where it has no memory, `Some(false)` in the middle of execve(2), when
/// it has new memory and no program in it yet.
pub fn has_program(bytes: &[u8]) -> Result<Option<bool>> {
    let mut cursor = Cursor::new(bytes);
    comm(&mut cursor)?;
    let vsize = cursor.skip_tokens(20).decimal("vsize")?; // state … starttime
    // Whoever may not see addresses is told 1.
    let startcode = cursor.skip_tokens(2).decimal("startcode")?; // rss rsslim
    Ok((vsize > 0).then_some(startcode > 0))
}

/// The name. It may hold spaces, newlines and parentheses: it ends at the last one.
fn comm<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8]> {
    cursor.until(b'(').ok_or_else(|| ParseError::missing("comm"))?;
    cursor.until_last(b')').ok_or_else(|| ParseError::missing("comm"))
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Stat> {
    let mut cursor = Cursor::new(bytes);
    let pid = cursor.decimal("pid")?;
    let comm = comm(&mut cursor)?;
    let state = match cursor.required("state")? {
        [letter] => *letter,
        other => return Err(ParseError::malformed("state", other)),
    };
    let ppid = cursor.decimal("ppid")?;
    let pgrp = cursor.signed("pgrp")?;
    let session = cursor.signed("session")?;
    let tty_nr = cursor.signed("tty_nr")?;
    let flags = cursor.skip_tokens(1).decimal("flags")?; // after tpgid
    let minflt = cursor.decimal("minflt")?;
    cursor.skip_tokens(1); // cminflt
    let majflt = cursor.decimal("majflt")?;
    cursor.skip_tokens(1); // cmajflt
    let [utime, stime, cutime, cstime] =
        [cursor.decimal("utime")?, cursor.decimal("stime")?, cursor.decimal("cutime")?, cursor.decimal("cstime")?];
    let priority = cursor.signed("priority")?;
    let nice = cursor.signed("nice")?;
    let num_threads = cursor.decimal("num_threads")?;
    let starttime = cursor.skip_tokens(1).decimal("starttime")?; // after itrealvalue
    let vsize = cursor.decimal("vsize")?;
    let rss = cursor.decimal("rss")?;
    let processor = cursor.skip_tokens(14).decimal_if_any("processor")?; // after rsslim … exit_signal
    let rt_priority = cursor.decimal_if_any("rt_priority")?;
    let policy = cursor.decimal_if_any("policy")?;
    Ok(Stat {
        pid,
        comm: comm.into(),
        state,
        ppid,
        pgrp,
        session,
        tty_nr,
        flags,
        minflt,
        majflt,
        utime,
        stime,
        cutime,
        cstime,
        nice,
        num_threads,
        starttime,
        vsize,
        rss,
        processor,
        scheduling: rt_priority.zip(policy).map(|(rt_priority, policy)| Scheduling { priority, rt_priority, policy }),
        delayacct_blkio_ticks: cursor.decimal_if_any("delayacct_blkio_ticks")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASH: &[u8] = b"4242 (bash) S 4200 4242 4242 34816 4300 4194304 1500 9000 3 40 12 7 300 80 20 0 1 0 88123 \
        9019392 1290 18446744073709551615 1 1 0 0 0 0 65536 3670020 1266777851 0 0 0 17 1 0 0 5 0 0 0 0 0 0 0 0 0 0\n";

    #[test]
    fn every_field_is_the_one_proc5_documents() {
        let stat = parse(BASH).unwrap();
        assert_eq!((stat.pid, &*stat.comm, stat.state, stat.ppid), (4242, &b"bash"[..], b'S', 4200));
        assert_eq!((stat.pgrp, stat.session, stat.tty_nr), (4242, 4242, 34816));
        assert_eq!((stat.minflt, stat.majflt), (1500, 3));
        assert_eq!((stat.utime, stat.stime, stat.cutime, stat.cstime), (12, 7, 300, 80));
        assert_eq!(times(BASH), Ok([stat.utime, stat.stime]));
        assert_eq!(kin(BASH), Ok((stat.ppid, stat.starttime)));
        assert_eq!((stat.nice, stat.num_threads, stat.starttime), (0, 1, 88123));
        assert_eq!((stat.vsize, stat.rss), (9_019_392, 1290));
        assert_eq!((stat.processor, stat.delayacct_blkio_ticks), (Some(1), Some(5)));
        assert_eq!(stat.flags & KERNEL_THREAD, 0);
        assert_eq!(stat.scheduling, Some(Scheduling { priority: 20, rt_priority: 0, policy: 0 }));
    }

    #[test]
    fn a_kernel_thread_in_real_time() {
        let line =
            b"15 (migration/0) S 2 0 0 0 -1 69238848 0 0 0 0 0 18 0 0 -100 0 1 0 13 0 0 18446744073709551615 0 0 0 0 \
            0 0 0 2147483647 0 0 0 0 17 0 99 1 0 0 0 0 0 0 0 0 0 0 0\n";
        let stat = parse(line).unwrap();
        assert_ne!(stat.flags & KERNEL_THREAD, 0);
        assert_eq!(stat.scheduling, Some(Scheduling { priority: -100, rt_priority: 99, policy: 1 }));
    }

    #[test]
    fn the_name_ends_at_the_last_parenthesis() {
        for name in [&b"a) R 1 (b"[..], b") (", b"x y\nz", b"\xff\xfe", b"", b"(((", b")))"] {
            let mut bytes = b"1 (".to_vec();
            bytes.extend(name);
            bytes.extend(BASH.split_at(10).1);
            assert_eq!(&*parse(&bytes).unwrap().comm, name);
        }
    }

    #[test]
    fn a_short_line_names_the_missing_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "pid");
        assert_eq!(parse(b"1 (init").unwrap_err().field(), "comm");
        assert_eq!(parse(b"1 (init) S").unwrap_err().field(), "ppid");
        assert_eq!(parse(b"1 (init) S 0 1 1 0 -1 4 0 0 0 0 1 2").unwrap_err().field(), "cutime");
    }

    #[test]
    fn old_kernels_end_early() {
        let line = b"1 (init) S 0 0 0 0 -1 256 20 5000 4 60 10 700 2000 400 15 0 1 0 20 1400000 50\n";
        let stat = parse(line).unwrap();
        assert_eq!((stat.rss, stat.processor, stat.delayacct_blkio_ticks), (50, None, None));
    }

    #[test]
    fn the_middle_of_execve_has_memory_and_no_program() {
        let line =
            |vsize, startcode| format!("7 (a) b) R {}{vsize} 0 18446744073709551615 {startcode} 0\n", "0 ".repeat(19));
        assert_eq!(has_program(line(4096, 0).as_bytes()), Ok(Some(false)));
        assert_eq!(has_program(line(4096, 1).as_bytes()), Ok(Some(true)));
        assert_eq!(has_program(line(0, 0).as_bytes()), Ok(None));
        assert_eq!(has_program(b"7 (a) R 1").unwrap_err().field(), "vsize");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = (parse(&bytes), times(&bytes), kin(&bytes), has_program(&bytes));
        }

        #[test]
        fn cutting_a_line_never_panics(at in 0..BASH.len()) {
            let line = BASH.split_at(at).0;
            if let Ok(stat) = parse(line) {
                assert_eq!(times(line), Ok([stat.utime, stat.stime]));
                assert_eq!(kin(line), Ok((stat.ppid, stat.starttime)));
            }
        }
    }
}
