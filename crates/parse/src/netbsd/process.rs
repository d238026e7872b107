//! `kern.proc2`: processes, as `struct kinfo_proc2`.
//!
//! The caller passes the size of an element with the question. The kernel cuts its records to that size, and leaves the
//! tail of a longer element untouched.

use std::time::Duration;

use crate::bsd::process::{process, stat};
use crate::bsd::time;
use crate::view::view;

view! {
    /// A process.
    pub struct Process = "kinfo_proc2" (680) {
        /// `P_` and `L_` flags.
        flags: i32 = "p_flag" @ 112,
        /// Process id.
        pid: i32 = "p_pid" @ 116,
        /// Parent's process id.
        ppid: i32 = "p_ppid" @ 120,
        /// Session.
        sid: i32 = "p_sid" @ 124,
        /// Process group.
        pgid: i32 = "p__pgid" @ 128,
        /// Effective user id.
        uid: u32 = "p_uid" @ 136,
        /// Real user id.
        ruid: u32 = "p_ruid" @ 140,
        /// Effective group id.
        gid: u32 = "p_gid" @ 144,
        /// Real group id.
        rgid: u32 = "p_rgid" @ 148,
        /// Device number of the controlling terminal; all ones for none.
        tdev: u32 = "p_tdev" @ 220,
        /// State of the representative thread, [`stat`].
        stat: i8 = "p_stat" @ 360,
        /// Nice value plus 20.
        nice: u8 = "p_nice" @ 363,
        /// Wait status of a zombie; the signal that stopped a stopped process.
        xstat: u16 = "p_xstat" @ 364,
        /// Name, which the kernel cuts at 16 characters.
        comm: [text 24] = "p_comm" @ 368,
        /// What the representative thread waits for.
        wmesg: [text 8] = "p_wmesg" @ 392,
        /// Resident pages.
        rssize: i32 = "p_vm_rssize" @ 432,
        /// Pages of text.
        tsize: i32 = "p_vm_tsize" @ 436,
        /// Pages of data.
        dsize: i32 = "p_vm_dsize" @ 440,
        /// Pages of stack.
        ssize: i32 = "p_vm_ssize" @ 444,
        /// Whether the kernel filled the `p_u` fields. It does not for a zombie.
        uvalid: i64 = "p_uvalid" @ 448,
        /// When the process started: seconds since the epoch, as the clock stood then.
        ustart_sec: u32 = "p_ustart_sec" @ 456,
        /// And microseconds.
        ustart_usec: u32 = "p_ustart_usec" @ 460,
        /// CPU time in user mode, in seconds.
        uutime_sec: u32 = "p_uutime_sec" @ 464,
        /// And microseconds.
        uutime_usec: u32 = "p_uutime_usec" @ 468,
        /// CPU time in kernel mode, in seconds.
        ustime_sec: u32 = "p_ustime_sec" @ 472,
        /// And microseconds.
        ustime_usec: u32 = "p_ustime_usec" @ 476,
        /// Largest resident size, in units of 1024 bytes.
        maxrss: u64 = "p_uru_maxrss" @ 480,
        /// Page faults without a disk read.
        minflt: u64 = "p_uru_minflt" @ 512,
        /// Page faults with a disk read.
        majflt: u64 = "p_uru_majflt" @ 520,
        /// Block reads.
        inblock: u64 = "p_uru_inblock" @ 536,
        /// Block writes.
        oublock: u64 = "p_uru_oublock" @ 544,
        /// Voluntary context switches.
        nvcsw: u64 = "p_uru_nvcsw" @ 576,
        /// Involuntary context switches.
        nivcsw: u64 = "p_uru_nivcsw" @ 584,
        /// CPU time of ended children, both modes together, in seconds.
        uctime_sec: u32 = "p_uctime_sec" @ 592,
        /// And microseconds.
        uctime_usec: u32 = "p_uctime_usec" @ 596,
        /// Processor that the representative thread last ran on.
        cpuid: u64 = "p_cpuid" @ 600,
        /// Number of threads.
        nlwps: u64 = "p_nlwps" @ 616,
        /// State of the process itself, [`realstat`].
        realstat: u64 = "p_realstat" @ 632,
        /// Saved user id.
        svuid: u32 = "p_svuid" @ 640,
        /// Saved group id.
        svgid: u32 = "p_svgid" @ 644,
        /// Name of the emulation, such as "netbsd" or "linux".
        ename: [text 16] = "p_ename" @ 648,
        /// Pages of address space.
        vsize: i64 = "p_vm_vsize" @ 664,
        /// Pages of address space, the unused part of the stack left out.
        msize: i64 = "p_vm_msize" @ 672,
    }
}

/// `p_realstat`: the state of a process.
#[allow(missing_docs)] // the names are those of sys/proc.h, without S
pub mod realstat {
    pub const IDL: u64 = 1;
    pub const ACTIVE: u64 = 2;
    pub const DYING: u64 = 3;
    pub const STOP: u64 = 4;
    pub const ZOMB: u64 = 5;
    pub const DEAD: u64 = 6;
}

impl Process<'_> {
    /// When the process started, since the epoch, as the clock stood then. `None` for a zombie.
    ///
    /// The kernel takes this time once, so setting the clock does not move it.
    #[must_use]
    pub fn started(self) -> Option<Duration> {
        (self.uvalid() != 0).then(|| time(self.ustart_sec(), self.ustart_usec()))
    }

    /// Whether it has ended and waits for its parent.
    #[must_use]
    pub fn is_zombie(self) -> bool {
        matches!(self.realstat(), realstat::ZOMB | realstat::DEAD) || self.stat() == stat::ZOMB
    }
}

process!();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    fn record(size: usize, pid: u32, valid: u64) -> Vec<u8> {
        let mut made = Made::new(size);
        made.u32(116, pid).set(368, b"rec").u64(448, valid).u32(456, 1_795_902_988).u32(460, 450_000);
        made.u32(220, u32::MAX).u32(464, 2).u32(468, 2283).u64(632, 2);
        made.0
    }

    #[test]
    fn elements_of_any_size_from_the_known_one_on() {
        for size in [680, 704] {
            let bytes = [record(size, 1, 1), record(size, 2, 0)].concat();
            let found: Vec<_> = processes(&bytes, size).map(Result::unwrap).collect();
            assert_eq!((found[0].pid(), found[0].comm()), (1, &b"rec"[..]));
            assert_eq!(found[0].started(), Some(Duration::from_micros(1_795_902_988_450_000)));
            assert_eq!(found[0].user_time(), Duration::from_micros(2_002_283));
            assert_eq!((found[1].pid(), found[1].started(), found[1].common().terminal), (2, None, None));
            let cut: Vec<_> = processes(&bytes[..bytes.len() - 1], size).collect();
            assert!(cut.len() == 2 && cut[0].is_ok() && cut[1].is_err());
        }
        assert_eq!(processes(&record(648, 1, 1), 648).next().unwrap().unwrap_err().field(), "kinfo_proc2");
        assert_eq!(processes(&[], 680).count(), 0);
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
