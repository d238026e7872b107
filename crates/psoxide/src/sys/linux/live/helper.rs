//! Queries a file system that may never answer, in a child process. A thread that waits for such a file system cannot
//! be stopped, and would keep this process from ending.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::path::DecInt;
use rustix::process::Pid as RawPid;
use rustix::thread::futex;
use rustix::time::Timespec;

use super::ffi::{self, Answer, SharedAnswer};
use crate::sys::posix::disk::Space;
use crate::{Error, Result};

/// How often a child that has answered or was killed is checked for its end, and the pause between checks.
const MOST_LOOKS: u32 = 50;
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// File systems that did not answer, and the children that still wait for them.
#[derive(Debug, Default)]
pub(crate) struct Unanswered(Mutex<Vec<(PathBuf, Instant, Option<RawPid>)>>);

impl Unanswered {
    /// How long a file system that did not answer is not queried again.
    const PAUSE: Duration = Duration::from_secs(30);

    /// Reads the space of the file system at `path`.
    pub(crate) fn space(&self, path: &Path, timeout: Duration) -> Result<Space> {
        let answer = self.ask(path, timeout, |path, answer| {
            let space = rustix::fs::statvfs(path)?;
            let words = [space.f_frsize, space.f_blocks, space.f_bfree, space.f_bavail];
            answer.space.iter().zip(words).for_each(|(to, word)| to.store(word, Relaxed));
            Ok(())
        })?;
        Ok([0, 1, 2, 3].map(|place: usize| answer.space.get(place).map_or(0, |word| word.load(Relaxed))))
    }

    /// Resolves the links of `path`. The kernel keeps the path of an open file, so showing it needs no lookup.
    pub(crate) fn real_path(&self, path: &Path, timeout: Duration) -> Result<PathBuf> {
        let answer = self.ask(path, timeout, |path, answer| {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            let links = rustix::fs::openat(CWD, c"/proc/self/fd", flags, Mode::empty())?;
            let file = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
            let mut buffer = [0; 4096];
            let length = rustix::fs::readlinkat_raw(&links, DecInt::from_fd(&file).as_c_str(), &mut buffer)?;
            answer.path.iter().zip(buffer).take(length).for_each(|(to, byte)| to.store(byte, Relaxed));
            answer.length.store(u64::try_from(length).unwrap_or(0), Relaxed);
            Ok(())
        })?;
        let length = usize::try_from(answer.length.load(Relaxed)).unwrap_or(0);
        let bytes = answer.path.iter().take(length).map(|byte| byte.load(Relaxed)).collect();
        Ok(OsString::from_vec(bytes).into())
    }

    /// Runs `work` in a child process. Waits for its answer until the timeout expires.
    fn ask(
        &self,
        path: &Path,
        timeout: Duration,
        work: impl FnOnce(&CStr, &Answer) -> std::result::Result<(), Errno>,
    ) -> Result<SharedAnswer> {
        if self.is_pausing(path) {
            return Err(Error::not_answering());
        }
        let c_path =
            CString::new(for_child(path).as_os_str().as_bytes()).map_err(|_| Error::invalid("a path has no NUL"))?;
        let answer = SharedAnswer::new()?;
        let child = ffi::start_helper(|| {
            if let Err(errno) = work(&c_path, &answer) {
                answer.errno.store(errno.raw_os_error().unsigned_abs(), Relaxed);
            }
            answer.done.store(1, Release);
            let _ = futex::wake(&answer.done, futex::Flags::empty(), 1);
        })?;
        let answered = wait(&answer, timeout);
        if !answered {
            ffi::kill_helper(child);
        }
        // A child that waits for a file system may not end even when it is killed.
        let reaped = (0..MOST_LOOKS).any(|look| {
            if look > 0 {
                std::thread::sleep(LOOK_AGAIN);
            }
            ffi::reap_helper(child)
        });
        if (!reaped || !answered)
            && let Ok(mut unanswered) = self.0.try_lock()
        {
            unanswered.push((path.to_owned(), Instant::now(), (!reaped).then_some(child)));
        }
        match answer.errno.load(Relaxed) {
            _ if !answered => Err(Error::not_answering()),
            0 => Ok(answer),
            errno => Err(Error::io(Errno::from_raw_os_error(errno.cast_signed()))),
        }
    }

    /// Returns whether the file system did not answer recently. Reaps children that have ended since.
    fn is_pausing(&self, path: &Path) -> bool {
        let Ok(mut unanswered) = self.0.try_lock() else { return false };
        unanswered.retain_mut(|(_, since, child)| {
            *child = child.filter(|child| !ffi::reap_helper(*child));
            since.elapsed() < Self::PAUSE || child.is_some()
        });
        unanswered.iter().any(|(known, since, _)| known == path && since.elapsed() < Self::PAUSE)
    }
}

/// Converts a path for a child, which is another process and has no descriptors.
fn for_child(path: &Path) -> Cow<'_, Path> {
    let own = |file: &str| Path::new("/proc").join(std::process::id().to_string()).join(file);
    if let Ok(rest) = path.strip_prefix("/proc/self") {
        own("").join(rest).into()
    } else if let Ok(rest) = path.strip_prefix("/dev/fd") {
        own("fd").join(rest).into()
    } else {
        path.into()
    }
}

/// Waits until the child has written its answer. Returns whether it has.
fn wait(answer: &Answer, timeout: Duration) -> bool {
    let deadline = Instant::now().checked_add(timeout);
    while answer.done.load(Acquire) == 0 {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        // The result of the call does not matter. The loop checks the answer and the time.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        if let Err(Errno::NOSYS | Errno::PERM) = futex::wait(&answer.done, futex::Flags::empty(), 0, left.as_ref()) {
            std::thread::sleep(LOOK_AGAIN);
        }
    }
    true
}
