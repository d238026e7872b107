//! Messages of D-Bus, as far as systemd's answers need them: the list of units, and single properties.
//!
//! The first byte of a message says its byte order. Values are aligned to their size from the start of the message.

use crate::{Cursor, ParseError, Result};

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The answer to a call.
    Return,
    /// The refusal of a call.
    Error,
    /// A call or a signal.
    Other,
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind,
    /// The serial number of the call that it answers.
    pub reply_to: Option<u32>,
    /// The name of the error.
    pub error: Option<&'a str>,
    signature: &'a [u8],
    body: Wire<'a>,
}

/// A unit of systemd, as the method `ListUnits` lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit<'a> {
    /// The name, such as `cron.service`.
    pub name: &'a str,
    /// Whether its file was read: `loaded`, `not-found` …
    pub load_state: &'a str,
    /// `active`, `failed` …
    pub active_state: &'a str,
    /// The path of its object.
    pub path: &'a str,
}

/// The value of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// An unsigned number or a truth value.
    Number(u64),
    /// A text or the path of an object.
    Text(&'a str),
    /// A value of another type.
    Other,
}

/// Bytes before the fields of the header.
pub const HEAD: usize = 16;

/// The largest message that D-Bus allows: 128 MiB.
const MOST: usize = 128 << 20;

/// Arrays and structures in one another.
const DEPTH: u32 = 64;

/// Returns the length of the message that begins with these bytes.
pub fn length(head: &[u8; HEAD]) -> Result<usize> {
    let mut wire = Wire::new(head)?;
    wire.skip(3, "version")?;
    let body = wire.u32("body length")?;
    wire.u32("serial")?;
    let fields = wire.u32("header fields")?;
    let size = |length: u32| usize::try_from(length).ok().filter(|length| *length <= MOST);
    let length = size(fields).zip(size(body)).map(|(fields, body)| HEAD + fields.next_multiple_of(8) + body);
    length.filter(|length| *length <= MOST).ok_or_else(|| ParseError::overflow("body length", head))
}

/// Parses a message.
pub fn message(bytes: &[u8]) -> Result<Message<'_>> {
    let mut wire = Wire::new(bytes)?;
    let kind = match wire.u8("type")? {
        2 => Kind::Return,
        3 => Kind::Error,
        _ => Kind::Other,
    };
    wire.skip(2, "version")?;
    let body = wire.u32("body length")?;
    wire.u32("serial")?;
    let mut fields = wire.array(8, "header fields")?;
    let mut message = Message { kind, reply_to: None, error: None, signature: b"", body: wire };
    while !fields.is_empty() {
        fields.align(8, "header field")?;
        let code = fields.u8("header field")?;
        let signature = fields.signature()?;
        match (code, signature) {
            (4, b"s") => message.error = Some(fields.text("error name")?),
            (5, b"u") => message.reply_to = Some(fields.u32("reply serial")?),
            (8, b"g") => message.signature = fields.signature()?,
            (_, signature) => fields.skip_value(signature)?,
        }
    }
    wire.align(8, "body")?;
    let body = usize::try_from(body).ok().and_then(|body| wire.rest.take(body));
    wire.rest = Cursor::new(body.ok_or_else(|| ParseError::missing("body"))?);
    message.body = wire;
    Ok(message)
}

