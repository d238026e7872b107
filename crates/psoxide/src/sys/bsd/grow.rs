//! Answers of unknown size: one call returns the size, and the table may grow before the next call.

use crate::sys::question::Answer;

/// How often a question is asked again when its answer grows faster than the buffer.
const ATTEMPTS: usize = 8;

/// `ENOMEM`, which every one of these kernels returns for a buffer that is too short.
const ENOMEM: i32 = 12;
/// `ENOSPC`, which NetBSD returns instead for a buffer that holds some of a process's mappings.
const ENOSPC: i32 = 28;

/// Calls `ask` with a buffer that is large enough: `expected` bytes, or as many as the kernel says, and `slack` more. Without
/// a buffer, `ask` returns the size that one should have, and else how many bytes it has filled. A table may grow between
/// two calls, so `ENOMEM` and `ENOSPC` are answered with a larger buffer, a few times.
pub(crate) fn grown(
    expected: usize,
    slack: usize,
    mut ask: impl FnMut(Option<&mut [u8]>) -> Result<usize, i32>,
) -> Answer {
    let mut capacity = expected;
    for attempt in 0..ATTEMPTS {
        if capacity == 0 {
            let size = ask(None)?;
            // Each attempt takes a larger share more.
            capacity = size.saturating_add(slack).saturating_add(size / 8 * attempt);
        }
        let mut buffer = vec![0u8; capacity.max(1)];
        match ask(Some(&mut buffer)) {
            Ok(size) => {
                buffer.truncate(size);
                return Ok(buffer);
            }
            Err(ENOMEM | ENOSPC) => capacity = 0,
            Err(errno) => return Err(errno),
        }
    }
    Err(ENOMEM)
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS, ENOMEM, ENOSPC, grown};

    /// A table that has `growth` bytes more at each call. Counts the calls.
    fn table(mut size: usize, growth: usize, calls: &mut usize) -> impl FnMut(Option<&mut [u8]>) -> Result<usize, i32> {
        move |buffer| {
            *calls += 1;
            size += growth;
            match buffer {
                None => Ok(size),
                Some(buffer) if buffer.len() < size => Err(ENOMEM),
                Some(buffer) => {
                    buffer.get_mut(..size).unwrap_or_default().fill(7);
                    Ok(size)
                }
            }
        }
    }

    #[test]
    fn an_answer_of_known_size_is_one_call() {
        let mut calls = 0;
        assert_eq!(grown(8, 0, table(5, 0, &mut calls)), Ok(vec![7; 5]));
        assert_eq!(calls, 1);
        // It is longer than was expected.
        assert_eq!(grown(4, 0, table(5, 0, &mut calls)), Ok(vec![7; 5]));
        assert_eq!(calls, 1 + 3);
    }

    #[test]
    fn either_error_of_a_short_buffer_is_answered_with_a_larger_one() {
        for errno in [ENOMEM, ENOSPC] {
            let answer = grown(4, 0, |buffer| match buffer {
                None => Ok(6),
                Some(buffer) if buffer.len() < 6 => Err(errno),
                Some(buffer) => Ok(buffer.len()),
            });
            assert_eq!(answer.map(|bytes| bytes.len()), Ok(6));
        }
    }

    #[test]
    fn a_table_that_grows_is_asked_for_again() {
        let mut calls = 0;
        // Too short twice: each attempt offers an eighth more than the last one.
        let answer = grown(0, 0, table(1000, 300, &mut calls)).map(|bytes| bytes.len());
        assert_eq!((answer, calls), (Ok(1000 + 6 * 300), 6));
    }

    #[test]
    fn a_table_that_grows_too_fast_is_given_up() {
        let mut calls = 0;
        let answer = grown(0, 0, |buffer| {
            calls += 1;
            if buffer.is_none() { Ok(10) } else { Err(ENOMEM) }
        });
        assert_eq!((answer, calls), (Err(ENOMEM), 2 * ATTEMPTS));
    }

    #[test]
    fn other_errors_are_the_answer() {
        assert_eq!(grown(0, 0, |_| Err(3)), Err(3));
        assert_eq!(grown(16, 0, |_| Err(1)), Err(1));
        // A kernel that says more than it was given room for does not make the buffer longer.
        assert_eq!(grown(4, 0, |_| Ok(9)), Ok(vec![0; 4]));
    }
}
