//! Linux: /proc, /sys and a few system calls.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))] // what a running kernel is asked with

mod abi;
#[cfg(all(target_os = "linux", feature = "bpf"))]
mod bpf;
#[cfg(not(all(target_os = "linux", feature = "bpf")))]
#[path = "no_bpf.rs"]
mod bpf;
#[cfg(all(target_os = "linux", feature = "bpf"))]
mod bpf_paths;
mod cache;
#[cfg(feature = "capture")]
mod captured;
#[cfg(target_os = "linux")]
mod control;
#[cfg(not(target_os = "linux"))]
#[path = "no_control.rs"]
mod control;
#[cfg(feature = "capture")]
mod copied_files;
mod cpu;
mod deleted;
mod descriptors;
mod dir;
mod disk;
mod exec;
#[cfg(feature = "capture")]
mod files;
mod fingerprints;
mod handle;
mod limits;
#[cfg(target_os = "linux")]
mod live;
#[cfg(not(target_os = "linux"))]
#[path = "no_live.rs"]
mod live;
mod machine;
mod mappings;
mod memory;
mod mounts;
mod net;
mod netlink;
mod parentage;
mod pressure;
mod process;
#[cfg(all(target_os = "linux", feature = "capture"))]
mod record;
mod self_sockets;
mod sensors;
mod sock_diag;
mod socket_fds;
mod socket_tables;
mod sockets;
mod source;
mod threads;
mod user_names;
mod users;

use std::path::Path;
use std::sync::Arc;

use cache::{Cache, Pass};
#[cfg(feature = "capture")]
pub(crate) use copied_files::CopiedFiles;
use source::Source;

#[cfg(feature = "capture")]
use crate::sys::question::Capture;
#[cfg(all(target_os = "linux", feature = "capture"))]
use crate::sys::question::Recorder;
use crate::sys::{self, Platform, Scope, Types};
use crate::{Backend, FieldSet, Os, Pid, Result};

/// Linux.
pub(crate) struct Linux;

/// One process.
type Handle<'a> = sys::Handle<'a, Linux>;

impl Types for Linux {
    type Source = Source;
    type Pass = Pass;
    type Cache = Cache;
}

impl Platform for Linux {
    fn os(_: &Source) -> Os {
        Os::Linux
    }

    fn is_live(source: &Source) -> bool {
        source.is_live()
    }

    fn is_same_machine(one: &Source, other: &Source) -> bool {
        one.is_live() && other.is_live() && one.procfs("") == other.procfs("")
    }

    #[cfg(feature = "capture")]
    fn open_capture(capture: Capture) -> Result<Source> {
        Ok(Source::captured(capture))
    }

    #[cfg(all(target_os = "linux", feature = "capture"))]
    fn recorded(source: &Source, capture: Capture, pids: &[Pid]) -> Result<(Option<Source>, Recorder)> {
        Ok((None, Recorder::new(record::record(source, capture, pids)?)))
    }

    fn at_root(root: &Path) -> Result<Source> {
        Source::at_root(root)
    }

    #[cfg(target_os = "linux")]
    fn with_procfs(procfs: &Path) -> Result<Source> {
        Ok(Source::with_procfs(procfs))
    }

    #[cfg(target_os = "linux")]
    fn with_backend(source: &Source, backend: Backend) -> Source {
        source.with_backend(backend)
    }

    fn backend(source: &Source) -> Backend {
        if bpf::is_in_use(source) { Backend::Bpf } else { Backend::Proc }
    }

    fn backend_refusal(source: &Source) -> Option<String> {
        bpf::refusal(source)
    }

    fn pass(source: &Source, scope: Scope) -> Pass {
        Pass::over(source, scope)
    }

    fn reads_each(pass: &Pass) -> bool {
        pass.reads_each()
    }

    fn pids_in(source: &Source, pass: &Pass) -> Result<Vec<Pid>> {
        pass.pids(source)
    }

    fn cache(_: &Source, many: bool) -> Cache {
        if many { Cache::for_many() } else { Cache::default() }
    }

    fn cache_in(source: &Source, pass: &Arc<Pass>, pid: Pid, fields: FieldSet) -> Cache {
        Cache::in_pass(source, pass, pid, fields)
    }
}

#[cfg(target_os = "linux")]
impl sys::Live for Linux {
    fn host() -> Source {
        Source::host()
    }

    fn heap_info() -> Result<crate::HeapInfo> {
        live::ffi::heap_info()
    }

    fn heap_trim() -> Result<bool> {
        live::ffi::heap_trim()
    }
}

impl sys::ServiceReadings for Linux {}
