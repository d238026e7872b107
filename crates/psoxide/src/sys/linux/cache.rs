//! Values that readings share: the files of one process, and what all processes of a pass have in common.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use once_cell::race::OnceBox;
use psoxide_parse::linux::stat::Stat;
use psoxide_parse::linux::statm::Statm;
use psoxide_parse::linux::status::Status;

use super::live::{Live, OpenDir, Pidfd};
use super::{Source, bpf};
use crate::sys::Scope;
use crate::{Backend, Field, FieldSet, Ids, Pid, Result};

/// Values that all processes of one pass share. Each is read on first use, and dropped with the pass.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    pub(super) boot_time: OnceBox<SystemTime>,
    /// The pid of the process that checked whether system calls use the pids of /proc, and the result:
    /// [`Live::has_own_pids`].
    pub(super) own_pids: OnceBox<(Pid, bool)>,
    users: Mutex<HashMap<u32, OsString>>,
    /// /proc, opened: a path relative to it is cheaper than one from the root.
    pub(super) procfs: Option<OpenDir>,
    /// Whether so many descriptors are free that each thread may keep a process's directory open while it reads it.
    has_room: bool,
    /// The records of a walk over all processes, by pid. Empty if processes are read one by one.
    pub(super) walk: bpf::Walked,
}

/// Descriptors that the threads of a pass need: each has the directory of a process open, and a file in it.
const ROOM: usize = 8;

impl Pass {
    pub(crate) fn over(source: &Source, scope: Scope) -> Self {
        let (fields, kept) = match scope {
            Scope::Some { kept } => (None, kept),
            Scope::All { fields, kept } => (Some(fields), kept),
        };
        let walk = fields.and_then(|fields| bpf::processes(source, fields.contains(Field::Cmdline)));
        let procfs = source.live().filter(|_| !kept).and_then(Live::open_procfs);
        let has_room = procfs.as_ref().is_some_and(|procfs| procfs.leaves(ROOM));
        Self { procfs, has_room, walk: walk.unwrap_or_default(), ..Self::default() }
    }

    /// Holds a process, so that all that is read of it is of one process. `None` without a free descriptor.
    fn hold(&self, source: &Source, pid: Pid) -> Option<Held> {
        let kernel = source.live()?;
        if self.procfs.is_some() && !self.has_room {
            return None;
        }
        if self.describes_by_pidfd(kernel)
            && let Ok(Some(pidfd)) = kernel.pidfd(pid)
        {
            return Some(Held::Pidfd(pidfd));
        }
        let directory = match &self.procfs {
            Some(procfs) => procfs.open_process(pid),
            None => kernel.open_process(pid),
        };
        directory.map(Held::Directory)
    }

    /// Returns whether a pidfd describes the process that has its pid in /proc. `Backend::Proc` asks nothing but /proc.
    pub(super) fn describes_by_pidfd(&self, kernel: &Live) -> bool {
        kernel.backend() != Backend::Proc && self.has_own_pids(kernel) && kernel.pidfds_describe()
    }

    /// Returns whether system calls use the pids of /proc. A pass checks this once. A forked child checks again, because
    /// it can be in another pid namespace.
    pub(super) fn has_own_pids(&self, kernel: &Live) -> bool {
        let ask = || (std::process::id(), kernel.has_own_pids());
        match *self.own_pids.get_or_init(|| Box::new(ask())) {
            (asker, own) if asker == std::process::id() => own,
            _ => ask().1,
        }
    }

    /// Returns the name of a user. Calls `find` if no other process of the pass has the same user.
    ///
    /// This never waits for the lock, because another thread may have held it when this process was forked.
    pub(super) fn user_name(&self, uid: u32, find: impl FnOnce() -> Result<OsString>) -> Result<OsString> {
        if let Some(name) = self.users.try_lock().ok().and_then(|users| users.get(&uid).cloned()) {
            return Ok(name);
        }
        let name = find()?;
        if let Ok(mut users) = self.users.try_lock() {
            users.insert(uid, name.clone());
        }
        Ok(name)
    }

    /// Returns whether the pass makes separate calls for each process.
    pub(crate) fn reads_each(&self) -> bool {
        self.walk.is_empty()
    }

    /// Lists the processes.
    pub(crate) fn pids(&self, source: &Source) -> Result<Vec<Pid>> {
        bpf::pids(source, &self.walk)
    }
}

