//! The contract between the public layer and an operating system, and the choice of the system.
//!
//! Each operating system is a folder here and a unit struct ([`linux::Linux`]) that implements the traits of
//! [`contract`]. The public layer calls [`Os`]. Without the feature `capture` that is the system psoxide is built
//! for. With the feature it is a dispatcher over every ported system, so that one program reads a capture of any of
//! them. PORTING.md shows how to add a system.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use crate::{Backend, Error, ErrorKind, FieldSet, HeapInfo, Pid, ProcessStatus, Result};

#[macro_use]
mod any;
mod contract;
#[cfg(unix)]
mod posix;
pub(crate) mod question;
#[cfg(any(unix, feature = "capture"))]
mod text;

pub(crate) use contract::*;

#[cfg(any(
    target_os = "freebsd",
    target_os = "illumos",
    target_os = "macos",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "solaris",
    feature = "capture"
))]
mod bsd;
#[cfg(any(target_os = "linux", feature = "capture"))]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::Linux as Host;

#[cfg(any(target_os = "netbsd", feature = "capture"))]
mod netbsd;
#[cfg(any(target_os = "netbsd", target_os = "openbsd", feature = "capture"))]
mod netbsdlike;
#[cfg(target_os = "netbsd")]
pub(crate) use netbsd::Netbsd as Host;

#[cfg(any(target_os = "openbsd", feature = "capture"))]
mod openbsd;
#[cfg(target_os = "openbsd")]
pub(crate) use openbsd::Openbsd as Host;

#[cfg(feature = "capture")]
mod replay;

#[cfg(any(windows, feature = "capture"))]
mod windows;
#[cfg(windows)]
pub(crate) use windows::Windows as Host;

#[cfg(any(target_os = "freebsd", feature = "capture"))]
mod freebsd;
#[cfg(target_os = "freebsd")]
pub(crate) use freebsd::Freebsd as Host;

#[cfg(any(target_os = "macos", feature = "capture"))]
mod macos;
#[cfg(target_os = "macos")]
pub(crate) use macos::Macos as Host;

#[cfg(any(target_os = "illumos", target_os = "solaris", feature = "capture"))]
mod sunos;
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
pub(crate) use sunos::Sunos as Host;

#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "illumos",
    target_os = "macos",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "solaris",
    windows
)))]
compile_error!("psoxide does not support this operating system yet; PORTING.md describes how to add it");

#[cfg(feature = "capture")]
pub(crate) use any::replay;

/// The system that the public layer calls.
#[cfg(feature = "capture")]
pub(crate) type Os = any::Any;
/// The system that the public layer calls.
#[cfg(not(feature = "capture"))]
pub(crate) type Os = Host;

pub(crate) type Source = <Os as Types>::Source;
pub(crate) type Pass = <Os as Types>::Pass;
pub(crate) type Cache = <Os as Types>::Cache;

/// The data that a system keeps.
pub(crate) trait Types: Sized {
    /// A machine to read: the running kernel, a capture, or a tree of copied files. Cheap to clone.
    type Source: Clone + Debug + Send + Sync;
    /// What all processes of one pass share, such as the table of processes or the boot time.
    type Pass: Debug + Send + Sync;
    /// What several readings of one process share: one cell for each kernel source. Errors are not kept.
    type Cache: Debug + Send + Sync;
}

/// Opens machines, passes and caches. A body here is what a system without the feature does.
pub(crate) trait Platform: Types {
    /// The system whose answers the source holds, whatever system reads them.
    fn os(source: &Self::Source) -> crate::Os;

    /// Whether the source is the running kernel.
    fn is_live(source: &Self::Source) -> bool;

    /// Whether two sources are of the same machine and have the same pids, beside a source and its clones.
    fn is_same_machine(one: &Self::Source, other: &Self::Source) -> bool {
        Self::is_live(one) && Self::is_live(other)
    }

    /// Opens a capture of this system.
    #[cfg(feature = "capture")]
    fn open_capture(capture: question::Capture) -> Result<Self::Source>;

    /// Opens the running machine once more, so that what is read of it is recorded. There is no source if all has been
    /// recorded already. `pids` are the processes to record, where the system reads each on its own; with none, all.
    #[cfg(feature = "capture")]
    fn recorded(
        _: &Self::Source,
        _: question::Capture,
        _: &[Pid],
    ) -> Result<(Option<Self::Source>, question::Recorder)> {
        Err(Error::unsupported("recording a capture"))
    }

    /// Whether the answer to a question is the environment of a process, which a capture must not hold.
    #[cfg(feature = "capture")]
    fn is_environment(_: &str) -> bool {
        false
    }

    /// Opens a directory that holds a copy of a machine's files.
    fn at_root(_: &Path) -> Result<Self::Source> {
        Err(Error::unsupported("reading a directory of copied files"))
    }

