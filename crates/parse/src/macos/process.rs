//! `kern.proc`, `kern.procargs2`, proc_pidinfo(3) and proc_pid_rusage(3): processes and threads.

use std::time::Duration;

use crate::view::{chunks, view};
use crate::{Cursor, ParseError, Result};

view! {
    /// A process as `kern.proc` lists it, for every user.
    pub struct Process = "kinfo_proc" (648) {
        /// When it started: seconds since 1970. The kernel does not change the time when somebody sets the clock.
        start_seconds: i64 = "kp_proc.p_un.__p_starttime.tv_sec" @ 0,
        /// When it started: microseconds.
        start_micros: i32 = "kp_proc.p_un.__p_starttime.tv_usec" @ 8,
        /// `P_` flags.
        flag: i32 = "kp_proc.p_flag" @ 32,
        /// State, `SIDL` to `SZOMB`.
        stat: u8 = "kp_proc.p_stat" @ 36,
        /// Process id.
        pid: i32 = "kp_proc.p_pid" @ 40,
        /// Nice value.
        nice: i8 = "kp_proc.p_nice" @ 242,
        /// Name of the program, at most 16 characters.
        comm: [text 17] = "kp_proc.p_comm" @ 243,
        /// Real user id.
        ruid: u32 = "kp_eproc.e_pcred.p_ruid" @ 392,
        /// Saved user id.
        svuid: u32 = "kp_eproc.e_pcred.p_svuid" @ 396,
        /// Real group id.
        rgid: u32 = "kp_eproc.e_pcred.p_rgid" @ 400,
        /// Saved group id.
        svgid: u32 = "kp_eproc.e_pcred.p_svgid" @ 404,
        /// Effective user id.
        uid: u32 = "kp_eproc.e_ucred.cr_uid" @ 420,
        /// Effective group id, the first of the groups.
        gid: u32 = "kp_eproc.e_ucred.cr_groups[0]" @ 428,
        /// Parent's process id.
        ppid: i32 = "kp_eproc.e_ppid" @ 560,
        /// Process group.
        pgid: i32 = "kp_eproc.e_pgid" @ 564,
        /// Controlling terminal; all ones is none.
        tdev: u32 = "kp_eproc.e_tdev" @ 572,
        /// `EPROC_` flags.
        eflag: i32 = "kp_eproc.e_flag" @ 612,
    }
}

view! {
    /// `PROC_PIDTASKALLINFO`. CPU times are in units of the Mach clock.
    pub struct Task = "proc_taskallinfo" (232) {
        /// Process id.
        pid: u32 = "pbsd.pbi_pid" @ 12,
        /// Name of up to 31 characters.
        name: [text 32] = "pbsd.pbi_name" @ 64,
        /// Open descriptors.
        files: u32 = "pbsd.pbi_nfiles" @ 96,
        /// When it started: seconds since 1970.
        start_seconds: u64 = "pbsd.pbi_start_tvsec" @ 120,
        /// When it started: microseconds.
        start_micros: u64 = "pbsd.pbi_start_tvusec" @ 128,
        /// Virtual size in bytes.
        virtual_size: u64 = "ptinfo.pti_virtual_size" @ 136,
        /// Resident size in bytes.
        resident_size: u64 = "ptinfo.pti_resident_size" @ 144,
        /// CPU time in user mode.
        user: u64 = "ptinfo.pti_total_user" @ 152,
        /// CPU time in kernel mode.
        system: u64 = "ptinfo.pti_total_system" @ 160,
        /// Page faults.
        faults: i32 = "ptinfo.pti_faults" @ 188,
        /// Page faults with a disk read.
        pageins: i32 = "ptinfo.pti_pageins" @ 192,
        /// Context switches.
        switches: i32 = "ptinfo.pti_csw" @ 216,
        /// Threads.
        threads: i32 = "ptinfo.pti_threadnum" @ 220,
    }
}

view! {
    /// `PROC_PIDTHREADINFO` and `PROC_PIDTHREADID64INFO`. CPU times are in nanoseconds.
    pub struct Thread = "proc_threadinfo" (112) {
        /// CPU time in user mode.
        user: u64 = "pth_user_time" @ 0,
        /// CPU time in kernel mode.
        system: u64 = "pth_system_time" @ 8,
        /// State.
        run_state: i32 = "pth_run_state" @ 24,
        /// Priority that the scheduler uses now.
        priority: i32 = "pth_curpri" @ 36,
        /// Name.
        name: [text 64] = "pth_name" @ 48,
    }
}

