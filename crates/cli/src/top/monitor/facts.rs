//! Facts of processes that seldom change, and cost a file each.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;

use psoxide::{Field, Pid, Reading, Row};

use super::source::Source;
use super::{Entries, Identity};
use crate::process::sample::query;

/// The fields that are kept as facts.
const FACTS: [Field; 8] = [
    Field::Cmdline,
    Field::Username,
    Field::Uids,
    Field::Gids,
    Field::Exe,
    Field::Cwd,
    Field::Cgroup,
    Field::NetNamespace,
];

/// The facts of a process are read again after this many samples.
pub(super) const FRESH: u64 = 30;

/// The facts of all processes, by identity.
///
/// They are read when a process is first seen, when its name changes (it has executed another program), and every
/// [`FRESH`] samples, as others can change them (its cgroup) or it can itself in less than a tick (its command line).
#[derive(Debug, Default)]
pub(super) struct Facts(HashMap<Identity, Known>);

#[derive(Debug)]
struct Known {
    name: Option<OsString>,
    row: Row,
    seen: u64,
}

impl Facts {
    /// Whether a field is kept as a fact.
    pub(super) fn keep(field: Field) -> bool {
        FACTS.contains(&field)
    }

    /// Reads the wanted facts that are missing or old, of the processes of `rows` and of the entries that are the `same` as
    /// in the last sample. `turn` counts the samples.
    pub(super) fn read(
        &mut self,
        source: &mut dyn Source,
        wanted: &[Field],
        rows: &[Row],
        same: &mut Entries,
        turn: u64,
    ) -> psoxide::Result<()> {
        let fields: Vec<Field> = wanted.iter().copied().filter(|field| Self::keep(*field)).collect();
        if fields.is_empty() {
            return Ok(());
        }
        // The pid spreads the processes over the samples.
        let is_due = |row: &Row| (turn + u64::from(row.pid)).is_multiple_of(FRESH);
        let is_stale = |row: &&Row| match self.0.get(&(row.pid, row.start)) {
            Some(known) => {
                (is_due(row) && known.seen != turn)
                    || known.name.as_ref() != row.name.value()
                    || fields.iter().any(|field| matches!(known.row.get(*field), Reading::NotAsked))
            }
            None => true,
        };
        // The facts of an entry that is the same have been read with it.
        let due = same.iter().map(|entry| &entry.proc.row).filter(|row| is_due(row));
        let stale: BTreeMap<Pid, Option<OsString>> =
            rows.iter().chain(due).filter(is_stale).map(|row| (row.pid, row.name.value().cloned())).collect();
        if stale.is_empty() {
            return Ok(());
        }
        let pids: Vec<Pid> = stale.keys().copied().collect();
        for row in source.some_processes(&pids, query(fields))?.processes {
            let name = stale.get(&row.pid).cloned().flatten();
            self.0.insert((row.pid, row.start), Known { name, row, seen: turn });
        }
        for entry in same.iter_mut().filter(|entry| stale.contains_key(&entry.proc.row.pid)) {
            self.add_to(&mut entry.proc.row);
        }
        Ok(())
    }

    /// Forgets the processes that have ended, once there are many of them.
    pub(super) fn forget(&mut self, alive: impl ExactSizeIterator<Item = Identity>) {
        if self.0.len() > alive.len() + alive.len() / 4 {
            let alive: HashSet<Identity> = alive.collect();
            self.0.retain(|id, _| alive.contains(id));
        }
    }

    /// Copies the known facts of a process into its row.
    pub(super) fn add_to(&self, row: &mut Row) {
        if let Some(known) = self.0.get(&(row.pid, row.start)) {
            copy(row, &known.row);
        }
    }
}

/// Copies the facts of one row to another.
pub(super) fn copy(to: &mut Row, from: &Row) {
    fn set<T: Clone>(to: &mut Reading<T>, from: &Reading<T>) {
        *to = from.as_ref().map(T::clone);
    }
    set(&mut to.cmdline, &from.cmdline);
    set(&mut to.username, &from.username);
    set(&mut to.uids, &from.uids);
    set(&mut to.gids, &from.gids);
    set(&mut to.exe, &from.exe);
    set(&mut to.cwd, &from.cwd);
    set(&mut to.cgroup, &from.cgroup);
    set(&mut to.net_namespace, &from.net_namespace);
}
