//! The ways to read a process: its handle, its memory, and its entry in the process table. Also what readings share.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use psoxide_parse::windows::peb::{self, Parameters, Text, Width};
use psoxide_parse::windows::process::{self as parse, Times, long_number};
use psoxide_parse::windows::process_table::Process;

use super::abi::{INVALID_PARAMETER, NOACCESS, PARTIAL_COPY, access};
use super::calls::{Aspect, InformationClass, Question, Target};
use super::source::answered;
use super::table::Table;
use super::{Source, Windows};
use crate::sys;
use crate::{Error, ErrorKind, Pid, Result};

/// The pids of the idle process and of the kernel's own process.
pub(super) const SYSTEM_PROCESSES: [Pid; 2] = [0, 4];

/// Data that all processes of one pass share. Each part is read on first use, and dropped with the pass.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// Whether the pass describes one moment, so that one process table is valid for all its processes.
    one_moment: bool,
    table: OnceLock<Table>,
    pub(super) boot: OnceLock<u64>,
    /// The names of accounts, by their security identifiers.
    accounts: Mutex<HashMap<Vec<u8>, OsString>>,
}

impl Pass {
    /// Makes a pass over processes at this moment.
    pub(super) fn now() -> Self {
        Self { one_moment: true, ..Self::default() }
    }

    /// Lists the processes.
    pub(super) fn pids(&self, source: &Source) -> Result<Vec<Pid>> {
        Ok(cached(&self.table, || Table::read(source))?.pids())
    }

    /// Returns the name of an account. Calls `read` once for each account.
    pub(super) fn account(
        &self,
        identifier: Vec<u8>,
        read: impl FnOnce(&[u8]) -> Result<OsString>,
    ) -> Result<OsString> {
        let known = || self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known().get(&identifier) {
            return Ok(name.clone());
        }
        // A domain may take seconds to answer. The lock is free during that time.
        let name = read(&identifier)?;
        known().insert(identifier, name.clone());
        Ok(name)
    }
}

/// Data that several readings of one process share.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Whether several readings follow.
    many: bool,
    limited: OnceLock<Opened>,
    table: OnceLock<Table>,
    parameters: OnceLock<Option<Parameters>>,
    pub(super) pass: Arc<Pass>,
}

impl Cache {
    /// Makes empty cells for several readings of one process.
    pub(crate) fn for_many() -> Self {
        Self { many: true, ..Self::default() }
    }

    /// Makes empty cells for another process of the same pass.
    pub(super) fn in_pass(pass: &Arc<Pass>) -> Self {
        Self { many: true, pass: Arc::clone(pass), ..Self::default() }
    }
}

/// An open process, with its times when it was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) target: Arc<Target>,
    pub(super) times: Times,
}

/// Returns the value in `cell`. If it is empty, calls `read` and keeps its value, but not its error.
pub(super) fn cached<T>(cell: &OnceLock<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = read()?;
    Ok(cell.get_or_init(|| value))
}

