//! Waits for a file descriptor while Python's signal handlers can run.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::ffi::{PollEnd, poll_in};

/// The longest wait of one poll(2) call, whose timeout is an int of milliseconds.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// Waits until a descriptor is readable. A pidfd is readable when its process has ended. Returns False after `seconds`.
#[pyfunction]
#[pyo3(signature = (fd, seconds))]
pub(crate) fn wait_readable(py: Python<'_>, fd: i32, seconds: Option<f64>) -> PyResult<bool> {
    // A deadline that the clock cannot represent means no timeout.
    let deadline = seconds.and_then(|seconds| {
        let timeout = Duration::try_from_secs_f64(seconds.max(0.0)).ok()?;
        Instant::now().checked_add(timeout)
    });
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let slice = left.unwrap_or(LONGEST).min(LONGEST);
        match py.detach(|| poll_in(fd, slice))? {
            PollEnd::Readable => return Ok(true),
            PollEnd::Interrupted => py.check_signals()?,
            PollEnd::TimedOut if left.is_some_and(|left| left == slice) => return Ok(false),
            PollEnd::TimedOut => {}
        }
    }
}
