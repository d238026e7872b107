//! OpenBSD: sysctls, whose nodes have numbers only.

mod abi;
mod cpu;
mod disk;
#[cfg(target_os = "openbsd")]
mod live;
mod memory;
mod process;
mod sensors;
mod sockets;
mod users;

use crate::sys::Types;
use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::{Cache, Pass};

/// OpenBSD.
pub(crate) struct Openbsd;

impl Types for Openbsd {
    type Source = Machine;
    type Pass = Pass;
    type Cache = Cache;
}
