//! Asks in a child process what a file system may never answer. A thread that waits for such a file system cannot be
//! stopped, and would keep this process from ending.

use std::ffi::CString;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid as RawPid;
use rustix::time::Timespec;

use super::ffi::{self, Answer};
use crate::sys::posix::disk::Space;
use crate::{Error, Result};

/// How often and after which time to look whether a child has ended, which has answered or was killed.
const MOST_LOOKS: u32 = 50;
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// File systems that did not answer, and the children that still wait for them.
#[derive(Debug, Default)]
pub(crate) struct Unanswered(Mutex<Vec<(PathBuf, Instant, Option<RawPid>)>>);

impl Unanswered {
    /// How long a file system that did not answer is not asked again.
    const PAUSE: Duration = Duration::from_secs(30);

    /// The space of the file system at `path`, if it answers in time.
    pub(crate) fn space(&self, path: &Path, timeout: Duration) -> Result<Space> {
        if self.is_pausing(path) {
            return Err(Error::not_answering());
        }
        let (child, pipe) = ask(path)?;
        let read = answer(&pipe.0, timeout);
        if read.is_none() {
            ffi::kill_helper(child);
        }
        drop(pipe);
        // A child that waits for a file system may not even end when it is killed.
        let reaped = (0..MOST_LOOKS).any(|look| {
            if look > 0 {
                std::thread::sleep(LOOK_AGAIN);
            }
            ffi::reap_helper(child)
        });
        if (!reaped || read.is_none())
            && let Ok(mut unanswered) = self.0.try_lock()
        {
            unanswered.push((path.to_owned(), Instant::now(), (!reaped).then_some(child)));
        }
        match read {
            None => Err(Error::not_answering()),
            Some([0, space @ ..]) => Ok(space),
            Some([errno, ..]) => Err(Error::io(Errno::from_raw_os_error(i32::try_from(errno).unwrap_or(libc::EIO)))),
        }
    }

    /// Whether the file system did not answer a moment ago. Children that have ended since are reaped.
    fn is_pausing(&self, path: &Path) -> bool {
        let Ok(mut unanswered) = self.0.try_lock() else { return false };
        unanswered.retain_mut(|(_, since, child)| {
            *child = child.filter(|child| !ffi::reap_helper(*child));
            since.elapsed() < Self::PAUSE || child.is_some()
        });
        unanswered.iter().any(|(known, since, _)| known == path && since.elapsed() < Self::PAUSE)
    }
}

/// Starts the child: its pid, and the pipe for its answer, both ends of which must stay open until it has ended.
fn ask(path: &Path) -> Result<(RawPid, (OwnedFd, OwnedFd))> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Error::invalid("a path has no NUL"))?;
    let pipe = pipe_with(PipeFlags::CLOEXEC).map_err(Error::io)?;
    let child = ffi::start_helper(pipe.1.as_raw_fd(), || match rustix::fs::statvfs(path.as_c_str()) {
        Ok(space) => [0, space.f_frsize, space.f_blocks, space.f_bfree, space.f_bavail],
        Err(errno) => [u64::from(errno.raw_os_error().unsigned_abs()), 0, 0, 0, 0],
    })?;
    Ok((child, pipe))
}

/// What the child writes within the time.
fn answer(reader: &OwnedFd, timeout: Duration) -> Option<Answer> {
    let deadline = Instant::now().checked_add(timeout)?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(reader, PollFlags::IN)];
        match poll(&mut fds, Timespec::try_from(left).ok().as_ref()) {
            Ok(0) if left.is_zero() => return None,
            Ok(0) | Err(Errno::INTR) => {}
            Err(_) => return None,
            Ok(_) => break,
        }
    }
    let mut bytes = [0; size_of::<Answer>()];
    // So few bytes are written and read as a whole, pipe(7).
    let length = rustix::io::read(reader, &mut bytes).ok()?;
    let (words, _) = bytes.as_chunks();
    let mut answer = Answer::default();
    answer.iter_mut().zip(words).for_each(|(to, from)| *to = u64::from_ne_bytes(*from));
    (length == bytes.len()).then_some(answer)
}
