//! Turns counters that wrap into counters that only grow.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

use crate::{DiskIo, NetIo};

/// Remembers counters between calls, so that a counter that wrapped or was reset keeps growing.
///
/// Kernels count some disk and network events in 32 bits. Pass every reading through the same guard. The guard forgets
/// a device that disappears.
///
/// ```
/// use psoxide::{NetIo, Record as _, WrapGuard};
///
/// let reading = |sent| vec![("eth0".into(), NetIo::with(|counters| counters.bytes_sent = sent))];
/// let mut guard = WrapGuard::default();
/// assert_eq!(guard.grow(reading(4_294_967_290))[0].1.bytes_sent, 4_294_967_290);
/// assert_eq!(guard.grow(reading(10))[0].1.bytes_sent, 4_294_967_300);
/// ```
#[derive(Debug, Clone)]
pub struct WrapGuard<T> {
    last: HashMap<OsString, (T, T)>,
}

impl<T> Default for WrapGuard<T> {
    fn default() -> Self {
        Self { last: HashMap::new() }
    }
}

impl<T: Counting> WrapGuard<T> {
    /// Returns the counters, each plus what it had reached before it wrapped.
    pub fn grow(&mut self, reading: Vec<(OsString, T)>) -> Vec<(OsString, T)> {
        let mut next = HashMap::with_capacity(reading.len());
        let mut grown = Vec::with_capacity(reading.len());
        for (name, now) in reading {
            let carried = match self.last.get(&name) {
                Some((then, carried)) => carried.plus(&now.went_back_from(then)),
                // No counter has wrapped yet: start with zeros in the fields that this system has.
                None => now.went_back_from(&now),
            };
            grown.push((name.clone(), now.plus(&carried)));
            next.insert(name, (now, carried));
        }
        self.last = next;
        grown
    }
}

/// A record of counters.
pub trait Counting: Clone {
    /// Returns the sums of both.
    #[must_use]
    fn plus(&self, other: &Self) -> Self;
    /// Returns the earlier value of each counter that decreased, and 0 for the others.
    #[must_use]
    fn went_back_from(&self, then: &Self) -> Self;
}

fn went_back<N: Ord + Default>(now: N, then: N) -> N {
    if now < then { then } else { N::default() }
}

impl Counting for DiskIo {
    fn plus(&self, other: &Self) -> Self {
        Self::plus(self, other)
    }

    fn went_back_from(&self, then: &Self) -> Self {
        self.zip(then, went_back::<u64>, went_back::<Duration>)
    }
}

impl Counting for NetIo {
    fn plus(&self, other: &Self) -> Self {
        Self::plus(self, other)
    }

    fn went_back_from(&self, then: &Self) -> Self {
        self.zip(then, went_back::<u64>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(read_count: u64, busy: u64) -> Vec<(OsString, DiskIo)> {
        let busy_time = Some(Duration::from_millis(busy));
        vec![("sda".into(), DiskIo { read_count, busy_time, ..DiskIo::default() })]
    }

    #[test]
    fn each_counter_that_goes_back_carries_on() {
        let mut guard = WrapGuard::default();
        for (reading, count, busy) in [((100, 50), 100, 50), ((5, 60), 105, 60), ((7, 1), 107, 61), ((3, 2), 110, 62)] {
            let grown = guard.grow(disk(reading.0, reading.1));
            assert_eq!(grown, disk(count, busy));
        }
    }

    #[test]
    fn a_device_that_disappears_is_forgotten() {
        let mut guard = WrapGuard::default();
        guard.grow(disk(100, 0));
        guard.grow(Vec::new());
        assert_eq!(guard.grow(disk(5, 0)), disk(5, 0));
    }
}
