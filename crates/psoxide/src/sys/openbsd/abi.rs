//! Numbers of OpenBSD's headers.

/// `sizeof(struct kinfo_proc)` and `sizeof(struct kinfo_file)`: the element sizes that the port asks for. A kernel cuts its
/// elements to them, and refuses sizes above its own. Both structs have had these sizes since OpenBSD 7.3, which appended
/// the names of threads.
pub(super) const PROCESS: i32 = 648;
pub(super) const FILE: i32 = 632;

/// Operations of `kern.proc`: `KERN_PROC_PID`, `KERN_PROC_KTHREAD`, which is all processes with those of the kernel, and
/// `KERN_PROC_SHOW_THREADS`, which adds their threads.
pub(super) const BY_PID: i32 = 1;
pub(super) const ALL: i32 = 7;
pub(super) const WITH_THREADS: i32 = 0x4000_0000;

/// The operation of `kern.file`: `KERN_FILE_BYPID`. The pid -1 stands for all.
pub(super) const FILES_BY_PID: i32 = 2;

/// What `kern.proc_args` returns.
pub(super) const ARGV: i32 = 1;
pub(super) const ENV: i32 = 3;

/// Where `stathz` lies in `struct clockinfo`.
pub(super) const STATHZ: usize = 8;

/// The numbers of the nodes that the port asks for.
#[cfg(target_os = "openbsd")]
pub(super) const NODES: [(&str, &[i32]); 26] = [
    ("hw.cpuspeed", &[6, 12]),
    ("hw.diskstats", &[6, 9]),
    ("hw.machine", &[6, 1]),
    ("hw.ncpufound", &[6, 21]),
    ("hw.ncpuonline", &[6, 25]),
    ("hw.physmem64", &[6, 19]),
    ("hw.sensors", &[6, 11]),
    ("kern.boottime", &[1, 21]),
    ("kern.clockrate", &[1, 12]),
    ("kern.cp_time", &[1, 40]),
    ("kern.cp_time2", &[1, 71]),
    ("kern.cpustats", &[1, 85]),
    ("kern.file", &[1, 73]),
    ("kern.hostname", &[1, 10]),
    ("kern.osrelease", &[1, 2]),
    ("kern.ostype", &[1, 1]),
    ("kern.proc", &[1, 66]),
    ("kern.proc_args", &[1, 55]),
    ("kern.proc_cwd", &[1, 78]),
    ("kern.proc_vmmap", &[1, 80]),
    ("net.route.0.0.iflist.0", &[4, 17, 0, 0, 3, 0]),
    ("kern.version", &[1, 4]),
    ("vfs.bcachestat", &[10, 0, 3]),
    ("vm.loadavg", &[2, 2]),
    ("vm.uvmexp", &[2, 4]),
    ("vm.vmmeter", &[2, 1]),
];
