//! The questions of NetBSD and OpenBSD, and their keys in a capture.
//!
//! | question | key |
//! | --- | --- |
//! | a sysctl | `sysctl kern.proc2.0.0.680`: the name of a node, and the numbers after it |
//! | a file | `file /var/run/utmpx` |
//! | an ioctl | `ioctl SIOCGIFMEDIA wm0`: the request, and what it is about |
//! | any other call | `call statvfs /`: its name, and its argument |
//!
//! A key names one system call. The number of elements that fit into the buffer, the last number of some sysctls, is not
//! part of it: `live` computes it.

use std::ffi::{OsStr, OsString};
use std::fmt;

use crate::sys::bsd::machine;

/// A question. Its `Display` is its key in a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// A sysctl: a node, and the numbers after it.
    Sysctl {
        node: &'static str,
        args: Vec<i32>,
        /// Whether the kernel wants the number of elements that fit into the buffer after them.
        counted: bool,
    },
    /// The contents of a file.
    File(&'static str),
    /// An ioctl about a device or an interface.
    Ioctl(&'static str, OsString),
    /// Another call and its argument, which may be empty.
    Call(&'static str, OsString),
}

impl Question {
    /// A sysctl that is a single value or struct.
    pub(crate) const fn sysctl(node: &'static str) -> Self {
        Self::Sysctl { node, args: Vec::new(), counted: false }
    }

    /// A sysctl with numbers after its node.
    pub(crate) fn sysctl_of(node: &'static str, args: &[i32]) -> Self {
        Self::Sysctl { node, args: args.to_vec(), counted: false }
    }

    /// A sysctl that returns elements; the last number is the size of one.
    pub(crate) fn table(node: &'static str, args: &[i32]) -> Self {
        Self::Sysctl { node, args: args.to_vec(), counted: true }
    }

    /// A call without an argument.
    pub(crate) fn call(name: &'static str) -> Self {
        Self::Call(name, OsString::new())
    }

    /// A call about something.
    pub(crate) fn call_of(name: &'static str, argument: impl AsRef<OsStr>) -> Self {
        Self::Call(name, argument.as_ref().to_owned())
    }
}

impl machine::Question for Question {
    fn sysctl(name: &'static str) -> Self {
        Self::sysctl(name)
    }

    fn interfaces() -> Self {
        Self::sysctl("net.route.0.0.iflist.0")
    }

    fn media(interface: &OsStr) -> Vec<Self> {
        vec![Self::Ioctl("SIOCGIFMEDIA", interface.to_owned())]
    }

    fn device_name(device: u64) -> Self {
        Self::call_of("devname", device.to_string())
    }

    fn user_name(uid: u32) -> Self {
        Self::call_of("getpwuid", uid.to_string())
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sysctl { node, args, .. } => {
                write!(f, "sysctl {node}")?;
                args.iter().try_for_each(|number| write!(f, ".{number}"))
            }
            Self::File(path) => write!(f, "file {path}"),
            Self::Ioctl(request, of) => write!(f, "ioctl {request} {}", of.display()),
            Self::Call(name, of) if of.is_empty() => write!(f, "call {name}"),
            Self::Call(name, of) => write!(f, "call {name} {}", of.display()),
        }
    }
}

/// A pid as a number of a question.
pub(crate) const fn number(pid: crate::Pid) -> i32 {
    pid.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_stable() {
        assert_eq!(Question::sysctl("kern.boottime").to_string(), "sysctl kern.boottime");
        assert_eq!(Question::table("kern.proc2", &[0, 0, 680]).to_string(), "sysctl kern.proc2.0.0.680");
        assert_eq!(Question::File("/var/run/utmp").to_string(), "file /var/run/utmp");
        assert_eq!(Question::Ioctl("SIOCGIFMEDIA", "wm0".into()).to_string(), "ioctl SIOCGIFMEDIA wm0");
        assert_eq!(Question::call("getvfsstat").to_string(), "call getvfsstat");
        assert_eq!(Question::call_of("statvfs", "/a b").to_string(), "call statvfs /a b");
    }
}
