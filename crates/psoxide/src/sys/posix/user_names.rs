//! Looks up user names in the C library's database, and keeps forks away from a look-up.
//!
//! glibc loads the modules of nsswitch.conf(5) at the first look-up. The lock that it holds meanwhile is not released in
//! a child forked by another thread, which then waits for ever at its own first look-up. So a fork waits for the
//! look-ups that run, and a look-up for the forks. Neither waits longer than a second, because a directory in the network
//! may take minutes to answer.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::ffi;
use crate::sys::question::Answer;

/// The gate of this program.
static GATE: Gate = Gate::new(Duration::from_secs(1));
/// Whether forks call the functions of this file. Two threads may both arrange that, which does no harm.
static HOOKED: AtomicBool = AtomicBool::new(false);

/// Returns the name of a user by getpwuid_r(3). `ENOENT` means that no user has the id.
pub(crate) fn name(uid: u32) -> Answer {
    apart_from_forks(|| ffi::user_name(uid))
}

/// Calls `look_up` while no thread forks. A lock that `look_up` takes and releases is free in every child.
pub(crate) fn apart_from_forks<T>(look_up: impl FnOnce() -> T) -> T {
    if !HOOKED.load(Ordering::Acquire) && ffi::at_fork(before_fork, in_parent, in_child).is_ok() {
        HOOKED.store(true, Ordering::Release);
    }
    let _running = GATE.look_up();
    look_up()
}

extern "C" fn before_fork() {
    GATE.before_fork();
}

extern "C" fn in_parent() {
    GATE.in_parent();
}

extern "C" fn in_child() {
    GATE.in_child();
}

/// Counts look-ups and forks, so that neither begins while the other runs.
struct Gate {
    /// Look-ups that run now.
    lookups: AtomicU32,
    /// Forks that have begun and not returned.
    forks: AtomicU32,
    /// The time after which a waiting thread goes on.
    longest: Duration,
}

impl Gate {
    const fn new(longest: Duration) -> Self {
        Self { lookups: AtomicU32::new(0), forks: AtomicU32::new(0), longest }
    }

    /// Waits until no fork runs, and begins a look-up.
    fn look_up(&self) -> Lookup<'_> {
        // Whoever announces itself last sees the other, because both announce themselves before they look.
        self.lookups.fetch_add(1, Ordering::SeqCst);
        if self.forks.load(Ordering::SeqCst) != 0 {
            subtract_one(&self.lookups);
            self.wait_until_zero(&self.forks);
            self.lookups.fetch_add(1, Ordering::SeqCst);
        }
        Lookup(self)
    }

    fn before_fork(&self) {
        self.forks.fetch_add(1, Ordering::SeqCst);
        self.wait_until_zero(&self.lookups);
    }

    fn in_parent(&self) {
        subtract_one(&self.forks);
    }

    /// The threads that looked up names or forked do not exist in the child.
    fn in_child(&self) {
        self.forks.store(0, Ordering::SeqCst);
        self.lookups.store(0, Ordering::SeqCst);
    }

    fn wait_until_zero(&self, counter: &AtomicU32) {
        let begin = Instant::now();
        while counter.load(Ordering::SeqCst) != 0 && begin.elapsed() < self.longest {
            thread::sleep(Duration::from_micros(100));
        }
    }
}

/// A look-up that runs, until it is dropped.
struct Lookup<'a>(&'a Gate);

impl Drop for Lookup<'_> {
    fn drop(&mut self) {
        subtract_one(&self.0.lookups);
    }
}

/// Subtracts one from a counter, unless a fork has set it to zero.
fn subtract_one(counter: &AtomicU32) {
    let _ = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_arranges_that_forks_wait() {
        assert_eq!(name(0).as_deref(), Ok(&b"root"[..]));
        assert!(HOOKED.load(Ordering::Acquire));
    }

    #[test]
    fn forks_and_lookups_wait_for_each_other() {
        // On a busy machine a thread may not run for seconds.
        static GATE: Gate = Gate::new(Duration::from_secs(600));
        let lookup = GATE.look_up();
        let fork = thread::spawn(|| {
            GATE.before_fork();
            GATE.lookups.load(Ordering::SeqCst)
        });
        while GATE.forks.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        drop(lookup);
        assert_eq!(fork.join().unwrap(), 0, "the fork waited for the look-up");
        let lookup = thread::spawn(|| GATE.look_up());
        assert!(!lookup.is_finished());
        GATE.in_parent();
        drop(lookup.join().unwrap());
        assert_eq!((GATE.lookups.load(Ordering::SeqCst), GATE.forks.load(Ordering::SeqCst)), (0, 0));
        subtract_one(&GATE.lookups);
        assert_eq!(GATE.lookups.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn nobody_waits_in_a_child_or_longer_than_the_limit() {
        let gate = Gate::new(Duration::from_millis(1));
        let lookup = gate.look_up();
        gate.before_fork();
        assert_eq!(gate.lookups.load(Ordering::SeqCst), 1, "the look-up still runs");
        gate.in_child();
        assert_eq!((gate.lookups.load(Ordering::SeqCst), gate.forks.load(Ordering::SeqCst)), (0, 0));
        drop(lookup);
        assert_eq!(gate.lookups.load(Ordering::SeqCst), 0);
    }
}
