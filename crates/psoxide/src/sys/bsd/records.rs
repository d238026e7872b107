//! The records of all processes, as the kernel returned them.

use psoxide_parse::Result;

use crate::Pid;

/// An answer that holds a record for each process.
#[derive(Debug)]
pub(crate) struct Records {
    bytes: Vec<u8>,
    /// Where the record of each process begins, sorted by pid.
    places: Vec<(Pid, usize)>,
}

impl Records {
    /// `places` says where in `bytes` the record of each process begins.
    pub(crate) fn new(bytes: Vec<u8>, mut places: Vec<(Pid, usize)>) -> Self {
        places.sort_unstable();
        places.dedup_by_key(|(pid, _)| *pid);
        Self { bytes, places }
    }

    pub(crate) fn pids(&self) -> Vec<Pid> {
        self.places.iter().map(|(pid, _)| *pid).collect()
    }

    /// The record of a process, as `view` reads it.
    pub(crate) fn get<'a, R>(&'a self, pid: Pid, view: impl FnOnce(&'a [u8]) -> Result<R>) -> Option<R> {
        let place = self.places.binary_search_by_key(&pid, |(pid, _)| *pid).ok()?;
        let (_, at) = self.places.get(place)?;
        view(self.bytes.get(*at..)?).ok()
    }

    /// The records, by pid.
    pub(crate) fn all<'a, R>(&'a self, view: impl Fn(&'a [u8]) -> Result<R>) -> impl Iterator<Item = R> {
        self.places.iter().filter_map(move |(_, at)| view(self.bytes.get(*at..)?).ok())
    }
}