impl<'a> Message<'a> {
    /// The units in the answer of `ListUnits`.
    pub fn units(&self) -> Result<Vec<Unit<'a>>> {
        self.expect(b"a(ssssssouso)")?;
        let mut body = self.body;
        let mut array = body.array(8, "units")?;
        let mut units = Vec::new();
        while !array.is_empty() {
            array.align(8, "unit")?;
            let name = array.text("name")?;
            array.text("description")?;
            let (load_state, active_state) = (array.text("load state")?, array.text("active state")?);
            array.text("sub state")?;
            array.text("followed unit")?;
            let path = array.text("object path")?;
            array.u32("job")?;
            array.text("job type")?;
            array.text("job path")?;
            units.push(Unit { name, load_state, active_state, path });
        }
        Ok(units)
    }

    /// The value in the answer of `Get`.
    pub fn property(&self) -> Result<Value<'a>> {
        self.expect(b"v")?;
        let mut body = self.body;
        let signature = body.signature()?;
        Ok(match signature {
            b"y" => Value::Number(body.u8("value")?.into()),
            b"q" => Value::Number(body.u16("value")?.into()),
            b"u" | b"b" => Value::Number(body.u32("value")?.into()),
            b"t" => Value::Number(body.u64("value")?),
            b"s" | b"o" => Value::Text(body.text("value")?),
            _ => Value::Other,
        })
    }

    fn expect(&self, signature: &[u8]) -> Result<()> {
        if self.signature == signature { Ok(()) } else { Err(ParseError::malformed("signature", self.signature)) }
    }
}

/// Reads aligned values.
#[derive(Debug, Clone, Copy)]
struct Wire<'a> {
    /// From the start of the message, or of its part that begins at a multiple of 8.
    length: usize,
    rest: Cursor<'a>,
    is_big: bool,
}

impl PartialEq for Wire<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rest.rest() == other.rest.rest() && self.is_big == other.is_big
    }
}

impl Eq for Wire<'_> {}

impl<'a> Wire<'a> {
    fn new(message: &'a [u8]) -> Result<Self> {
        let mut rest = Cursor::new(message);
        let is_big = match rest.take(1) {
            Some(b"l") => false,
            Some(b"B") => true,
            other => return Err(ParseError::malformed("byte order", other.unwrap_or_default())),
        };
        Ok(Self { length: message.len(), rest, is_big })
    }

    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn skip(&mut self, count: usize, field: &'static str) -> Result<()> {
        self.rest.take(count).map(drop).ok_or_else(|| ParseError::missing(field))
    }

    fn align(&mut self, to: usize, field: &'static str) -> Result<()> {
        let place = self.length - self.rest.rest().len();
        self.skip(place.next_multiple_of(to) - place, field)
    }