view! {
    /// proc_pid_rusage(3), version 4 and the beginning of version 6. CPU times are in units of the Mach clock.
    pub struct Usage = "rusage_info_v4" (296) {
        /// Page faults with a disk read.
        pageins: u64 = "ri_pageins" @ 48,
        /// Wired memory in bytes.
        wired: u64 = "ri_wired_size" @ 56,
        /// Resident memory in bytes.
        resident: u64 = "ri_resident_size" @ 64,
        /// Memory that only this process makes necessary, compressed or not, in bytes.
        footprint: u64 = "ri_phys_footprint" @ 72,
        /// CPU time in user mode of children that ended.
        child_user: u64 = "ri_child_user_time" @ 96,
        /// CPU time in kernel mode of children that ended.
        child_system: u64 = "ri_child_system_time" @ 104,
        /// Bytes read from disks.
        read: u64 = "ri_diskio_bytesread" @ 144,
        /// Bytes written to disks.
        written: u64 = "ri_diskio_byteswritten" @ 152,
        /// The largest footprint that the process ever had.
        peak_footprint: u64 = "ri_lifetime_max_phys_footprint" @ 240,
    }
}

view! {
    /// proc_pid_rusage(3), version 6 (macOS 13): what version 4 lacks.
    pub struct Energy = "rusage_info_v6" (464) {
        /// CPU time in user mode.
        user: u64 = "ri_user_time" @ 16,
        /// CPU time in kernel mode.
        system: u64 = "ri_system_time" @ 24,
        /// Energy of all cores in nanojoules.
        all: u64 = "ri_energy_nj" @ 336,
        /// Energy of performance cores in nanojoules.
        performance: u64 = "ri_penergy_nj" @ 344,
    }
}

view! {
    /// `PROC_PIDVNODEPATHINFO`: directories of a process.
    pub struct Directories = "proc_vnodepathinfo" (2352) {
        /// Working directory.
        current: [text 1024] = "pvi_cdir.vip_path" @ 152,
        /// Root directory, empty if it is the machine's.
        root: [text 1024] = "pvi_rdir.vip_path" @ 1328,
    }
}

view! {
    /// `struct mach_timebase_info`: the unit of the Mach clock is `numerator / denominator` nanoseconds.
    pub struct Timebase = "mach_timebase_info" (8) {
        /// Numerator.
        numerator: u32 = "numer" @ 0,
        /// Denominator.
        denominator: u32 = "denom" @ 4,
    }
}

/// `kp_proc.p_stat`.
#[allow(missing_docs)] // the names are those of sys/proc.h
pub mod stat {
    pub const SIDL: u8 = 1;
    pub const SRUN: u8 = 2;
    pub const SSLEEP: u8 = 3;
    pub const SSTOP: u8 = 4;
    pub const SZOMB: u8 = 5;
}

/// `pth_run_state`.
#[allow(missing_docs)] // the names are those of mach/thread_info.h
pub mod thread_state {
    pub const TH_STATE_RUNNING: i32 = 1;
    pub const TH_STATE_STOPPED: i32 = 2;
    pub const TH_STATE_WAITING: i32 = 3;
    pub const TH_STATE_UNINTERRUPTIBLE: i32 = 4;
    pub const TH_STATE_HALTED: i32 = 5;
}

/// `P_PPWAIT` of `kp_proc.p_flag`: the process waits until its child has called exec(2) or exit(2).
pub const P_PPWAIT: i32 = 0x10;
/// `P_SYSTEM` of `kp_proc.p_flag`: a process of the kernel.
pub const P_SYSTEM: i32 = 0x200;
/// `P_WEXIT` of `kp_proc.p_flag`: the process is in exit(2).
pub const P_WEXIT: i32 = 0x2000;
/// `EPROC_SLEADER` of `kp_eproc.e_flag`: the leader of a session.
pub const EPROC_SLEADER: i32 = 2;
/// `P_TRANSLATED` of `kp_proc.p_flag`: a program of x86_64 that Rosetta runs.
pub const P_TRANSLATED: i32 = 0x2_0000;

