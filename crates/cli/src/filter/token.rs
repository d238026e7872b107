//! The words and signs of a filter.

use std::fmt;

use super::Mistake;

/// A sign or a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    And,
    Or,
    Not,
    Open,
    Close,
    Op(&'a str),
    Word(String),
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::And => "&&",
            Self::Or => "||",
            Self::Not => "!",
            Self::Open => "(",
            Self::Close => ")",
            Self::Op(symbol) => symbol,
            Self::Word(word) => return write!(f, "{word:?}"),
        })
    }
}

/// The place of a token, in characters from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct At(usize);

impl At {
    pub(super) fn mistake(self, message: impl Into<String>) -> Mistake {
        Mistake { column: self.0, message: message.into() }
    }
}

type Item<'a> = Option<(At, Token<'a>)>;

/// A sign that begins with another one stands before it.
const SIGNS: [(&str, Token<'static>); 14] = [
    ("&&", Token::And),
    ("||", Token::Or),
    ("!~", Token::Op("!~")),
    ("!=", Token::Op("!=")),
    ("==", Token::Op("==")),
    ("<=", Token::Op("<=")),
    (">=", Token::Op(">=")),
    ("(", Token::Open),
    (")", Token::Close),
    ("!", Token::Not),
    ("~", Token::Op("~")),
    ("=", Token::Op("=")),
    ("<", Token::Op("<")),
    (">", Token::Op(">")),
];

pub(super) struct Tokens<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, rest: text }
    }

    fn at(&self) -> At {
        let before = self.text.len().saturating_sub(self.rest.len());
        At(self.text.char_indices().take_while(|(place, _)| *place < before).count() + 1)
    }

    /// The place after the last word.
    pub(super) fn end(&mut self) -> At {
        self.rest = self.rest.trim_start();
        self.at()
    }

    pub(super) fn next(&mut self) -> Result<Item<'a>, Mistake> {
        let at = self.end();
        if self.rest.is_empty() {
            return Ok(None);
        }
        for (sign, token) in SIGNS {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest;
                return Ok(Some((at, token)));
            }
        }
        if let Some(text) = self.quoted(at)? {
            return Ok(Some((at, Token::Word(text))));
        }
        let word = self.bare(|c, _| !c.is_whitespace() && !"&|!()=~<>".contains(c));
        if word.is_empty() {
            let odd = self.rest.chars().next().unwrap_or_default();
            return Err(at.mistake(format!("{odd:?} is not an operator (and is &&, or is ||)")));
        }
        let token = match word.to_lowercase().as_str() {
            "and" => Token::And,
            "or" => Token::Or,
            "not" => Token::Not,
            _ => Token::Word(word),
        };
        Ok(Some((at, token)))
    }

    /// Consumes `token` if it is next.
    pub(super) fn take(&mut self, token: &Token<'_>) -> Result<bool, Mistake> {
        let before = self.rest;
        match self.next()? {
            Some((_, next)) if next == *token => Ok(true),
            _ => {
                self.rest = before;
                Ok(false)
            }
        }
    }

    /// Consumes the longest of the next words that, behind `value`, still is one value: `10m ago`, `1.5 GiB`.
    pub(super) fn continued(&mut self, mut value: String, is_value: impl Fn(&str) -> bool) -> String {
        let mut longest = self.rest;
        let mut text = value.clone();
        while let Ok(Some((_, Token::Word(word)))) = self.next() {
            text.push(' ');
            text.push_str(&word);
            if is_value(&text) {
                value.clone_from(&text);
                longest = self.rest;
            }
        }
        self.rest = longest;
        value
    }

    /// Consumes `sign` if it is next.
    pub(super) fn take_sign(&mut self, sign: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// One value of a list, which ends before a comma, a blank or the closing parenthesis.
    pub(super) fn item(&mut self) -> Result<Option<(At, String, bool)>, Mistake> {
        let at = self.end();
        if let Some(text) = self.quoted(at)? {
            return Ok(Some((at, text, true)));
        }
        let word = self.bare(|c, _| !c.is_whitespace() && !",()".contains(c));
        Ok((!word.is_empty()).then_some((at, word, false)))
    }

    /// Returns what a column is compared with, and whether it is quoted: all up to the next blank, `&&`, `||` or closing
    /// parenthesis. A pattern may hold parentheses of its own.
    pub(super) fn value(&mut self, pattern: bool) -> Result<Option<(At, String, bool)>, Mistake> {
        let at = self.end();
        if let Some(text) = self.quoted(at)? {
            return Ok(Some((at, text, true)));
        }
        let mut escaped = false;
        let mut open = 0usize;
        let word = self.bare(|c, from| {
            let literal = escaped;
            escaped = pattern && c == '\\' && !literal;
            match c {
                _ if literal => true,
                '(' if pattern => {
                    open += 1;
                    true
                }
                ')' if open > 0 => {
                    open -= 1;
                    true
                }
                ')' => false,
                '&' | '|' => pattern && !from.starts_with("&&") && !from.starts_with("||"),
                c => !c.is_whitespace(),
            }
        });
        Ok((!word.is_empty()).then_some((at, word, false)))
    }

    /// Consumes characters as long as `part` agrees. It is given a character and the text that begins with it.
    fn bare(&mut self, mut part: impl FnMut(char, &str) -> bool) -> String {
        let text = self.rest;
        let mut places = text.char_indices();
        let end = places.find(|(place, c)| !part(*c, text.get(*place..).unwrap_or_default()));
        let end = end.map_or(text.len(), |(end, _)| end);
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        word.to_owned()
    }

    /// A text in quotes; a backslash keeps a quote or a backslash.
    fn quoted(&mut self, at: At) -> Result<Option<String>, Mistake> {
        let mut chars = self.rest.chars();
        let Some(quote @ ('"' | '\'')) = chars.next() else { return Ok(None) };
        let mut text = String::new();
        while let Some(c) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = chars.as_str();
                    return Ok(Some(text));
                }
                '\\' if chars.as_str().starts_with([quote, '\\']) => text.extend(chars.next()),
                c => text.push(c),
            }
        }
        Err(at.mistake(format!("unmatched {quote}")))
    }
}
