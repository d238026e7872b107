//! The last values of a figure.

use std::collections::VecDeque;

/// As many as the widest graph shows: two to a column.
const LONGEST: usize = 600;

/// Values, the newest last.
#[derive(Debug, Clone, Default)]
pub(crate) struct History(VecDeque<f64>);

impl History {
    pub(crate) fn push(&mut self, value: f64) {
        if self.0.len() == LONGEST {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    pub(crate) fn last(&self) -> Option<f64> {
        self.0.back().copied()
    }

    /// The newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().rev().copied()
    }

    /// The largest of the newest `many`.
    pub(crate) fn peak(&self, many: usize) -> f64 {
        self.newest().take(many).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut history = History::default();
        (0..1000u32).for_each(|n| history.push(n.into()));
        assert_eq!((history.last(), history.newest().count()), (Some(999.0), LONGEST));
        assert_eq!(history.newest().nth(1), Some(998.0));
        assert_eq!(history.peak(3), 999.0);
    }
}
