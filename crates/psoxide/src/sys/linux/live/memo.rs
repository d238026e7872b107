//! Caches facts about the calling process. A forked child finds the cache empty, because it may be in other namespaces.

use std::sync::atomic::Ordering;

use once_cell::race::OnceBox;

use super::ffi::WipedOnFork;

/// Facts about the calling process, and what they depend on. Reading and storing them never waits.
#[derive(Debug, Default)]
pub(crate) struct Memo(OnceBox<Option<WipedOnFork>>);

/// The cell for whether system calls use the pids of the file system at /proc: its device, and two bits.
const OWN_PIDS: usize = 0;
/// The cell for whether pidfds describe processes: two bits.
const PIDFDS: usize = 1;
/// The two bits of an answer. If neither is set, there is no answer.
const YES: u64 = 0b11;
const NO: u64 = 0b10;

impl Memo {
    fn get(&self, cell: usize) -> u64 {
        self.cells().and_then(|cells| cells.cell(cell)).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    fn set(&self, cell: usize, value: u64) {
        if let Some(cell) = self.cells().and_then(|cells| cells.cell(cell)) {
            cell.store(value, Ordering::Relaxed);
        }
    }

    /// Returns the cells. On kernels before Linux 4.14 there are none, and nothing is cached.
    fn cells(&self) -> Option<&WipedOnFork> {
        self.0.get_or_init(|| Box::new(WipedOnFork::new())).as_ref()
    }

    /// Returns whether pids of the file system on this device are the caller's own, if that is cached.
    pub(crate) fn own_pids(&self, device: u64) -> Option<bool> {
        let known = self.get(OWN_PIDS);
        answer(known).filter(|_| known >> 2 == device)
    }

    pub(crate) fn set_own_pids(&self, device: u64, own: bool) {
        self.set(OWN_PIDS, device << 2 | if own { YES } else { NO });
    }

    pub(crate) fn pidfds_describe(&self) -> Option<bool> {
        answer(self.get(PIDFDS))
    }

    pub(crate) fn set_pidfds_describe(&self, describe: bool) {
        self.set(PIDFDS, if describe { YES } else { NO });
    }
}

fn answer(known: u64) -> Option<bool> {
    match known & YES {
        0 => None,
        answer => Some(answer == YES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_hold_for_their_device() {
        let memo = Memo::default();
        assert_eq!((memo.own_pids(5), memo.pidfds_describe()), (None, None));
        memo.set_own_pids(5, false);
        memo.set_pidfds_describe(true);
        assert_eq!((memo.own_pids(5), memo.own_pids(6), memo.pidfds_describe()), (Some(false), None, Some(true)));
        memo.set_own_pids(6, true);
        assert_eq!((memo.own_pids(5), memo.own_pids(6)), (None, Some(true)));
    }
}