    fn number<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N]> {
        self.align(N, field)?;
        let mut bytes: [u8; N] = self.rest.array().ok_or_else(|| ParseError::missing(field))?;
        if self.is_big {
            bytes.reverse();
        }
        Ok(bytes)
    }

    fn u8(&mut self, field: &'static str) -> Result<u8> {
        self.number::<1>(field).map(u8::from_le_bytes)
    }

    fn u16(&mut self, field: &'static str) -> Result<u16> {
        self.number(field).map(u16::from_le_bytes)
    }

    fn u32(&mut self, field: &'static str) -> Result<u32> {
        self.number(field).map(u32::from_le_bytes)
    }

    fn u64(&mut self, field: &'static str) -> Result<u64> {
        self.number(field).map(u64::from_le_bytes)
    }

    /// Takes `length` bytes and the zero after them.
    fn until_zero(&mut self, length: Option<usize>, field: &'static str) -> Result<&'a [u8]> {
        let bytes = length.and_then(|length| self.rest.take(length)).ok_or_else(|| ParseError::missing(field))?;
        self.skip(1, field)?;
        Ok(bytes)
    }

    fn text(&mut self, field: &'static str) -> Result<&'a str> {
        let length = self.u32(field)?;
        let bytes = self.until_zero(usize::try_from(length).ok(), field)?;
        std::str::from_utf8(bytes).map_err(|_| ParseError::malformed(field, bytes))
    }

    fn signature(&mut self) -> Result<&'a [u8]> {
        let length = self.u8("signature")?;
        self.until_zero(Some(length.into()), "signature")
    }

    /// Takes the elements of an array, which are aligned to `to`.
    fn array(&mut self, to: usize, field: &'static str) -> Result<Self> {
        let length = self.u32(field)?;
        self.align(to, field)?;
        let place = self.length - self.rest.rest().len();
        let elements = usize::try_from(length).ok().and_then(|length| self.rest.take(length));
        let elements = elements.ok_or_else(|| ParseError::missing(field))?;
        Ok(Self { length: place + elements.len(), rest: Cursor::new(elements), is_big: self.is_big })
    }

    /// Skips a value of one complete type.
    fn skip_value(&mut self, signature: &[u8]) -> Result<()> {
        let mut types = Cursor::new(signature);
        self.skip_type(&mut types, DEPTH)?;
        if types.is_empty() { Ok(()) } else { Err(ParseError::malformed("signature", signature)) }
    }

    fn skip_type(&mut self, types: &mut Cursor<'_>, depth: u32) -> Result<()> {
        const FIELD: &str = "value";
        let malformed = |types: &Cursor<'_>| ParseError::malformed("signature", types.rest());
        let depth = depth.checked_sub(1).ok_or_else(|| malformed(types))?;
        match types.take(1) {
            Some(b"y") => self.skip(1, FIELD),
            Some(b"n" | b"q") => self.u16(FIELD).map(drop),
            Some(b"b" | b"i" | b"u" | b"h") => self.u32(FIELD).map(drop),
            Some(b"x" | b"t" | b"d") => self.u64(FIELD).map(drop),
            Some(b"s" | b"o") => self.text(FIELD).map(drop),
            Some(b"g") => self.signature().map(drop),
            Some(b"v") => {
                let signature = self.signature()?;
                let mut types = Cursor::new(signature);
                self.skip_type(&mut types, depth)
            }
            Some(b"a") => {
                let to = match types.rest().first() {
                    Some(b'x' | b't' | b'd' | b'(' | b'{') => 8,
                    Some(b'n' | b'q') => 2,
                    Some(b'y' | b'g' | b'v') => 1,
                    _ => 4,
                };
                self.array(to, FIELD)?;
                skip_signature(types, depth)
            }
            Some(b"(") => {
                self.align(8, FIELD)?;
                while types.rest().first() != Some(&b')') {
                    self.skip_type(types, depth)?;
                }
                types.take(1).map(drop).ok_or_else(|| malformed(types))
            }
            _ => Err(malformed(types)),
        }
    }
}

