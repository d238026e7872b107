//! `kern.proc`: processes and threads, as `struct kinfo_proc`.
//!
//! The caller passes the size of an element with the question, and the kernel cuts its records to that size. It refuses a
//! size above its own.

use std::time::Duration;

use crate::bsd::process::{process, stat};
use crate::view::view;
use crate::{ParseError, Result};

view! {
    /// A process, or one of its threads.
    pub struct Process = "kinfo_proc" (648) {
        /// `P_` flags.
        flags: i32 = "p_flag" @ 104,
        /// Process id.
        pid: i32 = "p_pid" @ 108,
        /// Parent's process id.
        ppid: i32 = "p_ppid" @ 112,
        /// Session.
        sid: i32 = "p_sid" @ 116,
        /// Process group.
        pgid: i32 = "p__pgid" @ 120,
        /// Effective user id.
        uid: u32 = "p_uid" @ 128,
        /// Real user id.
        ruid: u32 = "p_ruid" @ 132,
        /// Effective group id.
        gid: u32 = "p_gid" @ 136,
        /// Real group id.
        rgid: u32 = "p_rgid" @ 140,
        /// Device number of the controlling terminal; all ones for none.
        tdev: u32 = "p_tdev" @ 212,
        /// State, [`stat`].
        stat: i8 = "p_stat" @ 304,
        /// Nice value plus 20.
        nice: u8 = "p_nice" @ 307,
        /// Wait status of a zombie; the signal that stopped a stopped process.
        xstat: u16 = "p_xstat" @ 308,
        /// Name.
        comm: [text 24] = "p_comm" @ 312,
        /// What it waits for.
        wmesg: [text 8] = "p_wmesg" @ 336,
        /// Resident pages.
        rssize: i32 = "p_vm_rssize" @ 384,
        /// Pages of text.
        tsize: i32 = "p_vm_tsize" @ 388,
        /// Pages of data.
        dsize: i32 = "p_vm_dsize" @ 392,
        /// Pages of stack.
        ssize: i32 = "p_vm_ssize" @ 396,
        /// Whether the kernel filled the `p_u` fields. It does not for a zombie.
        uvalid: i64 = "p_uvalid" @ 400,
        /// When the process started: seconds since the epoch, by the present boot time.
        ustart_sec: u64 = "p_ustart_sec" @ 408,
        /// And microseconds.
        ustart_usec: u32 = "p_ustart_usec" @ 416,
        /// CPU time in user mode, in seconds.
        uutime_sec: u32 = "p_uutime_sec" @ 420,
        /// And microseconds.
        uutime_usec: u32 = "p_uutime_usec" @ 424,
        /// CPU time in kernel mode, in seconds.
        ustime_sec: u32 = "p_ustime_sec" @ 428,
        /// And microseconds.
        ustime_usec: u32 = "p_ustime_usec" @ 432,
        /// Largest resident size, in units of 1024 bytes.
        maxrss: u64 = "p_uru_maxrss" @ 440,
        /// Page faults without a disk read.
        minflt: u64 = "p_uru_minflt" @ 472,
        /// Page faults with a disk read.
        majflt: u64 = "p_uru_majflt" @ 480,
        /// Block reads.
        inblock: u64 = "p_uru_inblock" @ 496,
        /// Block writes.
        oublock: u64 = "p_uru_oublock" @ 504,
        /// Voluntary context switches.
        nvcsw: u64 = "p_uru_nvcsw" @ 536,
        /// Involuntary context switches.
        nivcsw: u64 = "p_uru_nivcsw" @ 544,
        /// CPU time of ended children, both modes together, in seconds.
        uctime_sec: u32 = "p_uctime_sec" @ 552,
        /// And microseconds.
        uctime_usec: u32 = "p_uctime_usec" @ 556,
        /// `PS_` flags, [`psflag`].
        psflags: u32 = "p_psflags" @ 560,
        /// Saved user id.
        svuid: u32 = "p_svuid" @ 568,
        /// Saved group id.
        svgid: u32 = "p_svgid" @ 572,
        /// Processor that it runs on; [`NO_CPU`] for none.
        cpuid: u64 = "p_cpuid" @ 592,
        /// Bytes of address space.
        map_size: u64 = "p_vm_map_size" @ 600,
        /// Thread id; -1 in the record of a whole process.
        tid: i32 = "p_tid" @ 608,
        /// Name of the thread.
        thread_name: [text 24] = "p_name" @ 624,
    }
}

