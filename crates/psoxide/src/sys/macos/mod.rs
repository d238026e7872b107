//! macOS 11 and later: sysctls, libproc and Mach calls.
//!
//! `calls` lists the questions, `live` asks the running kernel, and everything else is ordinary code on any machine.

mod calls;
mod control;
mod cpu;
mod disk;
#[cfg(target_os = "macos")]
mod live;
mod memory;
mod net;
mod process;
mod sockets;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod users;

use std::sync::Arc;

use source::Source;
use table::{Cache, Pass};

#[cfg(feature = "capture")]
use crate::sys::question::Recorder;
use crate::sys::{self, Platform, PressureReadings, Scope, SensorReadings, ServiceReadings, Types};
use crate::{FieldSet, Os, Pid, Result};

/// macOS.
pub(crate) struct Macos;

/// One process.
type Handle<'a> = sys::Handle<'a, Macos>;

impl Types for Macos {
    type Source = Source;
    type Pass = Pass;
    type Cache = Cache;
}

impl Platform for Macos {
    fn os(_: &Source) -> Os {
        Os::Macos
    }

    fn is_live(source: &Source) -> bool {
        source.is_live()
    }

    #[cfg(feature = "capture")]
    fn open_capture(capture: sys::question::Capture) -> Result<Source> {
        Ok(Source::new(sys::question::Kernel::captured(Os::Macos, capture)))
    }

    #[cfg(feature = "capture")]
    fn recorded(source: &Source, capture: sys::question::Capture, _: &[Pid]) -> Result<(Option<Source>, Recorder)> {
        source.recorded(capture).map(|(source, recorder)| (Some(source), recorder))
    }

    /// The command line is in the same answer, so it is lost with the environment.
    #[cfg(feature = "capture")]
    fn is_environment(question: &str) -> bool {
        question.starts_with("sysctl kern.procargs2.")
    }

    fn pass(_: &Source, scope: Scope) -> Pass {
        Pass::new(scope)
    }

    fn pids_in(source: &Source, pass: &Pass) -> Result<Vec<Pid>> {
        Ok(pass.table(source)?.pids())
    }

    fn cache(_: &Source, _: bool) -> Cache {
        Cache::default()
    }

    fn cache_in(_: &Source, pass: &Arc<Pass>, _: Pid, _: FieldSet) -> Cache {
        Cache::in_pass(pass)
    }
}

impl PressureReadings for Macos {}

impl SensorReadings for Macos {}

impl ServiceReadings for Macos {}
