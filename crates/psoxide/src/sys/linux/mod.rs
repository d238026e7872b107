//! Linux: /proc, /sys and a few system calls.

#[cfg(feature = "bpf")]
mod bpf;
#[cfg(not(feature = "bpf"))]
#[path = "no_bpf.rs"]
mod bpf;
#[cfg(feature = "bpf")]
mod bpf_paths;
mod cache;
mod control;
mod cpu;
mod deleted;
mod descriptors;
mod dir;
mod disk;
mod exec;
mod handle;
mod limits;
mod live;
mod machine;
mod mappings;
mod memory;
mod mounts;
mod net;
mod parentage;
mod pressure;
mod process;
#[cfg(feature = "capture")]
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
use source::Source;

#[cfg(feature = "capture")]
use crate::sys::question::{Capture, Recorder};
use crate::sys::{self, Live, Platform, Scope, Types};
use crate::{Backend, FieldSet, HeapInfo, Os, Pid, Result};

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
        Source::unpack(&capture)
    }

    #[cfg(feature = "capture")]
    fn recorded(source: &Source, capture: Capture, pids: &[Pid]) -> Result<(Option<Source>, Recorder)> {
        Ok((None, Recorder::new(record::record(source, capture, pids)?)))
    }

    fn at_root(root: &Path) -> Result<Source> {
        Source::at_root(root)
    }

    fn with_procfs(procfs: &Path) -> Result<Source> {
        Source::with_procfs(procfs)
    }

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
        match scope {
            Scope::Some => Pass::over(source),
            Scope::All(fields) => Pass::at_once(source, fields),
            Scope::Kept(fields) => Pass::without_files(source, fields),
        }
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

    fn cache_in(_: &Source, pass: &Arc<Pass>, pid: Pid, fields: FieldSet) -> Cache {
        Cache::in_pass(pass, pid, fields)
    }
}

impl Live for Linux {
    fn host() -> Source {
        Source::host()
    }

    fn heap_info() -> Result<HeapInfo> {
        live::ffi::heap_info()
    }

    fn heap_trim() -> Result<bool> {
        live::ffi::heap_trim()
    }
}

impl sys::ServiceReadings for Linux {}
