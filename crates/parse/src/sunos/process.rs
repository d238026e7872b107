//! `psinfo`, `status`, `usage` and `cred` of a process, proc(5).

use std::time::Duration;

use super::mapping::Regions;
use super::{Either, Model, models, thread, time};
use crate::view::view;
use crate::{ParseError, Result};

models! {
    /// `/proc/PID/psinfo`, which every user may read.
    pub struct Info = "psinfo_t" (336, 416) [Info32, Info64] {
        /// Threads (LWPs); 0 of a zombie.
        threads: (i32, i32) -> i32 = "pr_nlwp" @ (4, 4),
        /// Process id.
        pid: (i32, i32) -> i32 = "pr_pid" @ (8, 8),
        /// Parent's process id.
        ppid: (i32, i32) -> i32 = "pr_ppid" @ (12, 12),
        /// Process group.
        pgid: (i32, i32) -> i32 = "pr_pgid" @ (16, 16),
        /// Session.
        sid: (i32, i32) -> i32 = "pr_sid" @ (20, 20),
        /// Real user id.
        uid: (u32, u32) -> u32 = "pr_uid" @ (24, 24),
        /// Effective user id.
        euid: (u32, u32) -> u32 = "pr_euid" @ (28, 28),
        /// Real group id.
        gid: (u32, u32) -> u32 = "pr_gid" @ (32, 32),
        /// Effective group id.
        egid: (u32, u32) -> u32 = "pr_egid" @ (36, 36),
        /// Size of the address space in KiB.
        size: (u32, u64) -> u64 = "pr_size" @ (44, 48),
        /// Resident memory in KiB.
        resident: (u32, u64) -> u64 = "pr_rssize" @ (48, 56),
        /// Number of the controlling terminal; see [`Info::terminal`].
        terminal_number: (i32, i64) -> i64 = "pr_ttydev" @ (56, 72),
        /// When it started: seconds since 1970.
        start_seconds: (i32, i64) -> i64 = "pr_start.tv_sec" @ (64, 88),
        /// When it started: nanoseconds.
        start_nanos: (i32, i64) -> i64 = "pr_start.tv_nsec" @ (68, 96),
        /// CPU time, in user mode and in the kernel: seconds.
        time_seconds: (i32, i64) -> i64 = "pr_time.tv_sec" @ (72, 104),
        /// CPU time: nanoseconds.
        time_nanos: (i32, i64) -> i64 = "pr_time.tv_nsec" @ (76, 112),
        /// Name of the program, at most 15 characters.
        name: ([text 16], [text 16]) -> &'a [u8] = "pr_fname" @ (88, 136),
        /// The first 79 bytes of the arguments, with blanks between them.
        arguments: ([text 80], [text 80]) -> &'a [u8] = "pr_psargs" @ (104, 152),
        /// How many arguments the program was given.
        argc: (i32, i32) -> i32 = "pr_argc" @ (188, 236),
        /// Where the pointers to the arguments lie.
        argv: (u32, u64) -> u64 = "pr_argv" @ (192, 240),
        /// Where the pointers to the environment lie.
        envp: (u32, u64) -> u64 = "pr_envp" @ (196, 248),
        /// Data model of the process; see [`Info::model`].
        data_model: (u8, u8) -> u8 = "pr_dmodel" @ (200, 256),
        /// Task.
        task: (i32, i32) -> i32 = "pr_taskid" @ (204, 260),
        /// Project.
        project: (i32, i32) -> i32 = "pr_projid" @ (208, 264),
        /// Zone.
        zone: (i32, i32) -> i32 = "pr_zoneid" @ (220, 276),
        /// Contract.
        contract: (i32, i32) -> i32 = "pr_contract" @ (224, 280),
        /// The representative thread.
        lwp: ([bytes 104], [bytes 128]) -> Lwp<'a> = "pr_lwp" @ (232, 288),
    }
}

/// The bytes of the representative thread in either data model.
#[derive(Debug, Clone, Copy)]
pub struct Lwp<'a>(Either<&'a [u8; 104], &'a [u8; 128]>);

