//! One field of one process: a value, or the reason why there is none.

use crate::{Error, ErrorKind, Result};

/// One field of one process: a value, or the reason why there is none. A refused field does not remove the row.
#[derive(Debug, Default)]
pub enum Reading<T> {
    /// The query did not include the field.
    #[default]
    NotAsked,
    /// The value.
    Value(T),
    /// The system denied access.
    Denied,
    /// The process ended before the field was read, or is a zombie that no longer has it.
    Gone,
    /// The system does not have the field.
    Unsupported,
    /// Any other error.
    Failed(Error),
}

impl<T> From<Result<T>> for Reading<T> {
    fn from(result: Result<T>) -> Self {
        match result {
            Ok(value) => Self::Value(value),
            Err(error) => match error.kind() {
                ErrorKind::AccessDenied => Self::Denied,
                ErrorKind::NoSuchProcess | ErrorKind::ZombieProcess => Self::Gone,
                ErrorKind::Unsupported => Self::Unsupported,
                _ => Self::Failed(error),
            },
        }
    }
}

impl<T> Reading<T> {
    /// Applies `f` to the value, if there is one.
    #[must_use]
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::NotAsked => Reading::NotAsked,
            Self::Value(value) => Reading::Value(f(value)),
            Self::Denied => Reading::Denied,
            Self::Gone => Reading::Gone,
            Self::Unsupported => Reading::Unsupported,
            Self::Failed(error) => Reading::Failed(error),
        }
    }

    /// Borrows the value. An error is cloned.
    #[must_use]
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::NotAsked => Reading::NotAsked,
            Self::Value(value) => Reading::Value(value),
            Self::Denied => Reading::Denied,
            Self::Gone => Reading::Gone,
            Self::Unsupported => Reading::Unsupported,
            Self::Failed(error) => Reading::Failed(error.clone()),
        }
    }

    /// Returns the value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Returns why there is no value. Returns `None` for a value, and for a field that was not queried.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::NotAsked | Self::Value(_) => None,
            Self::Denied => Some("permission denied".into()),
            Self::Gone => Some("the process has ended".into()),
            Self::Unsupported => Some("not supported here".into()),
            Self::Failed(error) => Some(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrowed_reading_fails_for_the_same_reason() {
        let failed = Reading::<u32>::Failed(Error::out_of_range("nice", 1_u64 << 40).with_pid(7));
        let Reading::Failed(error) = failed.as_ref() else { panic!("{failed:?}") };
        assert_eq!((error.kind(), error.pid(), error.field()), (ErrorKind::OutOfRange, Some(7), Some("nice")));
    }
}
