//! A process: its identity, its readings and its place in the tree.

mod control;
mod records;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

pub use control::{Child, WaitOutcome, wait_procs};
pub use records::{
    Cgroup, Containment, CtxSwitches, Energy, ExitStatus, Ids, IoCounters, IoPriority, IoPriorityClass, Limit,
    MemoryDetails, MemoryFootprint, MemoryInfo, MemoryMap, MemoryMapGroup, MemoryType, OpenFile, PageFaults,
    ProcessCpuTimes, ProcessStatus, Resource, Scheduling, SchedulingPolicy, Thread, ThreadDetails,
};

use crate::error::ErrorKind;
use crate::memory::percent;
use crate::sys::{Cache, Fate, Handle, Os, Parentage, Platform as _, ProcessReadings as _, SystemReadings as _};
use crate::{Connection, ConnectionKind, Error, Pid, Result, System};

/// A process of a [`System`], identified by its pid and start time. A later process with the same pid has another
/// start.
///
/// On Linux the start time has a resolution of 10 ms. A process that is opened in its first second is also identified by
/// the inode number of its pidfd (since Linux 6.9).
///
/// Signals and changes never reach a later process with the same pid. A getter on Linux checks the start time where its
/// file has one (`/proc/PID/stat`). Others look up a file by the pid, as psutil does. [`is_running`](Self::is_running) says
/// whether the pid is still this process's, and a row of a snapshot is always of one process.
///
/// Each getter reads the kernel again. [`oneshot`](Self::oneshot) returns a view that reads each kernel source once. A
/// getter fails with [`NoSuchProcess`](ErrorKind::NoSuchProcess) if the process has ended. It fails with
/// [`ZombieProcess`](ErrorKind::ZombieProcess) if a zombie no longer has the value, and with
/// [`AccessDenied`](ErrorKind::AccessDenied) if the system denies access.
#[derive(Debug, Clone)]
pub struct Process {
    system: System,
    pid: Pid,
    start: Option<u64>,
    unique: Option<Arc<Unique>>,
    cache: Option<Arc<Cache>>,
}

/// What tells a process from one that took its pid in the clock tick in which both started.
#[derive(Debug)]
struct Unique {
    /// The pidfd's inode number.
    number: u64,
    /// Whether the process was seen after that tick. A process that takes the pid later has another start.
    is_outlived: AtomicBool,
}

impl PartialEq for Process {
    /// Compares the machine, the pid and the start stamp, and the inode numbers of the pidfds if both are known.
    fn eq(&self, other: &Self) -> bool {
        let differ = self.unique().zip(other.unique()).is_some_and(|(own, other)| own != other);
        (self.pid, self.start) == (other.pid, other.start) && !differ && self.system.is_same_machine(&other.system)
    }
}

impl Eq for Process {}

impl Unique {
    fn read(handle: &Handle<'_>) -> Result<Option<Arc<Self>>> {
        // In this order: the process must have its pid after the tick.
        let is_outlived = !Os::is_new(handle)?;
        let number = Os::unique(handle)?;
        Ok(number.map(|number| Arc::new(Self { number, is_outlived: is_outlived.into() })))
    }

    /// Fails if another process took the pid in the clock tick in which this one started.
    fn check(&self, handle: &Handle<'_>) -> Result<()> {
        // In this order: the process must have its pid after the tick.
        let is_over = !Os::is_new(handle)?;
        if Os::unique(handle)?.is_some() && is_over {
            self.is_outlived.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl std::hash::Hash for Process {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.pid, self.start).hash(state);
    }
}

impl Process {
    pub(crate) fn open(system: &System, pid: Pid) -> Result<Self> {
        Self::open_with(system, pid, &Os::cache(system.source(), false))
    }

    /// Opens a process. `cache` may already hold answers about it.
    pub(crate) fn open_with(system: &System, pid: Pid, cache: &Cache) -> Result<Self> {
        let mut handle = Handle { source: system.source(), pid, start: None, unique: None, cache };
        let start = match Os::start(&handle).map_err(|error| explain(&handle, error)) {
            Ok(start) => Some(start),
            // The process exists, but its start time is unknown.
            Err(error) if error.is_access_denied() => None,
            Err(error) => return Err(error),
        };
        handle.start = start;
        let unique = Unique::read(&handle).map_err(|error| explain(&handle, error))?;
        Ok(Self { system: system.clone(), pid, start, unique, cache: None })
    }

    /// Returns the pid.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Returns the machine on which the process runs.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Returns the start stamp in the system's own unit (Linux: clock ticks since boot). With the pid, it identifies
    /// the process. It never changes. `None` means that the system denied access.
    #[must_use]
    pub fn start(&self) -> Option<u64> {
        self.start
    }

