//! Property lists in XML: what proplib(3) of NetBSD and CoreFoundation of macOS write.

use crate::cursor::{decimal, hex, signed};
use crate::{Cursor, ParseError, Result};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Values with names, in the order of the text.
    Dict(Vec<(Vec<u8>, Value)>),
    /// Values in order.
    Array(Vec<Value>),
    /// A number.
    Integer(i64),
    /// A text.
    Text(Vec<u8>),
    /// True or false.
    Bool(bool),
    /// A number with a fraction, as text.
    Real(Vec<u8>),
    /// Bytes.
    Data(Vec<u8>),
}

/// Deeper lists are refused, as each level is a call.
const DEPTH: usize = 16;

impl Value {
    /// The value of a name in a dictionary.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Dict(entries) => entries.iter().find(|(key, _)| key == name.as_bytes()).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// Whether it is true or false, if it is either.
    #[must_use]
    pub const fn bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The bytes, if it has bytes.
    #[must_use]
    pub fn data(&self) -> Option<&[u8]> {
        if let Self::Data(bytes) = self { Some(bytes) } else { None }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&[u8]> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Reads the value of a property list.
pub fn parse(text: &[u8]) -> Result<Value> {
    let mut cursor = Cursor::new(crate::bsd::counters::text(text));
    loop {
        let tag = next_tag(&mut cursor, "plist")?;
        if !matches!(tag.first(), Some(b'?' | b'!')) && !tag.starts_with(b"plist") {
            return value(tag, &mut cursor, DEPTH);
        }
    }
}

/// What stands between the next `<` and `>`.
fn next_tag<'a>(cursor: &mut Cursor<'a>, field: &'static str) -> Result<&'a [u8]> {
    cursor.until(b'<').and_then(|_| cursor.until(b'>')).ok_or_else(|| ParseError::missing(field))
}

fn value(tag: &[u8], cursor: &mut Cursor<'_>, depth: usize) -> Result<Value> {
    let Some(depth) = depth.checked_sub(1) else { return Err(ParseError::overflow("plist", tag)) };
    Ok(match tag {
        b"dict" => Value::Dict(entries(cursor, depth)?),
        b"array" => Value::Array(elements(cursor, depth)?),
        b"integer" => Value::Integer(number(content(cursor, "integer")?)?),
        b"string" => Value::Text(unescaped(content(cursor, "string")?)),
        b"real" => Value::Real(content(cursor, "real")?.to_vec()),
        b"data" => Value::Data(base64(content(cursor, "data")?)?),
        b"true/" => Value::Bool(true),
        b"false/" => Value::Bool(false),
        b"dict/" => Value::Dict(Vec::new()),
        b"array/" => Value::Array(Vec::new()),
        b"string/" => Value::Text(Vec::new()),
        b"data/" => Value::Data(Vec::new()),
        other => return Err(ParseError::malformed("plist", other)),
    })
}

fn entries(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<(Vec<u8>, Value)>> {
    let mut all = Vec::new();
    loop {
        match next_tag(cursor, "dict")? {
            b"/dict" => return Ok(all),
            b"key" => {
                let key = unescaped(content(cursor, "key")?);
                let tag = next_tag(cursor, "dict")?;
                all.push((key, value(tag, cursor, depth)?));
            }
            other => return Err(ParseError::malformed("key", other)),
        }
    }
}

fn elements(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    loop {
        match next_tag(cursor, "array")? {
            b"/array" => return Ok(all),
            tag => all.push(value(tag, cursor, depth)?),
        }
    }
}

/// The text up to the tag that ends an element.
fn content<'a>(cursor: &mut Cursor<'a>, element: &'static str) -> Result<&'a [u8]> {
    let text = cursor.until(b'<').ok_or_else(|| ParseError::missing(element))?;
    let tag = cursor.until(b'>').ok_or_else(|| ParseError::missing(element))?;
    match tag.strip_prefix(b"/") {
        Some(name) if name == element.as_bytes() => Ok(text),
        _ => Err(ParseError::malformed(element, tag)),
    }
}

/// Numbers without a sign are hexadecimal and may need all 64 bits; they stand for the same bits.
fn number(text: &[u8]) -> Result<i64> {
    match text.strip_prefix(b"0x") {
        Some(digits) => hex(digits, "integer").map(u64::cast_signed),
        None if text.first() == Some(&b'-') => signed(text, "integer"),
        None => decimal(text, "integer").map(u64::cast_signed),
    }
}

/// Decodes base 64. Whitespace between the digits and padding at the end do not count.
fn base64(text: &[u8]) -> Result<Vec<u8>> {
    let malformed = || ParseError::malformed("data", text);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut have) = (0u32, 0u32);
    let mut padding = false;
    for digit in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding = true;
                continue;
            }
            _ => return Err(malformed()),
        };
        if padding {
            return Err(malformed());
        }
        // At most 6 bits are left of the digits before.
        (bits, have) = (bits << 6 | u32::from(value), have + 6);
        if have >= 8 {
            have -= 8;
            let [.., byte] = (bits >> have).to_be_bytes();
            bytes.push(byte);
            bits &= (1 << have) - 1;
        }
    }
    // One digit alone is no byte.
    if have == 6 { Err(malformed()) } else { Ok(bytes) }
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    const ENTITIES: &[(&[u8], u8)] =
        &[(b"lt;", b'<'), (b"gt;", b'>'), (b"amp;", b'&'), (b"quot;", b'"'), (b"apos;", b'\'')];
    let mut cursor = Cursor::new(text);
    let mut plain = Vec::with_capacity(text.len());
    while let Some(before) = cursor.until(b'&') {
        plain.extend_from_slice(before);
        match ENTITIES.iter().find(|(name, _)| cursor.rest().starts_with(name)) {
            Some((name, byte)) => {
                cursor.take(name.len());
                plain.push(*byte);
            }
            None => plain.push(b'&'),
        }
    }
    plain.extend_from_slice(cursor.rest());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple\">\n<plist version=\"1.0\">\n";

    fn read(body: &str) -> Result<Value> {
        parse(format!("{HEAD}{body}</plist>\n\0").as_bytes())
    }

    #[test]
    fn every_kind_of_value() {
        let body = "<dict>\n\t<key>a&amp;b</key>\n\t<array>\n\t\t<integer>0x1f</integer>\n\t\t<integer>-5</integer>\n\
                    \t\t<true/><false/><string>x&lt;&bogus;</string><string/><data>\n AAEC/w==</data></array>\n\t<key>e</key><dict/></dict>";
        let list = read(body).unwrap();
        let text = |text: &str| Value::Text(text.into());
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        let all = vec![
            Value::Integer(31),
            Value::Integer(-5),
            yes,
            no,
            text("x<&bogus;"),
            text(""),
            Value::Data(vec![0, 1, 2, 255]),
        ];
        assert_eq!(list.get("a&b"), Some(&Value::Array(all)));
        assert_eq!(list.get("e"), Some(&Value::Dict(Vec::new())));
        assert_eq!(
            (list.get("f"), list.integer(), list.text(), list.bool(), list.data()),
            (None, None, None, None, None)
        );
        assert_eq!(read("<real>0.5</real>"), Ok(Value::Real(b"0.5".to_vec())));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let field = |body: &str| read(body).unwrap_err().field();
        assert_eq!(field("<dict><key>a</key>"), "plist"); // the end of the list where a value belongs
        assert_eq!(field("<dict><string>a</string></dict>"), "key");
        assert_eq!(field("<integer>x</integer>"), "integer");
        assert_eq!(field("<string>a</integer>"), "string");
        assert_eq!(
            (field("<data>A</data>"), field("<data>A=A=</data>"), field("<data>*</data>")),
            ("data", "data", "data")
        );
        assert_eq!(field(&"<array>".repeat(100)), "plist");
        assert_eq!(parse(b"").unwrap_err().field(), "plist");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[<>/a-z0-9 &;]{0,60}", bytes: Vec<u8>) {
            let _ = (read(&text), parse(&bytes));
        }
    }
}