impl<'a> From<&'a [u8; 104]> for Lwp<'a> {
    fn from(bytes: &'a [u8; 104]) -> Self {
        Self(Either::Small(bytes))
    }
}

impl<'a> From<&'a [u8; 128]> for Lwp<'a> {
    fn from(bytes: &'a [u8; 128]) -> Self {
        Self(Either::Large(bytes))
    }
}

/// The number of a terminal that is none.
const NO_DEVICE: i64 = -1;

impl<'a> Info<'a> {
    /// Views a whole file. Its size determines the data model.
    ///
    /// # Errors
    /// `psinfo_t` is missing: the file is too short for either.
    pub fn of_file(bytes: &'a [u8]) -> Result<Self> {
        Self::new(bytes, Self::model_of_file(bytes)?)
    }

    /// The data model that a file was written with.
    ///
    /// # Errors
    /// As [`Info::of_file`].
    pub fn model_of_file(bytes: &[u8]) -> Result<Model> {
        match bytes.len() {
            Info64::SIZE.. => Ok(Model::Lp64),
            Info32::SIZE.. => Ok(Model::Ilp32),
            _ => Err(ParseError::missing(Self::STRUCT)),
        }
    }

    /// When the process started, since 1970.
    ///
    /// # Errors
    /// `pr_start` is negative.
    pub fn start(self) -> Result<Duration> {
        time(self.start_seconds(), self.start_nanos(), "pr_start")
    }

    /// CPU time in all.
    ///
    /// # Errors
    /// `pr_time` is negative.
    pub fn time(self) -> Result<Duration> {
        time(self.time_seconds(), self.time_nanos(), "pr_time")
    }

    /// The controlling terminal's device number, if it has one.
    #[must_use]
    pub fn terminal(self) -> Option<u64> {
        Some(self.terminal_number()).filter(|number| *number != NO_DEVICE).map(i64::cast_unsigned)
    }

    /// The data model of the process itself; `None` of a process without a program.
    #[must_use]
    pub fn model(self) -> Option<Model> {
        match self.data_model() {
            1 => Some(Model::Ilp32),
            2 => Some(Model::Lp64),
            _ => None,
        }
    }

    /// The representative thread.
    ///
    /// # Errors
    /// None: its bytes are there.
    pub fn thread(self) -> Result<thread::Info<'a>> {
        match self.lwp().0 {
            Either::Small(bytes) => thread::Info::new(bytes, Model::Ilp32),
            Either::Large(bytes) => thread::Info::new(bytes, Model::Lp64),
        }
    }
}

models! {
    /// The beginning of `/proc/PID/status`, which the owner may read.
    pub struct Status = "pstatus_t" (336, 384) [Status32, Status64] {
        /// Process id.
        pid: (i32, i32) -> i32 = "pr_pid" @ (8, 8),
        /// First address of the heap.
        heap_start: (u32, u64) -> u64 = "pr_brkbase" @ (48, 48),
        /// Size of the heap in bytes.
        heap: (u32, u64) -> u64 = "pr_brksize" @ (52, 56),
        /// First address of the stack.
        stack_start: (u32, u64) -> u64 = "pr_stkbase" @ (56, 64),
        /// Size of the stack in bytes.
        stack: (u32, u64) -> u64 = "pr_stksize" @ (60, 72),
        /// CPU time in user mode: seconds.
        user_seconds: (i32, i64) -> i64 = "pr_utime.tv_sec" @ (64, 80),
        /// CPU time in user mode: nanoseconds.
        user_nanos: (i32, i64) -> i64 = "pr_utime.tv_nsec" @ (68, 88),
        /// CPU time in the kernel: seconds.
        system_seconds: (i32, i64) -> i64 = "pr_stime.tv_sec" @ (72, 96),
        /// CPU time in the kernel: nanoseconds.
        system_nanos: (i32, i64) -> i64 = "pr_stime.tv_nsec" @ (76, 104),
        /// User time of children that ended: seconds.
        child_user_seconds: (i32, i64) -> i64 = "pr_cutime.tv_sec" @ (80, 112),
        /// User time of children that ended: nanoseconds.
        child_user_nanos: (i32, i64) -> i64 = "pr_cutime.tv_nsec" @ (84, 120),
        /// System time of children that ended: seconds.
        child_system_seconds: (i32, i64) -> i64 = "pr_cstime.tv_sec" @ (88, 128),
        /// System time of children that ended: nanoseconds.
        child_system_nanos: (i32, i64) -> i64 = "pr_cstime.tv_nsec" @ (92, 136),
    }
}

