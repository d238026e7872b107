//! Reads the files of one process, and uses what is known about it without them.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use psoxide_parse::linux::stat::Stat;
use psoxide_parse::linux::status::Status;
use psoxide_parse::linux::{stat, status};

use super::abi::another_namespace;
use super::cache::{Cache, Held, Owner, cached};
use super::live::{Live, OpenDir, OpenFile};
use super::{Handle, Linux, bpf, control};
use crate::sys;
use crate::{Error, Ids, ProcessStatus, Result};

impl sys::Handle<'_, Linux> {
    /// The path of a file of the process, which is looked up by the pid.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.cache.by_pid.store(true, Ordering::Relaxed);
        self.source.process(self.pid, file)
    }

    pub(super) fn read<T>(&self, file: &str, parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>) -> Result<T> {
        match &self.cache.held {
            Some(Held::Directory(directory)) => self.within(directory, file, |opened| opened.read(parse)),
            _ => self.source.read(&self.path(file), parse),
        }
    }

    /// Reads a file in the open directory of the process.
    fn within<T>(&self, directory: &OpenDir, file: &str, read: impl FnOnce(OpenFile) -> Result<T>) -> Result<T> {
        let read = directory.open(file.as_bytes()).and_then(read);
        read.map_err(|error| error.with_path(self.source.process(self.pid, file)))
    }

    /// Whether all that was read came from one process: the one that was held first, or that a BPF program
    /// printed first. That process still has the pid now, and so no other had it in between.
    pub(super) fn is_of_one_process(&self) -> bool {
        if self.unique.is_some() && control::unique(self).is_err_and(|error| error.is_no_such_process()) {
            return false;
        }
        if !self.cache.by_pid.load(Ordering::Relaxed) {
            return true;
        }
        match (&self.cache.held, self.walked()) {
            (Some(held), _) => held.exists(),
            (None, Some(walked)) => self.is_still(&walked),
            (None, None) => true,
        }
    }

    /// Whether the process of a walk has its pid now.
    fn is_still(&self, walked: &bpf::Record<'_>) -> bool {
        // Two processes with one pid and one start time both began in the clock tick of the walk.
        let has_this_start = || {
            let now = self.is_young().then(|| bpf::process(self.source, self.pid)).flatten()?;
            Some(now.record().start() == walked.start())
        };
        let is_there = || self.read_record("stat", stat::kin).is_ok_and(|(_, start)| Some(start) == self.start);
        // Without an answer, no process had the pid at that moment, or no program runs. If there is a process now, it is
        // asked once more.
        has_this_start().unwrap_or_else(|| is_there() && has_this_start() != Some(false))
    }

    /// Whether the process that is held has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.cache.held.as_ref().is_some_and(|held| !held.exists())
    }

    /// Reads a file that is one record.
    pub(super) fn read_record<T>(
        &self,
        file: &str,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        if let Some(Held::Directory(directory)) = &self.cache.held {
            return self.within(directory, file, |opened| opened.read_record(parse));
        }
        self.cache.by_pid.store(true, Ordering::Relaxed);
        self.source.read_process(self.cache.pass.procfs.as_ref(), self.pid, file, parse)
    }

    /// Returns the same process with an empty cache.
    pub(super) fn with_cache<'b>(&'b self, cache: &'b Cache) -> Handle<'b> {
        Handle { cache, ..*self }
    }

    /// Returns what a BPF program printed about this process, if that backend is in use.
    pub(super) fn walked(&self) -> Option<bpf::Record<'_>> {
        // A process that has the pid of one in the walk may have begun since.
        let is_this = |record: &bpf::Record<'_>| {
            let start = bpf::units(self.source).ticks(record.start());
            self.unique.is_none() && self.start.is_none_or(|own| own == start)
        };
        if let Some(record) = self.cache.walked.and_then(|at| self.cache.pass.walk.get(at)).filter(is_this) {
            return Some(record);
        }
        let walk = || Box::new(bpf::process(self.source, self.pid));
        self.cache.walked_alone.get_or_init(walk).as_ref().map(bpf::Answer::record)
    }

    /// Reads `/proc/PID/stat`. Fails if another process has the pid.
    pub(super) fn stat(&self) -> Result<&Stat> {
        let stat = cached(&self.cache.stat, || {
            let walked = self.walked().and_then(|walked| walked.stat(bpf::units(self.source)));
            walked.map_or_else(|| self.read_record("stat", stat::parse), Ok)
        })?;
        match self.start {
            Some(start) if start != stat.starttime => Err(Error::no_such_process(self.pid)),
            _ => Ok(stat),
        }
    }

    pub(super) fn status_file(&self) -> Result<&Status> {
        cached(&self.cache.status, || self.read_record("status", status::parse))
    }

    /// Reads the user and group ids: from a pidfd, which costs a third of `status`, unless `status` is read anyway.
    pub(super) fn owner(&self) -> Result<Owner> {
        if let Some(walked) = self.walked() {
            let [uids, gids] = walked.ids().map(|[real, effective, saved]| Ids::new(real, effective, Some(saved)));
            return Ok(Owner { uids, gids });
        }
        if let Some(owner) = self.cache.owner.get() {
            return Ok(*owner);
        }
        if !self.cache.wants_status
            && self.cache.status.get().is_none()
            && let Some(owner) = self.pidfd_owner()
        {
            return Ok(*self.cache.owner.get_or_init(|| Box::new(owner)));
        }
        let Status { uid, gid, .. } = self.status_file()?;
        Ok(Owner { uids: ids(*uid), gids: ids(*gid) })
    }

    /// Reads the ids from a pidfd. Returns `None` if the kernel does not report them: before Linux 6.13, under a
    /// seccomp filter, or if the process is gone.
    fn pidfd_owner(&self) -> Option<Owner> {
        let info = if let Some(Held::Pidfd(pidfd)) = &self.cache.held {
            let info = pidfd.info().ok()??;
            // The process answered, so all that was read by its pid until now is its own.
            self.cache.by_pid.store(false, Ordering::Relaxed);
            info
        } else {
            let kernel = self.source.live().filter(|kernel| self.cache.pass.describes_by_pidfd(kernel))?;
            self.cache.by_pid.store(true, Ordering::Relaxed);
            kernel.pidfd_info(self.pid).ok()??
        };
        let [uids, gids] =
            [info.uids, info.gids].map(|[real, effective, saved]| Ids::new(real, effective, Some(saved)));
        Some(Owner { uids, gids })
    }

    /// Returns the kernel, for calls that take the process's pid. Fails if system calls use other pids.
    pub(super) fn kernel(&self, reading: &'static str) -> Result<&Live> {
        let kernel = self.source.require_live(reading)?;
        if self.cache.pass.has_own_pids(kernel) { Ok(kernel) } else { Err(another_namespace(self.pid)) }
    }

    /// Returns whether `stat`, if it was read, shows a kernel thread or a zombie. Their `statm` is all zeros and their
    /// `cmdline` is empty. On many machines half of all processes are kernel threads.
    pub(super) fn is_known_without_memory(&self) -> bool {
        self.cache.stat.get().is_some_and(|stat| stat.vsize == 0)
    }

    /// Handles an empty answer: returns `value` for a kernel thread, and an error for a zombie or a process that is about to be
    /// one.
    pub(super) fn empty<T>(&self, value: T) -> Result<T> {
        let stat = self.stat()?;
        let is_ending = stat.flags & stat::EXITING != 0 || state(stat.state) == ProcessStatus::Zombie;
        if is_ending { Err(Error::zombie(self.pid)) } else { Ok(value) }
    }

    /// Handles a missing file as [`empty`](Self::empty) does, but reads the process again, because it may have ended.
    pub(super) fn missing<T>(&self, value: T) -> Result<T> {
        self.with_cache(&Cache::default()).empty(value)
    }
}

