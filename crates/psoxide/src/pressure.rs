//! Pressure: how much work waits because something is short.

use std::time::Duration;

use crate::record::record;
use crate::sys::{self, PressureReadings as _};
use crate::{Result, System};

record! {
    /// Time in which work waited for one thing.
    ///
    /// Linux: `/proc/pressure` (Documentation/accounting/psi.rst, since 4.20, where the kernel is built with it).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Pressure = "pressure" {
        /// At least one task waited.
        some: Option<Stall>, Plain, LINUX;
        /// All tasks that had work waited at the same time; for CPUs since Linux 5.13.
        full: Option<Stall>, Plain, LINUX;
    }
}

record! {
    /// A part of the time that was lost to waiting.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Stall = "pstall" {
        /// Of the last 10 seconds.
        avg10: f64, Percent, LINUX;
        /// Of the last minute.
        avg60: f64, Percent, LINUX;
        /// Of the last five minutes.
        avg300: f64, Percent, LINUX;
        /// In all, since boot.
        total: Duration, Seconds, LINUX;
    }
}

/// What work can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PressureOf {
    /// A CPU to run on.
    Cpu,
    /// Memory: reclaim, swap, pages that must be read again.
    Memory,
    /// Storage.
    Io,
}

impl PressureOf {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Cpu, Self::Memory, Self::Io];

    /// Its name: `cpu`, `memory`, `io`.
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
    /// How much work waits for `what`.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where the kernel does not account for it.
    pub fn pressure(&self, what: PressureOf) -> Result<Pressure> {
        sys::Os::pressure(self.source(), what)
    }
}
