//! The pass, which holds the kernel's process table, and the cache of one process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use psoxide_parse::bsd::interface::Interfaces;

use super::machine::{Answered, Machine, Question, cached, parsed};
use super::{moment, text};
#[cfg(feature = "capture")]
use crate::sys::question::{Capture, Recorder};
use crate::sys::{
    Handle, Parentage, Platform, PressureReadings, ProcessReadings, Scope, ServiceReadings, SystemReadings, Types,
};
use crate::{Connection, ConnectionKind, Error, FieldSet, HostInfo, Os, Pid, Result};
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos"))]
use crate::{Limit, Resource};

/// A system whose kernel returns a table of all processes in one answer.
pub(crate) trait Bsd:
    Types<
        Source = Machine<<Self as Bsd>::Question>,
        Pass = Pass<<Self as Bsd>::Table>,
        Cache = Cache<<Self as Bsd>::Table, <Self as Bsd>::Cells>,
    >
{
    /// The system.
    const OS: Os;

    /// How the system describes its interfaces.
    const INTERFACES: Interfaces;

    /// What the port asks its kernel.
    type Question: Question;
    /// All processes of one moment.
    type Table: Debug + Send + Sync;
    /// A cell for each answer about one process.
    type Cells: Debug + Default + Send + Sync;

    /// Reads all processes.
    fn table(machine: &Self::Source) -> Result<Self::Table>;

    /// Lists the processes of a table with their start stamps, by pid.
    fn starts(table: &Self::Table) -> Vec<(Pid, u64)>;

    /// Lists the parents of the processes of a table.
    fn parentage(table: &Self::Table) -> Vec<Parentage>;

    /// Fails with `NoSuchProcess` if the record of a process is of another one than the handle insists on.
    fn check(process: &Handle<'_, Self>) -> Result<()>;

    /// Whether there is a process with this pid.
    fn exists(machine: &Self::Source, pid: Pid) -> Result<bool>;

    /// Reads the sockets of all processes.
    fn sockets(machine: &Self::Source, kind: ConnectionKind) -> Result<Vec<Connection>>;

    /// Reads when the machine was booted, as the wall clock says now.
    fn boot(machine: &Self::Source) -> Result<Duration> {
        machine.boot()
    }

    /// Sets a resource limit of a process, whose identity has just been checked.
    #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos"))]
    fn set_limit(_: Pid, _: Resource, _: Limit) -> Result<()> {
        Err(Error::unsupported("set_rlimit"))
    }

    /// Sets the CPUs that a process may run on. Its identity has just been checked.
    #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos"))]
    fn set_cpus(_: Pid, _: &[u32]) -> Result<()> {
        Err(Error::unsupported("set_cpu_affinity"))
    }

    /// Whether the answer to a question is the environment of a process, which a capture must not hold.
    #[cfg(feature = "capture")]
    fn is_environment(question: &str) -> bool;
}

/// What all processes of one pass share.
#[derive(Debug)]
pub(crate) struct Pass<T> {
    /// Whether all or most processes will be read, so that the table is worth its price.
    is_whole: bool,
    /// Whether all rows are read in one go and checked at the end.
    checks_together: bool,
    table: OnceLock<T>,
    /// Whether the kernel was asked about a pid since the table was read.
    asked_by_pid: AtomicBool,
    /// The names of users that were looked up.
    names: Mutex<HashMap<u32, OsString>>,
}

/// What several readings of one process share.
#[derive(Debug)]
pub(crate) struct Cache<T, C> {
    pass: Option<Arc<Pass<T>>>,
    /// Whether the kernel was asked about the pid, apart from the record.
    asked_by_pid: AtomicBool,
    pub(crate) cells: C,
}

impl<T, C: Default> Cache<T, C> {
    fn new(pass: Option<Arc<Pass<T>>>) -> Self {
        Self { pass, asked_by_pid: AtomicBool::new(false), cells: C::default() }
    }
}

impl<P: Bsd> Platform for P {
    fn os(_: &Self::Source) -> Os {
        P::OS
    }

    fn is_live(machine: &Self::Source) -> bool {
        machine.is_live()
    }

    #[cfg(feature = "capture")]
    fn open_capture(capture: Capture) -> Result<Self::Source> {
        Ok(Machine::captured(P::OS, capture))
    }

    #[cfg(feature = "capture")]
    fn recorded(machine: &Self::Source, capture: Capture, _: &[Pid]) -> Result<(Option<Self::Source>, Recorder)> {
        machine.recorded(capture).map(|(machine, recorder)| (Some(machine), recorder))
    }

    #[cfg(feature = "capture")]
    fn is_environment(question: &str) -> bool {
        <P as Bsd>::is_environment(question)
    }

    fn pass(_: &Self::Source, scope: Scope) -> Self::Pass {
        Pass {
            is_whole: matches!(scope, Scope::All { .. }),
            checks_together: matches!(scope, Scope::All { kept: false, .. }),
            table: OnceLock::new(),
            asked_by_pid: AtomicBool::new(false),
            names: Mutex::default(),
        }
    }

    fn checks_together(pass: &Self::Pass) -> bool {
        pass.checks_together
    }

    /// Reads the table once more. Between two tables with the same start stamp, no other process had the pid.
    fn survivors(machine: &Self::Source, pass: &Self::Pass) -> Result<Option<Vec<(Pid, u64)>>> {
        if !pass.checks_together || !pass.asked_by_pid.load(Ordering::Relaxed) {
            return Ok(None);
        }
        Ok(Some(P::starts(&P::table(machine)?)))
    }

    fn pids_in(machine: &Self::Source, pass: &Self::Pass) -> Result<Vec<Pid>> {
        Ok(pids(&P::starts(cached(&pass.table, || P::table(machine))?)))
    }

    fn cache(_: &Self::Source, _: bool) -> Self::Cache {
        Cache::new(None)
    }

    fn cache_in(_: &Self::Source, pass: &Arc<Self::Pass>, _: Pid, _: FieldSet) -> Self::Cache {
        Cache::new(Some(Arc::clone(pass)))
    }
}

impl<P: Bsd> Handle<'_, P> {
    /// The table of the pass, if the pass reads all or most processes.
    pub(crate) fn table(&self) -> Result<Option<&P::Table>> {
        let pass = self.cache.pass.as_ref().filter(|pass| pass.is_whole);
        pass.map(|pass| cached(&pass.table, || P::table(self.source))).transpose()
    }

    /// Asks a question about the pid, and checks that the process has it.
    ///
    /// Without a cached record, the check reads the record after the answer, which so is of this process. Rows of a pass
    /// are checked again at the end.
    pub(crate) fn ask(&self, question: &P::Question) -> Result<Vec<u8>> {
        self.cache.asked_by_pid.store(true, Ordering::Relaxed);
        if let Some(pass) = &self.cache.pass {
            pass.asked_by_pid.store(true, Ordering::Relaxed);
        }
        let answer = self.source.ask(question);
        if self.start.is_some() {
            P::check(self)?;
        }
        answer
    }

    /// Asks a question about the pid as [`ask`](Self::ask) does, and parses the answer.
    pub(crate) fn read<T>(
        &self,
        question: &P::Question,
        parse: impl FnOnce(&[u8]) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        parsed(question, &self.ask(question)?, parse)
    }

    /// Asks a question about the pid as [`ask`](Self::ask) does. Its answer is parsed in several steps.
    pub(crate) fn answer(&self, question: P::Question) -> Result<Answered<P::Question>> {
        Ok(Answered::new(self.ask(&question)?, question))
    }

    /// Whether all answers about the pid are of this process. A pass that checks its rows together does so at the end.
    pub(crate) fn is_whole(&self) -> Result<bool>
    where
        P: ProcessReadings,
    {
        let is_checked_later = self.cache.pass.as_ref().is_some_and(|pass| pass.checks_together);
        if is_checked_later || !self.cache.asked_by_pid.load(Ordering::Relaxed) {
            return Ok(true);
        }
        self.still_exists()
    }

    /// The name of a user, which a pass looks up once.
    pub(crate) fn user_name(&self, uid: u32) -> Result<OsString> {
        let Some(pass) = &self.cache.pass else { return self.source.user_name(uid) };
        let names = || pass.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = names().get(&uid) {
            return Ok(name.clone());
        }
        // The lock is not held meanwhile: the user database may be a server far away.
        let name = self.source.user_name(uid)?;
        names().insert(uid, name.clone());
        Ok(name)
    }
}