/// One cell for each file of /proc/PID that several readings share.
///
/// The cells never wait, because the thread that fills one may be gone in a forked child. If two threads fill a cell,
/// the first value stays.
#[derive(Debug)]
pub(crate) struct Cache {
    pub(super) stat: OnceBox<Stat>,
    pub(super) statm: OnceBox<Statm>,
    pub(super) status: OnceBox<Status>,
    pub(super) owner: OnceBox<Owner>,
    /// What holds the process, if more than one file of it will be read.
    pub(super) held: Option<Held>,
    /// Whether something was read by the pid since the process last showed that it still has the pid.
    pub(super) by_pid: AtomicBool,
    /// The position of the process in the walk of the pass.
    pub(super) walked: Option<usize>,
    /// The answer of a BPF program about this process alone, if there is one.
    pub(super) walked_alone: OnceBox<Option<bpf::Answer>>,
    /// Whether a later reading needs `status`. Other readings then take their values from `status` too.
    pub(super) wants_status: bool,
    pub(super) cmdline: OnceBox<Box<[u8]>>,
    pub(super) smaps: OnceBox<Vec<u8>>,
    pub(super) pass: Arc<Pass>,
}

impl Default for Cache {
    fn default() -> Self {
        Self::of(Arc::default())
    }
}

impl Cache {
    /// Makes empty cells for a process of a pass.
    fn of(pass: Arc<Pass>) -> Self {
        Self {
            stat: OnceBox::new(),
            statm: OnceBox::new(),
            status: OnceBox::new(),
            owner: OnceBox::new(),
            held: None,
            by_pid: AtomicBool::new(false),
            walked: None,
            walked_alone: OnceBox::new(),
            wants_status: false,
            cmdline: OnceBox::new(),
            smaps: OnceBox::new(),
            pass,
        }
    }

    /// Makes empty cells for several readings of one process.
    pub(crate) fn for_many() -> Self {
        Self { wants_status: true, ..Self::default() }
    }

    /// Makes empty cells for a process of a pass, of which `fields` will be read.
    pub(crate) fn in_pass(source: &Source, pass: &Arc<Pass>, pid: Pid, fields: FieldSet) -> Self {
        let wants_status = fields.contains(Field::NumCtxSwitches);
        let walked = pass.walk.find(pid);
        let held = (walked.is_none() && !fields.is_within(STAT)).then(|| pass.hold(source, pid)).flatten();
        Self { wants_status, walked, held, ..Self::of(Arc::clone(pass)) }
    }
}

/// A descriptor that refers to one process, also after another one has taken its pid.
#[derive(Debug)]
pub(crate) enum Held {
    /// It answers whether the process still has its pid, and under which ids it runs, for less than a directory costs.
    Pidfd(Pidfd),
    /// Its directory in /proc: where pidfds do not describe processes (before Linux 6.13), and in other pid namespaces.
    Directory(OpenDir),
}

impl Held {
    /// Whether the process has its pid, running or zombie.
    pub(super) fn exists(&self) -> bool {
        match self {
            Self::Pidfd(pidfd) => !pidfd.info().is_err_and(|error| error.is_missing()),
            Self::Directory(directory) => directory.is_of_a_process(),
        }
    }
}

/// The fields that `stat` has. A name of 15 bytes is looked up in the command line too, but is kept only if that agrees.
const STAT: FieldSet = FieldSet::of(&[
    Field::Ppid,
    Field::Name,
    Field::Status,
    Field::Terminal,
    Field::CreateTime,
    Field::Nice,
    Field::CpuNum,
    Field::NumThreads,
    Field::CpuTimes,
    Field::PageFaults,
    Field::Scheduling,
    Field::IsKernelThread,
    // Linux has neither, which takes no file at all.
    Field::NumHandles,
    Field::Containment,
]);

/// The ids under which a process runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) uids: Ids,
    pub(super) gids: Ids,
}

/// Returns the value in `cell`. If it is empty, calls `read` and keeps its value, but not its error.
pub(super) fn cached<T>(cell: &OnceBox<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = read()?;
    Ok(cell.get_or_init(|| Box::new(value)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_pass_that_the_caller_keeps_holds_no_file_open() {
        let source = Source::host();
        let opens = |scope| Pass::over(&source, scope).procfs.is_some();
        let fields = FieldSet::default();
        assert!(!opens(Scope::Some { kept: true }));
        assert!(!opens(Scope::All { fields, kept: true }));
        assert!(opens(Scope::Some { kept: false }));
        assert!(opens(Scope::All { fields, kept: false }));
    }
}
