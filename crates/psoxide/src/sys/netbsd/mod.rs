//! NetBSD: sysctls, which answer with tables that are the same on all machines.

mod abi;
mod cpu;
mod disk;
#[cfg(target_os = "netbsd")]
mod live;
mod memory;
mod process;
mod sensors;
mod sockets;
mod users;

use crate::sys::Types;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::{Cache, Pass};

/// NetBSD.
pub(crate) struct Netbsd;

impl Types for Netbsd {
    type Source = Machine;
    type Pass = Pass;
    type Cache = Cache;
}
