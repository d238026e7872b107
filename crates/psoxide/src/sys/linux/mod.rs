//! Linux: /proc, /sys and a few system calls.

mod control;
mod cpu;
mod disk;
mod ffi;
mod memory;
mod net;
mod pressure;
mod process;
mod sensors;
mod source;
mod users;

pub(crate) use process::{Cache, Pass};
pub(crate) use source::Source;

/// Linux.
pub(crate) struct Os;