/// CPU times of a process and of its children that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// In user mode.
    pub user: Duration,
    /// In the kernel.
    pub system: Duration,
    /// Children's, in user mode.
    pub child_user: Duration,
    /// Children's, in the kernel.
    pub child_system: Duration,
}

impl Status<'_> {
    /// The heap and the stack.
    #[must_use]
    pub fn regions(self) -> Regions {
        Regions { heap: (self.heap_start(), self.heap()), stack: (self.stack_start(), self.stack()) }
    }

    /// The CPU times.
    ///
    /// # Errors
    /// One is negative.
    pub fn times(self) -> Result<Times> {
        Ok(Times {
            user: time(self.user_seconds(), self.user_nanos(), "pr_utime")?,
            system: time(self.system_seconds(), self.system_nanos(), "pr_stime")?,
            child_user: time(self.child_user_seconds(), self.child_user_nanos(), "pr_cutime")?,
            child_system: time(self.child_system_seconds(), self.child_system_nanos(), "pr_cstime")?,
        })
    }
}

models! {
    /// `/proc/PID/usage` and each thread's record in `lusage`, which every user may read.
    pub struct Usage = "prusage_t" (256, 504) [Usage32, Usage64] {
        /// Id of the thread; 0 of the process and of its threads that ended.
        lwp: (i32, i32) -> i32 = "pr_lwpid" @ (0, 0),
        /// CPU time in user mode: seconds.
        user_seconds: (i32, i64) -> i64 = "pr_utime.tv_sec" @ (40, 72),
        /// CPU time in user mode: nanoseconds.
        user_nanos: (i32, i64) -> i64 = "pr_utime.tv_nsec" @ (44, 80),
        /// CPU time in system calls: seconds.
        system_seconds: (i32, i64) -> i64 = "pr_stime.tv_sec" @ (48, 88),
        /// CPU time in system calls: nanoseconds.
        system_nanos: (i32, i64) -> i64 = "pr_stime.tv_nsec" @ (52, 96),
        /// CPU time in other traps: seconds.
        trap_seconds: (i32, i64) -> i64 = "pr_ttime.tv_sec" @ (56, 104),
        /// CPU time in other traps: nanoseconds.
        trap_nanos: (i32, i64) -> i64 = "pr_ttime.tv_nsec" @ (60, 112),
        /// Page faults without a disk read.
        minor_faults: (u32, u64) -> u64 = "pr_minf" @ (168, 328),
        /// Page faults with a disk read.
        major_faults: (u32, u64) -> u64 = "pr_majf" @ (172, 336),
        /// Blocks read.
        blocks_in: (u32, u64) -> u64 = "pr_inblk" @ (180, 352),
        /// Blocks written.
        blocks_out: (u32, u64) -> u64 = "pr_oublk" @ (184, 360),
        /// Voluntary context switches.
        voluntary: (u32, u64) -> u64 = "pr_vctx" @ (200, 392),
        /// Involuntary context switches.
        involuntary: (u32, u64) -> u64 = "pr_ictx" @ (204, 400),
        /// System calls.
        calls: (u32, u64) -> u64 = "pr_sysc" @ (208, 408),
        /// Characters read and written.
        characters: (u32, u64) -> u64 = "pr_ioch" @ (212, 416),
    }
}

impl Usage<'_> {
    /// CPU time in user mode.
    ///
    /// # Errors
    /// It is negative.
    pub fn user(self) -> Result<Duration> {
        time(self.user_seconds(), self.user_nanos(), "pr_utime")
    }

    /// CPU time in the kernel: in system calls and in other traps.
    ///
    /// # Errors
    /// One of them is negative.
    pub fn system(self) -> Result<Duration> {
        let calls = time(self.system_seconds(), self.system_nanos(), "pr_stime")?;
        let traps = time(self.trap_seconds(), self.trap_nanos(), "pr_ttime")?;
        Ok(calls.saturating_add(traps))
    }
}

