//! The dispatcher of the feature `capture`: a system that stands for any ported one. Its source decides which.
#![cfg(feature = "capture")]

use std::path::Path;
use std::sync::Arc;

use super::question::{Capture, Recorder};
use super::{Handle, Host, Live, Platform, Scope, Types};
use crate::{Backend, Error, FieldSet, HeapInfo, Pid, Result};

/// Any of the compiled systems.
pub(crate) struct Any;

/// Ties a source, a pass and a cache to one system.
trait Member: Platform {
    fn source(source: Self::Source) -> Source;
    fn handle<'a>(process: &Handle<'a, Any>) -> Option<Handle<'a, Self>>;
}

/// Writes the enums over the systems, and the macros that call the right system.
macro_rules! systems {
    (($d:tt) $($(#[$cfg:meta])? $variant:ident = $system:path;)+) => {
        /// A machine of any system.
        #[derive(Debug, Clone)]
        pub(crate) enum Source { $($(#[$cfg])? $variant(<$system as Types>::Source),)+ }

        /// A pass over processes of any system.
        #[derive(Debug)]
        pub(crate) enum Pass { $($(#[$cfg])? $variant(Arc<<$system as Types>::Pass>),)+ }

        /// The cache of a process of any system.
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant)] // one exists for each reading: a box would cost an allocation
        pub(crate) enum Cache { $($(#[$cfg])? $variant(<$system as Types>::Cache),)+ }

        $($(#[$cfg])? impl Member for $system {
            fn source(source: Self::Source) -> Source {
                Source::$variant(source)
            }

            #[allow(irrefutable_let_patterns)] // where only one system is compiled in
            fn handle<'a>(process: &Handle<'a, Any>) -> Option<Handle<'a, Self>> {
                let Handle { source, pid, start, unique, cache } = *process;
                let (Source::$variant(source), Cache::$variant(cache)) = (source, cache) else { return None };
                Some(Handle { source, pid, start, unique, cache })
            }
        })+

        /// Calls the system of a source.
        macro_rules! on_source {
            ($d source:expr, |$d system:ident, $d name:ident| $d call:expr) => {
                match $d source {
                    $($(#[$cfg])? $crate::sys::any::Source::$variant($d name) => {
                        type $d system = $system;
                        $d call
                    })+
                }
            };
        }

        /// Calls the system of a process.
        macro_rules! on_process {
            ($d process:expr, |$d system:ident, $d name:ident| $d call:expr) => {
                match ($d process.source, $d process.cache) {
                    $($(#[$cfg])? ($crate::sys::any::Source::$variant(source), $crate::sys::any::Cache::$variant(cache)) => {
                        type $d system = $system;
                        let $d name = Handle::<$d system> { source, pid: $d process.pid, start: $d process.start, unique: $d process.unique, cache };
                        $d call
                    })+
                    #[allow(unreachable_patterns)] // where only one system is compiled in
                    _ => Err($crate::sys::any::mismatch()),
                }
            };
        }

        impl Platform for Any {
            fn os(source: &Source) -> crate::Os {
                on_source!(source, |P, source| P::os(source))
            }

            fn is_live(source: &Source) -> bool {
                on_source!(source, |P, source| P::is_live(source))
            }

            fn is_same_machine(one: &Source, other: &Source) -> bool {
                match (one, other) {
                    $($(#[$cfg])? (Source::$variant(one), Source::$variant(other)) => <$system>::is_same_machine(one, other),)+
                    #[allow(unreachable_patterns)] // where only one system is compiled in
                    _ => false,
                }
            }

            fn open_capture(capture: Capture) -> Result<Source> {
                match super::question::system(&capture)? {
                    $($(#[$cfg])? os if crate::Os::of_name(stringify!($variant)) == Some(os) => <$system>::open_capture(capture).map(Source::$variant),)+
                    #[allow(unreachable_patterns)] // where all are compiled in
                    other => Err(Error::invalid(format!("cannot read a capture of {}", other.name()))),
                }
            }

            fn recorded(source: &Source, capture: Capture, pids: &[Pid]) -> Result<(Option<Source>, Recorder)> {
                match source {
                    $($(#[$cfg])? Source::$variant(source) => {
                        let (source, recorder) = <$system>::recorded(source, capture, pids)?;
                        Ok((source.map(Source::$variant), recorder))
                    })+
                }
            }

            fn is_environment(question: &str) -> bool {
                // Only the running system is asked questions.
                Host::is_environment(question)
            }

            fn at_root(root: &Path) -> Result<Source> {
                // Only Linux and SunOS read a directory of copied files.
                if super::sunos::is_tree(root) {
                    super::sunos::Sunos::at_root(root).map(Source::Sunos)
                } else {
                    super::linux::Linux::at_root(root).map(Source::Linux)
                }
            }

            fn with_procfs(procfs: &Path) -> Result<Source> {
                Host::with_procfs(procfs).map(Host::source)
            }

            fn with_backend(source: &Source, backend: Backend) -> Source {
                match source {
                    $($(#[$cfg])? Source::$variant(source) => Source::$variant(<$system>::with_backend(source, backend)),)+
                }
            }

            fn backend(source: &Source) -> Backend {
                on_source!(source, |P, source| P::backend(source))
            }

            fn backend_refusal(source: &Source) -> Option<String> {
                on_source!(source, |P, source| P::backend_refusal(source))
            }

            fn pass(source: &Source, scope: Scope) -> Pass {
                match source {
                    $($(#[$cfg])? Source::$variant(source) => Pass::$variant(Arc::new(<$system>::pass(source, scope))),)+
                }
            }

            fn reads_each(pass: &Pass) -> bool {
                match pass {
                    $($(#[$cfg])? Pass::$variant(pass) => <$system>::reads_each(pass),)+
                }
            }

            fn checks_together(pass: &Pass) -> bool {
                match pass {
                    $($(#[$cfg])? Pass::$variant(pass) => <$system>::checks_together(pass),)+
                }
            }

            fn survivors(source: &Source, pass: &Pass) -> Result<Option<Vec<(Pid, u64)>>> {
                match (source, pass) {
                    $($(#[$cfg])? (Source::$variant(source), Pass::$variant(pass)) => <$system>::survivors(source, pass),)+
                    #[allow(unreachable_patterns)] // where only one system is compiled in
                    _ => Err(mismatch()),
                }
            }

            fn pids_in(source: &Source, pass: &Pass) -> Result<Vec<Pid>> {
                match (source, pass) {
                    $($(#[$cfg])? (Source::$variant(source), Pass::$variant(pass)) => <$system>::pids_in(source, pass),)+
                    #[allow(unreachable_patterns)] // where only one system is compiled in
                    _ => Err(mismatch()),
                }
            }

            fn cache(source: &Source, many: bool) -> Cache {
                match source {
                    $($(#[$cfg])? Source::$variant(source) => Cache::$variant(<$system>::cache(source, many)),)+
                }
            }

            fn cache_in(source: &Source, pass: &Arc<Pass>, pid: Pid, fields: FieldSet) -> Cache {
                match (source, &**pass) {
                    $($(#[$cfg])? (Source::$variant(source), Pass::$variant(pass)) => {
                        Cache::$variant(<$system>::cache_in(source, pass, pid, fields))
                    })+
                    #[allow(unreachable_patterns)] // where only one system is compiled in
                    (source, _) => Self::cache(source, true),
                }
            }
        }
    };
}

systems! {
    ($)
    Linux = super::linux::Linux;
    Netbsd = super::netbsd::Netbsd;
    Openbsd = super::openbsd::Openbsd;
    Windows = super::windows::Windows;
    Freebsd = super::freebsd::Freebsd;
    Macos = super::macos::Macos;
    Sunos = super::sunos::Sunos;
    Replay = super::replay::Replay;
}

/// Opens a machine that answers from the readings of one moment.
pub(crate) fn replay(moment: Arc<crate::Moment>) -> Source {
    Source::Replay(moment)
}

impl Types for Any {
    type Source = Source;
    type Pass = Pass;
    type Cache = Cache;
}

impl Live for Any {
    fn host() -> Source {
        Host::source(Host::host())
    }

    fn heap_info() -> Result<HeapInfo> {
        Host::heap_info()
    }

    fn heap_trim() -> Result<bool> {
        Host::heap_trim()
    }
}

/// Converts the handles to handles of the running system. Fails for processes of another machine, which cannot be acted
/// on.
pub(super) fn of_host<'a>(processes: &[Handle<'a, Any>], action: &'static str) -> Result<Vec<Handle<'a, Host>>> {
    processes.iter().map(|process| Host::handle(process).ok_or_else(|| Error::unsupported(action))).collect()
}

/// Makes the error for a source and a cache of different systems. [`Platform::cache`] and [`Platform::cache_in`] never
/// make such a pair.
pub(super) fn mismatch() -> Error {
    Error::invalid("the cache belongs to another system")
}
