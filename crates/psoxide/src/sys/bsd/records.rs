//! The records of all processes, as the kernel returned them.

use psoxide_parse::Result;

use crate::Pid;
use crate::sys::Parentage;

/// An answer that holds a record for each process.
#[derive(Debug)]
pub(crate) struct Records {
    bytes: Vec<u8>,
    /// Sorted by pid.
    places: Vec<Place>,
}

/// A process, and where in the answer its record begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) pid: Pid,
    /// The start stamp.
    pub(crate) stamp: u64,
    pub(crate) at: usize,
}

impl Records {
    /// `places` says where in `bytes` the record of each process begins.
    pub(crate) fn new(bytes: Vec<u8>, mut places: Vec<Place>) -> Self {
        places.sort_unstable_by_key(|place| (place.pid, place.at));
        places.dedup_by_key(|place| place.pid);
        Self { bytes, places }
    }

    /// The pids and their start stamps, by pid.
    pub(crate) fn starts(&self) -> Vec<(Pid, u64)> {
        self.places.iter().map(|place| (place.pid, place.stamp)).collect()
    }

    /// Finds the record of a process.
    pub(crate) fn find(&self, pid: Pid) -> Option<Place> {
        let place = self.places.binary_search_by_key(&pid, |place| place.pid).ok()?;
        self.places.get(place).copied()
    }

    /// The record at a place, as `view` reads it.
    pub(crate) fn record<'a, R>(&'a self, place: Place, view: impl FnOnce(&'a [u8]) -> Result<R>) -> Option<R> {
        view(self.bytes.get(place.at..)?).ok()
    }

    /// The parents, which `ppid` reads. A process whose parent makes no sense is nobody's child.
    pub(crate) fn parentage(&self, ppid: impl Fn(&[u8]) -> Result<i32>) -> Vec<Parentage> {
        let parentage = |place: &Place| {
            let ppid = self.record(*place, &ppid)?.try_into().ok()?;
            Some(Parentage { pid: place.pid, start: Some(place.stamp), ppid })
        };
        self.places.iter().filter_map(parentage).collect()
    }
}
