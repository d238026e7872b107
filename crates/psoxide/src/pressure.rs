//! Pressure stall information: how long work waits for CPU, memory or storage.

use std::time::Duration;

use crate::record::record;
use crate::sys::{self, PressureReadings as _};
use crate::{Result, System};

record! {
    /// Time that tasks spent waiting for one resource.
    ///
    /// Linux: `/proc/pressure` (Documentation/accounting/psi.rst), since 4.20, if the kernel is built with it.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Pressure = "pressure" {
        /// Time with at least one task waiting.
        some: Option<Stall>, Plain, LINUX;
        /// Time with all non-idle tasks waiting. For CPUs since Linux 5.13.
        full: Option<Stall>, Plain, LINUX;
    }
}

record! {
    /// Share of time spent waiting.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Stall = "pstall" {
        /// Share of the last 10 seconds.
        avg10: f64, Percent, LINUX;
        /// Share of the last minute.
        avg60: f64, Percent, LINUX;
        /// Share of the last five minutes.
        avg300: f64, Percent, LINUX;
        /// Total time since boot.
        total: Duration, Seconds, LINUX;
    }
}

/// A resource that tasks wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PressureOf {
    /// CPU time.
    Cpu,
    /// Memory: reclaim, swap, and pages read again.
    Memory,
    /// Storage I/O.
    Io,
}

impl PressureOf {
    /// Every resource.
    pub const ALL: &'static [Self] = &[Self::Cpu, Self::Memory, Self::Io];

    /// Returns the name: `cpu`, `memory` or `io`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Io => "io",
        }
    }
}

impl System {
    /// Reads the time that tasks spent waiting for `what`.
    ///
    /// # Errors
    /// Fails with [`Unsupported`](crate::ErrorKind::Unsupported) if the kernel does not account for it.
    pub fn pressure(&self, what: PressureOf) -> Result<Pressure> {
        sys::Os::pressure(self.source(), what)
    }
}