/// Skips one complete type of a signature.
fn skip_signature(types: &mut Cursor<'_>, depth: u32) -> Result<()> {
    let malformed = |types: &Cursor<'_>| ParseError::malformed("signature", types.rest());
    let depth = depth.checked_sub(1).ok_or_else(|| malformed(types))?;
    match types.take(1) {
        Some(b"a") => skip_signature(types, depth),
        Some(open @ (b"(" | b"{")) => {
            let close = if open == b"(" { b')' } else { b'}' };
            while types.rest().first() != Some(&close) {
                skip_signature(types, depth)?;
            }
            types.take(1).map(drop).ok_or_else(|| malformed(types))
        }
        Some([b'a'..=b'z']) => Ok(()),
        _ => Err(malformed(types)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes aligned values in either byte order.
    struct Out {
        bytes: Vec<u8>,
        is_big: bool,
    }

    impl Out {
        fn align(&mut self, to: usize) {
            self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
        }

        fn u32(&mut self, value: u32) {
            self.align(4);
            self.bytes.extend(if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() });
        }

        fn text(&mut self, text: &str) {
            self.u32(u32::try_from(text.len()).unwrap());
            self.bytes.extend(text.bytes().chain([0]));
        }

        fn signature(&mut self, text: &str) {
            self.bytes.push(u8::try_from(text.len()).unwrap());
            self.bytes.extend(text.bytes().chain([0]));
        }

        /// An array whose elements `fill` writes.
        fn array(&mut self, to: usize, fill: impl FnOnce(&mut Self)) {
            self.u32(0);
            let at = self.bytes.len() - 4;
            self.align(to);
            let from = self.bytes.len();
            fill(self);
            let length = u32::try_from(self.bytes.len() - from).unwrap();
            let length = if self.is_big { length.to_be_bytes() } else { length.to_le_bytes() };
            self.bytes[at..at + 4].copy_from_slice(&length);
        }
    }

    /// An answer to the call 7 with this signature and body.
    fn answer(is_big: bool, signature: &str, body: impl FnOnce(&mut Out)) -> Vec<u8> {
        let mut inner = Out { bytes: Vec::new(), is_big };
        body(&mut inner);
        let order = if is_big { b'B' } else { b'l' };
        let mut out = Out { bytes: vec![order, 2, 1, 1], is_big };
        out.u32(u32::try_from(inner.bytes.len()).unwrap());
        out.u32(3);
        out.array(8, |out| {
            out.bytes.push(5);
            out.signature("u");
            out.u32(7);
            out.align(8);
            // A field of a later version.
            out.bytes.push(99);
            out.signature("a{s(yv)}");
            out.array(8, |out| {
                out.text("key");
                out.align(8);
                out.bytes.push(1);
                out.signature("s");
                out.text("value");
            });
            out.align(8);
            out.bytes.push(8);
            out.signature("g");
            out.signature(signature);
        });
        out.align(8);
        out.bytes.extend(inner.bytes);
        out.bytes
    }

    fn units(out: &mut Out) {
        out.array(8, |out| {
            for (name, state) in [("a.service", "active"), ("long-name.timer", "failed")] {
                out.align(8);
                for text in [name, "What it is", "loaded", state, "running", "", "/org/x"] {
                    out.text(text);
                }
                out.u32(0);
                out.text("");
                out.text("/");
            }
        });
    }

    #[test]
    fn units_in_either_byte_order() {
        for is_big in [false, true] {
            let bytes = answer(is_big, "a(ssssssouso)", units);
            assert_eq!(length(bytes.first_chunk().unwrap()), Ok(bytes.len()));
            let message = message(&bytes).unwrap();
            assert_eq!((message.kind, message.reply_to, message.error), (Kind::Return, Some(7), None));
            let units = message.units().unwrap();
            let first = Unit { name: "a.service", load_state: "loaded", active_state: "active", path: "/org/x" };
            assert_eq!((units.len(), units[0]), (2, first));
            assert_eq!((units[1].name, units[1].active_state), ("long-name.timer", "failed"));
            assert!(message.property().is_err());
        }
    }

    #[test]
    fn properties() {
        let of = |signature: &'static str, fill: fn(&mut Out)| {
            let bytes = answer(false, "v", |out| {
                out.signature(signature);
                fill(out);
            });
            match message(&bytes).unwrap().property().unwrap() {
                Value::Text(text) => text.to_owned(),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(of("s", |out| out.text("oneshot")), "oneshot");
        assert_eq!(of("u", |out| out.u32(7)), "Number(7)");
        assert_eq!(
            of("t", |out| {
                out.align(8);
                out.bytes.extend(u64::MAX.to_le_bytes());
            }),
            "Number(18446744073709551615)"
        );
        assert_eq!(of("as", |out| out.array(4, |out| out.text("x"))), "Other");
    }

    #[test]
    fn a_message_that_ends_early_is_malformed() {
        let bytes = answer(false, "a(ssssssouso)", units);
        for end in 0..bytes.len() {
            let read = message(&bytes[..end]).and_then(|message| message.units());
            assert!(read.is_err(), "{end}");
        }
        let mut huge = bytes;
        huge[4..8].fill(0xff);
        assert!(length(huge.first_chunk().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), big: bool) {
            let mut bytes = bytes;
            bytes.insert(0, if big { b'B' } else { b'l' });
            if let Ok(message) = message(&bytes) {
                let _ = (message.units(), message.property());
            }
            if let Some(head) = bytes.first_chunk() {
                let _ = length(head);
            }
        }
    }
}
