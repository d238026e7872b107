//! Looks up user names in the C library's database, and keeps forks away from a look-up.
//!
//! glibc loads the modules of nsswitch.conf(5) at the first look-up. The lock that it holds meanwhile is not released in
//! a child forked by another thread, which then waits for ever at its own first look-up. So a fork waits for the
//! look-ups that run, and a look-up for the forks. Neither waits longer than [`LONGEST`], because a directory in the
//! network may take minutes to answer.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::ffi;
use crate::sys::question::Answer;

const LONGEST: Duration = Duration::from_secs(1);
/// Look-ups that run now.
static LOOKUPS: AtomicU32 = AtomicU32::new(0);
/// Forks that have begun and not returned.
static FORKS: AtomicU32 = AtomicU32::new(0);
/// Whether forks call the functions of this file. Two threads may both arrange that, which does no harm.
static HOOKED: AtomicBool = AtomicBool::new(false);

/// Returns the name of a user by getpwuid_r(3). `ENOENT` means that no user has the id.
pub(crate) fn name(uid: u32) -> Answer {
    if !HOOKED.load(Ordering::Acquire) && ffi::at_fork(before_fork, in_parent, in_child).is_ok() {
        HOOKED.store(true, Ordering::Release);
    }
    let _running = Lookup::begin();
    ffi::user_name(uid)
}

/// A look-up that runs, until it is dropped.
struct Lookup;

impl Lookup {
    fn begin() -> Self {
        // Whoever announces itself last sees the other, because both announce themselves before they look.
        LOOKUPS.fetch_add(1, Ordering::SeqCst);
        if FORKS.load(Ordering::SeqCst) != 0 {
            subtract_one(&LOOKUPS);
            wait_until_zero(&FORKS);
            LOOKUPS.fetch_add(1, Ordering::SeqCst);
        }
        Self
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        subtract_one(&LOOKUPS);
    }
}

extern "C" fn before_fork() {
    FORKS.fetch_add(1, Ordering::SeqCst);
    wait_until_zero(&LOOKUPS);
}

extern "C" fn in_parent() {
    subtract_one(&FORKS);
}

/// The threads that looked up names or forked do not exist in the child.
extern "C" fn in_child() {
    FORKS.store(0, Ordering::SeqCst);
    LOOKUPS.store(0, Ordering::SeqCst);
}

/// Subtracts one from a counter, unless a fork has set it to zero.
fn subtract_one(counter: &AtomicU32) {
    let _ = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
}

fn wait_until_zero(counter: &AtomicU32) {
    let begin = Instant::now();
    while counter.load(Ordering::SeqCst) != 0 && begin.elapsed() < LONGEST {
        thread::sleep(Duration::from_micros(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, because the counters belong to the program.
    #[test]
    fn forks_and_lookups_wait_for_each_other() {
        assert_eq!(name(0).as_deref(), Ok(&b"root"[..]));
        assert!(HOOKED.load(Ordering::Acquire));
        let lookup = Lookup::begin();
        let fork = thread::spawn(|| {
            before_fork();
            LOOKUPS.load(Ordering::SeqCst)
        });
        while FORKS.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        drop(lookup);
        assert_eq!(fork.join().unwrap(), 0, "the fork waited for the look-up");
        let lookup = thread::spawn(Lookup::begin);
        assert!(!lookup.is_finished());
        in_parent();
        drop(lookup.join().unwrap());
        assert_eq!((LOOKUPS.load(Ordering::SeqCst), FORKS.load(Ordering::SeqCst)), (0, 0));
        subtract_one(&LOOKUPS);
        assert_eq!(LOOKUPS.load(Ordering::SeqCst), 0);
    }
}
