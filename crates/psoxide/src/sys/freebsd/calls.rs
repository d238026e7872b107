//! The questions that this port asks.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;

use super::abi::{CTL_KERN, CTL_NET, KERN_FILE, KERN_PROC, NET_RT_IFLIST, PF_ROUTE};
use crate::sys::bsd::machine;
use crate::{Pid, Resource};

/// A question. Its `Display` is its key in a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// A sysctl by name.
    Sysctl(Cow<'static, str>),
    /// `kern.proc.proc`: all processes.
    Processes,
    /// Something about one process.
    Process(Aspect, Pid),
    /// A resource limit of a process, by the number of the resource.
    Limit(Pid, i32),
    /// `kern.file`: the open files of all processes.
    Files,
    /// The interfaces with their addresses, as route messages.
    Interfaces,
    /// getfsstat(2): the mounted file systems, without asking the file systems themselves.
    Mounts,
    /// statfs(2): the file system of a path.
    FileSystem(PathBuf),
    /// `SIOCGIFXMEDIA` of an interface, or `SIOCGIFMEDIA`, which does not know the latest media.
    Media(bool, String),
    /// cpuset_getaffinity(2) of a process.
    Affinity(Pid),
    /// `kern.devname`: the name of a character device.
    DeviceName(u64),
    /// The contents of a file.
    File(&'static str),
    /// getpwuid_r(3): the name of a user.
    UserName(u32),
}

/// What `kern.proc` returns about one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// The record of the process.
    Record,
    /// A record for each thread.
    Threads,
    /// The arguments.
    Arguments,
    /// The environment.
    Environment,
    /// The path of the executable.
    Path,
    /// The working directory.
    WorkingDirectory,
    /// The open files.
    Files,
    /// The mappings.
    Mappings,
}

impl Aspect {
    /// Its name below `kern.proc`, and its number.
    const fn node(self) -> (&'static str, i32) {
        match self {
            Self::Record => ("pid", 1),
            Self::Threads => ("pid_td", 1 | 0x10),
            Self::Arguments => ("args", 7),
            Self::Environment => ("env", 35),
            Self::Path => ("pathname", 12),
            Self::WorkingDirectory => ("cwd", 42),
            Self::Files => ("filedesc", 33),
            Self::Mappings => ("vmmap", 32),
        }
    }
}

/// `KERN_PROC_PROC`: processes, not threads.
const ALL_PROCESSES: i32 = 8;
/// `KERN_PROC_RLIMIT`.
const LIMIT: i32 = 37;

impl Question {
    /// A sysctl with a fixed name.
    pub(super) const fn sysctl(name: &'static str) -> Self {
        Self::Sysctl(Cow::Borrowed(name))
    }

    /// A sysctl whose name holds a number, such as `dev.cpu.0.freq`.
    pub(super) const fn sysctl_of(name: String) -> Self {
        Self::Sysctl(Cow::Owned(name))
    }

    /// The numeric name of a sysctl that is asked by number.
    #[cfg_attr(not(target_os = "freebsd"), allow(dead_code))] // only `live` asks by number
    pub(super) fn mib(&self) -> Option<Vec<i32>> {
        Some(match self {
            Self::Processes => vec![CTL_KERN, KERN_PROC, ALL_PROCESSES],
            Self::Process(aspect, pid) => vec![CTL_KERN, KERN_PROC, aspect.node().1, pid.cast_signed()],
            Self::Limit(pid, resource) => vec![CTL_KERN, KERN_PROC, LIMIT, pid.cast_signed(), *resource],
            Self::Files => vec![CTL_KERN, KERN_FILE],
            Self::Interfaces => vec![CTL_NET, PF_ROUTE, 0, 0, NET_RT_IFLIST, 0],
            _ => return None,
        })
    }
}

impl machine::Question for Question {
    fn sysctl(name: &'static str) -> Self {
        Self::sysctl(name)
    }

    fn interfaces() -> Self {
        Self::Interfaces
    }

    fn media(interface: &OsStr) -> Vec<Self> {
        let name = interface.to_string_lossy();
        [true, false].map(|is_extended| Self::Media(is_extended, name.clone().into_owned())).to_vec()
    }

    fn device_name(device: u64) -> Self {
        Self::DeviceName(device)
    }

    fn user_name(uid: u32) -> Self {
        Self::UserName(uid)
    }

    fn number(bytes: &[u8], field: &'static str) -> psoxide_parse::Result<u64> {
        psoxide_parse::freebsd::number(bytes, field)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sysctl(name) => write!(f, "sysctl {name}"),
            Self::Processes => f.write_str("sysctl kern.proc.proc"),
            Self::Process(aspect, pid) => write!(f, "sysctl kern.proc.{}.{pid}", aspect.node().0),
            Self::Limit(pid, resource) => write!(f, "sysctl kern.proc.rlimit.{pid}.{resource}"),
            Self::Files => f.write_str("sysctl kern.file"),
            Self::Interfaces => f.write_str("sysctl net.route.0.0.iflist.0"),
            Self::Mounts => f.write_str("call getfsstat"),
            Self::FileSystem(path) => write!(f, "call statfs {}", path.display()),
            Self::Media(true, name) => write!(f, "ioctl SIOCGIFXMEDIA {name}"),
            Self::Media(false, name) => write!(f, "ioctl SIOCGIFMEDIA {name}"),
            Self::Affinity(pid) => write!(f, "call cpuset_getaffinity {pid}"),
            Self::DeviceName(device) => write!(f, "sysctl kern.devname {device}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::UserName(uid) => write!(f, "call getpwuid {uid}"),
        }
    }
}

/// The number of a resource in sys/resource.h; `None` if FreeBSD does not have it.
pub(super) const fn resource_number(resource: Resource) -> Option<i32> {
    Some(match resource {
        Resource::Cpu => 0,
        Resource::Fsize => 1,
        Resource::Data => 2,
        Resource::Stack => 3,
        Resource::Core => 4,
        Resource::Rss => 5,
        Resource::Memlock => 6,
        Resource::Nproc => 7,
        Resource::Nofile => 8,
        Resource::Sbsize => 9,
        Resource::As => 10,
        Resource::Npts => 11,
        Resource::Swap => 12,
        _ => return None,
    })
}
