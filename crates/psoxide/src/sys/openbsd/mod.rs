//! OpenBSD: sysctls, whose nodes have numbers only.

mod abi;
mod cpu;
mod disk;
#[cfg(target_os = "openbsd")]
mod live;
mod memory;
mod net;
mod process;
mod sensors;
mod users;

use crate::sys::netbsdlike::machine::Machine;
use crate::sys::netbsdlike::platform::{Cache, Table};
use crate::sys::{PressureReadings, ServiceReadings, Types};

/// OpenBSD.
pub(crate) struct Openbsd;

impl Types for Openbsd {
    type Source = Machine;
    type Pass = Table;
    type Cache = Cache;
}

impl PressureReadings for Openbsd {}

impl ServiceReadings for Openbsd {}