/// Reads until no part of the memory is missing. A process that has just started still moves its start parameters.
/// `read` receives whether it has failed before.
fn patiently<T>(read: impl Fn(bool) -> Result<T>, ended: impl Fn() -> Result<bool>) -> Result<T> {
    const ATTEMPTS: u32 = 50;
    let mut attempt = 0;
    loop {
        match read(attempt > 0) {
            Err(error) if is_partial(&error) && ended()? => return Err(error.with_kind(ErrorKind::NoSuchProcess)),
            Err(error) if is_partial(&error) && attempt == ATTEMPTS => {
                return Err(error.with_kind(ErrorKind::AccessDenied));
            }
            Err(error) if is_partial(&error) => {
                attempt += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
            found => return found,
        }
    }
}

/// Returns whether memory was freed during the reading, which looks like memory that may not be read.
fn is_partial(error: &Error) -> bool {
    matches!(error.errno(), Some(PARTIAL_COPY | NOACCESS))
}

impl sys::Handle<'_, Windows> {
    /// Returns this process's entry in the table. Fails if the entry belongs to another process with the same pid.
    pub(super) fn entry(&self) -> Result<&Process> {
        let pass = &self.cache.pass;
        let cell = if pass.one_moment { &pass.table } else { &self.cache.table };
        let entry = cached(cell, || Table::read(self.source))?.get(self.pid);
        entry
            .filter(|entry| self.start.is_none_or(|start| start == entry.create_time))
            .ok_or_else(|| Error::no_such_process(self.pid))
    }

    /// Returns whether the table has been read, or another reading will need it.
    fn prefers_table(&self) -> bool {
        self.cache.many || SYSTEM_PROCESSES.contains(&self.pid)
    }

    /// Opens the process with the access right that almost every process grants.
    pub(super) fn limited(&self) -> Result<&Opened> {
        cached(&self.cache.limited, || self.open(0))
    }

    /// Opens the process with the additional rights `access`. Fails if another process has taken its pid.
    pub(super) fn open(&self, access: u32) -> Result<Opened> {
        let opened = self.open_ended(access)?;
        // A process object exists as long as somebody has it open, even after the process has ended.
        if opened.times.exit == 0 { Ok(opened) } else { Err(Error::no_such_process(self.pid)) }
    }

    /// Opens the process as [`open`](Self::open) does, also if it has ended.
    pub(super) fn open_ended(&self, access: u32) -> Result<Opened> {
        // Windows ignores the last two bits of a pid.
        if !self.pid.is_multiple_of(4) {
            return Err(Error::no_such_process(self.pid));
        }
        let target = Arc::new(Target::new(self.pid, access | access::QUERY_LIMITED_INFORMATION));
        let times = match self.times(&target) {
            // Windows refuses to open the idle process with the error of an unused pid.
            Err(error) if error.errno() == Some(INVALID_PARAMETER) && self.pid != 0 => {
                return Err(Error::no_such_process(self.pid));
            }
            // Windows also refuses to open a process that is about to end.
            Err(error) if error.errno() == Some(INVALID_PARAMETER) || error.is_access_denied() => {
                self.entry()?;
                return Err(error.with_kind(ErrorKind::AccessDenied));
            }
            times => times?,
        };
        match self.start {
            Some(start) if start != times.create => Err(Error::no_such_process(self.pid)),
            _ => Ok(Opened { target, times }),
        }
    }

    fn times(&self, target: &Arc<Target>) -> Result<Times> {
        self.source.read(&Question::Process(Aspect::Open, Arc::clone(target)), parse::times)
    }

    /// Returns whether the process has ended since it was opened.
    pub(super) fn has_ended(&self, opened: &Opened) -> Result<bool> {
        Ok(self.times(&opened.target)?.exit != 0)
    }

    /// Asks a question about the process through its handle.
    pub(super) fn ask(&self, opened: &Opened, aspect: Aspect) -> Result<Vec<u8>> {
        self.source.ask(&Question::Process(aspect, Arc::clone(&opened.target)))
    }

    /// Asks a question that almost every process permits.
    pub(super) fn ask_limited(&self, aspect: Aspect) -> Result<Vec<u8>> {
        self.ask(self.limited()?, aspect)
    }

    /// Reads a value through the handle. Reads the table's entry if the handle is refused, or if other readings use the
    /// table.
    pub(super) fn dual<T>(
        &self,
        read: impl FnOnce(&Opened) -> Result<T>,
        entry: impl FnOnce(&Process) -> T,
    ) -> Result<T> {
        if !self.prefers_table() {
            match self.limited().and_then(read) {
                Err(error) if error.is_access_denied() => {}
                answer => return answer,
            }
        }
        Ok(entry(self.entry()?))
    }

    /// Returns the processor groups of the process's threads. Before Windows 7 there was one group.
    pub(super) fn groups(&self, opened: &Opened) -> Result<Vec<u16>> {
        let groups = answered(self.ask(opened, Aspect::Groups))?;
        Ok(groups.map_or_else(|| vec![0], |bytes| parse::groups(&bytes)))
    }

    /// Opens the process to read its memory.
    pub(super) fn readable(&self) -> Result<Opened> {
        self.open(access::QUERY_INFORMATION | access::VM_READ)
    }

    /// Reads the start parameters of the process. Returns `None` if it has no memory of its own.
    fn parameters(&self, opened: &Opened) -> Result<Option<Parameters>> {
        let information = |class| self.ask(opened, Aspect::Information(class));
        let (width, block) = match long_number(&information(InformationClass::Wow64)?, "Wow64")? {
            0 => (Width::Bits64, peb::peb_address(&information(InformationClass::Basic)?)?),
            block => (Width::Bits32, block),
        };
        if block == 0 {
            return Ok(None);
        }
        let bytes = self.ask(opened, Aspect::ReadMemory(block, width.peb_size()))?;
        let address = peb::parameters_address(&bytes, width)?;
        let bytes = self.ask(opened, Aspect::ReadMemory(address, width.parameters_size()))?;
        Ok(Some(peb::parameters(&bytes, width)?))
    }

    /// Reads from the memory of the process. Returns `None` if it has no memory of its own.
    pub(super) fn memory<T>(&self, read: impl Fn(&Opened, &Parameters) -> Result<T>) -> Result<Option<T>> {
        if SYSTEM_PROCESSES.contains(&self.pid) {
            self.entry()?;
            return Ok(None);
        }
        let opened = self.readable()?;
        let find = |again| {
            let known = if again { None } else { self.cache.parameters.get().copied() };
            let parameters = known.map_or_else(|| self.parameters(&opened), Ok)?;
            let value = parameters.as_ref().map(|parameters| read(&opened, parameters)).transpose()?;
            self.cache.parameters.get_or_init(|| parameters);
            Ok(value)
        };
        patiently(find, || self.has_ended(&opened)).map_err(|error| error.with_pid(self.pid))
    }

    /// Reads a text of the process's start parameters.
    pub(super) fn memory_text(&self, which: fn(&Parameters) -> Text) -> Result<Option<Vec<u16>>> {
        self.memory(|opened, parameters| {
            let text = which(parameters);
            Ok(peb::text(&self.ask(opened, Aspect::ReadMemory(text.address, text.length))?))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::patiently;
    use crate::error::ErrorKind;
    use crate::{Error, Os};

    #[test]
    fn memory_that_is_not_there_yet_is_waited_for() {
        let partial = || Err(Error::answered(Os::Windows, super::PARTIAL_COPY));
        let asked = Cell::new(0);
        let found = |at: u32| {
            asked.set(0);
            let asked = &asked;
            move |again: bool| {
                assert_eq!(again, asked.get() > 0);
                asked.set(asked.get() + 1);
                if asked.get() < at { partial() } else { Ok(at) }
            }
        };
        assert_eq!(patiently(found(3), || Ok(false)).unwrap(), 3);
        assert_eq!(patiently(found(1000), || Ok(false)).unwrap_err().kind(), ErrorKind::AccessDenied);
        assert_eq!(patiently(found(1000), || Ok(true)).unwrap_err().kind(), ErrorKind::NoSuchProcess);
        let refused = || Err::<(), _>(Error::answered(Os::Windows, 5));
        assert_eq!(patiently(|_| refused(), || Ok(true)).unwrap_err().kind(), ErrorKind::AccessDenied);
    }
}
