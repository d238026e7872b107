//! Filters: `name ~ ^py && rss > 100M`.
//!
//! A test is a column, an operator and a value; `&&`, `||`, `!` and parentheses join tests. A column without a value
//! fails every test but `== null`.

mod literal;
mod token;

use std::cmp::Ordering;
use std::fmt;

use psoxide::Value;
use regex_lite::Regex;

use self::literal::Literal;
pub(crate) use self::literal::span;
use self::token::{Token, Tokens};
use crate::output::column::{Cell, Meta};
use crate::output::value::{number, present, words};

/// What is wrong with a filter, and where: the column of its text, counted from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) column: usize,
    pub(crate) message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Matches,
    MatchesNot,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A filter that was understood.
#[derive(Debug)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test(Test),
}

/// One comparison.
#[derive(Debug)]
pub(crate) struct Test {
    column: usize,
    op: Op,
    value: Literal,
}

impl Filter {
    /// Understands `text`; columns are named as in `columns`.
    pub(crate) fn parse(text: &str, columns: &[Meta]) -> Result<Self, Mistake> {
        let mut parser = Parser { tokens: Tokens::new(text), columns };
        let filter = parser.any()?;
        match parser.tokens.next()? {
            None => Ok(filter),
            Some((at, Token::Close)) => Err(at.mistake("this ) closes nothing")),
            Some((at, token)) => Err(at.mistake(format!("{token} is not expected here; join tests with && or ||"))),
        }
    }

    /// The columns that it tests.
    pub(crate) fn columns(&self) -> Vec<usize> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::columns).collect(),
            Self::Not(part) => part.columns(),
            Self::Test(test) => vec![test.column],
        }
    }

    /// Whether a row with these cells passes.
    pub(crate) fn passes<'a>(&self, cell: &dyn Fn(usize) -> Cell<'a>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.passes(cell)),
            Self::Any(parts) => parts.iter().any(|part| part.passes(cell)),
            Self::Not(part) => !part.passes(cell),
            Self::Test(test) => test.passes(&cell(test.column)),
        }
    }
}

impl Test {
    fn passes(&self, cell: &Cell<'_>) -> bool {
        let Some(value) = present(cell) else {
            return matches!((&self.value, self.op), (Literal::Null, Op::Equal));
        };
        match (&self.value, self.op) {
            (Literal::Null, op) => op == Op::Unequal,
            (Literal::Pattern(pattern), op) => pattern.is_match(&words(value)) == (op == Op::Matches),
            (Literal::Number(wanted), op) => number(value).is_some_and(|n| op.holds(n.total_cmp(wanted))),
            (Literal::Text(wanted), op) => op.holds(words(value).as_str().cmp(wanted)),
            (Literal::Bool(wanted), op) => match value {
                Value::Bool(yes) => op.holds(yes.cmp(wanted)),
                _ => false,
            },
        }
    }
}

impl Op {
    fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "~" => Self::Matches,
            "!~" => Self::MatchesNot,
            "=" | "==" => Self::Equal,
            "!=" => Self::Unequal,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal | Self::Matches => order.is_eq(),
            Self::Unequal | Self::MatchesNot => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    columns: &'a [Meta],
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Filter, Mistake> {
        let mut parts = vec![self.all()?];
        while self.tokens.take(&Token::Or)? {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, Mistake> {
        let mut parts = vec![self.unary()?];
        while self.tokens.take(&Token::And)? {
            parts.push(self.unary()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn unary(&mut self) -> Result<Filter, Mistake> {
        match self.tokens.next()? {
            Some((_, Token::Not)) => Ok(Filter::Not(Box::new(self.unary()?))),
            Some((open, Token::Open)) => {
                let inner = self.any()?;
                if self.tokens.take(&Token::Close)? { Ok(inner) } else { Err(open.mistake("this ( is never closed")) }
            }
            Some((at, Token::Word(name))) => self.test(at, &name),
            Some((at, token)) => Err(at.mistake(format!("a column's name is expected here, not {token}"))),
            None => Err(self.tokens.end().mistake("a column's name is expected here")),
        }
    }

    fn test(&mut self, at: token::At, name: &str) -> Result<Filter, Mistake> {
        let found = find(self.columns, name).and_then(|column| Some((column, self.columns.get(column)?)));
        let Some((column, meta)) = found else {
            return Err(at.mistake(unknown(self.columns, name)));
        };
        let op = match self.tokens.next()? {
            Some((_, Token::Op(symbol))) if Op::of(symbol).is_some() => Op::of(symbol),
            Some((at, token)) => return Err(at.mistake(format!("one of {OPERATORS} is expected here, not {token}"))),
            None => None,
        };
        let Some(op) = op else {
            return Err(self.tokens.end().mistake(format!("one of {OPERATORS} is expected after {name}")));
        };
        let pattern = matches!(op, Op::Matches | Op::MatchesNot);
        let Some((at, text, quoted)) = self.tokens.value(pattern)? else {
            return Err(self.tokens.end().mistake(format!("a value is expected to compare {name} with")));
        };
        let value = if pattern {
            Literal::Pattern(Regex::new(&text).map_err(|error| at.mistake(format!("{text:?}: {error}")))?)
        } else {
            Literal::parse(&text, quoted, meta).map_err(|message| at.mistake(message))?
        };
        if matches!(value, Literal::Null) && !matches!(op, Op::Equal | Op::Unequal) {
            return Err(at.mistake("null can only be compared by == and !="));
        }
        Ok(Filter::Test(Test { column, op, value }))
    }
}

const OPERATORS: &str = "~ !~ == != < <= > >=";

fn one_or(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

/// The place of the column that is called `name`, or has it as heading.
pub(crate) fn find(columns: &[Meta], name: &str) -> Option<usize> {
    let plain = |title: &str| title.trim_matches('%').to_lowercase();
    columns
        .iter()
        .position(|meta| meta.name == name)
        .or_else(|| columns.iter().position(|meta| plain(meta.title) == plain(name)))
}

/// What to say of a name that no column has.
pub(crate) fn unknown(columns: &[Meta], name: &str) -> String {
    let names: Vec<_> = columns.iter().map(|meta| meta.name).collect();
    format!("there is no column {name:?}; the columns are {}", names.join(", "))
}

#[cfg(test)]
mod tests;
