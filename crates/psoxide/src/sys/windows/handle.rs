//! What readings of processes share, and the ways to a process: its handle, its memory, and its entry in the table.

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

/// The process that stands for idle time, and the kernel's own.
pub(super) const SYSTEM_PROCESSES: [Pid; 2] = [0, 4];

/// What all processes of one pass share: read when the first process needs it, forgotten with the pass.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// Whether the pass is of one moment, so that one table is true of all its processes.
    one_moment: bool,
    table: OnceLock<Table>,
    pub(super) boot: OnceLock<u64>,
    /// The names of accounts by their security identifiers.
    accounts: Mutex<HashMap<Vec<u8>, OsString>>,
}

impl Pass {
    /// A pass over processes, now.
    pub(super) fn now() -> Self {
        Self { one_moment: true, ..Self::default() }
    }

    /// Lists the processes.
    pub(super) fn pids(&self, source: &Source) -> Result<Vec<Pid>> {
        Ok(cached(&self.table, || Table::read(source))?.pids())
    }

    /// The name of an account, which `read` reads once.
    pub(super) fn account(
        &self,
        identifier: Vec<u8>,
        read: impl FnOnce(&[u8]) -> Result<OsString>,
    ) -> Result<OsString> {
        let known = || self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known().get(&identifier) {
            return Ok(name.clone());
        }
        // A domain may take seconds to answer: other threads need not wait.
        let name = read(&identifier)?;
        known().insert(identifier, name.clone());
        Ok(name)
    }
}

/// What several readings of one process share.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Whether more than one reading follows.
    many: bool,
    limited: OnceLock<Opened>,
    table: OnceLock<Table>,
    parameters: OnceLock<Option<Parameters>>,
    pub(super) pass: Arc<Pass>,
}

impl Cache {
    /// Empty cells for readings of one process that nobody has named yet.
    pub(crate) fn for_many() -> Self {
        Self { many: true, ..Self::default() }
    }

    /// Empty cells for another process of the same pass.
    pub(super) fn in_pass(pass: &Arc<Pass>) -> Self {
        Self { many: true, pass: Arc::clone(pass), ..Self::default() }
    }
}

/// A process that has been opened, and its times then.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) target: Arc<Target>,
    pub(super) times: Times,
}

/// The value in `cell`, which `read` reads once. Errors are not kept.
pub(super) fn cached<T>(cell: &OnceLock<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = read()?;
    Ok(cell.get_or_init(|| value))
}

/// Reads until all memory is there: a process that has just begun still moves what it was started with. `read` is told
/// whether it has failed before.
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

/// Whether memory went while it was read, which looks like memory that may not be read.
fn is_partial(error: &Error) -> bool {
    matches!(error.errno(), Some(PARTIAL_COPY | NOACCESS))
}

impl sys::Handle<'_, Windows> {
    /// The entry of this process in the table, and not that of another process with the same pid.
    pub(super) fn entry(&self) -> Result<&Process> {
        let pass = &self.cache.pass;
        let cell = if pass.one_moment { &pass.table } else { &self.cache.table };
        let entry = cached(cell, || Table::read(self.source))?.get(self.pid);
        entry
            .filter(|entry| self.start.is_none_or(|start| start == entry.create_time))
            .ok_or_else(|| Error::no_such_process(self.pid))
    }

    /// Whether the table has been read, or another reading will need it.
    fn prefers_table(&self) -> bool {
        self.cache.many || SYSTEM_PROCESSES.contains(&self.pid)
    }

    /// Opens the process with the right that almost every process grants.
    pub(super) fn limited(&self) -> Result<&Opened> {
        cached(&self.cache.limited, || self.open(0))
    }

    /// Opens the process with the rights `access` too: this process, and not another that has taken its pid.
    pub(super) fn open(&self, access: u32) -> Result<Opened> {
        let opened = self.open_ended(access)?;
        // The object of a process lives on while somebody has it open.
        if opened.times.exit == 0 { Ok(opened) } else { Err(Error::no_such_process(self.pid)) }
    }

    /// As [`open`](Self::open), also if the process has ended.
    pub(super) fn open_ended(&self, access: u32) -> Result<Opened> {
        // Windows ignores the last two bits.
        if !self.pid.is_multiple_of(4) {
            return Err(Error::no_such_process(self.pid));
        }
        let target = Arc::new(Target::new(self.pid, access | access::QUERY_LIMITED_INFORMATION));
        let times = match self.times(&target) {
            // Windows refuses to open the idle process as if nobody had its pid.
            Err(error) if error.errno() == Some(INVALID_PARAMETER) && self.pid != 0 => {
                return Err(Error::no_such_process(self.pid));
            }
            // It also refuses to open a process that is about to end.
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

    /// Whether the process has ended since it was opened.
    pub(super) fn has_ended(&self, opened: &Opened) -> Result<bool> {
        Ok(self.times(&opened.target)?.exit != 0)
    }

    /// Asks something about the process through its handle.
    pub(super) fn ask(&self, opened: &Opened, aspect: Aspect) -> Result<Vec<u8>> {
        self.source.ask(&Question::Process(aspect, Arc::clone(&opened.target)))
    }

    /// Asks something that almost every process grants.
    pub(super) fn ask_limited(&self, aspect: Aspect) -> Result<Vec<u8>> {
        self.ask(self.limited()?, aspect)
    }

    /// Reads from the handle. Where the handle is refused, or the table serves other readings too, reads the entry.
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

    /// The processor groups of the threads of the process. Before Windows 7 there was one.
    pub(super) fn groups(&self, opened: &Opened) -> Result<Vec<u16>> {
        let groups = answered(self.ask(opened, Aspect::Groups))?;
        Ok(groups.map_or_else(|| vec![0], |bytes| parse::groups(&bytes)))
    }

    /// Opens the process to read its memory.
    pub(super) fn readable(&self) -> Result<Opened> {
        self.open(access::QUERY_INFORMATION | access::VM_READ)
    }

    /// Reads what the process was started with; `None` if it has no memory of its own.
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

    /// Reads something from the memory of the process; `None` if it has no memory of its own.
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

    /// Reads a text that the process was started with.
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
