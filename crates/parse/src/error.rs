//! The one error of this crate.

use std::fmt;

/// The result of a parser.
pub type Result<T> = std::result::Result<T, ParseError>;

/// A buffer that is not what the kernel documents: which field, what is wrong with it, and what stood there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    field: &'static str,
    problem: Problem,
    text: Box<[u8]>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The buffer ends before the field.
    Missing,
    /// The field is there but is not of its documented form.
    Malformed,
    /// A number beyond the width of its type.
    Overflow,
}

impl ParseError {
    /// How much of the offending text an error keeps.
    const EXCERPT: usize = 48;

    /// The buffer ended before `field`.
    #[must_use]
    pub fn missing(field: &'static str) -> Self {
        Self { field, problem: Problem::Missing, text: Box::default() }
    }

    /// `field` holds `text`, which is not of the documented form.
    #[must_use]
    pub fn malformed(field: &'static str, text: &[u8]) -> Self {
        Self { field, problem: Problem::Malformed, text: excerpt(text) }
    }

    /// `field` holds `text`, a number that is too large.
    #[must_use]
    pub fn overflow(field: &'static str, text: &[u8]) -> Self {
        Self { field, problem: Problem::Overflow, text: excerpt(text) }
    }

    /// The field's name, as the kernel's documentation spells it.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with the field.
    #[must_use]
    pub fn problem(&self) -> Problem {
        self.problem
    }
}

fn excerpt(text: &[u8]) -> Box<[u8]> {
    text.iter().copied().take(ParseError::EXCERPT).collect()
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        let text = self.text.escape_ascii();
        match self.problem {
            Problem::Missing => write!(f, "missing field \"{field}\""),
            Problem::Malformed => write!(f, "malformed field \"{field}\": \"{text}\""),
            Problem::Overflow => write!(f, "field \"{field}\" is too large: \"{text}\""),
        }
    }
}

impl std::error::Error for ParseError {}
