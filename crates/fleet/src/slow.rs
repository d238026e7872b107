//! Runs what may never answer on a thread of its own, and goes on without it.

use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Duration;

/// A source that may not answer, such as a file system whose server is gone or a chip on a slow bus.
///
/// A thread that waits in the kernel cannot be stopped. While one waits, the source is not read again.
#[derive(Debug)]
pub(crate) struct Slow<T> {
    pending: Option<Receiver<T>>,
}

impl<T> Default for Slow<T> {
    fn default() -> Self {
        Self { pending: None }
    }
}

impl<T: Send + 'static> Slow<T> {
    /// Runs `job` and returns what it returns, if that takes no longer than `within`.
    pub(crate) fn run(&mut self, within: Duration, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        if let Some(pending) = &self.pending {
            match pending.try_recv() {
                Err(TryRecvError::Empty) => return None,
                Ok(_) | Err(TryRecvError::Disconnected) => self.pending = None,
            }
        }
        let (sender, receiver) = channel();
        let work = move || {
            // Nobody listens any more if it took too long.
            let _ = sender.send(job());
        };
        thread::Builder::new().name("slow source".into()).stack_size(256 * 1024).spawn(work).ok()?;
        match receiver.recv_timeout(within) {
            Ok(value) => Some(value),
            Err(_) => {
                self.pending = Some(receiver);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_does_not_answer_is_left_alone_until_it_does() {
        let mut slow = Slow::default();
        let (release, wait) = channel::<()>();
        let stuck = slow.run(Duration::from_millis(10), move || wait.recv().is_ok());
        assert_eq!(stuck, None);
        assert_eq!(slow.run(Duration::from_secs(60), || true), None);
        drop(release);
        // It answers now, and is read again.
        let answered = (0..1000).find_map(|_| {
            thread::sleep(Duration::from_millis(1));
            slow.run(Duration::from_secs(60), || true)
        });
        assert_eq!(answered, Some(true));
    }
}
