//! What the records of processes of NetBSD and OpenBSD share: fields of the same names and meanings, at other offsets.

use std::time::Duration;

/// The fields that both records have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Common {
    /// Process id.
    pub pid: i32,
    /// Parent's process id.
    pub ppid: i32,
    /// Real, effective and saved user id.
    pub uids: [u32; 3],
    /// Real, effective and saved group id.
    pub gids: [u32; 3],
    /// Device number of the controlling terminal.
    pub terminal: Option<u32>,
    /// Nice value plus 20.
    pub nice: u8,
    /// Resident pages.
    pub rss: i32,
    /// Pages of text.
    pub text: i32,
    /// Pages of data.
    pub data: i32,
    /// Pages of stack.
    pub stack: i32,
    /// Largest resident size, in units of 1024 bytes.
    pub peak_rss: u64,
    /// CPU time in user mode.
    pub user_time: Duration,
    /// CPU time in kernel mode.
    pub system_time: Duration,
    /// CPU time of ended children, both modes together.
    pub children_time: Duration,
    /// Page faults without a disk read.
    pub minor_faults: u64,
    /// Page faults with a disk read.
    pub major_faults: u64,
    /// Block reads.
    pub blocks_read: u64,
    /// Block writes.
    pub blocks_written: u64,
    /// Voluntary context switches.
    pub voluntary: u64,
    /// Involuntary context switches.
    pub involuntary: u64,
}

/// `p_stat`: the state of a process or a thread.
#[allow(missing_docs)] // the names are those of sys/proc.h and sys/lwp.h, without S or LS
pub mod stat {
    pub const IDL: i8 = 1;
    pub const RUN: i8 = 2;
    pub const SLEEP: i8 = 3;
    pub const STOP: i8 = 4;
    pub const ZOMB: i8 = 5;
    /// OpenBSD alone: the process has ended, as one in `ZOMB`.
    pub const DEAD: i8 = 6;
    pub const ONPROC: i8 = 7;
    /// NetBSD alone.
    pub const SUSPENDED: i8 = 8;
}

/// `NODEV`, a device number that stands for none.
const NO_DEVICE: u32 = u32::MAX;

/// The device number of a controlling terminal.
pub(crate) fn terminal(device: u32) -> Option<u32> {
    Some(device).filter(|device| *device != NO_DEVICE)
}

/// Writes what both systems read from the view `Process`.
macro_rules! process {
    () => {
        impl Process<'_> {
            /// CPU time in user mode.
            #[must_use]
            pub fn user_time(self) -> Duration {
                $crate::bsd::time(self.uutime_sec(), self.uutime_usec())
            }

            /// CPU time in kernel mode.
            #[must_use]
            pub fn system_time(self) -> Duration {
                $crate::bsd::time(self.ustime_sec(), self.ustime_usec())
            }

            /// What the records of both systems have.
            #[must_use]
            pub fn common(self) -> $crate::bsd::process::Common {
                $crate::bsd::process::Common {
                    pid: self.pid(),
                    ppid: self.ppid(),
                    uids: [self.ruid(), self.uid(), self.svuid()],
                    gids: [self.rgid(), self.gid(), self.svgid()],
                    terminal: $crate::bsd::process::terminal(self.tdev()),
                    nice: self.nice(),
                    rss: self.rssize(),
                    text: self.tsize(),
                    data: self.dsize(),
                    stack: self.ssize(),
                    peak_rss: self.maxrss(),
                    user_time: self.user_time(),
                    system_time: self.system_time(),
                    children_time: $crate::bsd::time(self.uctime_sec(), self.uctime_usec()),
                    minor_faults: self.minflt(),
                    major_faults: self.majflt(),
                    blocks_read: self.inblock(),
                    blocks_written: self.oublock(),
                    voluntary: self.nvcsw(),
                    involuntary: self.nivcsw(),
                }
            }
        }

        /// Reads the processes in an answer whose elements are `size` bytes long.
        pub fn processes(bytes: &[u8], size: usize) -> impl Iterator<Item = $crate::Result<Process<'_>>> {
            $crate::view::chunks(bytes, size, Process::STRUCT).map(|record| Process::new(record?))
        }
    };
}
pub(crate) use process;
