//! Messages and attributes of netlink(7). Integers are in the machine's own byte order.

use crate::{Cursor, ParseError, Result};

/// One message of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// What was asked for: the message's type and what follows its header.
    Data(u16, &'a [u8]),
    /// The end of the answer.
    Done,
    /// The kernel's refusal: a negative errno, or 0 for an acknowledgement.
    Error(i32),
}

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

/// The two topmost bits of an attribute's type are flags.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// The messages that one read returned; what follows a malformed one cannot be read.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = Result<Message<'_>>> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || {
        let next = (!cursor.is_empty()).then(|| message(&mut cursor));
        if let Some(Err(_)) = next {
            cursor = Cursor::new(&[]);
        }
        next
    })
}

fn message<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>> {
    let length = u32_ne(cursor, "nlmsg_len")?;
    let kind = u16_ne(cursor, "nlmsg_type")?;
    take(cursor, 10, "nlmsg_pid")?; // with nlmsg_flags nlmsg_seq
    let payload = body(cursor, length, 16, "nlmsg_len")?;
    let errno = || Cursor::new(payload).array().map(i32::from_ne_bytes);
    Ok(match kind {
        NLMSG_ERROR => Message::Error(errno().ok_or_else(|| ParseError::missing("error"))?),
        // The end of an answer that the kernel could not finish says why.
        NLMSG_DONE => errno().filter(|errno| *errno < 0).map_or(Message::Done, Message::Error),
        kind => Message::Data(kind, payload),
    })
}

/// The next attribute's type and value.
pub(super) fn attribute<'a>(cursor: &mut Cursor<'a>) -> Result<Option<(u16, &'a [u8])>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let length = u16_ne(cursor, "rta_len")?;
    let kind = u16_ne(cursor, "rta_type")?;
    let value = body(cursor, u32::from(length), 4, "rta_len")?;
    Ok(Some((kind & NLA_TYPE_MASK, value)))
}

/// What follows a header of `header` bytes that gives `length` for both; the padding up to the next header goes too.
fn body<'a>(cursor: &mut Cursor<'a>, length: u32, header: usize, field: &'static str) -> Result<&'a [u8]> {
    let length = usize::try_from(length).ok().and_then(|length| length.checked_sub(header));
    let length = length.ok_or_else(|| ParseError::malformed(field, cursor.rest()))?;
    let body = take(cursor, length, field)?;
    let padding = length.next_multiple_of(4) - length; // no overflow: `length` bytes exist
    cursor.take(padding.min(cursor.rest().len())); // the last may lack it
    Ok(body)
}

pub(super) fn text(value: &[u8]) -> &[u8] {
    Cursor::new(value).until(0).unwrap_or(value)
}

pub(super) fn take<'a>(cursor: &mut Cursor<'a>, n: usize, field: &'static str) -> Result<&'a [u8]> {
    cursor.take(n).ok_or_else(|| ParseError::missing(field))
}

pub(super) fn array<const N: usize>(cursor: &mut Cursor<'_>, field: &'static str) -> Result<[u8; N]> {
    cursor.array().ok_or_else(|| ParseError::missing(field))
}

fn u16_ne(cursor: &mut Cursor<'_>, field: &'static str) -> Result<u16> {
    array(cursor, field).map(u16::from_ne_bytes)
}

pub(super) fn u32_ne(cursor: &mut Cursor<'_>, field: &'static str) -> Result<u32> {
    array(cursor, field).map(u32::from_ne_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::linux) fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap() + 16;
        let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], payload].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    pub(in crate::linux) fn attr(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap() + 4;
        let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn all(bytes: &[u8]) -> Result<Vec<Message<'_>>> {
        messages(bytes).collect()
    }

    #[test]
    fn data_and_the_end() {
        let bytes = [message(16, b"abc"), message(20, b""), message(3, &[0; 4])].concat();
        assert_eq!(all(&bytes), Ok(vec![Message::Data(16, b"abc"), Message::Data(20, b""), Message::Done]));
        assert_eq!(all(b""), Ok(vec![]));
    }

    #[test]
    fn refusals() {
        assert_eq!(all(&message(2, &(-1i32).to_ne_bytes())), Ok(vec![Message::Error(-1)]));
        assert_eq!(all(&message(3, &(-4i32).to_ne_bytes())), Ok(vec![Message::Error(-4)]));
        assert_eq!(all(&message(3, b"")), Ok(vec![Message::Done]));
    }

    #[test]
    fn attributes_without_their_flags() {
        let bytes = [attr(0x8003, b"abc"), attr(1, b"")].concat();
        let mut cursor = Cursor::new(&bytes);
        assert_eq!(attribute(&mut cursor), Ok(Some((3, &b"abc"[..]))));
        assert_eq!(attribute(&mut cursor), Ok(Some((1, &b""[..]))));
        assert_eq!(attribute(&mut cursor), Ok(None));
    }

    #[test]
    fn odd_input_names_the_field() {
        let field = |bytes: &[u8]| all(bytes).unwrap_err().field();
        assert_eq!(field(&[1]), "nlmsg_len");
        assert_eq!(field(&[0; 16]), "nlmsg_len");
        assert_eq!(field(message(20, &[0; 8]).split_at(20).0), "nlmsg_len");
        assert_eq!(field(&message(2, b"")), "error");
        assert_eq!(attribute(&mut Cursor::new(&[0; 4])).unwrap_err().field(), "rta_len");
        assert_eq!(attribute(&mut Cursor::new(&[8, 0, 1, 0, 1])).unwrap_err().field(), "rta_len");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, kind in 0u16..24) {
            let _ = all(&bytes);
            let _ = all(&message(kind, &bytes));
            let mut cursor = Cursor::new(&bytes);
            while let Ok(Some(_)) = attribute(&mut cursor) {}
        }

        #[test]
        fn every_payload_survives(kind in 4u16.., payload: Vec<u8>) {
            let bytes = message(kind, &payload);
            prop_assert_eq!(all(&bytes), Ok(vec![Message::Data(kind, payload.as_slice())]));
        }
    }
}
