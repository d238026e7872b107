//! Windows: the tables of the native interface, and what a handle of a process tells.

mod control;
mod cpu;
mod disk;
mod ffi;
mod files;
mod load;
mod memory;
mod net;
mod pages;
mod process;
mod sensors;
mod services;
mod source;
mod table;
mod users;

use std::sync::Arc;

use process::{Cache, Pass};
use source::Source;

#[cfg(feature = "capture")]
use crate::Error;
#[cfg(feature = "capture")]
use crate::sys::question::Capture;
use crate::sys::{self, Live, Platform, Scope, Types};
use crate::{FieldSet, HeapInfo, Os, Pid, Result};

#[cfg(not(target_pointer_width = "64"))]
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

    fn is_live(_: &Source) -> bool {
        true
    }

    #[cfg(feature = "capture")]
    fn open_capture(_: Capture) -> Result<Source> {
        Err(Error::unsupported("reading a capture of Windows"))
    }

    fn pass(_: &Source, _: Scope) -> Pass {
        Pass::now()
    }

    fn pids_in(_: &Source, pass: &Pass) -> Result<Vec<Pid>> {
        pass.pids()
    }

    fn cache(_: &Source, many: bool) -> Cache {
        if many { Cache::for_many() } else { Cache::default() }
    }

    fn cache_in(_: &Source, pass: &Arc<Pass>, _: Pid, _: FieldSet) -> Cache {
        Cache::in_pass(pass)
    }
}

impl Live for Windows {
    fn host() -> Source {
        Source
    }

    fn heap_info() -> Result<HeapInfo> {
        ffi::heap_info()
    }

    fn heap_trim() -> Result<bool> {
        Ok(ffi::heap_trim())
    }
}
