//! SunOS (illumos and Solaris): the binary files of /proc, kstat(3KSTAT), and the tables of the network modules.
//!
//! `calls` lists the questions, `live` asks the running kernel, and everything else is ordinary code on any machine. A file of
//! /proc is a question as any other: `files` answers it from a capture, and `tree` from a directory of copied files.
//!
//! | files of /proc/PID | readings |
//! | --- | --- |
//! | `psinfo` | names, parent, state, ids, terminal, start, memory, CPU, data model, zone, project, task, contract |
//! | `status` | CPU times, with those of children |
//! | `usage` | context switches, page faults, CPU times where `status` is refused |
//! | `lusage`, `lwp/LWP/lwpusage` | threads |
//! | `cred` | saved ids |
//! | `argv`, `cmdline`, `as` | arguments and environment |
//! | `path/a.out`, `execname`, `path/cwd` | program and directory |
//! | `fd`, `path/FD`, `fdinfo/FD` | open files, UNIX sockets, name of the terminal |
//! | `xmap`, `map` | mappings |
//! | `auxv` | the size of a page, in a directory of copied files |
//!
//! The port reads no other file. psutil has no reading for what they hold: `sigact` (actions of signals), `root`, `watch`,
//! `priv`, `secflags`, `ldt`. `psinfo` has the fields of `lwpsinfo` and `lwpstatus` that a process needs.

mod abi;
mod calls;
mod control;
mod cpu;
mod disk;
mod files;
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
mod live;
mod memory;
mod net;
mod process;
mod source;
mod table;
#[cfg(all(test, feature = "capture"))]
mod tests;
mod tree;
mod users;

use std::path::Path;
use std::sync::Arc;

use source::Source;
use table::{Cache, Pass};

use crate::sys::{self, Platform, PressureReadings, Scope, SensorReadings, ServiceReadings, Types};
use crate::{FieldSet, Os, Pid, Result};

/// SunOS.
pub(crate) struct Sunos;

/// One process.
type Handle<'a> = sys::Handle<'a, Sunos>;

/// Whether a directory holds copies of the files of a machine that ran SunOS.
#[cfg(feature = "capture")]
pub(super) fn is_tree(root: &Path) -> bool {
    tree::Tree::is_at(root)
}

impl Types for Sunos {
    type Source = Source;
    type Pass = Pass;
    type Cache = Cache;
}

impl Platform for Sunos {
    fn os(_: &Source) -> Os {
        Os::Sunos
    }

    fn is_live(source: &Source) -> bool {
        source.is_live()
    }

    #[cfg(feature = "capture")]
    fn open_capture(capture: sys::question::Capture) -> Result<Source> {
        Ok(Source::captured(capture))
    }

    #[cfg(feature = "capture")]
    fn recorded(
        source: &Source,
        capture: sys::question::Capture,
        _: &[Pid],
    ) -> Result<(Option<Source>, sys::question::Recorder)> {
        source.recorded(capture).map(|(source, recorder)| (Some(source), recorder))
    }

    /// The command line is in the same answer, so it is lost with the environment.
    #[cfg(feature = "capture")]
    fn is_environment(question: &str) -> bool {
        question.contains("/as ") || question.ends_with("/environ")
    }

    #[cfg(feature = "capture")]
    fn at_root(root: &Path) -> Result<Source> {
        Source::copied(root)
    }

    fn with_procfs(procfs: &Path) -> Result<Source> {
        Source::with_procfs(procfs)
    }

    fn pass(_: &Source, _: Scope) -> Pass {
        Pass::default()
    }

    /// Each process has files of its own.
    fn reads_each(_: &Pass) -> bool {
        true
    }

    fn pids_in(source: &Source, _: &Pass) -> Result<Vec<Pid>> {
        source.pids()
    }

    fn cache(_: &Source, _: bool) -> Cache {
        Cache::default()
    }

    fn cache_in(_: &Source, pass: &Arc<Pass>, _: Pid, _: FieldSet) -> Cache {
        Cache::in_pass(pass)
    }
}

impl PressureReadings for Sunos {}

impl SensorReadings for Sunos {}

impl ServiceReadings for Sunos {}