view! {
    /// `/proc/PID/cred`, which the owner may read. Both data models have the same layout.
    pub struct Credentials = "prcred_t" (28) {
        /// Effective user id.
        euid: u32 = "pr_euid" @ 0,
        /// Real user id.
        ruid: u32 = "pr_ruid" @ 4,
        /// Saved user id.
        suid: u32 = "pr_suid" @ 8,
        /// Effective group id.
        egid: u32 = "pr_egid" @ 12,
        /// Real group id.
        rgid: u32 = "pr_rgid" @ 16,
        /// Saved group id.
        sgid: u32 = "pr_sgid" @ 20,
        /// How many supplementary groups follow.
        groups: i32 = "pr_ngroups" @ 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes numbers at their places.
    fn bytes(size: usize, fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; size];
        for (at, field) in fields {
            bytes[*at..*at + field.len()].copy_from_slice(field);
        }
        bytes
    }

    #[test]
    fn the_size_of_a_file_tells_its_model() {
        let large = bytes(
            416,
            &[
                (8, &7u32.to_le_bytes()),
                (48, &(1u64 << 33).to_le_bytes()),
                (72, &(-1i64).to_le_bytes()),
                (88, &1_700_000_000i64.to_le_bytes()),
                (96, &5i64.to_le_bytes()),
                (136, b"init"),
                (256, &[2]),
                (288 + 26, b"S"),
            ],
        );
        let info = Info::of_file(&large).unwrap();
        assert_eq!((info.pid(), info.size(), info.name(), info.terminal()), (7, 1 << 33, &b"init"[..], None));
        assert_eq!((info.start().unwrap(), info.model()), (Duration::new(1_700_000_000, 5), Some(Model::Lp64)));
        assert_eq!(info.thread().unwrap().state_letter(), b'S');
        let small = bytes(
            336,
            &[
                (8, &9u32.to_le_bytes()),
                (48, &4u32.to_le_bytes()),
                (56, &3u32.to_le_bytes()),
                (88, b"sh"),
                (232 + 18, b"Z"),
            ],
        );
        let info = Info::of_file(&small).unwrap();
        assert_eq!((info.pid(), info.resident(), info.name(), info.terminal()), (9, 4, &b"sh"[..], Some(3)));
        assert_eq!((info.thread().unwrap().state_letter(), info.model()), (b'Z', None));
        assert_eq!(Info::of_file(&small[..335]).unwrap_err().field(), "psinfo_t");
    }

    #[test]
    fn times_and_counters() {
        let status = bytes(384, &[(80, &2i64.to_le_bytes()), (136, &9i64.to_le_bytes())]);
        let times = Status::new(&status, Model::Lp64).unwrap().times().unwrap();
        assert_eq!((times.user, times.child_system), (Duration::from_secs(2), Duration::from_nanos(9)));
        let usage = bytes(256, &[(48, &1i32.to_le_bytes()), (60, &7i32.to_le_bytes()), (204, &11u32.to_le_bytes())]);
        let usage = Usage::new(&usage, Model::Ilp32).unwrap();
        assert_eq!((usage.system().unwrap(), usage.involuntary()), (Duration::new(1, 7), 11));
        let negative = bytes(504, &[(72, &(-1i64).to_le_bytes())]);
        assert_eq!(Usage::new(&negative, Model::Lp64).unwrap().user().unwrap_err().field(), "pr_utime");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            for model in [Model::Ilp32, Model::Lp64] {
                let _ = Status::new(&bytes, model).map(Status::times);
                let _ = Usage::new(&bytes, model).map(|usage| (usage.user(), usage.system()));
            }
            let _ = Info::of_file(&bytes).map(|info| (info.start(), info.time(), info.terminal(), info.thread().is_ok()));
            let _ = Credentials::new(&bytes);
        }
    }
}