impl<P: Bsd> SystemReadings for P {
    fn pids(machine: &Self::Source) -> Result<Vec<Pid>> {
        Ok(pids(&P::starts(&P::table(machine)?)))
    }

    fn boot_time(machine: &Self::Source) -> Result<SystemTime> {
        Ok(moment(P::boot(machine)?, "kern.boottime")?)
    }

    fn host_info(machine: &Self::Source) -> Result<HostInfo> {
        let line = |name| {
            let answer = machine.ask(&P::Question::sysctl(name))?;
            let line = answer.split(|byte| matches!(byte, 0 | b'\n')).next().unwrap_or_default();
            Ok::<_, Error>(text(line).to_string_lossy().into_owned())
        };
        Ok(HostInfo {
            hostname: line("kern.hostname")?,
            system: line("kern.ostype")?,
            release: line("kern.osrelease")?,
            // Further lines name the directory that the kernel was built in.
            version: line("kern.version")?,
            machine: Some(line("hw.machine")?),
        })
    }

    fn uptime(machine: &Self::Source) -> Result<Duration> {
        Ok(machine.now()?.saturating_sub(P::boot(machine)?))
    }

    fn pid_exists(machine: &Self::Source, pid: Pid) -> Result<bool> {
        P::exists(machine, pid)
    }

    fn parentage(machine: &Self::Source, _: Pid, _: bool) -> Result<Vec<Parentage>> {
        Ok(<P as Bsd>::parentage(&P::table(machine)?))
    }
}

fn pids(starts: &[(Pid, u64)]) -> Vec<Pid> {
    starts.iter().map(|(pid, _)| *pid).collect()
}

/// A capture cannot be acted on.
#[cfg(not(any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_os = "macos")))]
impl<P: Bsd> crate::sys::Control for P {}

impl<P: Bsd> PressureReadings for P {}

impl<P: Bsd> ServiceReadings for P {}
