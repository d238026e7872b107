//! Windows: the process tables of the native interface, and readings through the handle of a process.
//!
//! `calls` lists the questions. `live` asks the running system. Everything else is ordinary code that runs on any
//! machine.

mod abi;
mod calls;
mod control;
mod cpu;
mod disk;
mod groups;
mod handle;
#[cfg(windows)]
mod live;
mod load;
mod memory;
mod net;
mod pages;
mod process;
mod sensors;
#[cfg(windows)]
mod service_handle;
mod services;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod users;

use std::sync::Arc;

use handle::{Cache, Pass};
use source::Source;

#[cfg(feature = "capture")]
use crate::sys::question::{Capture, Kernel, Recorder};
use crate::sys::{self, Platform, Scope, Types};
use crate::{FieldSet, Os, Pid, Result};

#[cfg(all(windows, not(target_pointer_width = "64")))]
compile_error!("32-bit programs see the tables of Windows in another layout: build psoxide for 64-bit Windows");

/// Windows.
pub(crate) struct Windows;

/// One process.
type Handle<'a> = sys::Handle<'a, Windows>;

impl Types for Windows {
    type Source = Source;
    type Pass = Pass;
    type Cache = Cache;
}

impl Platform for Windows {
    fn os(_: &Source) -> Os {
        Os::Windows
    }

    fn is_live(source: &Source) -> bool {
        source.is_live()
    }

    #[cfg(feature = "capture")]
    fn open_capture(capture: Capture) -> Result<Source> {
        Ok(Source::new(Kernel::captured(Os::Windows, capture)))
    }

    #[cfg(feature = "capture")]
    fn recorded(source: &Source, capture: Capture, _: &[Pid]) -> Result<(Option<Source>, Recorder)> {
        source.recorded(capture).map(|(source, recorder)| (Some(source), recorder))
    }

    #[cfg(feature = "capture")]
    fn is_environment(question: &str) -> bool {
        question.starts_with("process ") && question.contains(" environment ")
    }

    fn pass(_: &Source, _: Scope) -> Pass {
        Pass::now()
    }

    fn pids_in(source: &Source, pass: &Pass) -> Result<Vec<Pid>> {
        pass.pids(source)
    }

    fn cache(_: &Source, many: bool) -> Cache {
        if many { Cache::for_many() } else { Cache::default() }
    }

    fn cache_in(_: &Source, pass: &Arc<Pass>, _: Pid, _: FieldSet) -> Cache {
        Cache::in_pass(pass)
    }
}
