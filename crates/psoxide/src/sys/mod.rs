//! The contract between the public layer and the operating systems, and the choice of the system.
//!
//! Each operating system has a directory here and a unit struct such as [`linux::Linux`], which implements the traits
//! of [`contract`]. The public layer calls [`Os`]. Without the feature `capture`, `Os` is the system for which psoxide
//! is built. With the feature, it is a dispatcher over all ported systems, so that one program reads a capture of any
//! of them. PORTING.md shows how to add a system.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use crate::{Backend, Error, ErrorKind, FieldSet, HeapInfo, Pid, ProcessStatus, Result};

#[macro_use]
mod any;
mod contract;
#[cfg(test)]
mod live_calls;
#[cfg(all(test, feature = "capture"))]
mod one_process;
#[cfg(unix)]
pub(crate) mod posix;
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

/// The types of a system's data.
pub(crate) trait Types: Sized {
    /// A machine to read: the running kernel, a capture, or a directory of copied files. Cloning is cheap.
    type Source: Clone + Debug + Send + Sync;
    /// Data that all processes of one pass share, such as the process table or the boot time.
    type Pass: Debug + Send + Sync;
    /// Data that several readings of one process share: one cell for each kernel source. Errors are not cached.
    type Cache: Debug + Send + Sync;
}

/// Opens machines, passes and caches. The default bodies are for systems that lack the feature in question.
pub(crate) trait Platform: Types {
    /// Returns the system whose answers the source holds.
    fn os(source: &Self::Source) -> crate::Os;

    /// Returns whether the source is the running kernel.
    fn is_live(source: &Self::Source) -> bool;

    /// Returns whether two sources, which are not clones of each other, read the same machine with the same pids.
    fn is_same_machine(one: &Self::Source, other: &Self::Source) -> bool {
        Self::is_live(one) && Self::is_live(other)
    }

    /// Opens a capture of this system.
    #[cfg(feature = "capture")]
    fn open_capture(capture: question::Capture) -> Result<Self::Source>;

    /// Opens the running machine once more, and records what is read from it. Returns no source if everything is
    /// recorded already. `pids` are the processes to record if the system reads each separately. An empty list means
    /// all.
    #[cfg(feature = "capture")]
    fn recorded(
        _: &Self::Source,
        _: question::Capture,
        _: &[Pid],
    ) -> Result<(Option<Self::Source>, question::Recorder)> {
        Err(Error::unsupported("recording a capture"))
    }

    /// Returns whether the answer to a question is a process's environment, which a capture must not hold.
    #[cfg(feature = "capture")]
    fn is_environment(_: &str) -> bool {
        false
    }

    /// Opens a directory that holds a copy of a machine's files.
    fn at_root(_: &Path) -> Result<Self::Source> {
        Err(Error::unsupported("reading a directory of copied files"))
    }

    /// Opens the running machine, with its procfs mounted elsewhere.
    fn with_procfs(_: &Path) -> Result<Self::Source> {
        Err(Error::unsupported("reading another procfs"))
    }

    /// Opens the same machine through another backend.
    fn with_backend(source: &Self::Source, _: Backend) -> Self::Source {
        source.clone()
    }

    /// Returns the backend that reads many processes now.
    fn backend(_: &Self::Source) -> Backend {
        Backend::Auto
    }

    /// Returns one sentence that says why the chosen backend is not in use. Returns `None` if it is, or if none was
    /// chosen.
    fn backend_refusal(_: &Self::Source) -> Option<String> {
        None
    }

    /// Begins a pass over processes of `source`.
    fn pass(source: &Self::Source, scope: Scope) -> Self::Pass;

    /// Returns whether the pass makes separate calls for each process, so that several threads are faster than one.
    fn reads_each(_: &Self::Pass) -> bool {
        false
    }

    /// Returns whether the rows of the pass are checked together by [`survivors`](Self::survivors), which costs less
    /// than to check each by [`is_whole`](ProcessReadings::is_whole).
    fn checks_together(_: &Self::Pass) -> bool {
        false
    }

    /// Lists the processes that exist now with their start stamps, by pid, if the answers in the rows of a pass must be
    /// checked. A row may hold answers of another process if its process is missing from the list. Returns `None` if
    /// all rows are known to be whole.
    fn survivors(_: &Self::Source, _: &Self::Pass) -> Result<Option<Vec<(Pid, u64)>>> {
        Ok(None)
    }

