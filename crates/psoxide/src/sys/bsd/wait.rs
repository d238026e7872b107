//! Waits for processes by one queue of events, and polls those that the queue refuses.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Pid as RawPid;

use crate::{Error, ExitStatus, Result};

/// What the loop needs of the kernel. A process is named by its place in the list of the caller.
pub(crate) trait Kernel {
    /// Makes the queue report the end of a process.
    fn watch(&self, pid: RawPid) -> rustix::io::Result<()>;

    /// Waits until some of the watched processes have ended, and returns them. Returns none after the timeout.
    fn ended(&self, timeout: Option<Duration>) -> rustix::io::Result<Vec<RawPid>>;

    /// Looks at a process. If it is gone, a zombie, or another one has its pid, returns how a child of the caller ended.
    fn end(&self, place: usize) -> Result<Option<Option<ExitStatus>>>;

    /// Returns the exit status of a child of the caller that the queue reported. Waits for the rest of its end.
    fn reap(&self, pid: RawPid) -> Result<Option<ExitStatus>>;
}

/// Waits until all of the processes have ended or the timeout is over.
///
/// NetBSD and OpenBSD refuse to watch processes of other users, and those that run a set-user-ID program. SunOS has no such
/// queue. These are polled: first after 1 ms, and at last every 40 ms.
pub(crate) fn wait_each(
    kernel: &impl Kernel,
    pids: &[RawPid],
    timeout: Option<Duration>,
    done: &mut dyn FnMut(usize, Option<ExitStatus>),
) -> Result<()> {
    const FIRST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(40);
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    // The same process may be waited for twice.
    let mut watched: HashMap<RawPid, Vec<usize>> = HashMap::new();
    let mut polled: Vec<usize> = Vec::new();
    for (place, pid) in pids.iter().copied().enumerate() {
        let is_watched = match kernel.watch(pid) {
            Ok(()) => true,
            // `SRCH`: it has ended, or is no process that a queue can watch.
            Err(Errno::SRCH | Errno::ACCESS | Errno::PERM) => false,
            Err(errno) => return Err(Error::io(errno).with_pid(pid.as_raw_pid().unsigned_abs())),
        };
        // The check comes after the watch, so that no end is missed.
        if let Some(status) = kernel.end(place)? {
            done(place, status);
        } else if is_watched {
            watched.entry(pid).or_default().push(place);
        } else {
            polled.push(place);
        }
    }
    let mut pause = FIRST;
    while !watched.is_empty() || !polled.is_empty() {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let most = (!polled.is_empty()).then_some(pause);
        let ended = match kernel.ended(left.into_iter().chain(most).min()) {
            Err(Errno::INTR) => continue,
            ended => ended.map_err(Error::io)?,
        };
        let is_over = ended.is_empty() && left.is_some_and(|left| left.is_zero());
        for pid in ended {
            let places = watched.remove(&pid).unwrap_or_default();
            let status = if places.is_empty() { None } else { kernel.reap(pid)? };
            places.into_iter().for_each(|place| done(place, status));
        }
        let mut running = Vec::new();
        for place in polled {
            match kernel.end(place)? {
                Some(status) => done(place, status),
                None => running.push(place),
            }
        }
        polled = running;
        pause = pause.saturating_mul(2).min(LONGEST);
        if is_over {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test fails by panicking

    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::ErrorKind;

    /// A kernel that answers each watch with an error, or with none. A process ends after some looks at it.
    struct Scripted {
        watches: Vec<Option<Errno>>,
        looks: Vec<Cell<u32>>,
        events: RefCell<Vec<Vec<i32>>>,
        timeouts: RefCell<Vec<Option<u128>>>,
    }

    impl Scripted {
        fn new(processes: &[(Option<Errno>, u32)], events: &[&[i32]]) -> Self {
            Self {
                watches: processes.iter().map(|(errno, _)| *errno).collect(),
                looks: processes.iter().map(|(_, looks)| Cell::new(*looks)).collect(),
                events: RefCell::new(events.iter().rev().map(|pids| pids.to_vec()).collect()),
                timeouts: RefCell::default(),
            }
        }

        /// Waits for all processes, whose pids are 1, 2 and so on. Returns the places in the order of their ends.
        fn wait(&self, timeout: Option<Duration>) -> Result<Vec<usize>> {
            let pids: Vec<RawPid> = (1..).map(raw).take(self.watches.len()).collect();
            let mut ends = Vec::new();
            wait_each(self, &pids, timeout, &mut |place, _| ends.push(place)).map(|()| ends)
        }
    }

    fn raw(pid: i32) -> RawPid {
        RawPid::from_raw(pid).unwrap()
    }

    impl Kernel for Scripted {
        fn watch(&self, pid: RawPid) -> rustix::io::Result<()> {
            let place = usize::try_from(pid.as_raw_pid() - 1).unwrap();
            self.watches.get(place).unwrap().map_or(Ok(()), Err)
        }

        fn ended(&self, timeout: Option<Duration>) -> rustix::io::Result<Vec<RawPid>> {
            self.timeouts.borrow_mut().push(timeout.map(|timeout| timeout.as_millis()));
            Ok(self.events.borrow_mut().pop().unwrap_or_default().into_iter().map(raw).collect())
        }

        fn end(&self, place: usize) -> Result<Option<Option<ExitStatus>>> {
            let looks = self.looks.get(place).unwrap();
            looks.set(looks.get().saturating_sub(1));
            Ok((looks.get() == 0).then_some(None))
        }

        fn reap(&self, _: RawPid) -> Result<Option<ExitStatus>> {
            Ok(None)
        }
    }

    const LONG: u32 = 1000;

    #[test]
    fn a_process_that_may_not_be_watched_is_polled() {
        for errno in [Errno::ACCESS, Errno::PERM, Errno::SRCH] {
            let kernel = Scripted::new(&[(None, LONG), (Some(errno), 5), (None, LONG)], &[&[], &[3], &[], &[], &[1]]);
            assert_eq!(kernel.wait(None).unwrap(), [2, 1, 0], "{errno:?}");
            // The queue alone is waited for once the refused process has ended.
            assert_eq!(*kernel.timeouts.borrow(), [Some(1), Some(2), Some(4), Some(8), None]);
        }
    }

    #[test]
    fn polling_slows_down_to_40_ms() {
        let kernel = Scripted::new(&[(Some(Errno::PERM), 10)], &[]);
        assert_eq!(kernel.wait(None).unwrap(), [0]);
        let longest = kernel.timeouts.borrow().iter().flatten().max().copied();
        assert_eq!(longest, Some(40));
    }

    #[test]
    fn a_timeout_ends_both_ways_of_waiting() {
        let kernel = Scripted::new(&[(Some(Errno::ACCESS), LONG), (None, LONG), (Some(Errno::SRCH), 1)], &[]);
        assert_eq!(kernel.wait(Some(Duration::ZERO)).unwrap(), [2]);
    }

    #[test]
    fn other_errors_of_a_watch_fail() {
        let error = Scripted::new(&[(Some(Errno::MFILE), LONG)], &[]).wait(None).unwrap_err();
        assert_eq!((error.kind(), error.pid()), (ErrorKind::Io, Some(1)));
    }
}