pub(super) fn state(letter: u8) -> ProcessStatus {
    // fs/proc/array.c: task_state_array, plus letters of older kernels.
    match letter {
        b'R' => ProcessStatus::Running,
        b'S' => ProcessStatus::Sleeping,
        b'D' => ProcessStatus::DiskSleep,
        b'T' => ProcessStatus::Stopped,
        b't' => ProcessStatus::TracingStop,
        b'Z' => ProcessStatus::Zombie,
        b'X' | b'x' => ProcessStatus::Dead,
        b'K' => ProcessStatus::WakeKill,
        b'W' => ProcessStatus::Waking,
        b'I' => ProcessStatus::Idle,
        b'P' => ProcessStatus::Parked,
        _ => ProcessStatus::Unknown,
    }
}

fn ids([real, effective, saved, _]: [u32; 4]) -> Ids {
    Ids::new(real, effective, Some(saved))
}

#[cfg(all(test, target_os = "linux", feature = "bpf"))]
mod tests {
    use std::process::Command;
    use std::sync::Arc;

    use super::super::Source;
    use super::super::cache::Pass;
    use super::*;
    use crate::sys::Scope;
    use crate::{Backend, Field, FieldSet, Pid};

    #[test]
    fn a_process_of_a_walk_that_has_ended_gives_no_row() {
        let source = &Source::host().with_backend(Backend::Bpf);
        if !bpf::is_in_use(source) {
            return psoxide_testing::skip(
                "task iterators need Linux 6.16, BTF, the first namespaces and the rights of root",
            );
        }
        let fields = FieldSet::from_iter([Field::Name, Field::Cgroup]);
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::try_from(child.id()).unwrap();
        let pass = Arc::new(Pass::over(source, Scope::All { fields, kept: false }));
        let cache = Cache::in_pass(source, &pass, pid, fields);
        let mut handle = Handle { source, pid, start: None, unique: None, cache: &cache };
        handle.start = Some(handle.stat().unwrap().starttime);
        handle.read("cgroup", |_| Ok(())).unwrap();
        assert!(handle.is_of_one_process());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!handle.is_of_one_process());
    }
}
