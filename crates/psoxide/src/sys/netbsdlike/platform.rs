//! The pass, which is the kernel's process table, and the cache of one process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::machine::Machine;
use super::record::Record;
use super::{NetbsdLike, users};
use crate::sys::{Handle, Platform, Scope};
use crate::{Error, FieldSet, Os, Pid, Result};

/// What all processes of one pass share.
#[derive(Debug)]
pub(crate) struct Table {
    /// The processes of one moment, by pid. `None` for a pass that names its processes one by one.
    records: Option<Result<Vec<Record>>>,
    /// The names of users that were looked up.
    names: Mutex<HashMap<u32, OsString>>,
}

impl Table {
    fn get(&self, pid: Pid) -> Option<&Record> {
        let records = self.records.as_ref()?.as_ref().ok()?;
        records.get(records.binary_search_by_key(&pid, |record| record.pid).ok()?)
    }
}

/// What several readings of one process share.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    table: Option<Arc<Table>>,
    record: OnceLock<Record>,
}

/// Reads the process table, by pid.
pub(crate) fn sorted<P: NetbsdLike>(machine: &Machine) -> Result<Vec<Record>> {
    let mut records = P::records(machine)?;
    records.sort_unstable_by_key(|record| record.pid);
    Ok(records)
}

impl<P: NetbsdLike> Platform for P {
    fn os(_: &Machine) -> Os {
        P::OS
    }

    fn is_live(machine: &Machine) -> bool {
        machine.is_live()
    }

    #[cfg(feature = "capture")]
    fn open_capture(capture: crate::sys::question::Capture) -> Result<Machine> {
        Ok(Machine::captured(P::OS, capture))
    }

    fn pass(machine: &Machine, scope: Scope) -> Table {
        let records = match scope {
            Scope::Some => None,
            Scope::All(_) | Scope::Kept(_) => Some(sorted::<P>(machine)),
        };
        Table { records, names: Mutex::default() }
    }

    fn pids_in(machine: &Machine, pass: &Table) -> Result<Vec<Pid>> {
        match &pass.records {
            Some(Ok(records)) => Ok(records.iter().map(|record| record.pid).collect()),
            // The error is not one to keep: the question is asked again.
            Some(Err(_)) | None => Ok(sorted::<P>(machine)?.iter().map(|record| record.pid).collect()),
        }
    }

    fn cache(_: &Machine, _: bool) -> Cache {
        Cache::default()
    }

    fn cache_in(_: &Machine, pass: &Arc<Table>, _: Pid, _: FieldSet) -> Cache {
        Cache { table: Some(Arc::clone(pass)), record: OnceLock::new() }
    }
}

impl<P: NetbsdLike> Handle<'_, P> {
    /// The process's record: that of the pass, or of a question of its own, which is asked once.
    pub(crate) fn record(&self) -> Result<&Record> {
        let record = match self.cache.table.as_ref().and_then(|table| table.get(self.pid)) {
            Some(record) => record,
            None => match self.cache.record.get() {
                Some(record) => record,
                None => {
                    let record = P::record(self.source, self.pid)?;
                    let record = record.ok_or_else(|| Error::no_such_process(self.pid))?;
                    self.cache.record.get_or_init(|| record)
                }
            },
        };
        match self.start {
            Some(start) if !super::process::is_same::<P>(record.stamp, start) => Err(Error::no_such_process(self.pid)),
            _ => Ok(record),
        }
    }

    /// The name of a user, which a pass looks up once.
    pub(crate) fn user_name(&self, uid: u32) -> Result<OsString> {
        let Some(table) = &self.cache.table else { return users::name(self.source, uid) };
        let known = |table: &Table| table.names.lock().unwrap_or_else(PoisonError::into_inner).get(&uid).cloned();
        if let Some(name) = known(table) {
            return Ok(name);
        }
        // The lock is not held meanwhile: the user database may be a server far away.
        let name = users::name(self.source, uid)?;
        table.names.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, name.clone());
        Ok(name)
    }

    /// Explains an error of a question about the process by its state: the kernel also refuses what a zombie or a part
    /// of the kernel does not have. `Ok` if it is a part of the kernel, which has none of what user processes have.
    pub(crate) fn excuse(&self, error: Error) -> Result<()> {
        if error.kind() != crate::ErrorKind::Io {
            return Err(error);
        }
        // What the cache holds may be older than the error.
        self.afresh(self.start, |now| match now.record() {
            Ok(record) if record.is_zombie() => Err(Error::zombie(self.pid)),
            Ok(record) if record.is_kernel => Ok(()),
            Ok(_) => Err(error),
            Err(gone) => Err(gone),
        })
    }
}
