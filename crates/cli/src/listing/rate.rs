//! Rates of counters: honest ones, with the time that they are taken over.

use std::time::{Duration, Instant};

use psoxide::System;

use super::Window;
use crate::context::Context;
use crate::failure::Failure;

/// Counters at one moment.
struct Taken<T> {
    when: Instant,
    counters: T,
}

/// Turns counters, read again and again, into what happened in between.
pub(crate) struct Rate<'a, T> {
    context: &'a Context,
    last: Option<Taken<T>>,
}

/// Two readings: what there was (nothing, where the first reading counts from boot) and what there is.
pub(crate) struct Pair<T> {
    pub(crate) then: Option<T>,
    pub(crate) now: T,
    /// The time between them, or since boot.
    pub(crate) elapsed: Duration,
    pub(crate) window: Window,
}

impl<T> Pair<T> {
    /// So many in each second; `None` if no time has passed.
    #[allow(clippy::cast_precision_loss)] // a rate needs no more than 53 bits
    pub(crate) fn per_second(&self, count: u64) -> Option<f64> {
        self.seconds().map(|seconds| count as f64 / seconds)
    }

    /// The part of the time in percent; `None` if no time has passed.
    pub(crate) fn percent(&self, time: Duration) -> Option<f64> {
        self.seconds().map(|seconds| time.as_secs_f64() * 100.0 / seconds)
    }

    fn seconds(&self) -> Option<f64> {
        Some(self.elapsed.as_secs_f64()).filter(|seconds| *seconds > 0.0)
    }
}

impl<'a, T: Clone> Rate<'a, T> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self { context, last: None }
    }

    /// Reads once more. The first time, and of a running machine, it reads twice with a short wait in between; a
    /// copied machine stands still: its counters are taken since the earlier capture, or since boot.
    pub(crate) fn next(&mut self, read: impl Fn(&System) -> psoxide::Result<T>) -> Result<Pair<T>, Failure> {
        let system = &self.context.system;
        if !system.is_live() {
            let (now, uptime) = (read(system)?, system.uptime()?);
            let Some(earlier) = &self.context.earlier else {
                return Ok(Pair { then: None, now, elapsed: uptime, window: Window::Boot });
            };
            let elapsed = uptime.saturating_sub(earlier.uptime()?);
            return Ok(Pair { then: Some(read(earlier)?), now, elapsed, window: Window::Over(elapsed) });
        }
        let last = match self.last.take() {
            Some(last) => last,
            None => {
                let first = Taken { when: Instant::now(), counters: read(system)? };
                std::thread::sleep(self.context.first_window());
                first
            }
        };
        let now = Taken { when: Instant::now(), counters: read(system)? };
        let elapsed = now.when.saturating_duration_since(last.when);
        let pair =
            Pair { then: Some(last.counters), now: now.counters.clone(), elapsed, window: Window::Over(elapsed) };
        self.last = Some(now);
        Ok(pair)
    }
}
