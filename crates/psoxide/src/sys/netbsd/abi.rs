//! Numbers of NetBSD's headers.

/// `sizeof(struct kinfo_proc2)`, and so on: the element sizes that the port asks for. A kernel cuts its elements to them.
pub(super) const PROCESS: i32 = 680;
pub(super) const THREAD: i32 = 128;
pub(super) const FILE: i32 = 120;
pub(super) const PCB: i32 = 640;
pub(super) const DEVICE: i32 = 128;
pub(super) const MAPPING: i32 = 1128;

/// Operations of `kern.proc2`: `KERN_PROC_ALL` and `KERN_PROC_PID`.
pub(super) const ALL: i32 = 0;
pub(super) const BY_PID: i32 = 1;

/// The operation of `kern.file2`: `KERN_FILE_BYPID`. The pid -1 stands for all.
pub(super) const FILES_BY_PID: i32 = 2;

/// What `kern.proc_args` returns.
pub(super) const ARGV: i32 = 1;
pub(super) const ENV: i32 = 3;
pub(super) const PATHNAME: i32 = 5;
pub(super) const CWD: i32 = 6;

/// Below `proc.PID`: the limits, and which of the two.
pub(super) const LIMIT: i32 = 2;
pub(super) const SOFT: i32 = 1;
pub(super) const HARD: i32 = 2;

/// Where `stathz` lies in `struct clockinfo`.
pub(super) const STATHZ: usize = 12;

/// The numbers of the nodes that the port asks for; all others have numbers that the kernel hands out when it starts.
#[cfg(target_os = "netbsd")]
pub(super) const NODES: [(&str, &[i32]); 12] = [
    ("hw.iostats", &[6, 9]),
    ("kern.boottime", &[1, 83]),
    ("kern.clockrate", &[1, 12]),
    ("kern.cp_time", &[1, 51]),
    ("kern.file2", &[1, 77]),
    ("kern.lwp", &[1, 64]),
    ("kern.proc2", &[1, 47]),
    ("kern.proc_args", &[1, 48]),
    ("net.route.0.0.iflist.0", &[4, 34, 0, 0, 6, 0]),
    ("proc", &[10]),
    ("vm.loadavg", &[2, 2]),
    ("vm.proc.map", &[2, 16, 1]),
];
