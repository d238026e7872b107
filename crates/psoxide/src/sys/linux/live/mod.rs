//! What only a running Linux kernel can do: system calls.

#[cfg(feature = "bpf")]
pub(crate) mod bpf_programs;
pub(crate) mod ffi;
pub(crate) mod files;
pub(crate) mod helper;
pub(crate) mod memo;
pub(crate) mod netlink;
pub(crate) mod tree;

use crate::Pid;

/// The pid as system calls take it; `None` for a number that names no single process.
pub(crate) fn raw_pid(pid: Pid) -> Option<rustix::process::Pid> {
    i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw)
}