    /// Opens the running machine, with another procfs.
    fn with_procfs(_: &Path) -> Result<Self::Source> {
        Err(Error::unsupported("reading another procfs"))
    }

    /// Opens the same machine through another backend.
    fn with_backend(source: &Self::Source, _: Backend) -> Self::Source {
        source.clone()
    }

    /// The backend that reads many processes now.
    fn backend(_: &Self::Source) -> Backend {
        Backend::Auto
    }

    /// Says in one sentence why the chosen backend is not used; `None` if it is, or if none was chosen.
    fn backend_refusal(_: &Self::Source) -> Option<String> {
        None
    }

    /// Begins a pass over processes of `source`.
    fn pass(source: &Self::Source, scope: Scope) -> Self::Pass;

    /// Whether the pass reads each process by calls of its own, so that several threads are faster than one.
    fn reads_each(_: &Self::Pass) -> bool {
        false
    }

    /// Lists the processes of a pass, by pid.
    fn pids_in(source: &Self::Source, pass: &Self::Pass) -> Result<Vec<Pid>>;

    /// Makes an empty cache for one reading of a process, or for `many`.
    fn cache(source: &Self::Source, many: bool) -> Self::Cache;

    /// Makes an empty cache for the process `pid` of a pass, of which `fields` will be read.
    fn cache_in(source: &Self::Source, pass: &Arc<Self::Pass>, pid: Pid, fields: FieldSet) -> Self::Cache;
}

/// What a system does on its own machine only, beside [`Control`]. Implement it in a file that only that system compiles.
pub(crate) trait Live: Platform {
    /// Opens the running machine.
    fn host() -> Self::Source;

    /// Reads the statistics of the calling process's allocator.
    fn heap_info() -> Result<HeapInfo> {
        Err(Error::unsupported("heap_info"))
    }

    /// Returns free memory of the calling process's allocator to the system. Returns whether there was any.
    fn heap_trim() -> Result<bool> {
        Err(Error::unsupported("heap_trim"))
    }
}

/// Which processes a pass will read. A pass that is `kept` belongs to the caller, and must not hold a file open.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code)] // not every system reads many processes in another way than one
pub(crate) enum Scope {
    /// Some processes, which the caller names one by one.
    Some { kept: bool },
    /// All or most processes, now, and these fields of each.
    All { fields: FieldSet, kept: bool },
}

/// One process as its getters see it.
pub(crate) struct Handle<'a, P: Types = Os> {
    pub(crate) source: &'a P::Source,
    pub(crate) pid: Pid,
    /// The start stamp that makes the pid unique; `None` until it has been read. See [`ProcessReadings::start`].
    pub(crate) start: Option<u64>,
    /// What tells this process from another one with the same pid and stamp. See [`ProcessReadings::unique`].
    pub(crate) unique: Option<u64>,
    pub(crate) cache: &'a P::Cache,
}

impl<P: Platform> Handle<'_, P> {
    /// Calls `read` with a handle that has forgotten what was read before. `start` is the identity to insist on.
    pub(crate) fn afresh<T>(&self, start: Option<u64>, read: impl FnOnce(&Handle<'_, P>) -> T) -> T {
        let cache = P::cache(self.source, false);
        read(&Handle { source: self.source, pid: self.pid, start, unique: None, cache: &cache })
    }
}

/// The identity of a process and its parent's pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parentage {
    pub(crate) pid: Pid,
    /// `None` where the system refuses it.
    pub(crate) start: Option<u64>,
    pub(crate) ppid: Pid,
}

/// What an error means for the process that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The error says nothing about the process: it stands as it is.
    Unclear,
    /// The process has ended, or another process has its pid.
    Gone,
    /// The process is a zombie, which no longer has what was read.
    Zombie,
    /// The process lives, and the system refuses the reading.
    #[allow(dead_code)] // not every system says this by an error of its own
    Refused,
}

impl Fate {
    /// Reads the process once more after an error that says that something was missing or cut short: `ENOENT`,
    /// `ESRCH`, or a file that ends early. Each can mean that the process has ended, or that only a file is missing.
    pub(crate) fn look_again<P: ProcessReadings>(process: &Handle<'_, P>, error: &Error) -> Self {
        if !error.is_missing() && error.kind() != ErrorKind::Parse {
            return Self::Unclear;
        }
        process.afresh(None, |now| match (P::start(now), process.start) {
            (Err(again), _) if again.is_missing() => Self::Gone,
            (Ok(now), Some(then)) if !P::same_start(process.source, now, then) => Self::Gone,
            (Ok(_), _) if error.is_missing() && matches!(P::status(now), Ok(ProcessStatus::Zombie)) => Self::Zombie,
            _ => Self::Unclear,
        })
    }
}