    /// Returns the number that the kernel gives to this process only, if it was opened in its first second (Linux 6.9: the
    /// inode number of its pidfd). It tells the process from one that took its pid in the same clock tick.
    #[must_use]
    pub fn unique(&self) -> Option<u64> {
        self.unique.as_ref().map(|unique| unique.number)
    }

    /// Returns a view of this process that reads each kernel source at most once.
    ///
    /// Errors are not cached. Dropping the view drops the cache.
    #[must_use]
    pub fn oneshot(&self) -> Self {
        Self { cache: Some(Arc::new(Os::cache(self.system.source(), true))), ..self.clone() }
    }

    /// Reads something, and checks that it is of this process.
    pub(crate) fn with_handle<T>(&self, read: impl FnOnce(&Handle<'_>) -> Result<T>) -> Result<T> {
        self.act(|handle| {
            let value = read(handle)?;
            match &self.unique {
                Some(unique) if handle.unique.is_some() => unique.check(handle).map(|()| value),
                _ => Ok(value),
            }
        })
    }

    /// Calls `run`, which may end the process, or needs only what is known of it.
    fn act<T>(&self, run: impl FnOnce(&Handle<'_>) -> Result<T>) -> Result<T> {
        let fresh;
        let cache = match &self.cache {
            Some(cache) => cache,
            None => {
                fresh = Os::cache(self.system.source(), false);
                &fresh
            }
        };
        let handle = self.handle(cache);
        run(&handle).map_err(|error| explain(&handle, error))
    }

    pub(crate) fn handle<'a>(&'a self, cache: &'a Cache) -> Handle<'a> {
        let unique = self.unique.as_ref().filter(|unique| !unique.is_outlived.load(Ordering::Relaxed));
        let unique = unique.map(|unique| unique.number);
        Handle { source: self.system.source(), pid: self.pid, start: self.start, unique, cache }
    }

    /// Returns whether the same process still exists, running or as a zombie.
    pub fn is_running(&self) -> Result<bool> {
        match Self::open(&self.system, self.pid) {
            Ok(now) if !self.starts_with(now.start) => Ok(false),
            // The reading itself is of no interest: each one checks which process it is of.
            Ok(_) => match self.with_handle(|_| Ok(())) {
                Err(error) if error.is_no_such_process() => Ok(false),
                checked => checked.map(|()| true),
            },
            Err(error) if error.is_no_such_process() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns whether a process with this start stamp is this one, as far as stamps can tell.
    fn starts_with(&self, start: Option<u64>) -> bool {
        match (start, self.start) {
            (Some(now), Some(then)) => Os::same_start(self.system.source(), now, then),
            (now, then) => now == then,
        }
    }

    /// Reads the parent's pid.
    pub fn ppid(&self) -> Result<Pid> {
        self.with_handle(Os::ppid)
    }

    /// Returns the parent if it still exists. Returns `None` for the first process.
    pub fn parent(&self) -> Result<Option<Self>> {
        let ppid = self.ppid()?;
        // On some systems the process with pid 0 is its own parent.
        if ppid == self.pid {
            return Ok(None);
        }
        match Self::open(&self.system, ppid) {
            // A process that started after its child has taken the real parent's pid.
            Ok(parent) => Ok((!is_older(self.start, parent.start)).then_some(parent)),
            Err(error) if error.is_no_such_process() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the parent, the parent's parent, and so on.
    pub fn parents(&self) -> Result<Vec<Self>> {
        let mut parents: Vec<Self> = Vec::new();
        let mut next = self.parent()?;
        while let Some(parent) = next {
            // A tree that changes during the reading could form a cycle.
            if parent == *self || parents.contains(&parent) {
                break;
            }
            next = parent.parent()?;
            parents.push(parent);
        }
        Ok(parents)
    }

    /// Returns the children or, with `recursive`, all descendants. Parents come before their children.
    pub fn children(&self, recursive: bool) -> Result<Vec<Self>> {
        if !self.is_running()? {
            return Err(Error::no_such_process(self.pid));
        }
        let mut by_parent: HashMap<Pid, Vec<Self>> = HashMap::new();
        for Parentage { pid, start, ppid } in Os::parentage(self.system.source(), self.pid, recursive)? {
            let process = Self { system: self.system.clone(), pid, start, unique: None, cache: None };
            by_parent.entry(ppid).or_default().push(process);
        }
        let mut found: Vec<Self> = Vec::new();
        let mut parents = vec![self.clone()];
        while let Some(of) = parents.pop() {
            // An older process is not a child: its parent's pid was reused by this process. Removing the list prevents
            // cycles.
            let mut children = by_parent.remove(&of.pid).unwrap_or_default();
            children.retain(|child| !is_older(child.start, of.start) && child.pid != self.pid);
            if recursive {
                parents.extend(children.iter().cloned());
            }
            found.append(&mut children);
        }
        for child in &mut found {
            // For a child that has ended, the next reading reports it.
            child.unique = child.with_handle(Unique::read).unwrap_or_default();
        }
        Ok(found)
    }

    /// Reads the name. Linux truncates it to 15 bytes. A longer name is completed from the command line.
    pub fn name(&self) -> Result<OsString> {
        self.with_handle(Os::name)
    }

    /// Reads the name as the kernel keeps it. On Linux it has 15 bytes, and the program can change it.
    pub fn comm(&self) -> Result<OsString> {
        self.with_handle(Os::comm)
    }

    /// Reads the path of the executable. A kernel thread has an empty path. On Windows, a process without an executable
    /// has a name, such as Registry.
    pub fn exe(&self) -> Result<PathBuf> {
        self.with_handle(Os::exe)
    }

    /// Reads the command line.
    pub fn cmdline(&self) -> Result<Vec<OsString>> {
        self.with_handle(Os::cmdline)
    }

    /// Reads the state.
    pub fn status(&self) -> Result<ProcessStatus> {
        self.with_handle(Os::status)
    }

    /// Reads the name of the real user, or the number if it has no name.
    pub fn username(&self) -> Result<OsString> {
        self.with_handle(Os::username)
    }

    /// Reads the user ids.
    pub fn uids(&self) -> Result<Ids> {
        self.with_handle(Os::uids)
    }

    /// Reads the group ids.
    pub fn gids(&self) -> Result<Ids> {
        self.with_handle(Os::gids)
    }

    /// Reads the controlling terminal, if any.
    pub fn terminal(&self) -> Result<Option<PathBuf>> {
        self.with_handle(Os::terminal)
    }

    /// Returns the start time, also of a process that has ended.
    pub fn create_time(&self) -> Result<SystemTime> {
        // It follows from the identity, also after the process has ended.
        self.act(Os::create_time)
    }

    /// Returns the time between boot and start. It never moves with the wall clock, unlike
    /// [`create_time`](Self::create_time).
    pub fn since_boot(&self) -> Result<Duration> {
        let start = match self.start {
            Some(start) => start,
            None => self.with_handle(Os::start)?,
        };
        Os::since_boot(self.system.source(), start).map_err(|error| error.with_pid(self.pid))
    }

    /// Reads the working directory.
    pub fn cwd(&self) -> Result<PathBuf> {
        self.with_handle(Os::cwd)
    }

    /// Reads the environment at the start, in the process's order. The process may have overwritten it.
    pub fn environ(&self) -> Result<Vec<(OsString, OsString)>> {
        self.with_handle(Os::environ)
    }

    /// Reads the nice value, -20 to 19. On Windows, the number of the priority class.
    pub fn nice(&self) -> Result<i32> {
        self.with_handle(Os::nice)
    }

    /// Reads the I/O scheduling class and priority.
    pub fn ionice(&self) -> Result<IoPriority> {
        self.with_handle(Os::ionice)
    }

    /// Reads a resource limit.
    pub fn rlimit(&self, resource: Resource) -> Result<Limit> {
        self.with_handle(|handle| Os::rlimit(handle, resource))
    }

    /// Lists the CPUs that the process may run on, ascending.
    pub fn cpu_affinity(&self) -> Result<Vec<u32>> {
        self.with_handle(Os::cpu_affinity)
    }

    /// Reads the number of the CPU on which the process last ran.
    pub fn cpu_num(&self) -> Result<u32> {
        self.with_handle(Os::cpu_num)
    }

    /// Reads the context switches.
    pub fn num_ctx_switches(&self) -> Result<CtxSwitches> {
        self.with_handle(Os::num_ctx_switches)
    }

    /// Counts the open file descriptors.
    pub fn num_fds(&self) -> Result<u64> {
        self.with_handle(Os::num_fds)
    }

    /// Counts the open handles (Windows).
    pub fn num_handles(&self) -> Result<u64> {
        self.with_handle(Os::num_handles)
    }

    /// Counts the threads.
    pub fn num_threads(&self) -> Result<u64> {
        self.with_handle(Os::num_threads)
    }

    /// Lists the threads, by id.
    pub fn threads(&self) -> Result<Vec<Thread>> {
        self.with_handle(Os::threads)
    }

    /// Reads the name, state, times and nice value of each thread, by id.
    pub fn thread_details(&self) -> Result<Vec<ThreadDetails>> {
        self.with_handle(Os::thread_details)
    }

    /// Reads the scheduling policy and priority.
    pub fn scheduling(&self) -> Result<Scheduling> {
        self.with_handle(Os::scheduling)
    }

    /// Returns whether this is a kernel thread, which has no program and no memory of its own.
    pub fn is_kernel_thread(&self) -> Result<bool> {
        self.with_handle(Os::is_kernel_thread)
    }

    /// Reads the control group, with the systemd unit and the container that its path names.
    pub fn cgroup(&self) -> Result<Cgroup> {
        self.with_handle(Os::cgroup)
    }

    /// Reads the zone, project, task and contract that the process belongs to.
    pub fn containment(&self) -> Result<Containment> {
        self.with_handle(Os::containment)
    }

    /// Reads the number of the process's jail, or 0 outside of jails.
    pub fn jail(&self) -> Result<u32> {
        self.with_handle(Os::jail)
    }

    /// Reads the name of the binary interface (ABI) of the process, such as `FreeBSD ELF64`, or `Linux ELF64` for a
    /// Linux program. SunOS: the data model, `32-bit` or `64-bit`.
    pub fn abi(&self) -> Result<OsString> {
        self.with_handle(Os::abi)
    }

    /// Reads the inode number of the network namespace. Processes with the same number share their interfaces and
    /// ports.
    pub fn net_namespace(&self) -> Result<u64> {
        self.with_handle(Os::net_namespace)
    }

    /// Reads the score by which the kernel chooses a process to kill when memory runs out. The highest score goes
    /// first.
    pub fn oom_score(&self) -> Result<u64> {
        self.with_handle(Os::oom_score)
    }

    /// Reads the CPU times.
    pub fn cpu_times(&self) -> Result<ProcessCpuTimes> {
        self.with_handle(Os::cpu_times)
    }

    /// Reads the memory counters. This is cheap, because the kernel keeps them up to date.
    pub fn memory_info(&self) -> Result<MemoryInfo> {
        self.with_handle(Os::memory_info)
    }

    /// Reads the parts of the memory, and their peaks.
    pub fn memory_details(&self) -> Result<MemoryDetails> {
        self.with_handle(Os::memory_details)
    }

    /// Reads USS, PSS and swap. The kernel walks the page tables for this, which can delay the process.
    pub fn memory_footprint(&self) -> Result<MemoryFootprint> {
        self.with_handle(Os::memory_footprint)
    }

    /// Returns a memory figure as a percentage of physical memory.
    pub fn memory_percent(&self, kind: MemoryType) -> Result<f64> {
        let bytes = kind.of(self)?;
        Ok(percent(bytes, self.system.virtual_memory()?.total))
    }

    /// Lists the memory mappings.
    pub fn memory_maps(&self) -> Result<Vec<MemoryMap>> {
        self.with_handle(Os::memory_maps)
    }

    /// Sums the memory mappings by path, in the order of first appearance.
    pub fn memory_maps_grouped(&self) -> Result<Vec<MemoryMapGroup>> {
        Ok(MemoryMapGroup::group(self.memory_maps()?))
    }

    /// Reads the I/O counters.
    pub fn io_counters(&self) -> Result<IoCounters> {
        self.with_handle(Os::io_counters)
    }

    /// Reads how much energy the cores have used for the process.
    pub fn energy(&self) -> Result<Energy> {
        self.with_handle(Os::energy)
    }

    /// Reads the page faults.
    pub fn page_faults(&self) -> Result<PageFaults> {
        self.with_handle(Os::page_faults)
    }

    /// Lists the open regular files.
    pub fn open_files(&self) -> Result<Vec<OpenFile>> {
        self.with_handle(Os::open_files)
    }

    /// Lists the sockets that the process holds.
    pub fn net_connections(&self, kind: ConnectionKind) -> Result<Vec<Connection>> {
        self.with_handle(|handle| Os::net_connections(handle, kind))
    }
}

/// Returns whether a process started before another one. If either stamp is unknown, the result is false.
fn is_older(start: Option<u64>, other: Option<u64>) -> bool {
    start.zip(other).is_some_and(|(start, other)| start < other)
}

/// Adds the pid to an error, and converts it if the system says that the process is gone, a zombie or refused.
pub(crate) fn explain(handle: &Handle<'_>, error: Error) -> Error {
    let error = error.with_pid(handle.pid);
    match Os::fate(handle, &error) {
        Ok(Fate::Gone) => error.with_kind(ErrorKind::NoSuchProcess),
        Ok(Fate::Zombie) => error.with_kind(ErrorKind::ZombieProcess),
        Ok(Fate::Refused) => error.with_kind(ErrorKind::AccessDenied),
        // The first error is the one to report.
        Ok(Fate::Unclear) | Err(_) => error,
    }
}