/// `p_psflags`.
#[allow(missing_docs)] // the names are those of sys/proc.h, without PS
pub mod psflag {
    pub const EXITING: u32 = 0x8;
    pub const SYSTEM: u32 = 0x1_0000;
    pub const ZOMBIE: u32 = 0x4_0000;
}

/// `KI_NOCPU`.
pub const NO_CPU: u64 = u64::MAX;

impl Process<'_> {
    /// When the process started, since the epoch, by the present boot time: setting the clock moves both. `None` for a
    /// zombie, and for a process that exits: the kernel no longer adds the boot time to what it returns.
    pub fn started(self) -> Result<Option<Duration>> {
        if self.uvalid() == 0 || self.psflags() & psflag::EXITING != 0 {
            return Ok(None);
        }
        let micros = Duration::from_micros(self.ustart_usec().into());
        let sum = Duration::from_secs(self.ustart_sec()).checked_add(micros);
        sum.map(Some).ok_or_else(|| ParseError::overflow("p_ustart_sec", &self.ustart_sec().to_le_bytes()))
    }

    /// Whether it has ended and waits for its parent.
    #[must_use]
    pub fn is_zombie(self) -> bool {
        self.psflags() & psflag::ZOMBIE != 0 || matches!(self.stat(), stat::ZOMB | stat::DEAD)
    }
}

process!();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    fn record(pid: u32, valid: u64) -> Vec<u8> {
        let mut made = Made::new(Process::SIZE);
        made.u32(108, pid).set(312, b"verylongcommandname-of-32-chars").u64(400, valid);
        made.u64(408, 1_795_914_535).u32(416, 300_000).u32(212, 0x500);
        made.0
    }

    #[test]
    fn a_table_that_is_cut_off_keeps_its_first_records() {
        let bytes = [record(1, 1), record(2, 0)].concat();
        let found: Vec<_> = processes(&bytes, Process::SIZE).map(Result::unwrap).collect();
        assert_eq!((found[0].pid(), found[0].comm()), (1, &b"verylongcommandname-of-3"[..]));
        assert_eq!(found[0].started(), Ok(Some(Duration::from_micros(1_795_914_535_300_000))));
        assert_eq!((found[1].started(), found[1].common().terminal), (Ok(None), Some(0x500)));
        let cut: Vec<_> = processes(&bytes[..1000], Process::SIZE).collect();
        assert!(cut.len() == 2 && cut[0].is_ok() && cut[1].is_err());
        assert_eq!(processes(&bytes, 640).next().unwrap().unwrap_err().field(), "kinfo_proc");
    }

    #[test]
    fn a_process_that_exits_has_no_start() {
        let mut bytes = record(1, 1);
        bytes[560..564].copy_from_slice(&psflag::EXITING.to_le_bytes());
        let process = Process::new(&bytes).unwrap();
        assert_eq!((process.psflags(), process.started()), (psflag::EXITING, Ok(None)));
    }

    #[test]
    fn a_time_beyond_all_times_is_an_error() {
        let mut bytes = record(1, 1);
        bytes[408..416].fill(0xff);
        bytes[416..420].fill(0xff);
        assert_eq!(Process::new(&bytes).unwrap().started().unwrap_err().field(), "p_ustart_sec");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1500), size in 0usize..800) {
            for process in processes(&bytes, size).flatten() {
                let _ = (process.started(), process.is_zombie());
            }
        }
    }
}
