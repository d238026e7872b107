//! The questions that this port asks.
//!
//! An answer is the bytes of the C structs that the kernel returns. The answers of libraries (kstat, sysconf, swapctl, statvfs,
//! uname) are text, which `live` writes: the form of `kstat -p`, and fields between tabs.

use std::fmt;
use std::path::PathBuf;

use crate::Pid;

/// A question. Its `Display` is its key in a capture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// A file, whole.
    File(String),
    /// Where a link leads.
    Link(String),
    /// The names in a directory, each with a NUL behind it.
    Names(String),
    /// The type and mode of what a path leads to: `st_mode` in octal digits.
    Mode(String),
    /// The memory of a process from an address on, as far as it is mapped, in the /proc that is named first.
    Memory(String, Pid, u64),
    /// The kstats of a module.
    Module(&'static str),
    /// The kstats of a class.
    Class(&'static str),
    /// The UNIX sockets of this zone: the bytes of the kstat `sockfs:0:sock_unix_list`.
    UnixSockets,
    /// sysconf(3C): `pages of memory<TAB>free pages`.
    Pages,
    /// swapctl(2) `SC_LIST`: `path<TAB>pages<TAB>free pages` of each device.
    Swap,
    /// statvfs(2): `fragment size<TAB>fragments<TAB>free<TAB>free for ordinary users`.
    FileSystem(PathBuf),
    /// The sockets of TCP and UDP: the messages that answer a `T_SVR4_OPTMGMT_REQ` to /dev/arp.
    Sockets,
    /// `SIOCGLIFCONF` of a family: all interfaces.
    Interfaces(Family),
    /// Another `SIOCGLIF` request about one interface.
    Interface(Request, Family, String),
    /// getpwuid_r(3C): the name of a user.
    UserName(u32),
    /// getzonenamebyid(3C): the name of a zone.
    ZoneName(u32),
    /// uname(2): system, node, release, version and machine, each with a NUL behind it.
    Uname,
}

/// The family of the socket that a request is sent through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    Inet,
    Inet6,
}

/// A property of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Request {
    Netmask,
    Broadcast,
    Destination,
    Hardware,
    Flags,
    Mtu,
}

impl Question {
    /// The process whose file a question is about, in the /proc at `procfs`.
    #[cfg(feature = "capture")]
    pub(super) fn process(&self, procfs: &str) -> Option<String> {
        let path = match self {
            Self::File(path) | Self::Link(path) | Self::Names(path) | Self::Mode(path) => path,
            Self::Memory(_, pid, _) => return Some(pid.to_string()),
            _ => return None,
        };
        path.strip_prefix(procfs)?.strip_prefix('/')?.split('/').next().map(str::to_owned)
    }
}

impl Family {
    const fn name(self) -> &'static str {
        match self {
            Self::Inet => "inet",
            Self::Inet6 => "inet6",
        }
    }
}

impl Request {
    const fn name(self) -> &'static str {
        match self {
            Self::Netmask => "SIOCGLIFNETMASK",
            Self::Broadcast => "SIOCGLIFBRDADDR",
            Self::Destination => "SIOCGLIFDSTADDR",
            Self::Hardware => "SIOCGLIFHWADDR",
            Self::Flags => "SIOCGLIFFLAGS",
            Self::Mtu => "SIOCGLIFMTU",
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {path}"),
            Self::Link(path) => write!(f, "link {path}"),
            Self::Names(path) => write!(f, "dir {path}"),
            Self::Mode(path) => write!(f, "stat {path}"),
            Self::Memory(procfs, pid, address) => write!(f, "file {procfs}/{pid}/as {address:#x}"),
            Self::Module(module) => write!(f, "kstat module {module}"),
            Self::Class(class) => write!(f, "kstat class {class}"),
            Self::UnixSockets => f.write_str("kstat raw sockfs:0:sock_unix_list"),
            Self::Pages => f.write_str("call sysconf pages"),
            Self::Swap => f.write_str("call swapctl"),
            Self::FileSystem(path) => write!(f, "call statvfs {}", path.display()),
            Self::Sockets => f.write_str("mib2"),
            Self::Interfaces(family) => write!(f, "ioctl SIOCGLIFCONF {}", family.name()),
            Self::Interface(request, family, name) => {
                write!(f, "ioctl {} {} {name}", request.name(), family.name())
            }
            Self::UserName(uid) => write!(f, "call getpwuid {uid}"),
            Self::ZoneName(zone) => write!(f, "call getzonenamebyid {zone}"),
            Self::Uname => f.write_str("call uname"),
        }
    }
}