    /// Lists the processes of a pass, by pid.
    fn pids_in(source: &Self::Source, pass: &Self::Pass) -> Result<Vec<Pid>>;

    /// Makes an empty cache for one reading of a process, or for `many`.
    fn cache(source: &Self::Source, many: bool) -> Self::Cache;

    /// Makes an empty cache for the process `pid` of a pass, of which `fields` will be read.
    fn cache_in(source: &Self::Source, pass: &Arc<Self::Pass>, pid: Pid, fields: FieldSet) -> Self::Cache;
}

/// The operations of a system on its own machine, except [`Control`]. Implement it in a file that only that system
/// compiles.
pub(crate) trait Live: Platform {
    /// Opens the running machine.
    fn host() -> Self::Source;

    /// Reads the statistics of the calling process's C allocator.
    fn heap_info() -> Result<HeapInfo> {
        Err(Error::unsupported("heap_info"))
    }

    /// Returns free memory of the calling process's C allocator to the system. Returns whether any was returned.
    fn heap_trim() -> Result<bool> {
        Err(Error::unsupported("heap_trim"))
    }
}

/// The processes that a pass will read. A pass that is `kept` belongs to the caller, and must not hold a file open.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code)] // not every system reads many processes in another way than one
pub(crate) enum Scope {
    /// Some processes, which the caller names one by one.
    Some { kept: bool },
    /// All or most processes, now, and the given fields of each.
    All { fields: FieldSet, kept: bool },
}

/// One process, as the getters receive it.
pub(crate) struct Handle<'a, P: Types = Os> {
    pub(crate) source: &'a P::Source,
    pub(crate) pid: Pid,
    /// The start stamp, which identifies the process together with its pid. `None` until it has been read. See
    /// [`ProcessReadings::start`].
    pub(crate) start: Option<u64>,
    /// A number that distinguishes the process from another one with the same pid and stamp. See
    /// [`ProcessReadings::unique`].
    pub(crate) unique: Option<u64>,
    pub(crate) cache: &'a P::Cache,
}

impl<P: Platform> Handle<'_, P> {
    /// Calls `read` with a handle whose cache is empty. `start` is the identity that the process must have.
    pub(crate) fn afresh<T>(&self, start: Option<u64>, read: impl FnOnce(&Handle<'_, P>) -> T) -> T {
        let cache = P::cache(self.source, false);
        read(&Handle { source: self.source, pid: self.pid, start, unique: None, cache: &cache })
    }

    /// Reads again whether the process has its pid. Returns `true` if its start stamp could not be read before.
    #[allow(dead_code)] // Linux and Windows hold the process instead
    pub(crate) fn still_exists(&self) -> Result<bool>
    where
        P: ProcessReadings,
    {
        if self.start.is_none() {
            return Ok(true);
        }
        match self.afresh(self.start, P::start) {
            Ok(_) => Ok(true),
            Err(error) if error.is_no_such_process() || error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The identity of a process and its parent's pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parentage {
    pub(crate) pid: Pid,
    /// `None` if the system denies access.
    pub(crate) start: Option<u64>,
    pub(crate) ppid: Pid,
}

/// The meaning of an error for the process that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The error says nothing about the process. It is returned unchanged.
    Unclear,
    /// The process has ended, or another process has its pid.
    Gone,
    /// The process is a zombie, which no longer has the value.
    Zombie,
    /// The process lives, and the system denies access.
    #[allow(dead_code)] // not every system says this by an error of its own
    Refused,
}

impl Fate {
    /// Reads the process again after an error that means that something was missing or truncated: `ENOENT`, `ESRCH`, or
    /// a file that ends early. Either the process has ended, or only the file is missing.
    pub(crate) fn look_again<P: ProcessReadings>(process: &Handle<'_, P>, error: &Error) -> Self {
        if !error.is_missing() && error.kind() != ErrorKind::Parse {
            return Self::Unclear;
        }
        process.afresh(None, |now| match (P::start(now), process.start) {
            (Err(again), _) if again.is_missing() => Self::Gone,
            (Ok(now), Some(then)) if !P::same_start(process.source, now, then) => Self::Gone,
            // Another process took the pid within the precision of the stamp.
            (Ok(_), _)
                if process.unique.is_some() && P::unique(process).is_err_and(|gone| gone.is_no_such_process()) =>
            {
                Self::Gone
            }
            (Ok(_), _) if error.is_missing() && matches!(P::status(now), Ok(ProcessStatus::Zombie)) => Self::Zombie,
            _ => Self::Unclear,
        })
    }
}
