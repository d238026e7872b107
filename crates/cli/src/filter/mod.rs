//! Filters: `name ~ ^py && rss > 100M`.
//!
//! A test is a column, an operator and a value. `&&`, `||`, `!` and parentheses join tests. A column without a value
//! fails every test except `== null`.

mod literal;
mod token;

use std::cmp::Ordering;
use std::fmt;

use psoxide::Value;
use regex_lite::Regex;

use self::literal::Literal;
#[cfg(all(any(feature = "fleet", feature = "history"), target_os = "linux"))]
pub(crate) use self::literal::size;
pub(crate) use self::literal::span;
#[cfg(all(feature = "history", target_os = "linux"))]
pub(crate) use self::literal::time;
use self::token::{Token, Tokens};
use crate::output::column::{Meta, Shape};
use crate::output::value::{Cell, number, present, words};

/// What is wrong with a filter, and the place in its text, in characters from 1.
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

/// A parsed filter.
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
    /// Parses `text`, which names columns as `columns` does.
    pub(crate) fn parse(text: &str, columns: &[Meta]) -> Result<Self, Mistake> {
        let mut parser = Parser { tokens: Tokens::new(text), columns };
        let filter = parser.any()?;
        match parser.tokens.next()? {
            None => Ok(filter),
            Some((at, Token::Close)) => Err(at.mistake("unmatched )")),
            Some((at, token)) => Err(at.mistake(format!("unexpected {token}; join tests with && or ||"))),
        }
    }

    /// The places of the columns that the filter tests.
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
        self.value.compared(present(cell), self.op)
    }
}

impl Literal {
    /// Whether `value OP literal` holds. Text is compared without regard to case.
    fn compared(&self, value: Option<&Value<'_>>, op: Op) -> bool {
        if let Self::List(items) = self {
            let equal = items.iter().any(|item| item.compared(value, Op::Equal));
            return if op == Op::Equal { equal } else { value.is_some() && !equal };
        }
        let Some(value) = value else { return matches!((self, op), (Self::Null, Op::Equal)) };
        match self {
            Self::Null => op == Op::Unequal,
            Self::Pattern(pattern) => pattern.is_match(&words(value)) == (op == Op::Matches),
            Self::Number(wanted) => number(value).is_some_and(|n| op.holds(n.total_cmp(wanted))),
            Self::Text(wanted) => op.holds(words(value).to_lowercase().as_str().cmp(wanted)),
            Self::Bool(wanted) => matches!(value, Value::Bool(yes) if op.holds(yes.cmp(wanted))),
            Self::List(_) => false, // see above
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
                if self.tokens.take(&Token::Close)? { Ok(inner) } else { Err(open.mistake("unmatched (")) }
            }
            Some((at, Token::Word(name))) => self.test(at, &name),
            Some((at, token)) => Err(at.mistake(format!("expected a column, not {token}"))),
            None => Err(self.tokens.end().mistake("expected a column")),
        }
    }

    fn test(&mut self, at: token::At, name: &str) -> Result<Filter, Mistake> {
        let found = find(self.columns, name).and_then(|column| Some((column, self.columns.get(column)?)));
        let Some((column, meta)) = found else {
            return Err(at.mistake(unknown(self.columns, name)));
        };
        let op = match self.tokens.next()? {
            Some((_, Token::Op(symbol))) => Op::of(symbol),
            Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("in") => {
                return self.list(column, meta, Op::Equal);
            }
            Some((not, Token::Not)) => match self.tokens.next()? {
                Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("in") => {
                    return self.list(column, meta, Op::Unequal);
                }
                _ => return Err(not.mistake(format!("expected one of {OPERATORS}, not !"))),
            },
            Some((at, token)) => return Err(at.mistake(format!("expected one of {OPERATORS}, not {token}"))),
            None => None,
        };
        let Some(op) = op else {
            return Err(self.tokens.end().mistake(format!("expected one of {OPERATORS} after {name}")));
        };
        let pattern = matches!(op, Op::Matches | Op::MatchesNot);
        let Some((at, text, quoted)) = self.tokens.value(pattern)? else {
            return Err(self.tokens.end().mistake(format!("expected a value to compare {name} with")));
        };
        let value = if pattern {
            Literal::Pattern(Regex::new(&text).map_err(|error| at.mistake(format!("{text:?}: {error}")))?)
        } else {
            let is_value = |text: &str| !is_text(meta) && Literal::parse(text, false, meta).is_ok();
            let text = if quoted { text } else { self.tokens.continued(text, is_value) };
            Literal::parse(&text, quoted, meta).map_err(|message| at.mistake(message))?
        };
        if matches!(value, Literal::Null) && !matches!(op, Op::Equal | Op::Unequal) {
            return Err(at.mistake("only == and != compare with null"));
        }
        Ok(Filter::Test(Test { column, op, value }))
    }

    /// The values of `in (A, B)`.
    fn list(&mut self, column: usize, meta: &Meta, op: Op) -> Result<Filter, Mistake> {
        if !self.tokens.take(&Token::Open)? {
            return Err(self.tokens.end().mistake("expected ( after in"));
        }
        let mut values = Vec::new();
        loop {
            let Some((at, text, quoted)) = self.tokens.item()? else {
                return Err(self.tokens.end().mistake(format!("expected a value to compare {} with", meta.name)));
            };
            values.push(Literal::parse(&text, quoted, meta).map_err(|message| at.mistake(message))?);
            if self.tokens.take(&Token::Close)? {
                return Ok(Filter::Test(Test { column, op, value: Literal::List(values) }));
            }
            if !self.tokens.take_sign(',') {
                return Err(self.tokens.end().mistake("expected , or ) after a value"));
            }
        }
    }
}

fn is_text(meta: &Meta) -> bool {
    matches!(meta.shape, Shape::Text | Shape::Texts | Shape::Endpoint)
}

const OPERATORS: &str = "~ !~ == != < <= > >= in";

fn one_or(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

/// The place of the column with this name or heading.
pub(crate) fn find(columns: &[Meta], name: &str) -> Option<usize> {
    let plain = |title: &str| title.trim_matches('%').to_lowercase();
    let titled = |name: &str| columns.iter().position(|meta| plain(meta.title) == plain(name));
    let named = |name: &str| columns.iter().position(|meta| meta.name == name).or_else(|| titled(name));
    named(name).or_else(|| named(alias(name)?))
}

/// The name of a column that other programs call so.
fn alias(name: &str) -> Option<&'static str> {
    ALIASES.iter().find(|(_, aliases)| aliases.contains(&&*name.to_lowercase())).map(|(name, _)| *name)
}

/// What other programs call a column: its name, and the others.
pub(crate) const ALIASES: &[(&str, &[&str])] = &[("status", &["state", "stat"])];

/// The error for a name that no column has.
pub(crate) fn unknown(columns: &[Meta], name: &str) -> String {
    let names: Vec<_> = columns.iter().map(|meta| meta.name).collect();
    let meant = similar(name, columns.iter().flat_map(|meta| [meta.name, meta.title]));
    let meant = meant.map(|meant| format!(" (did you mean {meant:?}?)")).unwrap_or_default();
    format!("unknown column {name:?}{meant}; the columns are {}", names.join(", "))
}

/// The name that was probably meant.
pub(crate) fn similar<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        // One letter wrong, or two of them exchanged.
        let slip = wrong.len() > 2 && strsim::osa_distance(&wrong, &name) == 1;
        strsim::jaro_winkler(&wrong, &name).max(if slip { 0.95 } else { 0.0 })
    };
    let names = names.into_iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > 0.8);
    // Of equals the first.
    names.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
