//! Reads a number for each process that changes when the process does: a hash of `/proc/PID/stat`.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use psoxide_parse::linux::cpu_stat;

use super::Source;
use super::live::{Live, OpenDir};
use crate::system::KeptFiles;
use crate::{Fingerprints, Pid, Result};

/// Reads the fingerprint of each process into `known`, which holds those of an earlier call, or nothing.
pub(super) fn read(source: &Source, known: &mut Fingerprints) -> Result<()> {
    let Fingerprints { by_pid, started, kept } = known;
    if let Some(user) = source.live().map(Live::effective_user) {
        // Another user may not have the right to read the files that are open.
        if kept.opened_by != user {
            kept.by_pid.clear();
        }
        kept.opened_by = user;
    }
    // The forks of all namespaces. They are counted before the pids are listed: a process that is started in between is
    // listed, and is counted the next time.
    let now = source.live().and_then(|_| source.read_one(&source.procfs("stat"), cpu_stat::processes).ok());
    // Where process 1 is hidden (hidepid), a process can come to be seen without being started.
    let sees_all = by_pid.first().is_some_and(|(pid, _)| *pid == 1);
    let reader = Reader { source, procfs: source.live().and_then(Live::open_procfs) };
    if now.is_some() && now == *started && sees_all {
        by_pid.retain_mut(|(pid, fingerprint)| {
            let read = reader.fingerprint(*pid, kept);
            *fingerprint = read.flatten();
            read.is_some()
        });
    } else {
        let pids = source.pids()?;
        kept.by_pid.retain(|pid, _| pids.binary_search(pid).is_ok());
        by_pid.clear();
        by_pid.extend(pids.into_iter().filter_map(|pid| Some((pid, reader.fingerprint(pid, kept)?))));
    }
    *started = now;
    Ok(())
}

struct Reader<'a> {
    source: &'a Source,
    procfs: Option<OpenDir>,
}

impl Reader<'_> {
    /// Reads the fingerprint of a process. Returns `None` if there is no such process, and `Some(None)` if it is refused.
    fn fingerprint(&self, pid: Pid, kept: &mut KeptFiles) -> Option<Option<u64>> {
        // Each call uses the same seed, so that hashes of two calls can be compared.
        let hash = |bytes: &[u8]| Ok(FixedState::default().hash_one(bytes));
        if let Some(kernel) = self.source.live() {
            if let Some(file) = kept.by_pid.get(&pid) {
                if let Ok(fingerprint) = kernel.read_again(file, hash) {
                    return Some(Some(fingerprint));
                }
                // The process has ended, but another one may have the pid since.
                kept.by_pid.remove(&pid);
            }
            if kept.by_pid.len() < kept.most
                && let Ok(file) = kernel.open_to_keep(&self.source.process(pid, "stat"))
                && let Ok(fingerprint) = kernel.read_again(&file, hash)
            {
                kept.by_pid.insert(pid, file);
                return Some(Some(fingerprint));
            }
        }
        match self.source.read_process(self.procfs.as_ref(), pid, "stat", hash) {
            Ok(fingerprint) => Some(Some(fingerprint)),
            Err(error) if error.is_missing() => None,
            Err(_) => Some(None),
        }
    }
}
