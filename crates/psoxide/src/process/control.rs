//! Signals to a process, changes to its properties, and waiting for its end.

use std::ops::Deref;
use std::process::Command;
use std::time::Duration;

use crate::sys::{Cache, Control as _, Handle, Os, Platform as _, SystemReadings as _};
use crate::{Error, ExitStatus, IoPriority, Limit, Process, Resource, Result, Signal, System};

impl Process {
    fn control<T>(&self, call: &'static str, run: impl FnOnce(&Handle<'_>) -> Result<T>) -> Result<T> {
        if !self.system().is_live() {
            return Err(Error::unsupported(call).with_pid(self.pid()));
        }
        self.act(run)
    }

    /// Sends a signal to this process, never to a later process with the same pid.
    ///
    /// Linux before 6.9 cannot tell apart two processes that get the same pid within one clock tick (10 ms). The BSDs, macOS
    /// and SunOS signal by the pid alone: the start stamp is checked immediately before.
    ///
    /// # Errors
    /// Fails with [`NoSuchProcess`](crate::ErrorKind::NoSuchProcess) if the process is gone, and with
    /// [`AccessDenied`](crate::ErrorKind::AccessDenied). A zombie accepts any signal.
    pub fn send_signal(&self, signal: Signal) -> Result<()> {
        if signal.is_absent() {
            return Err(Error::unsupported("this signal").with_pid(self.pid()));
        }
        self.control("send_signal", |handle| Os::send_signal(handle, signal))
    }

    /// Suspends the process (POSIX: SIGSTOP).
    pub fn suspend(&self) -> Result<()> {
        self.control("suspend", Os::suspend)
    }

    /// Resumes the process (POSIX: SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.control("resume", Os::resume)
    }

    /// Terminates the process (POSIX: SIGTERM, which it can catch). On Windows it ends at once.
    pub fn terminate(&self) -> Result<()> {
        self.send_signal(Signal::TERM)
    }

    /// Kills the process (POSIX: SIGKILL). On Windows the exit code is that signal's number.
    pub fn kill(&self) -> Result<()> {
        self.send_signal(Signal::KILL)
    }

    /// Waits for the process to end. Returns its exit status if it is a child of the caller (Windows: any process).
    ///
    /// SunOS: the process is polled, and its end is noticed at most 40 ms late. NetBSD and OpenBSD do the same for a process
    /// that the kernel refuses to watch: another user's, or one that runs a set-user-ID program.
    ///
    /// # Errors
    /// Fails with [`Timeout`](crate::ErrorKind::Timeout) if the process still runs after `timeout`.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<Option<ExitStatus>> {
        let outcome = wait_procs(std::slice::from_ref(self), timeout, |_, _| {})?;
        match outcome.gone.into_iter().next() {
            Some((_, status)) => Ok(status),
            None => Err(Error::timeout().with_pid(self.pid())),
        }
    }

    /// Sets the nice value, -20 to 19. On Windows, sets the priority class.
    pub fn set_nice(&self, value: i32) -> Result<()> {
        self.control("set_nice", |handle| Os::set_nice(handle, value))
    }

    /// Sets the I/O scheduling class and priority.
    pub fn set_ionice(&self, priority: IoPriority) -> Result<()> {
        if let Some(value) = priority.value.filter(|value| *value > 7) {
            return Err(Error::invalid(format!("I/O priority {value} is not within 0 to 7")));
        }
        self.control("set_ionice", |handle| Os::set_ionice(handle, priority))
    }

    /// Sets a resource limit.
    pub fn set_rlimit(&self, resource: Resource, limit: Limit) -> Result<()> {
        self.control("set_rlimit", |handle| Os::set_rlimit(handle, resource, limit))
    }

    /// Sets the CPUs that the process may run on.
    pub fn set_cpu_affinity(&self, cpus: &[u32]) -> Result<()> {
        if cpus.is_empty() {
            return Err(Error::invalid("no CPU is named that it may run on"));
        }
        self.control("set_cpu_affinity", |handle| Os::set_cpu_affinity(handle, cpus))
    }
}

/// The processes that ended during a wait, and those that did not.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct WaitOutcome {
    /// Processes that ended, in the order found, with the exit status of the caller's children.
    pub gone: Vec<(Process, Option<ExitStatus>)>,
    /// Processes that still ran at the timeout.
    pub alive: Vec<Process>,
}

/// Waits until all `processes` have ended or the timeout expires. Calls `ended` for each that ends.
///
/// One poll(2) call on pidfds covers all processes (the BSDs and macOS: one kqueue(2)). SunOS polls each process. So do
/// NetBSD and OpenBSD for a process that the kernel refuses to watch.
///
/// # Errors
/// Fails for a captured process, and if a system call fails. A timeout is not an error: see
/// [`WaitOutcome::alive`].
pub fn wait_procs(
    processes: &[Process],
    timeout: Option<Duration>,
    mut ended: impl FnMut(&Process, Option<ExitStatus>),
) -> Result<WaitOutcome> {
    if let Some(copy) = processes.iter().find(|process| !process.system().is_live()) {
        return Err(Error::unsupported("wait").with_pid(copy.pid()));
    }
    let caches: Vec<Cache> = processes.iter().map(|process| Os::cache(process.system().source(), false)).collect();
    let handles: Vec<Handle<'_>> =
        processes.iter().zip(&caches).map(|(process, cache)| process.handle(cache)).collect();
    let mut gone = Vec::new();
    let mut alive: Vec<Option<&Process>> = processes.iter().map(Some).collect();
    Os::wait_each(&handles, timeout, &mut |place, status| {
        if let Some(process) = alive.get_mut(place).and_then(Option::take) {
            ended(process, status);
            gone.push((process.clone(), status));
        }
    })?;
    Ok(WaitOutcome { gone, alive: alive.into_iter().flatten().cloned().collect() })
}

/// A child process: a [`Process`] with its pipes.
#[derive(Debug)]
pub struct Child {
    process: Process,
    child: std::process::Child,
}

impl Child {
    /// Starts `command`.
    ///
    /// # Errors
    /// Fails if the command cannot be started, or if /proc belongs to another pid namespace.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let system = System::host();
        if Os::current_pid(system.source())? != std::process::id() {
            return Err(Error::unsupported("following a child in the /proc of another pid namespace"));
        }
        let mut child = command.spawn().map_err(|error| Error::io(error).with_path(command.get_program()))?;
        // The child is not reaped yet, so its pid cannot belong to another process, even if it is a zombie.
        match system.process(child.id()) {
            Ok(process) => Ok(Self { process, child }),
            Err(error) => {
                // A child without a `Process` must not stay behind. The first error is the one to report.
                let _ = child.kill().and_then(|()| child.wait());
                Err(error)
            }
        }
    }

    /// Returns the standard library's child, with its pipes.
    pub fn pipes(&mut self) -> &mut std::process::Child {
        &mut self.child
    }
}

impl Deref for Child {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}
