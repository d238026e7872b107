//! Linux: /proc, /sys and a few system calls.

#[cfg(feature = "bpf")]
mod bpf;
#[cfg(not(feature = "bpf"))]
#[path = "no_bpf.rs"]
mod bpf;
mod cache;
mod control;
mod cpu;
mod descriptors;
mod disk;
mod family;
mod ffi;
mod folder;
mod memory;
mod net;
mod netlink;
mod own_sockets;
mod pressure;
mod process;
mod sensors;
mod sockets;
mod source;
mod threads;
mod users;

pub(crate) use cache::{Cache, Pass};
pub(crate) use source::Source;

/// Linux.
pub(crate) struct Os;

/// A pid as system calls take it; `None` for what names no single process.
fn raw_pid(pid: crate::Pid) -> Option<rustix::process::Pid> {
    i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw)
}

impl crate::sys::ServiceReadings for Os {}