impl Process<'_> {
    /// When it started, since 1970.
    pub fn start(self) -> Result<Duration> {
        let seconds = u64::try_from(self.start_seconds());
        let micros = u32::try_from(self.start_micros()).ok().filter(|micros| *micros < 1_000_000);
        match (seconds, micros) {
            (Ok(seconds), Some(micros)) => Ok(Duration::new(seconds, micros * 1000)),
            _ => Err(ParseError::malformed("p_starttime", &self.start_seconds().to_le_bytes())),
        }
    }

    /// The controlling terminal's device number.
    #[must_use]
    pub fn terminal(self) -> Option<u32> {
        Some(self.tdev()).filter(|device| *device != u32::MAX)
    }
}

impl Task<'_> {
    /// When it started, since 1970: the same time as in [`Process::start`].
    pub fn start(self) -> Result<Duration> {
        match u32::try_from(self.start_micros()) {
            Ok(micros) if micros < 1_000_000 => Ok(Duration::new(self.start_seconds(), micros * 1000)),
            _ => Err(ParseError::malformed("pbi_start_tvusec", &self.start_micros().to_le_bytes())),
        }
    }
}

impl Energy<'_> {
    /// Whether the kernel measures energy, which it does on Apple silicon. Elsewhere the energy of a process that has
    /// used a processor is 0.
    #[must_use]
    pub fn is_measured(self) -> bool {
        self.all() != 0 || (self.user() == 0 && self.system() == 0)
    }
}

impl Timebase<'_> {
    /// A time in units of the Mach clock as a duration.
    pub fn duration(self, ticks: u64) -> Result<Duration> {
        if self.denominator() == 0 || self.numerator() == 0 {
            return Err(ParseError::malformed("mach_timebase_info", &self.denominator().to_le_bytes()));
        }
        let nanos = u128::from(ticks) * u128::from(self.numerator()) / u128::from(self.denominator());
        let seconds = u64::try_from(nanos / 1_000_000_000)
            .map_err(|_| ParseError::overflow("mach time", ticks.to_string().as_bytes()))?;
        // A remainder of 10^9 has 30 bits.
        Ok(Duration::from_secs(seconds) + Duration::from_nanos((nanos % 1_000_000_000).try_into().unwrap_or(0)))
    }
}

/// The processes of `kern.proc`. A record that is cut off is an error, after those before it.
pub fn processes(bytes: &[u8]) -> impl Iterator<Item = Result<Process<'_>>> {
    chunks(bytes, Process::SIZE, Process::STRUCT).map(|record| Process::new(record?))
}

/// Numbers of 64 bits: thread ids, `PROC_PIDLISTTHREADS`.
pub fn threads(bytes: &[u8]) -> impl Iterator<Item = Result<u64>> {
    let id = |record: &[u8]| record.first_chunk().map(|id| u64::from_le_bytes(*id));
    chunks(bytes, 8, "thread id").map(move |record| id(record?).ok_or_else(|| ParseError::missing("thread id")))
}

/// `kern.procargs2`: what a process was started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments<'a> {
    /// The path of the executable.
    pub exe: &'a [u8],
    /// The command line.
    pub argv: Vec<&'a [u8]>,
    /// The environment, as `NAME=value`. The kernel leaves it out for protected processes.
    pub environ: Vec<&'a [u8]>,
}

/// Reads the block: the number of arguments, the path with NULs up to an alignment, the arguments, the environment until
/// an empty string. A block that was cut off keeps the strings it has.
pub fn arguments(bytes: &[u8]) -> Result<Arguments<'_>> {
    let mut cursor = Cursor::new(bytes);
    let count = cursor.array().map(i32::from_le_bytes).ok_or_else(|| ParseError::missing("argc"))?;
    let count = usize::try_from(count).map_err(|_| ParseError::malformed("argc", &count.to_le_bytes()))?;
    let exe = string(&mut cursor).unwrap_or_default();
    let mut start = cursor;
    while let [0, ..] = start.rest() {
        start.take(1);
    }
    let mut argv = Vec::new();
    while argv.len() < count
        && let Some(argument) = string(&mut start)
    {
        argv.push(argument);
    }
    let mut environ = Vec::new();
    while let Some(variable) = string(&mut start).filter(|variable| !variable.is_empty()) {
        environ.push(variable);
    }
    Ok(Arguments { exe, argv, environ })
}

