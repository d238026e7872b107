//! The questions that the port asks the kernel.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;

use crate::sys::bsd::machine;
use crate::{Error, Pid};

/// A question. Its `Display` is its key in a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// A sysctl by name.
    Sysctl(&'static str),
    /// A sysctl of a kind of cores, by its number: `hw.perflevel0.name`.
    CoreKind(u32, &'static str),
    /// `kern.proc`: all processes.
    Processes,
    /// `kern.proc`: one process. No bytes if there is none.
    Process(Pid),
    /// `kern.procargs2`: path, arguments and environment.
    Arguments(Pid),
    /// proc_pidinfo(3).
    Info(Flavor, Pid),
    /// `PROC_PIDTHREADINFO` of a thread, by its handle.
    Thread(Pid, u64),
    /// `PROC_PIDTHREADID64INFO` of a thread, by its id.
    ThreadById(Pid, u64),
    /// proc_pidfdinfo(3): a file or a socket by its descriptor.
    File(Pid, i32),
    /// proc_pidfdinfo(3) of a socket.
    Socket(Pid, i32),
    /// proc_pidpath(3).
    Path(Pid),
    /// proc_pid_rusage(3) of a version.
    Usage(u8, Pid),
    /// host_processor_info: ticks of each processor.
    CpuTicks,
    /// host_processor_info: the interrupts of each processor.
    Interrupts,
    /// host_statistics64: counts of pages.
    Memory,
    /// mach_timebase_info: the unit of the Mach clock.
    Timebase,
    /// The interfaces with their addresses, as route messages.
    Interfaces,
    /// getfsstat(2): the mounted file systems, with the figures that the kernel has cached.
    Mounts,
    /// statfs(2): the file system of a path.
    FileSystem(PathBuf),
    /// getattrlist(2): the bytes that the volume of a path uses.
    SpaceUsed(PathBuf),
    /// `SIOCGIFXMEDIA` of an interface.
    Media(String),
    /// devname_r(3): the name of a character device.
    DeviceName(u32),
    /// getutxent(3): all records.
    Logins,
    /// getpwuid_r(3): the name of a user.
    UserName(u32),
    /// The whole disks with the statistics of their drivers, from IOKit.
    Disks,
    /// The batteries, from IOKit.
    PowerSources,
    /// The frequencies of the power manager, from IOKit.
    VoltageStates,
    /// Values of the System Management Controller, from IOKit.
    Smc(SmcValues),
}

/// What the System Management Controller is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SmcValues {
    /// The temperatures.
    Temperatures,
    /// The fans.
    Fans,
}

/// A flavor of proc_pidinfo(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// `PROC_PIDTASKALLINFO`.
    Task,
    /// `PROC_PIDLISTTHREADS`.
    Threads,
    /// `PROC_PIDLISTTHREADIDS`.
    ThreadIds,
    /// `PROC_PIDVNODEPATHINFO`.
    Directories,
    /// `PROC_PIDLISTFDS`.
    Files,
}

impl Flavor {
    const fn name(self) -> &'static str {
        match self {
            Self::Task => "taskallinfo",
            Self::Threads => "listthreads",
            Self::ThreadIds => "listthreadids",
            Self::Directories => "vnodepathinfo",
            Self::Files => "listfds",
        }
    }
}

impl machine::Question for Question {
    fn sysctl(name: &'static str) -> Self {
        Self::Sysctl(name)
    }

    fn interfaces() -> Self {
        Self::Interfaces
    }

    fn media(interface: &OsStr) -> Vec<Self> {
        vec![Self::Media(interface.to_string_lossy().into_owned())]
    }

    fn device_name(device: u64) -> Self {
        // Device numbers have 32 bits.
        Self::DeviceName(u32::try_from(device).unwrap_or(u32::MAX))
    }

    fn user_name(uid: u32) -> Self {
        Self::UserName(uid)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sysctl(name) => write!(f, "sysctl {name}"),
            Self::CoreKind(kind, name) => write!(f, "sysctl hw.perflevel{kind}.{name}"),
            Self::Processes => f.write_str("sysctl kern.proc.all"),
            Self::Process(pid) => write!(f, "sysctl kern.proc.pid.{pid}"),
            Self::Arguments(pid) => write!(f, "sysctl kern.procargs2.{pid}"),
            Self::Info(flavor, pid) => write!(f, "call proc_pidinfo {} {pid}", flavor.name()),
            Self::Thread(pid, handle) => write!(f, "call proc_pidinfo threadinfo {pid} {handle:#x}"),
            Self::ThreadById(pid, id) => write!(f, "call proc_pidinfo threadid64info {pid} {id}"),
            Self::File(pid, fd) => write!(f, "call proc_pidfdinfo vnodepathinfo {pid} {fd}"),
            Self::Socket(pid, fd) => write!(f, "call proc_pidfdinfo socketinfo {pid} {fd}"),
            Self::Path(pid) => write!(f, "call proc_pidpath {pid}"),
            Self::Usage(version, pid) => write!(f, "call proc_pid_rusage {version} {pid}"),
            Self::CpuTicks => f.write_str("call host_processor_info cpu_load"),
            Self::Interrupts => f.write_str("call host_processor_info cpu_stat64"),
            Self::Memory => f.write_str("call host_statistics64 vm_info64"),
            Self::Timebase => f.write_str("call mach_timebase_info"),
            Self::Interfaces => f.write_str("sysctl net.route.0.0.iflist2.0"),
            Self::Mounts => f.write_str("call getfsstat"),
            Self::FileSystem(path) => write!(f, "call statfs {}", path.display()),
            Self::SpaceUsed(path) => write!(f, "call getattrlist spaceused {}", path.display()),
            Self::Media(name) => write!(f, "ioctl SIOCGIFXMEDIA {name}"),
            Self::DeviceName(device) => write!(f, "call devname {device}"),
            Self::Logins => f.write_str("call getutxent"),
            Self::UserName(uid) => write!(f, "call getpwuid {uid}"),
            Self::Disks => f.write_str("call IOServiceGetMatchingServices IOMedia"),
            Self::PowerSources => f.write_str("call IOPSCopyPowerSourcesList"),
            Self::VoltageStates => f.write_str("call IORegistryEntryCreateCFProperty pmgr"),
            Self::Smc(SmcValues::Temperatures) => f.write_str("call IOConnectCallStructMethod temperatures"),
            Self::Smc(SmcValues::Fans) => f.write_str("call IOConnectCallStructMethod fans"),
        }
    }
}

/// `ENOENT`.
pub(super) const ENOENT: i32 = 2;
/// `ESRCH`.
pub(super) const ESRCH: i32 = 3;
/// `EBADF`.
const EBADF: i32 = 9;
/// `ENOTSOCK`.
const ENOTSOCK: i32 = 38;

/// Whether a descriptor was closed after it was listed. The process may have opened something else by its number: then the
/// kernel returns `EBADF` if a file is expected, and `ENOTSOCK` if a socket is.
pub(super) fn was_closed(error: &Error) -> bool {
    matches!(error.errno(), Some(EBADF | ENOENT | ENOTSOCK))
}
