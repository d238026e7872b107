//! Linux: /proc, /sys and a few system calls.

mod bpf;
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
mod pressure;
mod process;
mod sensors;
mod sockets;
mod source;
mod threads;
mod users;

pub(crate) use process::{Cache, Pass};
pub(crate) use source::Source;

/// Linux.
pub(crate) struct Os;

impl crate::sys::ServiceReadings for Os {}