/// The next string; the last one may lack its NUL.
fn string<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    if cursor.is_empty() {
        return None;
    }
    cursor.until(0).or_else(|| cursor.take(cursor.rest().len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::Made;
    use proptest::prelude::*;

    #[test]
    fn arguments_follow_the_padded_path() {
        let block = b"\x02\0\0\0/bin/ls\0\0\0\0ls\0\0PATH=/bin\0A=\0\0junk=1\0";
        let found = arguments(block).unwrap();
        assert_eq!((found.exe, found.argv), (&b"/bin/ls"[..], vec![&b"ls"[..], b""]));
        assert_eq!(found.environ, [&b"PATH=/bin"[..], b"A="]);
        // A protected process, and one that was cut off.
        let bare = arguments(b"\x01\0\0\0/bin/ls\0ls\0").unwrap();
        assert_eq!((bare.argv, bare.environ.len()), (vec![&b"ls"[..]], 0));
        assert_eq!(arguments(b"\x05\0\0\0/a\0b\0c").unwrap().argv, [&b"b"[..], b"c"]);
        assert_eq!(arguments(b"\x05\0\0").unwrap_err().field(), "argc");
        assert_eq!(arguments(b"\xff\xff\xff\xff").unwrap_err().field(), "argc");
    }

    #[test]
    fn processes_of_a_list() {
        let mut made = Made::new(648);
        made.u64(0, 5).u32(8, 250_000).u32(40, 77).set(243, b"launchd").u32(572, u32::MAX).set(36, [stat::SRUN]);
        let list = [made.0.clone(), made.0.clone()].concat();
        let found: Vec<_> = processes(&list).map(Result::unwrap).collect();
        assert_eq!((found.len(), found[0].pid(), found[0].comm()), (2, 77, &b"launchd"[..]));
        assert_eq!((found[0].start(), found[0].terminal()), (Ok(Duration::from_micros(5_250_000)), None));
        assert!(processes(&list[..1000]).last().unwrap().is_err());
        made.u32(8, 1_000_000);
        assert_eq!(Process::new(&made.0).unwrap().start().unwrap_err().field(), "p_starttime");
    }

    #[test]
    fn mach_time_is_scaled() {
        let base = |numerator: u32, denominator: u32| [numerator.to_le_bytes(), denominator.to_le_bytes()].concat();
        let read = |bytes: &[u8], ticks| Timebase::new(bytes).unwrap().duration(ticks);
        // Intel counts nanoseconds, Apple silicon 24 million in a second.
        assert_eq!(read(&base(1, 1), 1_500_000_000), Ok(Duration::from_millis(1500)));
        assert_eq!(read(&base(125, 3), 24_000_000), Ok(Duration::from_secs(1)));
        assert!(read(&base(1, 0), 1).is_err() && read(&base(0, 1), 1).is_err());
        assert!(read(&base(u32::MAX, 1), u64::MAX).is_err());
    }

    #[test]
    fn a_task_and_its_energy() {
        let mut made = Made::new(464);
        made.u64(120, 5).u64(128, 250_000);
        assert_eq!(Task::new(&made.0).unwrap().start(), Ok(Duration::from_micros(5_250_000)));
        made.u64(128, 1_000_000);
        assert_eq!(Task::new(&made.0).unwrap().start().unwrap_err().field(), "pbi_start_tvusec");
        assert!(Energy::new(&[0; 464]).unwrap().is_measured());
        made.u64(16, 9);
        assert!(!Energy::new(&made.0).unwrap().is_measured());
        made.u64(336, 1);
        assert!(Energy::new(&made.0).unwrap().is_measured());
        assert!(Energy::new(&made.0[..296]).is_err() && Usage::new(&made.0).is_ok());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2500)) {
            for process in processes(&bytes).flatten() {
                let _ = (process.start(), process.terminal());
            }
            let _ = (arguments(&bytes), threads(&bytes).count());
            let _ = (Task::new(&bytes).map(Task::start), Energy::new(&bytes).map(Energy::is_measured));
            let _ = Timebase::new(&bytes).map(|base| base.duration(u64::MAX));
        }
    }
}
